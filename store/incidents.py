"""Stored incidents and kept answers: what is derived from facts and worth remembering between readings.

Until somebody acts on an incident its id is the one its facts give, so that any order of the same inputs ends in the
same ids; the former id stays as an alias. Once a triage event names an incident, its id stays. Incidents that prove to
be one are joined, and all their ids lead to it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from ingest.model import Scope
from store.connect import Connection

REOPENS_MS = 5 * 86_400_000
"""An incident that comes back within this time is the same one."""

_Key = tuple[int, int]
"""(stream, test case)."""


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
        """Match incidents to stored ones, open what is new, join what proves to be one, close what is not red."""
        known: list[tuple[OpenIncident, list[_Key]]] = []
        for incident in found:
            members = [key for key in (self._member(*member) for member in incident.members) if key is not None]
            if members:
                known.append((incident, members))
        own = self._by_ident([incident.ident for incident, _ in known])
        leads = self._open_leads()
        seen = set(own.values())
        for incident, members in known:
            first = own.get(incident.ident) or self._by_lead(incident, members[0], seen)
            joined = [row for key in members for row in leads.get(key, ()) if row not in seen and row != first]
            pool = sorted(
                dict.fromkeys([*([first] if first else []), *joined]), key=lambda row: not self._is_acted(row)
            )
            seen.add(self._keep(incident, members, pool))
            seen.update(pool)
        for row in (row for rows in leads.values() for row in rows if row not in seen):
            self._connection.execute("UPDATE incident SET is_open = 0 WHERE incident_id = ?", (row,))

    def keep_answer(self, name: str, key: str, revision: int, body: bytes) -> None:
        """Keep an answer made at a revision of the store."""
        self._connection.execute(
            "INSERT INTO kept_answer VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET revision = excluded.revision,"
            " body = excluded.body",
            (name, key, revision, body),
        )

    def keep_owner_places(self, key: str, body: bytes) -> None:
        """Keep the answers of owner files by their digest, and forget those of former files."""
        self._connection.execute("DELETE FROM kept_answer WHERE name = 'owners'")
        self.keep_answer("owners", key, 0, body)

    def keep_rankings(self, made: Mapping[str, bytes], used: Iterable[str]) -> None:
        """Keep rankings by the digests of their questions, and of those kept before only what is still asked."""
        self._connection.execute(
            "DELETE FROM kept_ranking WHERE digest NOT IN (SELECT value FROM json_each(?))", (json.dumps(sorted(used)),)
        )
        self.add_rankings(made)

    def add_rankings(self, made: Mapping[str, bytes]) -> None:
        """Keep rankings beside those that are kept."""
        self._connection.executemany("INSERT OR REPLACE INTO kept_ranking VALUES (?, ?)", sorted(made.items()))

    def revision(self) -> int:
        """How many transactions have written."""
        return revision_of(self._connection)

    def _by_ident(self, idents: Sequence[str]) -> dict[str, int]:
        """Stored incidents that go by an id now, then those that went by it, each for one id only."""
        found: dict[str, int] = {}
        for query in (
            "SELECT incident_id FROM incident WHERE ident = ?",
            "SELECT incident_id FROM incident_alias WHERE ident = ?",
        ):
            for ident in idents:
                row = self._connection.execute(query, (ident,)).fetchone()
                if row is not None and ident not in found and row[0] not in found.values():
                    found[ident] = int(row[0])
        return found

    def _by_lead(self, incident: OpenIncident, lead: _Key, seen: set[int]) -> int | None:
        """The oldest stored incident that holds an incident's lead and is open or was lately."""
        rows = self._connection.execute(
            "SELECT i.incident_id FROM incident i JOIN incident_member m ON m.incident_id = i.incident_id"
            " WHERE m.stream_id = ? AND m.test_id = ? AND (i.is_open = 1 OR i.last_red_ms >= ?)"
            " ORDER BY i.incident_id",
            (*lead, incident.onset_ms - REOPENS_MS),
        ).fetchall()
        return next((int(row[0]) for row in rows if row[0] not in seen), None)

    def _open_leads(self) -> dict[_Key, list[int]]:
        rows = self._connection.execute(
            "SELECT stream_id, lead_test_id, incident_id FROM incident WHERE is_open = 1 ORDER BY incident_id"
        )
        leads: dict[_Key, list[int]] = {}
        for stream_id, test_id, row in rows.fetchall():
            leads.setdefault((stream_id, test_id), []).append(row)
        return leads

    def _keep(self, incident: OpenIncident, members: list[_Key], pool: list[int]) -> int:
        """Write an incident into the first of its stored ones, or as a new one; the others join it."""
        values = (*members[0], incident.title, incident.onset_ms, incident.last_red_ms)
        for other in pool[1:]:
            self._join(other, pool[0])
        if pool:
            row = pool[0]
            self._rename(row, incident.ident)
            self._connection.execute(
                "UPDATE incident SET stream_id = ?, lead_test_id = ?, title = ?, onset_ms = ?, last_red_ms = ?,"
                " is_open = 1 WHERE incident_id = ?",
                (*values, row),
            )
            self._connection.execute("DELETE FROM incident_member WHERE incident_id = ?", (row,))
        else:
            self._connection.execute("DELETE FROM incident_alias WHERE ident = ?", (incident.ident,))
            cursor = self._connection.execute(
                "INSERT INTO incident (ident, stream_id, lead_test_id, title, onset_ms, last_red_ms, is_open)"
                " VALUES (?, ?, ?, ?, ?, ?, 1)",
                (incident.ident, *values),
            )
            row = int(cursor.lastrowid or 0)
        self._connection.executemany(
            "INSERT OR IGNORE INTO incident_member VALUES (?, ?, ?)", [(row, *member) for member in members]
        )
        return row

    def _join(self, other: int, row: int) -> None:
        """Make one stored incident a part of another; its ids lead there."""
        ident = self._ident(other)
        self._connection.execute("UPDATE incident_alias SET incident_id = ? WHERE incident_id = ?", (row, other))
        self._connection.execute("DELETE FROM incident_member WHERE incident_id = ?", (other,))
        self._connection.execute("DELETE FROM incident WHERE incident_id = ?", (other,))
        self._connection.execute("INSERT OR REPLACE INTO incident_alias VALUES (?, ?)", (ident, row))

    def _rename(self, row: int, new: str) -> None:
        """Give an incident the id of its facts, or keep its own where somebody acted on it; both lead to it."""
        old = self._ident(row)
        if old == new:
            return
        kept, alias = (old, new) if self._is_acted(row) else (new, old)
        self._connection.execute("DELETE FROM incident_alias WHERE ident = ?", (kept,))
        self._connection.execute("INSERT OR REPLACE INTO incident_alias VALUES (?, ?)", (alias, row))
        self._connection.execute("UPDATE incident SET ident = ? WHERE incident_id = ?", (kept, row))

    def _is_acted(self, row: int) -> bool:
        """Whether a triage event names an incident by its id."""
        found = self._connection.execute(
            "SELECT 1 FROM triage_event WHERE subject_kind = 'incident' AND subject = ? LIMIT 1", (self._ident(row),)
        ).fetchone()
        return found is not None

    def _ident(self, row: int) -> str:
        found = self._connection.execute("SELECT ident FROM incident WHERE incident_id = ?", (row,)).fetchone()
        return str(found[0])

    def _member(self, scope: Scope, stable: bytes) -> _Key | None:
        row = self._connection.execute(
            "SELECT s.stream_id, t.test_id FROM stream s JOIN pipeline l ON l.pipeline_id = s.pipeline_id, test_case t"
            " WHERE l.name = ? AND s.environment = ? AND s.branch = ? AND s.variant = ? AND t.stable = ?",
            (scope.pipeline, scope.environment, scope.branch, scope.variant, stable),
        ).fetchone()
        return None if row is None else (int(row[0]), int(row[1]))


def revision_of(connection: Connection) -> int:
    """How many transactions have written."""
    return int(connection.execute("SELECT value FROM state WHERE name = 'revision'").fetchone()[0])
