"""What people did, as the append-only log has it, and where the incidents that it names were.

Events stay with their subject: those on an id that an incident had are on the incident, those on a test case's former
name are on the test case. An event that `undo` takes back says nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from store.connect import Connection
from store.read.regrouping import Split, current_idents, list_regroupings, names_of, stored_idents
from store.read.rows import marks

CALLS = ("confirm", "reclassify", "resolve", "quarantine")
"""Actions that say what a failure was."""
INCIDENT, TEST, SESSION = "incident", "test", "session"
REFUTE, UNDO = "refute", "undo"
"""`undo` takes back the event whose id is its new value."""
_COLUMNS = "e.event_id, e.at_ms, e.actor, e.subject_kind, e.subject, e.action, e.old_value, e.new_value"


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
class TriageEvent:
    """One event of the log, as it was written."""

    event_id: int
    """Grows; the last one on a subject is the version of its state."""
    at_ms: int
    actor: str
    subject_kind: str
    """`incident` or `test`."""
    subject: str
    """The incident's id at that time, or the test's `test_id` then."""
    action: str
    old_value: str | None
    new_value: str | None


Subject = tuple[str, str]
"""(`incident`, `test` or `session`, its present id or name)."""


@dataclass(frozen=True, slots=True)
class IncidentPlace:
    """A stored incident: its streams and test cases, and from when to when it was red."""

    onset_ms: int
    last_red_ms: int
    members: tuple[tuple[int, int], ...]
    """(stream row, test row)."""


def list_calls(connection: Connection, until_ms: int) -> tuple[TriageCall, ...]:
    """Everything people said by a moment of what failures were, in the order in which they said it.

    A suspect that was refuted after it was confirmed is left out.
    """
    rows = connection.execute(
        "SELECT event_id, at_ms, actor, subject_kind, subject, action, coalesce(new_value, '') FROM triage_event"
        f" WHERE action IN ({marks(len(CALLS) + 1)}) AND at_ms <= ?"
        " AND event_id NOT IN (SELECT CAST(new_value AS INTEGER) FROM triage_event WHERE action = ? AND at_ms <= ?)"
        " ORDER BY event_id",
        (*CALLS, REFUTE, until_ms, UNDO, until_ms),
    )
    calls: list[TriageCall] = []
    for call in (TriageCall(*row) for row in rows):
        if call.action != REFUTE:
            calls.append(call)
            continue
        refuted = ("confirm", call.subject, call.new_value)
        calls = [one for one in calls if (one.action, one.subject, one.new_value) != refuted]
    return tuple(calls)


def load_places(connection: Connection, idents: Sequence[str]) -> dict[str, IncidentPlace]:
    """Incidents by an id under which they go or went, as people merged and split them."""
    now = current_idents(connection, idents)
    holders = _holders(connection, set(now.values()))
    found: dict[str, IncidentPlace] = {}
    for ident, present in now.items():
        rows = [one for one in holders if one[0] == present]
        if rows:
            members = tuple(sorted({key for _, _, keys in rows for key in keys}))
            spans = [span for _, span, _ in rows]
            found[ident] = IncidentPlace(min(s for s, _ in spans), max(e for _, e in spans), members)
    return found


_Key = tuple[int, int]


def _holders(connection: Connection, wanted: set[str]) -> list[tuple[str, tuple[int, int], tuple[_Key, ...]]]:
    """(present id, (onset, last red), members) of every stored incident that is a part of some incidents."""
    splits = [one for one in list_regroupings(connection) if isinstance(one, Split)]
    sources = {one.source for one in splits if one.ident in wanted}
    names = names_of(connection, wanted | set(current_idents(connection, sources).values()))
    stored = set(stored_idents(connection, names).values())
    rows = connection.execute(
        "SELECT i.ident, i.onset_ms, i.last_red_ms, m.stream_id, m.test_id FROM json_each(?) n JOIN incident i"
        " ON i.ident = n.value LEFT JOIN incident_member m ON m.incident_id = i.incident_id ORDER BY 1, 4, 5",
        (json.dumps(sorted(stored)),),
    ).fetchall()
    apart = {key: one.ident for one in splits for key in _rows_of(connection, one)} if rows else {}
    now = current_idents(connection, {*(row[0] for row in rows), *apart.values()})
    parts: dict[tuple[str, tuple[int, int]], list[_Key]] = {}
    for ident, onset_ms, last_red_ms, stream_id, test_id in rows:
        key = (stream_id, test_id)
        holder = now[apart[key]] if key in apart else now[ident]
        part = parts.setdefault((holder, (onset_ms, last_red_ms)), [])
        if stream_id is not None:
            part.append(key)
    return [(ident, span, tuple(keys)) for (ident, span), keys in parts.items() if ident in wanted]


def _rows_of(connection: Connection, split: Split) -> tuple[_Key, ...]:
    """(stream row, test row) of what was split off."""
    found: list[_Key] = []
    for test, scope in sorted(split.members):
        row = connection.execute(
            "SELECT s.stream_id, t.test_id FROM stream s JOIN pipeline l ON l.pipeline_id = s.pipeline_id, test_case t"
            " WHERE l.name = ? AND s.environment = ? AND s.branch = ? AND s.variant = ? AND t.stable = ?",
            (scope.pipeline, scope.environment, scope.branch, scope.variant, bytes.fromhex(test)),
        ).fetchone()
        if row is not None:
            found.append((int(row[0]), int(row[1])))
    return tuple(found)


def last_event(connection: Connection) -> tuple[int, int]:
    """(id of the newest event, when the latest was); zeros where nobody has done anything."""
    row = connection.execute("SELECT coalesce(max(event_id), 0), coalesce(max(at_ms), 0) FROM triage_event").fetchone()
    return (int(row[0]), int(row[1]))


def has_session(connection: Connection) -> bool:
    """Whether anybody ever began a session on call."""
    row = connection.execute("SELECT 1 FROM triage_event WHERE subject_kind = 'session' LIMIT 1").fetchone()
    return row is not None


def list_log(connection: Connection) -> tuple[TriageEvent, ...]:
    """The whole log, oldest first."""
    return tuple(TriageEvent(*row) for row in connection.execute(f"SELECT {_COLUMNS} FROM triage_event e ORDER BY 1"))


def list_events(
    connection: Connection, incidents: Iterable[str] = (), tests: Iterable[str] = (), sessions: Iterable[str] = ()
) -> dict[Subject, tuple[TriageEvent, ...]]:
    """What was done with some incidents and test cases, by subject, oldest first; subjects without events are left out.

    Args:
        incidents: ids under which they go now.
        tests: their `test_id`s, by the names they go by now.
        sessions: their names.
    """
    found: dict[Subject, list[TriageEvent]] = {}
    idents = names_of(connection, incidents)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM json_each(?) n JOIN triage_event e ON e.subject_kind = 'incident'"
        " AND e.subject = n.value ORDER BY e.event_id",
        (json.dumps(sorted(idents)),),
    )
    for row in rows:
        event = TriageEvent(*row)
        found.setdefault((INCIDENT, idents[event.subject]), []).append(event)
    names = _names_of(connection, set(tests))
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM json_each(?) n JOIN triage_event e ON e.subject_kind = 'test' AND e.subject = n.value"
        " ORDER BY e.event_id",
        (json.dumps(sorted(names)),),
    )
    for row in rows:
        event = TriageEvent(*row)
        found.setdefault((TEST, names[event.subject]), []).append(event)
    rows = connection.execute(
        f"SELECT {_COLUMNS} FROM json_each(?) n JOIN triage_event e ON e.subject_kind = 'session'"
        " AND e.subject = n.value ORDER BY e.event_id",
        (json.dumps(sorted(set(sessions))),),
    )
    for row in rows:
        event = TriageEvent(*row)
        found.setdefault((SESSION, event.subject), []).append(event)
    return {subject: tuple(events) for subject, events in found.items()}


def list_subjects(connection: Connection, action: str) -> tuple[str, ...]:
    """Present `test_id`s of the test cases with which something was ever done by an action."""
    rows = connection.execute(
        "SELECT DISTINCT subject FROM triage_event WHERE subject_kind = 'test' AND action = ? ORDER BY 1", (action,)
    ).fetchall()
    onward = _onward(connection)
    return tuple(dict.fromkeys(_last(onward, subject) for (subject,) in rows))


def find_idents(connection: Connection, text: str) -> tuple[tuple[str, str, bool], ...]:
    """(id, title, is open) of the incidents whose id, or an id that they had, contains a text."""
    rows = connection.execute(
        "SELECT DISTINCT i.ident, i.title, i.is_open FROM incident i LEFT JOIN incident_alias a"
        " ON a.incident_id = i.incident_id WHERE instr(i.ident, ?1) > 0 OR instr(a.ident, ?1) > 0 ORDER BY i.ident",
        (text,),
    ).fetchall()
    now = current_idents(connection, [ident for ident, _, _ in rows])
    found = {now[ident]: (title, bool(is_open)) for ident, title, is_open in rows}
    for split in list_regroupings(connection):
        if isinstance(split, Split) and text in split.ident:
            found[current_idents(connection, [split.ident])[split.ident]] = (f"split off from {split.source}", True)
    return tuple((ident, *found[ident]) for ident in sorted(found))


def list_stored(connection: Connection, since_ms: int, until_ms: int) -> tuple[tuple[str, str, int, int], ...]:
    """(id, title, onset, last red) of the stored incidents that began in a span, oldest first."""
    rows = connection.execute(
        "SELECT ident, title, onset_ms, last_red_ms FROM incident WHERE onset_ms BETWEEN ? AND ? ORDER BY 3, 1",
        (since_ms, until_ms),
    )
    return tuple((ident, title, onset, last) for ident, title, onset, last in rows)


def list_members(connection: Connection, ident: str) -> tuple[str, ...]:
    """`test_id`s of an incident's test cases, each once."""
    place = load_places(connection, [ident]).get(ident)
    rows = connection.execute(
        "SELECT DISTINCT lower(hex(t.stable)) FROM json_each(?) n JOIN test_case t ON t.test_id = n.value ORDER BY 1",
        (json.dumps([test for _, test in place.members] if place else []),),
    )
    return tuple(str(row[0]) for row in rows)


def _onward(connection: Connection) -> dict[str, str]:
    """Renames by `test_id`."""
    rows = connection.execute(
        "SELECT lower(hex(o.stable)), lower(hex(n.stable)) FROM alias a JOIN test_case o ON o.test_id = a.old_test_id"
        " JOIN test_case n ON n.test_id = a.new_test_id"
    )
    return dict(rows.fetchall())


def _names_of(connection: Connection, tests: set[str]) -> dict[str, str]:
    """Present `test_id` by each `test_id` that some test cases have or had."""
    onward = _onward(connection)
    former = {old: _last(onward, old) for old in onward}
    return {test: test for test in tests} | {old: now for old, now in former.items() if now in tests}


def _last(onward: dict[str, str], test: str) -> str:
    while test in onward:
        test = onward[test]
    return test
