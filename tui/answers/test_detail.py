"""Is it this test, and since when? One strip a stream, the evidence, and every attempt behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.day_sums import DayCounts
from analysis.handling import Quarantine, Stretch
from analysis.records import DurationSegment, DurationShift, Exercise, Interval, Outage
from ingest.model import Failure, Link, Outcome, Result, RunRef, Scope, TestCase, Verdict
from store.connect import Connection
from store.cut import load_cut
from store.read import results, runs
from store.read.rows import AttemptFact, TestInfo
from store.read.streams import list_streams
from tui.answers.basis import Basis, load_basis
from tui.answers.flakes import FlakeRow
from tui.answers.handled import test_deeds
from tui.answers.judging import Judged, judge_red
from tui.answers.ledger import DETAIL_DAYS, LedgerRow, ledger_of
from tui.answers.naming import find_test
from tui.answers.query import Query, Window
from tui.answers.suspects import SuspectsAnswer, suspects_of
from tui.answers.triage import NEW, DoneBefore, ThreeOwners
from tui.errors import NoMatch, PrunedAway
from tui.times import iso

SHOWN_FAILURES = 100


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
    days: tuple[DayCounts, ...] = ()
    """Days whose results were pruned, by their sums, oldest first."""
    duration_shifts: tuple[DurationShift, ...] = ()
    """Where it became slower or faster; places are those of the runs."""
    duration_segments: tuple[DurationSegment, ...] = ()
    outages: tuple[Outage, ...] = ()
    """Of the stream within the window, also those in which this case did not fail."""


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
    ledger: tuple[LedgerRow, ...] = ()
    """Its alarms over half a year, a row a baseline stream."""
    ledger_days: int = DETAIL_DAYS
    state: str = NEW
    """What people did with the test itself: `quarantined until 2026-12-03`."""
    version: int = 0
    """Id of the last triage event on it."""
    deeds: tuple[DoneBefore, ...] = ()
    """What people did with it, newest first."""
    quarantine: Quarantine | None = None
    red: Stretch | None = None
    """From when to when it is red, where it is."""

    __test__ = False


def answer_test(connection: Connection, query: Query, test: str) -> TestDetail:
    """Detail of the test case that `test` (any unambiguous part of an identity) names.

    Raises:
        tui.errors.NoMatch: nothing, or more than one thing, matches; holds the nearest names.
    """
    from tui.answers.strips import strips_of  # imports this module

    basis = load_basis(connection, query)
    if basis is None:
        raise NoMatch("test", test)
    info = find_test(connection, test)
    judged = judge_red(basis, frozenset((info.test_row,)))
    suspects = suspects_of(basis, info)
    window = basis.window
    facts = results.list_failing(connection, info.test_row, window.since_ms, window.now_ms, SHOWN_FAILURES)
    red = max((_stretch(one) for one in judged.values()), key=lambda one: one.since_ms, default=None)
    state, version, deeds, handling = test_deeds(connection, query, window, info.case.test_id, red)
    return TestDetail(
        info.case,
        window,
        _owners(basis, info, judged),
        basis.column(info, _entry(basis, judged)).exercised,
        strips_of(basis, info, judged),
        suspects if suspects.verdict is not Verdict.PASSING else None,
        attempt_rows(basis.connection, facts),
        results.count_failing(connection, info.test_row, window.since_ms, window.now_ms),
        ledger_of(basis, info),
        state=state,
        version=version,
        deeds=deeds,
        quarantine=handling.quarantine,
        red=red,
    )


def _stretch(one: Judged) -> Stretch:
    return Stretch((one.judgement.onset.first_bad or one.run).started_ms, one.run.started_ms)


def list_attempts(connection: Connection, test: str, run: RunRef) -> tuple[AttemptRow, ...]:
    """All attempts of a test case in one run, of every variant, in order.

    Raises:
        tui.errors.NoMatch: nothing, or more than one thing, matches.
        tui.errors.PrunedAway: they were pruned.
    """
    info = find_test(connection, test)
    run_row = runs.find_run(connection, run)
    if run_row is None:
        return ()
    found = attempt_rows(connection, results.list_attempts(connection, info.test_row, [run_row]))
    if not found and run.started_ms < (load_cut(connection) or 0):
        raise PrunedAway(f"results before {iso(load_cut(connection) or 0)} were pruned, attempts of this run with them")
    return found


def attempt_rows(connection: Connection, facts: Sequence[AttemptFact]) -> tuple[AttemptRow, ...]:
    """Stored attempts with their texts, links and runs."""
    texts = results.load_failures(connection, [f.failure_row for f in facts if f.failure_row is not None])
    scopes = {row.stream_id: row.scope for row in list_streams(connection)}
    refs = runs.load_runs(connection, {fact.run_row for fact in facts})
    rows = []
    for fact in facts:
        text = texts.get(fact.failure_row or 0)
        said = text.failure if text else Failure("", "", "")
        rows.append(
            AttemptRow(
                refs[fact.run_row],
                scopes[fact.stream_id],
                fact.ordinal,
                Outcome(fact.outcome),
                fact.started_ms,
                fact.duration_ms,
                results.load_raw_name(connection, fact),
                fact.job,
                fact.job_url,
                fact.source,
                said.type,
                said.message,
                said.text,
                text.signature if text else "",
                results.load_links(connection, fact),
            )
        )
    return tuple(rows)


def _entry(basis: Basis, judged: dict[tuple[int, int], Judged]) -> str | None:
    """Service of the pipeline in which the case is red, else of the first that has one."""
    services = basis.entries
    scopes = [one.stream.scope for one in judged.values()] or [row.scope for row in basis.streams]
    return next((services[scope.pipeline] for scope in scopes if scope.pipeline in services), None)


def _owners(basis: Basis, info: TestInfo, judged: dict[tuple[int, int], Judged]) -> ThreeOwners:
    from tui.answers.incidents import owners_of  # imports this module's neighbours

    if judged:
        return owners_of(basis, max(judged.values(), key=lambda one: one.run.started_ms))
    found = basis.owners.of_test(info.case)
    return ThreeOwners(found.owners, found.source)
