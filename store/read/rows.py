"""Rows that read functions give: facts of the store, nothing worked out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, NamedTuple, cast

from ingest.model import Failure, RunRef, RunState, Scope, TestCase, Trigger


@dataclass(frozen=True, slots=True)
class StreamRow:
    """A stream and its row."""

    stream_id: int
    scope: Scope


@dataclass(frozen=True, slots=True)
class RunFact:
    """A run with its row and its totals over all its streams."""

    run_row: int
    run: RunRef
    service: str | None
    repository: str | None
    is_start_estimated: bool
    parts: int
    attempts: int
    passed: int
    failed: int
    errored: int
    skipped: int
    flaky: int


class StreamRun(NamedTuple):
    """A run of a stream with its totals there."""

    run_row: int
    run: RunRef
    executed: int
    red: int
    failing: int
    """Cases with a failing attempt: red ones and flaky ones."""


@dataclass(frozen=True, slots=True)
class TestInfo:
    """A test case, its row, and the services that reports declare it exercises, the one called directly first."""

    test_row: int
    case: TestCase
    declared: tuple[str, ...]

    __test__ = False


@dataclass(frozen=True, slots=True)
class ServiceTests:
    """Test cases that touch a service for sure."""

    service_rows: tuple[int, ...]
    """They declare one of these,"""
    own_streams: tuple[int, ...]
    """or declare none, in one of these streams."""


class DaySums(NamedTuple):
    """Sums of one test case in one stream over whole UTC days."""

    stream_id: int
    test_row: int
    executed: int
    failed: int
    flaky: int
    retried: int


@dataclass(frozen=True, slots=True)
class AttemptFact:
    """One stored attempt with its run and file."""

    run_row: int
    stream_id: int
    part_row: int
    test_row: int
    ordinal: int
    outcome: int
    """An `Outcome`."""
    duration_ms: int | None
    started_ms: int | None
    failure_row: int | None
    source: str
    job: str
    job_url: str


@dataclass(frozen=True, slots=True)
class FailureText:
    """What a failed attempt said, with its signature's key and title."""

    failure: Failure
    signature: str
    title: str


RUN_COLUMNS = (
    "r.run_id, r.started_ms, l.name, r.name, r.attempt, r.ended_ms, r.environment, r.branch, r.revision,"
    " r.run_trigger, r.state, r.url"
)
"""Columns of `run_ref`, for a query with `run r` and `pipeline l`."""

_TRIGGERS, _STATES = {one.value: one for one in Trigger}, {one.value: one for one in RunState}
"""Six times as fast as the classes."""
RUN_WIDTH = 12
"""How many columns those are."""


class _OpenRun:
    """A run whose fields can still be set: as a class that cannot change, setting them takes five times as long."""

    __slots__ = tuple(field.name for field in fields(RunRef))


def run_ref(row: Sequence[Any]) -> RunRef:
    """The run in a row that starts with `RUN_COLUMNS`."""
    run: Any = _OpenRun()
    _, run.started_ms, run.pipeline, run.run_id, run.attempt, run.ended_ms, run.environment, run.branch = row[:8]
    run.revision, trigger, state, run.url = row[8:RUN_WIDTH]
    run.trigger, run.state = _TRIGGERS[trigger] if trigger else None, _STATES[state]
    run.__class__ = RunRef
    return cast(RunRef, run)


def marks(count: int) -> str:
    """`?, ?, ?` for a list of values."""
    return ", ".join("?" * count)
