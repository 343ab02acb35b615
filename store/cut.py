"""The moment before which results were pruned: of those days only sums are left, and they are never counted again.

A run lies on one side of it for good. What would count such a day anew (a late report, a note that moves a run, a
rename) leaves it as it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.connect import Connection

_NAME = "pruned_ms"
NEVER = -(2**62)


def load_cut(connection: Connection) -> int | None:
    """Start of the first UTC day (ms) whose results are all there; None when nothing was pruned."""
    row = connection.execute("SELECT value FROM state WHERE name = ?", (_NAME,)).fetchone()
    return None if row is None else int(row[0])


def set_cut(connection: Connection, cut_ms: int) -> None:
    """Note that results before a moment go; the caller holds the transaction. It never goes back."""
    connection.execute(
        "INSERT INTO state VALUES (?, ?) ON CONFLICT DO UPDATE SET value = max(value, excluded.value)", (_NAME, cut_ms)
    )


def is_across(connection: Connection, one_ms: int, other_ms: int) -> bool:
    """Whether the cut lies between two moments."""
    cut = load_cut(connection)
    return cut is not None and (one_ms < cut) != (other_ms < cut)
