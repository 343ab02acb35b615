"""Reads the JSON reports of Jest (`--json`) and of Vitest (`--reporter=json`), which have one shape.

Rules:

- Class name: the path of the test file. Name: the titles of the suites and of the case, joined by ` > `. Vitest's own
  JUnit report names cases the same way.
- `todo`, `pending`, `skipped` and `disabled` are skipped. Expected failures count as the tool counts them.
- Retries: Jest says how often it ran a case (`invocations`), and why it did so again only when told to log that
  (`retryReasons`). Vitest leaves the messages of the failed attempts on a case that passed in the end. On a case that
  failed in the end it does the same, but soft assertions look alike there, so that this is one attempt.
- A test file that failed without a failed case, or that says that it failed to run (it does not compile, holds no test,
  its `afterAll` failed), is an errored attempt of the case `(suite)`. Cases without a title, which jest-junit adds to
  such files, are no cases.
- A run that failed without a single case is an errored attempt of the case `(run)`.
- The results object that Jest hands to result processors and reporters is read as well: files hold `testFilePath`,
  `failureMessage` and `testResults`.
"""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import dedent
from typing import BinaryIO

import msgspec

from ingest.checkout import checkout_paths
from ingest.clean import clean
from ingest.formats.batches import batches, numbered
from ingest.formats.javascript import count_of, failure_of_stack, text_pairs
from ingest.formats.json_reader import decode, plain, read_document
from ingest.formats.json_values import whole_ms
from ingest.formats.notes import Notes
from ingest.formats.properties import links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.values import epoch_ms
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity, RunState

_NOTHING = msgspec.Raw(b"")
_Text = str | int | float | bool | None

_OUTCOMES = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "pending": Outcome.SKIPPED,
    "skipped": Outcome.SKIPPED,
    "todo": Outcome.SKIPPED,
    "disabled": Outcome.SKIPPED,
}
_RED = (Outcome.FAILED, Outcome.ERRORED)
_MOST_RETRIES = 100
_DID_NOT_RUN = "● Test suite failed to run"
_UNKNOWN = Failure("", "", "")


class _Case(msgspec.Struct, gc=False, rename="camel"):
    """One entry of a file's `assertionResults`."""

    title: _Text = None
    ancestor_titles: list[_Text] | None = None
    status: _Text = None
    duration: msgspec.Raw = _NOTHING
    start_at: msgspec.Raw = _NOTHING
    failure_messages: list[_Text] | None = None
    invocations: msgspec.Raw = _NOTHING
    retry_reasons: list[_Text] | None = None
    meta: msgspec.Raw = _NOTHING


class _File(msgspec.Struct, gc=False, rename="camel"):
    """One entry of `testResults`."""

    name: str | None = None
    test_file_path: str | None = None
    status: _Text = None
    message: _Text = None
    failure_message: _Text = None
    test_exec_error: msgspec.Raw = _NOTHING
    assertion_results: list[_Case] | None = None
    test_results: list[_Case] | None = None
    end_time: msgspec.Raw = _NOTHING

    @property
    def path(self) -> str:
        """As written: absolute, as a rule."""
        return self.name or self.test_file_path or ""

    @property
    def cases(self) -> list[_Case]:
        """Those that ran or were left out."""
        return [case for case in self.assertion_results or self.test_results or () if case.title is not None]

    @property
    def explanation(self) -> str:
        """What the tool prints for the file, without terminal colours."""
        return clean(str(self.message or self.failure_message or ""))


