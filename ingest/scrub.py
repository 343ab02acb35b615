"""Cleans the strings of whole records and takes secrets out: none reaches the store as it was written.

`found` counts the secrets by kind, and what was cut by the setting of its limit and its value, as
`limits.text_chars=64000`. `warnings_of` tells both.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar, cast

from ingest.clean import clean, clean_line, cut, cut_name
from ingest.limits import Limits
from ingest.model import Failure, Link
from ingest.plain_lines import odd_lines
from ingest.redact import redact, secrets_warning

_Record = TypeVar("_Record")
_LINE_CHARS = 4_000
_KEYS = frozenset({"change_id", "sha"})
_LIMITS = "limits."
_CUT = {"name_chars": "name", "message_chars": "message", "text_chars": "failure text"}
_BEYOND = 8_192
"""Of a text that is cut in the end, this much more than twice its limit is searched for secrets."""


def scrub(record: _Record, found: Counter[str] | None = None) -> _Record:
    """A frozen record whose strings, at any depth, are clean single lines of at most 4,000 characters without secrets.

    What identifies a change or a commit stays whole.
    """
    return cast(_Record, _scrub(record, Counter() if found is None else found))


def scrub_line(text: str, limit: int, found: Counter[str] | None = None) -> str:
    """A clean single line without secrets; one that is longer than `limit` characters ends in a hash of the whole.

    Args:
        limit: `limits.name_chars`.
    """
    line = redact(clean_line(text), found)
    if len(line) > limit and found is not None:
        found[f"{_LIMITS}name_chars={limit}"] += 1
    return cut_name(line, limit)


def scrub_failure(failure: Failure, limits: Limits, found: Counter[str] | None = None) -> Failure:
    """A failure with clean type, message and text without secrets, each cut to its limit."""
    text = failure.text
    if len(text) <= limits.text_chars and not odd_lines(text.encode("utf-8", "surrogatepass")):
        text = text.strip("\n")
    else:
        text = _scrub_text(clean(text).strip("\n"), limits.text_chars, "text_chars", found)
    return Failure(
        scrub_line(failure.type, limits.name_chars, found),
        _scrub_text(clean(failure.message).strip(), limits.message_chars, "message_chars", found),
        text,
    )


def scrub_links(links: tuple[Link, ...], limits: Limits, found: Counter[str] | None = None) -> tuple[Link, ...]:
    """Links with clean addresses without secrets, no more than the limit."""
    kept = links[: limits.links_per_attempt]
    return tuple(Link(link.kind, redact(clean_line(link.url), found)[:_LINE_CHARS]) for link in kept)


def warnings_of(found: Counter[str]) -> tuple[str, ...]:
    """Sentences that tell what was cut, at which setting's limit, and how many secrets were taken out.

    >>> warnings_of(Counter({"jwt": 1, "limits.text_chars=64000": 2}))
    ('2 failure texts cut: longer than the 64,000 characters of limits.text_chars', '1 secret redacted: jwt 1')
    """
    cuts = sorted(key for key in found if key.startswith(_LIMITS))
    secrets = Counter({kind: count for kind, count in found.items() if not kind.startswith(_LIMITS)})
    return tuple(filter(None, (*(_told(key, found[key]) for key in cuts), secrets_warning(secrets))))


def _told(key: str, count: int) -> str:
    setting, _, limit = key.partition("=")
    what = _CUT[setting.removeprefix(_LIMITS)]
    return f"{count:,} {what}{'s' if count > 1 else ''} cut: longer than the {int(limit):,} characters of {setting}"


def _scrub_text(text: str, limit: int, setting: str, found: Counter[str] | None) -> str:
    safe = redact(cut(text, 2 * limit + _BEYOND), found)
    if len(safe) > limit and found is not None:
        found[f"{_LIMITS}{setting}={limit}"] += 1
    return cut(safe, limit)


def _scrub(value: Any, found: Counter[str]) -> Any:
    if isinstance(value, Enum) or value is None:
        return value
    if isinstance(value, str):
        return redact(clean_line(value), found)[:_LINE_CHARS]
    if isinstance(value, tuple):
        return tuple(_scrub(item, found) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        strings = {f.name: _scrub(getattr(value, f.name), found) for f in fields(value) if f.name not in _KEYS}
        keys = {f.name: clean_line(getattr(value, f.name))[:_LINE_CHARS] for f in fields(value) if f.name in _KEYS}
        return replace(value, **strings, **keys)
    return value
