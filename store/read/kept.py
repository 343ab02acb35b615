"""Answers kept at the end of an ingest, for the first paint of the dashboard; and ids that incidents had."""

from __future__ import annotations

from store.connect import Connection
from store.incidents import revision_of


def load_answer(connection: Connection, name: str, key: str) -> bytes | None:
    """A kept answer, if nothing was written since it was made."""
    row = connection.execute(
        "SELECT body FROM kept_answer WHERE name = ? AND key = ? AND revision = ?", (name, key, revision_of(connection))
    ).fetchone()
    return None if row is None else bytes(row[0])


def load_ranking(connection: Connection, digest: str) -> bytes | None:
    """A kept ranking of suspects by the digest of its question."""
    row = connection.execute("SELECT body FROM kept_ranking WHERE digest = ?", (digest,)).fetchone()
    return None if row is None else bytes(row[0])


def load_owner_places(connection: Connection, key: str) -> bytes | None:
    """What was kept of the answers of owner files, by the digest of those files."""
    row = connection.execute("SELECT body FROM kept_answer WHERE name = 'owners' AND key = ?", (key,)).fetchone()
    return None if row is None else bytes(row[0])


def current_ident(connection: Connection, ident: str) -> str:
    """The id under which an incident goes now: a former id leads to it, any other is its own."""
    row = connection.execute(
        "SELECT i.ident FROM incident_alias a JOIN incident i ON i.incident_id = a.incident_id WHERE a.ident = ?",
        (ident,),
    ).fetchone()
    return ident if row is None else str(row[0])
