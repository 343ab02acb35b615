"""Runs by what a person calls them: an id, or where their reports lie."""

from __future__ import annotations

from ingest.model import RunRef
from store.connect import Connection
from store.read.rows import RUN_COLUMNS, run_ref

_RUNS = f"SELECT {RUN_COLUMNS} FROM run r JOIN pipeline l ON l.pipeline_id = r.pipeline_id"
_ORDER = " ORDER BY r.started_ms, l.name, r.environment, r.attempt"


def list_runs_called(connection: Connection, name: str, at_ms: int) -> tuple[tuple[int, RunRef], ...]:
    """(row, run) of all runs of an id that had ended by `at_ms`: of every pipeline, environment and attempt."""
    where = " WHERE r.name = ? AND coalesce(r.ended_ms, r.started_ms) <= ?"
    return tuple((row[0], run_ref(row)) for row in connection.execute(f"{_RUNS}{where}{_ORDER}", (name, at_ms)))


def list_runs_below(connection: Connection, location: bytes) -> tuple[tuple[int, RunRef], ...]:
    """(row, run) of the runs that files at a path, or below it, say something of."""
    where = (
        " WHERE r.run_id IN (SELECT run_id FROM source_file WHERE run_id NOT NULL"
        " AND (location = ?1 OR (location >= ?2 AND location < ?3) OR (location >= ?4 AND location < ?5)))"
    )
    below = (location + b"/", location + b"0", location + b"!", location + b'"')
    rows = connection.execute(f"{_RUNS}{where}{_ORDER}", (location, *below))
    return tuple((row[0], run_ref(row)) for row in rows)


def newest_run(connection: Connection, pipeline: str | None, environment: str | None, at_ms: int) -> RunRef | None:
    """The first run attempt that began last and had ended by `at_ms`; names ignore case."""
    row = connection.execute(
        f"{_RUNS} WHERE r.attempt = 1 AND coalesce(r.ended_ms, r.started_ms) <= ?1"
        " AND (?2 IS NULL OR l.name = ?2 COLLATE NOCASE) AND (?3 IS NULL OR r.environment = ?3 COLLATE NOCASE)"
        " ORDER BY r.started_ms DESC, l.name, r.name LIMIT 1",
        (at_ms, pipeline, environment),
    ).fetchone()
    return None if row is None else run_ref(row)
