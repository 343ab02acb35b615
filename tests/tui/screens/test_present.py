"""Records in words: glyph and word for every state, percent with interval, ages, times, versions."""

from __future__ import annotations

from datetime import UTC, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.records import Interval
from ingest.model import Result, Verdict
from tests.tui.screens import fakes
from tui import present
from tui.answers.triage import Radius, ThreeOwners
from tui.widgets.pieces import line, text_of, width_of


@pytest.mark.parametrize("glyphs", [present.UNICODE, present.ASCII], ids=["unicode", "ascii"])
def test_every_state_has_its_own_sign(glyphs: present.Glyphs) -> None:
    """Without colour, verdicts differ by sign and by word, and results by sign."""
    assert set(glyphs.verdicts) == set(Verdict) == set(present.VERDICT_WORDS)
    assert len(set(glyphs.verdicts.values())) == len(Verdict)
    assert set(glyphs.results) == {*Result, None} == set(present.RESULT_WORDS)
    shown = {glyphs.results[one] for one in glyphs.results if one is not Result.ERRORED} | {glyphs.masked}
    assert len(shown) == len(glyphs.results)


def test_ascii_is_ascii() -> None:
    """The plain character set holds nothing else."""
    for value in (*present.ASCII.verdicts.values(), *present.ASCII.results.values(), present.ASCII.levels):
        assert value.isascii()


def test_signs_are_one_cell_wide() -> None:
    """Grids and strips count on it."""
    for glyphs in (present.UNICODE, present.ASCII):
        for sign in (*glyphs.verdicts.values(), *glyphs.results.values(), glyphs.masked, *glyphs.levels):
            assert width_of(line(sign)) == 1


def test_interval_in_words() -> None:
    """A rate stands with its interval; below the minimum number of runs it is a dash."""
    assert present.interval(Interval(3 / 41, 0.021, 0.191, 3, 41)) == "7 % (2-19 %)"
    assert present.interval(None) == "-"


@given(st.floats(0, 1))
def test_percent_and_probability_are_short(rate: float) -> None:
    """They keep within their columns."""
    assert len(present.percent(rate)) <= 6
    assert len(present.probability(rate)) <= 4


@given(st.integers(0, 10**12))
def test_age_is_short(span_ms: int) -> None:
    """At most seven cells up to a thousand days."""
    assert len(present.age(span_ms)) <= 7


def test_times_are_local_and_dated_when_not_of_today() -> None:
    """A time of another day names the day."""
    oslo = timezone(timedelta(hours=1), "CET")
    assert present.clock(fakes.BAD_MS, fakes.NOW_MS, UTC) == "02:20"
    assert present.clock(fakes.BAD_MS, fakes.NOW_MS, oslo) == "03:20"
    assert present.clock(fakes.BAD_MS - 3 * present.DAY_MS, fakes.NOW_MS, UTC) == "16 Nov 02:20"
    assert present.clock(fakes.BAD_MS - 400 * present.DAY_MS, fakes.NOW_MS, UTC) == "2025-10-15 02:20"


def test_strip_joins_neighbours_and_masks_outages() -> None:
    """One cell a run; a masked outage hides what happened in it, but not that nothing ran."""
    strip = present.strip_line([Result.PASSED, Result.FAILED, None], present.UNICODE, [False, True, True])
    assert text_of(strip) == "✓▒·"


def test_unowned_is_said() -> None:
    """Nobody is a word that stands out, for the test; other owners may be missing."""
    pieces = present.three_owners(ThreeOwners())
    assert text_of(pieces) == "test: unowned"
    assert pieces[-1].tone == "unowned"


def test_radius_folds_to_tests() -> None:
    """Tests, services, teams; only tests where there is no room; what is none is left out."""
    assert text_of(present.radius(Radius(9, 3, 2), 10)) == "9t 3s 2T"
    assert text_of(present.radius(Radius(1, 0, 0), 10)) == "1t"
    assert text_of(present.radius(Radius(61, 9, 5), 5)) == "61"


def test_versions_as_people_say_them() -> None:
    """Hashes to six digits, others whole."""
    assert present.short_version("7f3a91c0ffee7f3a91c0ffee") == "7f3a91"
    assert present.short_version("sha256:7f3a91c0ffee7f3a91c0ffee") == "7f3a91"
    assert present.short_version("1.40.2") == "1.40.2"
    assert present.short_version(None) == ""
    assert present.change_word(fakes.PRICING) == "pricing config 0c44"
    assert present.change_label(fakes.TESTS_CHANGE) == "tests 55aa01"
