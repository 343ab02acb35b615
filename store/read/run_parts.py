"""One run in full: its report files with what was odd about them, its failing attempts, the run before it."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import Counts, RunRef, Scope
from store.codec import decode, decode_strings
from store.connect import Connection
from store.read.results import attempts_where
from store.read.rows import RUN_COLUMNS, AttemptFact, run_ref


@dataclass(frozen=True, slots=True)
class PartFact:
    """A report file of a run."""

    path: str
    """With the member where it lies in an archive."""
    format: str
    scope: Scope
    job: str
    job_url: str
    shard: tuple[int | None, int | None]
    """(index, of how many)."""
    counts: Counts
    warnings: tuple[str, ...]


def list_parts(connection: Connection, run_row: int) -> tuple[PartFact, ...]:
    """Report files of a run by job, shard and path."""
    rows = connection.execute(
        "SELECT o.path, coalesce(o.format, ''), l.name, s.environment, s.branch, s.variant, p.job, p.job_url,"
        " p.shard_index, p.shard_total, o.counts, o.warnings FROM part p"
        " JOIN source_file o ON o.source_id = p.source_id JOIN stream s ON s.stream_id = p.stream_id"
        " JOIN pipeline l ON l.pipeline_id = s.pipeline_id WHERE p.run_id = ? ORDER BY p.job, p.shard_index, o.path",
        (run_row,),
    )
    return tuple(
        PartFact(path, kind, Scope(*scope), job, url, (index, total), decode(counts, Counts), decode_strings(warnings))
        for path, kind, *scope, job, url, index, total, counts, warnings in rows
    )


def list_failing_of_run(connection: Connection, run_row: int, limit: int) -> tuple[AttemptFact, ...]:
    """Failing attempts of a run, by stream, test case and order."""
    return attempts_where(
        connection,
        "p.run_id = ? AND s.outcome IN (1, 2)",
        (run_row,),
        " ORDER BY p.stream_id, s.test_id, o.location, s.ordinal LIMIT ?",
        limit,
    )


def find_previous(connection: Connection, run_row: int) -> RunRef | None:
    """The first run attempt of the same pipeline, environment and branch that began last before a run."""
    row = connection.execute(
        f"SELECT {RUN_COLUMNS} FROM run n JOIN run r ON r.pipeline_id = n.pipeline_id"
        " AND r.environment = n.environment AND r.branch = n.branch AND r.attempt = 1 AND r.started_ms < n.started_ms"
        " JOIN pipeline l ON l.pipeline_id = r.pipeline_id WHERE n.run_id = ?"
        " ORDER BY r.started_ms DESC, r.name LIMIT 1",
        (run_row,),
    ).fetchone()
    return None if row is None else run_ref(row)
