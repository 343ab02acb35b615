"""Same code: yes, no or unknown."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.records import ChangeFeed
from analysis.same_code import relate_code, same_code, version_timelines
from ingest.model import ChangeKind, ChangeStatus
from tests.analysis.builders import SCOPE, column, deploy, feed, history, run

HERE = SCOPE.environment


def test_no_service_and_one_revision_is_yes() -> None:
    """Nothing else can differ."""
    assert same_code(run(0), run(1), (), HERE, ChangeFeed()) == "yes"


def test_another_revision_is_no() -> None:
    """Whatever the feed says."""
    assert same_code(run(0), run(1, revision="r2"), ("web",), HERE, ChangeFeed()) == "no"


def test_no_revision_is_unknown() -> None:
    """The test's own code may have changed."""
    assert same_code(run(0), run(1, revision=None), (), HERE, ChangeFeed()) == "unknown"


def test_uncovered_service_is_unknown() -> None:
    """The feed says nothing of it."""
    assert same_code(run(0), run(1), ("web", "pay"), HERE, feed(covered=["web"])) == "unknown"


def test_known_difference_beats_an_unknown_one() -> None:
    """One service is not covered, another one changed: something differs."""
    changes = feed(deploy("web", 0.5, "v2"))
    assert same_code(run(0), run(1), ("web", "pay"), HERE, changes) == "no"


def test_deploy_of_another_service_does_not_matter() -> None:
    """Only exercised ones count."""
    assert same_code(run(0), run(1), ("web",), HERE, feed(deploy("pay", 0.5, "v2"), covered=["web"])) == "yes"


def test_deploy_elsewhere_does_not_matter() -> None:
    """Another environment is another place."""
    change = replace(deploy("web", 0.5, "v2"), environment="preprod")
    assert same_code(run(0), run(1), ("web",), HERE, ChangeFeed((change,), frozenset({("web", HERE)}))) == "yes"


def test_change_without_environment_counts_everywhere() -> None:
    """The source does not say where."""
    change = replace(deploy("web", 0.5, "v2"), environment="")
    assert same_code(run(0), run(1), ("web",), HERE, ChangeFeed((change,), frozenset({("web", HERE)}))) == "no"


def test_change_of_the_whole_environment_counts_for_every_service() -> None:
    """A new cluster version, say."""
    change = replace(deploy("", 0.5), kind=ChangeKind.ENVIRONMENT)
    assert same_code(run(0), run(1), ("web",), HERE, feed(change, covered=["web"])) == "no"


def test_running_deploy_overlaps_everything_after() -> None:
    """It may have done its work or not."""
    change = replace(deploy("web", 0.5, "v2"), status=ChangeStatus.RUNNING)
    assert same_code(run(1), run(2), ("web",), HERE, feed(change)) == "no"


def test_failed_deploy_leaves_the_version() -> None:
    """But the run that it overlapped does not count."""
    change = replace(deploy("web", 0.5, "v2"), status=ChangeStatus.FAILED)
    assert same_code(run(0), run(1), ("web",), HERE, feed(change)) == "yes"


def test_version_before_the_first_deploy_is_its_from_version() -> None:
    """v1 -> v2 -> v1 is v1 before and after."""
    first = replace(deploy("web", 1, "v2"), from_version="v1")
    timeline = version_timelines(feed(first, deploy("web", 2, "v1")), HERE)["web"]
    assert timeline.versions[0] == timeline.versions[-1] != timeline.versions[1]


changes = st.lists(
    st.tuples(st.sampled_from(["web", "pay", ""]), st.floats(-1, 6), st.sampled_from(["v1", "v2", None])), max_size=6
)


@pytest.mark.parametrize("covered", [[], ["web"], ["web", "pay"]])
@given(found=changes)
def test_relation_of_a_stream_equals_pair_by_pair(
    found: list[tuple[str, float, str | None]], covered: list[str]
) -> None:
    """Equal keys exactly where two runs are the same code."""
    known = feed(*(deploy(*change) for change in found), covered=covered)
    revisions: list[str | None] = ["r1", "r1", "r2", None, "r1"]
    stream = history([(column("a"), "....."), (column("b", "web"), "....."), (column("c", "web", "pay"), ".....")],
                     revisions=revisions)  # fmt: skip
    relation = relate_code(stream, known)
    for t, case in enumerate(stream.tests):
        keys = relation.keys_of(t)
        services = [e.service for e in case.exercised]
        for i in range(5):
            for j in range(i + 1, 5):
                answer = same_code(stream.runs[i], stream.runs[j], services, HERE, known)
                assert (keys[i] >= 0 and keys[i] == keys[j]) == (answer == "yes")
