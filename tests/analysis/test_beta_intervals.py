"""Rates with their intervals: worked examples, properties, and Wilson's interval as a cross-check."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.beta_function import beta_quantile, incomplete_beta, log_beta, log_gamma
from analysis.errors import AnalysisError
from analysis.intervals import FLAKE_PRIOR, BetaPrior, beta_interval, beta_intervals, fit_prior, flake_intervals
from bench.flake_coverage import is_inside, known_rates

counts = st.integers(0, 3000).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@pytest.mark.parametrize(("k", "n", "low", "high"), [(0, 10, 0.0, 0.078), (1, 10, 0.003, 0.260)])
def test_interval_is_the_one_that_the_reference_states(k: int, n: int, low: float, high: float) -> None:
    """With the prior of flaky tests, 0/10 is [0, 0.078] and 1/10 is [0.003, 0.260]."""
    found = beta_interval(k, n)
    assert (round(found.low, 3), round(found.high, 3)) == (low, high)
    assert (found.k, found.n) == (k, n)


def test_mean_is_the_posteriors() -> None:
    """(0.12 + 3) / (4.12 + 100)."""
    assert beta_interval(3, 100).estimate == pytest.approx(3.12 / 104.12)


def test_uniform_prior_has_a_known_quantile() -> None:
    """Beta(1, n + 1) has the quantile 1 - (1 - p)^(1 / (n + 1))."""
    found = beta_interval(0, 9, 1.0, 1.0)
    assert found.low == pytest.approx(1 - 0.975 ** (1 / 10), abs=1e-7)
    assert found.high == pytest.approx(1 - 0.025 ** (1 / 10), abs=1e-7)


@pytest.mark.parametrize(("k", "n"), [(30, 100), (150, 400), (800, 1000)])
def test_interval_is_near_wilsons_where_both_hold(k: int, n: int) -> None:
    """With many runs the prior fades and both intervals agree to a percent."""
    z, p = 1.959964, k / n
    centre = (p + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n))
    found = beta_interval(k, n, 0.5, 0.5)
    assert found.low == pytest.approx(centre - half, abs=0.01)
    assert found.high == pytest.approx(centre + half, abs=0.01)


@given(counts)
def test_interval_is_ordered_and_within_one(pair: tuple[int, int]) -> None:
    """0 <= low <= estimate <= high <= 1."""
    found = beta_interval(*pair)
    assert 0 <= found.low <= found.estimate <= found.high <= 1


@given(counts, st.floats(0.05, 20), st.floats(0.05, 20))
def test_bounds_cut_off_the_tails(pair: tuple[int, int], a: float, b: float) -> None:
    """Each bound leaves 2.5 % outside."""
    k, n = pair
    found = beta_interval(k, n, a, b)
    for bound, share in ((found.low, 0.025), (found.high, 0.975)):
        if 1e-12 < bound < 1 - 1e-9 and found.low < found.estimate < found.high:
            assert float(incomplete_beta(bound, a + k, b + n - k)) == pytest.approx(share, abs=1e-6)


@given(st.lists(counts, min_size=1, max_size=30))
def test_arrays_equal_single_intervals(pairs: list[tuple[int, int]]) -> None:
    """Many at once are the same as one by one."""
    k, n = np.array(pairs).T
    arrays = beta_intervals(k, n)
    for i, (hits, runs) in enumerate(pairs):
        single = beta_interval(hits, runs)
        assert (arrays.low[i], arrays.estimate[i], arrays.high[i]) == pytest.approx(
            (single.low, single.estimate, single.high), abs=1e-8
        )


def test_more_runs_without_a_flake_lower_the_upper_bound() -> None:
    """0/10, 0/50 and 0/427 are different statements."""
    highs = [beta_interval(0, n).high for n in (10, 50, 427)]
    assert highs == sorted(highs, reverse=True)
    assert highs[-1] < 0.003


@pytest.mark.parametrize(("k", "n"), [(-1, 3), (4, 3)])
def test_impossible_counts_are_refused(k: int, n: int) -> None:
    """k of n must be possible."""
    with pytest.raises(AnalysisError):
        beta_interval(k, n)


def test_prior_must_be_positive() -> None:
    """A Beta distribution has two positive parameters."""
    with pytest.raises(AnalysisError):
        beta_intervals(np.array([1]), np.array([2]), BetaPrior(0.0, 1.0))


@given(st.floats(0.01, 3000))
def test_log_gamma_is_the_standard_librarys(x: float) -> None:
    """To ten digits."""
    assert float(log_gamma(x)) == pytest.approx(math.lgamma(x), abs=1e-9, rel=1e-10)


def test_log_beta_of_small_integers() -> None:
    """B(2, 3) = 1/12."""
    assert float(log_beta(2, 3)) == pytest.approx(-math.log(12))


@given(st.floats(0.001, 0.999), st.floats(0.1, 500), st.floats(0.1, 500))
def test_quantile_inverts_the_distribution(p: float, a: float, b: float) -> None:
    """I of the quantile is p, unless the quantile is so near 0 or 1 that no float tells them apart."""
    x = float(beta_quantile(p, a, b))
    assert 0 <= x <= 1
    if 1e-9 < x < 1 - 1e-9:
        assert float(incomplete_beta(x, a, b)) == pytest.approx(p, abs=1e-6)


def test_prior_is_found_again() -> None:
    """Counts drawn from Beta(0.5, 8) give a prior near it."""
    rng = np.random.default_rng(4)
    n = rng.integers(50, 300, 4000)
    k = rng.binomial(n, rng.beta(0.5, 8.0, 4000))
    found = fit_prior(k, n)
    assert found.a == pytest.approx(0.5, rel=0.15)
    assert found.b == pytest.approx(8.0, rel=0.2)


def test_prior_of_too_little_is_the_default() -> None:
    """Two tests teach nothing."""
    assert fit_prior(np.array([0, 1]), np.array([10, 10])) == FLAKE_PRIOR


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of rates drawn from the prior, about 95 % lie inside."""
    rng = np.random.default_rng(7)
    truth = rng.beta(*FLAKE_PRIOR, 4000)
    n = rng.integers(10, 400, 4000)
    found = beta_intervals(rng.binomial(n, truth), n)
    inside = np.mean((truth >= found.low) & (truth <= found.high))
    assert 0.93 < inside < 0.97


