"""Reads the summary of k6: what `--summary-export` writes and what `handleSummary(data)` is given.

Rules:

- A check is a case: class name is its path of groups, joined by ` › `. It has failed when it failed once, because a
  check is made many times; the message says how often.
- A threshold is a case of class name `thresholds`, named by its metric and expression, `http_req_duration p(95)<500`.
  In an export `true` says that it was crossed; what `handleSummary` is given says `ok`.
- A summary without any iteration (setup threw, or the time was up) is the errored case `(run)`. Exceptions that end an
  iteration are counted nowhere in a summary: only checks and thresholds tell.
- A summary knows how long the run took, not when it began.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO, TypeVar

import msgspec

from ingest.errors import Refused
from ingest.formats.batches import batches
from ingest.formats.json_reader import decode, plain, read_document
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome

SEPARATOR = " › "
NO_NAME = "(no name)"
CHECKS, THRESHOLDS, RUN_CLASS, RUN_CASE = "checks", "thresholds", "k6", "(run)"

_Member = TypeVar("_Member")
_SHOWN = ("value", "rate", "count", "avg", "min", "med", "max", "p(90)", "p(95)", "p(99)", "passes", "fails")


class Check(msgspec.Struct, gc=False):
    """One check with how often it passed and failed."""

    name: str = ""
    passes: int = 0
    fails: int = 0


class Group(msgspec.Struct, gc=False):
    """A group of checks and groups: lists for `handleSummary`, objects by name in an export."""

    name: str = ""
    groups: list[Group] | dict[str, Group] | None = None
    checks: list[Check] | dict[str, Check] | None = None


class Summary(msgspec.Struct, gc=False):
    """The document."""

    metrics: dict[str, msgspec.Raw]
    root_group: Group | None = None


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the checks and thresholds of one summary.

    Raises:
        Refused: `json-syntax`, `json-truncated`, `json-depth`, `json-encoding`, `schema` (with the JSON path),
            `too-large` or `empty-file`.
    """
    summary = decode(read_document(stream, limits), Summary)
    notes = Notes()
    for batch in batches(_attempts(summary, limits, notes)):
        sink.attempts(batch)
    notes.tell(sink)


def _attempts(summary: Summary, limits: Limits, notes: Notes) -> Iterator[CaseAttempt]:
    if summary.root_group:
        yield from _checks(summary.root_group, (), limits)
    for name, raw in sorted(summary.metrics.items()):
        yield from _thresholds(name, plain(raw), notes)
    if "iterations" not in summary.metrics:
        failure = Failure("", "no iteration ended", "")
        yield CaseAttempt(RUN_CLASS, RUN_CASE, Outcome.ERRORED, failure=failure)


def _checks(group: Group, path: tuple[str, ...], limits: Limits) -> Iterator[CaseAttempt]:
    """Checks of a group, then of the groups in it."""
    if len(path) > limits.depth:
        raise Refused("json-depth", f"groups are nested deeper than {limits.depth:,}; raise limits.depth to read it")
    classname = SEPARATOR.join(path) or CHECKS
    for check in _members(group.checks):
        name = check.name if check.name.strip() else NO_NAME
        failure = None
        if check.fails > 0:
            often = f"{check.fails:,} of {check.passes + check.fails:,} times"
            failure = Failure("", f"check failed: {name}, {often}", "")
        yield CaseAttempt(classname, name, Outcome.FAILED if failure else Outcome.PASSED, failure=failure)
    for inner in _members(group.groups):
        yield from _checks(inner, (*path, inner.name), limits)


def _members(members: list[_Member] | dict[str, _Member] | None) -> list[_Member]:
    """Members of a group in one order, whichever way they are written: an export sorts nothing."""
    if isinstance(members, dict):
        return [members[key] for key in sorted(members)]
    return members or []


def _thresholds(metric: str, values: Any, notes: Notes) -> Iterator[CaseAttempt]:
    thresholds = values.get("thresholds") if isinstance(values, dict) else None
    if not isinstance(thresholds, dict):
        return
    for expression, state in sorted(thresholds.items()):
        is_crossed = not state.get("ok", True) if isinstance(state, dict) else state
        if not isinstance(is_crossed, bool):
            notes.add("a threshold says neither that it held nor that it was crossed", expression)
            continue
        failure = Failure("", f"threshold crossed: {metric} {expression}", _shown(values)) if is_crossed else None
        outcome = Outcome.FAILED if is_crossed else Outcome.PASSED
        yield CaseAttempt(THRESHOLDS, f"{metric} {expression}", outcome, failure=failure)


def _shown(values: dict[str, Any]) -> str:
    """Values of a metric, one a line.

    >>> _shown({"type": "rate", "values": {"rate": 0.5, "fails": 2}})
    'rate = 0.5\\nfails = 2'
    """
    inner = values.get("values")
    held = inner if isinstance(inner, dict) else values
    return "\n".join(f"{key} = {held[key]}" for key in _SHOWN if isinstance(held.get(key), int | float))
