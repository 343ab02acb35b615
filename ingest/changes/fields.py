"""Values of a decoded document -> text, numbers, times and lists, whatever type the writer chose.

Each function gives an empty value for what it cannot use and never raises, so that one odd field does not cost the
change that carries it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any, NamedTuple

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS = 7_258_118_400_000  # the year 2200: a later time is a unit mistaken
_EARLIEST_NUMBER_MS = 100_000_000_000  # the year 1973: a smaller number is a duration or a mistake
_LARGEST = 2**53


class Moment(NamedTuple):
    """A point in time, and whether its zone had to be assumed."""

    ms: int
    is_zone_assumed: bool = False


def mapping(value: Any) -> Mapping[str, Any]:
    """The value where it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def text(value: Any) -> str:
    """A string or number as written, surrounding white space removed; empty for anything else."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool) or not isinstance(value, int | float):
        return ""
    return str(value)


def first_text(source: Mapping[str, Any], *keys: str) -> str:
    """The first of several keys that has a text."""
    return next((found for key in keys if (found := text(source.get(key)))), "")


def count(value: Any) -> int | None:
    """A whole number of zero or more, also when written as a string."""
    if isinstance(value, str):
        digits = value.strip()
        value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 16 else None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < _LARGEST:
        return None
    return value


def texts(value: Any, separator: str = ";") -> tuple[str, ...]:
    """A list of strings; a string is split at line ends and at the separator. Empty ones are dropped."""
    if isinstance(value, str):
        value = value.replace("\n", separator).split(separator)
    if not isinstance(value, list | tuple):
        return ()
    return tuple(found for item in value if (found := text(item)))


def moment(value: Any, zone: tzinfo = UTC) -> Moment | None:
    """A time given as ISO-8601 text or as seconds or milliseconds since 1970.

    Args:
        value: text or number; numbers from 1e11 on are milliseconds.
        zone: of a text that names none.

    >>> moment("2026-03-01T12:00:00+01:00")
    Moment(ms=1772362800000, is_zone_assumed=False)
    >>> moment(1772362800)
    Moment(ms=1772362800000, is_zone_assumed=False)
    """
    if isinstance(value, str):
        return _moment_of_text(value.strip(), zone)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    ms = round(value) if abs(value) >= 1e11 else round(value * 1000)
    return Moment(ms) if _EARLIEST_NUMBER_MS <= ms < _LATEST_MS else None


def _moment_of_text(written: str, zone: tzinfo) -> Moment | None:
    number = written.replace(".", "", 1)
    if number.isascii() and number.isdigit() and 9 <= len(written) <= 20 and not _is_compact_time(written):
        return moment(float(written) if "." in written else int(written))
    try:
        at = datetime.fromisoformat(_iso(written))
        is_assumed = at.tzinfo is None
        ms = ((at.replace(tzinfo=zone) if is_assumed else at) - _EPOCH) // timedelta(milliseconds=1)
    except (ValueError, OverflowError):
        return None
    return Moment(ms, is_assumed) if 0 <= ms < _LATEST_MS else None


def _is_compact_time(written: str) -> bool:
    return len(written) == 14 and written.startswith(("19", "20"))  # 20260301120000, not milliseconds


def _iso(written: str) -> str:
    """Spellings that `fromisoformat` does not take: `2026-03-01 12:00:00 UTC`, ` +0100`."""
    if written.endswith((" UTC", " GMT")):
        return written[:-4] + "+00:00"
    head, space, zone = written.rpartition(" ")
    is_offset = bool(space) and zone.startswith(("+", "-")) and "T" in head.replace(" ", "T", 1)
    return head + zone if is_offset else written
