"""Reads the events of `dart test --reporter json` and `flutter test --machine` (protocol 0.1).

Rules:

- Class name: the suite's path; name: groups and test, joined by ` > `, which the protocol repeats in each name. A
  platform other than the virtual machine is the variant when all suites share it, else part of the class name.
- `failure` is failed, `error` errored, skipped tests are skipped. Hidden tests (loading, `setUpAll`, `tearDownAll`)
  count only where they are not hidden, which is when they went wrong.
- An error after the end of a test makes it red, as the protocol says. A test without an end is errored.
- Retries show by the line `Retry: name` that the runner prints between them.
- Times count from the start of the runner, which is not told: there are durations and no times of day.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

import msgspec

from ingest.checkout import checkout_paths
from ingest.formats.batches import batches, numbered
from ingest.formats.json_lines import JsonLines
from ingest.formats.json_values import error_parts
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.formats.values import MAX_DURATION_MS
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome, RunIdentity, RunState

_VIRTUAL_MACHINE = "vm"
_LOADING = "loading "
_OUTCOMES = {"success": Outcome.PASSED, "failure": Outcome.FAILED, "error": Outcome.ERRORED}


class Metadata(msgspec.Struct, gc=False, rename="camel"):
    """Of a test or group."""

    skip_reason: str | None = None


class Suite(msgspec.Struct, gc=False):
    """A test file on a platform."""

    id: int
    path: str | None = None
    platform: str | None = None


class Group(msgspec.Struct, gc=False, rename="camel"):
    """A group; its name begins with those of the groups around it."""

    id: int
    name: str | None = None


class Test(msgspec.Struct, gc=False):
    """A test; its name begins with those of its groups."""

    id: int
    name: str = ""
    suite_id: int | None = msgspec.field(default=None, name="suiteID")
    group_ids: list[int] | None = msgspec.field(default=None, name="groupIDs")
    metadata: Metadata | None = None

    __test__ = False  # pytest must not collect it


class Event(msgspec.Struct, gc=False, rename="camel"):
    """One event."""

    type: str
    time: int | None = None
    suite: Suite | None = None
    group: Group | None = None
    test: Test | None = None
    test_id: int | None = msgspec.field(default=None, name="testID")
    result: str = ""
    skipped: bool = False
    hidden: bool = False
    message: str | None = None
    error: str | None = None
    stack_trace: str | None = None
    is_failure: bool = False
    success: bool | None = None


@dataclass(slots=True)
class _Running:
    """A test while its events come."""

    test: Test
    began_ms: int | None
    earlier: list[Failure] = field(default_factory=list)
    """What attempts before the last one said."""
    errors: list[Event] = field(default_factory=list)
    skip_reason: str = ""
    end: Event | None = None


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, variant and warnings of one stream of events.

    Raises:
        Refused: no line is an event; `empty-file`, `json-truncated`, `json-syntax` or `schema`.
    """
    notes = Notes()
    run = _Run(notes)
    for event in JsonLines(stream, limits, notes, Event):
        run.take(event)
    notes.line_of = None
    sink.identity(run.identity())
    for batch in batches(run.attempts()):
        sink.attempts(batch)
    notes.tell(sink)


