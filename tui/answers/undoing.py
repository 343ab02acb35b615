"""Taking back what was done: another event, which says of the first that it says nothing any more."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from analysis.handling import Action
from ingest.settings import Settings
from store.connect import Connection, open_reader
from store.read import triage
from store.read.regrouping import current_idents
from store.read.streams import newest_end
from store.read.triage import INCIDENT, TEST, TriageEvent
from store.triage import Deed
from tui.answers.acting import ActRefused, Done, Subject, actor_name, append_or_tell, others_acted
from tui.errors import NoMatch


def undo(database: Path, settings: Settings, events: Sequence[int], *, clock_ms: int) -> Done:
    """Take back what was done, unless somebody else acted on it since.

    Args:
        events: ids of one deed's events.

    Raises:
        ActRefused: there is nothing to take back.
        OthersActed: others acted; nothing was written.
        store.errors.StoreError: the store cannot be read or written.
    """
    actor = actor_name(settings)
    with closing(open_reader(database)) as connection:
        at_ms = max(clock_ms, newest_end(connection) or 0)
        log = [event for event in triage.list_log(connection) if event.event_id in set(events)]
        known = _known(connection, log)
    if not log:
        raise ActRefused("there is nothing to take back")
    first = log[0]
    subject = Subject(first.subject_kind, first.subject, first.subject)
    last = max(event.event_id for event in log)
    others = [event for event in known if event.event_id > last and event.actor != actor]
    if others:
        raise others_acted(subject, others)
    seen = max(event.event_id for event in known)
    deeds = [
        Deed(event.subject_kind, event.subject, Action.UNDO, event.action, str(event.event_id), seen) for event in log
    ]
    done = append_or_tell(database, subject, deeds, actor, at_ms)
    return Done(f"took back: {first.action}", done)


def _known(connection: Connection, log: Sequence[TriageEvent]) -> list[TriageEvent]:
    """Everything that was done with the subjects of some events."""
    incidents = current_idents(connection, [event.subject for event in log if event.subject_kind == INCIDENT])
    tests = [event.subject for event in log if event.subject_kind == TEST]
    sessions = [event.subject for event in log if event.subject_kind not in (INCIDENT, TEST)]
    found = triage.list_events(connection, incidents.values(), tests, sessions)
    return sorted({*log, *(event for some in found.values() for event in some)}, key=lambda event: event.event_id)


def events_of_deed(connection: Connection, event_id: int) -> tuple[int, ...]:
    """Ids of everything that was written by the deed that an event is of, such as on each test of an incident.

    Raises:
        NoMatch: there is no such event.
    """
    log = triage.list_log(connection)
    chosen = next((event for event in log if event.event_id == event_id), None)
    if chosen is None:
        raise NoMatch("event of the log", str(event_id))
    alike = (chosen.at_ms, chosen.actor, chosen.action, chosen.new_value)
    return tuple(e.event_id for e in log if (e.at_ms, e.actor, e.action, e.new_value) == alike)
