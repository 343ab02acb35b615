"""Rates with their uncertainty: a Beta posterior's mean and central 95 %, always with the k of n it rests on."""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.beta_function import Floats, beta_quantile, log_beta
from analysis.errors import AnalysisError
from analysis.records import Interval

_TAIL = 0.025
_Z = 1.959964
_FEW = 8
"""Up to so many distinct pairs are looked up one by one."""
_AROUND = np.array([(a, b) for a in (-1.0, 0.0, 1.0) for b in (-1.0, 0.0, 1.0)])
_MOST_PAIRS = 100_000
"""Pairs whose bounds are remembered under one prior."""
_HIGHEST = 8103.0
"""The largest b that is fitted: so many runs of one rate are not believed to be shared by all tests."""
_LEAST_TESTS = 20
_TINY = 1e-12


class BetaPrior(NamedTuple):
    """What is believed of a rate before any run was seen: `a` failures in `a + b` runs."""

    a: float
    b: float


FLAKE_PRIOR = BetaPrior(0.12, 4.0)
"""Most tests hardly ever flake, a few often do. Source: fitted to FlakeFlagger's 22,245 tests x 10,000 reruns."""
FAILURE_PRIOR = BetaPrior(0.3, 0.5)
"""Of a segment's failure rate: mass at both ends, as in LUCI's change points."""

PRIOR_FLOOR = BetaPrior(0.02, 0.5)
"""No fitted prior is weaker than this, so that a store of spotless tests keeps a usable one."""
PRIOR_OF_HIT = BetaPrior(0.12, 0.5), BetaPrior(0.5, 200.0)
"""Between these lies the prior of tests that do flake. The weakest is the published one's: with less, an interval of a
test that has not flaked yet ends below the rates that known flaky tests have."""


class IntervalArrays(NamedTuple):
    """Posterior mean and 95 % bounds of many rates, fractions, each of the shape of k."""

    estimate: Floats
    low: Floats
    high: Floats


def beta_interval(k: int, n: int, a: float = FLAKE_PRIOR.a, b: float = FLAKE_PRIOR.b) -> Interval:
    """The rate behind k of n, under a Beta(a, b) prior: posterior mean and central 95 %.

    Raises:
        AnalysisError: unless 0 <= k <= n and a, b > 0.

    Source: conjugate update Beta(a + k, b + n - k).

    >>> found = beta_interval(1, 10)
    >>> round(found.low, 3), round(found.high, 3)
    (0.003, 0.26)
    """
    arrays = beta_intervals(np.array([k]), np.array([n]), BetaPrior(a, b))
    return Interval(float(arrays.estimate[0]), float(arrays.low[0]), float(arrays.high[0]), int(k), int(n))


def beta_intervals(k: npt.ArrayLike, n: npt.ArrayLike, prior: BetaPrior = FLAKE_PRIOR) -> IntervalArrays:
    """`beta_interval` of arrays of one shape. Equal pairs are computed once.

    Raises:
        AnalysisError: unless 0 <= k <= n everywhere and the prior is positive.
    """
    hits, runs = np.asarray(k, dtype=np.int64), np.asarray(n, dtype=np.int64)
    if hits.shape != runs.shape or np.any(hits < 0) or np.any(hits > runs):
        raise AnalysisError("k and n must have one shape, with 0 <= k <= n")
    if prior.a <= 0 or prior.b <= 0:
        raise AnalysisError(f"a Beta prior needs two positive numbers, not {prior}")
    pairs, where = np.unique(runs.ravel() << 32 | hits.ravel(), return_inverse=True)
    k_, n_ = pairs & 0xFFFFFFFF, pairs >> 32
    a, b = prior.a + k_, prior.b + n_ - k_
    if len(pairs) <= _FEW:
        bounds = np.array([_bounds(x, y) for x, y in zip(a.tolist(), b.tolist(), strict=True)]).reshape(-1, 2).T
    else:
        bounds = _bounds_of_many(prior, pairs, a, b)
    estimate = np.clip(a / (a + b), bounds[0], bounds[1])
    low, high = bounds[0][where].reshape(hits.shape), bounds[1][where].reshape(hits.shape)
    return IntervalArrays(estimate[where].reshape(hits.shape), low, high)


def flake_intervals(k: npt.ArrayLike, n: npt.ArrayLike, prior: BetaPrior = FLAKE_PRIOR) -> IntervalArrays:
    """`beta_intervals` of flake rates: a test that has not flaked may never do, so its interval begins at 0."""
    found = beta_intervals(k, n, prior)
    return found._replace(low=np.where(np.asarray(k) == 0, 0.0, found.low))


@lru_cache(maxsize=65_536)
def _bounds(a: float, b: float) -> tuple[float, float]:
    """Central 95 % of Beta(a, b); remembered, since most test cases share the few pairs of k and n that are common."""
    low, high = beta_quantile(np.array([_TAIL, 1 - _TAIL]), a, b).tolist()
    return low, high