@settings(max_examples=12, deadline=None)
@given(st.floats(0.05, 1.0), st.floats(1.0, 30.0), st.sampled_from([14, 60, 350]), st.integers(0, 2**32 - 1))
def test_fitted_intervals_hold_the_truth_whatever_the_truth(a: float, b: float, typical: int, seed: int) -> None:
    """Rates drawn from any Beta lie inside the intervals of the prior that was fitted on what was seen of them.

    95 % but for chance: of 1,500 rates, 5 standard deviations are 2.8 %.
    """
    rng = np.random.default_rng(seed)
    truth = rng.beta(a, b, 1500)
    n = rng.integers(typical // 2, typical * 2, 1500)
    k = rng.binomial(n, truth)
    found = flake_intervals(k, n, fit_prior(k, n, of_hit=True))
    inside = (truth >= found.low) & (truth <= found.high)
    assert inside.mean() > 0.95 - 0.028


def test_known_rates_of_real_tests_lie_inside() -> None:
    """Of tests rerun 10,000 times, drawn 50 times: 95 % of all, and as many of those that ever failed."""
    rates = known_rates()
    if rates is None:
        pytest.skip("the shared histories are not there")
    rng = np.random.default_rng(5)
    shares = []
    for _ in range(5):
        k, n = rng.binomial(50, rates), np.full(len(rates), 50)
        found = flake_intervals(k, n, fit_prior(k, n, of_hit=True))
        inside = is_inside(rates, found.low, found.high)
        shares.append((inside.mean(), inside[rates > 0].mean()))
    everything, ever_failed = np.mean(shares, axis=0)
    assert everything > 0.95
    assert ever_failed > 0.95


def test_prior_of_hit_leaves_out_what_never_flaked() -> None:
    """Ten thousand spotless tests beside them change nothing; with them the plain fit is another."""
    rng = np.random.default_rng(6)
    n = np.full(2000, 100)
    k = rng.binomial(n, rng.beta(0.3, 6.0, 2000))
    found = fit_prior(k, n, of_hit=True)
    more_k, more_n = np.concatenate([k, np.zeros(10_000, dtype=np.int64)]), np.concatenate([n, np.full(10_000, 100)])
    assert fit_prior(more_k, more_n, of_hit=True) == found
    assert found.a == pytest.approx(0.3, rel=0.25)
    assert found.b == pytest.approx(6.0, rel=0.25)
    assert fit_prior(more_k, more_n).a < 0.1
    assert fit_prior(k[k > 0][:19], n[k > 0][:19], of_hit=True) == FLAKE_PRIOR


def test_what_has_not_flaked_may_never_do() -> None:
    """Its interval begins at 0; one that has does not."""
    found = flake_intervals([0, 1], [10, 10])
    assert found.low[0] == 0.0
    assert found.low[1] > 0.0
