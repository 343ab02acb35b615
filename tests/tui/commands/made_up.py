"""A made-up red test with its incident: enough of an answer to print."""

from __future__ import annotations

from analysis.records import Evidence, Hypothesis, Onset
from ingest.model import Change, ChangeKind, RunRef, RunState, Scope, TestCase, Verdict
from tui.answers.health import Health, StalePipeline
from tui.answers.query import Window
from tui.answers.suspects import SuspectsAnswer
from tui.answers.triage import IncidentRow, Radius, ThreeOwners, TriageAnswer

GOOD_MS = 1_795_226_700_000
"""2026-11-21 02:05."""
BAD_MS = GOOD_MS + 300_000
NOW_MS = GOOD_MS + 5 * 3_600_000
WINDOW = Window(NOW_MS - 14 * 86_400_000, NOW_MS, NOW_MS)
CASE = TestCase("acme/shop", "acme.CheckoutIT", "pays_with_saved_card")
SCOPE = Scope("journey", "staging", "main")
ONSET = Onset(RunRef(GOOD_MS, "journey", "6239"), RunRef(BAD_MS, "journey", "6240"))
PAYMENTS = Change(
    "cd:1",
    ChangeKind.DEPLOY,
    GOOD_MS + 180_000,
    "payments",
    "staging",
    to_version="7f3a91",
    title="feat(payments): token v2",
    author="Mira Patel",
)
HYPOTHESES = (
    Hypothesis(
        "change",
        0.91,
        (
            Evidence("blast", 3.2, "9 of 47 tests that touch payments newly fail, 0 of 79 others"),
            Evidence("spared", -1.1, "38 tests that touch payments still pass"),
        ),
        PAYMENTS,
        "service",
        "payments",
    ),
    Hypothesis("unrecorded", 0.085, (Evidence("prior", -2.0, "changes that nobody recorded are rare"),)),
    Hypothesis("environment", 0.005, (Evidence("outage", -4.0, "other tests of the environment pass"),)),
)
SUSPECTS = SuspectsAnswer(
    CASE,
    SCOPE,
    Verdict.REGRESSION,
    0.91,
    "since 2026-11-21T02:10:00Z",
    ONSET,
    ((Scope("journey", "preprod", "main"), Verdict.PASSING, "-"),),
    HYPOTHESES,
    (PAYMENTS,),
    owners=ThreeOwners(("@acme/journeys",), "CODEOWNERS tests/checkout/", ("@acme/platform",), ("@acme/pay",)),
)
INCIDENT = IncidentRow(
    incident_id="i-3fa9c2d1",
    verdict=Verdict.REGRESSION,
    probability=0.91,
    title="503 from payments on [POST] /charge",
    scope=SCOPE,
    lead=CASE,
    tests=((CASE, SCOPE),),
    age="since 2026-11-21T02:10:00Z",
    since_ms=BAD_MS,
    radius=Radius(9, 3, 2),
    owners=ThreeOwners(("@acme/journeys",), "CODEOWNERS tests/checkout/", ("@acme/platform",), ("@acme/pay",)),
    hypotheses=HYPOTHESES,
    onset=ONSET,
    between=(PAYMENTS,),
    message="expected 200 but was 503",
    text="",
    links=(),
    red_runs=4,
    act_probability=0.99,
)
HEALTHY = Health(NOW_MS, 6, 120, 300, 9_000, (), (), 0)
DOUBTFUL = Health(
    NOW_MS,
    6,
    120,
    300,
    9_000,
    (StalePipeline("nightly-mobile", NOW_MS, 86_400_000, 93_600_000),),
    (RunRef(BAD_MS, "web", "7", state=RunState.INCOMPLETE),),
    1,
)
EMPTY = Health(None, 0, 0, 0, 0, (), (), 0)
TRIAGE = TriageAnswer(WINDOW, (INCIDENT,), DOUBTFUL, {"regression": 1, "real": 1})
