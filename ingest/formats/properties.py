"""What the properties of a report mean: identity of the run, exercised services, links. Pure.

The keys are OpenTelemetry semantic conventions where they exist; any other key is ignored.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from ingest.formats.values import moment
from ingest.model import Link, RunIdentity, RunState, Trigger

Pairs = Iterable[tuple[str, str]]

SERVICE_KEYS = frozenset({"service.peer.name", "peer.service"})
VARIANT_PREFIX = "crywolf.variant."
_SERVICE_TAG = re.compile(r"@?(service\.peer\.name|peer\.service)[=:](.+)")

_LINK_KINDS = {
    "url": "url", "link": "url", "report_url": "url",
    "log": "log", "logs": "log", "log_url": "log", "log.url": "log", "logurl": "log",
    "trace": "trace", "trace_id": "trace", "trace.id": "trace", "traceid": "trace", "traceparent": "trace",
    "attachment": "attachment", "screenshot": "attachment", "video": "attachment",
}  # fmt: skip


def _positive(text: str) -> int | None:
    text = text.strip()
    return int(text) if text.isascii() and text.isdigit() and 0 < len(text) < 10 and int(text) > 0 else None


def _trigger(text: str) -> Trigger | None:
    try:
        return Trigger(text.strip().lower())
    except ValueError:
        return None


def _state(text: str) -> RunState | None:
    try:
        return RunState(text.strip().lower())
    except ValueError:
        return None


def _text(text: str) -> str | None:
    return text.strip() or None


def _time(text: str) -> int | None:
    when = moment(text)
    return None if when is None else when.ms


IDENTITY_KEYS: dict[str, tuple[str, Callable[[str], Any]]] = {
    "cicd.pipeline.name": ("pipeline", _text),
    "cicd.pipeline.run.id": ("run_id", _text),
    "cicd.pipeline.run.url.full": ("url", _text),
    "cicd.pipeline.task.name": ("job", _text),
    "cicd.pipeline.task.run.url.full": ("job_url", _text),
    "vcs.repository.name": ("repository", _text),
    "vcs.ref.head.name": ("branch", _text),
    "vcs.ref.head.revision": ("revision", _text),
    "vcs.ref.base.revision": ("base_revision", _text),
    "vcs.change.id": ("merge_request", _text),
    "service.name": ("service", _text),
    "service.version": ("service_version", _text),
    "deployment.environment.name": ("environment", _text),
    "start_time": ("start_ms", _time),
    "end_time": ("end_ms", _time),
    "crywolf.run.attempt": ("run_attempt", _positive),
    "crywolf.run.trigger": ("trigger", _trigger),
    "crywolf.run.state": ("state", _state),
    "crywolf.shard.index": ("shard_index", _positive),
    "crywolf.shard.total": ("shard_total", _positive),
}
"""Key -> field of `RunIdentity` and how its text is read."""


def identity_of(pairs: Pairs) -> tuple[RunIdentity, list[str]]:
    """Run identity that properties state, and the keys whose value cannot be read. The first of a repeated key wins.

    >>> identity_of([("cicd.pipeline.run.id", "77"), ("crywolf.variant.browser", "firefox")])[0].variant
    (('browser', 'firefox'),)
    """
    known, unreadable = identity_fields(pairs)
    return RunIdentity(**known), unreadable


def identity_fields(pairs: Pairs) -> tuple[dict[str, Any], list[str]]:
    """The same as fields of `RunIdentity`, only those that are known."""
    known: dict[str, Any] = {}
    variant: dict[str, str] = {}
    unreadable: list[str] = []
    for key, text in pairs:
        if key.startswith(VARIANT_PREFIX) and text.strip():
            variant.setdefault(key[len(VARIANT_PREFIX) :], text.strip())
        if key not in IDENTITY_KEYS or not text.strip():
            continue
        field, read = IDENTITY_KEYS[key]
        value = read(text)
        if value is None:
            unreadable.append(key)
        elif field not in known:
            known[field] = value
            if field == "start_ms":
                when = moment(text)
                known["start_is_zoneless"] = when is not None and when.is_zoneless
    if variant:
        known["variant"] = tuple(sorted(variant.items()))
    return known, unreadable


def services_of(pairs: Pairs) -> tuple[str, ...]:
    """Services that properties declare as exercised, as written, in order, each once.

    >>> services_of([("service.peer.name", "payments"), ("peer.service", "stock"), ("peer.service", "payments")])
    ('payments', 'stock')
    """
    return tuple(dict.fromkeys(text.strip() for key, text in pairs if key in SERVICE_KEYS and text.strip()))


def services_in_tags(tags: Iterable[str]) -> tuple[str, ...]:
    """Services that tags declare, `@service.peer.name=payments`, for formats whose tests have no properties.

    >>> services_in_tags(["@slow", "@service.peer.name=payments", "peer.service:stock"])
    ('payments', 'stock')
    """
    return services_of((match[1], match[2]) for tag in tags if (match := _SERVICE_TAG.fullmatch(tag)))


def links_of(pairs: Pairs) -> tuple[Link, ...]:
    """Log URLs, attachments and trace ids that properties name.

    >>> links_of([("traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")])
    (Link(kind='trace', url='4bf92f3577b34da6a3ce929d0e0e4736'),)
    """
    links = []
    for key, text in pairs:
        kind, text = _LINK_KINDS.get(key.lower(), ""), text.strip()
        if not kind or not text:
            continue
        if key.lower() == "traceparent":
            parts = text.split("-")
            text = parts[1] if len(parts) == 4 else text
        if kind in ("url", "log") and not text.startswith(("http://", "https://")):
            continue
        links.append(Link(kind, text))
    return tuple(dict.fromkeys(links))


ATTACHMENT_MARK = "[[ATTACHMENT|"


def attachments_in(output: str) -> tuple[Link, ...]:
    """Files that a test names in its output the way the Jenkins attachments plugin reads them.

    >>> attachments_in("x\\n[[ATTACHMENT|/tmp/a.png]]\\n[[ATTACHMENT| ]]")
    (Link(kind='attachment', url='/tmp/a.png'),)
    """
    links = []
    for piece in output.split(ATTACHMENT_MARK)[1:]:
        path, mark, _ = piece.partition("]]")
        if mark and path.strip() and "\n" not in path:
            links.append(Link("attachment", path.strip()))
    return tuple(dict.fromkeys(links))
