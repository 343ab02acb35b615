"""Reads Allure 2 result folders, file by file: `*-result.json`, `*-container.json`, `*-globals.json`.

Rules:

- A result file is one attempt of one test case. Retries are files of their own with the same `historyId`; they have the
  same names here and are merged in the order of their starts, as attempts of one run are.
- `failed`, `skipped`, `passed` as they are; `broken` is errored, and so is a result without a status or with an unknown
  one, because its test never ended.
- A container tells what befell set-up and tear-down. Adapters mark the only test of an unnamed container themselves;
  any other broken hook, and every error of a globals file, is an errored case of its own.
- Exercised services: labels and parameters. `flaky`, `muted` and `known` are opinions and decide nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from ingest.errors import Refused
from ingest.formats.allure_names import Written, name_of
from ingest.formats.batches import batches
from ingest.formats.json_reader import decode, read_document
from ingest.formats.json_values import error_parts
from ingest.formats.junit_children import first_line
from ingest.formats.notes import Notes
from ingest.formats.properties import identity_of, links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.values import MAX_DURATION_MS, epoch_ms
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity

HOOKS = "hooks"
"""Class name of broken hooks of a container without a name, and of errors outside of any test."""

_NOTHING = msgspec.Raw(b"")
_MOST_STEPS = 10_000
_WEB = ("http://", "https://")
_MASKED = "***"
_OUTCOMES = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "broken": Outcome.ERRORED,
    "skipped": Outcome.SKIPPED,
    "pending": Outcome.SKIPPED,
    "canceled": Outcome.SKIPPED,
}
_Value = str | int | float | bool | None


class Details(msgspec.Struct, gc=False):
    """`statusDetails`."""

    message: str | None = None
    trace: str | None = None


class Pair(msgspec.Struct, gc=False):
    """A label or parameter."""

    name: str | None = None
    value: _Value = None
    excluded: bool | None = None
    mode: str | None = None


class Attachment(msgspec.Struct, gc=False):
    """A file beside the result."""

    source: str | None = None


class WebLink(msgspec.Struct, gc=False):
    """A link."""

    url: str | None = None


class Step(msgspec.Struct, gc=False):
    """A step, or a set-up or tear-down."""

    name: str | None = None
    status: str | None = None
    status_details: Details | None = msgspec.field(default=None, name="statusDetails")
    start: msgspec.Raw = _NOTHING
    stop: msgspec.Raw = _NOTHING
    steps: list[Step] | None = None
    attachments: list[Attachment] | None = None


class Result(msgspec.Struct, gc=False, rename="camel"):
    """A result file."""

    name: str | None = None
    full_name: str | None = None
    title_path: list[str] | None = None
    status: str | None = None
    status_details: Details | None = None
    start: msgspec.Raw = _NOTHING
    stop: msgspec.Raw = _NOTHING
    labels: list[Pair] | None = None
    parameters: list[Pair] | None = None
    links: list[WebLink] | None = None
    steps: list[Step] | None = None
    attachments: list[Attachment] | None = None


class Container(msgspec.Struct, gc=False):
    """A container file."""

    children: list[str] | None = None
    name: str | None = None
    befores: list[Step] | None = None
    afters: list[Step] | None = None


class GlobalError(msgspec.Struct, gc=False):
    """An error outside of any test."""

    message: str | None = None
    trace: str | None = None
    timestamp: msgspec.Raw = _NOTHING


class Globals(msgspec.Struct, gc=False):
    """A globals file."""

    errors: list[GlobalError] | None = None


class _Kind(msgspec.Struct, gc=False, rename="camel"):
    """The keys that tell a container and a globals file from a result."""

    status: msgspec.Raw = _NOTHING
    full_name: msgspec.Raw = _NOTHING
    children: msgspec.Raw = _NOTHING
    befores: msgspec.Raw = _NOTHING
    afters: msgspec.Raw = _NOTHING
    errors: msgspec.Raw = _NOTHING


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, times and warnings of one file of a result folder.

    Raises:
        Refused: as `json_reader.decode`.
    """
    data = read_document(stream, limits)
    kind = decode(data, _Kind)
    notes = Notes()
    is_result = bool(bytes(kind.status) or bytes(kind.full_name))
    if not is_result and (bytes(kind.children) or bytes(kind.befores) or bytes(kind.afters)):
        attempts = list(_broken_hooks(decode(data, Container)))
    elif not is_result and bytes(kind.errors):
        attempts = [_global_error(error) for error in decode(data, Globals).errors or ()]
    else:
        result = decode(data, Result)
        attempts = [_attempt(result, limits, notes)]
        sink.identity(_identity(result))
    for batch in batches(attempts):
        sink.attempts(batch)
    notes.tell(sink)


