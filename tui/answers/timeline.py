"""What happened to all of us at 02:10? Tests by runs with the deploys between the columns.

The grid says which rows and columns there are and where it is red; its cells are asked for when they are looked at
(`answer_cells`, `answer_days`), so that thousands of runs of thousands of tests cost what is seen of them.
"""

from __future__ import annotations

import bisect
from array import array
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from analysis.records import Outage, ResultMatrix
from ingest.model import Change, RunRef, Scope, TestCase
from store.connect import Connection
from store.read import runs as stored_runs
from store.read import tests
from store.read.aliases import list_former
from store.read.changes import SeenIncident, list_seen_incidents
from store.read.rows import StreamRow
from tui.answers.basis import Basis, load_basis
from tui.answers.grid_cells import Reds, find_onsets, load_cells, load_reds
from tui.answers.judging import can_judge, judge_red
from tui.answers.masking import closed_outages, is_mostly_red
from tui.answers.naming import find_test
from tui.answers.query import DAY_MS, Query, Window
from tui.answers.red import list_red_now
from tui.answers.strips import strips_of
from tui.answers.sums import list_red
from tui.answers.test_detail import StreamStrip
from tui.errors import NoMatch

MOST_SOUGHT = 20_000_000
"""Results up to which outages are looked for: that takes all of them at once."""


@dataclass(frozen=True, slots=True)
class GridMark:
    """Changes between two columns: they stand before column `before` (n: after the last one)."""

    before: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class GridRow:
    """One test case of the grid."""

    case: TestCase
    test_row: int = field(repr=False)
    onset: int | None
    """Column of the first bad run of the current red streak."""
    reds: array[int] = field(default_factory=lambda: array("i"))
    """Columns in which it is red, ascending."""
    owners: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    """Those it exercises."""


@dataclass(frozen=True, slots=True)
class TimelineGrid:
    """One stream: columns are baseline runs, oldest first; rows that changed together stand together."""

    window: Window | None
    scope: Scope | None
    scopes: tuple[Scope, ...]
    """All streams there are to choose from, most red first."""
    runs: tuple[RunRef, ...]
    mostly_red: tuple[bool, ...]
    """Runs in which nearly everything was red: they count for no rate."""
    marks: tuple[GridMark, ...]
    rows: tuple[GridRow, ...]
    hidden_green: int
    """Rows left out because they never failed in the window."""
    outages: tuple[Outage, ...] = ()
    """Of the stream, those that are over, oldest first."""
    closed: Mapping[int, frozenset[int]] = field(default_factory=dict, repr=False)
    """Column -> rows of the test cases whose result an outage that is over explains."""
    has_sought: bool = True
    """Whether outages were looked for; not where there are too many results."""
    stream_id: int = field(default=0, repr=False)
    run_rows: tuple[int, ...] = field(default=(), repr=False)
    """[columns]"""
    notes: tuple[SeenIncident, ...] = ()
    """What other monitors told of its environment, oldest first."""

    def is_masked(self, row: GridRow, column: int) -> bool:
        """Whether a cell counts for no rate."""
        return self.mostly_red[column] or row.test_row in self.closed.get(column, ())


DayCell = tuple[int, int, int]
"""Runs of a UTC day that executed a case, were red, were flaky."""


@dataclass(frozen=True, slots=True)
class TestTimeline:
    """`crywolf timeline TEST`: one strip a stream."""

    case: TestCase
    window: Window | None
    streams: tuple[StreamStrip, ...]
    former: tuple[TestCase, ...] = ()
    """Identities that continue as this one."""

    __test__ = False