class _Run:
    """All events of one stream."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._suites: dict[int, Suite] = {}
        self._groups: dict[int, str] = {}
        self._tests: dict[int, _Running] = {}
        self._done: Event | None = None

    def take(self, event: Event) -> None:
        """Take one event."""
        if event.suite is not None:
            self._suites[event.suite.id] = event.suite
        elif event.group is not None:
            self._groups[event.group.id] = event.group.name or ""
        elif event.test is not None:
            self._tests[event.test.id] = _Running(event.test, event.time)
        elif event.type == "done":
            self._done = event
        elif event.test_id in self._tests:
            self._take_of_test(self._tests[event.test_id], event)

    def _take_of_test(self, running: _Running, event: Event) -> None:
        if event.type == "error":
            running.errors.append(event)
        elif event.type == "testDone":
            running.end = event
        elif event.type == "print" and event.message:
            if event.message.strip() == f"Retry: {running.test.name}":
                running.earlier.append(_failure(running.errors))
                running.errors = []
            elif event.message.startswith("Skip: "):
                running.skip_reason = event.message.removeprefix("Skip: ")

    def identity(self) -> RunIdentity:
        """The platform, and whether the events break off."""
        platforms = self._platforms()
        is_shared = len(platforms) == 1 and _VIRTUAL_MACHINE not in platforms
        is_whole = self._done is not None and self._done.success is not None
        return RunIdentity(
            variant=(("platform", next(iter(platforms))),) if is_shared else None,
            state=None if is_whole else RunState.INCOMPLETE,
        )

    def _platforms(self) -> set[str]:
        return {suite.platform or _VIRTUAL_MACHINE for suite in self._suites.values()}

    def attempts(self) -> Iterator[CaseAttempt]:
        """Attempts in the order of the tests' beginnings."""
        paths = checkout_paths(suite.path or "" for suite in self._suites.values())
        is_mixed = len(self._platforms()) > 1
        has_red = False
        for running in self._tests.values():
            end = running.end
            if end is not None and end.hidden and end.result == "success" and not running.errors:
                continue
            for attempt in numbered(self._attempts(running, paths, is_mixed)):
                has_red = has_red or attempt.outcome in (Outcome.FAILED, Outcome.ERRORED)
                yield attempt
        if self._done is None:
            self._notes.add("the events end before the run does")
        elif self._done.success is False and not has_red:
            failure = Failure("", "the run failed, though no test did", "")
            yield CaseAttempt("dart", "run", Outcome.ERRORED, failure=failure)

    def _attempts(self, running: _Running, paths: dict[str, str], is_mixed: bool) -> Iterator[CaseAttempt]:
        test = running.test
        suite = self._suites.get(-1 if test.suite_id is None else test.suite_id, Suite(-1))
        file = paths.get(suite.path or "", "")
        platform = suite.platform or _VIRTUAL_MACHINE
        classname = f"{file} [{platform}]" if is_mixed and platform != _VIRTUAL_MACHINE else file
        own = CaseAttempt(classname, self._name(test), *self._ending(running), file=file or None)
        for failure in running.earlier:
            yield own._replace(outcome=Outcome.FAILED, duration_ms=None, failure=failure)
        yield own

    def _name(self, test: Test) -> str:
        """Groups and test, each without the names before it."""
        if test.name.startswith(_LOADING):
            return _LOADING.strip()
        parts, before = [], ""
        for name in (*(self._groups.get(group, "") for group in test.group_ids or ()), test.name):
            if name:
                parts.append(name.removeprefix(before).strip() or name)
                before = name
        return " > ".join(parts) or "(no name)"

    def _ending(self, running: _Running) -> tuple[Outcome, int | None, None, Failure | None]:
        """Outcome, duration, no start, failure."""
        end = running.end
        duration = None
        if end is not None and end.time is not None and running.began_ms is not None:
            duration = end.time - running.began_ms
            duration = duration if 0 <= duration <= MAX_DURATION_MS else None
        if end is None:
            failure = _failure(running.errors)
            return Outcome.ERRORED, None, None, failure if failure.message else Failure("", "the test never ended", "")
        outcome = _OUTCOMES.get(end.result, Outcome.ERRORED)
        if end.skipped and not running.errors:
            metadata = running.test.metadata
            reason = (metadata.skip_reason if metadata else None) or running.skip_reason
            return Outcome.SKIPPED, duration, None, Failure("", reason, "") if reason else None
        if outcome == Outcome.PASSED and running.errors and not running.earlier:
            is_failure = all(error.is_failure for error in running.errors)
            outcome = Outcome.FAILED if is_failure else Outcome.ERRORED
        return outcome, duration, None, None if outcome == Outcome.PASSED else _failure(running.errors)


def _failure(errors: list[Event]) -> Failure:
    """The first error, with the texts of all."""
    if not errors:
        return Failure("", "", "")
    first = (errors[0].error or "").strip()
    text = "\n\n".join(f"{(error.error or '').strip()}\n{error.stack_trace or ''}".strip() for error in errors)
    return Failure(error_parts(first)[0], first, text)
