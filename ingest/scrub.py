"""Cleans the strings of whole records: no change, catalog or owner rule reaches the store as it was written."""

from __future__ import annotations

from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, TypeVar, cast

from ingest.clean import clean, clean_line, cut, cut_name
from ingest.limits import Limits
from ingest.model import Failure, Link

_Record = TypeVar("_Record")
_LINE_CHARS = 4_000


def scrub(record: _Record) -> _Record:
    """A frozen record whose strings, at any depth, are clean single lines of at most 4,000 characters."""
    return cast(_Record, _scrub(record))


def scrub_failure(failure: Failure, limits: Limits) -> Failure:
    """A failure with clean type, message and text, each cut to its limit."""
    return Failure(
        cut_name(clean_line(failure.type), limits.name_chars),
        cut(clean(failure.message).strip(), limits.message_chars),
        cut(clean(failure.text).strip("\n"), limits.text_chars),
    )


def scrub_links(links: tuple[Link, ...], limits: Limits) -> tuple[Link, ...]:
    """Links with clean addresses, no more than the limit."""
    return tuple(Link(link.kind, clean_line(link.url)[:_LINE_CHARS]) for link in links[: limits.links_per_attempt])


def _scrub(value: Any) -> Any:
    if isinstance(value, Enum) or value is None:
        return value
    if isinstance(value, str):
        return clean_line(value)[:_LINE_CHARS]
    if isinstance(value, tuple):
        return tuple(_scrub(item) for item in value)
    if is_dataclass(value) and not isinstance(value, type):
        return replace(value, **{f.name: _scrub(getattr(value, f.name)) for f in fields(value)})
    return value
