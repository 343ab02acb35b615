"""What happened to all of us at 02:10? Tests by runs with the deploys between the columns."""

from __future__ import annotations

import bisect
from collections import Counter
from dataclasses import dataclass

from analysis.records import ABSENT, Outage
from ingest.model import Change, Result, RunRef, Scope, TestCase
from store.connect import Connection
from store.read import tests
from store.read.aliases import list_former
from store.read.rows import StreamRow
from tui.answers.basis import Basis, load_basis
from tui.answers.histories import Loaded
from tui.answers.judging import can_judge, judge_red
from tui.answers.masking import list_outages
from tui.answers.naming import find_test
from tui.answers.query import DAY_MS, Query, Window
from tui.answers.rating import rate_stream
from tui.answers.red import list_red_now
from tui.answers.strips import results_of, strips_of
from tui.answers.sums import list_red
from tui.answers.test_detail import StreamStrip
from tui.errors import NoMatch


@dataclass(frozen=True, slots=True)
class GridMark:
    """Changes between two columns: they stand before column `before` (n: after the last one)."""

    before: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class GridRow:
    """One test case of the grid."""

    case: TestCase
    results: tuple[Result | None, ...]
    """One per column; None: absent."""
    onset: int | None
    """Column of the first bad run of the current red streak."""
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineGrid:
    """One stream: columns are baseline runs, oldest first; rows that changed together stand together."""

    window: Window | None
    scope: Scope | None
    scopes: tuple[Scope, ...]
    """All streams there are to choose from, most red first."""
    runs: tuple[RunRef, ...]
    masked: tuple[bool, ...]
    marks: tuple[GridMark, ...]
    rows: tuple[GridRow, ...]
    hidden_green: int
    """Rows left out because they never failed in the window."""
    outages: tuple[Outage, ...] = ()
    """Of the stream, those that are over, oldest first."""


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
    window = basis.window
    rated = rate_stream(basis, chosen, _rows_to_show(basis, chosen, with_green=with_green))
    history = rated.loaded.history
    rows = sorted((_grid_row(rated.loaded, m) for m in range(len(history.tests))), key=_row_order)
    executed = tests.count_executed(connection, chosen.stream_id, window.since_ms // DAY_MS, window.until_ms // DAY_MS)
    return TimelineGrid(
        window,
        chosen.scope,
        scopes,
        history.runs,
        tuple(bool(cells.any()) for cells in rated.masked),
        _marks(basis, history.runs, chosen.scope),
        tuple(rows),
        max(0, executed - len(rows)),
        list_outages(basis, chosen),
    )


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


def _grid_row(loaded: Loaded, column: int) -> GridRow:
    history = loaded.history
    test = history.tests[column]
    cells = history.results[:, column].tolist()
    return GridRow(test.case, results_of(cells), _onset(cells), test.owners)


def _onset(cells: list[int]) -> int | None:
    """First red cell of the streak that the last executed cell belongs to."""
    onset = None
    for n in range(len(cells) - 1, -1, -1):
        if cells[n] in (ABSENT, Result.SKIPPED):
            continue
        if cells[n] not in (Result.FAILED, Result.ERRORED):
            break
        onset = n
    return onset


def _row_order(row: GridRow) -> tuple[int, int, tuple[int, ...], str]:
    """Red now by onset, then what failed in the same runs together, then by identity."""
    failed = tuple(n for n, result in enumerate(row.results) if result is not None and result.is_red)
    if row.onset is not None:
        return (0, row.onset, (), row.case.identity)
    return (1, 0, tuple(-n for n in reversed(failed)), row.case.identity)


def _marks(basis: Basis, runs: tuple[RunRef, ...], scope: Scope) -> tuple[GridMark, ...]:
    starts = [run.started_ms for run in runs]
    by_column: dict[int, list[Change]] = {}
    for change in basis.feed.changes:
        if change.environment in ("", scope.environment) and change.at_ms >= basis.window.since_ms:
            by_column.setdefault(bisect.bisect_left(starts, change.at_ms), []).append(change)
    return tuple(GridMark(column, tuple(by_column[column])) for column in sorted(by_column))
