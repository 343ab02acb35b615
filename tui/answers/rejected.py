"""Which inputs were refused, and why; one of them by number, digest or part of its path."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.connect import Connection
from store.read import ledger
from tui.errors import NoMatch

_LEAST_DIGITS = 6
"""Of a digest, to tell it from a number."""


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
    digest: str = ""
    """SHA-256 in hex; empty where it could not be read at all."""
    format: str | None = None
    version: str = ""
    """Of the crywolf that refused it last; empty where it is not known."""
    column: int | None = None
    excerpt: str = ""
    """Clean lines around the place."""


def list_refused(connection: Connection) -> tuple[RefusedRow, ...]:
    """Every refused file, newest first."""
    return tuple(_row(found) for found in ledger.list_refused(connection))


def pick_refused(connection: Connection, texts: Sequence[str]) -> tuple[ledger.RefusedFile, ...]:
    """The refused files that some texts name, in that order, each once; without a text all, newest first.

    Raises:
        NoMatch: a text names none, or several.
    """
    rows = ledger.list_refused(connection)
    if not texts:
        return rows
    return tuple({row.number: row for text in texts for row in (_pick(rows, text),)}.values())


def show_refused(connection: Connection, texts: Sequence[str]) -> tuple[RefusedRow, ...]:
    """As `pick_refused`, to be shown."""
    return tuple(_row(found) for found in pick_refused(connection, texts))


def _pick(rows: Sequence[ledger.RefusedFile], text: str) -> ledger.RefusedFile:
    found = [row for row in rows if text in (str(row.number), row.path)]
    if not found and len(text) >= _LEAST_DIGITS:
        found = [row for row in rows if row.digest.startswith(text.lower())]
    if not found:
        found = [row for row in rows if text in row.path]
    if len(found) != 1:
        near = tuple(f"{row.number} {row.path}" for row in (found or rows))
        raise NoMatch("refused file", text, near, is_ambiguous=len(found) > 1)
    return found[0]


def _row(found: ledger.RefusedFile) -> RefusedRow:
    return RefusedRow(
        found.number,
        found.path,
        found.reason,
        found.line,
        found.size_bytes,
        found.first_seen_ms,
        found.last_seen_ms,
        found.attempts,
        found.digest,
        found.format,
        found.version,
        found.column,
        found.excerpt,
    )
