"""What people confirmed teaches whose changes break things."""

from __future__ import annotations

from dataclasses import replace
from math import log

import pytest

from analysis.records import ChangeFeed, Count, SuspectQuestion
from analysis.suspects import rank_suspects
from analysis.track_record import LEAST_CONFIRMED, log_risk, track_records
from ingest.model import Change, ChangeTarget
from tests.analysis.builders import deploy
from tests.analysis.shop_questions import BROKEN, FINE, GRAPH, shop


def made(service: str, count: int) -> list[Change]:
    """As many deploys of a service, an hour apart."""
    return [deploy(service, float(hour)) for hour in range(count)]


def test_changes_and_culprits_before_a_moment_are_counted() -> None:
    """What comes later does not count, nor what is no service's; fewer than five culprits teach nothing."""
    changes = [*made("cart", 8), *made("pay", 4), replace(deploy("", 1), target=ChangeTarget.TEST)]
    culprits = {c.change_id for c in changes if c.service == "cart"}
    before = deploy("", 6).at_ms
    assert track_records(changes, culprits, before) == {"cart": Count(6, 6), "pay": Count(0, 4)}
    assert track_records(changes, set(list(sorted(culprits))[: LEAST_CONFIRMED - 1]), 2**62) == {}


def test_risk_by_hand() -> None:
    """4 of 20 against 1 of 80: (2 + 4) / (2 + 1) = 2 and (2 + 1) / (2 + 4) = 1/2; of a stranger nothing is known."""
    records = {"cart": Count(4, 20), "pay": Count(1, 80)}
    assert log_risk(records, "cart") == pytest.approx(log(2))
    assert log_risk(records, "pay") == pytest.approx(log(0.5))
    assert (log_risk(records, "web"), log_risk({}, "cart")) == (0.0, 0.0)


def test_of_two_equals_the_one_that_broke_things_before_leads_and_the_card_says_so() -> None:
    """Vault and pay are touched by the same tests and were deployed together."""
    stream = shop(BROKEN, FINE)
    changes = (deploy("pay", 29.5, "v2"), deploy("vault", 29.5, "v2"))
    question = SuspectQuestion(stream.tests[0].case.test_id, stream, GRAPH, ChangeFeed(changes))
    before = {h.service: h.probability for h in rank_suspects(question) if h.change is not None}
    for guilty, other in (("vault", "pay"), ("pay", "vault")):
        records = {name: Count(8 if name == guilty else 1, 40) for name in ("vault", "pay")}
        first, second = (h for h in rank_suspects(replace(question, records=records)) if h.change is not None)
        assert first.service == guilty
        assert first.probability / second.probability == pytest.approx(before[guilty] / before[other] * 10 / 3)
        assert any(f"8 of 40 earlier changes of {guilty} broke something" in e.text for e in first.evidence)
