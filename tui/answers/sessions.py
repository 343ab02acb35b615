"""Sessions on call: a name, who began it and when, and when it ended. They are events of the append-only log.

A person has at most one session open. What was handled in it is what anybody did from its beginning to its end: who is
on call together sees one and the same list.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path

from analysis.handling import Action
from ingest.clean import clean_line
from ingest.redact import redact
from ingest.settings import Settings
from store.connect import Connection, open_reader
from store.read import triage
from store.read.regrouping import current_idents
from store.read.streams import newest_end
from store.read.triage import INCIDENT, SESSION, UNDO
from store.triage import Deed
from tui.answers.acting import ActRefused, Done, Subject, actor_name, append_or_tell
from tui.answers.query import Moment, Query
from tui.answers.triage import SessionNow
from tui.errors import NoMatch
from tui.times import minute

MAX_NAME = 80


@dataclass(frozen=True, slots=True)
class Session:
    """One session."""

    name: str
    actor: str
    """Who began it."""
    since_ms: int
    until_ms: int | None = None
    """None: it goes on."""
    version: int = 0
    """Id of its last event."""


def list_sessions(connection: Connection) -> tuple[Session, ...]:
    """All sessions in the order in which they were begun."""
    found: dict[str, Session] = {}
    for event in triage.list_log(connection):
        if event.subject_kind != SESSION:
            continue
        if event.action == Action.START:
            value = event.new_value or ""
            since_ms = int(value) if value.isdecimal() else event.at_ms
            found[event.subject] = Session(event.subject, event.actor, since_ms, version=event.event_id)
        elif event.action == Action.END and event.subject in found:
            found[event.subject] = replace(found[event.subject], until_ms=event.at_ms, version=event.event_id)
    return tuple(found.values())


def find_session(connection: Connection, settings: Settings, name: str | None = None) -> Session | None:
    """The session of a name; without one the person's open one, else any that is open, else the last that was.

    Raises:
        NoMatch: none has this name.
    """
    sessions = list_sessions(connection)
    if name is not None:
        found = next((one for one in sessions if one.name == name), None)
        if found is None:
            raise NoMatch("session", name, tuple(one.name for one in sessions))
        return found
    me = actor_name(settings)
    return max(
        sessions,
        key=lambda one: (one.until_ms is None and one.actor == me, one.until_ms is None, one.version),
        default=None,
    )


def open_session(connection: Connection, settings: Settings) -> Session | None:
    """The session that goes on: the person's own, else the newest of others."""
    found = find_session(connection, settings)
    return found if found is not None and found.until_ms is None else None


def session_now(connection: Connection, query: Query) -> SessionNow | None:
    """The session that goes on, with how much was handled in it by anybody."""
    found = open_session(connection, query.settings)
    if found is None:
        return None
    log = triage.list_log(connection)
    undone = {one.new_value for one in log if one.action == UNDO}
    stands = [one for one in log if one.action != UNDO and str(one.event_id) not in undone]
    mine = {(one.subject_kind, one.subject) for one in stands if one.at_ms >= found.since_ms}
    now = current_idents(connection, [subject for kind, subject in mine if kind == INCIDENT])
    handled = {(kind, now.get(subject, subject)) for kind, subject in mine if kind != SESSION}
    return SessionNow(found.name, found.actor, found.since_ms, len(handled))


def start_session(database: Path, settings: Settings, name: str, *, clock_ms: int, since: Moment | None = None) -> Done:
    """Begin a session, or say that it has been going on for a while.

    Args:
        name: by default who and when.
        since: when it began; so long back counts from the end of the newest run, as everywhere.

    Raises:
        ActRefused: the person has one open, or there was one of this name.
    """
    actor = actor_name(settings)
    with closing(open_reader(database)) as connection:
        newest_ms = newest_end(connection) or 0
        at_ms = max(clock_ms, newest_ms)
        since_ms = at_ms if since is None else since.at_ms or newest_ms - (since.back_ms or 0)
        wanted = redact(clean_line(name))[:MAX_NAME].strip() or f"{actor} {minute(since_ms)}"
        sessions = list_sessions(connection)
    mine = next((one for one in sessions if one.actor == actor and one.until_ms is None), None)
    if mine is not None:
        raise ActRefused(f"the session {mine.name!r} is open since {minute(mine.since_ms)} UTC; end it first")
    if any(one.name == wanted for one in sessions):
        raise ActRefused(f"there was a session {wanted!r} already; give it another name")
    if since_ms > at_ms:
        raise ActRefused(f"{minute(since_ms)} UTC has not come yet")
    deed = Deed(SESSION, wanted, Action.START, None, str(since_ms), 0)
    done = append_or_tell(database, Subject(SESSION, wanted, wanted), [deed], actor, at_ms)
    return Done(f"{wanted}: {actor} began the session", done)


def end_session(database: Path, settings: Settings, name: str | None, *, clock_ms: int) -> Done:
    """End a session; the person's own by default.

    Raises:
        ActRefused: there is none, or it has ended.
        NoMatch: none has this name.
    """
    actor = actor_name(settings)
    with closing(open_reader(database)) as connection:
        at_ms = max(clock_ms, newest_end(connection) or 0)
        found = find_session(connection, settings, name)
    if found is None or found.until_ms is not None or (name is None and found.actor != actor):
        raise ActRefused("no session of yours is open" if name is None else f"the session {name!r} has ended")
    deed = Deed(SESSION, found.name, Action.END, None, None, found.version)
    done = append_or_tell(database, Subject(SESSION, found.name, found.name), [deed], actor, at_ms)
    return Done(f"{found.name}: {actor} ended the session; crywolf export handover writes the report", done)
