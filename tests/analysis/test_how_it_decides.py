"""What `docs/how-it-decides.md` works out by hand is what the code gives."""

from __future__ import annotations

from math import ceil, log

import numpy as np
import pytest

from analysis.intervals import FLAKE_PRIOR, flake_intervals, wilson_interval
from analysis.recency import entropy_of, find_trend, recent_shares
from analysis.records import Recent


def test_flake_rate_by_hand() -> None:
    """1 of 10 and 0 of 10 under Beta(0.12, 4)."""
    found = flake_intervals([1, 0], [10, 10], FLAKE_PRIOR)
    assert found.estimate[0] == pytest.approx((0.12 + 1) / (4.12 + 10))
    assert [round(float(v), 3) for v in (found.low[0], found.high[0])] == [0.003, 0.260]
    assert [round(float(v), 3) for v in (found.low[1], found.high[1])] == [0.0, 0.078]


def test_recent_flips_by_hand() -> None:
    """A flip that is 50 runs old weighs a half, of 36.8 in all."""
    hit = np.zeros((51, 1), dtype=np.bool_)
    hit[0] = True
    (share,) = recent_shares(hit, np.ones((51, 1), dtype=np.bool_))
    assert share is not None
    assert (round(share.k, 3), round(share.n, 1), round(share.estimate, 3)) == (0.5, 36.8, 0.014)


def test_entropy_by_hand() -> None:
    """A quarter: -(0.25 * -2) - 0.75 * log2 0.75 = 0.811."""
    found = entropy_of(Recent(0.25, 0.1, 0.4, 5, 20))
    assert found is not None
    assert round(found.estimate, 3) == 0.811


def test_recovery_by_hand() -> None:
    """2 flakes in 31 runs take 45 runs without one."""
    assert ceil(log(0.05) / log(29 / 31)) == 45
    assert find_trend([0, 30], 31 + 44).state == "flaky"
    assert find_trend([0, 30], 31 + 45).state == "recovered"


def test_precision_by_hand() -> None:
    """4 of 5: 67.0 % give or take 29.4 %."""
    found = wilson_interval(4, 5)
    assert found is not None
    assert round((found.high + found.low) / 2, 3) == 0.670
    assert round((found.high - found.low) / 2, 3) == 0.294
