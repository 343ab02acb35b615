"""Reads durations, times and counts in the spellings that report writers use; pure.

A value that cannot be read is None: it never becomes NaN, infinity, a negative number or a guess. `float()` alone is
not enough, because it takes `1_000`, full-width digits and `nan`.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

MAX_DURATION_MS = 10_000_000_000
"""10^7 seconds: what is longer is no duration of a test but a defect of the writer."""

_EARLIEST_MS = 315_532_800_000  # 1980-01-01: an older time is an unset clock
_LATEST_MS = 4_102_444_800_000  # 2100-01-01: a later one would sort above every real run for ever

_PLAIN = re.compile(r"-?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", re.ASCII)  # 1,234.5
_CONTINENTAL = re.compile(r"\d{1,3}(?:\.\d{3})+,\d+|\d+,\d+", re.ASCII)  # 1.234,56 and 0,125
_CLOCK = re.compile(r"(?:(\d{1,5}):)?(\d{1,5}):(\d{1,5}(?:[.,]\d+)?)", re.ASCII)
_ISO_DURATION = re.compile(
    r"[Pp](?:(\d+)[Dd])?(?:[Tt](?:(\d+)[Hh])?(?:(\d+)[Mm])?(?:(\d+(?:[.,]\d+)?)[Ss])?)?", re.ASCII
)
_UNITS_WHOLE = re.compile(r"(?:\d+(?:\.\d+)?\s*(?:ns|us|µs|μs|ms|sec|s|min|m|h)\s*){1,6}")
_UNIT = re.compile(r"(\d+(?:\.\d+)?)\s*(ns|us|µs|μs|ms|sec|s|min|m|h)")
_UNIT_SECONDS = {
    "ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3,
    "sec": 1.0, "s": 1.0, "min": 60.0, "m": 60.0, "h": 3600.0,
}  # fmt: skip
_LONGEST = 64
"""Characters of a duration or time; a longer text is neither."""


def seconds_to_ms(seconds: float) -> int | None:
    """Whole milliseconds of a duration; None when it is negative, not finite or beyond 10^7 seconds.

    >>> seconds_to_ms(0.0015)
    2
    >>> seconds_to_ms(float("nan")) is None
    True
    """
    scaled = seconds * 1000.0
    if not 0.0 <= scaled <= MAX_DURATION_MS:
        return None
    return int(scaled + 0.5)


def duration_ms(text: str) -> int | None:
    """Milliseconds of a duration written in seconds; None when it cannot be read.

    One comma followed by exactly three digits separates thousands, as Surefire writes it and junitparser reads it,
    unless the number starts with 0; every other single comma is a decimal comma.

    >>> [duration_ms(text) for text in ("0.125", "1,234.5", "0,125", "1.234,56", "1,234", "12ms", "PT1.5S", "0:01:02")]
    [125, 1234500, 125, 1234560, 1234000, 12, 1500, 62000]
    >>> [duration_ms(text) for text in ("-5", "NaN", "inf", "1e309", "1_000", "１２", "0x10", "", "abc")]
    [None, None, None, None, None, None, None, None, None]
    """
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    if _PLAIN.fullmatch(text):
        return seconds_to_ms(float(text))
    seconds = _number_with_commas(text)
    if seconds is None:
        seconds = _clock(text)
    if seconds is None:
        seconds = _iso_duration(text)
    if seconds is None:
        seconds = _with_units(text)
    return None if seconds is None else seconds_to_ms(seconds)


def _number_with_commas(text: str) -> float | None:
    if _GROUPED.fullmatch(text) and not text.startswith("0"):
        return float(text.replace(",", ""))
    if _CONTINENTAL.fullmatch(text):
        return float(text.replace(".", "").replace(",", "."))
    return None


def _clock(text: str) -> float | None:
    match = _CLOCK.fullmatch(text)
    if match is None:
        return None
    hours, minutes, seconds = match.groups()
    return int(hours or 0) * 3600.0 + int(minutes) * 60.0 + float(seconds.replace(",", "."))


def _iso_duration(text: str) -> float | None:
    match = _ISO_DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        return None
    days, hours, minutes, seconds = match.groups()
    whole = int(days or 0) * 86_400.0 + int(hours or 0) * 3600.0 + int(minutes or 0) * 60.0
    return whole + float((seconds or "0").replace(",", "."))


def _with_units(text: str) -> float | None:
    if not _UNITS_WHOLE.fullmatch(text):
        return None
    return sum(float(number) * _UNIT_SECONDS[unit] for number, unit in _UNIT.findall(text))


class Moment(NamedTuple):
    """A point in time; `is_zoneless`: written without a zone and taken as if it were UTC."""

    ms: int
    is_zoneless: bool


_EPOCH_UTC = datetime(1970, 1, 1, tzinfo=UTC)
_EPOCH_ZONELESS = datetime(1970, 1, 1)  # noqa: DTZ001 - subtracted from zone-less times only
_MILLISECOND = timedelta(milliseconds=1)
_EPOCH = re.compile(r"\d{10}(?:\.\d{1,9})?|\d{13}", re.ASCII)
_WORDY = re.compile(
    r"(?:[A-Za-z]{3,9},?\s+)?(\d{1,2})[ -]([A-Za-z]{3})[a-z]*[ -](\d{4})\s+(\d{1,2}):(\d{2})(?::(\d{2}))?"
    r"\s*(GMT|UTC|UT|Z|[+-]\d{4})?",
    re.ASCII,
)
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_ZONE_WORD = re.compile(r"\s*(?:UTC|GMT|Z|z)$")
_ZONE_PLAIN = re.compile(r"\s+([+-]\d{2}:?\d{2})$", re.ASCII)
_FRACTION = re.compile(r"([.,]\d{6})\d+", re.ASCII)
_LEAP_SECOND = re.compile(r"(:\d{2}):60", re.ASCII)
_ISO_START = re.compile(r"\d{4}-?\d{2}-?\d{2}(?!\d)", re.ASCII)


def is_unset_time(text: str) -> bool:
    """Whether a writer says that it knows no time: nothing, Go's zero time, or the start of the epoch.

    >>> is_unset_time("0001-01-01T00:00:00Z"), is_unset_time("2024-01-01")
    (True, False)
    """
    return not text.strip() or text.startswith(("0001-01-01", "1970-01-01T00:00:00"))


def moment(text: str) -> Moment | None:
    """A point in time from ISO 8601, RFC 1123 or epoch seconds or milliseconds; None when it cannot be read.

    Times before 1980 and after 2100 are defects of a clock and are None as well.

    >>> moment("2024-01-01T00:00:00Z")
    Moment(ms=1704067200000, is_zoneless=False)
    >>> moment("2024-01-01 00:00:00").is_zoneless
    True
    >>> moment("Mon, 01 Jan 2024 00:00:00 GMT") == moment("1704067200") == moment("1704067200000")
    True
    >>> moment("2999-01-01T00:00:00"), moment("now"), moment("2026-02-30T00:00:00")
    (None, None, None)
    """
    text = text.strip()
    if not text or len(text) > _LONGEST:
        return None
    try:
        if text[4] == "-" or _ISO_START.match(text):
            when = _iso(text)
        elif _EPOCH.fullmatch(text):
            return _in_range(int(text) if len(text) == 13 and "." not in text else round(float(text) * 1000), False)
        else:
            wordy = _wordy(text)
            if wordy is None:
                return None
            when = wordy
        zoneless = when.tzinfo is None
        return _in_range((when - (_EPOCH_ZONELESS if zoneless else _EPOCH_UTC)) // _MILLISECOND, zoneless)
    except (ValueError, OverflowError, IndexError):
        return None


def _in_range(ms: int, zoneless: bool) -> Moment | None:
    return Moment(ms, zoneless) if _EARLIEST_MS <= ms <= _LATEST_MS else None


def epoch_ms(digits: bytes) -> int | None:
    """Milliseconds of an epoch time in a JSON number, in seconds or milliseconds; None when it is no plausible time.

    >>> epoch_ms(b"1704067200000"), epoch_ms(b"1704067200"), epoch_ms(b"0"), epoch_ms(b'"x"')
    (1704067200000, 1704067200000, None, None)
    """
    text = digits.decode("ascii", "replace").strip('"')
    when = moment(text.partition(".")[0]) if text[:1].isdigit() else None
    return None if when is None else when.ms


def _iso(text: str) -> datetime:
    try:
        return datetime.fromisoformat(text)
    except ValueError:  # a leap second, a zone by name, a space before the zone
        pass
    text = _LEAP_SECOND.sub(r"\1:59", _FRACTION.sub(r"\1", text))
    text = _ZONE_PLAIN.sub(r"\1", _ZONE_WORD.sub("+00:00", text))
    return datetime.fromisoformat(text)


def _wordy(text: str) -> datetime | None:
    match = _WORDY.fullmatch(text)
    if match is None:
        return None
    day, month, year, hour, minute, second, zone = match.groups()
    if month.lower() not in _MONTHS:
        return None
    number = _MONTHS.index(month.lower()) + 1
    offset = "" if zone is None else zone if zone[0] in "+-" else "+0000"
    return datetime.fromisoformat(f"{year}-{number:02}-{int(day):02}T{int(hour):02}:{minute}:{second or '00'}{offset}")


_COUNT = re.compile(r"\d{1,12}", re.ASCII)


def count(text: str | None) -> int | None:
    """A stated number of tests; None when it is missing or no whole number.

    >>> count("7"), count(""), count("-1"), count("abc"), count(None)
    (7, None, None, None, None)
    """
    if text is None or not _COUNT.fullmatch(text.strip()):
        return None
    return int(text)
