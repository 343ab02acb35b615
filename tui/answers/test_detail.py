"""Is it this test, and since when? One strip a stream, the evidence, and every attempt behind it."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.records import Exercise, Interval
from ingest.model import Link, Outcome, Result, RunRef, Scope, TestCase
from store.connect import Connection
from tui.answers.flakes import FlakeRow
from tui.answers.query import Query, Window
from tui.answers.suspects import SuspectsAnswer
from tui.answers.triage import ThreeOwners


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """A stretch with one failure rate: indices into the strip, end exclusive."""

    start: int
    end: int
    rate: Interval


@dataclass(frozen=True, slots=True)
class ChangePointRow:
    """Where the failure rate changed: index of the first run after it, and the 99 % interval as run start times."""

    at: int
    low_ms: int
    high_ms: int


@dataclass(frozen=True, slots=True)
class StreamStrip:
    """All baseline runs of a stream in the window and the results of the case in them, oldest first."""

    scope: Scope
    runs: tuple[RunRef, ...]
    results: tuple[Result | None, ...]
    """None: absent; in an incomplete run that means unknown."""
    durations_ms: tuple[int | None, ...]
    segments: tuple[SegmentRow, ...]
    change_points: tuple[ChangePointRow, ...]
    masked: tuple[bool, ...]
    """True where the run lies in a masked outage."""
    flakes: FlakeRow | None


@dataclass(frozen=True, slots=True)
class AttemptRow:
    """One execution, down to its full message."""

    run: RunRef
    scope: Scope
    ordinal: int
    outcome: Outcome
    started_ms: int | None
    duration_ms: int | None
    raw_name: str | None
    """The name as written where it differs from the identity."""
    job: str
    job_url: str
    source: str
    """Report file it came from."""
    type: str = ""
    message: str = ""
    text: str = ""
    signature: str = ""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class TestDetail:
    """Everything about one test case."""

    case: TestCase
    window: Window
    owners: ThreeOwners
    exercised: tuple[Exercise, ...]
    streams: tuple[StreamStrip, ...]
    suspects: SuspectsAnswer | None
    """For its red stream, if any."""
    failures: tuple[AttemptRow, ...]
    """Failing attempts in the window, newest first, at most 100."""
    total_failures: int

    __test__ = False


def answer_test(connection: Connection, query: Query, test: str) -> TestDetail:
    """Detail of the test case that `test` (any unambiguous part of an identity) names.

    Raises:
        tui.errors.NoMatch: nothing, or more than one thing, matches; holds the nearest names.
    """
    raise NotImplementedError


def list_attempts(connection: Connection, test: str, run: RunRef) -> tuple[AttemptRow, ...]:
    """All attempts of a test case in one run, of every variant, in order."""
    raise NotImplementedError