class _Report(msgspec.Struct, gc=False, rename="camel"):
    """The document."""

    test_results: list[_File]
    start_time: msgspec.Raw = _NOTHING
    num_total_tests: msgspec.Raw = _NOTHING
    success: msgspec.Raw = _NOTHING
    was_interrupted: msgspec.Raw = _NOTHING


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one document.

    Raises:
        Refused: `json-syntax`, `json-truncated`, `json-depth`, `json-encoding`, `schema` (with the JSON path),
            `too-large` or `empty-file`.
    """
    report = decode(read_document(stream, limits), _Report)
    notes = Notes()
    sink.identity(_identity(report))
    for batch in batches(_attempts(report, limits, notes)):
        sink.attempts(batch)
    cases = sum(len(file.cases) for file in report.test_results)
    stated = plain(report.num_total_tests)
    if isinstance(stated, int) and stated != cases:
        notes.add(f"the report states {stated:,} tests and holds {cases:,}")
    notes.tell(sink)


def _identity(report: _Report) -> RunIdentity:
    start = epoch_ms(bytes(report.start_time))
    ends = [ms for file in report.test_results if (ms := epoch_ms(bytes(file.end_time))) is not None]
    return RunIdentity(
        state=RunState.INCOMPLETE if plain(report.was_interrupted) is True else None,
        start_ms=start,
        start_is_zoneless=None if start is None else False,
        end_ms=max(ends, default=None),
    )


def _attempts(report: _Report, limits: Limits, notes: Notes) -> Iterator[CaseAttempt]:
    paths = checkout_paths({file.path for file in report.test_results if file.path})
    is_empty = True
    for file in report.test_results:
        for attempt in _of_file(file, paths.get(file.path), limits, notes):
            is_empty = False
            yield attempt
    if is_empty and plain(report.success) is False:
        notes.add("the run failed without a single case")
        yield CaseAttempt("(run)", "(run)", Outcome.ERRORED, failure=Failure("", "the run failed without a case", ""))


def _of_file(file: _File, path: str | None, limits: Limits, notes: Notes) -> Iterator[CaseAttempt]:
    has_red_case = False
    for case in file.cases:
        for attempt in numbered(_of_case(case, path, limits, notes)):
            yield attempt
        has_red_case = has_red_case or attempt.outcome in _RED
    is_red = file.status == "failed" or bytes(file.test_exec_error) not in (b"", b"null")
    if (is_red and not has_red_case) or _DID_NOT_RUN in file.explanation:
        notes.add("a test file failed outside its cases", path or "")
        yield CaseAttempt(path or "", "(suite)", Outcome.ERRORED, failure=_failure_of_file(file), file=path)


def _of_case(case: _Case, path: str | None, limits: Limits, notes: Notes) -> Iterator[CaseAttempt]:
    """The attempts of one case, the one that counts last."""
    titles = [str(title) for title in (*(case.ancestor_titles or ()), case.title) if title not in (None, "")]
    outcome = _OUTCOMES.get(str(case.status))
    if outcome is None:
        notes.add("a status that is not known counts as errored", str(case.status or "(none)"))
        outcome = Outcome.ERRORED
    messages = [str(message) for message in case.failure_messages or () if message]
    services, links = _declared(case, limits)
    own = CaseAttempt(
        path or "",
        " > ".join(titles) or "(no name)",
        outcome,
        whole_ms(case.duration, notes),
        epoch_ms(bytes(case.start_at)),
        _failure_of(messages) if outcome in _RED else None,
        path,
        0,
        services,
        links,
    )
    for failure in _earlier(case, outcome, messages):
        yield own._replace(outcome=Outcome.FAILED, duration_ms=None, started_ms=None, failure=failure)
    yield own


def _earlier(case: _Case, outcome: Outcome, messages: list[str]) -> list[Failure]:
    """The failures of the attempts before the one that counts."""
    if outcome is Outcome.SKIPPED or bytes(case.invocations) == b"1":
        return []
    if bytes(case.invocations):
        reasons = [failure_of_stack(str(reason or "")) for reason in case.retry_reasons or ()]
        retries = count_of(case.invocations, _MOST_RETRIES + 1) - 1
        return [reasons[at] if at < len(reasons) else _UNKNOWN for at in range(retries)]
    return [failure_of_stack(message) for message in messages[:_MOST_RETRIES]] if outcome is Outcome.PASSED else []


def _failure_of(messages: list[str]) -> Failure:
    """The first message tells class and message; the texts are joined, each once."""
    first = failure_of_stack(messages[0] if messages else "")
    return first._replace(text="\n\n".join(dict.fromkeys(messages)))


def _failure_of_file(file: _File) -> Failure:
    """Why a file failed outside its cases; Vitest does not say it of the hooks of an inner suite."""
    text = dedent(file.explanation.partition(_DID_NOT_RUN)[2] or file.explanation).strip()
    first, _, rest = text.partition("\n\n")
    if first.endswith(":"):
        first += "\n" + rest.partition("\n\n")[0]
    known = failure_of_stack(first)
    return Failure(known.type, known.message or "a hook or the file itself failed; the report does not say why", text)


def _declared(case: _Case, limits: Limits) -> tuple[tuple[str, ...], tuple[Link, ...]]:
    """Services and links in Vitest's `meta`, which a test may fill."""
    if bytes(case.meta) in (b"", b"{}", b"null"):
        return (), ()
    meta = plain(case.meta)
    pairs = text_pairs(meta) if isinstance(meta, dict) else []
    return services_of(pairs)[: limits.services_per_case], links_of(pairs)[: limits.links_per_attempt]
