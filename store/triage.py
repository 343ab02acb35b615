"""Appending what people did: in the log together or not at all, and never on top of something its author has not seen.

Each deed names the last event that its author knew of; the check is made inside the transaction that appends. Kept
answers hold facts alone and stay valid: what people did is laid over them when they are read.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from store.connect import Connection, Error, open_writer, translate
from store.locking import begin_writing
from store.read.regrouping import current_idents
from store.read.triage import INCIDENT, SESSION, TEST, UNDO, TriageEvent, list_events


@dataclass(frozen=True, slots=True)
class Deed:
    """An event that is to be appended."""

    subject_kind: str
    """`incident`, `test` or `session`."""
    subject: str
    """The incident's id, the test's `test_id`, or the session's name."""
    action: str
    old_value: str | None
    new_value: str | None
    seen: int
    """Last event that the author knew of; 0: none."""


class Overtaken(Exception):
    """Somebody else acted on a subject meanwhile; nothing was written.

    Args:
        events: what they did, oldest first.
    """

    def __init__(self, events: tuple[TriageEvent, ...]) -> None:
        self.events = events
        super().__init__("somebody else acted meanwhile")


def append_deeds(path: Path, deeds: Sequence[Deed], actor: str, at_ms: int) -> tuple[int, ...]:
    """Append deeds; the ids of their events, in the order given.

    Args:
        at_ms: when; no earlier than the end of the newest run, which its author may have acted on.

    Raises:
        Overtaken: a subject has an event that its author has not seen.
        store.errors.StoreError: the store cannot be written.
    """
    with closing(open_writer(path)) as connection:
        try:
            begin_writing(connection)
            done = _append(connection, deeds, actor, at_ms)
            connection.execute("COMMIT")
        except Error as problem:
            _undo(connection)
            raise translate(problem, path) from problem
        except BaseException:
            _undo(connection)
            raise
    return done


def _append(connection: Connection, deeds: Sequence[Deed], actor: str, at_ms: int) -> tuple[int, ...]:
    incidents = [deed.subject for deed in deeds if deed.subject_kind == INCIDENT]
    now = current_idents(connection, incidents)
    tests = [deed.subject for deed in deeds if deed.subject_kind == TEST]
    sessions = [deed.subject for deed in deeds if deed.subject_kind == SESSION]
    known = list_events(connection, sorted(set(now.values())), tests, sessions)
    missed: set[TriageEvent] = set()
    for deed in deeds:
        subject = now[deed.subject] if deed.subject_kind == INCIDENT else deed.subject
        missed.update(event for event in known.get((deed.subject_kind, subject), ()) if event.event_id > deed.seen)
    if missed:
        raise Overtaken(tuple(sorted(missed, key=lambda event: event.event_id)))
    return tuple(
        int(
            connection.execute(
                "INSERT INTO triage_event (at_ms, actor, subject_kind, subject, action, old_value, new_value)"
                " VALUES (?, ?, ?, ?, ?, ?, ?)",
                (at_ms, actor, deed.subject_kind, _subject(deed, now), *_values(deed)),
            ).lastrowid
            or 0
        )
        for deed in deeds
    )


def _subject(deed: Deed, now: dict[str, str]) -> str:
    """Where it is written: an incident goes by its present id; what takes an event back stands beside that event."""
    return deed.subject if deed.action == UNDO else now.get(deed.subject, deed.subject)


def _values(deed: Deed) -> tuple[str, str | None, str | None]:
    return (deed.action, deed.old_value, deed.new_value)


def _undo(connection: Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")
