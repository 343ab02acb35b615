"""The questions of DESIGN.md section 9, as the product asks them and as plain SQL over the raw rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np

from analysis.intervals import beta_intervals
from store.connect import Connection
from store.read import catalog, clusters, results, runs, tests
from store.read.streams import list_streams
from tui.answers.basis import load_basis
from tui.answers.flakes import answer_flakes
from tui.answers.query import DAY_MS, Query
from tui.answers.triage import work_out_triage
from tui.answers.windows import resolve_window

FAR = 2**53
Ask = Callable[[], object]

_RAW_FLAKES = """
SELECT stream_id, test_id, count(*), sum(red), sum(mixed) FROM (
    SELECT p.stream_id, x.test_id, min(x.outcome) > 0 AS red, min(x.outcome) = 0 AND max(x.outcome) > 0 AS mixed
    FROM run r JOIN part p ON p.run_id = r.run_id JOIN result x ON x.part_id = p.part_id
    WHERE r.started_ms >= ? AND r.started_ms < ? AND x.outcome < 3 AND r.attempt = 1
    GROUP BY p.run_id, p.stream_id, x.test_id
) GROUP BY stream_id, test_id HAVING sum(red) + sum(mixed) > 0
"""
_RAW_TIMELINE = """
SELECT v.name, r.started_ms / 86400000, count(*), sum(x.outcome IN (1, 2))
FROM run r JOIN part p ON p.run_id = r.run_id JOIN result x ON x.part_id = p.part_id
JOIN exercised e ON e.test_id = x.test_id JOIN service v ON v.service_id = e.service_id
WHERE r.started_ms >= ? AND r.started_ms < ? GROUP BY 1, 2
"""
_RAW_CLUSTERS = """
SELECT g.key, g.title, count(*), count(DISTINCT x.test_id), count(DISTINCT p.stream_id)
FROM run r JOIN part p ON p.run_id = r.run_id JOIN result x ON x.part_id = p.part_id
JOIN failure f ON f.failure_id = x.failure_id JOIN signature g ON g.signature_id = f.signature_id
WHERE r.started_ms >= ? AND r.started_ms < ? AND x.outcome IN (1, 2) GROUP BY g.signature_id ORDER BY 3 DESC
"""
_RAW_HISTORY = """
SELECT r.run_id, x.outcome, x.duration_ms FROM result x JOIN part p ON p.part_id = x.part_id
JOIN run r ON r.run_id = p.run_id WHERE x.test_id = ? ORDER BY r.started_ms DESC LIMIT 200
"""


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked, by the product and by plain SQL."""

    name: str
    ask: Ask
    raw: Ask | None = None


def flake_list(connection: Connection, query: Query) -> list[tuple[float, int, int]]:
    """(lower bound, stream, test) of every case with a red or flaky run in 14 days, denominators exact, filters on."""
    basis = load_basis(connection, query)
    assert basis is not None
    first, last = basis.window.since_ms // DAY_MS, basis.window.until_ms // DAY_MS
    scope = {row.stream_id: row.scope for row in basis.streams}
    sums = [row for row in tests.list_red_sums(connection, first, last) if row.stream_id in scope]
    if query.service is not None or query.owner is not None:
        infos = tests.load_tests(connection, {row.test_row for row in sums})
        sums = [row for row in sums if basis.passes(infos[row.test_row], scope[row.stream_id])]
    low = beta_intervals(np.array([row.flaky for row in sums]), np.array([row.executed for row in sums])).low
    return sorted(zip(low.tolist(), (s.stream_id for s in sums), (s.test_row for s in sums), strict=True), reverse=True)


def test_history(connection: Connection, stream_id: int, test_row: int) -> list[results.ResultTuple]:
    """A test case's attempts in the last 200 runs of a stream."""
    found = runs.list_stream_runs(connection, stream_id, -FAR, FAR, FAR, 200)
    return list(results.list_results(connection, stream_id, [run.run_row for run in found], (test_row,)))


def questions(connection: Connection) -> list[Question]:
    """The four questions of the budget; the flake list with every filter."""
    window = resolve_window(connection, Query())
    assert window is not None
    first, last = window.since_ms // DAY_MS, window.until_ms // DAY_MS
    earliest = (window.until_ms - 60 * DAY_MS) // DAY_MS
    days = (first * DAY_MS, (last + 1) * DAY_MS)
    streams = [row.stream_id for row in list_streams(connection)]

    def raw(query: str, *values: int) -> Ask:
        return lambda: connection.execute(query, values).fetchall()

    stream_id, test_row = connection.execute(
        "SELECT stream_id, test_id FROM test_day ORDER BY flaky DESC, stream_id, test_id LIMIT 1"
    ).fetchone()
    return [
        Question("flake list, 14 days", lambda: flake_list(connection, Query()), raw(_RAW_FLAKES, *days)),
        *_filtered(connection),
        Question(
            "timeline, services x 60 days",
            lambda: catalog.list_service_days(connection, streams, earliest, last),
            raw(_RAW_TIMELINE, earliest * DAY_MS, days[1]),
        ),
        Question(
            "clusters, 14 days",
            lambda: clusters.list_top_signatures(connection, first, last),
            raw(_RAW_CLUSTERS, *days),
        ),
        Question(
            "history, 200 runs of one test",
            lambda: test_history(connection, stream_id, test_row),
            raw(_RAW_HISTORY, test_row),
        ),
    ]


def _filtered(connection: Connection) -> list[Question]:
    filters = {
        "environment": Query(environment="preprod"),
        "branch": Query(branch="release-1"),
        "service": Query(service="svc07"),
        "owner": Query(owner="@acme/team-3"),
    }
    every = replace(filters["environment"], branch="main", service="svc07", owner="@acme/team-7")
    filters["all four"] = every
    return [Question(f"  by {name}", partial(flake_list, connection, query)) for name, query in filters.items()]


def whole_answers(connection: Connection) -> list[Question]:
    """What commands and screens wait for, judgement and all."""
    return [
        Question("`crywolf flakes`", lambda: answer_flakes(connection, Query())),
        Question("`crywolf flakes --service`", lambda: answer_flakes(connection, Query(service="svc07"))),
        Question("Triage, worked out", lambda: work_out_triage(connection, Query())),
    ]
