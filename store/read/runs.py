"""Runs: of the whole store, and of one stream in order."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing
from operator import itemgetter

from ingest.model import RunRef
from store.connect import Connection
from store.read.rows import RUN_COLUMNS, RUN_WIDTH, RunFact, StreamRun, marks, run_ref

_RUNS = f"""
SELECT {RUN_COLUMNS}, v.name, r.repository, r.is_start_estimated,
    (SELECT count(*) FROM part p WHERE p.run_id = r.run_id),
    coalesce(sum(t.attempts), 0), coalesce(sum(t.passed), 0), coalesce(sum(t.failed), 0), coalesce(sum(t.errored), 0),
    coalesce(sum(t.skipped), 0), coalesce(sum(t.flaky), 0)
FROM run r
JOIN pipeline l ON l.pipeline_id = r.pipeline_id
LEFT JOIN service v ON v.service_id = r.service_id
LEFT JOIN run_total t ON t.run_id = r.run_id
WHERE r.started_ms >= ? AND r.started_ms <= ? AND coalesce(r.ended_ms, r.started_ms) <= ?
GROUP BY r.run_id ORDER BY r.started_ms DESC, l.name, r.name, r.attempt, r.environment
"""
_STREAM_COLUMNS = (
    f"{RUN_COLUMNS}, t.passed + t.failed + t.errored + t.flaky, t.failed + t.errored, t.failed + t.errored + t.flaky"
)
_STREAM_RUNS = """
SELECT {}
FROM stream s
CROSS JOIN pipeline l ON l.pipeline_id = s.pipeline_id
CROSS JOIN run r INDEXED BY run_pipeline ON r.pipeline_id = s.pipeline_id
CROSS JOIN run_total t ON t.run_id = r.run_id AND t.stream_id = s.stream_id
WHERE s.stream_id = ? AND r.attempt {} AND r.started_ms >= ? AND r.started_ms <= ?
    AND coalesce(r.ended_ms, r.started_ms) <= ?
