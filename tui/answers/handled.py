"""What people did, laid over what the facts say: states of incidents and tests, in words.

Kept answers hold facts alone. What was done is read with them each time, so that a deed is seen at once and nothing has
to be worked out anew. Without `--at` all of it counts, and now is the end of the newest run or the last deed, whichever
is later; with it only what was done by then.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from analysis.handling import UNTIL_FIXED, Act, Action, Handling, Stretch, fold, read_quarantine
from analysis.ledger import Said
from ingest.model import Change, Verdict
from store.connect import Connection
from store.read.regrouping import split_off, stored_idents
from store.read.triage import INCIDENT, TEST, Subject, TriageEvent, last_event, list_events
from tui.answers.query import Query, Window
from tui.answers.regrouping import regroup
from tui.answers.said import called_by_case, last_word
from tui.answers.triage import NEW, QUARANTINED, RESOLVED, DoneBefore, IncidentRow, by_weight
from tui.times import iso

_NO_NAMES: Mapping[str, str] = MappingProxyType({})
_WORDS = {
    Action.ACK: "acknowledged it",
    Action.UNACK: "took the acknowledgement back",
    Action.RELEASE: "released it",
    Action.UNQUARANTINE: "lifted the quarantine",
    Action.START: "began the session",
    Action.END: "ended the session",
}
_WITH_VALUE = {
    Action.ASSIGN: "assigned it to",
    Action.NOTE: "noted:",
    Action.CONFIRM: "confirmed the suspect",
    Action.REFUTE: "refuted the suspect",
    Action.RECLASSIFY: "called it",
}


def handled_rows(
    connection: Connection, query: Query, window: Window, rows: Sequence[IncidentRow]
) -> tuple[IncidentRow, ...]:
    """Incidents under the ids that they go by, with their states, in the order that follows from them."""
    now = _stored_ids(connection, rows)
    stored = [replace(row, incident_id=now[row.incident_id]) for row in rows]
    rows = regroup(connection, query, window, stored)
    tests = {case.test_id for row in rows for case, _ in row.tests}
    events = known_events(connection, query, window, [row.incident_id for row in rows], tests)
    now_ms = present_moment(connection, query, window)
    called = called_by_case(connection, query, window)
    words = [last_word(called.get((row.lead.test_id, row.scope), ()), row.since_ms) for row in rows]
    return by_weight(_handled(row, events, word, now_ms) for row, word in zip(rows, words, strict=True))


def _stored_ids(connection: Connection, rows: Sequence[IncidentRow]) -> dict[str, str]:
    """The id under which each incident is stored by the id that its facts give; no two share one."""
    now = stored_idents(connection, [row.incident_id for row in rows])
    found: dict[str, str] = {}
    for ident in sorted(now, key=lambda ident: now[ident] != ident):
        found[ident] = now[ident] if now[ident] not in found.values() else ident
    return found


def test_states(
    connection: Connection, query: Query, window: Window, red: Sequence[tuple[str, Stretch]]
) -> dict[str, str]:
    """What people did with red test cases themselves, in words, by `test_id`.

    Args:
        red: (`test_id`, a stretch in which it is red); of several the one that began last counts.
    """
    stretches = {test: stretch for test, stretch in sorted(red, key=lambda pair: pair[1].since_ms)}
    events = known_events(connection, query, window, (), stretches)
    now_ms = present_moment(connection, query, window)
    return {test: state_text(fold(some, stretches[test]), now_ms) for (_, test), some in events.items()}


def test_deeds(
    connection: Connection, query: Query, window: Window, test_id: str, red: Stretch | None
) -> tuple[str, int, tuple[DoneBefore, ...], Handling]:
    """(state in words, id of the last event, what was done newest first, what holds) of one test case itself."""
    events = known_events(connection, query, window, (), [test_id]).get((TEST, test_id), ())
    handling = fold(events, red)
    newest_first = sorted(events, key=lambda event: -event.event_id)
    state = state_text(handling, present_moment(connection, query, window))
    return state, handling.version, _deeds(newest_first, {}), handling


def known_events(
    connection: Connection, query: Query, window: Window, incidents: Iterable[str], tests: Iterable[str]
) -> dict[Subject, tuple[TriageEvent, ...]]:
    """What was done with some subjects by the moment that is asked for."""
    events = list_events(connection, incidents, tests)
    if query.at is None:
        return events
    seen = {subject: tuple(one for one in some if one.at_ms <= window.now_ms) for subject, some in events.items()}
    return {subject: some for subject, some in seen.items() if some}


def present_moment(connection: Connection, query: Query, window: Window | None) -> int:
    """The moment at which quarantines are looked at."""
    newest_ms = window.now_ms if window is not None else 0
    return newest_ms if query.at is not None else max(newest_ms, last_event(connection)[1])


def _handled(
    row: IncidentRow, events: dict[Subject, tuple[TriageEvent, ...]], word: Said | None, now_ms: int
) -> IncidentRow:
    own = events.get((INCIDENT, row.incident_id), ())
    members = list(dict.fromkeys(case.test_id for case, _ in row.tests))
    of_tests = {test: events[TEST, test] for test in members if (TEST, test) in events}
    if not own and not of_tests:
        return row
    if word is not None:
        row = replace(
            row, verdict=word.verdict, probability=1.0, called_by=word.actor, model=(row.verdict, row.probability)
        )
    handling = fold(own, Stretch(row.since_ms, row.last_red_ms))
    ends = [_quarantined_until(of_tests.get(test, ()), now_ms) for test in members]
    until_ms = min((end for end in ends if end is not None), default=0) if None not in ends else 0
    everything = sorted({*own, *(event for some in of_tests.values() for event in some)}, key=lambda e: -e.event_id)
    state = f"{QUARANTINED} until {iso(until_ms)[:10]}" if until_ms else state_text(handling, now_ms)
    return replace(
        row,
        state=state,
        act_probability=_act_probability(row, handling, is_aside=bool(until_ms)),
        version=everything[0].event_id,
        deeds=_deeds(everything, {h.change.change_id: change_name(h.change) for h in row.hypotheses if h.change}),
    )


def _act_probability(row: IncidentRow, handling: Handling, *, is_aside: bool) -> float:
    """P(someone must act): none for what is in quarantine or resolved; where people said what it is, as they say."""
    if is_aside or handling.resolved is not None:
        return 0.0
    if row.model is None or row.verdict is Verdict.UNDECIDED:
        return row.act_probability
    return 0.0 if row.verdict is Verdict.FLAKY else 1.0


def _quarantined_until(events: Sequence[TriageEvent], now_ms: int) -> int | None:
    handling = fold(events)
    return handling.quarantine.until_ms if handling.quarantine and handling.is_quarantined(now_ms) else None


def change_name(change: Change) -> str:
    """A change in a sentence."""
    return " ".join(part for part in (change.service, change.to_version) if part) or change.change_id


def _deeds(events: Sequence[TriageEvent], names: dict[str, str]) -> tuple[DoneBefore, ...]:
    """Events in words, each once where it was done with several tests at a time; `names` are those of changes."""
    deeds = (DoneBefore(event.at_ms, event.actor, deed_words(event, names)) for event in events)
    return tuple(dict.fromkeys(deeds))


def state_text(handling: Handling, now_ms: int) -> str:
    """What holds now, in the words that lists show: the strongest of it."""
    if handling.quarantine is not None and handling.is_quarantined(now_ms):
        return f"{QUARANTINED} until {iso(handling.quarantine.until_ms)[:10]}"
    for word, act in ((f"{RESOLVED} by", handling.resolved), ("claimed by", handling.claimed)):
        if act is not None:
            return f"{word} {act.actor}"
    if handling.assigned is not None:
        return f"assigned to {handling.assigned.value}"
    if handling.acknowledged is not None:
        return f"acknowledged by {handling.acknowledged.actor}"
    return "failing again" if handling.is_back else NEW


def deed_words(event: TriageEvent, names: Mapping[str, str] = _NO_NAMES) -> str:
    """What somebody did, for a sentence that begins with who.

    Args:
        names: of changes, by their ids.

    >>> deed_words(TriageEvent(1, 0, "ada", "incident", "i-1", "claim", None, "until fixed"))
    'claimed it until fixed'
    """
    value = event.new_value or ""
    if event.action == Action.CLAIM:
        return f"claimed it {value}" if value == UNTIL_FIXED else "claimed it"
    if event.action == Action.RESOLVE:
        return f"resolved it as {value}" if value else "resolved it"
    if event.action == Action.UNDO:
        return f"took back: {event.old_value or 'something'}"
    if event.action == Action.MERGE:
        return f"merged {event.old_value} into {value}"
    if event.action == Action.SPLIT:
        ident, number = split_off(value)
        return f"split {number} test{'' if number == 1 else 's'} off from {event.old_value} as {ident}"
    if event.action == Action.QUARANTINE:
        said = read_quarantine(Act(event.actor, event.at_ms, value))
        if said is not None:
            issue = f", {said.issue}" if said.issue else ""
            return f"put it in quarantine until {iso(said.until_ms)[:10]}: {said.reason} (owner {said.owner}{issue})"
    if event.action in _WITH_VALUE:
        return f"{_WITH_VALUE[Action(event.action)]} {names.get(value, value)}"
    return _WORDS[Action(event.action)] if event.action in _WORDS else f"{event.action} {value}".strip()
