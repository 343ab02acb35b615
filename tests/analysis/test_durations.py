"""Durations: what became slower or faster for good, and by how much."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.durations import find_shifts, may_have_shifted, quick_passes
from tests.analysis.builders import history


def noisy(median: float, count: int, seed: int, sigma: float = 0.15) -> list[float]:
    """Durations as they are: log-normal."""
    return list(np.random.default_rng(seed).lognormal(np.log(median), sigma, count))


def test_a_test_that_takes_twice_as_long_is_found() -> None:
    """At its place, give or take a run, with the ratio in its interval."""
    (shift,), segments = find_shifts([*noisy(2000, 40, 1), *noisy(4000, 20, 2)])
    assert abs(shift.at - 40) <= 1
    assert shift.ratio.low < 2 < shift.ratio.high
    assert [round(s.median_ms, -3) for s in segments] == [2000, 4000]
    assert (segments[0].start, segments[-1].end) == (0, 60)


def test_a_test_that_became_faster_is_found_too() -> None:
    """The ratio is below 1."""
    (shift,), _ = find_shifts([*noisy(8000, 30, 3), *noisy(4000, 30, 4)])
    assert shift.ratio.high < 1 / 1.2


def test_each_of_several_shifts_is_found() -> None:
    """Slower, then back."""
    shifts, _ = find_shifts([*noisy(2000, 30, 5), *noisy(6000, 30, 6), *noisy(2000, 30, 7)])
    assert [round(shift.at / 30) for shift in shifts] == [1, 2]


@pytest.mark.parametrize(
    "durations",
    [
        [*noisy(2000, 40, 8), *noisy(2200, 40, 9)],
        [*noisy(100, 40, 10), *noisy(300, 40, 11)],
        [*noisy(2000, 40, 12), 60_000.0, 60_000.0, 60_000.0, 60_000.0],
        [*noisy(2000, 8, 13)],
        [],
    ],
)
def test_small_short_and_few_are_none(durations: list[float]) -> None:
    """A tenth, a fifth of a second, four runs, too few runs: nothing to report."""
    assert find_shifts(durations)[0] == ()


def test_two_humps_are_no_shift() -> None:
    """A cache that is warm or cold, at random."""
    rng = np.random.default_rng(14)
    assert find_shifts([float(v) for v in rng.choice([1000.0, 5000.0], 200)])[0] == ()


def test_steady_noise_hardly_ever_shifts() -> None:
    """In 300 histories of 100 runs with a spread of 30 %, at most 3."""
    hits = sum(bool(find_shifts(noisy(5000, 100, 1000 + seed, 0.3))[0]) for seed in range(300))
    assert hits <= 3


@given(st.lists(st.floats(0, 1e7), max_size=60))
def test_stretches_cover_everything(durations: list[float]) -> None:
    """One more than shifts, without gaps; every shift is as large as promised."""
    shifts, segments = find_shifts(durations)
    assert len(segments) == (len(shifts) + 1 if durations else 0)
    edges = [0, *(shift.at for shift in shifts), len(durations)]
    assert [(s.start, s.end) for s in segments] == (list(pairwise(edges)) if durations else [])
    for shift in shifts:
        assert shift.ratio.low <= shift.ratio.estimate <= shift.ratio.high
        assert abs(shift.after_ms - shift.before_ms) >= 500


def test_only_passes_at_the_first_attempt_count() -> None:
    """Not what failed, what passed on a retry, or what has no duration."""
    stream = history({"t": ".F~.S."})
    durations = np.array([[10], [20], [30], [-1], [50], [60]])
    assert quick_passes(stream, 0, durations).tolist() == [0, 5]


def sums(durations: list[float], stretches: int = 8) -> list[np.ndarray]:
    """Number, sum and sum of squares in each of some stretches, of one test case."""
    parts = np.array_split(np.array(durations), stretches)
    return [np.array([[float(f(part)) for part in parts]]) for f in (len, np.sum, lambda part: (part**2).sum())]


@pytest.mark.parametrize("at", [20, 33, 50, 61, 90])
def test_sums_tell_which_are_worth_a_closer_look(at: int) -> None:
    """A test twice as slow from some run on is sought, wherever in a stretch that is; a steady one is not."""
    shifted = [*noisy(2000, at, 21), *noisy(4000, 100 - at, 22)]
    assert find_shifts(shifted)[0]
    assert may_have_shifted(*sums(shifted)).tolist() == [True]
    assert may_have_shifted(*sums(noisy(2000, 100, 23))).tolist() == [False]


def test_sums_of_nothing_are_no_shift() -> None:
    """Stretches without a run, and a test that ran in one only."""
    nothing = np.zeros((2, 8))
    assert not may_have_shifted(nothing, nothing, nothing).any()
    once = nothing.copy()
    once[:, 3] = 5
    assert not may_have_shifted(once, once * 1000, once * 1e6).any()
