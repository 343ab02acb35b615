"""Acting on an incident or a test: who means which, what is written, and what may not be done.

A deed is planned on the state that its author saw and written only if nobody did anything meanwhile; else the author is
told what the others did, and nothing is written. Doing again what holds already writes nothing.
"""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from analysis.handling import FOR_GOOD, UNTIL_FIXED, Action, Handling, Stretch, fold, quarantine_value
from ingest.clean import clean, clean_line
from ingest.model import Verdict
from ingest.redact import redact
from ingest.settings import Settings
from store.connect import Connection, open_reader
from store.read import changes, tests, triage
from store.read.streams import newest_end
from store.read.triage import INCIDENT, TEST, TriageEvent
from store.triage import Deed, Overtaken, append_deeds
from tui.answers.handled import deed_words
from tui.answers.naming import find_test
from tui.answers.query import DAY_MS, Query
from tui.errors import AnswerError, NoMatch
from tui.times import iso, parse_moment

MAX_NOTE = 4000
VERDICTS = tuple(verdict.value for verdict in Verdict if verdict is not Verdict.PASSING)
_OF_A_STRETCH = (
    Action.ACK,
    Action.CLAIM,
    Action.CONFIRM,
    Action.REFUTE,
    Action.RECLASSIFY,
    Action.RESOLVE,
)
_ID = re.compile(r"(i-)?[0-9a-f]{2,16}", re.IGNORECASE)
_BACK = re.compile(r"([0-9]{1,4})([hdw])")
_HOURS = {"h": 1, "d": 24, "w": 168}


class ActRefused(AnswerError):
    """A deed that may not be done, or not so."""


class OthersActed(ActRefused):
    """Somebody else acted meanwhile; the text says who and what."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What is acted on."""

    kind: str
    """`incident` or `test`."""
    key: str
    """The incident's present id, or the test's `test_id`."""
    label: str
    """For a sentence: the id, or the test's identity."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What a person wants done."""

    action: Action
    value: str = ""
    """The team, the text, the change, the verdict; `until fixed` or `for good` of a claim."""
    until_ms: int = 0
    """Of a quarantine; so are the next three."""
    reason: str = ""
    owner: str = ""
    issue: str = ""
    takes_over: bool = False
    """A claim that takes another's place."""


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a wish."""

    words: str
    """A sentence for the person."""
    events: tuple[int, ...] = ()
    """Ids of what was written; empty where it held already."""


# ------------------------------------------------------------------ what is meant
def find_subject(connection: Connection, text: str) -> Subject:
    """The incident or test case that a text names: any unambiguous part of its id or identity.

    Raises:
        NoMatch: nothing, or more than one thing, matches.
    """
    if _ID.fullmatch(text):
        found = triage.find_idents(connection, text.lower())
        chosen = [one for one in found if one[0] == text.lower()] or [one for one in found if one[2]] or list(found)
        if len(chosen) == 1:
            return Subject(INCIDENT, chosen[0][0], chosen[0][0])
        if chosen:
            names = tuple(f"{ident}  {title}" for ident, title, _ in chosen)
            raise NoMatch("incident", text, names, is_ambiguous=True)
        if text.lower().startswith("i-"):
            raise NoMatch("incident", text)
    info = find_test(connection, text)
    return Subject(TEST, info.case.test_id, info.case.identity)


def find_change(connection: Connection, text: str) -> str:
    """The id of the change that a text names: its id, a part of it, or of service, version and title.

    Raises:
        NoMatch: nothing, or more than one change, matches.
    """
    wanted = text.casefold()
    known = {one.change_id: one for one in changes.list_changes(connection, -(2**53), 2**53)}
    if text in known:
        return text
    labels = {
        ident: " ".join(part for part in (one.service, one.to_version, one.title) if part)
        for ident, one in known.items()
    }
    found = [ident for ident in known if wanted in ident.casefold() or wanted in labels[ident].casefold()]
    if len(found) != 1:
        names = tuple(f"{ident}  {labels[ident]}" for ident in found)
        raise NoMatch("change", text, names, is_ambiguous=bool(found))
    return found[0]


def actor_name(settings: Settings) -> str:
    """Who acts: as `crywolf.toml` says, else the operating system's user."""
    if settings.actor:
        return clean_line(settings.actor)
    try:
        import pwd

        return clean_line(pwd.getpwuid(os.getuid()).pw_name)
    except (ImportError, KeyError):
        pass
    try:
        return clean_line(getpass.getuser())
    except (OSError, KeyError, ImportError):
        return f"uid-{os.getuid()}"


