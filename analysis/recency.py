"""What a test case did lately: flip rate and entropy that forget, and whether it began or ceased to flake.

Every executed run weighs half as much as one that came 50 runs later. Weighted hits and runs are taken for counts in
Wilson's interval: their sum, at most 73 runs, is less than what the weights are worth, so the intervals are rather too
wide than too narrow.

A case flakes from its second flake within 50 runs on, and has recovered when it passed for so long that its own rate
would have shown a flake with 95 %, and for 20 runs at least: what turns the state on never turns it off.
Source: Kowalczyk et al., ICSE-SEIP 2020 (flip rate, entropy, exponential weights); hysteresis as in Trunk's monitors.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil, log

import numpy as np
import numpy.typing as npt

from analysis.beta_function import Floats
from analysis.intervals import wilson_bounds
from analysis.records import Recent, Trend

Bools = npt.NDArray[np.bool_]

HALF_LIFE_RUNS = 50
ACTIVATES_WITHIN = 50
"""Runs within which a second flake makes a case flaky."""
LEAST_CALM = 20
"""Runs without a flake that recovery takes at least, and that must have been seen before for a case to be new."""
_MISSED = 0.05


def recent_shares(hit: Bools, counted: Bools) -> tuple[Recent | None, ...]:
    """The share of counted rows that are hits, newest rows weighing most, of every column; None where none counts.

    Args:
        hit: [n, m], oldest first.
        counted: [n, m] rows that count; a row's age is the number of counted rows of its column after it.

    >>> import numpy as np
    >>> (share,) = recent_shares(np.array([[False], [True]]), np.array([[True], [True]]))
    >>> round(share.k, 3), round(share.n, 3)
    (1.0, 1.986)
    """
    after: npt.NDArray[np.int64] = np.cumsum(counted[::-1], axis=0)[::-1] - counted
    weight = np.where(counted, np.exp2(-after / HALF_LIFE_RUNS), 0.0)
    n, k = _sum_rows(weight), _sum_rows(np.where(hit, weight, 0.0))
    some = np.maximum(n, 1e-12)
    low, high = wilson_bounds(k, some)
    rows = zip((k / some).tolist(), low.tolist(), high.tolist(), k.tolist(), n.tolist(), strict=True)
    return tuple(None if row[4] == 0 else Recent(*row) for row in rows)


def _sum_rows(values: Floats) -> Floats:
    """Sum of each column, row after row: `sum` adds in another order where a column stands alone."""
    return np.asarray(np.cumsum(values, axis=0)[-1]) if len(values) else np.zeros(values.shape[1])


def entropy_of(share: Recent | None) -> Recent | None:
    """Binary entropy of a share, in bits: 0 always the same, 1 as often red as green; with the interval it implies.

    A case that broke and stays red keeps some entropy until its passes have faded; its flip rate tells the two apart.
    """
    if share is None:
        return None
    ends = (_bits(share.low), _bits(share.high))
    most = 1.0 if share.low <= 0.5 <= share.high else max(ends)
    return Recent(_bits(share.estimate), min(ends), most, share.k, share.n)


def _bits(p: float) -> float:
    return 0.0 if p <= 0 or p >= 1 else -(p * log(p) + (1 - p) * log(1 - p)) / log(2)


def find_trend(flakes: Sequence[int], runs: int) -> Trend:
    """Whether a case flakes now, and since which run.

    Args:
        flakes: places of the runs with a flake among the runs that executed the case, ascending.
        runs: how many such runs there are.

    >>> find_trend([30, 33], 40)
    Trend(state='new', since=30)
    >>> find_trend([1, 3], 80)
    Trend(state='recovered', since=4)
    """
    entered, last, before, was_flaky = -1, -ACTIVATES_WITHIN, -1, False
    seen = recovered = 0
    for place in flakes:
        if entered >= 0 and place - last > _calm(seen, last - entered + 1):
            recovered, entered, was_flaky = last + 1, -1, True
        if entered >= 0:
            seen += 1
        elif before >= 0 and place - before < ACTIVATES_WITHIN and before > recovered - 1:
            entered, seen = before, 2
        last, before = place, place
    if entered >= 0 and runs - 1 - last >= _calm(seen, last - entered + 1):
        return Trend("recovered", last + 1)
    if entered >= 0:
        is_new = entered >= LEAST_CALM and not was_flaky
        return Trend("new" if is_new else "flaky", entered)
    return Trend("recovered", recovered) if was_flaky else Trend("", None)


def _calm(flakes: int, runs: int) -> int:
    """Runs without a flake after which a case that flaked in so many of so many runs has recovered."""
    share = min(flakes / runs, 0.99)
    return max(LEAST_CALM, ceil(log(_MISSED) / log(1 - share)))
