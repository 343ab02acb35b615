"""Merging incidents that are one, and splitting off what is another: written only on what its author saw.

Both are single events that are taken back like all others. What was done with either incident stays with it: with what
they became together, or with the part that keeps the id.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from analysis.handling import Action
from ingest.model import stable_id
from ingest.settings import Settings
from store.connect import Connection, open_reader
from store.read import triage
from store.read.regrouping import Member, current_idents, split_value
from store.read.streams import newest_end
from store.read.triage import INCIDENT
from store.triage import Deed
from tui.answers.acting import ActRefused, Done, Subject, actor_name, append_or_tell
from tui.answers.query import Query
from tui.answers.triage import IncidentRow, answer_triage
from tui.errors import NoMatch


def merge(
    database: Path,
    settings: Settings,
    subject: Subject,
    into: Subject,
    *,
    clock_ms: int,
    seen: int | None = None,
) -> Done:
    """Make an incident a part of another, which keeps its id; the first one's id leads there.

    Args:
        seen: the last event on either of them that the person saw; None: what is there now.

    Raises:
        ActRefused: they are one already, or no incidents.
        OthersActed: others acted; nothing was written.
        store.errors.StoreError: the store cannot be read or written.
    """
    _must_be_incidents(subject, into)
    with closing(open_reader(database)) as connection:
        at_ms = max(clock_ms, newest_end(connection) or 0)
        now = current_idents(connection, [subject.key, into.key])
        first, second = now[subject.key], now[into.key]
        if first == second:
            raise ActRefused(f"{subject.label} and {into.label} are one incident already")
        held = _seen(connection, (first, second), seen)
    deeds = [Deed(INCIDENT, ident, Action.MERGE, first, second, held) for ident in (first, second)]
    actor = actor_name(settings)
    done = append_or_tell(database, subject, deeds, actor, at_ms)
    return Done(f"{actor} merged {first} into {second}", done)


def split(
    database: Path,
    settings: Settings,
    subject: Subject,
    members: Sequence[Member],
    *,
    clock_ms: int,
    seen: int | None = None,
) -> Done:
    """Make some red tests of an incident one of their own, with an id of its own.

    Args:
        members: the red tests, each with its stream.
        seen: as in `merge`.

    Raises:
        ActRefused: nothing, or everything, is to be split off; or it is no incident that is red now.
        OthersActed: others acted; nothing was written.
        store.errors.StoreError: the store cannot be read or written.
    """
    _must_be_incidents(subject)
    with closing(open_reader(database)) as connection:
        at_ms = max(clock_ms, newest_end(connection) or 0)
        row = red_incident(connection, settings, subject)
        here = {(case.test_id, scope) for case, scope in row.tests}
        chosen = here & set(members)
        if not chosen or chosen == here:
            what = "nothing of it" if not chosen else "all of it"
            raise ActRefused(f"{subject.label}: a split takes some of its tests away, this is {what}")
        held = _seen(connection, (row.incident_id,), seen)
    parts = sorted(f"{test}{scope}" for test, scope in chosen)
    ident = f"i-{stable_id(chr(31).join((row.incident_id, str(at_ms), *parts)))[:10]}"
    value = split_value(ident, chosen)
    deeds = [Deed(INCIDENT, name, Action.SPLIT, row.incident_id, value, held) for name in (row.incident_id, ident)]
    actor = actor_name(settings)
    done = append_or_tell(database, subject, deeds, actor, at_ms)
    number = f"{len(chosen)} test{'' if len(chosen) == 1 else 's'}"
    return Done(f"{actor} split {number} off from {row.incident_id} as {ident}", done)


def find_members(connection: Connection, settings: Settings, subject: Subject, texts: Sequence[str]) -> list[Member]:
    """The red tests of an incident that texts name: each any part of an identity, in every stream where it is red.

    Raises:
        NoMatch: a text names none of them.
    """
    row = red_incident(connection, settings, subject)
    found: list[Member] = []
    for text in texts:
        meant = [(case.test_id, scope) for case, scope in row.tests if text.casefold() in case.identity.casefold()]
        if not meant:
            names = tuple(dict.fromkeys(case.identity for case, _ in row.tests))
            raise NoMatch(f"red test of {subject.label}", text, names)
        found += meant
    return found


def red_incident(connection: Connection, settings: Settings, subject: Subject) -> IncidentRow:
    """An incident that is red now, as people see it.

    Raises:
        ActRefused: it is not.
    """
    ident = current_idents(connection, [subject.key])[subject.key]
    rows = answer_triage(connection, Query(settings=settings)).incidents
    row = next((row for row in rows if row.incident_id == ident), None)
    if row is None:
        raise ActRefused(f"{subject.label} is not red now")
    return row


def _must_be_incidents(*subjects: Subject) -> None:
    wrong = next((one for one in subjects if one.kind != INCIDENT), None)
    if wrong is not None:
        raise ActRefused(f"{wrong.label} is a test; incidents are merged and split")


def _seen(connection: Connection, idents: Sequence[str], seen: int | None) -> int:
    if seen is not None:
        return seen
    known = triage.list_events(connection, idents)
    return max((event.event_id for some in known.values() for event in some), default=0)