def parse_expiry(text: str, now_ms: int, settings: Settings | None = None) -> int:
    """The moment until which a quarantine holds, from a date (its beginning in UTC), ISO-8601, or `14d`, `2w` from now.

    Raises:
        ActRefused: it is no moment, has passed, or is so far away that it is for ever.

    >>> parse_expiry("2026-12-03", 1795219200000) == 1795219200000 + 12 * DAY_MS
    True
    """
    written = text.strip()
    if ahead := _BACK.fullmatch(written.removeprefix("+")):
        until_ms = now_ms + int(ahead[1]) * _HOURS[ahead[2]] * 3_600_000
    else:
        try:
            until_ms = parse_moment(written).at_ms or 0
        except ValueError:
            until_ms = 0
        if not until_ms:
            raise ActRefused(
                f"{text!r} is no end of a quarantine; it needs a date such as {iso(now_ms + 14 * DAY_MS)[:10]}, or 14d "
                "or 2w from now; there is none for ever"
            )
    if until_ms <= now_ms:
        raise ActRefused(f"{iso(until_ms)} has passed; a quarantine ends in the future")
    _must_end(until_ms, now_ms, settings or Settings())
    return until_ms


def _must_end(until_ms: int, now_ms: int, settings: Settings) -> None:
    """A quarantine that nobody has to look at again for so long is one for ever."""
    if until_ms > now_ms + settings.longest_quarantine_s * 1000:
        longest = f"{settings.longest_quarantine_s / 86_400:g} days"
        raise ActRefused(f"{iso(until_ms)[:10]} is more than {longest} away; a quarantine that long is one for ever")


# ------------------------------------------------------------------ doing it
def act(
    database: Path,
    settings: Settings,
    subject: Subject,
    wish: Wish,
    *,
    clock_ms: int,
    seen: int | None = None,
    members: Sequence[str] = (),
    red: Stretch | None = None,
) -> Done:
    """Do something with a subject, unless somebody else did something with it meanwhile.

    Args:
        clock_ms: the wall clock; what is written is no earlier than the newest run.
        seen: the last event that the person saw; None: what is there now.
        members: `test_id`s of an incident's tests as the person sees them; of the stored incident by default.
        red: the red stretch that the person sees; looked for by default.

    Raises:
        ActRefused: it may not be done so.
        OthersActed: others acted; nothing was written.
        store.errors.StoreError: the store cannot be read or written.
    """
    actor = actor_name(settings)
    with closing(open_reader(database)) as connection:
        at_ms = max(clock_ms, newest_end(connection) or 0)
        wish = _complete(connection, wish, at_ms)
        _must_end(wish.until_ms, at_ms, settings)
        targets = [subject]
        if subject.kind == INCIDENT and wish.action in (Action.QUARANTINE, Action.UNQUARANTINE):
            targets = [Subject(TEST, test, subject.label) for test in members or _members(connection, subject)]
        known = triage.list_events(
            connection,
            [one.key for one in targets if one.kind == INCIDENT],
            [one.key for one in targets if one.kind == TEST],
        )
        red = red or _stretch(connection, settings, subject, wish)
    deeds = []
    for target in targets:
        events = known.get((target.kind, target.key), ())
        held = seen if seen is not None else max((event.event_id for event in events), default=0)
        change = plan(fold(events, red), wish, actor, at_ms)
        if change is not None:
            deeds.append(Deed(target.kind, target.key, wish.action, *change, held))
        elif any(event.event_id > held for event in events):
            raise others_acted(subject, [event for event in events if event.event_id > held])
    if not deeds:
        return Done(f"{subject.label}: that holds already; nothing was written")
    words = deed_words(TriageEvent(0, at_ms, actor, subject.kind, subject.key, wish.action, None, _value(wish)))
    tests_of = f" ({len(deeds)} tests)" if len(deeds) > 1 else ""
    return Done(f"{subject.label}: {actor} {words}{tests_of}", append_or_tell(database, subject, deeds, actor, at_ms))


def plan(state: Handling, wish: Wish, actor: str, at_ms: int) -> tuple[str | None, str | None] | None:
    """(old value, new value) of the event that a wish means; None where it holds already.

    Raises:
        ActRefused: it may not be done in this state.
    """
    old = _old(state, wish, at_ms)
    new = _value(wish) or None
    match wish.action:
        case Action.NOTE:
            return (None, new)
        case Action.ACK:
            return None if state.acknowledged else (None, None)
        case Action.UNACK | Action.RELEASE | Action.UNQUARANTINE:
            return None if old is None else (old, None)
        case Action.CLAIM:
            return _claim(state, wish, actor)
        case Action.RESOLVE:
            return None if state.resolved and state.resolved.value == wish.value else (old, new)
        case Action.REFUTE:
            return None if wish.value in state.refuted else (None, new)
    return None if old == new else (old, new)


def _claim(state: Handling, wish: Wish, actor: str) -> tuple[str | None, str | None] | None:
    held = state.claimed
    if held is not None and held.actor != actor and not wish.takes_over:
        since = iso(held.at_ms)
        raise ActRefused(f"{held.actor} has claimed it since {since}; take it over with `claim --take`, or release it")
    if held is not None and (held.actor, held.value) == (actor, wish.value):
        return None
    return (held.actor if held else None, wish.value)


