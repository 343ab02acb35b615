"""Answers kept at the end of an ingest, for the first paint of the dashboard."""

from __future__ import annotations

from store.connect import Connection
from store.incidents import revision_of


def load_answer(connection: Connection, name: str, key: str) -> bytes | None:
    """A kept answer, if nothing was written since it was made."""
    row = connection.execute(
        "SELECT body FROM kept_answer WHERE name = ? AND key = ? AND revision = ?", (name, key, revision_of(connection))
    ).fetchone()
    return None if row is None else bytes(row[0])


def load_last_answer(connection: Connection, name: str, key: str) -> bytes | None:
    """A kept answer, whatever was written since it was made."""
    row = connection.execute("SELECT body FROM kept_answer WHERE name = ? AND key = ?", (name, key)).fetchone()
    return None if row is None else bytes(row[0])


def load_ranking(connection: Connection, digest: str) -> bytes | None:
    """A kept ranking of suspects by the digest of its question."""
    row = connection.execute("SELECT body FROM kept_ranking WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else bytes(row[0])


def load_owner_places(connection: Connection, key: str) -> bytes | None:
    """What was kept of the answers of owner files, by the digest of those files."""
    row = connection.execute("SELECT body FROM kept_answer WHERE name = 'owners' AND key = ?", (key,)).fetchone()
    return None if row is None else bytes(row[0])
