"""A commit -> the change that it is by itself: one of the tests, or one that no deployment carries."""

from __future__ import annotations

from ingest.model import Change, ChangeKind, Commit
from ingest.titles import change_target, content_kind


def commit_change(
    commit: Commit,
    *,
    repository: str | None = None,
    additions: int | None = None,
    deletions: int | None = None,
) -> Change:
    """The change `git:SHA`, done when the commit was made; its target is the tests when all its files are.

    Raises:
        ValueError: the commit has no time.
    """
    if commit.at_ms is None:
        raise ValueError(f"commit {commit.sha} has no time")
    return Change(
        change_id=f"git:{commit.sha}",
        kind=ChangeKind.COMMIT,
        at_ms=commit.at_ms,
        target=change_target(commit.files),
        finished_ms=commit.at_ms,
        to_version=commit.sha,
        title=commit.title,
        author=commit.author,
        url=commit.url,
        content=content_kind(commit.title, commit.files),
        additions=additions,
        deletions=deletions,
        files=commit.files,
        commits=(commit,),
        repository=repository,
    )
