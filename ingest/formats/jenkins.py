"""Reads the test report that Jenkins serves of a build: `testReport/api/json` of the JUnit and Maven plugins.

Rules:

- Class name and name as written. Jenkins does not tell failed from errored: both have failed. `FIXED` has passed and
  `REGRESSION` has failed, compared with the build before.
- A Maven build's report holds those of its modules.
- When a suite ran is not read: Jenkins repeats it without a zone, and knows better when the build began.

Sources: `TestResult`, `SuiteResult` and `CaseResult` of `hudson.tasks.junit`, `AggregatedTestResultAction` of
`hudson.tasks.test`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from ingest.formats.batches import batches
from ingest.formats.json_reader import decode, read_document
from ingest.formats.json_values import error_parts, whole_ms
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome

_OUTCOMES = {
    "PASSED": Outcome.PASSED,
    "FIXED": Outcome.PASSED,
    "FAILED": Outcome.FAILED,
    "REGRESSION": Outcome.FAILED,
    "SKIPPED": Outcome.SKIPPED,
}
_NOTHING = msgspec.Raw(b"")
_SECOND_MS = 1000.0


class _Case(msgspec.Struct, gc=False, rename="camel"):
    class_name: str | None = None
    name: str | None = None
    status: str | None = None
    duration: msgspec.Raw = _NOTHING
    error_details: str | None = None
    error_stack_trace: str | None = None
    skipped_message: str | None = None


class _Suite(msgspec.Struct, gc=False):
    name: str | None = None
    cases: list[_Case] | None = None


class _Result(msgspec.Struct, gc=False):
    suites: list[_Suite] | None = None


class _Child(msgspec.Struct, gc=False):
    result: _Result | None = None


class _Report(msgspec.Struct, gc=False, rename="camel"):
    suites: list[_Suite] | None = None
    child_reports: list[_Child] | None = None


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts and warnings of one report.

    Raises:
        Refused: as `json_reader.decode`.
    """
    report = decode(read_document(stream, limits), _Report)
    notes = Notes()
    children = (child.result.suites or () for child in report.child_reports or () if child.result)
    suites = [*(report.suites or ()), *(suite for some in children for suite in some)]
    for batch in batches(_attempts(suites, notes)):
        sink.attempts(batch)
    notes.tell(sink)


def _attempts(suites: list[_Suite], notes: Notes) -> Iterator[CaseAttempt]:
    for suite in suites:
        for case in suite.cases or ():
            outcome = _OUTCOMES.get(case.status or "")
            if outcome is None:
                notes.add("a status that Jenkins does not have counts as errored", case.status or "(none)")
            yield CaseAttempt(
                case.class_name or suite.name or "",
                case.name or "(no name)",
                Outcome.ERRORED if outcome is None else outcome,
                whole_ms(case.duration, notes, _SECOND_MS),
                failure=_failure(case, outcome),
            )


def _failure(case: _Case, outcome: Outcome | None) -> Failure | None:
    if outcome is Outcome.PASSED:
        return None
    if outcome is Outcome.SKIPPED:
        return Failure("", case.skipped_message, "") if case.skipped_message else None
    text = case.error_stack_trace or case.error_details or ""
    kind, first = error_parts(text)
    return Failure(kind, (case.error_details or first).strip(), text)
