"""What did who do, and when? The append-only log in words."""

from __future__ import annotations

from dataclasses import dataclass

from store.connect import Connection
from store.read import triage
from store.read.triage import INCIDENT, TEST, UNDO, TriageEvent
from tui.answers.acting import Subject, subject_label
from tui.answers.handled import deed_words


@dataclass(frozen=True, slots=True)
class LoggedDeed:
    """One event."""

    event_id: int
    at_ms: int
    actor: str
    kind: str
    """`incident`, `test` or `session`."""
    key: str
    label: str
    """The incident's id, or the test's identity, as they were then."""
    action: str
    words: str
    old_value: str | None
    new_value: str | None
    is_undone: bool


def answer_log(connection: Connection, subject: Subject | None = None) -> tuple[LoggedDeed, ...]:
    """Everything that was done, or what was done with one subject under any of its names, oldest first."""
    log = triage.list_log(connection)
    if subject is not None:
        incidents = [subject.key] if subject.kind == INCIDENT else []
        tests = [subject.key] if subject.kind == TEST else triage.list_members(connection, subject.key)
        found = triage.list_events(connection, incidents, tests)
        chosen = {event.event_id for events in found.values() for event in events}
        log = tuple(event for event in log if event.event_id in chosen)
    undone = {event.new_value for event in log if event.action == UNDO}
    labels: dict[tuple[str, str], str] = {}
    return tuple(_logged(connection, event, undone, labels) for event in log)


def _logged(
    connection: Connection, event: TriageEvent, undone: set[str | None], labels: dict[tuple[str, str], str]
) -> LoggedDeed:
    key = (event.subject_kind, event.subject)
    if key not in labels:
        labels[key] = subject_label(connection, *key)
    return LoggedDeed(
        event.event_id,
        event.at_ms,
        event.actor,
        *key,
        labels[key],
        event.action,
        deed_words(event),
        event.old_value,
        event.new_value,
        str(event.event_id) in undone,
    )
