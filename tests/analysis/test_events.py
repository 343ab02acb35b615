"""One change that reached several services is one hypothesis."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.events import group_changes, what_is_shared
from analysis.records import Hypothesis, ServiceGraph, SuspectQuestion
from analysis.suspects import rank_suspects
from ingest.model import Change, Commit, ContentKind
from tests.analysis.builders import MINUTE, column, deploy, feed, history

LIBRARY = Commit("3f2a91c07d55", "bump http client")


def together(*changes: Change) -> list[list[str]]:
    """Services of the groups."""
    return [[change.service for change in group] for group in group_changes(changes)]


def shared(service: str, minutes: float = 0, commit: Commit = LIBRARY) -> Change:
    """A deploy that carried the library, so long after 29 h 30."""
    return replace(deploy(service, 29.5 + minutes / 60, "v2"), commits=(commit,))


@pytest.mark.parametrize(
    ("second", "is_one"),
    [
        (shared("pay", 10), True),
        (shared("pay", 45), False),
        (shared("pay", 10, Commit("aaaaaaaaaaaa")), False),
        (shared("cart", 10), False),
    ],
)
def test_a_commit_within_half_an_hour_makes_one_event(second: Change, is_one: bool) -> None:
    """Another service, the same commit, near in time."""
    assert (len(group_changes([shared("cart"), second])) == 1) is is_one


def test_versions_that_may_be_the_same_by_chance_say_nothing() -> None:
    """`v2` of two services is no event; a date or a commit's id is; so is one repository's deploy."""
    at = [deploy("cart", 10, "v2"), deploy("pay", 10.1, "v2")]
    assert together(*at) == [["cart"], ["pay"]]
    assert together(*(replace(c, to_version="2026.11.3-1") for c in at)) == [["cart", "pay"]]
    assert together(*(replace(c, to_version="production") for c in at)) == [["cart"], ["pay"]]
    assert together(*(replace(c, change_id=f"d1#{c.service}") for c in at)) == [["cart", "pay"]]


def test_one_title_counts_for_libraries_and_configuration_only() -> None:
    """`Deploy to staging` says nothing."""
    at = [replace(deploy(name, 10), title="Bump okhttp to 5.1") for name in ("cart", "pay")]
    assert together(*at) == [["cart"], ["pay"]]
    bumps = [replace(c, content=ContentKind.DEPENDENCY) for c in at]
    assert together(*bumps) == [["cart", "pay"]]
    assert what_is_shared(bumps) == "the same change"
    assert what_is_shared([shared("cart"), shared("pay")]) == "the same commit 3f2a91c07d55"


def asked(is_shared: bool) -> tuple[Hypothesis, ...]:
    """Journeys of cart and of pay broke in one run, search's did not; a deploy of vault may also have done it."""
    lines = [("cart", "." * 30 + "RR"), ("pay", "." * 30 + "RR"), ("search", "." * 32)]
    stream = history([(column(f"{name}{i}", "web", name), line) for name, line in lines for i in range(6)])
    graph = ServiceGraph({"web": ("cart", "pay", "search")}, dict.fromkeys(["web", "cart", "pay", "search"]))
    second = shared("pay", 5) if is_shared else shared("pay", 5, Commit("b" * 12))
    changes = feed(shared("cart"), second, covered=["web", "search"])
    return rank_suspects(SuspectQuestion(stream.tests[0].case.test_id, stream, graph, changes))


def test_a_library_that_broke_two_services_is_one_hypothesis() -> None:
    """It leads, its face is the service that the test touches, and the card names the other one."""
    (one,) = [h for h in asked(is_shared=True) if h.change is not None]
    assert one.service == "cart"
    assert "the same commit 3f2a91c07d55 reached pay too, within 5 min" in {e.text for e in one.evidence}
    apart = [h for h in asked(is_shared=False) if h.change is not None]
    assert len(apart) == 2
    assert one.probability > max(h.probability for h in apart)


def test_a_group_stays_in_the_order_of_the_feed() -> None:
    """Whatever the order in which changes are given."""
    changes = [shared("pay", 5), deploy("web", 29, "v9"), shared("cart")]
    assert together(*changes) == [["pay", "cart"], ["web"]]
    assert changes[0].at_ms - changes[2].at_ms == 5 * MINUTE