ORDER BY r.started_ms DESC
"""
"""Their order is complete with the name; sorting by it in SQLite takes half as long again as all the rest."""
_FIRST_ATTEMPTS, _LATER_ATTEMPTS = (_STREAM_RUNS.format(_STREAM_COLUMNS, which) for which in ("= 1", "> 1"))
_STARTS = _STREAM_RUNS.format("r.started_ms", "= 1")
NO_LIMIT = -1


def list_runs(connection: Connection, since_ms: int, until_ms: int, at_ms: int) -> tuple[RunFact, ...]:
    """Runs that started in [since, until] and ended by `at_ms`, newest first."""
    rows = connection.execute(_RUNS, (since_ms, until_ms, at_ms))
    facts = []
    for row in rows:
        service, repository, is_estimated, *counts = row[RUN_WIDTH:]
        facts.append(RunFact(row[0], run_ref(row), service, repository, bool(is_estimated), *counts))
    return tuple(facts)


def list_stream_runs(
    connection: Connection, stream_id: int, since_ms: int, until_ms: int, at_ms: int, limit: int = NO_LIMIT
) -> tuple[StreamRun, ...]:
    """First run attempts of a stream, oldest first; with a limit the newest so many."""
    values = (stream_id, since_ms, until_ms, at_ms)
    return _newest(connection, _FIRST_ATTEMPTS, values, limit)


def list_starts(connection: Connection, stream_id: int, at_ms: int, limit: int) -> tuple[int, ...]:
    """When the newest so many first run attempts of a stream that ended by `at_ms` started, oldest first."""
    rows = connection.execute(f"{_STARTS} LIMIT ?", (stream_id, -(2**53), at_ms, at_ms, limit)).fetchall()
    return tuple(row[0] for row in reversed(rows))


def _newest(
    connection: Connection, query: str, values: tuple[int, ...], limit: int = NO_LIMIT
) -> tuple[StreamRun, ...]:
    """The newest runs of a query that gives the newest first, oldest first."""
    with closing(connection.execute(query, values)) as cursor:
        if limit == NO_LIMIT:
            rows = cursor.fetchall()
        else:
            rows = cursor.fetchmany(limit)
            while rows and (row := cursor.fetchone()) is not None and row[1] == rows[-1][1]:
                rows.append(row)
    rows.sort(key=itemgetter(1, 3, 4))
    wanted = rows if limit == NO_LIMIT else rows[-limit:]
    return tuple([StreamRun(row[0], run_ref(row), *row[RUN_WIDTH:]) for row in wanted])


def list_streams_with_gaps(connection: Connection, since_ms: int) -> frozenset[int]:
    """Rows of the streams with a first run attempt since then that is not complete."""
    rows = connection.execute(
        "SELECT DISTINCT t.stream_id FROM run r JOIN run_total t ON t.run_id = r.run_id"
        " WHERE r.attempt = 1 AND r.state <> 'complete' AND r.started_ms >= ?",
        (since_ms,),
    )
    return frozenset(row[0] for row in rows)


def list_stream_reruns(connection: Connection, stream_id: int, since_ms: int, at_ms: int) -> tuple[StreamRun, ...]:
    """Later run attempts of a stream that started since and ended by `at_ms`, oldest first."""
    values = (stream_id, since_ms, at_ms, at_ms)
    return _newest(connection, _LATER_ATTEMPTS, values)


def find_run(connection: Connection, run: RunRef) -> int | None:
    """Row of a run."""
    row = connection.execute(
        "SELECT r.run_id FROM run r JOIN pipeline l ON l.pipeline_id = r.pipeline_id"
        " WHERE l.name = ? AND r.name = ? AND r.attempt = ? AND r.environment = ?",
        (run.pipeline, run.run_id, run.attempt, run.environment),
    ).fetchone()
    return None if row is None else int(row[0])


def list_newest_nightly(
    connection: Connection, stream_ids: Sequence[int], until_ms: int, at_ms: int
) -> Iterator[tuple[int, RunRef]]:
    """(row, run) of complete first attempts in some streams that started by `until_ms` and ended by `at_ms`.

    Newest first, of runs that a schedule started and of pipelines whose name says `nightly`.
    """
    rows = connection.execute(
        f"SELECT {RUN_COLUMNS} FROM run r INDEXED BY run_started JOIN pipeline l ON l.pipeline_id = r.pipeline_id"
        " WHERE r.started_ms <= ? AND coalesce(r.ended_ms, r.started_ms) <= ? AND r.attempt = 1"
        " AND r.state = 'complete' AND (r.run_trigger = 'schedule' OR instr(lower(l.name), 'nightly') > 0)"
        " AND EXISTS (SELECT 1 FROM run_total t JOIN json_each(?) j ON j.value = t.stream_id WHERE t.run_id = r.run_id)"
        " ORDER BY r.started_ms DESC, l.name, r.environment, r.name DESC",
        (until_ms, at_ms, json.dumps(stream_ids)),
    )
    with closing(rows):
        yield from ((row[0], run_ref(row)) for row in rows)


def is_green(connection: Connection, run_row: int) -> bool:
    """Whether something passed in a run and nothing is red, in any of its streams."""
    row = connection.execute(
        "SELECT sum(passed + flaky) > 0 AND sum(failed + errored) = 0 FROM run_total WHERE run_id = ?", (run_row,)
    ).fetchone()
    return bool(row[0])


def list_newest(connection: Connection, at_ms: int) -> tuple[RunRef, ...]:
    """The newest first attempt of every pipeline and environment that had ended by `at_ms`, no pre-merge runs."""
    rows = connection.execute(
        f"SELECT {RUN_COLUMNS}, max(r.started_ms) FROM run r JOIN pipeline l ON l.pipeline_id = r.pipeline_id"
        " WHERE r.attempt = 1 AND coalesce(r.run_trigger, '') <> 'pre-merge'"
        " AND coalesce(r.ended_ms, r.started_ms) <= ?"
        " GROUP BY r.pipeline_id, r.environment ORDER BY l.name, r.environment",
        (at_ms,),
    )
    return tuple(run_ref(row) for row in rows)


def count_all(connection: Connection) -> tuple[int, int, int, int]:
    """(pipelines, runs, test cases, results) of the store."""
    row = connection.execute(
        "SELECT (SELECT count(*) FROM pipeline), (SELECT count(*) FROM run),"
        " (SELECT count(*) FROM test_case) - (SELECT count(*) FROM alias),"
        " (SELECT coalesce(sum(passed + failed + errored + skipped + flaky), 0) FROM run_total)"
    ).fetchone()
    return (row[0], row[1], row[2], row[3])


def load_runs(connection: Connection, run_rows: Iterable[int]) -> dict[int, RunRef]:
    """Runs by their rows."""
    wanted = sorted(set(run_rows))
    rows = connection.execute(
        f"SELECT {RUN_COLUMNS} FROM run r JOIN pipeline l ON l.pipeline_id = r.pipeline_id"
        f" WHERE r.run_id IN ({marks(len(wanted))})",
        wanted,
    )
    return {row[0]: run_ref(row) for row in rows}
