"""What people did with a red test case or an incident: the present state, folded from the events on it.

* An event that a later `undo` names says nothing.
* What is said of one red stretch ends with it: an acknowledgement, a claim until fixed, a verdict and a word on a
  change from before the stretch that is red now say nothing of it. A claim for good, a team, notes and a quarantine
  stay.
* What was resolved and is red in a run that began afterwards comes back by itself, with nobody on it.
* A quarantine holds until its moment comes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Protocol

from ingest.model import Verdict

UNTIL_FIXED, FOR_GOOD = "until fixed", "for good"
"""How long a claim lasts."""


class Action(StrEnum):
    """What can be done, as the log and the command line write it."""

    ACK = "ack"
    UNACK = "unack"
    CLAIM = "claim"
    RELEASE = "release"
    ASSIGN = "assign"
    NOTE = "note"
    CONFIRM = "confirm"
    REFUTE = "refute"
    RECLASSIFY = "reclassify"
    QUARANTINE = "quarantine"
    UNQUARANTINE = "unquarantine"
    RESOLVE = "resolve"
    MERGE = "merge"
    SPLIT = "split"
    START = "start"
    """Of a session; so is the next."""
    END = "end"
    UNDO = "undo"


class Event(Protocol):
    """One event of the log."""

    @property
    def event_id(self) -> int: ...
    @property
    def at_ms(self) -> int: ...
    @property
    def actor(self) -> str: ...
    @property
    def action(self) -> str: ...
    @property
    def new_value(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Stretch:
    """A red stretch that is not over: start of its first and of its last red run."""

    since_ms: int
    last_red_ms: int


@dataclass(frozen=True, slots=True)
class Act:
    """Who did something, when, and what they said."""

    actor: str
    at_ms: int
    value: str = ""


@dataclass(frozen=True, slots=True)
class Quarantine:
    """A test case whose failures do not gate until a moment."""

    actor: str
    at_ms: int
    until_ms: int
    reason: str
    owner: str
    issue: str = ""


@dataclass(frozen=True, slots=True)
class Handling:
    """What people did, as it holds now."""

    version: int = 0
    """Id of the last event; 0: there is none."""
    acknowledged: Act | None = None
    claimed: Act | None = None
    """Its value is `until fixed` or `for good`."""
    assigned: Act | None = None
    """Its value is the team."""
    notes: tuple[Act, ...] = ()
    confirmed: Act | None = None
    """Its value is the change's id."""
    refuted: tuple[str, ...] = ()
    """Ids of changes that were not the cause."""
    verdict: Act | None = None
    """Its value is what people say it is."""
    quarantine: Quarantine | None = None
    """The last one that nobody lifted, also when its time is over; see `is_quarantined`."""
    resolved: Act | None = None
    is_back: bool = False
    """Resolved, and red again."""

    def is_quarantined(self, now_ms: int) -> bool:
        """Whether a quarantine holds at a moment."""
        return self.quarantine is not None and now_ms < self.quarantine.until_ms


def fold(events: Iterable[Event], red: Stretch | None = None) -> Handling:
    """The state that events on one subject leave.

    Args:
        events: oldest first.
        red: the stretch that is red now; None: it is not known to be red, nothing ends by itself.
    """
    known = tuple(events)
    undone = {event.new_value for event in known if event.action == Action.UNDO}
    state = Handling(version=max((event.event_id for event in known), default=0))
    for event in known:
        if str(event.event_id) not in undone and event.action != Action.UNDO:
            state = _after(state, event, is_of_now=red is None or event.at_ms >= red.since_ms)
    if state.resolved is not None and red is not None and red.last_red_ms > state.resolved.at_ms:
        return replace(state, resolved=None, is_back=True)
    return state


def _after(state: Handling, event: Event, *, is_of_now: bool) -> Handling:
    """The state after one more event."""
    value = event.new_value or ""
    act = Act(event.actor, event.at_ms, value)
    match event.action:
        case Action.UNACK:
            return replace(state, acknowledged=None)
        case Action.CLAIM if is_of_now or value != UNTIL_FIXED:
            return replace(state, claimed=act)
        case Action.RELEASE:
            return replace(state, claimed=None)
        case Action.ASSIGN:
            return replace(state, assigned=act if value else None)
        case Action.NOTE:
            return replace(state, notes=(*state.notes, act))
        case Action.QUARANTINE:
            return replace(state, quarantine=read_quarantine(act) or state.quarantine)
        case Action.UNQUARANTINE:
            return replace(state, quarantine=None)
        case Action.RESOLVE:
            return replace(state, resolved=act, acknowledged=None, claimed=None)
    return _said(state, event.action, act) if is_of_now else state


def _said(state: Handling, action: str, act: Act) -> Handling:
    """The state after something was said of the stretch that is red now."""
    if action == Action.ACK:
        return replace(state, acknowledged=act, resolved=None)
    if action == Action.CONFIRM:
        return replace(state, confirmed=act, refuted=tuple(one for one in state.refuted if one != act.value))
    if action == Action.REFUTE:
        stays = state.confirmed if state.confirmed is None or state.confirmed.value != act.value else None
        return replace(state, confirmed=stays, refuted=tuple(dict.fromkeys((*state.refuted, act.value))))
    if action == Action.RECLASSIFY and act.value in {verdict.value for verdict in Verdict}:
        return replace(state, verdict=act)
    return state


def read_quarantine(act: Act) -> Quarantine | None:
    """The quarantine that an event's value holds; None where it holds none.

    >>> read_quarantine(Act("ada", 1, '{"until_ms": 9, "reason": "slow", "owner": "@pay", "issue": ""}')).until_ms
    9
    """
    try:
        said = json.loads(act.value)
        texts = [str(said.get(name) or "") for name in ("reason", "owner", "issue")]
        return Quarantine(act.actor, act.at_ms, int(said["until_ms"]), *texts)
    except (ValueError, TypeError, KeyError, AttributeError):
        return None


def quarantine_value(until_ms: int, reason: str, owner: str, issue: str) -> str:
    """What an event holds of a quarantine; `read_quarantine` reads it back."""
    return json.dumps({"until_ms": until_ms, "reason": reason, "owner": owner, "issue": issue}, ensure_ascii=False)
