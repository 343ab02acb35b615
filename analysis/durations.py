"""Where a test case became slower or faster: change points of its duration, by rank, with a least effect.

Only runs that passed at the first attempt count: a timeout's length says nothing about the code. A history is split
where the ranks left and right of a place differ most (Wilcoxon's rank sum), and both sides again. A split is a shift
when the Hodges-Lehmann estimate of the ratio over the 20 runs on either side is at least 20 % with its whole 95 %
interval, the medians differ by half a second, and at least 5 runs lie on either side. Ranks and medians do not mind
outliers or two humps.

Source: Hodges and Lehmann 1963; Kayenta's Mann-Whitney classifier for the least effect.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from analysis.beta_function import Floats
from analysis.records import DurationSegment, DurationShift, Interval, StreamHistory
from ingest.model import Result

LEAST_RUNS = 5
LEAST_RATIO = 1.2
LEAST_MS = 500.0
WINDOW_RUNS = 20
LEAST_RANK_SCORE = 4.0
"""Standard deviations of the rank sum: what chance reaches somewhere in 1 of 2,000 steady histories."""
_Z = 1.959964
_SCALE = 1.4826
"""From the median absolute deviation to the standard deviation of normal noise."""
Ints = npt.NDArray[np.int64]


def find_shifts(durations_ms: Sequence[float]) -> tuple[tuple[DurationShift, ...], tuple[DurationSegment, ...]]:
    """Shifts, ascending, and the stretches between them; places are those of the list given.

    Args:
        durations_ms: of runs that passed at once, oldest first.

    >>> shifts, _ = find_shifts([1000.0] * 20 + [4000.0] * 10)
    >>> shifts[0].at, shifts[0].before_ms, shifts[0].after_ms, round(shifts[0].ratio.estimate, 6)
    (20, 1000.0, 4000.0, 4.0)
    """
    values = np.maximum(np.asarray(durations_ms, dtype=np.float64), 1.0)
    if len(values) == 0:
        return (), ()
    logs = np.log(values)
    found: list[DurationShift] = []
    waiting = [(0, len(logs))]
    while waiting:
        begin, end = waiting.pop()
        at = _split(logs[begin:end])
        if at is None:
            continue
        waiting += [(begin, begin + at), (begin + at, end)]
        shift = _shift(values, logs, begin, begin + at, end)
        if shift is not None:
            found.append(shift)
    found.sort(key=lambda shift: shift.at)
    edges = [0, *(shift.at for shift in found), len(values)]
    return tuple(found), tuple(_segment(values, a, b) for a, b in pairwise(edges))


def quick_passes(history: StreamHistory, test: int, durations_ms: npt.NDArray[np.int64]) -> Ints:
    """Rows in which a test case passed at the first attempt and its duration is known, ascending.

    Args:
        durations_ms: [n, m], negative where not known.
    """
    passed = (history.results[:, test] == Result.PASSED) & (history.attempts[:, test] == 1)
    return np.flatnonzero(passed & (durations_ms[:, test] >= 0))


def _split(logs: Floats) -> int | None:
    """The place before which ranks differ most from those after it; None where they do not differ for sure."""
    n = len(logs)
    if n < 2 * LEAST_RUNS:
        return None
    before = np.arange(1, n)
    sums = np.cumsum(_ranks(logs))[:-1]
    spread = np.sqrt(before * (n - before) * (n + 1) / 12.0)
    score = np.abs(sums - before * (n + 1) / 2.0) / spread
    if score.max() <= LEAST_RANK_SCORE:
        return None
    near = int(score.argmax()) + 1
    at = min(range(max(near - LEAST_RUNS, 1), min(near + LEAST_RUNS, n - 1) + 1), key=lambda i: _cost(logs, i))
    return at if LEAST_RUNS <= at <= n - LEAST_RUNS else None


def _cost(logs: Floats, at: int) -> float:
    """Distances to the median of each side: ranks alone put one run of the old kind on the new side."""
    return float(sum(np.abs(side - np.median(side)).sum() for side in (logs[:at], logs[at:])))


def _ranks(values: Floats) -> Floats:
    """Ranks from 1, equal values sharing the mean of theirs."""
    _, place, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2.0)[place])


def _shift(values: Floats, logs: Floats, begin: int, at: int, end: int) -> DurationShift | None:
    """The shift at a place, judged by the runs next to it; None where it is too small."""
    first, last = max(begin, at - WINDOW_RUNS), min(end, at + WINDOW_RUNS)
    before, after = logs[first:at], logs[at:last]
    low, middle, high = np.exp(_location(before, after)).tolist()
    medians = float(np.median(values[first:at])), float(np.median(values[at:last]))
    if max(low, 1 / high) < LEAST_RATIO or abs(medians[1] - medians[0]) < LEAST_MS:
        return None
    return DurationShift(at, *medians, Interval(middle, low, high, len(after), len(before) + len(after)))


def _location(before: Floats, after: Floats) -> Floats:
    """Hodges-Lehmann shift of the logarithms with its 95 % interval: (low, estimate, high)."""
    apart = np.sort((after[:, None] - before[None, :]).ravel())
    n, m = len(after), len(before)
    cut = int(max(n * m / 2.0 - _Z * np.sqrt(n * m * (n + m + 1) / 12.0), 0))
    return np.array([apart[cut], np.median(apart), apart[-1 - cut]])


def _segment(values: Floats, begin: int, end: int) -> DurationSegment:
    inside = values[begin:end]
    middle = float(np.median(inside))
    return DurationSegment(begin, end, middle, float(np.median(np.abs(inside - middle))) * _SCALE)


def may_have_shifted(runs: Floats, total: Floats, squares: Floats) -> npt.NDArray[np.bool_]:
    """[m]: which test cases are worth a closer look, from sums over stretches of time.

    Those of which the mean before and after some stretch differ by 3 standard errors and by half of what a shift takes:
    a shift within a stretch shows in its mean only in part.

    Args:
        runs, total, squares: [m, b] number, sum and sum of squares of the durations in each stretch, in ms.
    """
    n, s, q = (np.cumsum(values, axis=1) for values in (runs, total, squares))
    left, right = n[:, :-1], n[:, -1:] - n[:, :-1]
    many = np.maximum(n[:, -1:], 1.0)
    spread = np.maximum(q[:, -1:] / many - (s[:, -1:] / many) ** 2, 0.0)
    apart = np.abs(s[:, :-1] / np.maximum(left, 1.0) - (s[:, -1:] - s[:, :-1]) / np.maximum(right, 1.0))
    error = np.sqrt(spread * (1.0 / np.maximum(left, 1.0) + 1.0 / np.maximum(right, 1.0)))
    is_apart = (apart > 3.0 * error) & (apart >= LEAST_MS / 2) & (left >= LEAST_RUNS) & (right >= LEAST_RUNS)
    return np.asarray(is_apart.any(axis=1))
