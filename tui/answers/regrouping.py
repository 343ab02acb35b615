"""Incidents as people merged and split them, laid over those that the facts give.

Each red test of a stream begins in the incident of its facts and goes through merges and splits in the order in which
they were made. What was split off stays apart as long as it is red without a break, wherever its facts group it. An
incident of which a part is missing is described anew, from what is red in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingest.model import Scope, TestCase
from store.connect import Connection
from store.read import tests
from store.read.regrouping import Merge, Regrouping, list_regroupings, stored_idents
from tui.answers.query import Query, Window
from tui.answers.triage import IncidentRow, Radius, weight

Red = tuple[TestCase, Scope]


def regroup(
    connection: Connection, query: Query, window: Window, rows: Sequence[IncidentRow]
) -> tuple[IncidentRow, ...]:
    """Incidents under the ids they were stored by -> incidents as people see them; with `--at` as they did then."""
    regroupings = list_regroupings(connection, window.now_ms if query.at is not None else None)
    if not regroupings:
        return tuple(rows)
    names = [name for one in regroupings for name in _names(one)]
    holders = _holders(rows, regroupings, stored_idents(connection, names))
    parts: dict[str, list[IncidentRow]] = {}
    for row in rows:
        held: dict[str, list[Red]] = {}
        for red in row.tests:
            held.setdefault(holders[red, row.incident_id], []).append(red)
        for ident, some in held.items():
            part = row if len(some) == len(row.tests) else _described(connection, query, row, some)
            parts.setdefault(ident, []).append(part)
    return tuple(_joined(ident, some) for ident, some in parts.items())


def _names(one: Regrouping) -> tuple[str, str]:
    return (one.former, one.into) if isinstance(one, Merge) else (one.source, one.ident)


def _holders(
    rows: Sequence[IncidentRow], regroupings: Iterable[Regrouping], stored: dict[str, str]
) -> dict[tuple[Red, str], str]:
    """Id of the incident that each red test belongs to, by itself and the stored incident that it came from."""
    holders = {(red, row.incident_id): row.incident_id for row in rows for red in row.tests}
    since = {row.incident_id: row.since_ms for row in rows}
    for one in regroupings:
        first, second = (stored[name] for name in _names(one))
        for (red, origin), holder in holders.items():
            if isinstance(one, Merge):
                is_meant = holder == first
            else:
                is_in = (red[0].test_id, red[1]) in one.members
                is_meant = is_in and (holder == first or since[origin] <= one.at_ms)
            if is_meant:
                holders[red, origin] = second
    return holders


def _described(connection: Connection, query: Query, row: IncidentRow, some: Sequence[Red]) -> IncidentRow:
    """A part of an incident with a lead, a cause and a reach of its own."""
    from tui.answers.basis import load_basis  # here: hardly anybody splits, and the first paint waits for this module
    from tui.answers.incidents import describe
    from tui.answers.judging import judge_red

    basis = load_basis(connection, query)
    rows = {tests.find_identities(connection, case.test_id, 1) for case, _ in some}
    judged = judge_red(basis, frozenset(found[0] for found in rows if found)) if basis is not None else {}
    wanted = {(case.test_id, scope) for case, scope in some}
    chosen = [one for one in judged.values() if (one.case.test_id, one.stream.scope) in wanted]
    if basis is None or not chosen:
        return replace(row, tests=tuple(some), radius=replace(row.radius, tests=len({case for case, _ in some})))
    return describe(basis, chosen)


def _joined(ident: str, parts: Sequence[IncidentRow]) -> IncidentRow:
    """Parts as one incident: the one that had the id speaks for it, else the one that weighs most."""
    lead = max(parts, key=lambda row: (row.incident_id == ident, weight(row), row.incident_id))
    if len(parts) == 1:
        return replace(lead, incident_id=ident)
    others = [row for row in parts if row is not lead]
    red = tuple(dict.fromkeys((*lead.tests, *(one for row in others for one in row.tests))))
    services = tuple(sorted({name for row in parts for name in row.services}))
    teams = tuple(sorted({name for row in parts for name in row.teams}))
    reach = [row.radius for row in parts]
    return replace(
        lead,
        incident_id=ident,
        tests=red,
        since_ms=min(row.since_ms for row in parts),
        last_red_ms=max(row.last_red_ms for row in parts),
        services=services,
        teams=teams,
        radius=Radius(
            len({case.test_id for case, _ in red}),
            max(len(services), *(one.services for one in reach)),
            max(len(teams), *(one.teams for one in reach)),
        ),
        act_probability=max(row.act_probability for row in parts),
        criticality=max(row.criticality for row in parts),
        flows=tuple(sorted({name for row in parts for name in row.flows})),
    )
