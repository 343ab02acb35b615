"""A month as lines of pieces, to choose a day from: pure, UTC days, the week begins on Monday."""

from __future__ import annotations

from calendar import Calendar
from datetime import UTC, date, datetime, timedelta

from tui.widgets.pieces import Line, Piece

WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
ROWS = 6
"""Of every month, so that nothing moves while one looks for a day."""


def month_lines(chosen: date, first: date, last: date) -> list[Line]:
    """The month of a day: its title, the weekdays and six weeks; what cannot be chosen is faint.

    Args:
        first: the first day that can be chosen.
        last: the last one.

    >>> [text[0].text for text in month_lines(date(2026, 12, 5), date(2026, 11, 22), date(2027, 11, 22))[:2]]
    [' Dec 2026', ' Mo Tu We Th Fr Sa Su']
    """
    lines: list[Line] = [
        (Piece(f" {MONTHS[chosen.month - 1]} {chosen.year}", "strong"),),
        (Piece(" " + " ".join(name[:2] for name in WEEKDAYS), "muted"),),
    ]
    weeks = Calendar().monthdatescalendar(chosen.year, chosen.month)
    for week in weeks:
        pieces: list[Piece] = []
        for day in week:
            mark = "[" if day == chosen else "]" if day - timedelta(days=1) == chosen and pieces else " "
            text = f"{day.day:>2}" if day.month == chosen.month else "  "
            tone = "text" if first <= day <= last else "faint"
            pieces += [Piece(mark, "accent"), Piece(text, "accent" if day == chosen else tone)]
        pieces.append(Piece("]" if week[-1] == chosen else " ", "accent"))
        lines.append(tuple(pieces))
    return [*lines, *((),) * (ROWS - len(weeks))]


def day_words(chosen: date, today: date) -> str:
    """A day with its weekday and how far it is.

    >>> day_words(date(2026, 12, 5), date(2026, 11, 21)), day_words(date(2026, 11, 22), date(2026, 11, 21))
    ('Saturday 5 Dec 2026, in 14 days', 'Sunday 22 Nov 2026, tomorrow')
    """
    days = (chosen - today).days
    far = {0: "today", 1: "tomorrow"}.get(days, f"in {days} days" if days > 0 else f"{-days} days ago")
    return f"{WEEKDAYS[chosen.weekday()]} {chosen.day} {MONTHS[chosen.month - 1]} {chosen.year}, {far}"


def moved(chosen: date, days: int, months: int, first: date, last: date) -> date:
    """Another day, never one that cannot be chosen; a month later is its last day where it is shorter.

    >>> moved(date(2026, 1, 31), 0, 1, date(2026, 1, 1), date(2027, 1, 1)).isoformat()
    '2026-02-28'
    """
    if months:
        number = chosen.year * 12 + chosen.month - 1 + months
        following = date((number + 1) // 12, (number + 1) % 12 + 1, 1)
        longest = (following - timedelta(days=1)).day
        chosen = date(number // 12, number % 12 + 1, min(chosen.day, longest))
    return min(max(chosen + timedelta(days=days), first), last)


def day_of(at_ms: int) -> date:
    """The UTC day of a moment."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).date()