def _attempt(result: Result, limits: Limits, notes: Notes) -> CaseAttempt:
    pairs = [*_texts(result.labels), *_texts(result.parameters)]
    case = name_of(_written(result))
    if not (result.name or result.full_name):
        raise Refused("schema", "$.name: the result has no name")
    outcome, failure = _outcome(result, notes)
    start, stop = epoch_ms(bytes(result.start)), epoch_ms(bytes(result.stop))
    links = [
        *(Link("url", link.url) for link in result.links or () if link.url and link.url.startswith(_WEB)),
        *links_of(pairs),
        *(Link("attachment", source) for source in _attachments(result)),
    ]
    return CaseAttempt(
        case.classname, case.name, outcome, _duration(start, stop), start, failure, case.file, 0,
        services_of(pairs)[: limits.services_per_case], tuple(dict.fromkeys(links))[: limits.links_per_attempt],
    )  # fmt: skip


def _written(result: Result) -> Written:
    labels: dict[str, list[str]] = {}
    for key, value in _texts(result.labels):
        labels.setdefault(key, []).append(value)
    included = [pair for pair in result.parameters or () if not pair.excluded]
    return Written(result.name or "", result.full_name or "", result.title_path or (), labels, list(_texts(included)))


def _texts(pairs: list[Pair] | None) -> Iterator[tuple[str, str]]:
    """Names and values; a masked value is a secret."""
    for pair in pairs or ():
        if pair.value is not None:
            yield pair.name or "", _MASKED if pair.mode == "masked" else str(pair.value)


def _outcome(result: Result, notes: Notes) -> tuple[Outcome, Failure | None]:
    status = (result.status or "").strip().lower()
    outcome = _OUTCOMES.get(status)
    if outcome == Outcome.PASSED:
        return outcome, None
    failure = _failure(result.status_details)
    if outcome == Outcome.SKIPPED:
        return outcome, Failure("", failure.message, "") if failure.message else None
    if outcome is None:
        notes.add("a result without a known status counts as errored", status or "(none)")
        failure = failure if failure.message else failure._replace(message="the test has not ended")
    return outcome or Outcome.ERRORED, failure


def _failure(details: Details | None) -> Failure:
    message, trace = (details.message or "", details.trace or "") if details else ("", "")
    message = message.strip() or first_line(trace)
    return Failure(error_parts(message)[0] or error_parts(trace)[0], message, trace)


def _attachments(result: Result) -> Iterator[str]:
    """Sources of the attachments of a result and of its steps, those of the result first."""
    waiting: list[Result | Step] = [result]
    for _ in range(_MOST_STEPS):
        if not waiting:
            return
        item = waiting.pop(0)
        yield from (attachment.source for attachment in item.attachments or () if attachment.source)
        waiting.extend(item.steps or ())


def _duration(start: int | None, stop: int | None) -> int | None:
    if start is None or stop is None or not 0 <= stop - start <= MAX_DURATION_MS:
        return None
    return stop - start


def _identity(result: Result) -> RunIdentity:
    start = epoch_ms(bytes(result.start))
    own = RunIdentity(
        start_ms=start,
        start_is_zoneless=None if start is None else False,
        start_is_estimated=None if start is None else True,
        end_ms=epoch_ms(bytes(result.stop)),
    )
    return identity_of(_texts(result.labels))[0].over(own)


def _broken_hooks(container: Container) -> Iterator[CaseAttempt]:
    """Hooks that broke and that no test has been marked for."""
    if not container.name and len(container.children or ()) == 1:
        return
    for hook in (*(container.befores or ()), *(container.afters or ())):
        outcome = _OUTCOMES.get((hook.status or "passed").lower(), Outcome.ERRORED)
        if outcome in (Outcome.FAILED, Outcome.ERRORED):
            start, stop = epoch_ms(bytes(hook.start)), epoch_ms(bytes(hook.stop))
            yield CaseAttempt(
                container.name if container.name and container.name != hook.name else HOOKS,
                hook.name or "hook",
                Outcome.ERRORED,
                _duration(start, stop),
                start,
                _failure(hook.status_details),
            )


def _global_error(error: GlobalError) -> CaseAttempt:
    """A case for an error outside of any test, named by what it says first: `"after all" hook failed: no database`."""
    failure = _failure(Details(error.message, error.trace))
    name = failure.message.partition(" failed: " if " failed: " in failure.message else ":")[0].strip() or "error"
    return CaseAttempt(HOOKS, name, Outcome.ERRORED, None, epoch_ms(bytes(error.timestamp)), failure)
