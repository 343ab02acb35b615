"""Believable histories without a store: strips of tests, services by day, the grid; what happened that night."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from analysis.records import ABSENT, Exercise, Interval, Onset, ResultMatrix
from ingest.model import (
    Link,
    Outcome,
    Result,
    Scope,
    TestCase,
    Tier,
    Verdict,
)
from tests.tui.screens.fakes import (
    BAD_MS,
    CASES,
    CATALOG,
    MESSAGE,
    MIN,
    NOW_MS,
    OWNERS,
    PAYMENT_HYPOTHESES,
    PAYMENTS,
    PAYS,
    PREPROD,
    PRICING,
    STAGING,
    TRACE,
    WINDOW,
    F,
    K,
    P,
    S,
    case,
    run,
)
from tui.answers.flakes import FlakeRow
from tui.answers.query import DAY_MS
from tui.answers.services import DayHealth, ServiceRow, ServicesAnswer
from tui.answers.suspects import SuspectsAnswer
from tui.answers.test_detail import AttemptRow, ChangePointRow, SegmentRow, StreamStrip, TestDetail
from tui.answers.tests import TestRow
from tui.answers.timeline import GridMark, GridRow, TimelineGrid


def _strip(index: int, length: int = 52) -> tuple[Result | None, ...]:
    """Deterministic: some regress, some flake, some are absent."""
    red_from = length - 7 if index < 4 else length
    results: list[Result | None] = []
    for position in range(length):
        if position >= red_from:
            results.append(F)
        elif index == 5 and position % 9 == 3:
            results.append(K)
        elif index == 8 and position < 10:
            results.append(None)
        else:
            results.append(S if index == 9 and position % 20 == 7 else K if position == 13 and index < 2 else P)
    return tuple(results)


def _rate(results: Sequence[Result | None], of: Result) -> Interval:
    known = [one for one in results if one is not None]
    k, n = sum(one is of for one in known), len(known)
    centre = (k + 0.5) / (n + 1)
    return Interval(k / max(n, 1), max(centre - 0.06, 0.0), min(centre + 0.08, 1.0), k, n)


def test_row(index: int) -> TestRow:
    """A row of the Tests screen; beyond the known ones, numbered ones."""
    known = index < len(CASES)
    one = CASES[index] if known else case(f"numbered_case_{index:06}", f"acme.Suite{index // 100:04}IT")
    strip = _strip(index)
    failed = sum(result is F for result in strip)
    flaky = sum(result is K for result in strip)
    owners = ("@acme/journeys",) if index % 7 != 6 else ()
    return TestRow((1, index), one, STAGING, owners, len(strip), failed, flaky, _rate(strip, K), strip)


test_row.__test__ = False  # type: ignore[attr-defined]


def stream(scope: Scope = STAGING, length: int = 52) -> StreamStrip:
    """The history of the failing test in one stream."""
    results = _strip(0, length) if scope == STAGING else tuple([P] * length)
    runs = tuple(run(6246 - length + 1 + i, BAD_MS + (i - length + 7) * 15 * MIN) for i in range(length))
    durations = tuple(1200 + 40 * (i % 5) if i < length - 7 else 4000 + 30 * (i % 3) for i in range(length))
    if scope != STAGING:
        segments: tuple[SegmentRow, ...] = (SegmentRow(0, length, _rate(results, F)),)
        points: tuple[ChangePointRow, ...] = ()
    else:
        cut = length - 7
        segments = (SegmentRow(0, cut, _rate(results[:cut], F)), SegmentRow(cut, length, _rate(results[cut:], F)))
        points = (ChangePointRow(cut, BAD_MS - 15 * MIN, BAD_MS),)
    return StreamStrip(
        scope, runs, results, durations, segments, points, tuple([False] * length), flake_row(scope, length)
    )


def flake_row(scope: Scope, runs: int) -> FlakeRow:
    """Flakiness of the failing test."""
    rate = Interval(0.02, 0.0, 0.1, 1, runs)
    failed = 7 if scope == STAGING else 0
    return FlakeRow(
        PAYS, scope, ("@acme/journeys",), runs, 0, failed, 1, rate, (1, runs), (0, runs), 2, 2 / (runs - 1),
        Verdict.REGRESSION if failed else Verdict.PASSING, "since 2026-11-19T02:20:00Z", 11 * 60.0,
        flips_of=runs - 1,
    )  # fmt: skip


def attempts(number: int = 12) -> tuple[AttemptRow, ...]:
    """Failing attempts, newest first."""
    return tuple(
        AttemptRow(
            run(6246 - i, NOW_MS - i * 15 * MIN), STAGING, 0, Outcome.FAILED,
            NOW_MS - i * 15 * MIN, 4000 + 30 * i, None,
            "shard 1 of 4", f"https://ci.example.com/journey/{6246 - i}/job/1", "reports/journey/junit.xml",
            "AssertionError", MESSAGE, TRACE, "s1:4be1", (Link("trace", "https://traces.example.com/4be1"),),
        )
        for i in range(number)
    )  # fmt: skip


def suspects() -> SuspectsAnswer:
    """Hypotheses for the failing test."""
    onset = Onset(run(6239, BAD_MS - 15 * MIN), run(6240, BAD_MS))
    others = ((PREPROD, Verdict.PASSING, ""),)
    return SuspectsAnswer(
        PAYS, STAGING, Verdict.REGRESSION, 0.96, "since 2026-11-19T02:20:00Z", onset, others, PAYMENT_HYPOTHESES,
        (PAYMENTS, CATALOG),
    )  # fmt: skip


def detail(one: TestCase = PAYS) -> TestDetail:
    """Everything about the failing test."""
    exercised = tuple(Exercise(name, Tier.DECLARED) for name in ("web", "cart", "payments"))
    streams = (stream(), stream(PREPROD, 21))
    return TestDetail(one, WINDOW, OWNERS, exercised, streams, suspects(), attempts(), 12)


SERVICES = (
    ("payments", "pay", 9, 47, 1, PAYMENTS, ("ledger", "vault"), ("web", "cart")),
    ("web", "front", 9, 120, 4, CATALOG, ("payments", "cart"), ()),
    ("pricing", "cart", 2, 18, 0, PRICING, (), ("cart",)),
    ("cart", "cart", 2, 60, 1, None, ("payments", "pricing"), ("web",)),
    ("mail", None, 0, 9, 1, None, (), ("web",)),
    ("search", "find", 0, 22, 0, None, ("catalog",), ("web",)),
)


def services_answer() -> ServicesAnswer:
    """Health of every service, worst first."""
    today = NOW_MS // DAY_MS
    days = tuple(range(today - 13, today + 1))
    rows = []
    for index, (name, owner, red, tests, flaky, change, needs, users) in enumerate(SERVICES):
        health = tuple(
            None
            if index == 4 and i < 2
            else DayHealth(day, tests * 20, tests * (12 if red and i == 13 else i % 3 == 2), 1)
            for i, day in enumerate(days)
        )
        rows.append(ServiceRow(name, owner, name != "mail", health, red, tests, flaky, change, needs, users))
    return ServicesAnswer(WINDOW, days, tuple(rows))


def grid(columns: int = 60, rows: int = len(CASES)) -> TimelineGrid:
    """Tests by runs with the two deploys before the first bad run."""
    runs = tuple(run(6246 - columns + 1 + i, BAD_MS + (i - columns + 7) * 15 * MIN) for i in range(columns))
    masked = tuple(20 <= i < 22 for i in range(columns))
    services = (("payments", "vault"), ("pricing",))
    marks = (GridMark(max(columns - 30, 0), (PRICING,)), GridMark(columns - 7, (PAYMENTS, CATALOG)))
    made = []
    for index in range(rows):
        one = CASES[index] if index < len(CASES) else case(f"numbered_case_{index:06}")
        onset = columns - 7 if index < 4 else None
        reds = array("i", range(columns - 7, columns) if index < 4 else ())
        made.append(GridRow(one, index, onset, reds, ("@acme/journeys",), services[index % 2]))
    run_rows = tuple(range(columns))
    scopes = (STAGING, PREPROD)
    return TimelineGrid(WINDOW, STAGING, scopes, runs, masked, marks, tuple(made), 2291, stream_id=1, run_rows=run_rows)


def grid_cells(columns: range, rows: Sequence[int], length: int) -> ResultMatrix:
    """Results of a piece of the grid."""
    strips = [_strip(row, length) for row in rows]
    found = [[ABSENT if strip[n] is None else int(strip[n] or 0) for strip in strips] for n in columns]
    return np.array(found, dtype=np.int8).reshape(len(columns), len(rows))
