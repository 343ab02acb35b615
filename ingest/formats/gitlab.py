"""Reads the test report that GitLab serves of a pipeline: `pipelines/ID/test_report`.

Rules: class name, name and file as written; the suite, which is named after the job, where there is no class name. A
report that GitLab could not read is an errored case of its suite: its tests are missing.

Source: docs.gitlab.com/api/pipelines ("Get a test report for a pipeline").
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from ingest.formats.batches import batches
from ingest.formats.json_reader import decode, plain, read_document
from ingest.formats.json_values import error_parts, whole_ms
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome

_OUTCOMES = {
    "success": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "error": Outcome.ERRORED,
    "skipped": Outcome.SKIPPED,
}
_NOTHING = msgspec.Raw(b"")
_SECOND_MS = 1000.0
UNREADABLE = "report that GitLab could not read"


class _Case(msgspec.Struct, gc=False):
    status: str | None = None
    name: str | None = None
    classname: str | None = None
    file: str | None = None
    execution_time: msgspec.Raw = _NOTHING
    system_output: msgspec.Raw = _NOTHING
    stack_trace: msgspec.Raw = _NOTHING


class _Suite(msgspec.Struct, gc=False):
    name: str | None = None
    suite_error: str | None = None
    test_cases: list[_Case] | None = None


class _Report(msgspec.Struct, gc=False):
    test_suites: list[_Suite]


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts and warnings of one report.

    Raises:
        Refused: as `json_reader.decode`.
    """
    report = decode(read_document(stream, limits), _Report)
    notes = Notes()
    for batch in batches(_attempts(report, notes)):
        sink.attempts(batch)
    notes.tell(sink)


def _attempts(report: _Report, notes: Notes) -> Iterator[CaseAttempt]:
    for suite in report.test_suites:
        if suite.suite_error:
            yield CaseAttempt(suite.name or "", UNREADABLE, Outcome.ERRORED, failure=Failure("", suite.suite_error, ""))
        for case in suite.test_cases or ():
            outcome = _OUTCOMES.get(case.status or "")
            if outcome is None:
                notes.add("a status that GitLab does not have counts as errored", case.status or "(none)")
            yield CaseAttempt(
                case.classname or suite.name or "",
                case.name or "(no name)",
                Outcome.ERRORED if outcome is None else outcome,
                whole_ms(case.execution_time, notes, _SECOND_MS),
                failure=_failure(case, outcome),
                file=case.file or None,
            )


def _failure(case: _Case, outcome: Outcome | None) -> Failure | None:
    if outcome is Outcome.PASSED:
        return None
    said, trace = _text(plain(case.system_output)), _text(plain(case.stack_trace))
    text = "\n".join(part for part in (said, trace) if part)
    if outcome is Outcome.SKIPPED:
        return Failure("", text, "") if text else None
    kind, first = error_parts(text)
    return Failure(kind, first.partition("\n")[0].strip(), text)


def _text(value: Any) -> str:
    """What a failure said: a text, or the element with its attributes."""
    if isinstance(value, dict):
        return "\n".join(one for one in value.values() if isinstance(one, str))
    return value if isinstance(value, str) else ""
