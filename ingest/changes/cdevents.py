"""CDEvents -> changes, merged commits and notes of incidents.

Specification: cdevents.dev, versions 0.1 to 0.5 (0.6 drafts read the same). An event is an object with `context` and
`subject`, alone in a file, in an array or one a line, also inside a CloudEvent's `data` (structured mode).

What becomes of an event, by the subject and predicate of its type:

- `service.deployed`, `upgraded`, `rolledback`, `removed`: a change of the service in the environment.
- `service.published`: a change only where it names the environment in which the service became reachable; a version
  that is merely available has reached nobody.
- `environment.created`, `modified`, `deleted`: a change of the whole environment.
- `change.merged`: a commit, attached by its sha to the deploy that carries it.
- `incident.*`: a note, because what others saw is context and no cause.
- `testcaserun`, `testsuiterun`, `testoutput`: results of tests, read by `ingest.formats.cdevents`.
- anything else (pipeline runs, artifacts): counted and ignored.

Free fields live in `customData`, as an object, as JSON text or as base64 of it: title, author, commit, url, files,
additions, deletions, started, finished, status, from_version, version, repository.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

from ingest.changes.batch import BatchBuilder, ChangeBatch, IncidentNote, Merged
from ingest.changes.fields import Moment, count, first_text, mapping, moment, text, texts
from ingest.changes.json_text import as_utf8, decode, read_documents
from ingest.errors import NotKnown, Refused
from ingest.limits import Limits
from ingest.model import Change, ChangeKind, ChangeStatus, Commit
from ingest.titles import change_target, content_kind

TYPE = re.compile(
    r"(?:dev\.)?cd(?:events)?\.(?P<subject>[a-z]+)\.(?P<predicate>[a-z]+)(?:\.v?[\w.\-]*)?", re.IGNORECASE
)
TEST_SUBJECTS = frozenset({"testcaserun", "testsuiterun", "testoutput", "testcase", "testsuite"})
"""Subjects of events that tell of tests; the last two are of version 0.1."""
_ANY_TYPE = re.compile(r"dev\.cdevents[x]?\.[\w.\-]+", re.IGNORECASE)
_SHA = re.compile(r"[0-9a-f]{7,64}", re.IGNORECASE)
_SERVICE_KINDS = {
    "deployed": ChangeKind.DEPLOY,
    "upgraded": ChangeKind.UPGRADE,
    "rolledback": ChangeKind.ROLLBACK,
    "removed": ChangeKind.REMOVAL,
    "published": ChangeKind.DEPLOY,
}
_CHANGE_KINDS = {
    "configuration": ChangeKind.CONFIGURATION,
    "config": ChangeKind.CONFIGURATION,
    "migration": ChangeKind.MIGRATION,
    "flag": ChangeKind.FLAG,
}
_STATUSES = {
    "failure": ChangeStatus.FAILED,
    "failed": ChangeStatus.FAILED,
    "error": ChangeStatus.FAILED,
    "running": ChangeStatus.RUNNING,
    "in_progress": ChangeStatus.RUNNING,
}


class _Unusable(Exception):
    """An event that is one of ours and lacks what is needed; the text says what."""


def read(data: bytes, limits: Limits) -> ChangeBatch:
    """Changes, merged commits and notes of a file of CDEvents, in the order of the file.

    Raises:
        Refused: the JSON cannot be read, or no event in it can be used.
        NotKnown: it holds no CDEvents.
    """
    documents = read_documents(data, limits)
    if not any(claims(document.value) for document in documents.items):
        raise NotKnown("no CDEvents: no object with a context and a type that starts with dev.cdevents")
    builder = BatchBuilder()
    for warning in documents.warnings:
        builder.warn(warning)
    for place, value in documents.items:
        where = f"{place}: " if place else ""
        try:
            _read_event(unwrap(value), builder, where, limits)
        except _Unusable as problem:
            builder.warn(f"{where}{problem}")
    if builder.is_empty:
        raise Refused("schema", f"no usable event: {builder.first_warning or 'the file has none'}")
    return builder.build()


def claims(value: Any) -> bool:
    """Whether a decoded value is a CDEvent, usable or not, or a CloudEvent that carries one."""
    kind = text(mapping(unwrap(value).get("context")).get("type"))
    return TYPE.fullmatch(kind) is not None or _ANY_TYPE.fullmatch(kind) is not None


def unwrap(value: Any) -> Mapping[str, Any]:
    """The event itself; of a CloudEvent in structured mode, its data, completed by the envelope."""
    outer = mapping(value)
    if "context" in outer:
        return outer
    inner = outer.get("data")
    if inner is None and isinstance(outer.get("data_base64"), str):
        inner = _decoded_base64(outer["data_base64"])
    if isinstance(inner, str):
        inner = _decoded_json(inner.encode("utf-8", "replace"))
    event = dict(mapping(inner))
    if "context" not in event and "subject" in event:
        event["context"] = {**outer, "timestamp": outer.get("time")}
    return event


def _read_event(event: Mapping[str, Any], builder: BatchBuilder, where: str, limits: Limits) -> None:
    context, subject = mapping(event.get("context")), mapping(event.get("subject"))
    kind = text(context.get("type"))
    known = TYPE.fullmatch(kind)
    if known is None:
        if _ANY_TYPE.fullmatch(kind) is None:
            raise _Unusable("no CDEvent: it has no type that starts with dev.cdevents")
        builder.ignore("events of other tools (dev.cdeventsx)")
        return
    what, predicate = known["subject"].lower(), known["predicate"].lower()
    custom, problem = custom_data(event, limits)
    if problem:
        builder.warn(f"{where}{problem}")
    if what == "service" and predicate in _SERVICE_KINDS:
        _read_service(predicate, context, subject, custom, builder)
    elif what == "environment" and predicate in ("created", "modified", "deleted"):
        builder.change(_environment_change(predicate, context, subject, custom))
    elif what == "change" and predicate == "merged":
        merged = _merged(context, subject, custom)
        if merged is None:
            builder.ignore("change.merged events that name no commit (put its sha into customData.commit)")
        else:
            builder.merge(merged)
    elif what in TEST_SUBJECTS:
        builder.leave()
    elif what == "incident":
        builder.note(_incident(predicate, context, subject, custom))
    else:
        builder.ignore(f"events of kind {what}.{predicate}")


def _read_service(
    predicate: str,
    context: Mapping[str, Any],
    subject: Mapping[str, Any],
    custom: Mapping[str, Any],
    builder: BatchBuilder,
) -> None:
    """Take a change of a service."""
    content = content_of(subject)
    environment = reference(content.get("environment"))
    if predicate == "published" and not environment:
        builder.ignore("service.published events that name no environment")
        return
    service = text(subject.get("id"))
    if not service:
        raise _Unusable("the event names no service: subject.id is missing")
    kind = _SERVICE_KINDS[predicate]
    if kind is ChangeKind.DEPLOY:
        kind = _CHANGE_KINDS.get(first_text(custom, "kind").lower(), kind)
    version = _version(text(content.get("artifactId"))) or first_text(custom, "version", "to_version", "toVersion")
    from_version = first_text(custom, "from_version", "fromVersion", "previousVersion")
    if kind is ChangeKind.REMOVAL:
        from_version, version = from_version or version, ""
    builder.change(_change(kind, service, environment, (from_version, version), context, custom))


def _environment_change(
    predicate: str, context: Mapping[str, Any], subject: Mapping[str, Any], custom: Mapping[str, Any]
) -> Change:
    content = content_of(subject)
    environment = text(subject.get("id")) or text(content.get("name"))
    if not environment:
        raise _Unusable("the event names no environment: subject.id is missing")
    named = {"title": f"environment {predicate}", "url": text(content.get("uri")), **_without_empty(custom)}
    return _change(ChangeKind.ENVIRONMENT, "", environment, ("", ""), context, named)


def _change(
    kind: ChangeKind,
    service: str,
    environment: str,
    versions: tuple[str, str],
    context: Mapping[str, Any],
    custom: Mapping[str, Any],
) -> Change:
    """The change that an event and its free fields describe."""
    reported = _time(context)
    finished = moment(custom.get("finished")) or moment(custom.get("finishedAt")) or reported
    started = moment(custom.get("started")) or moment(custom.get("startedAt"))
    commit = _commit(first_text(custom, "commit", "sha", "revision"), custom, None)
    title, files = first_text(custom, "title", "message"), texts(custom.get("files"))
    status = _STATUSES.get(first_text(custom, "status", "outcome").lower(), ChangeStatus.SUCCEEDED)
    return Change(
        change_id=_identifier(context),
        kind=kind,
        at_ms=finished.ms,
        service=service,
        environment=environment,
        target=change_target(files),
        started_ms=started.ms if started and started.ms <= finished.ms else None,
        finished_ms=None if status is ChangeStatus.RUNNING else finished.ms,
        status=status,
        from_version=versions[0] or None,
        to_version=versions[1] or None,
        title=title,
        author=first_text(custom, "author", "user"),
        url=first_text(custom, "url", "uri"),
        content=content_kind(title, files),
        additions=count(custom.get("additions")),
        deletions=count(custom.get("deletions")),
        files=files,
        commits=(commit,) if commit else (),
        repository=reference(custom.get("repository")) or None,
    )


def _merged(context: Mapping[str, Any], subject: Mapping[str, Any], custom: Mapping[str, Any]) -> Merged | None:
    """The commit of a merged change; its sha may be a free field or the subject's id. None without one."""
    content = content_of(subject)
    sha = first_text(custom, "commit", "sha", "mergeCommit") or first_text(content, "commit", "sha")
    identifier = text(subject.get("id"))
    if not sha and _SHA.fullmatch(identifier):
        sha = identifier
    commit = _commit(sha, custom, _time(context))
    if commit is None:
        return None
    repository = reference(content.get("repository")) or reference(custom.get("repository"))
    return Merged(commit, repository or None, reference(custom.get("service")) or None)


