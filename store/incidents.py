"""Stored incidents and kept answers: what is derived from facts and worth remembering between readings.

Until somebody acts on an incident its id is the one its facts give, so that any order of the same inputs ends in the
same ids; the former id stays as an alias. Once a triage event names an incident, its id stays.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.model import Scope
from store.connect import Connection

REOPENS_MS = 5 * 86_400_000
"""An incident that comes back within this time is the same one."""


@dataclass(frozen=True, slots=True)
class OpenIncident:
    """An incident as its facts give it now."""

    ident: str
    title: str
    onset_ms: int
    last_red_ms: int
    members: tuple[tuple[Scope, bytes], ...]
    """(stream, first 8 bytes of the identity's SHA-256) of its test cases, the lead first."""


class Incidents:
    """Rows of `incident` and of `kept_answer`; the caller holds the transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def record(self, found: Iterable[OpenIncident]) -> None:
        """Match incidents to stored ones, open what is new, close what is not red any more."""
        seen: set[int] = set()
        for incident in found:
            members = [key for key in (self._member(*member) for member in incident.members) if key is not None]
            if members:
                seen.add(self._record_one(incident, members, seen))
        for (row,) in self._connection.execute("SELECT incident_id FROM incident WHERE is_open = 1").fetchall():
            if row not in seen:
                self._connection.execute("UPDATE incident SET is_open = 0 WHERE incident_id = ?", (row,))

    def keep_answer(self, name: str, key: str, revision: int, body: bytes) -> None:
        """Keep an answer made at a revision of the store."""
        self._connection.execute(
            "INSERT INTO kept_answer VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision,"
            " body = excluded.body",
            (name, key, revision, body),
        )

    def revision(self) -> int:
        """How many transactions have written."""
        return revision_of(self._connection)

    def _record_one(self, incident: OpenIncident, members: list[tuple[int, int]], seen: set[int]) -> int:
        row = self._match(incident, members, seen)
        stream_id, test_id = members[0]
        values = (stream_id, test_id, incident.title, incident.onset_ms, incident.last_red_ms)
        if row is None:
            cursor = self._connection.execute(
                "INSERT INTO incident (ident, stream_id, lead_test_id, title, onset_ms, last_red_ms, is_open)"
                " VALUES (?, ?, ?, ?, ?, ?, 1)",
                (incident.ident, *values),
            )
            incident_id = int(cursor.lastrowid or 0)
        else:
            incident_id, ident = row
            self._rename(incident_id, ident, incident.ident)
            self._connection.execute(
                "UPDATE incident SET stream_id = ?, lead_test_id = ?, title = ?, onset_ms = ?, last_red_ms = ?,"
                " is_open = 1 WHERE incident_id = ?",
                (*values, incident_id),
            )
        self._connection.execute("DELETE FROM incident_member WHERE incident_id = ?", (incident_id,))
        self._connection.executemany(
            "INSERT OR IGNORE INTO incident_member VALUES (?, ?, ?)",
            [(incident_id, stream, test) for stream, test in members],
        )
        return incident_id

    def _match(self, incident: OpenIncident, members: list[tuple[int, int]], seen: set[int]) -> tuple[int, str] | None:
        """The stored incident that this one is: by id, else the oldest with its lead that is open or was lately."""
        same = self._connection.execute(
            "SELECT incident_id, ident FROM incident WHERE ident = ?", (incident.ident,)
        ).fetchone()
        if same is not None:
            return (same[0], same[1])
        stream_id, test_id = members[0]
        rows = self._connection.execute(
            "SELECT i.incident_id, i.ident FROM incident i JOIN incident_member m ON m.incident_id = i.incident_id"
            " WHERE m.test_id = ? AND m.stream_id = ? AND (i.is_open = 1 OR i.last_red_ms >= ?)"
            " ORDER BY i.incident_id",
            (test_id, stream_id, incident.onset_ms - REOPENS_MS),
        )
        return next(((row[0], row[1]) for row in rows if row[0] not in seen), None)

    def _rename(self, incident_id: int, old: str, new: str) -> None:
        if old == new:
            return
        acted = self._connection.execute(
            "SELECT 1 FROM triage_event WHERE subject_kind = 'incident' AND subject = ? LIMIT 1", (old,)
        ).fetchone()
        kept, alias = (old, new) if acted else (new, old)
        self._connection.execute("DELETE FROM incident_alias WHERE ident = ?", (kept,))
        self._connection.execute("INSERT OR REPLACE INTO incident_alias VALUES (?, ?)", (alias, incident_id))
        self._connection.execute("UPDATE incident SET ident = ? WHERE incident_id = ?", (kept, incident_id))

    def _member(self, scope: Scope, stable: bytes) -> tuple[int, int] | None:
        row = self._connection.execute(
            "SELECT s.stream_id, t.test_id FROM stream s JOIN pipeline l ON l.pipeline_id = s.pipeline_id, test_case t"
            " WHERE l.name = ? AND s.environment = ? AND s.branch = ? AND s.variant = ? AND t.stable = ?",
            (scope.pipeline, scope.environment, scope.branch, scope.variant, stable),
        ).fetchone()
        return None if row is None else (int(row[0]), int(row[1]))


def revision_of(connection: Connection) -> int:
    """How many transactions have written."""
    return int(connection.execute("SELECT value FROM state WHERE name = 'revision'").fetchone()[0])
