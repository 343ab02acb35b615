"""What does the next one have to know? A shift: what came up, what was done by whom, what is open and whose it is.

A shift is a session, or the window that was asked for. What anybody did in it counts; what was taken back does not.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from analysis.handling import Action
from ingest.model import Change, Verdict
from store.connect import Connection
from store.read import changes, triage
from store.read.regrouping import current_idents
from store.read.triage import INCIDENT, SESSION, UNDO
from tui.answers.flakes import FlakeRow, answer_flakes
from tui.answers.handled import change_name, present_moment
from tui.answers.health import Health
from tui.answers.quarantine import QuarantineRow, answer_quarantine
from tui.answers.query import DAY_MS, Moment, Query, Window
from tui.answers.sessions import Session
from tui.answers.triage import QUARANTINED, RESOLVED, IncidentRow, answer_triage
from tui.answers.triage_log import LoggedDeed, answer_log

SOON_DAYS = 7
"""A quarantine that ends within so many days is the next one's to look at."""
SHOWN_FLAKES = 10


@dataclass(frozen=True, slots=True)
class OpenItem:
    """An incident that is red and not set aside."""

    row: IncidentRow
    whose: str
    """Who looks after it, or whose it would be, or nobody."""
    is_taken: bool
    """Somebody has said that it is theirs."""
    is_new: bool
    """It came up in the shift."""

    @property
    def is_seen(self) -> bool:
        """Whether somebody acknowledged it."""
        return self.row.state.startswith("acknowledged by ")


@dataclass(frozen=True, slots=True)
class PastItem:
    """An incident of the shift that is not red any more."""

    incident_id: str
    title: str
    since_ms: int
    last_red_ms: int


