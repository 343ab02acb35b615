"""Refused inputs as the ledger has them."""

from __future__ import annotations

from dataclasses import dataclass

from store.connect import Connection


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """One refused input."""

    number: int
    path: str
    reason: str
    line: int | None
    size_bytes: int
    first_seen_ms: int
    last_seen_ms: int
    attempts: int


def list_refused(connection: Connection) -> tuple[RefusedFile, ...]:
    """Every refused input, newest first."""
    rows = connection.execute(
        "SELECT source_id, path, coalesce(reason, ''), line, size_bytes, first_seen_ms, last_seen_ms, attempts"
        " FROM source_file WHERE status = 'rejected' ORDER BY last_seen_ms DESC, path"
    )
    return tuple(RefusedFile(*row) for row in rows)


def count_refused(connection: Connection) -> int:
    """How many inputs are refused now."""
    row = connection.execute("SELECT count(*) FROM source_file WHERE status = 'rejected'").fetchone()
    return int(row[0])
