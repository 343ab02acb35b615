"""What goes wrong, in which run, and why: the script that the writers follow and the truth is told from."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from sample_reports.story import schedule, suites, texts
from sample_reports.story.dice import Dice
from sample_reports.story.pushes import Push, pushes
from sample_reports.story.records import Case, Deploy, Failure, Run
from sample_reports.story.releases import moment, releases

Wording = Callable[[Case, Dice], Failure]

TOKEN_TESTS = (
    "pays_with_saved_card",
    "pays_with_new_card",
    "applies_voucher_then_pays",
    "guest_pays_by_card",
    "mobile_pays_with_saved_card",
    "mobile_pays_with_wallet",
    "refunds_an_order",
    "refunds_part_of_an_order",
    "renews_with_stored_card",
)
STOCK_TESTS = (
    "reserves_stock_on_order",
    "releases_stock_on_cancel",
    "splits_order_by_warehouse",
    "restocks_returned_item",
)
ROUNDING_TESTS = ("test_order_total_is_rounded_once", "test_vat_is_split_per_rate")
NAMING_CULPRIT = ("pays_with_new_card", "guest_pays_by_card", "refunds_an_order", "renews_with_stored_card")
SHOWING_FILE = "refunds_an_order"
SURVIVORS = 8
"""Journeys that an outage of staging leaves green: pages that the content network still answers."""
DISABLED = "signs_up_with_social_login"
DISABLED_REASON = "disabled until the provider's sandbox is back"

MAIL, LEFTOVER, ORDER = "sends_receipt_within_a_minute", "lists_only_own_orders", "merges_guest_cart_on_login"
ORDER_AFTER, ORDER_BEFORE = "CartMergeIT", "CurrencySwitchIT"
RENDER, BANNER = "announces changes", "shows promo banner"
LEGACY = "shows_balance_after_partial_use"
DRAFTS: dict[str, Wording] = {
    "payments-ci": texts.java_draft,
    "pricing-ci": texts.python_draft,
    "web-ci": texts.node_draft,
    "search-ci": texts.node_draft,
}


@dataclass(slots=True)
class Happening:
    """One thing that is true of the story: some tests of one pipeline in some runs."""

    key: str
    kind: str
    pipeline: str
    tests: list[str]
    red: set[str] = field(default_factory=set)
    """Runs in which the tests end red."""
    healed_by_retry: set[str] = field(default_factory=set)
    """Runs in which they pass when tried again."""


@dataclass(slots=True)
class Story:
    """Runs, changes and what fails where."""

    origin: int
    deploys: list[Deploy]
    pushes: list[Push]
    runs: dict[str, list[Run]]
    happenings: list[Happening] = field(default_factory=list)
    failures: dict[tuple[str, str, str], tuple[tuple[Failure, ...], bool]] = field(default_factory=dict)
    """(pipeline, run id, test name) -> failures of its attempts, and whether it ends red."""
    ordered: set[str] = field(default_factory=set)
    """Hourly runs in which the order of classes is the bad one."""

    def happen(self, what: Happening, wording: Wording, *, retries: int = 1) -> None:
        """Enter a happening: each red test fails in all attempts."""
        self.happenings.append(what)
        for name in what.tests:
            case = suites.case_named(name)
            for run_id in sorted(what.red | what.healed_by_retry):
                dice = Dice(what.key, name, run_id)
                is_red = run_id in what.red
                attempts = 1 + retries if is_red else 1
                place = (what.pipeline, run_id, name)
                if place in self.failures:
                    raise ValueError(f"{place} fails twice")
                self.failures[place] = (tuple(wording(case, dice) for _ in range(attempts)), is_red)


def tell(origin: int) -> Story:
    """The whole story, beginning at midnight of its first day."""
    deploys, known = releases(origin), pushes(origin)
    plain = schedule.hourly(origin, known)
    hourly, after_manual = schedule.with_manual(plain, schedule.quiet(plain, deploys, origin), origin)
    runs = {"journeys-hourly": hourly, "journeys-nightly": schedule.nightly(origin, known)}
    runs["payments-ci"] = schedule.service(origin, "payments-ci", "payments", "staging", 240, 1120)
    runs["pricing-ci"] = schedule.service(origin, "pricing-ci", "pricing", "staging", 90, 3051)
    runs["web-ci"] = schedule.service(origin, "web-ci", "web", "", 150, 4417)
    runs["search-ci"] = schedule.service(origin, "search-ci", "search", "", 70, 902)
    story = Story(origin, deploys, known, runs)
    _breakages(story)
    _outage(story)
    _hourly_flakes(story, after_manual)
    _other_flakes(story)
    _old_and_new(story)
    _drafts(story)
    return story


def _ids(runs: Iterable[Run]) -> set[str]:
    return {r.run_id for r in runs}


def _breakages(story: Story) -> None:
    hourly = story.runs["journeys-hourly"]
    since = moment(story.origin, "21 10:52")
    three_hops = Happening("three-hops", "regression", "journeys-hourly", list(TOKEN_TESTS))
    three_hops.red = _ids(r for r in hourly if r.start > since)
    story.happen(
        three_hops,
        lambda case, dice: texts.token_refused(
            case, dice, names_culprit=case.name in NAMING_CULPRIT, shows_file=case.name == SHOWING_FILE
        ),
    )
    low, high = moment(story.origin, "11 08:42"), moment(story.origin, "11 15:32")
    rolled_back = Happening("rolled-back", "regression", "journeys-hourly", list(STOCK_TESTS))
    rolled_back.red = _ids(r for r in hourly if low < r.start < high)
    story.happen(rolled_back, texts.reservation_lost)
    since = moment(story.origin, "20 14:22")
    rounding = Happening("rounding", "regression", "pricing-ci", list(ROUNDING_TESTS))
    rounding.red = _ids(r for r in story.runs["pricing-ci"] if r.start > since and r.is_baseline)
    story.happen(rounding, texts.rounding_off, retries=0)


def _outage(story: Story) -> None:
    low, high = (moment(story.origin, when) for when in schedule.OUTAGE)
    names = [c.name for c in suites.HOURLY if c.name != DISABLED]
    spared = set(Dice("outage").shuffled(names)[:SURVIVORS])
    what = Happening("outage", "environment", "journeys-hourly", [n for n in names if n not in spared])
    what.red = _ids(r for r in story.runs["journeys-hourly"] if low <= r.start <= high)
    story.happen(what, texts.refused)


def _hourly_flakes(story: Story, after_manual: list[int]) -> None:
    """Timing: mostly heals on retry. Left-over data: in the run after a manual one. Order: after a certain class."""
    runs = story.runs["journeys-hourly"]
    calm = schedule.quiet(runs, story.deploys, story.origin)
    still = [k for k, is_calm in enumerate(calm) if is_calm]
    leftover = Happening("leftover", "flake", "journeys-hourly", [LEFTOVER], red={runs[k].run_id for k in after_manual})
    story.happen(leftover, texts.foreign_orders)

    chosen = schedule.spread(Dice("order").shuffled(still), 16, 3)
    story.ordered = {runs[k].run_id for k in chosen} | {runs[-1].run_id}
    order = Happening("order", "flake", "journeys-hourly", [ORDER], red=set(story.ordered))
    story.happen(order, texts.wrong_currency)

    red = schedule.spread(Dice("mail").shuffled(still), 4, 10)
    near = {k + d for k in red for d in (-1, 0, 1)}
    low, high = (moment(story.origin, when) for when in schedule.OUTAGE)
    free = [k for k, r in enumerate(runs) if k not in near and not low - 7200 < r.start < high + 7200]
    healed = schedule.spread(Dice("mail", "healed").shuffled(free), 35, 2)
    mail = Happening("timing", "flake", "journeys-hourly", [MAIL])
    mail.red, mail.healed_by_retry = {runs[k].run_id for k in red}, {runs[k].run_id for k in healed}
    story.happen(mail, texts.mail_late)


def _other_flakes(story: Story) -> None:
    nightly = story.runs["journeys-nightly"]
    for key, name, places, wording in (
        ("timing-nightly", MAIL, (4, 13), texts.mail_late),
        ("timing-banner", BANNER, (2, 9, 17), texts.banner_late),
    ):
        healed = {nightly[k].run_id for k in places}
        story.happen(Happening(key, "flake", "journeys-nightly", [name], healed_by_retry=healed), wording)
    web = story.runs["web-ci"]
    kept = [r.run_id for r in web if r.is_baseline]
    draft = [r.run_id for r in web if not r.is_baseline]
    dice = Dice("render")
    healed = set(dice.sample(kept, 3)) | set(dice.sample(draft, 3))
    story.happen(Happening("timing-web", "flake", "web-ci", [RENDER], healed_by_retry=healed), texts.late_render)


def _old_and_new(story: Story) -> None:
    nightly = story.runs["journeys-nightly"]
    old = Happening("legacy", "long-standing", "journeys-nightly", [LEGACY], red=_ids(nightly))
    story.happen(old, texts.stale_balance)
    new = Happening("newcomer", "undecided", "journeys-nightly", [suites.NEWCOMER.name], red={nightly[-1].run_id})
    story.happen(new, texts.size_missing)


def _drafts(story: Story) -> None:
    """Reds of unmerged code: they say nothing about the main branch."""
    for pipeline, wording in DRAFTS.items():
        cases = cases_of(pipeline)
        for run in story.runs[pipeline]:
            dice = Dice("draft", pipeline, run.run_id)
            if run.is_baseline or not dice.chance(0.3):
                continue
            free = [c.name for c in cases if (pipeline, run.run_id, c.name) not in story.failures]
            tests = dice.sample(free, 1 + dice.below(4))
            what = Happening(f"draft-{pipeline}-{run.run_id}", "pre-merge", pipeline, tests, red={run.run_id})
            story.happen(what, wording, retries=0)


def cases_of(pipeline: str) -> list[Case]:
    """Test cases of a pipeline on its last day."""
    return {
        "journeys-hourly": suites.HOURLY,
        "journeys-nightly": [*suites.HOURLY, *suites.NIGHTLY_ONLY, suites.NEWCOMER, *suites.PLAYWRIGHT],
        "payments-ci": suites.PAYMENTS,
        "pricing-ci": suites.PRICING,
        "web-ci": suites.WEB,
        "search-ci": suites.SEARCH,
    }[pipeline]
