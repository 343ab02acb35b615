"""What people did, as the append-only log has it, and where the incidents that it names were."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.connect import Connection
from store.read.rows import marks

CALLS = ("confirm", "reclassify", "resolve", "quarantine")
"""Actions that say what a failure was."""
_CHUNK = 500


@dataclass(frozen=True, slots=True)
class TriageCall:
    """One such event."""

    event_id: int
    at_ms: int
    actor: str
    subject_kind: str
    """`incident` or `test`."""
    subject: str
    """The incident's id, or the test's identity or `test_id`."""
    action: str
    new_value: str
    """Of `confirm` the change's id, of `reclassify` and `resolve` a verdict or nothing, of `quarantine` anything."""


@dataclass(frozen=True, slots=True)
class IncidentPlace:
    """A stored incident: its streams and test cases, and from when to when it was red."""

    onset_ms: int
    last_red_ms: int
    members: tuple[tuple[int, int], ...]
    """(stream row, test row)."""


def list_calls(connection: Connection, until_ms: int) -> tuple[TriageCall, ...]:
    """Everything people said by a moment of what failures were, in the order in which they said it."""
    rows = connection.execute(
        "SELECT event_id, at_ms, actor, subject_kind, subject, action, coalesce(new_value, '') FROM triage_event"
        f" WHERE action IN ({marks(len(CALLS))}) AND at_ms <= ? ORDER BY event_id",
        (*CALLS, until_ms),
    )
    return tuple(TriageCall(*row) for row in rows)


def load_places(connection: Connection, idents: Sequence[str]) -> dict[str, IncidentPlace]:
    """Incidents by an id under which they go or went."""
    found: dict[str, IncidentPlace] = {}
    wanted = sorted(set(idents))
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        rows = connection.execute(
            "SELECT n.ident, i.incident_id, i.onset_ms, i.last_red_ms FROM incident i JOIN"
            " (SELECT ident, incident_id FROM incident UNION SELECT ident, incident_id FROM incident_alias) n"
            f" ON n.incident_id = i.incident_id WHERE n.ident IN ({marks(len(chunk))})",
            chunk,
        ).fetchall()
        for ident, row, onset_ms, last_red_ms in rows:
            members = connection.execute(
                "SELECT stream_id, test_id FROM incident_member WHERE incident_id = ? ORDER BY 1, 2", (row,)
            ).fetchall()
            found[ident] = IncidentPlace(onset_ms, last_red_ms, tuple((stream, test) for stream, test in members))
    return found
