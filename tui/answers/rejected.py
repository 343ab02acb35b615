"""Which inputs were refused, and why."""

from __future__ import annotations

from dataclasses import dataclass

from store.connect import Connection
from store.read import ledger


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """One refused file as the ledger has it."""

    number: int
    path: str
    reason: str
    line: int | None
    size_bytes: int
    first_seen_ms: int
    last_seen_ms: int
    attempts: int


def list_refused(connection: Connection) -> tuple[RefusedRow, ...]:
    """Every refused file, newest first."""
    return tuple(
        RefusedRow(
            row.number,
            row.path,
            row.reason,
            row.line,
            row.size_bytes,
            row.first_seen_ms,
            row.last_seen_ms,
            row.attempts,
        )
        for row in ledger.list_refused(connection)
    )
