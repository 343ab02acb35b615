"""The awkward things themselves: which pipeline shows which, and what fails where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from sample_reports.story.dice import Dice
from sample_reports.story.records import Case, Failure
from tests.awkward_week import cast

Variant = tuple[tuple[str, str], ...]
BROWSERS: tuple[Variant, ...] = tuple((("browser", b),) for b in ("chromium", "firefox", "webkit"))


@dataclass(frozen=True, slots=True)
class Suite:
    """A pipeline in one environment: its runs start at `first` and every so many hours."""

    pipeline: str
    environment: str
    first: str
    every_h: int
    count: int
    cases: tuple[Case, ...]
    seconds: int = 300
    repository: str = cast.REPOSITORY
    variants: tuple[Variant, ...] = ((),)
    shards: int = 0
    first_id: int = 100


PRICING = Suite("pricing-suite", cast.STAGING, "0 00:20", 6, 28, tuple(cast.cases("pricing")), first_id=310)
SUITES = (
    Suite("map-browsers", cast.STAGING, "0 00:10", 6, 28, tuple(cast.cases("portal")), variants=BROWSERS),
    Suite("sorting-sharded", cast.STAGING, "0 02:00", 8, 21, tuple(cast.cases("sorting")), shards=4, first_id=700),
    PRICING,
    Suite("routing-suite", cast.STAGING, "0 02:30", 4, 42, tuple(cast.cases("routing")), first_id=1500),
    Suite("tracking-suite", cast.STAGING, "0 00:40", 6, 28, tuple(cast.cases("tracking")), first_id=60),
    Suite("shipping-suite", cast.STAGING, "0 00:50", 4, 42, tuple(cast.cases("shipping")), first_id=2200),
    Suite("scanning-suite", cast.STAGING, "0 00:15", 4, 42, tuple(cast.cases("scanning")), first_id=410),
    Suite("yard-suite", cast.STAGING, "0 00:00", 6, 28, tuple(cast.cases("yard")), seconds=3000, first_id=90),
    Suite("backhaul-suite", cast.STAGING, "0 00:35", 6, 28, tuple(cast.cases("backhaul")), first_id=5000),
    Suite("backhaul-suite", cast.PREPROD, "0 00:45", 6, 28, tuple(cast.cases("backhaul")), first_id=6000),
    Suite("smoke-suite", cast.STAGING, "0 00:25", 4, 42, tuple(cast.smoke_cases()), first_id=8100),
    Suite("border-legacy", cast.STAGING, "0 03:30", 6, 27, tuple(cast.cases("border")), repository="", first_id=1),
    Suite("night-audit", cast.STAGING, "0 03:05", 24, 7, tuple(cast.cases("audit")), repository="", first_id=501),
)

ABORTED = ("routing-suite", 20)
"""A run whose report ends in the middle of a test case."""
MISSING_SHARD, MISSING_IN = 3, (8, 20)
LATE_SIDECARS = (2, 4, 6)
"""Runs of the night audit whose `run.json` arrives last."""
RENAMED = ("plans_route", "plans_shortest_route", "3 08:50")
SECOND_ATTEMPTS = ((5, "quotes_domestic", True), (13, "quotes_express", False))
"""(run, test that fails and passes in the second attempt, whether nothing it exercises changed between)."""
SECOND_AFTER_S = 35 * 60


@dataclass(frozen=True, slots=True)
class Trouble:
    """Some tests of a suite end red from a moment on, until another or the end."""

    key: str
    pipeline: str
    tests: tuple[str, ...]
    since: str
    """First start of a run that is red."""
    until: str = "99 00:00"
    environment: str = cast.STAGING
    variant: str = ""
    kind: str = "regression"
    verdicts: tuple[str, ...] = ("regression",)
    culprit: str = ""
    """`service version` of the deploy, or the title of a push."""
    says: str = ""
    """What the message of the failure says."""
    is_deployed_in_run: bool = False
    """The deploy came while the first red run was under way."""


SHEETS = ("prints_sheet", "reprints_sheet", "numbers_sheets")
TROUBLES = (
    Trouble(
        "one-variant", "map-browsers", ("draws_depot_map",), "3 18:00", variant="browser=webkit",
        culprit="portal 2.4.0", says="expected canvas to be drawn but WebGL context was lost (portal/VectorMap)",
    ),
    Trouble(
        "one-variant-flake", "map-browsers", ("filters_parcel_list",), "1 12:00", "1 12:30", variant="browser=firefox",
        kind="flake", verdicts=("flaky",), says="list did not settle within 2000 ms",
    ),
    Trouble(
        "shard-missing", "sorting-sharded", ("merges_parcels",), "5 09:40", "6 12:00", culprit="parcels 5.2.0",
        says="expected: <1 parcel> but was: <2 parcels>, parcels answered 409",
    ),
    Trouble(
        "unrecorded", "routing-suite", ("geocodes_address", "geocodes_postbox", "snaps_to_road"), "6 06:00",
        kind="unrecorded", verdicts=("unrecorded",), says="geocoder answered 501 Not Implemented for /v1/lookup",
    ),
    Trouble(
        "not-in-catalog", "tracking-suite", ("reads_frame", "reads_long_frame"), "4 12:00", "5 05:00",
        culprit="beacon 0.4.0", says="expected frame of 64 bytes but beacon sent 61",
    ),
    Trouble(
        "monorepo", "shipping-suite", SHEETS, "2 14:05", "3 10:10", culprit="labels 4.3.0",
        says="expected: <3 sheets> but was: <1 sheet> from labels",
    ),
    Trouble(
        "test-code", "scanning-suite", ("scans_pallet",), "4 15:40", kind="test", verdicts=("test",),
        culprit="test: pallets from the new fixture", says="Cannot invoke \"Pallet.code()\" because \"pallet\" is null",
    ),
    Trouble(
        "deploy-in-run-late", "yard-suite", ("closes_gate", "weighs_truck"), "3 12:00", "4 20:00",
        culprit="depot 8.1.0", says="gate of depot did not close: weight class missing", is_deployed_in_run=True,
    ),
    Trouble(
        "deploy-in-run-early", "yard-suite", ("opens_gate", "assigns_dock"), "3 12:20", "4 20:00",
        culprit="depot 8.1.0", says="gate of depot did not open: weight class missing",
    ),
    Trouble(
        "environments-disagree", "backhaul-suite", ("collected_by_courier",), "5 14:00", culprit="backhaul 1.6.0",
        says="courier of backhaul is unknown: brand is null",
    ),
    Trouble(
        "all-red", "smoke-suite", tuple(c.name for c in cast.smoke_cases()), "6 08:05",
        verdicts=("regression", "environment"), culprit="identity 3.0.0",
        says="sign-in failed: 401 from identity, issuer is not trusted",
    ),
    Trouble(
        "zone-less", "border-legacy", ("declares_goods",), "4 09:50", culprit="customs 2.0.0",
        says="declaration was refused by customs: field originCode is missing",
    ),
)  # fmt: skip


DRAFTED = "prints_zpl"
DRAFT = Trouble("draft", "labels-ci", (DRAFTED,), "", kind="pre-merge", verdicts=(), says="expected: <^XA> but was: <>")
RERUN = Trouble(
    "second-attempt", PRICING.pipeline, (), "", kind="rerun", verdicts=(), says="expected: <12.40> but was: <0>"
)


def failure(case: Case, trouble: Trouble, run_id: str) -> Failure:
    """What a red test says."""
    dice = Dice("awkward-failure", case.name, run_id)
    simple = case.classname.rsplit(".", 1)[-1]
    line = 20 + Dice("awkward-line", case.name).below(90)
    kind = "java.lang.NullPointerException" if trouble.kind == "test" else "org.opentest4j.AssertionFailedError"
    message = f"{trouble.says} (request {dice.hex(12)})" if trouble.kind != "test" else trouble.says
    frames = [] if trouble.kind == "test" else ["org.junit.jupiter.api.AssertionUtils.fail(AssertionUtils.java:55)"]
    frames.append(f"{case.classname}.{case.name}({simple}.java:{line})")
    frames.append("org.apache.maven.surefire.booter.ForkedBooter.main(ForkedBooter.java:507)")
    text = "\n".join([f"{kind}: {message}", *(f"\tat {f}" for f in frames)])
    return Failure(kind, message, text, is_error=trouble.kind == "test")


VOLATILE: dict[str, Callable[[Dice, str], str]] = {
    "tracks_parcel": lambda dice, _: f"tracks_parcel[{dice.uuid()}]",
    "connects_to_scanner": lambda dice, _: (
        f"connects_to_scanner[10.2.0.{17 + dice.below(9)}:{49152 + dice.below(9999)}]"
    ),
    "reads_snapshot": lambda _, started: f"reads_snapshot[{started}]",
}


def volatile_cases(run_id: str, started: str) -> list[Case]:
    """Parametrised tests whose names are new in every run."""
    file = f"{cast.SUITES_ROOT}/tracking/FrameIT.java"
    dice = Dice("awkward-volatile", run_id)
    made = [make(dice, started) for make in VOLATILE.values()]
    return [Case("freight.journeys.tracking.FrameIT", name, file, ("parcels",), 2.0) for name in made]
