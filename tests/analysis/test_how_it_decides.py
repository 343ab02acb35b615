"""What `docs/how-it-decides.md` works out by hand is what the code gives."""

from __future__ import annotations

from dataclasses import replace
from math import ceil, exp, log

import numpy as np
import pytest

from analysis import calibration
from analysis.change_risk import log_prior
from analysis.intervals import FLAKE_PRIOR, flake_intervals, wilson_interval
from analysis.likelihood import Windows, break_odds, null_odds, observe, severity_shares
from analysis.recency import entropy_of, find_trend, recent_shares
from analysis.records import Recent
from tests.analysis.builders import deploy, history


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


def test_suspects_by_hand() -> None:
    """Ten passes and two failures, and a test that passes on: each term, their sum, and a flake against it."""
    seen = observe(history({"broken": "." * 10 + "FF", "fine": "." * 12}), None)
    windows = Windows(np.array([10]), np.array([12]))
    odds = break_odds(seen, windows, null_odds(seen, windows))[0, 0]
    onset = odds[0] + severity_shares()[0]
    assert [round(exp(odds[0])), round(odds[0], 2), round(onset, 2)] == [1489, 7.31, 6.88]
    felt, breadth = calibration.EXPOSURES[calibration.DECLARED], calibration.BREADTHS[2]
    passing = calibration.BREADTH_TEMPER * np.log1p(felt * breadth * np.expm1(odds[1]))
    assert round(passing, 2) == -0.14
    change = log_prior(replace(deploy("pay", 1), additions=60, deletions=0))
    assert round(change, 2) == -4.61
    total = onset + passing + change + log(calibration.NAMES_SERVICE) + log(felt) + log(1 / len(calibration.BREADTHS))
    assert round(total, 2) == 2.28
    flake = log(calibration.FLAKE_NAMES) / calibration.TEMPERATURE + calibration.BIAS["flake"]
    assert round(1 / (1 + exp(flake - total / calibration.TEMPERATURE)), 3) == 0.998