def _bounds_of_many(prior: BetaPrior, pairs: npt.NDArray[np.int64], a: Floats, b: Floats) -> Floats:
    """[2, m] central 95 % of Beta(a, b), of distinct pairs of k and n; remembered while the prior is asked about."""
    known, keys = _remembered(prior), pairs.tolist()
    if len(known) > _MOST_PAIRS:
        known.clear()
    missing = np.array([place for place, key in enumerate(keys) if key not in known], dtype=np.int64)
    if len(missing):
        found = beta_quantile(np.array([[_TAIL], [1 - _TAIL]]), a[missing], b[missing])
        known.update(zip(pairs[missing].tolist(), found.T.tolist(), strict=True))
    return np.array([known[key] for key in keys]).T


@lru_cache(maxsize=4)
def _remembered(prior: BetaPrior) -> dict[int, list[float]]:
    """Bounds under a prior by pair of k and n."""
    return {}


def wilson_interval(k: int, n: int) -> Interval | None:
    """k of n with Wilson's 95 % score interval: for a share of things that happened, where no prior is to speak.

    Returns:
        None where n is 0.

    Source: Wilson 1927.

    >>> found = wilson_interval(4, 5)
    >>> found.estimate, round(found.low, 3), round(found.high, 3)
    (0.8, 0.376, 0.964)
    """
    if n == 0:
        return None
    low, high = wilson_bounds(np.array([k]), np.array([n]))
    return Interval(k / n, float(low[0]), float(high[0]), k, n)


def wilson_bounds(k: npt.ArrayLike, n: npt.ArrayLike) -> tuple[Floats, Floats]:
    """(low, high) of `wilson_interval` for arrays of one shape, n > 0; weights may stand for counts."""
    hits, runs = np.asarray(k, dtype=np.float64), np.asarray(n, dtype=np.float64)
    share, square = hits / runs, _Z * _Z
    middle = (share + square / (2 * runs)) / (1 + square / runs)
    half = _Z / (1 + square / runs) * np.sqrt(share * (1 - share) / runs + square / (4 * runs * runs))
    low = np.where(hits > 0, np.clip(middle - half, 0.0, share), 0.0)
    high = np.where(hits < runs, np.clip(middle + half, share, 1.0), 1.0)
    return np.asarray(low), np.asarray(high)


def fit_prior(k: npt.ArrayLike, n: npt.ArrayLike, *, floor: BetaPrior = PRIOR_FLOOR, of_hit: bool = False) -> BetaPrior:
    """The Beta prior under which many tests' counts are most likely: empirical Bayes.

    Args:
        k, n: one entry a test case; entries with n = 0 say nothing.
        floor: neither parameter falls below it.
        of_hit: only entries with a hit count, each by how likely it is for a test that shows any. That is the prior of
            tests that do flake, whatever many never do: one fitted on both would deny a rare flake that has not shown
            yet. Between `PRIOR_OF_HIT`'s bounds, since few runs cannot tell rare flakes from none.

    Returns:
        `FLAKE_PRIOR` where there is too little to learn from: fewer than 20 tests have runs or fewer than 3 have a hit;
        with `of_hit`, fewer than 20 have a hit.

    Source: maximum marginal likelihood of the beta-binomial, by coordinate search on the logarithms.
    """
    hits, runs = np.asarray(k, dtype=np.int64), np.asarray(n, dtype=np.int64)
    seen = hits > 0 if of_hit else runs > 0
    hits, runs = hits[seen], runs[seen]
    if len(runs) < _LEAST_TESTS or np.count_nonzero(hits) < 3:
        return FLAKE_PRIOR
    width = int(runs.max()) + 1
    pairs, weight = np.unique(runs * width + hits, return_counts=True)
    bad, of = pairs % width, pairs // width

    def likelihoods(points: Floats) -> Floats:
        """Log likelihood of all counts under each of some (log a, log b)."""
        a, b = np.exp(points[:, :1]), np.exp(points[:, 1:])
        whole = log_beta(a, b)
        each = log_beta(a + bad, b + of - bad) - whole
        if of_hit:
            each = each - np.log(-np.expm1(np.minimum(log_beta(a, b + of) - whole, -_TINY)))
        return np.asarray(np.sum(weight * each, axis=1))

    lowest, highest = PRIOR_OF_HIT if of_hit else (floor, BetaPrior(np.inf, _HIGHEST))
    low, high = np.log(lowest), np.log(highest)
    point, step = np.clip(np.log(FLAKE_PRIOR), low, high), 1.0
    best = float(likelihoods(point[None, :])[0])
    while step > 0.01:
        moves = np.clip(point + step * _AROUND, low, high)
        found = likelihoods(moves)
        top = int(found.argmax())
        if found[top] > best + 1e-9:
            point, best = moves[top], float(found[top])
        else:
            step /= 2
    return BetaPrior(float(np.exp(point[0])), float(np.exp(point[1])))
