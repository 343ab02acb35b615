"""Flakiness of a test case over days of which only sums are left, joined with days whose results are all there.

Runs, red runs, runs that passed on a retry and outcome changes are exact. What needs single results is not known of
such days: passes of the same code, masked outages, lost time. They count as if there had been none.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.intervals import FLAKE_PRIOR, BetaPrior, flake_intervals
from analysis.records import Count, FlakeStats, Interval


@dataclass(frozen=True, slots=True)
class DayCounts:
    """One test case in one stream on one UTC day: runs by what became of them, in first run attempts."""

    day: int
    executed: int
    failed: int
    flaky: int
    retried: int
    flips: int
    """Outcome changes within the day."""
    first_red: bool
    last_red: bool


def add_days(
    stats: FlakeStats,
    days: Sequence[DayCounts],
    *,
    next_red: bool | None,
    sees_retries: bool,
    prior: BetaPrior = FLAKE_PRIOR,
) -> FlakeStats:
    """The stats of both together.

    Args:
        stats: of the days whose results are all there.
        days: the earlier ones, oldest first.
        next_red: whether the first unmasked run of `stats` was red; None where there is none.
        sees_retries: whether any case of the stream was retried on the earlier days.
        prior: of the flake rate.
    """
    executed = sum(day.executed for day in days)
    if not executed:
        return stats
    flaky = stats.flaky_runs + sum(day.flaky for day in days)
    runs = stats.runs + executed
    counted = runs - stats.masked_runs
    rate = flake_intervals(np.array([flaky]), np.array([counted]), prior)
    edges = [day.first_red for day in days[1:]] + ([] if next_red is None else [next_red])
    joins = sum(day.last_red != red for day, red in zip(days, edges, strict=False))
    flips = stats.flips.k + sum(day.flips for day in days) + joins
    pairs = counted - 1
    return replace(
        stats,
        runs=runs,
        failed_runs=stats.failed_runs + sum(day.failed for day in days),
        flaky_runs=flaky,
        flake_rate=Interval(float(rate.estimate[0]), float(rate.low[0]), float(rate.high[0]), flaky, counted),
        flip_rate=flips / pairs if pairs else None,
        retry_pass=_retry_pass(stats, days, counted, sees_retries),
        flips=Count(flips, pairs),
    )


def _retry_pass(stats: FlakeStats, days: Sequence[DayCounts], counted: int, sees_retries: bool) -> Count | None:
    if stats.retry_pass is None and not sees_retries:
        return None
    before = 0 if stats.retry_pass is None else stats.retry_pass.k
    return Count(before + sum(day.flaky for day in days), counted)
