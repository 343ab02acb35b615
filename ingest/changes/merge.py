"""Two records of one change -> one record, whatever the order in which they arrive.

Feeds repeat themselves and complete what they said (a GitHub deployment and its statuses). Each field is joined by a
total order, so that merging is commutative, associative and idempotent and equal inputs give equal rows in any order.
"""

from __future__ import annotations

from collections.abc import Iterable

from ingest.model import Change, ChangeKind, ChangeStatus, ChangeTarget, Commit, ContentKind

_STATUSES = (ChangeStatus.RUNNING, ChangeStatus.FAILED, ChangeStatus.SUCCEEDED)
_CONTENTS = (
    ContentKind.CODE,  # what is assumed where nothing is known, so that knowledge wins
    ContentKind.NO_OP,
    ContentKind.DEPENDENCY,
    ContentKind.CONFIGURATION,
    ContentKind.MIGRATION,
)
_KINDS = tuple(ChangeKind)
_TARGETS = (ChangeTarget.SERVICE, ChangeTarget.TEST)


def merge_change(old: Change, new: Change) -> Change:
    """One record of a change from two, the order of the two being of no importance.

    A change that succeeded once has reached its environment: success beats failure beats running, and of several
    records with the same end the earliest finish counts. The start is the earliest known; numbers are the largest;
    files and commits are united; of two different texts the longer one is kept, then the one that sorts last.

    Raises:
        ValueError: the two records are of different changes.
    """
    if old.change_id != new.change_id:
        raise ValueError(f"records of two changes: {old.change_id!r} and {new.change_id!r}")
    if old == new:
        return old
    end = max(old, new, key=_end_key)
    return Change(
        change_id=old.change_id,
        kind=max(old.kind, new.kind, key=_KINDS.index),
        at_ms=end.at_ms,
        service=_longest(old.service, new.service),
        environment=_longest(old.environment, new.environment),
        target=max(old.target, new.target, key=_TARGETS.index),
        started_ms=_least(old.started_ms, new.started_ms),
        finished_ms=end.finished_ms,
        status=end.status,
        from_version=_longest_or_none(old.from_version, new.from_version),
        to_version=_longest_or_none(old.to_version, new.to_version),
        title=_longest(old.title, new.title),
        author=_longest(old.author, new.author),
        url=_longest(old.url, new.url),
        content=max(old.content, new.content, key=_CONTENTS.index),
        additions=_most(old.additions, new.additions),
        deletions=_most(old.deletions, new.deletions),
        files=tuple(sorted({*old.files, *new.files})),
        commits=merge_commits((*old.commits, *new.commits)),
        repository=_longest_or_none(old.repository, new.repository),
    )


def merge_commits(commits: Iterable[Commit]) -> tuple[Commit, ...]:
    """Commits with one entry a sha, by time, then sha; those without a time come first."""
    by_sha: dict[str, Commit] = {}
    for commit in commits:
        earlier = by_sha.get(commit.sha)
        by_sha[commit.sha] = commit if earlier is None else _merge_commit(earlier, commit)
    return tuple(sorted(by_sha.values(), key=lambda commit: (commit.at_ms or 0, commit.sha)))


def _merge_commit(old: Commit, new: Commit) -> Commit:
    if old == new:
        return old
    return Commit(
        sha=old.sha,
        title=_longest(old.title, new.title),
        author=_longest(old.author, new.author),
        url=_longest(old.url, new.url),
        at_ms=_least(old.at_ms, new.at_ms),
        files=tuple(sorted({*old.files, *new.files})),
    )


def _end_key(change: Change) -> tuple[int, bool, int, int]:
    """Order of what is known about a change's end: larger is better."""
    finished = change.finished_ms
    return _STATUSES.index(change.status), finished is not None, -(finished or 0), -change.at_ms


def _longest(one: str, other: str) -> str:
    return max(one, other, key=lambda text: (len(text), text))


def _longest_or_none(one: str | None, other: str | None) -> str | None:
    if one is None or other is None:
        return other if one is None else one
    return _longest(one, other)


def _least(one: int | None, other: int | None) -> int | None:
    return min((number for number in (one, other) if number is not None), default=None)


def _most(one: int | None, other: int | None) -> int | None:
    return max((number for number in (one, other) if number is not None), default=None)