def _commit(sha: str, custom: Mapping[str, Any], at: Moment | None) -> Commit | None:
    if not sha:
        return None
    return Commit(
        sha=sha,
        title=first_text(custom, "title", "message"),
        author=first_text(custom, "author", "user"),
        url=first_text(custom, "url", "uri"),
        at_ms=at.ms if at else None,
        files=texts(custom.get("files")),
    )


def _incident(
    predicate: str, context: Mapping[str, Any], subject: Mapping[str, Any], custom: Mapping[str, Any]
) -> IncidentNote:
    content = content_of(subject)
    return IncidentNote(
        note_id=_identifier(context),
        incident=text(subject.get("id")),
        state=predicate,
        at_ms=_time(context).ms,
        environment=reference(content.get("environment")),
        service=reference(content.get("service")),
        title=text(content.get("description")) or first_text(custom, "title"),
        url=first_text(content, "ticketURI", "uri") or first_text(custom, "url"),
    )


def _identifier(context: Mapping[str, Any]) -> str:
    identifier = text(context.get("id"))
    if not identifier:
        raise _Unusable("the event has no context.id")
    return identifier


def _time(context: Mapping[str, Any]) -> Moment:
    found = moment(context.get("timestamp"))
    if found is None:
        raise _Unusable("context.timestamp is missing or no ISO-8601 time")
    return found


