"""Believable answers without a store: the night that SCREENS tells of, at a fixed time."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from analysis.handling import Quarantine
from analysis.records import ABSENT, Evidence, Exercise, Hypothesis, Interval, Onset, ResultMatrix
from ingest.model import (
    Change,
    ChangeKind,
    ChangeTarget,
    Link,
    Outcome,
    Result,
    RunRef,
    RunState,
    Scope,
    TestCase,
    Tier,
    Trigger,
    Verdict,
)
from tui.answers.flakes import FlakeRow
from tui.answers.health import Health, StalePipeline
from tui.answers.quarantine import QuarantineRow
from tui.answers.query import DAY_MS, Window
from tui.answers.services import DayHealth, ServiceRow, ServicesAnswer
from tui.answers.suspects import SuspectsAnswer
from tui.answers.test_detail import AttemptRow, ChangePointRow, SegmentRow, StreamStrip, TestDetail
from tui.answers.tests import TestRow
from tui.answers.timeline import GridMark, GridRow, TimelineGrid
from tui.answers.triage import IncidentRow, Radius, ThreeOwners

NOW_MS = 1_795_070_400_000
"""2026-11-19 06:40 UTC."""
MIN = 60_000
HOUR = 60 * MIN
STAGING = Scope("journey", "staging", "main")
PREPROD = Scope("journey", "preprod", "main")
WINDOW = Window(NOW_MS - 14 * DAY_MS, NOW_MS, NOW_MS)
BAD_MS = NOW_MS - 260 * MIN
"""02:20: first bad run."""
P, F, K, S = Result.PASSED, Result.FAILED, Result.FLAKY, Result.SKIPPED


def run(number: int, started_ms: int, state: RunState = RunState.COMPLETE) -> RunRef:
    """A run of the cross-service suite."""
    url = f"https://ci.example.com/journey/{number}"
    return RunRef(
        started_ms,
        "journey",
        str(number),
        1,
        started_ms + 6 * MIN,
        "staging",
        "main",
        "9c41e7",
        Trigger.SCHEDULE,
        state,
        url,
    )


def case(name: str, classname: str = "acme.CheckoutIT") -> TestCase:
    """A test case of the suite."""
    return TestCase("integration", classname, name, f"tests/{classname.rsplit('.', 1)[-1].lower()}.java")


PAYS = case("pays_with_saved_card")
NAMES = (
    ("pays_with_saved_card", "acme.CheckoutIT"),
    ("refunds_an_order", "acme.RefundIT"),
    ("pays_by_invoice", "acme.CheckoutIT"),
    ("splits_a_payment", "acme.CheckoutIT"),
    ("searches_catalogue", "acme.SearchIT"),
    ("sends_receipt", "acme.MailIT"),
    ("rounds_order_total", "acme.CartIT"),
    ("logs_in_with_sso", "acme.LoginIT"),
    ("測試_checkout_日本", "acme.I18nIT"),
    ("test_rate[chrome-red]", "acme.RatesIT"),
)
CASES = tuple(case(name, classname) for name, classname in NAMES)

PAYMENTS = Change(
    "cd-7f3a91",
    ChangeKind.DEPLOY,
    BAD_MS - 2 * MIN,
    "payments",
    "staging",
    started_ms=BAD_MS - 4 * MIN,
    finished_ms=BAD_MS - 2 * MIN,
    from_version="1.40.2",
    to_version="7f3a91",
    title="feat(payments): token v2",
    author="Mira Patel",
    url="https://git.example.com/payments/commit/7f3a91",
    additions=210,
    deletions=62,
    files=("src/main/java/acme/payments/Token.java", "src/main/resources/application.yaml"),
)
CATALOG = Change(
    "cd-11ab",
    ChangeKind.DEPLOY,
    BAD_MS - 1 * MIN,
    "catalog",
    "staging",
    to_version="11ab",
    title="chore(deps): bump jackson",
    author="renovate",
)
PRICING = Change(
    "cd-0c44",
    ChangeKind.CONFIGURATION,
    NOW_MS - DAY_MS - HOUR,
    "pricing",
    "staging",
    to_version="0c44",
    title="round half even",
    author="Ada Lund",
    additions=3,
    deletions=3,
)
TESTS_CHANGE = Change(
    "git:55aa01",
    ChangeKind.COMMIT,
    NOW_MS - 3 * DAY_MS,
    target=ChangeTarget.TEST,
    to_version="55aa01",
    title="test: wait for the receipt mail",
    author="Jo Kim",
)
CHANGES = (PAYMENTS, CATALOG, PRICING, TESTS_CHANGE)

OWNERS = ThreeOwners(("@acme/journeys",), "CODEOWNERS tests/checkout/", ("@acme/platform",), ("@acme/pay",))
PAYMENT_HYPOTHESES = (
    Hypothesis(
        "change",
        0.91,
        (
            Evidence("radius", 2.9, "9 of 47 tests that touch payments newly fail, 0 of 79 others"),
            Evidence("text", 1.7, "the message names payments"),
            Evidence("onset", 1.4, "all 9 fail in every run since; none is known to be flaky"),
            Evidence("spared", -0.8, "38 tests that touch payments still pass"),
        ),
        PAYMENTS,
        "service",
        "payments",
    ),
    Hypothesis("change", 0.05, (Evidence("onset", 0.3, "deployed in the same minute"),), CATALOG, "service", "catalog"),
    Hypothesis("unrecorded", 0.03, ()),
    Hypothesis("environment", 0.01, ()),
)
MESSAGE = "AssertionError: expected 200 but was 503"
TRACE = f"""{MESSAGE}
payments-5d8f: upstream token version 2 not supported (POST /charge)
    at acme.CheckoutIT.pays_with_saved_card(CheckoutIT.java:88)
    at java.base/java.lang.reflect.Method.invoke(Method.java:580)"""


def incident(
    number: int,
    verdict: Verdict,
    title: str,
    since_ms: int,
    reach: Radius,
    hypotheses: tuple[Hypothesis, ...],
    **more: object,
) -> IncidentRow:
    """An incident whose lead is one of the known cases."""
    lead = CASES[(number - 1) % len(CASES)]
    base = IncidentRow(
        incident_id=f"i-3fa9c2d{number}",
        verdict=verdict,
        probability=hypotheses[0].probability if hypotheses else 0.5,
        title=title,
        scope=STAGING,
        lead=lead,
        tests=tuple((one, STAGING) for one in CASES[: min(reach.tests, len(CASES))]),
        age="since 2026-11-19T02:20:00Z",
        since_ms=since_ms,
        radius=reach,
        owners=OWNERS,
        hypotheses=hypotheses,
        onset=Onset(run(6239, since_ms - 15 * MIN), run(6240, since_ms)),
        between=(),
        message=MESSAGE,
        text=TRACE,
        links=(Link("log", "https://logs.example.com/6240"),),
        red_runs=17,
        act_probability=0.9,
    )
    return replace(base, **more)  # type: ignore[arg-type]


INCIDENTS = (
    incident(
        1,
        Verdict.REGRESSION,
        "503 from payments on POST /charge",
        BAD_MS,
        Radius(9, 3, 2),
        PAYMENT_HYPOTHESES,
        between=(PAYMENTS, CATALOG),
    ),
    incident(
        7,
        Verdict.REGRESSION,
        "order total off by rounding",
        NOW_MS - DAY_MS,
        Radius(2, 1, 1),
        (
            Hypothesis(
                "change",
                0.74,
                (Evidence("files", 0.9, "only its rounding rules changed"),),
                PRICING,
                "service",
                "pricing",
            ),
        ),
        between=(PRICING,),
        state="acknowledged by ada",
        owners=ThreeOwners((), "", ("@acme/platform",), ("@acme/cart",)),
    ),
    incident(
        5,
        Verdict.ENVIRONMENT,
        "connection refused, all of staging",
        NOW_MS - 12 * MIN,
        Radius(61, 9, 5),
        (Hypothesis("environment", 0.88, (Evidence("span", 3.1, "61 tests of 9 services in one run"),)),),
    ),
    incident(
        6,
        Verdict.FLAKY,
        "timeout waiting for email",
        NOW_MS - 9 * DAY_MS,
        Radius(1, 0, 0),
        (Hypothesis("flake", 0.93, (Evidence("retry", 2.0, "passed on retry in 3 of 41 runs"),)),),
        state="quarantined until 2026-12-03",
        act_probability=0.05,
    ),
    incident(
        8,
        Verdict.UNDECIDED,
        "empty page after login",
        NOW_MS - 50 * MIN,
        Radius(1, 1, 0),
        (),
        reason="not enough data (2 runs)",
    ),
)

HEALTH = Health(
    NOW_MS,
    pipelines=6,
    runs=1204,
    tests=2301,
    results=486_132,
    stale=(StalePipeline("nightly-mobile", NOW_MS - 26 * HOUR, 24 * HOUR, 26 * HOUR),),
    incomplete=(),
    refused_files=1,
    environments=("staging", "preprod"),
    branches=("main",),
)
HEALTHY = replace(HEALTH, stale=(), refused_files=0)
EMPTY_HEALTH = Health(None, 0, 0, 0, 0, (), (), 0)
COUNTS = {"regression": 2, "environment": 1, "flaky": 5, "undecided": 1, "real": 2}


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


def set_aside(number: int, days: float, *, is_red: bool, issue: str = "") -> QuarantineRow:
    """A made-up case in quarantine for so many days more."""
    until_ms = NOW_MS + round(days * DAY_MS)
    held = Quarantine("ada", NOW_MS - DAY_MS, until_ms, "the sandbox of the partner is slow", "@acme/pay", issue)
    return QuarantineRow(CASES[number], held, until_ms - NOW_MS, is_red, 7)


SET_ASIDE = (
    set_aside(0, 12.5, is_red=True, issue="https://issues.example/17"),
    set_aside(1, 30, is_red=False),
    set_aside(2, -2, is_red=True),
)
