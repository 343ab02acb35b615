"""Durations, times and counts in every spelling that was met; and the examples in the docstrings of the formats."""

from __future__ import annotations

import doctest
from importlib import import_module
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import ingest.formats
from ingest.formats.values import MAX_DURATION_MS, count, duration_ms, epoch_ms, moment

MODULES = sorted(path.stem for path in Path(ingest.formats.__path__[0]).glob("*.py") if path.stem != "__init__")


@pytest.mark.parametrize(
    "module", [f"ingest.formats.{name}" for name in MODULES] + ["ingest.clean", "ingest.names", "ingest.recognise"]
)
def test_examples_in_docstrings_are_true(module: str) -> None:
    """They are documentation and must not rot."""
    assert doctest.testmod(import_module(module)).failed == 0


@pytest.mark.parametrize(
    ("text", "ms"),
    [
        ("0", 0), ("0.0", 0), ("-0.0", 0), ("1.5", 1500), (" 1.5 ", 1500), ("0.", 0), (".5", 500), ("1.4e-05", 0),
        ("1e3", 1_000_000), ("1,234.567", 1_234_567), ("1,234,567.8", 1_234_567_800), ("1.234,56", 1_234_560),
        ("0,125", 125), ("12,5", 12_500), ("1,234", 1_234_000), ("1e-400", 0), ("10000000", MAX_DURATION_MS),
        ("12ms", 12), ("5s", 5_000), ("1m30s", 90_000), ("1h 2m", 3_720_000), ("250 µs", 0), ("PT5S", 5_000),
        ("PT1M1.5S", 61_500), ("P1DT1S", 86_401_000), ("0:01:02", 62_000), ("00:00:01.5000000", 1_500),
        ("1:30", 90_000),
    ],
)  # fmt: skip
def test_durations_that_can_be_read(text: str, ms: int) -> None:
    """Seconds with either separator, units, clocks and ISO 8601."""
    assert duration_ms(text) == ms


@pytest.mark.parametrize(
    "text",
    ["", " ", "abc", "NaN", "inf", "-inf", "Infinity", "-5", "1e308", "1e309", "1_000", "１２", "0x10", "--1", "1.2.3",
     "99999999999999999999", "10000001", "PT", "P", "1 2", "٣", "1" * 100, "0,1,2"],
)  # fmt: skip
def test_durations_that_cannot_be_read_are_unknown(text: str) -> None:
    """Never a guess, never infinite, never negative."""
    assert duration_ms(text) is None


@pytest.mark.parametrize(
    ("text", "iso", "is_zoneless"),
    [
        ("2026-01-01T00:00:00Z", 1767225600000, False),
        ("2026-01-01T00:00:00", 1767225600000, True),
        ("2026-01-01 00:00", 1767225600000, True),
        ("2026-01-01", 1767225600000, True),
        ("20260101T000000Z", 1767225600000, False),
        ("2026-01-01T01:00:00+01:00", 1767225600000, False),
        ("2026-01-01T01:00:00 +0100", 1767225600000, False),
        ("2026-01-01T00:00:00.123456789Z", 1767225600123, False),
        ("2026-01-01T00:00:00,5", 1767225600500, True),
        ("2021-03-07T10:36:56 UTC", 1615113416000, False),
        ("2026-06-30T23:59:60Z", 1782863999000, False),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 1767225600000, False),
        ("01 Jan 2026 00:00:00 +0000", 1767225600000, False),
        ("1767225600", 1767225600000, False),
        ("1767225600.5", 1767225600500, False),
        ("1767225600000", 1767225600000, False),
    ],
)
def test_times_that_can_be_read(text: str, iso: int, is_zoneless: bool) -> None:
    """With and without a zone; a leap second is the second before."""
    assert moment(text) == (iso, is_zoneless)


@pytest.mark.parametrize(
    "text",
    ["", "now", "2026-02-30T00:00:00", "10000-01-01T00:00:00Z", "2999-01-01T00:00:00", "1970-01-01T00:00:00Z", "12:30",
     "2026-01-01T00:00:00+99:99", "0", "123", "Foo, 01 Foo 2026 00:00:00 GMT", "06/07/2018 20:33:39", "２０２６-01-01"],
)  # fmt: skip
def test_times_that_cannot_be_read_are_unknown(text: str) -> None:
    """Also those before 1980 and after 2100: clocks that were never set."""
    assert moment(text) is None


@given(st.text(max_size=80) | st.text("0123456789.,:-+eTZPMHS ms", max_size=30))
def test_nothing_is_raised_and_everything_is_in_range(text: str) -> None:
    """Whatever the text."""
    ms, when, number = duration_ms(text), moment(text), count(text)
    assert ms is None or 0 <= ms <= MAX_DURATION_MS
    assert when is None or 0 < when.ms < 4_102_444_800_001
    assert number is None or number >= 0
    epoch_ms(text.encode("utf-8", "replace"))
