"""Streams, and the moments that windows hang on."""

from __future__ import annotations

from ingest.model import Scope
from store.connect import Connection
from store.read.rows import StreamRow


def list_streams(connection: Connection) -> tuple[StreamRow, ...]:
    """Every stream, by pipeline, environment, branch, variant."""
    rows = connection.execute(
        "SELECT s.stream_id, l.name, s.environment, s.branch, s.variant FROM stream s"
        " JOIN pipeline l ON l.pipeline_id = s.pipeline_id ORDER BY 2, 3, 4, 5"
    )
    return tuple(StreamRow(row[0], Scope(*row[1:])) for row in rows)


def newest_end(
    connection: Connection, *, pipeline: str | None = None, environment: str | None = None, branch: str | None = None
) -> int | None:
    """End (start where no end is known) of the newest run in ms, ignoring case of the names; None without runs."""
    conditions, values = ["true"], []
    if pipeline is not None:
        conditions.append("lower(l.name) = lower(?)")
        values.append(pipeline)
    if environment is not None:
        conditions.append("lower(r.environment) = lower(?)")
        values.append(environment)
    if branch is not None:
        conditions.append("(lower(r.branch) = lower(?) OR (r.run_trigger = 'pre-merge' AND lower(?) = 'pre-merge'))")
        values += [branch, branch]
    row = connection.execute(
        "SELECT coalesce(r.ended_ms, r.started_ms) FROM run r INDEXED BY run_ended"
        " CROSS JOIN pipeline l ON l.pipeline_id = r.pipeline_id"
        f" WHERE {' AND '.join(conditions)} ORDER BY 1 DESC LIMIT 1",
        values,
    ).fetchone()
    return None if row is None else int(row[0])


def data_version(connection: Connection) -> int:
    """Changes whenever another connection has committed."""
    return int(connection.execute("PRAGMA data_version").fetchone()[0])


def count_runs_by_stream(connection: Connection) -> dict[int, int]:
    """Runs of every stream, by its row."""
    return dict(connection.execute("SELECT stream_id, count(*) FROM run_total GROUP BY stream_id").fetchall())


def services_of_pipelines(connection: Connection) -> dict[str, str]:
    """The service whose pipeline it is, by pipeline: as most of its runs say."""
    rows = connection.execute(
        "SELECT l.name, v.name, c.runs FROM (SELECT pipeline_id, service_id, count(*) AS runs"
        " FROM run INDEXED BY run_service WHERE service_id IS NOT NULL GROUP BY pipeline_id, service_id) c"
        " JOIN pipeline l ON l.pipeline_id = c.pipeline_id JOIN service v ON v.service_id = c.service_id"
        " ORDER BY 1, 3, 2 DESC"
    )
    return {row[0]: row[1] for row in rows}