def content_of(subject: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the event says of its subject: `content`, or, in drafts before 0.1, the subject itself."""
    return mapping(subject.get("content")) or subject


def reference(value: Any) -> str:
    """The name in a reference: `{"id": "staging"}` or plain text."""
    return text(value) or first_text(mapping(value), "id", "name")


def _version(artifact: str) -> str:
    """The version in an artifact's package URL.

    >>> _version("pkg:oci/cart@sha256%3Ab5bb?tag=7"), _version("pkg:npm/%40acme/cart@1.2.0")
    ('sha256:b5bb', '1.2.0')
    """
    if not artifact.startswith("pkg:"):
        return artifact
    path = re.split(r"[?#]", artifact, maxsplit=1)[0]
    return unquote(path.rpartition("@")[2]) if "@" in path else ""


def custom_data(event: Mapping[str, Any], limits: Limits) -> tuple[Mapping[str, Any], str]:
    """The free fields, and what is wrong with them."""
    raw = event.get("customData")
    if isinstance(raw, dict):
        return raw, ""
    if not isinstance(raw, str) or not raw.strip():
        return {}, ""
    kind = text(event.get("customDataContentType")).lower()
    if kind and "json" not in kind and "base64" not in kind:
        return {}, ""
    try:
        return mapping(decode(as_utf8(raw.encode("utf-8"), limits), limits)), ""
    except Refused:
        decoded = _decoded_base64(raw, limits)
        return (
            (decoded, "") if decoded else ({}, "customData is neither JSON nor base64 of it; its fields are not used")
        )


def _decoded_base64(written: str, limits: Limits | None = None) -> Mapping[str, Any]:
    try:
        return _decoded_json(base64.b64decode("".join(written.split()), validate=True), limits)
    except (binascii.Error, ValueError):
        return {}


def _decoded_json(data: bytes, limits: Limits | None = None) -> Mapping[str, Any]:
    try:
        return mapping(decode(data, limits or Limits()))
    except Refused:
        return {}


def _without_empty(custom: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in custom.items() if value not in (None, "")}
