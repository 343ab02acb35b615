"""What a `run.json`, a path or a CI server's environment variables say about a run -> `RunIdentity`.

`run.json` is written by the pipeline beside its reports; its keys are OpenTelemetry's where they exist, flat with dots
or as nested objects:

    {"cicd.pipeline.name": "integration", "cicd.pipeline.run.id": "4711", "vcs": {"ref": {"head": {"name": "main"}}},
     "deployment.environment.name": "staging", "start_time": "2026-03-01T02:00:00Z", "crywolf.run.trigger": "schedule"}

Unknown keys are ignored. A known key with an unusable value is refused, by name: a run filed under a wrong identity is
worse than one that waits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from functools import lru_cache
from typing import Any

import msgspec

from ingest.changes.fields import count, mapping, moment, text
from ingest.changes.json_text import decode
from ingest.errors import NotKnown, Refused, SettingsError
from ingest.limits import Limits
from ingest.model import RunIdentity, RunState, Trigger
from ingest.run_environment import identity_from_environment

__all__ = ["claims", "identity_from_environment", "identity_from_path", "read_run_json", "write_run_json"]

_FIELDS = {
    "cicd.pipeline.name": "pipeline",
    "cicd.pipeline.run.id": "run_id",
    "cicd.pipeline.run.url.full": "url",
    "cicd.pipeline.task.name": "job",
    "cicd.pipeline.task.run.url.full": "job_url",
    "vcs.repository.name": "repository",
    "vcs.ref.head.name": "branch",
    "vcs.ref.head.revision": "revision",
    "vcs.ref.base.revision": "base_revision",
    "vcs.change.id": "merge_request",
    "service.name": "service",
    "service.version": "service_version",
    "deployment.environment.name": "environment",
    "start_time": "start_ms",
    "end_time": "end_ms",
    "crywolf.run.attempt": "run_attempt",
    "crywolf.run.trigger": "trigger",
    "crywolf.run.state": "state",
    "crywolf.shard.index": "shard_index",
    "crywolf.shard.total": "shard_total",
}
_VARIANT = "crywolf.variant."
_NUMBERS = ("run_attempt", "shard_index", "shard_total")
_TIMES = ("start_ms", "end_ms")
_PLACEHOLDERS = {
    "service": "service",
    "service_version": "service_version",
    "pipeline": "pipeline",
    "run_id": "run_id",
    "run_attempt": "run_attempt",
    "attempt": "run_attempt",
    "environment": "environment",
    "branch": "branch",
    "revision": "revision",
    "repository": "repository",
    "merge_request": "merge_request",
    "job": "job",
    "shard": "shard_index",
    "shard_total": "shard_total",
}
_PLACEHOLDER = re.compile(r"\{([^{}/]*)\}")


def read_run_json(
    data: bytes,
    *,
    limits: Limits | None = None,
    zone: tzinfo = UTC,
    warn: Callable[[str], None] | None = None,
) -> RunIdentity:
    """What a `run.json` says about its run.

    Args:
        data: the file's bytes.
        limits: how much is read; the defaults when absent.
        zone: of times that name none.
        warn: takes sentences for the person who looks at this file.

    Raises:
        Refused: no JSON, or `schema` with the key and what it may be.
        NotKnown: JSON without any key of a run's identity.
    """
    value = decode(data, limits or Limits())
    if not isinstance(value, dict):
        raise Refused("schema", "run.json must be one JSON object")
    flat = dict(_flattened(value))
    known = {_FIELDS[key]: _checked(key, written, zone, warn) for key, written in flat.items() if key in _FIELDS}
    variant = tuple(sorted((key[len(_VARIANT) :], text(flat[key])) for key in flat if _is_variant(key, flat[key])))
    if not known and not variant:
        raise NotKnown("no key of a run's identity, such as cicd.pipeline.run.id")
    identity = RunIdentity(**known, variant=variant or None)
    return _plausible(identity, warn or (lambda sentence: None))


def write_run_json(identity: RunIdentity, **more: str) -> bytes:
    """A `run.json` that says what an identity does; equal identities give equal bytes.

    Args:
        more: keys that nobody reads, behind `crywolf.`: what else tells two documents apart.

    >>> write_run_json(RunIdentity(run_id="17", start_ms=0, trigger=Trigger.MANUAL))
    b'{"cicd.pipeline.run.id":"17","crywolf.run.trigger":"manual","start_time":"1970-01-01T00:00:00Z"}'
    """
    said: dict[str, Any] = {f"crywolf.{key}": value for key, value in more.items()}
    for key, name in _FIELDS.items():
        value = getattr(identity, name)
        if value is not None:
            said[key] = _iso(value) if name in _TIMES else value
    said |= {_VARIANT + key: value for key, value in identity.variant or ()}
    return msgspec.json.encode(dict(sorted(said.items())))


def _iso(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).isoformat().replace("+00:00", "Z")


def read_executor(data: bytes, limits: Limits) -> RunIdentity:
    """What Allure's `executor.json` says of the run: where its build is.

    Raises:
        Refused: it cannot be read.
    """
    url = text(mapping(decode(data, limits)).get("buildUrl"))
    return RunIdentity(url=url if url.startswith(("http://", "https://")) else None)


def claims(value: Any) -> bool:
    """Whether a decoded JSON value says something about a run; times alone are too common to tell it by."""
    return isinstance(value, dict) and any(
        key.startswith(_VARIANT) or _FIELDS.get(key, "start_ms") not in _TIMES for key, _ in _flattened(value)
    )


def _flattened(value: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Dotted keys and values of nested objects, without those that say nothing."""
    waiting: list[tuple[str, Any]] = list(value.items())
    while waiting:
        key, inner = waiting.pop(0)
        if isinstance(inner, dict):
            waiting[:0] = [(f"{key}.{name}", deeper) for name, deeper in inner.items()]
        elif inner is not None and inner != "":
            yield key, inner


