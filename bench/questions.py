"""The questions of DESIGN.md section 9, as the product asks them and as plain SQL over the raw rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from itertools import chain

import numpy as np

from analysis.intervals import beta_intervals
from store.connect import Connection
from store.read import catalog, clusters, results, runs
from tui.answers.basis import Basis, load_basis
from tui.answers.owner_book import owns
from tui.answers.query import DAY_MS, Moment, Query
from tui.answers.sums import days_of, filters_of, list_red
from tui.answers.windows import resolve_window

FAR = 2**53
TIMELINE_DAYS = 60
Ask = Callable[[], object]

FILTERS = {
    "": Query(),
    "--since 30d": Query(since=Moment(back_ms=30 * DAY_MS)),
    "--until 7d": Query(until=Moment(back_ms=7 * DAY_MS)),
    "--environment": Query(environment="preprod"),
    "--branch": Query(branch="release-1"),
    "--pipeline": Query(pipeline="svc03"),
    "--service": Query(service="svc07"),
    "--owner": Query(owner="@acme/team-3"),
    "all of these": Query(
        since=Moment(back_ms=30 * DAY_MS),
        until=Moment(back_ms=7 * DAY_MS),
        environment="preprod",
        branch="main",
        pipeline="svc07",
        service="svc07",
        owner="@acme/team-7",
    ),
}
"""Every filter that the commands promise, on what `bench/generated_store.py` writes."""

_FLAKES = """
SELECT stream_id, test_id, count(*), sum(red), sum(mixed) FROM (
    SELECT p.stream_id, x.test_id, CASE WHEN min(x.outcome) > 0 THEN 1 ELSE 0 END AS red,
        CASE WHEN min(x.outcome) = 0 AND max(x.outcome) > 0 THEN 1 ELSE 0 END AS mixed
    FROM run r JOIN part p ON p.run_id = r.run_id JOIN result x ON x.part_id = p.part_id
    WHERE r.started_ms >= ? AND r.started_ms < ? AND x.outcome < 3 AND r.attempt = 1
    GROUP BY p.run_id, p.stream_id, x.test_id
) t GROUP BY stream_id, test_id HAVING sum(red) + sum(mixed) > 0
"""
_TIMELINE = """
SELECT v.name, r.started_ms {over} 86400000, count(*), sum(CASE WHEN x.outcome IN (1, 2) THEN 1 ELSE 0 END)
FROM run r JOIN part p ON p.run_id = r.run_id JOIN result x ON x.part_id = p.part_id
JOIN exercised e ON e.test_id = x.test_id JOIN service v ON v.service_id = e.service_id
WHERE r.started_ms >= ? AND r.started_ms < ? GROUP BY 1, 2
"""
_CLUSTERS = """
SELECT g.key, g.title, count(*), count(DISTINCT x.test_id), count(DISTINCT p.stream_id)
FROM run r JOIN part p ON p.run_id = r.run_id JOIN result x ON x.part_id = p.part_id
JOIN failure f ON f.failure_id = x.failure_id JOIN signature g ON g.signature_id = f.signature_id
WHERE r.started_ms >= ? AND r.started_ms < ? AND x.outcome IN (1, 2) GROUP BY g.key, g.title ORDER BY 3 DESC
"""
_HISTORY = """
SELECT r.run_id, x.outcome, x.duration_ms FROM result x JOIN part p ON p.part_id = x.part_id
JOIN run r ON r.run_id = p.run_id WHERE x.test_id = ? ORDER BY r.started_ms DESC LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, by the product and, where that is a peer, by plain SQL over the raw rows."""

    name: str
    ask: Ask
    sql: str = ""
    values: tuple[int, ...] = ()

    def sqlite(self) -> str:
        """The plain SQL for SQLite, whose `/` divides whole numbers."""
        return self.sql.replace("{over}", "/")

    def duckdb(self) -> str:
        """The same for DuckDB."""
        return self.sql.replace("{over}", "//")


def flake_list(connection: Connection, query: Query) -> list[tuple[float, int, int]]:
    """(lower bound, stream, test) of every case with a red or flaky run, denominators exact, filters on."""
    sums = list_red(_basis(connection, query))
    low = beta_intervals(np.array([row.flaky for row in sums]), np.array([row.executed for row in sums])).low
    return sorted(zip(low.tolist(), (s.stream_id for s in sums), (s.test_row for s in sums), strict=True), reverse=True)


def timeline(connection: Connection, query: Query) -> list[catalog.DayTotals]:
    """Services by day over 60 days, or over the window asked for."""
    basis = _basis(connection, query)
    first, last = days_of(basis)
    if query.since is None:
        first = last - TIMELINE_DAYS
    streams = [row.stream_id for row in basis.streams]
    found = catalog.list_service_days(connection, streams, first, last, _services(basis))
    return list(chain.from_iterable(found.values()))


def top_clusters(connection: Connection, query: Query) -> tuple[clusters.SignatureSums, ...]:
    """Signatures by failures."""
    basis = _basis(connection, query)
    first, last = days_of(basis)
    return clusters.list_top_signatures(connection, first, last, -1, *filters_of(basis))


def case_history(
    connection: Connection, stream_id: int, test_row: int, since_ms: int = -FAR, until_ms: int = FAR
) -> list[results.ResultTuple]:
    """A test case's attempts in the last 200 runs of a stream."""
    found = runs.list_stream_runs(connection, stream_id, since_ms, until_ms, FAR, 200)
    return list(results.list_results(connection, stream_id, [run.run_row for run in found], (test_row,)))


def questions(connection: Connection) -> list[Question]:
    """The four questions of the budget under every filter that they know."""
    window = resolve_window(connection, Query())
    assert window is not None
    last = window.until_ms // DAY_MS
    days = (window.since_ms // DAY_MS * DAY_MS, (last + 1) * DAY_MS)
    found = _filtered("flake list, 14 days", flake_list, connection, _FLAKES, days)
    found += _filtered(
        f"timeline, services x {TIMELINE_DAYS} days",
        timeline,
        connection,
        _TIMELINE,
        ((last - TIMELINE_DAYS) * DAY_MS, days[1]),
    )
    found += _filtered("clusters, 14 days", top_clusters, connection, _CLUSTERS, days)
    stream_id, test_row = connection.execute(
        "SELECT stream_id, test_id FROM special_day ORDER BY flaky DESC, stream_id, test_id LIMIT 1"
    ).fetchone()
    ask = partial(case_history, connection, stream_id, test_row)
    between = (window.until_ms - 30 * DAY_MS, window.until_ms - 7 * DAY_MS)
    found.append(Question("history, 200 runs of one test", ask, _HISTORY, (test_row,)))
    found.append(Question("  --since 30d --until 7d", partial(ask, *between)))
    return found


def _filtered(
    name: str, ask: Callable[[Connection, Query], object], connection: Connection, sql: str, values: tuple[int, int]
) -> list[Question]:
    plain = Question(name, partial(ask, connection, Query()), sql, values)
    return [plain, *(Question(f"  {f}", partial(ask, connection, query)) for f, query in FILTERS.items() if f)]


def _basis(connection: Connection, query: Query) -> Basis:
    basis = load_basis(connection, query)
    assert basis is not None
    return basis


def _services(basis: Basis) -> list[int] | None:
    """Those asked for, by name or by owner; None: all."""
    query = basis.query
    if query.service is None and query.owner is None:
        return None
    owners = basis.graph.owners
    return [
        row
        for row, name in catalog.list_service_rows(basis.connection)
        if query.service in (None, name)
        and (query.owner is None or owns(query.owner, tuple(filter(None, (owners.get(name),)))))
    ]