def answer_grid(
    connection: Connection, query: Query, scope: Scope | None = None, *, with_green: bool = False
) -> TimelineGrid:
    """The grid of one stream; without `scope`, of the one with most red tests now."""
    basis = load_basis(connection, query)
    if basis is None:
        return TimelineGrid(None, None, (), (), (), (), (), 0)
    ordered = _by_red_tests(basis)
    chosen = next((row for row in ordered if row.scope == scope), ordered[0] if ordered else None)
    scopes = tuple(row.scope for row in ordered)
    if chosen is None:
        return TimelineGrid(basis.window, None, scopes, (), (), (), (), 0)
    window, stream_id = basis.window, chosen.stream_id
    facts = stored_runs.list_stream_runs(connection, stream_id, window.rows_since_ms, window.until_ms, window.now_ms)
    run_rows = tuple(fact.run_row for fact in facts)
    reds = load_reds(connection, stream_id, run_rows)
    rows = _grid_rows(basis, chosen, run_rows, reds, with_green=with_green)
    executed = tests.count_executed(connection, stream_id, window.since_ms // DAY_MS, window.until_ms // DAY_MS)
    has_sought = len(facts) * executed <= MOST_SOUGHT
    outages, closed = closed_outages(basis, chosen) if has_sought else ((), {})
    found = tuple(fact.run for fact in facts)
    return TimelineGrid(
        window,
        chosen.scope,
        scopes,
        found,
        tuple(is_mostly_red(fact) for fact in facts),
        _marks(basis, found, chosen.scope),
        rows,
        max(0, executed - len(rows)),
        outages,
        closed,
        has_sought,
        stream_id,
        run_rows,
        _notes(basis, chosen.scope),
    )


def _notes(basis: Basis, scope: Scope) -> tuple[SeenIncident, ...]:
    found = list_seen_incidents(basis.connection, basis.window.since_ms, basis.window.now_ms)
    return tuple(one for one in found if one.environment in ("", scope.environment))


def answer_cells(
    connection: Connection, stream_id: int, run_rows: Sequence[int], test_rows: Sequence[int]
) -> ResultMatrix:
    """[n, m] results of a piece of the grid; `ABSENT` where there is none."""
    return load_cells(connection, stream_id, run_rows, test_rows)


def answer_days(
    connection: Connection, stream_id: int, days: tuple[int, int], test_rows: Sequence[int]
) -> dict[int, dict[int, DayCell]]:
    """test -> UTC day -> sums, of some rows of the grid; days are [first, last], also such as were pruned."""
    found: dict[int, dict[int, DayCell]] = {row: {} for row in test_rows}
    for row, day, executed, failed, flaky, *_ in tests.list_days(connection, stream_id, *days, test_rows):
        found[row][day] = (executed, failed, flaky)
    return found


def answer_timeline(connection: Connection, query: Query, test: str) -> TestTimeline:
    """Segments, change points and results of one test case.

    Raises:
        tui.errors.NoMatch: nothing, or more than one thing, matches; holds the nearest names.
    """
    basis = load_basis(connection, query)
    if basis is None:
        raise NoMatch("test", test)
    info = find_test(connection, test)
    judged = judge_red(basis, frozenset((info.test_row,))) if can_judge(basis) else None
    former = list_former(connection, info.test_row)
    return TestTimeline(info.case, basis.window, strips_of(basis, info, judged), former)


def _by_red_tests(basis: Basis) -> list[StreamRow]:
    """Baseline streams, the one with most red tests now first; then the other streams in scope."""
    red = Counter(stream for stream, _ in list_red_now(basis))
    baseline = {row.stream_id for row in basis.baseline}
    return sorted(basis.streams, key=lambda row: (row.stream_id not in baseline, -red[row.stream_id], row.scope))


def _rows_to_show(basis: Basis, stream: StreamRow, *, with_green: bool) -> list[int]:
    if not with_green:
        return [sums.test_row for sums in list_red(basis, stream)]
    first, last = basis.window.since_ms // DAY_MS, basis.window.until_ms // DAY_MS
    rows = tests.list_executed(basis.connection, stream.stream_id, first, last)
    infos = basis.infos(rows)
    return [row for row in rows if basis.passes(infos[row], stream.scope)]


def _grid_rows(
    basis: Basis, stream: StreamRow, run_rows: Sequence[int], reds: Reds, *, with_green: bool
) -> tuple[GridRow, ...]:
    shown = sorted(_rows_to_show(basis, stream, with_green=with_green))
    failed = np.intersect1d(reds.tests, np.array(shown, dtype=np.int64))
    onsets = find_onsets(basis.connection, stream.stream_id, run_rows, failed.tolist())
    columns = basis.columns(shown, basis.entries.get(stream.scope.pipeline))
    rows = [
        GridRow(
            column.case,
            test_row,
            onsets.get(test_row),
            array("i", reds.of(test_row).tolist()),
            column.owners,
            tuple(one.service for one in column.exercised),
        )
        for test_row, column in zip(shown, columns, strict=True)
    ]
    return tuple(sorted(rows, key=_row_order))


def _row_order(row: GridRow) -> tuple[int, int, tuple[int, ...], str]:
    """Red now by onset, then what failed in the same runs together, then by identity."""
    if row.onset is not None:
        return (0, row.onset, (), row.case.identity)
    return (1, 0, tuple(-n for n in reversed(row.reds)), row.case.identity)


def _marks(basis: Basis, runs: tuple[RunRef, ...], scope: Scope) -> tuple[GridMark, ...]:
    starts = [run.started_ms for run in runs]
    by_column: dict[int, list[Change]] = {}
    for change in basis.feed.changes:
        if change.environment in ("", scope.environment) and change.at_ms >= basis.window.since_ms:
            by_column.setdefault(bisect.bisect_left(starts, change.at_ms), []).append(change)
    return tuple(GridMark(column, tuple(by_column[column])) for column in sorted(by_column))
