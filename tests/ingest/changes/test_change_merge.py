"""Two records of one change: in any order, grouped in any way, the same record."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.changes.batch import BatchBuilder
from ingest.changes.merge import merge_change, merge_commits
from ingest.model import Change, ChangeKind, ChangeStatus, ChangeTarget, Commit, ContentKind

words = st.sampled_from(["", "a", "b", "ab"])
maybe = st.none() | words
times = st.sampled_from([10, 20, 30])
commits = st.builds(Commit, st.sampled_from(["s1", "s2"]), words, words, words, st.none() | times, st.just(("f", "e")))
changes = st.builds(
    Change,
    change_id=st.just("c"),
    kind=st.sampled_from(ChangeKind),
    at_ms=times,
    service=words,
    environment=words,
    target=st.sampled_from(ChangeTarget),
    started_ms=st.none() | times,
    finished_ms=st.none() | times,
    status=st.sampled_from(ChangeStatus),
    from_version=maybe,
    to_version=maybe,
    title=words,
    author=words,
    url=words,
    content=st.sampled_from(ContentKind),
    additions=st.none() | times,
    deletions=st.none() | times,
    files=st.lists(words, max_size=2).map(tuple),
    commits=st.lists(commits, max_size=2).map(tuple),
    repository=maybe,
)


@given(changes, changes, changes)
def test_merging_is_a_join(one: Change, two: Change, three: Change) -> None:
    """Commutative, associative, idempotent: arrival order and repetition do not matter."""
    assert merge_change(one, two) == merge_change(two, one)
    assert merge_change(merge_change(one, two), three) == merge_change(one, merge_change(two, three))
    assert merge_change(one, one) == one
    both = merge_change(one, two)
    assert merge_change(both, one) == both


def test_a_success_ends_a_change_at_its_first_report() -> None:
    """Success beats failure beats running; the earliest of equal ends counts."""
    running = Change("c", ChangeKind.DEPLOY, 10, started_ms=10, status=ChangeStatus.RUNNING)
    failed = replace(running, status=ChangeStatus.FAILED, at_ms=20, finished_ms=20)
    done = replace(running, status=ChangeStatus.SUCCEEDED, at_ms=30, finished_ms=30)
    again = replace(done, at_ms=40, finished_ms=40)
    for other in (running, failed, again):
        merged = merge_change(other, done)
        assert (merged.status, merged.at_ms, merged.finished_ms) == (ChangeStatus.SUCCEEDED, 30, 30)
    assert merge_change(running, failed).status is ChangeStatus.FAILED


def test_different_changes_are_not_merged() -> None:
    """Mixing up two changes is a programming error."""
    with pytest.raises(ValueError, match="two changes"):
        merge_change(Change("a", ChangeKind.DEPLOY, 1), Change("b", ChangeKind.DEPLOY, 1))


def test_commits_are_one_a_sha() -> None:
    """What one record of a commit lacks the other gives."""
    merged = merge_commits((Commit("b", at_ms=5), Commit("a", "title"), Commit("b", "t")))
    assert merged == (Commit("a", "title"), Commit("b", "t", at_ms=5))


def test_a_batch_completes_its_own_changes() -> None:
    """Entries of one change in one file are one change."""
    builder = BatchBuilder()
    builder.change(Change("c", ChangeKind.DEPLOY, 1, title="t"))
    builder.change(Change("c", ChangeKind.DEPLOY, 1, author="a"))
    builder.warn("w")
    builder.warn("w")
    batch = builder.build()
    assert [(change.title, change.author) for change in batch.changes] == [("t", "a")]
    assert batch.warnings == ("w",)
