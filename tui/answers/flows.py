"""How are the journeys that the business lives on? Health of the flows that `crywolf.toml` names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.flows import FlowState, state_of_flow
from ingest.model import Result, Scope, TestCase, Verdict
from ingest.settings import Flow, Settings, matches_pattern
from store.connect import Connection
from store.read import runs, tests
from store.read.rows import StreamRow
from tui.answers.basis import Basis, load_basis
from tui.answers.grid_cells import load_cells
from tui.answers.judging import Judged, can_judge, judge_red
from tui.answers.query import DAY_MS, Query, Window
from tui.answers.red import list_red_now
from tui.answers.services import DayHealth

NORMAL = 1.0
"""Criticality of a test case of no flow."""


def criticality_of(test: str, settings: Settings) -> float:
    """How much a test case matters: the most of the flows that it belongs to, 1 where it belongs to none.

    Args:
        test: its identity.
    """
    return max((flow.criticality for flow in settings.flows_of(test)), default=NORMAL)


@dataclass(frozen=True, slots=True)
class RedInFlow:
    """A test case of a flow that is red now."""

    case: TestCase
    scope: Scope
    verdict: Verdict
    since_ms: int
    """Start of the first bad run."""
    title: str
    """What its failure says."""


@dataclass(frozen=True, slots=True)
class FlowRow:
    """One journey."""

    name: str
    criticality: float
    owners: tuple[str, ...]
    """Of the flow itself, else of its test cases."""
    state: FlowState
    tests: int
    """Test cases that fit its patterns."""
    red: tuple[RedInFlow, ...]
    """Worst verdict first, then oldest."""
    days: tuple[DayHealth | None, ...]
    """One per day of the window, oldest first; None: nothing executed."""

    @property
    def since_ms(self) -> int | None:
        """Since when the worst of it is red."""
        return min((one.since_ms for one in self.red if one.verdict is self.red[0].verdict), default=None)


@dataclass(frozen=True, slots=True)
class FlowsAnswer:
    """Flows by state, worst first, then criticality, then name."""

    window: Window | None
    days: tuple[int, ...]
    flows: tuple[FlowRow, ...]
    has_any: bool
    """Whether any flow is named at all."""


def answer_flows(connection: Connection, query: Query) -> FlowsAnswer:
    """Health of every flow under the filters of `query`, over baseline streams."""
    flows = query.settings.flows
    basis = load_basis(connection, query)
    if basis is None:
        return FlowsAnswer(None, (), (), bool(flows))
    days = tuple(range(basis.window.since_ms // DAY_MS, basis.window.until_ms // DAY_MS + 1))
    members = [_tests_of(basis, flow) for flow in flows]
    judged = _judged(basis, frozenset(row for rows in members for row in rows))
    found = [_flow_row(basis, flow, rows, judged, days) for flow, rows in zip(flows, members, strict=True)]
    if query.owner is not None or query.service is not None:
        found = [row for row, rows in zip(found, members, strict=True) if rows]
    order = list(FlowState)
    found.sort(key=lambda row: (order.index(row.state), -row.criticality, row.name))
    return FlowsAnswer(basis.window, days, tuple(found), bool(flows))


def _tests_of(basis: Basis, flow: Flow) -> tuple[int, ...]:
    """Rows of the test cases of a flow that pass the filters, renamed ones under their present names."""
    found = {
        row
        for pattern in flow.tests
        for row, identity in tests.list_like(basis.connection, longest_piece(pattern))
        if matches_pattern(pattern, identity)
    }
    if basis.query.owner is None and basis.query.service is None:
        return tuple(sorted(found))
    infos = basis.infos(found)
    return tuple(row for row in sorted(found) if any(basis.passes(infos[row], one.scope) for one in basis.baseline))


def longest_piece(pattern: str) -> str:
    """The longest stretch of a pattern that every text that fits must hold, regardless of the case of A to Z.

    >>> longest_piece("*::com.acme.pay.*"), longest_piece("*"), longest_piece("*zahl*größe*")
    ('::com.acme.pay.', '', 'zahl')
    """
    pieces = re.split(r"[*?]+", pattern)
    # Other letters, and the ones that others fold to, are for the pattern itself.
    plain = (part for piece in pieces for part in re.split(r"[^\x00-\x7f]+", piece))
    return max(plain, key=len, default="")


def _judged(basis: Basis, wanted: frozenset[int]) -> dict[int, list[Judged]]:
    """test -> what is said of it wherever it is red now."""
    red = frozenset(row for _, row in list_red_now(basis) if row in wanted) if can_judge(basis) else frozenset()
    found: dict[int, list[Judged]] = {}
    for one in judge_red(basis, red).values() if red else ():
        found.setdefault(one.test_row, []).append(one)
    return found


def _flow_row(
    basis: Basis, flow: Flow, rows: Sequence[int], judged: dict[int, list[Judged]], days: tuple[int, ...]
) -> FlowRow:
    red = [_red(one) for row in rows for one in judged.get(row, ())]
    order = list(FlowState)
    red.sort(
        key=lambda one: (
            order.index(state_of_flow(1, 1, (one.verdict,))),
            one.verdict,
            one.since_ms,
            one.case.identity,
            one.scope,
        )
    )
    health = _health(basis, rows, days)
    executed = sum(day.executed for day in health if day)
    owners = (flow.owner,) if flow.owner else _owners(basis, rows)
    state = state_of_flow(len(rows), executed, [one.verdict for one in red])
    return FlowRow(flow.name, flow.criticality, owners, state, len(rows), tuple(red), health)


def _red(one: Judged) -> RedInFlow:
    onset = one.judgement.onset.first_bad or one.run
    return RedInFlow(one.case, one.stream.scope, one.verdict, onset.started_ms, one.title or one.message)


def _owners(basis: Basis, rows: Sequence[int]) -> tuple[str, ...]:
    infos = basis.infos(rows)
    return tuple(sorted({owner for row in rows for owner in basis.owners.of_test(infos[row].case).owners}))


def _health(basis: Basis, rows: Sequence[int], days: tuple[int, ...]) -> tuple[DayHealth | None, ...]:
    """Sums by day; of a day that the window's end cuts, from the results."""
    sums = {day: [0, 0, 0] for day in days}
    is_cut = basis.query.at is not None or basis.query.until is not None
    last = days[-1] - 1 if is_cut else days[-1]
    for stream in basis.baseline:
        for day, *counts in tests.sum_days(basis.connection, stream.stream_id, days[0], last, rows):
            sums[day] = [old + new for old, new in zip(sums[day], counts, strict=True)]
        if is_cut:
            counts = _part_of_day(basis, stream, rows, days[-1])
            sums[days[-1]] = [old + new for old, new in zip(sums[days[-1]], counts, strict=True)]
    return tuple(DayHealth(day, *counts) if counts[0] else None for day, counts in sums.items())


def _part_of_day(basis: Basis, stream: StreamRow, rows: Sequence[int], day: int) -> list[int]:
    """(executed, failed, flaky) of a day as far as the window goes."""
    window = basis.window
    found = runs.list_stream_runs(basis.connection, stream.stream_id, day * DAY_MS, window.until_ms, window.now_ms)
    cells = load_cells(basis.connection, stream.stream_id, [one.run_row for one in found], rows)
    red = int(((cells == Result.FAILED) | (cells == Result.ERRORED)).sum())
    flaky, passed = int((cells == Result.FLAKY).sum()), int((cells == Result.PASSED).sum())
    return [passed + red + flaky, red, flaky]