@dataclass(frozen=True, slots=True)
class Handled:
    """Everything that was done in the shift with one subject, oldest first."""

    kind: str
    key: str
    title: str
    deeds: tuple[LoggedDeed, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What somebody said of a suspect."""

    deed: LoggedDeed
    change: Change | None
    is_confirmed: bool


@dataclass(frozen=True, slots=True)
class Handover:
    """The shift report."""

    session: Session | None
    window: Window | None
    """None in an empty store."""
    people: tuple[str, ...]
    """Who did something."""
    open: tuple[OpenItem, ...]
    set_aside: tuple[OpenItem, ...]
    """Red, but in quarantine, resolved or flaky."""
    past: tuple[PastItem, ...]
    handled: tuple[Handled, ...]
    judged: tuple[Judged, ...]
    quarantines: tuple[QuarantineRow, ...]
    """Begun in the shift, over, or ending soon."""
    flakes: tuple[FlakeRow, ...]
    """Tests that flaked in the shift, what did most first."""
    health: Health

    @property
    def came_up(self) -> int:
        """Incidents that began in the shift."""
        return sum(one.is_new for one in (*self.open, *self.set_aside)) + len(self.past)


def answer_handover(connection: Connection, query: Query, session: Session | None = None) -> Handover:
    """The report of a session, or of the window of `query`, under its filters."""
    triaged = answer_triage(connection, query)
    if triaged.window is None:
        return Handover(session, None, (), (), (), (), (), (), (), (), triaged.health)
    now_ms = present_moment(connection, query, triaged.window)
    window = _shift(triaged.window, session, now_ms)
    known = {one.change_id: one for one in changes.list_changes(connection, -(2**53), 2**53)}
    log = _deeds_of(answer_log(connection), window, known)
    items = [_item(row, window) for row in triaged.incidents]
    aside = [one for one in items if _is_aside(one.row)]
    titles = {one.row.incident_id: one.row.title for one in items}
    stored = triage.list_stored(connection, window.since_ms, window.until_ms)
    return Handover(
        session,
        window,
        tuple(sorted({deed.actor for deed in log})),
        tuple(one for one in items if one not in aside),
        tuple(aside),
        _past(connection, stored, set(titles)),
        _handled(connection, log, titles | {ident: title for ident, title, *_ in stored}),
        _said(known, log),
        _quarantines(answer_quarantine(connection, query).rows, window),
        _flakes(connection, query, window),
        triaged.health,
    )


def _shift(window: Window, session: Session | None, now_ms: int) -> Window:
    """The session's span, else the window; what was done after the newest run belongs to it."""
    if session is None:
        return replace(window, until_ms=max(window.until_ms, now_ms))
    return replace(window, since_ms=session.since_ms, until_ms=session.until_ms or max(now_ms, session.since_ms))


def _deeds_of(log: Iterable[LoggedDeed], window: Window, known: dict[str, Change]) -> tuple[LoggedDeed, ...]:
    """What was done in the shift and stands; beginnings and ends of sessions are no deeds."""
    return tuple(
        _named(deed, known)
        for deed in log
        if window.since_ms <= deed.at_ms <= window.until_ms
        and not deed.is_undone
        and deed.action != UNDO
        and deed.kind != SESSION
    )


def _named(deed: LoggedDeed, known: dict[str, Change]) -> LoggedDeed:
    """A deed that speaks of a change by its service and version."""
    change = known.get(deed.new_value or "")
    return deed if change is None else replace(deed, words=deed.words.replace(change.change_id, change_name(change)))


def _item(row: IncidentRow, window: Window) -> OpenItem:
    owner, is_taken = whose(row)
    return OpenItem(row, owner, is_taken, window.since_ms <= row.since_ms <= window.until_ms)


def whose(row: IncidentRow) -> tuple[str, bool]:
    """(who looks after an incident, else whose it probably is; whether anybody has said so)."""
    for word in ("claimed by ", "assigned to ", "acknowledged by "):
        if row.state.startswith(word):
            return row.state.removeprefix(word), word != "acknowledged by "
    owners = row.owners.suspect or row.owners.test
    return next(iter(owners), ""), False


def _is_aside(row: IncidentRow) -> bool:
    """Whether nobody has to act on it now."""
    return row.state.startswith((QUARANTINED, RESOLVED)) or row.verdict is Verdict.FLAKY


def _past(connection: Connection, stored: Sequence[tuple[str, str, int, int]], red: set[str]) -> tuple[PastItem, ...]:
    """What came up in the shift and is green again, by its present id."""
    now = current_idents(connection, [ident for ident, *_ in stored])
    items = {now[ident]: PastItem(now[ident], title, since, last) for ident, title, since, last in stored}
    return tuple(item for ident, item in items.items() if ident not in red)


def _handled(connection: Connection, log: Sequence[LoggedDeed], titles: dict[str, str]) -> tuple[Handled, ...]:
    """Deeds by their subject, in the order in which people came to them."""
    now = current_idents(connection, [deed.key for deed in log if deed.kind == INCIDENT])
    found: dict[tuple[str, str], list[LoggedDeed]] = {}
    for deed in log:
        found.setdefault((deed.kind, now.get(deed.key, deed.key)), []).append(deed)
    return tuple(
        Handled(kind, key, titles.get(key, "") if kind == INCIDENT else deeds[0].label, _each_once(deeds))
        for (kind, key), deeds in found.items()
    )


def _each_once(deeds: Sequence[LoggedDeed]) -> tuple[LoggedDeed, ...]:
    """A merge stands in the logs of both incidents."""
    return tuple({(deed.at_ms, deed.actor, deed.words): deed for deed in deeds}.values())


def _said(known: dict[str, Change], log: Sequence[LoggedDeed]) -> tuple[Judged, ...]:
    return tuple(
        Judged(deed, known.get(deed.new_value or ""), deed.action == Action.CONFIRM)
        for deed in log
        if deed.action in (Action.CONFIRM, Action.REFUTE)
    )


def _quarantines(rows: Sequence[QuarantineRow], window: Window) -> tuple[QuarantineRow, ...]:
    return tuple(row for row in rows if row.left_ms <= SOON_DAYS * DAY_MS or row.quarantine.at_ms >= window.since_ms)


def _flakes(connection: Connection, query: Query, window: Window) -> tuple[FlakeRow, ...]:
    if window.since_ms >= window.now_ms:
        return ()
    asked = replace(query, since=Moment(at_ms=window.since_ms), until=None)
    rows = [row for row in answer_flakes(connection, asked).rows if row.flaky_runs]
    return tuple(sorted(rows, key=lambda row: (-row.flaky_runs, row.case.identity, row.scope))[:SHOWN_FLAKES])
