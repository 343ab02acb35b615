"""Incidents: what belongs together, whatever the order it comes in."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from analysis.clusters import group_incidents
from analysis.records import BlastRadius, RedTest
from ingest.model import Scope, TestCase
from tests.analysis.builders import SCOPE, run


def red(
    name: str, good: int | None = 3, bad: int = 4, *, signature: str = "", suspect: str = "", where: Scope = SCOPE,
    services: tuple[str, ...] = ("web",), outage: bool = False,
) -> RedTest:  # fmt: skip
    """A red test case that broke between two runs."""
    return RedTest(
        TestCase("shop", "ShopIT", name), where, run(bad), None if good is None else run(good), signature,
        (suspect,) if suspect else (), services, (f"team-{name[0]}",), outage,
    )  # fmt: skip


def _names(tests: list[RedTest]) -> list[list[str]]:
    """Members of each incident; incidents of one onset stand by their id, which says nothing."""
    return sorted([m.case.name for m in group.members] for group in group_incidents(tests))


def test_one_signature_in_one_gap_is_one_incident() -> None:
    """Two tests, one cause."""
    assert _names([red("b", signature="s"), red("a", signature="s"), red("c", signature="other")]) == [
        ["a", "b"],
        ["c"],
    ]


def test_one_suspect_in_one_gap_is_one_incident() -> None:
    """Though the messages differ."""
    assert _names([red("a", signature="x", suspect="d1"), red("b", signature="y", suspect="d1")]) == [["a", "b"]]


def test_the_same_message_at_another_time_is_another_incident() -> None:
    """The gaps between good and bad do not overlap."""
    assert _names([red("a", 3, 4, signature="s"), red("b", 8, 9, signature="s")]) == [["a"], ["b"]]


def test_gaps_of_different_pipelines_overlap() -> None:
    """A test that runs every third hour broke somewhere in its longer gap."""
    other = replace(SCOPE, pipeline="hourly")
    assert _names([red("a", 2, 5, signature="s"), red("b", 3, 4, signature="s", where=other)]) == [["b", "a"]]


def test_variants_that_broke_apart_have_ids_of_their_own() -> None:
    """One test in one run, red for different reasons in two browsers."""
    firefox, webkit = (replace(SCOPE, variant=f"browser={name}") for name in ("firefox", "webkit"))
    groups = group_incidents([red("a", signature="s", where=firefox), red("a", signature="t", where=webkit)])
    assert len({group.incident_id for group in groups}) == len(groups) == 2


def test_another_environment_is_another_incident() -> None:
    """What broke there broke there."""
    other = replace(SCOPE, environment="preprod")
    assert len(_names([red("a", signature="s"), red("b", signature="s", where=other)])) == 2


def test_an_outage_is_one_incident() -> None:
    """Whatever each of them says."""
    found = [red(n, signature=n, outage=True) for n in "abc"]
    assert _names(found) == [["a", "b", "c"]]


def test_what_nothing_is_known_about_groups_by_run_and_service() -> None:
    """No text, no suspect: broken in the same run with a service in common."""
    found = [red("a"), red("b"), red("c", services=("mail",)), red("d", suspect="d1")]
    assert sorted(_names(found)) == [["a", "b"], ["c"], ["d"]]


def test_lead_is_the_earliest_then_the_smallest() -> None:
    """And the id depends on it alone."""
    group = group_incidents(
        [red("b", 2, 4, signature="s"), red("c", 1, 3, signature="s"), red("a", 3, 4, signature="s")]
    )[0]
    assert group.lead.case.name == "c"
    alone = group_incidents([red("c", 1, 3)])[0]
    assert alone.incident_id == group.incident_id


def test_radius_counts_tests_services_and_teams() -> None:
    """Distinct ones of each."""
    found = [red("a1", signature="s", services=("web", "pay")), red("a2", signature="s"), red("b", signature="s")]
    assert group_incidents(found)[0].radius == BlastRadius(3, 2, 2)


tests = st.lists(
    st.builds(
        red,
        st.sampled_from("abcdef"),
        st.one_of(st.none(), st.integers(0, 5)),
        st.integers(6, 9),
        signature=st.sampled_from(["", "s", "t"]),
        suspect=st.sampled_from(["", "d1", "d2"]),
        outage=st.booleans(),
    ),
    max_size=8,
)


@given(tests, st.randoms())
def test_order_does_not_matter(found: list[RedTest], random: st.DataObject) -> None:
    """Any order of the same red tests gives equal incidents; each is in exactly one."""
    shuffled = list(found)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    groups = group_incidents(found)
    assert groups == group_incidents(shuffled)
    assert sorted(m.case.name for g in groups for m in g.members) == sorted(t.case.name for t in set(found))
