"""Renames are suggested where a case vanishes and one that is much like it appears, and nowhere else."""

from __future__ import annotations

import random

import pytest

from analysis.renames import LEAST_SCORE, MOST_GAP, WEIGHTS, Trace, compare, suggest_renames
from ingest.model import TestCase


def trace(name: str, run: int, *, of: str = "shop.PayIT", file: str | None = None, ms: float | None = None) -> Trace:
    """A case that vanished after, or appeared with, a run."""
    return Trace(TestCase("shop", of, name, file), run, ms, frozenset())


def names(vanished: list[Trace], appeared: list[Trace]) -> list[tuple[str, str]]:
    """(old, new) of what is suggested."""
    found = suggest_renames(vanished, appeared)
    return [(pair.old.case.name, pair.new.case.name) for pair in found]


def test_the_score_by_hand() -> None:
    """Same name, class `abcd` to `abxy`, durations 1 s and 2 s: (0.40 + 0.25 * 0.5 + 0.10 * 0.5) / 0.75."""
    pair = compare(trace("t", 3, of="abcd", ms=1000), trace("t", 4, of="abxy", ms=2000))
    assert pair is not None
    assert dict(pair.terms) == {"name": 1.0, "class": 0.5, "duration": pytest.approx(0.5)}
    assert pair.score == pytest.approx((0.40 + 0.125 + 0.05) / 0.75)
    assert sum(WEIGHTS.values()) == pytest.approx(1)


def test_a_moved_class_is_followed_case_by_case() -> None:
    """Every method finds itself again, in any order, although all look much alike."""
    methods = ["pays_by_card", "pays_by_invoice", "refunds_a_card", "refunds_an_invoice"]
    gone = [trace(name, 5, of="shop.PayIT") for name in methods]
    come = [trace(name, 6, of="shop.pay.PaymentIT") for name in methods]
    random.Random(1).shuffle(come)
    assert sorted(names(gone, come)) == sorted((name, name) for name in methods)


def test_only_at_one_boundary() -> None:
    """Both in one run, or too many runs apart: two tests."""
    old = trace("pays_by_card", 5)
    assert names([old], [trace("pays_by_cards", 6)]) == [("pays_by_card", "pays_by_cards")]
    assert names([old], [trace("pays_by_cards", 5)]) == []
    assert names([old], [trace("pays_by_cards", 6 + MOST_GAP)]) != []
    assert names([old], [trace("pays_by_cards", 7 + MOST_GAP)]) == []


def test_an_unlike_test_is_no_rename() -> None:
    """Nor is it where only class, file and duration agree."""
    old = trace("pays_by_card", 5, file="pay.py", ms=100)
    assert compare(old, trace("logs_out", 6, of="shop.SessionIT")) is None
    assert names([old], [trace("shows_help", 6, file="pay.py", ms=100)]) == []


def test_two_that_are_equally_alike_are_left_to_a_person() -> None:
    """Neither is suggested."""
    assert names([trace("pays_1", 5)], [trace("pays_2", 6), trace("pays_3", 6)]) == []


def test_signatures_tell_apart() -> None:
    """The same failure before and after lifts a score, another one lowers it; a green case is not compared by it."""

    def failing(name: str, run: int, key: str) -> Trace:
        return Trace(TestCase("shop", "shop.PayIT", name), run, None, frozenset({key}))

    same = compare(failing("pays_now", 5, "s1"), failing("pays_later", 6, "s1"))
    other = compare(failing("pays_now", 5, "s1"), failing("pays_later", 6, "s2"))
    green = compare(trace("pays_now", 5), trace("pays_later", 6))
    assert same is not None
    assert green is not None
    assert "signature" not in dict(green.terms)
    assert same.score > green.score >= LEAST_SCORE
    assert other is None or other.score < green.score
