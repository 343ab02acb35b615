"""Which inputs were refused, and why."""

from __future__ import annotations

from dataclasses import dataclass

from store.connect import Connection


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
    raise NotImplementedError
