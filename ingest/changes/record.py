"""A deployment told by hand or by a table -> a change whose id follows from what identifies it."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.model import Change, ChangeKind, ChangeStatus, ChangeTarget, Commit, stable_id
from ingest.titles import change_target, content_kind


def record_deploy(
    service: str,
    version: str,
    environment: str,
    at_ms: int,
    *,
    source: str = "record",
    change_id: str = "",
    kind: ChangeKind = ChangeKind.DEPLOY,
    status: ChangeStatus = ChangeStatus.SUCCEEDED,
    target: ChangeTarget | None = None,
    started_ms: int | None = None,
    title: str = "",
    author: str = "",
    url: str = "",
    commit: str = "",
    files: Sequence[str] = (),
    additions: int | None = None,
    deletions: int | None = None,
    from_version: str = "",
    repository: str = "",
) -> Change:
    """The change that `crywolf record deploy` notes.

    Args:
        at_ms: when it was done.
        source: prefix of the id.
        change_id: the source's own id; without one it is `SOURCE:` and a hash of kind, service, version, environment
            and time, so that noting the same thing twice is noting it once and a title added later completes it.
        target: read from the files when absent.
        started_ms: dropped when it is after `at_ms`.
    """
    if not change_id:
        change_id = f"{source}:{stable_id(chr(31).join((service, version, environment, str(at_ms), kind.value)))}"
    paths = tuple(files)
    return Change(
        change_id=change_id,
        kind=kind,
        at_ms=at_ms,
        service=service,
        environment=environment,
        target=target or change_target(paths),
        started_ms=started_ms if started_ms is not None and started_ms <= at_ms else None,
        finished_ms=None if status is ChangeStatus.RUNNING else at_ms,
        status=status,
        from_version=from_version or None,
        to_version=version or None,
        title=title,
        author=author,
        url=url,
        content=content_kind(title, paths),
        additions=additions,
        deletions=deletions,
        files=paths,
        commits=(Commit(commit, title, author, url, files=paths),) if commit else (),
        repository=repository or None,
    )
