"""Reads Bazel's build events (`--build_event_json_file`), also where each event is spread over several lines.

Rules:

- A test target is a case: class name its package, name the target, with the shard where it has several. `attempt` (of
  `--flaky_test_attempts`) and `run` (of `--runs_per_test`) are its attempts, in the order of time.
- `FAILED` is failed; time-outs, targets that could not be built or did not run to an end are errored; a target of
  which the summary alone tells has its overall status.
- A build that failed without a red target is an errored case; events that stop before `buildFinished` are incomplete.
- The cases inside a target are in its `test.xml`, which is a report of its own.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from ingest.errors import Refused
from ingest.formats.batches import batches, numbered
from ingest.formats.json_lines import JsonLines
from ingest.formats.json_reader import decode, read_document
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.formats.values import count, epoch_ms
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity, RunState

BUILD_CASE = "build"
_OUTCOMES = {"PASSED": Outcome.PASSED, "FLAKY": Outcome.PASSED, "FAILED": Outcome.FAILED, "NO_STATUS": Outcome.SKIPPED}
_Number = str | int | None


class TestResultId(msgspec.Struct, gc=False):
    """Which execution of which target."""

    label: str = ""
    run: int = 1
    shard: int = 1
    attempt: int = 1

    __test__ = False  # pytest must not collect it


class EventId(msgspec.Struct, gc=False, rename="camel"):
    """What an event is about; one of these."""

    test_result: TestResultId | None = None
    test_summary: TestResultId | None = None


class Output(msgspec.Struct, gc=False):
    """A file that a test wrote."""

    name: str = ""
    uri: str = ""


class TestResult(msgspec.Struct, gc=False, rename="camel"):
    """One execution of a target."""

    status: str = ""
    status_details: str = ""
    test_attempt_start_millis_epoch: _Number = None
    test_attempt_duration_millis: _Number = None
    test_action_output: list[Output] | None = None

    __test__ = False  # pytest must not collect it


class TestSummary(msgspec.Struct, gc=False, rename="camel"):
    """All executions of a target."""

    overall_status: str = ""

    __test__ = False  # pytest must not collect it


class Started(msgspec.Struct, gc=False, rename="camel"):
    """The beginning of the build."""

    start_time_millis: _Number = None


class ExitCode(msgspec.Struct, gc=False):
    """How the build ended."""

    name: str = ""
    code: int = 0


class Finished(msgspec.Struct, gc=False, rename="camel"):
    """The end of the build."""

    exit_code: ExitCode | None = None
    finish_time_millis: _Number = None


class Event(msgspec.Struct, gc=False, rename="camel"):
    """One event."""

    id: EventId
    test_result: TestResult | None = None
    test_summary: TestSummary | None = None
    started: Started | None = None
    finished: Finished | None = None


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, times and warnings of one build.

    Raises:
        Refused: no event can be read; `empty-file`, `json-truncated`, `json-syntax` or `schema`.
    """
    notes = Notes()
    build = _Build(notes)
    for event in _events(stream, limits, notes):
        build.take(event)
    notes.line_of = None
    sink.identity(build.identity())
    for batch in batches(build.attempts()):
        sink.attempts(batch)
    notes.tell(sink)


def _events(stream: BinaryIO, limits: Limits, notes: Notes) -> Iterator[Event]:
    """Events one a line; those that are spread over lines are read as a whole document."""
    if not stream.seekable():
        yield from JsonLines(stream, limits, notes, Event)
        return
    start = stream.tell()
    is_spread = stream.readline(8).strip() == b"{"
    stream.seek(start)
    if not is_spread:
        yield from JsonLines(stream, limits, notes, Event)
        return
    text, decoder = read_document(stream, limits).decode("utf-8", "replace"), json.JSONDecoder()
    at = 0
    while at < len(text):
        try:
            _, end = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            if at == 0:
                raise Refused("json-truncated", "the file ends inside its first event, or is no JSON") from None
            notes.add("the last event breaks off: its writer was stopped, or is still at work")
            return
        yield decode(text[at:end].encode(), Event)
        at = end
        while at < len(text) and text[at].isspace():
            at += 1


class _Build:
    """All events of one build."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._executions: dict[tuple[str, int], list[tuple[TestResultId, TestResult]]] = {}
        self._summaries: dict[str, str] = {}
        self._started: Started | None = None
        self._finished: Finished | None = None

    def take(self, event: Event) -> None:
        """Take one event."""
        if event.started is not None:
            self._started = event.started
        elif event.finished is not None:
            self._finished = event.finished
        elif event.test_result is not None and event.id.test_result is not None:
            key = (event.id.test_result.label, event.id.test_result.shard)
            self._executions.setdefault(key, []).append((event.id.test_result, event.test_result))
        elif event.test_summary is not None and event.id.test_summary is not None:
            self._summaries[event.id.test_summary.label] = event.test_summary.overall_status

    def identity(self) -> RunIdentity:
        """When the build ran; without an end it lacks results."""
        start = _ms(self._started.start_time_millis) if self._started else None
        is_whole = self._finished is not None or self._started is None
        return RunIdentity(
            start_ms=start,
            start_is_zoneless=None if start is None else False,
            end_ms=_ms(self._finished.finish_time_millis) if self._finished else None,
            state=None if is_whole else RunState.INCOMPLETE,
        )

    def attempts(self) -> Iterator[CaseAttempt]:
        """Attempts of each target and shard, in the order of their first events."""
        has_red = False
        sharded = {label for label, shard in self._executions if shard > 1}
        for (label, shard), executions in self._executions.items():
            executions.sort(key=lambda execution: (execution[0].run, execution[0].attempt))
            name_shard = f" (shard {shard})" if label in sharded else ""
            for attempt in numbered(_attempt(label, name_shard, result) for _, result in executions):
                has_red = has_red or attempt.outcome in (Outcome.FAILED, Outcome.ERRORED)
                yield attempt
        told = {label for label, _ in self._executions}
        for label, status in self._summaries.items():
            if label not in told:
                attempt = _attempt(label, "", TestResult(status))
                has_red = has_red or attempt.outcome in (Outcome.FAILED, Outcome.ERRORED)
                yield attempt
        if self._started is not None and self._finished is None:
            self._notes.add("the events end before the build does")
        exit_code = self._finished.exit_code if self._finished else None
        if exit_code is not None and exit_code.code and exit_code.name != "NO_TESTS_FOUND" and not has_red:
            failure = Failure("", f"the build ended with {exit_code.name or exit_code.code}", "")
            yield CaseAttempt("bazel", BUILD_CASE, Outcome.ERRORED, failure=failure)


def _attempt(label: str, shard: str, result: TestResult) -> CaseAttempt:
    package, _, target = label.rpartition(":")
    outcome = _OUTCOMES.get(result.status, Outcome.ERRORED)
    failure = None
    if outcome != Outcome.PASSED:
        said = result.status_details or result.status.lower().replace("_", " ")
        failure = Failure("", said, "") if said or outcome != Outcome.SKIPPED else None
    kinds = {"test.log": "log"}
    links = tuple(
        Link(kinds.get(output.name, "attachment"), output.uri)
        for output in result.test_action_output or ()
        if output.uri
    )
    return CaseAttempt(
        package,
        f"{target}{shard}",
        outcome,
        count(str(result.test_attempt_duration_millis)),
        _ms(result.test_attempt_start_millis_epoch),
        failure,
        links=links[:20],
    )


def _ms(number: _Number) -> int | None:
    return None if number is None else epoch_ms(str(number).encode())
