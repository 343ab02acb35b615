"""What people confirmed teaches which kinds and sizes of changes break things."""

from __future__ import annotations

from dataclasses import replace
from math import log

import pytest

from analysis.change_risk import habits_before, log_habit, tabulate
from analysis.records import ChangeFeed, Habit, SuspectQuestion
from analysis.suspects import rank_suspects
from analysis.track_record import LEAST_CONFIRMED
from ingest.model import Change, ChangeKind, ChangeTarget, ContentKind
from tests.analysis.builders import deploy
from tests.analysis.shop_questions import BROKEN, FINE, GRAPH, shop

LATER = 2**62


def made(content: ContentKind, count: int, first: float, lines: int | None = None) -> list[Change]:
    """As many deploys of one kind and size, an hour apart."""
    one = deploy("cart", 0)
    return [
        replace(
            one,
            change_id=f"{content}-{first + n}",
            at_ms=deploy("cart", first + n).at_ms,
            content=content,
            additions=lines,
            deletions=None if lines is None else 0,
        )
        for n in range(count)
    ]


def test_factor_by_hand() -> None:
    """14 confirmed of 4 expected: (4 + 14) / (4 + 4); of a kind of which nothing is known, nothing."""
    habits = {"configuration": Habit(14, 4.0), "code": Habit(1, 11.0)}
    change = made(ContentKind.CONFIGURATION, 1, 0)[0]
    assert log_habit(habits, change) == pytest.approx(log(18 / 8))
    assert log_habit(habits, replace(change, content=ContentKind.CODE)) == pytest.approx(log(5 / 15))
    assert log_habit(habits, replace(change, content=ContentKind.MIGRATION)) == 0.0
    assert log_habit(habits, replace(change, target=ChangeTarget.TEST)) == 0.0
    assert log_habit({}, change) == 0.0


def test_culprits_are_held_against_what_is_assumed_of_their_kinds() -> None:
    """Of 40 changes of code and 10 of configuration at sqrt(1.5) times the risk, 20 culprits: so many are expected."""
    changes = [*made(ContentKind.CODE, 40, 0), *made(ContentKind.CONFIGURATION, 10, 50)]
    confirmed = {c.change_id for c in (*changes[:10], *changes[40:])}
    habits = habits_before(tabulate(changes, confirmed), LATER)
    share = 10 * 1.5**0.5 / (40 + 10 * 1.5**0.5)
    assert (habits["configuration"].k, habits["code"].k) == (10, 10)
    assert habits["configuration"].expected == pytest.approx(20 * share, abs=1e-3)
    assert habits["code"].expected == pytest.approx(20 * (1 - share), abs=1e-3)
    assert set(habits) == {"configuration", "code"}  # no size is known


def test_sizes_do_not_count_a_second_time_what_the_kinds_tell() -> None:
    """Large ones are the culprits only because all configuration is large: the sizes then say little."""
    changes = [*made(ContentKind.CODE, 40, 0, 5), *made(ContentKind.CONFIGURATION, 20, 50, 900)]
    habits = habits_before(tabulate(changes, {c.change_id for c in changes[40:]}), LATER)
    kind, size = habits["configuration"], habits["over 250 lines"]
    assert (kind.k, size.k) == (20, 20)
    assert 1 < (4 + size.k) / (4 + size.expected) < (4 + kind.k) / (4 + kind.expected)
    assert (habits["up to 10 lines"].k, habits["code"].k) == (0, 0)


def test_only_what_came_before_counts_and_few_teach_nothing() -> None:
    """Four culprits are too few, and so are five of which one is not yet to be known."""
    changes = made(ContentKind.CODE, 20, 0)
    culprits = [c.change_id for c in changes[10 : 10 + LEAST_CONFIRMED]]
    assert habits_before(tabulate(changes, culprits), LATER) != {}
    assert habits_before(tabulate(changes, culprits), changes[10 + LEAST_CONFIRMED - 1].at_ms) == {}
    assert habits_before(tabulate(changes, culprits[1:]), LATER) == {}


def test_more_confirmations_move_a_kind_further() -> None:
    """Shrunk towards what is assumed: the same share weighs more the more often it was seen."""
    found = []
    for times in (1, 2, 4):
        changes = [*made(ContentKind.CODE, 40 * times, 0), *made(ContentKind.DEPENDENCY, 5 * times, 1000)]
        confirmed = {c.change_id for c in (*changes[:times], *changes[40 * times :])}
        habits = habits_before(tabulate(changes, confirmed), LATER)
        found.append(log_habit(habits, changes[-1]))
    assert 0 < found[0] < found[1] < found[2] < log(6 / 0.6)


def test_of_two_equals_the_one_of_the_guilty_kind_leads_and_the_card_says_so() -> None:
    """Vault and pay are touched by the same tests and were deployed together; dependencies broke things before."""
    stream = shop(BROKEN, FINE)
    pay, vault = deploy("pay", 29.5, "v2"), deploy("vault", 29.5, "v2")
    changes = (replace(pay, kind=ChangeKind.UPGRADE, content=ContentKind.DEPENDENCY), vault)
    question = SuspectQuestion(stream.tests[0].case.test_id, stream, GRAPH, ChangeFeed(changes))
    before = {h.service: h.probability for h in rank_suspects(question) if h.change is not None}
    for guilty, kind, other in (("pay", "dependency", "vault"), ("vault", "code", "pay")):
        habits = {name: Habit(14 if name == kind else 2, 4.0) for name in ("dependency", "code")}
        first, second = (h for h in rank_suspects(replace(question, habits=habits)) if h.change is not None)
        assert first.service == guilty
        assert first.probability / second.probability == pytest.approx(before[guilty] / before[other] * 18 / 6)
        said = f"14 of the confirmed culprits were {kind} (expected: 4.0)"
        assert any(said in e.text for e in first.evidence)


def test_a_kind_that_is_as_guilty_as_assumed_is_not_told() -> None:
    """Five of five expected: the sentence would say nothing."""
    stream = shop(BROKEN, FINE)
    question = SuspectQuestion(stream.tests[0].case.test_id, stream, GRAPH, ChangeFeed((deploy("pay", 29.5, "v2"),)))
    found = rank_suspects(replace(question, habits={"code": Habit(5, 5.0)}))
    assert not any("confirmed culprits" in e.text for h in found for e in h.evidence)
    assert [h.probability for h in found] == pytest.approx([h.probability for h in rank_suspects(question)])
