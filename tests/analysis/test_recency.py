"""What a test case did lately: shares that forget, and the states of flaking."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.flakiness import rate_stream_flakes
from analysis.recency import ACTIVATES_WITHIN, HALF_LIFE_RUNS, LEAST_CALM, entropy_of, find_trend, recent_shares
from analysis.records import Recent, Trend
from tests.analysis.builders import history


def share(line: str) -> Recent | None:
    """The weighted share of `x` in a line of `x` and `.`; a blank does not count."""
    cells = np.array([[c] for c in line])
    return recent_shares(cells == "x", cells != " ")[0]


def test_a_run_weighs_half_of_one_that_came_a_half_life_later() -> None:
    """One hit, then 50 misses: weight 2^-1 of 1 + 2^(-1/50) + ... + 2^-1."""
    found = share("x" + "." * HALF_LIFE_RUNS)
    assert found is not None
    assert found.k == pytest.approx(0.5)
    assert found.n == pytest.approx(sum(2 ** (-i / 50) for i in range(51)))


def test_rows_that_do_not_count_make_nothing_older() -> None:
    """Age is counted in runs that executed the case."""
    assert share("x   .  .") == share("x..")


def test_nothing_counted_is_no_share() -> None:
    """None, not 0."""
    assert share("   ") is None
    assert entropy_of(None) is None


def test_what_failed_lately_weighs_more() -> None:
    """The same number of hits, later."""
    early, late = share("xx" + "." * 60), share("." * 60 + "xx")
    assert early is not None
    assert late is not None
    assert late.k > 2 * early.k
    assert late.low > early.low


@given(st.text(alphabet="x. ", min_size=1, max_size=120))
def test_shares_and_entropies_lie_in_their_intervals(line: str) -> None:
    """0 <= low <= estimate <= high <= 1, hits weigh at most what all runs weigh, and that is at most 73."""
    found = share(line)
    if found is None:
        return
    assert 0 <= found.k <= found.n <= 73
    for one in (found, entropy_of(found)):
        assert one is not None
        assert 0 <= one.low <= one.estimate <= one.high <= 1


def test_entropy_is_one_where_red_is_as_often_as_green() -> None:
    """And small where it hardly ever was."""
    half, rare = entropy_of(Recent(0.5, 0.4, 0.6, 10, 20)), entropy_of(Recent(0.01, 0.001, 0.05, 0.2, 20))
    assert half is not None
    assert rare is not None
    assert (half.estimate, half.high) == (1.0, 1.0)
    assert rare.estimate < 0.1


def test_one_flake_makes_no_flaky_case() -> None:
    """It takes a second one within 50 runs."""
    assert find_trend([40], 60) == Trend("", None)
    assert find_trend([10, 10 + ACTIVATES_WITHIN], 70) == Trend("", None)


def test_a_case_that_flakes_after_calm_runs_is_new() -> None:
    """Since its first flake; without calm runs before, nobody knows since when."""
    assert find_trend([LEAST_CALM, LEAST_CALM + 3], 30) == Trend("new", LEAST_CALM)
    assert find_trend([2, 5], 12) == Trend("flaky", 2)


def test_recovery_takes_as_long_as_its_own_rate_says() -> None:
    """2 flakes in 3 runs need 20 calm runs; 2 in 31 need 45: (1 - 2/31)^45 < 5 %."""
    assert find_trend([0, 2], 2 + LEAST_CALM).state == "flaky"
    assert find_trend([0, 2], 3 + LEAST_CALM) == Trend("recovered", 3)
    assert find_trend([0, 30], 31 + 44).state == "flaky"
    assert find_trend([0, 30], 31 + 45) == Trend("recovered", 31)


def test_one_flake_after_recovery_changes_nothing() -> None:
    """What turns the state off does not turn it on: it takes two again."""
    assert find_trend([0, 2, 60], 62) == Trend("recovered", 3)
    assert find_trend([0, 2, 60, 70], 75) == Trend("flaky", 60)


@given(st.sets(st.integers(0, 199), max_size=12))
def test_a_trend_is_read_from_the_past_alone(places: set[int]) -> None:
    """The state after some runs does not depend on runs that come later."""
    flakes = sorted(places)
    for runs in (50, 100, 200):
        seen = [place for place in flakes if place < runs]
        found = find_trend(seen, runs)
        assert (found.since is None) == (found.state == "")
        assert found.since is None or found.since <= runs
        if len(seen) < 2:
            assert found.state == ""


def test_rates_carry_them() -> None:
    """Flips of `..F..` are two of four; a place is that of a run, masked and absent ones included."""
    (found,) = rate_stream_flakes(history({"t": "..F.."})).stats
    assert found.recent_flips is not None
    assert found.recent_flips.k == pytest.approx(1 + 2 ** (-1 / 50), rel=0.02)
    assert found.trend == Trend("", None)
    (found,) = rate_stream_flakes(history({"t": "    " + "." * LEAST_CALM + "~.~."})).stats
    assert found.trend == Trend("new", LEAST_CALM + 4)
