"""Which alarms were worth it? Every red stretch of the window by what it was, and each test's alarm precision."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace

from analysis.ledger import Alarm, LedgerCounts, Said, count_alarms, find_alarms
from ingest.model import Scope, TestCase
from store.connect import Connection
from store.read import tests
from store.read.rows import StreamRow, TestInfo
from tui.answers.basis import Basis, load_basis
from tui.answers.priors import flake_prior
from tui.answers.query import DAY_MS, Query, Window
from tui.answers.rating import rate_stream
from tui.answers.said import load_said
from tui.answers.sums import list_red

UNOWNED = "unowned"
DETAIL_DAYS = 180
"""How far the ledger of one test case looks back."""


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """Alarms of one test case in one stream."""

    case: TestCase
    scope: Scope
    owners: tuple[str, ...]
    services: tuple[str, ...]
    """That it exercises."""
    runs: int
    """That executed it, masked ones included."""
    counts: LedgerCounts
    alarms: tuple[Alarm, ...]
    """Oldest first."""


@dataclass(frozen=True, slots=True)
class LedgerSum:
    """Alarms of everything that belongs to one suite, team or service."""

    name: str
    tests: int
    """Test cases and streams with an alarm."""
    counts: LedgerCounts


@dataclass(frozen=True, slots=True)
class LedgerAnswer:
    """Rows by cost: alarms that cried wolf, then lost time, then identity and scope."""

    window: Window | None
    rows: tuple[LedgerRow, ...]
    suites: tuple[LedgerSum, ...] = ()
    """By pipeline; these and the next two by name."""
    teams: tuple[LedgerSum, ...] = ()
    """By each owner of the test case."""
    services: tuple[LedgerSum, ...] = ()
    """By each service that the test case exercises: an alarm counts for all of them."""
    total: LedgerCounts = field(default_factory=LedgerCounts)


def answer_ledger(connection: Connection, query: Query) -> LedgerAnswer:
    """The ledger under the filters of `query`."""
    basis = load_basis(connection, query)
    if basis is None:
        return LedgerAnswer(None, ())
    red: dict[int, list[int]] = {}
    for sums in list_red(basis):
        if sums.failed:
            red.setdefault(sums.stream_id, []).append(sums.test_row)
    said = load_said(basis.connection, basis.query, basis.window)
    rows: list[LedgerRow] = []
    for stream in basis.baseline:
        rows += (row for row in ledger_rows(basis, stream, red.get(stream.stream_id, []), said) if row.alarms)
    rows.sort(key=_order)
    return LedgerAnswer(
        basis.window,
        tuple(rows),
        _sums(rows, lambda row: (row.scope.pipeline,)),
        _sums(rows, lambda row: row.owners or (UNOWNED,)),
        _sums(rows, lambda row: row.services),
        sum((row.counts for row in rows), LedgerCounts()),
    )


def ledger_of(basis: Basis, info: TestInfo) -> tuple[LedgerRow, ...]:
    """Alarms of one test case over half a year, a row a baseline stream in which it ran."""
    window = replace(basis.window, since_ms=basis.window.until_ms - DETAIL_DAYS * DAY_MS)
    longer = replace(basis, window=window, wholes={}, unnamed={}, histories={}, outages={}, prior=flake_prior(basis))
    longer.graph, longer.feed, longer.owners = basis.graph, basis.feed, basis.owners
    present = set(tests.list_streams_of(basis.connection, info.test_row))
    said = load_said(longer.connection, longer.query, longer.window)
    streams = [stream for stream in basis.baseline if stream.stream_id in present]
    return tuple(row for stream in streams for row in ledger_rows(longer, stream, [info.test_row], said) if row.runs)


def ledger_rows(
    basis: Basis, stream: StreamRow, test_rows: list[int], said: dict[tuple[int, int], tuple[Said, ...]]
) -> Iterable[LedgerRow]:
    """One row for each of some cases of a stream."""
    if not test_rows:
        return
    rated = rate_stream(basis, stream, test_rows)
    history = rated.loaded.history
    for column, (test, stats) in enumerate(zip(history.tests, rated.stats, strict=True)):
        words = said.get((stream.stream_id, rated.loaded.test_rows[column]), ())
        alarms = find_alarms(history, column, rated.flaky, rated.masked, feed=basis.feed, said=words)
        services = tuple(sorted({exercise.service for exercise in test.exercised}))
        counts = count_alarms(alarms, round(stats.lost_seconds or 0.0, 3))
        yield LedgerRow(test.case, stream.scope, test.owners, services, stats.runs, counts, alarms)


def _sums(rows: Iterable[LedgerRow], names_of: Callable[[LedgerRow], Iterable[str]]) -> tuple[LedgerSum, ...]:
    found: dict[str, tuple[int, LedgerCounts]] = {}
    for row in rows:
        for name in names_of(row):
            tests_so_far, counts = found.get(name, (0, LedgerCounts()))
            found[name] = (tests_so_far + 1, counts + row.counts)
    return tuple(LedgerSum(name, *found[name]) for name in sorted(found))


def _order(row: LedgerRow) -> tuple[int, float, str, Scope]:
    wolves = row.counts.said_wolf + row.counts.inferred_wolf
    return (-wolves, -row.counts.lost_seconds, row.case.identity, row.scope)
