"""Gamma and Beta functions on arrays, in numpy alone: importing scipy costs more than everything computed here.

Every function is vectorised, broadcasts its arguments and is accurate to about 1e-10.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

_TINY = 1e-300
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680)
_SHIFT = 8
_FRACTION_STEPS = 400
_QUANTILE_STEPS = 80
_ENOUGH = 1e-9


def log_gamma(x: npt.ArrayLike) -> Floats:
    """Natural logarithm of the gamma function for x > 0.

    Source: Stirling's series at x + 8, brought back by the recurrence gamma(x + 1) = x gamma(x).

    >>> round(float(log_gamma(5.0)), 12) == round(float(np.log(24)), 12)
    True
    """
    z = np.asarray(x, dtype=np.float64)
    rising = np.ones_like(z)
    for step in range(_SHIFT):
        rising = rising * (z + step)
    far = z + _SHIFT
    inverse = 1.0 / far
    square = inverse * inverse
    tail = np.zeros_like(z)
    for coefficient in reversed(_STIRLING):
        tail = tail * square + coefficient
    series = (far - 0.5) * np.log(far) - far + 0.5 * np.log(2 * np.pi) + tail * inverse
    return np.asarray(series - np.log(rising))


def log_beta(a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Natural logarithm of the Beta function for a, b > 0."""
    left, right = np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64)
    return np.asarray(log_gamma(left) + log_gamma(right) - log_gamma(left + right))


def sequence_odds(k: Ints, n: Ints, a: float, b: float) -> Floats:
    """Log chance of k hits and n - k misses in one given order, when the rate is Beta(a, b).

    Args:
        k, n: whole numbers of one shape, 0 <= k <= n, not too large: they index tables.
    """
    size = 1 << max(int(n.max(initial=0)).bit_length(), 6)
    of_a, of_b, of_both = _tables(a, b, size)
    return np.asarray(of_a[k] + of_b[n - k] - of_both[n])


@lru_cache(maxsize=64)
def _tables(a: float, b: float, size: int) -> tuple[Floats, Floats, Floats]:
    """log gamma of a, b and a + b plus 0, 1, ... size; the third with log B(a, b) added."""
    steps = np.arange(size + 1)
    return log_gamma(a + steps), log_gamma(b + steps), log_gamma(a + b + steps) + float(log_beta(a, b))


def incomplete_beta(x: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """Regularised incomplete Beta function I_x(a, b): the chance that a Beta(a, b) rate is below x.

    Source: the continued fraction of Abramowitz and Stegun 26.5.8, evaluated by Lentz's method.
    """
    arrays = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (x, a, b)))
    shape = arrays[0].shape
    x_, a_, b_ = (v.ravel() for v in arrays)
    return _incomplete(x_, a_, b_, log_beta(a_, b_)).reshape(shape)


def beta_quantile(p: npt.ArrayLike, a: npt.ArrayLike, b: npt.ArrayLike) -> Floats:
    """The rate below which a Beta(a, b) distribution has the share p; accurate to about 1e-8.

    Source: Newton's method on I_x(a, b), kept inside a shrinking bracket.
    """
    arrays = np.broadcast_arrays(*(np.asarray(v, dtype=np.float64) for v in (p, a, b)))
    shape = arrays[0].shape
    p_, a_, b_ = (v.ravel() for v in arrays)
    norm = log_beta(a_, b_)
    low, high = np.zeros_like(p_), np.ones_like(p_)
    x = _first_guess(p_, a_, b_, norm)
    active = np.arange(len(p_))
    for _ in range(_QUANTILE_STEPS):
        here = x[active]
        excess = _incomplete(here, a_[active], b_[active], norm[active]) - p_[active]
        above = excess > 0
        high[active] = np.where(above, here, high[active])
        low[active] = np.where(above, low[active], here)
        stepped = here - excess / _density(here, a_[active], b_[active], norm[active])
        inside = (stepped > low[active]) & (stepped < high[active])
        moved = np.where(inside, stepped, 0.5 * (low[active] + high[active]))
        moved = np.where(np.abs(excess) <= _ENOUGH, here, moved)
        x[active] = moved
        active = active[np.abs(moved - here) > _ENOUGH]
        if len(active) == 0:
            break
    return x.reshape(shape)


def _density(x: Floats, a: Floats, b: Floats, norm: Floats) -> Floats:
    """Density of Beta(a, b), never zero."""
    inner = np.clip(x, _TINY, 1 - 1e-16)
    return np.asarray(np.exp(np.clip((a - 1) * np.log(inner) + (b - 1) * np.log1p(-inner) - norm, -600, 600)))


def _first_guess(p: Floats, a: Floats, b: Floats, norm: Floats) -> Floats:
    """The normal approximation in the middle; in a tail at 0 or 1, where one term of the series is exact."""
    mean = a / (a + b)
    spread = np.sqrt(a * b / (a + b + 1)) / (a + b)
    normal = mean + np.where(p < 0.5, -1.8, 2.0) * spread
    at_zero = np.exp(np.clip((np.log(p) + np.log(a) + norm) / a, -600, 0))
    at_one = -np.expm1(np.clip((np.log1p(-p) + np.log(b) + norm) / b, -600, -1e-12))
    guess = np.where(normal <= 0, at_zero, np.where(normal >= 1, at_one, normal))
    return np.asarray(np.clip(guess, 1e-290, 1 - 1e-12))


def _incomplete(x: Floats, a: Floats, b: Floats, norm: Floats) -> Floats:
    """I_x(a, b) of flat arrays of one length; `norm` is log B(a, b)."""
    swapped = x > (a + 1) / (a + b + 2)
    inner = np.where(swapped, 1 - x, x)
    first, second = np.where(swapped, b, a), np.where(swapped, a, b)
    safe = np.clip(inner, _TINY, 1 - 1e-16)
    front = np.exp(np.clip(first * np.log(safe) + second * np.log1p(-safe) - norm, -700, 700)) / first
    part = np.where(inner <= 0, 0.0, front * _fraction(safe, first, second))
    return np.asarray(np.clip(np.where(swapped, 1 - part, part), 0.0, 1.0))


def _fraction(x: Floats, a: Floats, b: Floats) -> Floats:
    """Lentz's evaluation of the continued fraction; what has converged leaves the loop, whatever stands beside it."""
    total = np.empty_like(x)
    rows = np.arange(len(x))
    c = np.ones_like(x)
    d = 1 / _off_zero(1 - (a + b) * x / (a + 1))
    h = d.copy()
    for m in range(1, _FRACTION_STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / _off_zero(1 + even * d)
        c = _off_zero(1 + even / c)
        h = h * d * c
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        d = 1 / _off_zero(1 + odd * d)
        c = _off_zero(1 + odd / c)
        step = d * c
        h = h * step
        done = np.abs(step - 1) < 1e-10
        if done.any():
            total[rows[done]] = h[done]
            kept = ~done
            if not kept.any():
                break
            rows, x, a, b, c, d, h = rows[kept], x[kept], a[kept], b[kept], c[kept], d[kept], h[kept]
    else:
        total[rows] = h
    return total


def _off_zero(values: Floats) -> Floats:
    return np.where(np.abs(values) < 1e-30, 1e-30, values)
