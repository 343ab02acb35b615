"""Times as people write them and as documents show them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.answers.query import Moment
from tui.times import epoch_ms, iso, minute, parse_moment

LAST_MS = 253_402_300_799_999
"""The last millisecond of the year 9999."""


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("90m", Moment(back_ms=5_400_000)),
        ("2w", Moment(back_ms=14 * 86_400_000)),
        ("2026-11-21", Moment(at_ms=1_795_219_200_000)),
        ("2026-11-21T00:00:00Z", Moment(at_ms=1_795_219_200_000)),
        ("2026-11-21T01:00:00+01:00", Moment(at_ms=1_795_219_200_000)),
        ("2026-11-21 00:00:00.250", Moment(at_ms=1_795_219_200_250)),
    ],
)
def test_what_is_accepted(text: str, moment: Moment) -> None:
    """Spans back from now, dates and times; without a zone they are UTC."""
    assert parse_moment(text) == moment


@pytest.mark.parametrize("text", ["", "yesterday", "1.5h", "-3d", "3y", "２h", "2026-13-01", "9999999h"])
def test_what_is_refused(text: str) -> None:
    """Anything else is an error that says what is accepted."""
    with pytest.raises(ValueError, match="is no time; write"):
        parse_moment(text)


@given(st.integers(0, LAST_MS))
def test_iso_round_trip(ms: int) -> None:
    """What is printed is read back as the same millisecond."""
    assert parse_moment(iso(ms)).at_ms == ms


@given(st.integers())
def test_no_time_breaks_a_document(ms: int) -> None:
    """Times out of range are clamped, not raised."""
    assert iso(ms).endswith("Z")
    assert len(minute(ms)) == 16


def test_milliseconds_only_when_not_zero() -> None:
    """The common case stays short."""
    assert iso(0) == "1970-01-01T00:00:00Z"
    assert iso(7) == "1970-01-01T00:00:00.007Z"


def test_before_the_epoch() -> None:
    """Floor, not truncation."""
    assert iso(-1) == "1969-12-31T23:59:59.999Z"
    assert epoch_ms(__import__("datetime").datetime(1969, 12, 31, 23, 59, 59, 999000)) == -1
