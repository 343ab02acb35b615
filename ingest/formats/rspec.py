"""Reads RSpec's JSON report (`rspec --format json`, RSpec 3).

Rules: class name: the file, with dots as rspec_junit_formatter writes it; name: the full description. `pending` is
skipped: an expected failure that failed, or an example that is not run. Errors outside of examples (a file that cannot
be loaded, `after(:all)`) are one errored case, with what RSpec said.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from ingest.formats.batches import batches
from ingest.formats.json_reader import decode, read_document
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.formats.values import seconds_to_ms
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome

_SUFFIX = re.compile(r"\.[^/]*\Z")
_OUTCOMES = {"passed": Outcome.PASSED, "failed": Outcome.FAILED, "pending": Outcome.SKIPPED}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_RAISED = re.compile(r"^([A-Z]\w*(?:::\w+)*):\n\s+(\S.*)$", re.MULTILINE)
OUTSIDE = "errors outside of examples"


class Raised(msgspec.Struct, gc=False):
    """What an example raised."""

    class_name: str | None = msgspec.field(default=None, name="class")
    message: str | None = None
    backtrace: list[str] | None = None


class Example(msgspec.Struct, gc=False):
    """One example."""

    full_description: str = ""
    status: str = ""
    file_path: str | None = None
    run_time: float | None = None
    pending_message: str | None = None
    exception: Raised | None = None


class Summary(msgspec.Struct, gc=False):
    """What RSpec counted."""

    errors_outside_of_examples_count: int = 0
    example_count: int | None = None


class Report(msgspec.Struct, gc=False):
    """The document."""

    examples: list[Example]
    summary: Summary = msgspec.field(default_factory=Summary)
    messages: list[str] | None = None


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts and warnings of one report.

    Raises:
        Refused: as `json_reader.decode`.
    """
    report = decode(read_document(stream, limits), Report)
    notes = Notes()
    for batch in batches(_attempts(report, notes)):
        sink.attempts(batch)
    stated = report.summary.example_count
    if stated is not None and stated != len(report.examples):
        notes.add(f"the summary states {stated:,} examples, the report holds {len(report.examples):,}")
    notes.tell(sink)


def _attempts(report: Report, notes: Notes) -> Iterator[CaseAttempt]:
    for example in report.examples:
        file = (example.file_path or "").removeprefix("./")
        outcome = _OUTCOMES.get(example.status)
        if outcome is None:
            notes.add("a status that RSpec does not have counts as errored", example.status or "(none)")
        yield CaseAttempt(
            _SUFFIX.sub("", file).replace("/", ".").strip("."),
            example.full_description.strip() or "(no name)",
            Outcome.ERRORED if outcome is None else outcome,
            None if example.run_time is None else seconds_to_ms(example.run_time),
            None,
            _failure(example, outcome),
            file or None,
        )
    if report.summary.errors_outside_of_examples_count:
        text = _COLOUR.sub("", "\n".join(report.messages or ())).strip()
        raised = _RAISED.search(text)
        kind, said = (raised[1], raised[2].strip()) if raised else ("", text.partition("\n")[0])
        yield CaseAttempt("rspec", OUTSIDE, Outcome.ERRORED, failure=Failure(kind, said, text))


def _failure(example: Example, outcome: Outcome | None) -> Failure | None:
    if outcome == Outcome.PASSED:
        return None
    if outcome == Outcome.SKIPPED:
        return Failure("", example.pending_message, "") if example.pending_message else None
    raised = example.exception or Raised()
    message = _COLOUR.sub("", raised.message or "").strip()
    return Failure(raised.class_name or "", message, "\n".join([message, *(raised.backtrace or ())]).strip())