def _is_variant(key: str, value: Any) -> bool:
    return key.startswith(_VARIANT) and len(key) > len(_VARIANT) and (isinstance(value, bool) or text(value) != "")


def _checked(key: str, value: Any, zone: tzinfo, warn: Callable[[str], None] | None) -> Any:
    """The value as the identity holds it."""
    name = _FIELDS[key]
    if name == "trigger":
        return _member(key, value, {trigger.value: trigger for trigger in Trigger})
    if name == "state":
        return _member(key, value, {state.value: state for state in RunState})
    if name in _NUMBERS:
        if not (number := count(value)):
            raise Refused("schema", f"{key} must be a whole number from 1 on, not {_shown(value)}")
        return number
    if name in _TIMES:
        found = moment(value, zone)
        if found is None:
            raise Refused("schema", f"{key} must be an ISO-8601 time or seconds since 1970, not {_shown(value)}")
        if found.is_zone_assumed and warn is not None:
            warn(f"{key} names no time zone, {zone} is assumed")
        return found.ms
    if not (written := text(value)):
        raise Refused("schema", f"{key} must be a text, not {_shown(value)}")
    return written


def _member(key: str, value: Any, allowed: Mapping[str, Any]) -> Any:
    written = text(value).lower().replace("_", "-")
    found = allowed.get(written, allowed.get(written.replace("-", " ")))
    if found is None:
        raise Refused("schema", f"{key} must be one of {', '.join(allowed)}, not {_shown(value)}")
    return found


def _shown(value: Any) -> str:
    """A value for a message: short and in printable ASCII."""
    return ascii(value if isinstance(value, str | int | float) else type(value).__name__)[:80]


def _plausible(identity: RunIdentity, warn: Callable[[str], None]) -> RunIdentity:
    """The identity, warned about where its parts contradict each other."""
    start, end = identity.start_ms, identity.end_ms
    if start is not None and end is not None and end < start:
        warn("end_time is before start_time")
    index, total = identity.shard_index, identity.shard_total
    if index is not None and total is not None and index > total:
        warn(f"crywolf.shard.index {index} is larger than crywolf.shard.total {total}; shards count from 1")
    return identity


def identity_from_path(template: str, path: str) -> RunIdentity | None:
    """What a path says of a run by a template of `crywolf.toml`; None where it does not fit.

    `{name}` stands for a folder or a part of one, `*` for anything in one folder, `**` for any number of folders.
    Names: service, pipeline, run_id, attempt, environment, branch, revision, repository, job, merge_request, shard,
    shard_total, and variant.KEY.

    Raises:
        SettingsError: the template has an unknown name.

    >>> identity_from_path("{service}/{pipeline}/{run_id}/**", "cart/e2e/17/TEST-a.xml").run_id
    '17'
    """
    expression, names = _compiled(template)
    found = expression.fullmatch(path.replace("\\", "/").removeprefix("./").strip("/"))
    if found is None:
        return None
    values: dict[str, Any] = {}
    variant: list[tuple[str, str]] = []
    for name, written in zip(names, found.groups(), strict=True):
        if name.startswith("variant."):
            variant.append((name.removeprefix("variant."), written))
            continue
        target = _PLACEHOLDERS[name]
        values[target] = count(written) if target in _NUMBERS else written
    return RunIdentity(**values, variant=tuple(sorted(variant)) or None)


@lru_cache(maxsize=64)
def _compiled(template: str) -> tuple[re.Pattern[str], tuple[str, ...]]:
    """A template as a regular expression, and the names of its groups."""
    names = tuple(_PLACEHOLDER.findall(template))
    for name in names:
        if name not in _PLACEHOLDERS and not re.fullmatch(r"variant\.[\w.-]+", name):
            known = ", ".join(_PLACEHOLDERS)
            raise SettingsError(f"path template {template!r}: unknown name {{{name}}}; known: {known}, variant.KEY")
    if len({_PLACEHOLDERS.get(name, name) for name in names}) < len(names):
        raise SettingsError(f"path template {template!r}: a name is used twice")
    segments = template.strip("/").split("/")
    out = ""
    for number, segment in enumerate(segments):
        is_last = number == len(segments) - 1
        if segment == "**":
            out += ".*" if is_last else "(?:[^/]+/)*"
        else:
            out += _segment(segment) + ("" if is_last else "/")
    return re.compile(out, re.DOTALL), names


def _segment(segment: str) -> str:
    pieces = _PLACEHOLDER.split(segment)
    out = ""
    for number, piece in enumerate(pieces):
        if number % 2:
            out += r"(\d{1,9})" if _PLACEHOLDERS.get(piece) in _NUMBERS else "([^/]+?)"
        else:
            out += re.escape(piece).replace(r"\*", "[^/]*")
    return out