def _old(state: Handling, wish: Wish, at_ms: int) -> str | None:
    """What the event replaces."""
    held = {
        Action.UNACK: state.acknowledged,
        Action.RELEASE: state.claimed,
        Action.RESOLVE: state.resolved,
    }.get(wish.action)
    if held is not None:
        return held.actor
    said = {Action.ASSIGN: state.assigned, Action.CONFIRM: state.confirmed, Action.RECLASSIFY: state.verdict}
    if (act := said.get(wish.action)) is not None:
        return act.value
    if wish.action in (Action.QUARANTINE, Action.UNQUARANTINE) and state.quarantine is not None:
        one = state.quarantine
        return quarantine_value(one.until_ms, one.reason, one.owner, one.issue)
    return None


def _value(wish: Wish) -> str:
    if wish.action is Action.QUARANTINE:
        return quarantine_value(wish.until_ms, wish.reason, wish.owner, wish.issue)
    return wish.value


def _complete(connection: Connection, wish: Wish, at_ms: int) -> Wish:
    """A wish with clean texts and the whole id of its change.

    Raises:
        ActRefused: something is missing, or not one of the words.
    """
    texts = {name: _safe_line(getattr(wish, name)) for name in ("reason", "owner", "issue")}
    value = redact(clean(wish.value)).strip() if wish.action is Action.NOTE else _safe_line(wish.value)
    match wish.action:
        case Action.NOTE if not value or len(value) > MAX_NOTE:
            raise ActRefused(f"a note needs a text, of at most {MAX_NOTE:,} characters")
        case Action.ASSIGN if not value:
            raise ActRefused("assign it to whom? give a team, such as @acme/payments")
        case Action.CLAIM if value not in (UNTIL_FIXED, FOR_GOOD):
            raise ActRefused(f"a claim is {UNTIL_FIXED!r} or {FOR_GOOD!r}")
        case Action.CONFIRM | Action.REFUTE:
            value = find_change(connection, value)
        case Action.RECLASSIFY if value not in VERDICTS:
            raise ActRefused(f"{value!r} is no verdict; it is one of {', '.join(VERDICTS)}")
        case Action.RESOLVE if value and value not in VERDICTS:
            raise ActRefused(f"{value!r} is no verdict; it is one of {', '.join(VERDICTS)}")
        case Action.QUARANTINE:
            if lacking := quarantine_lacks(texts):
                raise ActRefused(next(iter(lacking.values())))
            if wish.until_ms <= at_ms:
                raise ActRefused(f"{iso(wish.until_ms)} has passed; a quarantine ends in the future")
    return Wish(wish.action, value, wish.until_ms, **texts, takes_over=wish.takes_over)


def quarantine_lacks(texts: Mapping[str, str]) -> dict[str, str]:
    """What a quarantine still needs, a sentence for each of its texts that is empty.

    >>> quarantine_lacks({"reason": "", "owner": "@acme/pay"})
    {'reason': 'a quarantine needs a reason'}
    """
    needed = (("reason", "a reason"), ("owner", "an owner"))
    return {name: f"a quarantine needs {words}" for name, words in needed if not texts[name]}


def _safe_line(text: str) -> str:
    return redact(clean_line(text))[:MAX_NOTE]


def _members(connection: Connection, subject: Subject) -> tuple[str, ...]:
    found = triage.list_members(connection, subject.key)
    if not found:
        raise ActRefused(f"{subject.label} holds no test any more; name the test")
    return found


def _stretch(connection: Connection, settings: Settings, subject: Subject, wish: Wish) -> Stretch | None:
    """The stretch that a subject is red in now: what was said of one before does not hold any more."""
    if wish.action not in _OF_A_STRETCH:
        return None
    if subject.kind == INCIDENT:
        place = triage.load_places(connection, [subject.key]).get(subject.key)
        return None if place is None else Stretch(place.onset_ms, place.last_red_ms)
    from tui.answers.basis import load_basis
    from tui.answers.judging import judge_red

    basis = load_basis(connection, Query(settings=settings))
    rows = tests.find_identities(connection, subject.key, 1)
    judged = judge_red(basis, frozenset(rows)).values() if basis is not None else ()
    stretches = [Stretch((one.judgement.onset.first_bad or one.run).started_ms, one.run.started_ms) for one in judged]
    return max(stretches, key=lambda stretch: stretch.since_ms, default=None)


def append_or_tell(database: Path, subject: Subject, deeds: Sequence[Deed], actor: str, at_ms: int) -> tuple[int, ...]:
    """Ids of what was written.

    Raises:
        OthersActed: somebody else acted meanwhile; nothing was written.
    """
    try:
        return append_deeds(database, deeds, actor, at_ms)
    except Overtaken as problem:
        raise others_acted(subject, problem.events) from None


def others_acted(subject: Subject, events: Sequence[TriageEvent]) -> OthersActed:
    """What to tell whoever acted on a state that is not there any more."""
    said = dict.fromkeys(f"{event.actor} {deed_words(event)} ({iso(event.at_ms)})" for event in events)
    return OthersActed(f"{subject.label}: meanwhile {'; '.join(said)}. Nothing was written; look again")


def subject_label(connection: Connection, kind: str, key: str) -> str:
    """A subject in a sentence: an incident's id, a test's identity, a session's name."""
    if kind != TEST:
        return key
    rows = tests.find_identities(connection, key, 1)
    infos = tests.load_tests(connection, rows)
    return infos[rows[0]].case.identity if rows else key
