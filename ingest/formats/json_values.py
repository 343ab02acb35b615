"""Numbers of a JSON report that decide nothing but themselves, and what JavaScript writes of an error; pure."""

from __future__ import annotations

import re

import msgspec

from ingest.formats.json_reader import plain
from ingest.formats.notes import Notes
from ingest.formats.values import MAX_DURATION_MS

_ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
_LONGEST_NAME = 300
_ERROR_NAME = re.compile(
    r"((?:[A-Za-z_$][\w$]*\.)*[A-Za-z_$][\w$]*?(?:Error|Exception|Failure)|Error)(?: \[[\w-]+\])?: ?"
)


def whole_ms(raw: msgspec.Raw, notes: Notes, unit_ms: float = 1.0) -> int | None:
    """Whole milliseconds of a duration that is a number of units; None, and noted, when it is none.

    >>> whole_ms(msgspec.Raw(b"1500000"), Notes(), 1e-6), whole_ms(msgspec.Raw(b""), Notes())
    (2, None)
    """
    value = milliseconds(raw, notes, unit_ms)
    return None if value is None else int(value + 0.5)


def milliseconds(raw: msgspec.Raw, notes: Notes, unit_ms: float) -> float | None:
    """The same before it is rounded, for durations that are added up.

    >>> milliseconds(msgspec.Raw(b"1500000"), Notes(), 1e-6)
    1.5
    """
    value = plain(raw)
    if value is None and len(bytes(raw)) in (0, 4):
        return None
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value * unit_ms <= MAX_DURATION_MS:
        return value * unit_ms
    notes.add("a duration cannot be read", bytes(raw)[:60].decode("utf-8", "replace"))
    return None


def error_parts(text: str) -> tuple[str, str]:
    """Class name and message of an error that is written `Name: message`; the name is empty where there is none.

    Terminal colours are taken out. What follows the message, such as a stack, stays behind it.

    >>> error_parts("TypeError: x is not a function"), error_parts("AssertionError [ERR_ASSERTION]: a")
    (('TypeError', 'x is not a function'), ('AssertionError', 'a'))
    >>> error_parts("org.junit.ComparisonFailure: a\\nb"), error_parts("nothing: known")
    (('org.junit.ComparisonFailure', 'a\\nb'), ('', 'nothing: known'))
    """
    text = _ESCAPES.sub("", text).strip()
    match = _ERROR_NAME.match(text[:_LONGEST_NAME])
    return (match[1], text[match.end() :].lstrip()) if match else ("", text)
