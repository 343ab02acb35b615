"""Times as people write them and as documents show them. No clock, no locale."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

from tui.answers.query import DAY_MS, Moment

_BACK = re.compile(r"([0-9]{1,6})([mhdw])")
_UNIT_MS = {"m": 60_000, "h": 3_600_000, "d": DAY_MS, "w": 7 * DAY_MS}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def parse_moment(text: str) -> Moment:
    """A point in time from `<n>m|h|d|w` (so long before now) or ISO-8601; without a zone it is UTC.

    Raises:
        ValueError: it is neither; the text says what is accepted.

    >>> parse_moment("36h").back_ms
    129600000
    >>> parse_moment("2026-11-21").at_ms
    1795219200000
    """
    written = text.strip()
    if match := _BACK.fullmatch(written):
        return Moment(back_ms=int(match[1]) * _UNIT_MS[match[2]])
    try:
        return Moment(at_ms=epoch_ms(datetime.fromisoformat(written)))
    except (ValueError, OverflowError):
        raise ValueError(
            f"{text!r} is no time; write 90m, 36h, 14d or 2w back from now, or ISO-8601 such as 2026-11-21T02:10:00Z"
        ) from None


def epoch_ms(moment: datetime) -> int:
    """Epoch milliseconds of a datetime; one without a zone is UTC."""
    aware = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return (aware - _EPOCH) // timedelta(milliseconds=1)


def iso(ms: int) -> str:
    """ISO-8601 with `Z`, milliseconds only when they are not zero; clamped to the years 1 to 9999.

    >>> iso(1795219200000), iso(1795219200250)
    ('2026-11-21T00:00:00Z', '2026-11-21T00:00:00.250Z')
    """
    moment = _datetime(ms)
    return moment.isoformat(timespec="milliseconds" if moment.microsecond else "seconds").removesuffix("+00:00") + "Z"


def iso_or_none(ms: int | None) -> str | None:
    """`iso`, or None where the time is not known."""
    return None if ms is None else iso(ms)


def minute(ms: int | None) -> str:
    """UTC to the minute, for tables; a dash where the time is not known.

    >>> minute(1795219260000)
    '2026-11-21 00:01'
    """
    if ms is None:
        return "-"
    moment = _datetime(ms)
    return f"{moment.year:04d}-{moment:%m-%d %H:%M}"


def span(ms: int) -> str:
    """A length of time in at most two units.

    >>> span(4 * 3_600_000 + 20 * 60_000), span(9 * 86_400_000), span(12 * 60_000), span(4_000)
    ('4 h 20 min', '9 d', '12 min', '4 s')
    """
    seconds = abs(ms) // 1000
    minutes, hours, days = seconds // 60, seconds // 3600, seconds // 86_400
    if days >= 2:
        return f"{days} d"
    if hours:
        return f"{hours} h {minutes % 60} min" if minutes % 60 else f"{hours} h"
    return f"{minutes} min" if minutes else f"{seconds} s"


def _datetime(ms: int) -> datetime:
    """The moment, clamped to what a datetime can hold."""
    try:
        return _EPOCH + timedelta(milliseconds=ms)
    except OverflowError:
        return datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC) if ms > 0 else datetime(1, 1, 1, tzinfo=UTC)
