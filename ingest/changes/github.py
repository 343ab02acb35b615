"""GitHub webhooks -> changes and merged commits.

Payloads of `deployment`, `deployment_status` and `push`, recognised by their content, alone, in an array, one a line,
or wrapped as `{"event": NAME, "payload": {...}}`; deployments as the REST API lists them, too. Source:
docs.github.com/webhooks/webhook-events-and-payloads.

A deployment and its statuses are one change, `github:deployment:ID`: each payload gives what it knows and
`merge.merge_change` completes the rest, in any order. The status `inactive` only says that a later deployment took
over.

A push gives its commits, to be attached by sha to the deployments that carry them. A commit on the default branch that
touches nothing but test code is a change of its own, `git:SHA`, because it reaches the tests without a deployment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ingest.changes.batch import BatchBuilder, ChangeBatch, Merged
from ingest.changes.commits import commit_change
from ingest.changes.fields import first_text, mapping, moment, text, texts
from ingest.changes.json_text import decode, read_documents
from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.model import Change, ChangeKind, ChangeStatus, ChangeTarget, Commit
from ingest.titles import change_target, content_kind

_STATUSES = {
    "success": ChangeStatus.SUCCEEDED,
    "failure": ChangeStatus.FAILED,
    "error": ChangeStatus.FAILED,
}
_KINDS = (
    ("rollback", ChangeKind.ROLLBACK),
    ("migrat", ChangeKind.MIGRATION),
    ("config", ChangeKind.CONFIGURATION),
)
_OTHER_EVENTS = (
    "workflow_run",
    "workflow_job",
    "check_run",
    "check_suite",
    "release",
    "pull_request",
    "issue",
    "package",
    "registry_package",
    "commit_comment",
)
_NO_COMMIT = "0" * 40


class _Unusable(Exception):
    """A payload that is one of ours and lacks what is needed; the text says what."""


def read(data: bytes, limits: Limits) -> ChangeBatch:
    """Changes and commits of a file of webhook payloads.

    Raises:
        Refused: the JSON cannot be read, or no payload in it can be used.
        NotKnown: it holds payloads of other events, or none.
    """
    documents = read_documents(data, limits)
    payloads = [(place, _payload(value, limits)) for place, value in documents.items]
    if not any(_event(payload) for _, payload in payloads):
        raise NotKnown(_why_not(payloads[0][1] if payloads else {}))
    builder = BatchBuilder()
    for warning in documents.warnings:
        builder.warn(warning)
    for place, payload in payloads:
        try:
            _take(payload, builder)
        except _Unusable as problem:
            builder.warn(f"{place}: {problem}" if place else str(problem))
    if builder.is_empty:
        raise Refused("schema", f"no usable payload: {builder.first_warning}")
    return builder.build()


def claims(value: Any) -> bool:
    """Whether a decoded value is a payload that this module reads."""
    return bool(_event(_payload(value, Limits())))


def _payload(value: Any, limits: Limits) -> Mapping[str, Any]:
    """The payload itself, out of its wrapping."""
    outer = mapping(value)
    if "payload" in outer and ("event" in outer or "repository" not in outer):
        inner = outer["payload"]
        if isinstance(inner, str):
            try:
                inner = decode(inner.encode("utf-8"), limits)
            except Refused:
                inner = {}
        if _event(mapping(inner)) or "statuses_url" not in outer:
            outer = mapping(inner)
    if "statuses_url" in outer and "sha" in outer and "environment" in outer:
        return {"deployment": outer}
    return outer


def _event(payload: Mapping[str, Any]) -> str:
    """Which event a payload is of, empty for those that carry no change."""
    if mapping(payload.get("deployment")).get("id") is not None:
        return "deployment_status" if mapping(payload.get("deployment_status")) else "deployment"
    is_push = isinstance(payload.get("ref"), str) and "before" in payload and "after" in payload
    return "push" if is_push and isinstance(payload.get("commits"), list) else ""


def _why_not(payload: Mapping[str, Any]) -> str:
    found = next((name for name in _OTHER_EVENTS if name in payload), "")
    if found and "repository" in payload:
        return f"GitHub's event {found} carries no change; deployment, deployment_status and push do"
    return "no GitHub webhook of deployment, deployment_status or push"


def _take(payload: Mapping[str, Any], builder: BatchBuilder) -> None:
    event = _event(payload)
    if event == "push":
        _take_push(payload, builder)
    elif event:
        builder.change(_deployment(payload))
    else:
        builder.ignore("payloads of other events")


def _deployment(payload: Mapping[str, Any]) -> Change:
    """What one payload knows of a deployment."""
    deployment, status = mapping(payload["deployment"]), mapping(payload.get("deployment_status"))
    created = moment(deployment.get("created_at"))
    reported = moment(status.get("created_at")) or moment(status.get("updated_at"))
    end = _STATUSES.get(text(status.get("state")), ChangeStatus.RUNNING)
    finished = reported if end is not ChangeStatus.RUNNING else None
    at = finished or created or reported
    if at is None:
        raise _Unusable("the deployment has no created_at")
    free, sha = mapping(deployment.get("payload")), text(deployment.get("sha"))
    repository = _repository(payload, deployment)
    title = first_text(free, "title") or text(deployment.get("description")) or _workflow(payload, "display_title")
    return Change(
        change_id=f"github:deployment:{text(deployment.get('id'))}",
        kind=_kind(text(deployment.get("task"))),
        at_ms=at.ms,
        service=first_text(free, "service", "app", "application") or (repository or "").rpartition("/")[2],
        environment=text(status.get("environment")) or text(deployment.get("environment")),
        started_ms=created.ms if created else None,
        finished_ms=finished.ms if finished else None,
        status=end if finished else ChangeStatus.RUNNING,
        to_version=first_text(free, "version", "tag") or sha or None,
        title=title,
        author=text(mapping(deployment.get("creator")).get("login")),
        url=_url(payload, status, sha),
        content=content_kind(title),
        commits=(Commit(sha),) if sha else (),
        repository=repository,
    )


def _kind(task: str) -> ChangeKind:
    return next((kind for word, kind in _KINDS if word in task.lower()), ChangeKind.DEPLOY)


def _workflow(payload: Mapping[str, Any], key: str) -> str:
    return text(mapping(payload.get("workflow_run")).get(key))


def _url(payload: Mapping[str, Any], status: Mapping[str, Any], sha: str) -> str:
    """Where a person sees the deployment: its log, else its workflow run, else the commit."""
    found = first_text(status, "target_url", "log_url") or _workflow(payload, "html_url")
    page = text(mapping(payload.get("repository")).get("html_url"))
    return found or (f"{page}/commit/{sha}" if page and sha else "")


def _repository(payload: Mapping[str, Any], deployment: Mapping[str, Any]) -> str | None:
    """`owner/name`."""
    named = text(mapping(payload.get("repository")).get("full_name"))
    _, _, path = text(deployment.get("repository_url")).partition("/repos/")
    return named or path or None


def _take_push(payload: Mapping[str, Any], builder: BatchBuilder) -> None:
    """Take the commits of a push, and those of them that change the tests only."""
    repository = mapping(payload.get("repository"))
    name = text(repository.get("full_name")) or None
    branch = text(payload.get("ref")).removeprefix("refs/heads/")
    is_default = branch == (text(repository.get("default_branch")) or text(repository.get("master_branch")))
    entries = [mapping(entry) for entry in payload["commits"]] or [mapping(payload.get("head_commit"))]
    commits = [commit for entry in entries if (commit := _commit(entry)) is not None]
    if not commits:
        builder.ignore("pushes without commits")
    for commit in commits:
        builder.merge(Merged(commit, name))
        if is_default and change_target(commit.files) is ChangeTarget.TEST and commit.at_ms is not None:
            builder.change(commit_change(commit, repository=name))


def _commit(entry: Mapping[str, Any]) -> Commit | None:
    sha = text(entry.get("id")) or text(entry.get("sha"))
    if not sha or sha == _NO_COMMIT:
        return None
    at, author = moment(entry.get("timestamp")), mapping(entry.get("author"))
    files = [path for key in ("added", "modified", "removed") for path in texts(entry.get(key), "\n")]
    return Commit(
        sha=sha,
        title=text(entry.get("message")).partition("\n")[0],
        author=first_text(author, "username", "name", "email"),
        url=text(entry.get("url")),
        at_ms=at.ms if at else None,
        files=tuple(dict.fromkeys(files)),
    )
