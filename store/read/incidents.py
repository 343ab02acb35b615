"""Incidents as they were last stored, for finding them by name."""

from __future__ import annotations

from store.connect import Connection


def list_titles(connection: Connection, limit: int = 1_000) -> tuple[tuple[str, str, bool], ...]:
    """Id, title and whether it is open; open ones first, then those that were red last."""
    rows = connection.execute(
        "SELECT ident, title, is_open FROM incident ORDER BY is_open DESC, last_red_ms DESC, ident LIMIT ?", (limit,)
    )
    return tuple((ident, title, bool(is_open)) for ident, title, is_open in rows)
