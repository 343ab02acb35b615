"""Cleans the strings of whole records and takes secrets out: none reaches the store as it was written.

`found` counts the secrets by kind.
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
from ingest.redact import redact

_Record = TypeVar("_Record")
_LINE_CHARS = 4_000
_KEYS = frozenset({"change_id", "sha"})
_BEYOND = 8_192
"""Of a text that is cut in the end, this much more than twice its limit is searched for secrets."""


def scrub(record: _Record, found: Counter[str] | None = None) -> _Record:
    """A frozen record whose strings, at any depth, are clean single lines of at most 4,000 characters without secrets.

    What identifies a change or a commit stays whole.
    """
    return cast(_Record, _scrub(record, Counter() if found is None else found))


def scrub_line(text: str, limit: int, found: Counter[str] | None = None) -> str:
    """A clean single line without secrets; one that is longer than `limit` characters ends in a hash of the whole."""
    return cut_name(redact(clean_line(text), found), limit)


def scrub_failure(failure: Failure, limits: Limits, found: Counter[str] | None = None) -> Failure:
    """A failure with clean type, message and text without secrets, each cut to its limit."""
    text = failure.text
    if len(text) <= limits.text_chars and not odd_lines(text.encode("utf-8", "surrogatepass")):
        text = text.strip("\n")
    else:
        text = _scrub_text(clean(text).strip("\n"), limits.text_chars, found)
    return Failure(
        scrub_line(failure.type, limits.name_chars, found),
        _scrub_text(clean(failure.message).strip(), limits.message_chars, found),
        text,
    )


def scrub_links(links: tuple[Link, ...], limits: Limits, found: Counter[str] | None = None) -> tuple[Link, ...]:
    """Links with clean addresses without secrets, no more than the limit."""
    kept = links[: limits.links_per_attempt]
    return tuple(Link(link.kind, redact(clean_line(link.url), found)[:_LINE_CHARS]) for link in kept)


def _scrub_text(text: str, limit: int, found: Counter[str] | None) -> str:
    return cut(redact(cut(text, 2 * limit + _BEYOND), found), limit)


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
