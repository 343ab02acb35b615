"""Incidents that people merged and split, as the append-only log has it.

Merges and splits are events like all others: what the facts group is never written over, and who takes an event back
has what was before. A merged incident's id leads to the one that it was merged into; the id of a part that was split
off stays its own while the split stands, and leads to where it came from afterwards.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass

from ingest.model import Scope
from store.connect import Connection

MERGE, SPLIT, UNDO = "merge", "split", "undo"

Member = tuple[str, Scope]
"""(`test_id`, stream)."""


@dataclass(frozen=True, slots=True)
class Merge:
    """One incident became a part of another."""

    at_ms: int
    former: str
    into: str


@dataclass(frozen=True, slots=True)
class Split:
    """Some red tests of an incident became one of their own."""

    at_ms: int
    source: str
    ident: str
    members: frozenset[Member]


Regrouping = Merge | Split


def list_regroupings(connection: Connection, until_ms: int | None = None) -> tuple[Regrouping, ...]:
    """Merges and splits that stand, in the order in which they were made; those made by a moment, if one is given."""
    return tuple(one for one, stands in _list_all(connection, until_ms) if stands)


def load_onward(connection: Connection) -> dict[str, str]:
    """Where ids lead that are not an incident's own any more: merged ones, and parts whose split was taken back."""
    onward: dict[str, str] = {}
    for one, stands in _list_all(connection, None):
        if isinstance(one, Merge) and stands:
            onward[one.former] = one.into
        elif isinstance(one, Split) and not stands:
            onward[one.ident] = one.source
    return onward


def stored_idents(connection: Connection, idents: Iterable[str]) -> dict[str, str]:
    """The id under which the facts' incident goes, whatever people merged; any other id is its own."""
    wanted = sorted(set(idents))
    rows = connection.execute(
        "SELECT a.ident, i.ident FROM json_each(?) n JOIN incident_alias a ON a.ident = n.value"
        " JOIN incident i ON i.incident_id = a.incident_id",
        (json.dumps(wanted),),
    ).fetchall()
    return {ident: ident for ident in wanted} | {former: now for former, now in rows}


def current_idents(connection: Connection, idents: Iterable[str]) -> dict[str, str]:
    """The id under which each incident goes now: a former and a merged id lead to it, any other is its own."""
    now = stored_idents(connection, idents)
    onward = load_onward(connection)
    if not onward:
        return now
    stored = stored_idents(connection, [*onward, *onward.values()])
    steps = {stored[former]: stored[into] for former, into in onward.items() if stored[former] != stored[into]}
    return {ident: _end_of(found, steps) for ident, found in now.items()}


def names_of(connection: Connection, idents: Iterable[str]) -> dict[str, str]:
    """Every id under which something may have been done with some incidents -> the id that it goes by now."""
    wanted = set(idents)
    known = {*wanted, *load_onward(connection)}
    now = current_idents(connection, known)
    stored = stored_idents(connection, known)
    rows = connection.execute(
        "SELECT a.ident, i.ident FROM incident i JOIN incident_alias a ON a.incident_id = i.incident_id"
        " JOIN json_each(?) n ON n.value = i.ident",
        (json.dumps(sorted({stored[ident] for ident in known if now[ident] in wanted})),),
    ).fetchall()
    named = {ident: now[ident] for ident in known if now[ident] in wanted}
    named |= {stored[ident]: now[ident] for ident in known if now[ident] in wanted}
    return named | {former: named[ident] for former, ident in rows if ident in named} | {one: one for one in wanted}


def split_value(ident: str, members: Iterable[Member]) -> str:
    """What an event holds of a split."""
    rows = sorted((test, s.pipeline, s.environment, s.branch, s.variant) for test, s in members)
    return json.dumps({"ident": ident, "members": rows}, ensure_ascii=False)


def split_off(value: str) -> tuple[str, int]:
    """(id of the part, number of its tests) that an event's value holds; an empty id where it holds none."""
    found = _read_split(0, "", value)
    return ("", 0) if found is None else (found.ident, len({test for test, _ in found.members}))


def _list_all(connection: Connection, until_ms: int | None) -> list[tuple[Regrouping, bool]]:
    """Every merge and split with whether it stands, each once though it is in the log of both incidents."""
    moment = 2**62 if until_ms is None else until_ms
    rows = connection.execute(
        "SELECT at_ms, subject, action, old_value, new_value, event_id IN (SELECT CAST(new_value AS INTEGER) FROM"
        " triage_event WHERE action = ?1 AND at_ms <= ?4) FROM triage_event WHERE action IN (?2, ?3) AND at_ms <= ?4"
        " ORDER BY event_id",
        (UNDO, MERGE, SPLIT, moment),
    ).fetchall()
    found: list[tuple[Regrouping, bool]] = []
    for at_ms, subject, action, old, new, is_undone in rows:
        one = Merge(at_ms, old or "", new or "") if action == MERGE else _read_split(at_ms, old or "", new or "")
        if one is not None and subject == old:
            found.append((one, not is_undone))
    return found


def _read_split(at_ms: int, source: str, value: str) -> Split | None:
    try:
        said = json.loads(value)
        members = frozenset((str(test), Scope(*map(str, scope))) for test, *scope in said["members"])
        return Split(at_ms, source, str(said["ident"]), members)
    except (ValueError, TypeError, KeyError):
        return None


def _end_of(ident: str, steps: dict[str, str]) -> str:
    """Where steps lead; in a circle the first that was there before."""
    seen = [ident]
    while (following := steps.get(seen[-1])) is not None and following not in seen:
        seen.append(following)
    return seen[-1]
