"""Believable answers without a store: the night that SCREENS tells of, at a fixed time."""

from __future__ import annotations

from dataclasses import replace

from analysis.handling import Quarantine
from analysis.records import Evidence, Hypothesis, Onset
from ingest.model import (
    Change,
    ChangeKind,
    ChangeTarget,
    Link,
    Result,
    RunRef,
    RunState,
    Scope,
    TestCase,
    Trigger,
    Verdict,
)
from tui.answers.health import Health, StalePipeline
from tui.answers.quarantine import QuarantineRow
from tui.answers.query import DAY_MS, Window
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
