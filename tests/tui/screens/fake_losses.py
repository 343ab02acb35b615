"""Believable silent losses and journeys, in the night that `fakes` tells of."""

from __future__ import annotations

from analysis.flows import FlowState
from analysis.silent import LossKind
from ingest.model import Verdict
from tests.tui.screens.fakes import BAD_MS, CASES, MESSAGE, MIN, NOW_MS, PREPROD, STAGING, WINDOW, run
from tui.answers.flows import FlowRow, FlowsAnswer, RedInFlow
from tui.answers.query import DAY_MS
from tui.answers.services import DayHealth
from tui.answers.silent import SilentAnswer, SilentRow, Subset


def silent_answer() -> SilentAnswer:
    """One case of each kind."""
    last = run(6100, NOW_MS - 9 * DAY_MS)
    rows = (
        SilentRow(
            LossKind.SKIPPED,
            CASES[7],
            STAGING,
            ("@acme/accounts",),
            NOW_MS - 12 * DAY_MS,
            last,
            640,
            reason="sandbox of the provider is down, see ACC-12",
            criticality=4.0,
            flows=("sign-in",),
        ),
        SilentRow(LossKind.VANISHED, CASES[5], STAGING, ("@acme/mail",), last.started_ms, last, 412),
        SilentRow(LossKind.ELSEWHERE, CASES[6], PREPROD, (), NOW_MS - 30 * DAY_MS, None, 28, runs_in=("staging",)),
    )
    return SilentAnswer(WINDOW, NOW_MS - 90 * DAY_MS, 2301, rows, (Subset(PREPROD, 40, 2301),))


def flows_answer() -> FlowsAnswer:
    """A broken journey, one that an outage hides, a healthy one, and one whose patterns fit nothing."""
    red = tuple(RedInFlow(one, STAGING, Verdict.REGRESSION, BAD_MS, MESSAGE) for one in CASES[:3])
    out = RedInFlow(CASES[4], STAGING, Verdict.ENVIRONMENT, NOW_MS - 12 * MIN, "connection refused")
    days = tuple(range(NOW_MS // DAY_MS - 13, NOW_MS // DAY_MS + 1))
    good = tuple(DayHealth(day, 120, 0, 1) for day in days)
    hurt = (*good[:-1], DayHealth(days[-1], 120, 40, 0))
    flows = (
        FlowRow("checkout", 4.0, ("@acme/basket",), FlowState.BROKEN, 12, red, hurt),
        FlowRow("discovery", 1.0, (), FlowState.OUTAGE, 7, (out,), hurt),
        FlowRow("returns", 2.0, ("@acme/basket", "@acme/tills"), FlowState.EMPTY, 0, (), (None,) * 14),
        FlowRow("sign-up", 2.0, ("@acme/accounts",), FlowState.HEALTHY, 3, (), good),
    )
    return FlowsAnswer(WINDOW, days, flows, True)
