"""Segments of a test case's history: where its failure rate changed, by a Bayesian change point on two levels.

A split is accepted when what lies left and right of it is likelier under two rates than under one, by more than a
change point is unlikely; then both sides are split again. Linear in the runs at every level of the recursion.

Source: LUCI Analysis, `internal/changepoints/bayesian` (Apache-2.0, The LUCI Authors).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from analysis.beta_function import Floats, sequence_odds
from analysis.errors import AnalysisError
from analysis.intervals import FAILURE_PRIOR, beta_intervals
from analysis.records import BoolMatrix, ChangePoint, Interval, Segment, Segmentation, StreamHistory
from ingest.model import Result

Ints = npt.NDArray[np.int64]

LIKELIHOOD = 1e-4
"""Prior odds of a change point in a history."""
UNEXPECTED_PRIOR = (0.3, 0.5)
"""Beta prior of a run with any failure."""
RETRIED_PRIOR = (0.5, 0.5)
"""Beta prior of a retried run that stays red."""
_TAIL = 0.005


class Counts(NamedTuple):
    """What was seen at each position, [n] each: runs, runs with any failure, runs retried, runs red after the retry."""

    runs: Ints
    unexpected: Ints
    retried: Ints
    red_after_retry: Ints


class Split(NamedTuple):
    """A change point: the position that begins the new segment, and the 99 % interval of that position."""

    at: int
    low: int
    high: int


def find_splits(counts: Counts, *, likelihood: float = LIKELIHOOD, weight: npt.ArrayLike | None = None) -> list[Split]:
    """Change points of one history, ascending.

    Args:
        counts: one entry a position, oldest first.
        weight: [n] how likely a change right before each position is, relative to the others: for instance one more
            than the deploys in the gap. Equal where not given.

    Raises:
        AnalysisError: if the arrays differ in length.
    """
    lengths = {len(array) for array in counts}
    gaps = np.ones(len(counts.runs)) if weight is None else np.asarray(weight, dtype=np.float64)
    if lengths != {len(gaps)}:
        raise AnalysisError(f"positions differ in length: {sorted(lengths | {len(gaps)})}")
    sums = Counts(*(np.concatenate([[0], np.cumsum(np.asarray(array, dtype=np.int64))]) for array in counts))
    found: list[int] = []
    waiting = [(0, len(gaps))]
    while waiting:
        begin, end = waiting.pop()
        gain = _gains(sums, begin, end)
        if len(gain) == 0 or gain.max() + np.log(likelihood) <= 0:
            continue
        middle = begin + 1 + int(gain.argmax())
        found.append(middle)
        waiting += [(begin, middle), (middle, end)]
    found.sort()
    edges = [0, *found, len(gaps)]
    return [_located(sums, edges[i], edges[i + 2], at, gaps) for i, at in enumerate(found)]


def find_segments(
    history: StreamHistory, test: int, *, masked: BoolMatrix | None = None, weight: npt.ArrayLike | None = None
) -> Segmentation:
    """Segments of one test case in a stream, oldest first, with the failure rate in each.

    Runs that did not execute it and masked ones are left out. The rate counts runs that ended red.

    Args:
        test: its column.
        masked: [n] or [n, m].
        weight: [n] of the change right before each run; see `find_splits`.
    """
    rows, red, counts = _counted(history, test, masked)
    if len(rows) == 0:
        return Segmentation((), ())
    gaps = None if weight is None else _gathered(np.asarray(weight, dtype=np.float64), rows)
    splits = find_splits(counts, weight=gaps)
    runs = history.runs
    points = tuple(ChangePoint(*(runs[rows[i]] for i in split)) for split in splits)
    return Segmentation(_segments(history, rows, red, [split.at for split in splits]), points)


def current_segments(
    history: StreamHistory, tests: Sequence[int], masked: BoolMatrix | None = None
) -> tuple[Segment | None, ...]:
    """The last segment of each of some test cases, as `find_segments` has it; None where one never ran.

    Most histories hold too few failures for any change point: those are not looked at run by run.
    """
    columns = np.asarray(tests, dtype=np.int64)
    results = history.results[:, columns]
    ran = (results >= 0) & (results != Result.SKIPPED)
    if masked is not None:
        ran &= ~(masked[:, columns] if masked.ndim == 2 else masked[:, None])
    red = ((results == Result.FAILED) | (results == Result.ERRORED)) & ran
    unexpected = red | ((results == Result.FLAKY) & ran)
    retried = unexpected & (history.attempts[:, columns] > 1)
    total = ran.sum(axis=0)
    gain = _most_gain(unexpected.sum(axis=0), total, UNEXPECTED_PRIOR)
    gain += _most_gain((red & retried).sum(axis=0), retried.sum(axis=0), RETRIED_PRIOR)
    begins = np.argmax(ran, axis=0) if len(ran) else np.zeros(len(columns), dtype=np.int64)
    for i in np.flatnonzero(gain + np.log(LIKELIHOOD) > 0):
        rows, _, counts = _counted(history, int(columns[i]), masked)
        splits = find_splits(counts)
        begins[i] = rows[splits[-1].at] if splits else rows[0]
    inside = np.arange(len(ran))[:, None] >= begins
    k, n = (red & inside).sum(axis=0), (ran & inside).sum(axis=0)
    rates = beta_intervals(k, n, FAILURE_PRIOR)
    ends = len(ran) - 1 - np.argmax(ran[::-1], axis=0) if len(ran) else begins
    return tuple(
        Segment(
            history.runs[begins[i]],
            history.runs[ends[i]],
            Interval(float(rates.estimate[i]), float(rates.low[i]), float(rates.high[i]), int(k[i]), int(n[i])),
            int(n[i]),
        )
        if total[i]
        else None
        for i in range(len(columns))
    )


def _most_gain(k: Ints, n: Ints, prior: tuple[float, float]) -> Floats:
    """What a split of k hits of n would gain at most: if all hits came together at one end."""
    green, red, both = (sequence_odds(hits, of, *prior) for hits, of in ((0 * k, n - k), (k, k), (k, n)))
    return np.maximum(green + red - both, 0.0)


def _counted(
    history: StreamHistory, test: int, masked: BoolMatrix | None
) -> tuple[Ints, npt.NDArray[np.bool_], Counts]:
    """(rows that executed a test case outside what is masked, whether each ended red, what was seen in each)."""
    column = history.results[:, test]
    ran = (column >= 0) & (column != Result.SKIPPED)
    if masked is not None:
        ran &= ~(masked[:, test] if masked.ndim == 2 else masked)
    rows = np.flatnonzero(ran)
    red = (column[rows] == Result.FAILED) | (column[rows] == Result.ERRORED)
    unexpected = red | (column[rows] == Result.FLAKY)
    retried = unexpected & (history.attempts[rows, test] > 1)
    arrays = (np.ones(len(rows)), unexpected, retried, red & retried)
    return rows, red, Counts(*(np.asarray(a, dtype=np.int64) for a in arrays))


def _gathered(weight: Floats, rows: Ints) -> Floats:
    """Weights of the gaps between executed runs: the sum over the runs in between that did not execute the case."""
    sums = np.concatenate([[0.0], np.cumsum(weight)])
    before = np.concatenate([[0], rows[:-1] + 1])
    return np.asarray(sums[rows + 1] - sums[before])


def _segments(
    history: StreamHistory, rows: Ints, red: npt.NDArray[np.bool_], starts: Sequence[int]
) -> tuple[Segment, ...]:
    edges = [0, *starts, len(rows)]
    k = np.array([int(red[a:b].sum()) for a, b in pairwise(edges)])
    n = np.diff(edges)
    rates = beta_intervals(k, n, FAILURE_PRIOR)
    return tuple(
        Segment(
            history.runs[rows[edges[i]]],
            history.runs[rows[edges[i + 1] - 1]],
            Interval(float(rates.estimate[i]), float(rates.low[i]), float(rates.high[i]), int(k[i]), int(n[i])),
            int(n[i]),
        )
        for i in range(len(n))
    )


def _gains(sums: Counts, begin: int, end: int) -> Floats:
    """[end - begin - 1] log odds of a split right before each inner position against no split."""
    if end - begin < 2:
        return np.zeros(0)
    inner = np.arange(begin + 1, end)
    left, right = _level(sums, np.full_like(inner, begin), inner), _level(sums, inner, np.full_like(inner, end))
    whole = _level(sums, np.array([begin]), np.array([end]))
    return np.asarray(left + right - whole)


def _level(sums: Counts, begin: Ints, end: Ints) -> Floats:
    """Log marginal likelihood of the positions [begin, end) under one rate a level."""
    runs, bad, retried, red = (array[end] - array[begin] for array in sums)
    return sequence_odds(bad, runs, *UNEXPECTED_PRIOR) + sequence_odds(red, retried, *RETRIED_PRIOR)


def _located(sums: Counts, begin: int, end: int, at: int, gaps: Floats) -> Split:
    """Where in [begin, end) the change point may be: its posterior over all positions, cut at both tails."""
    logs = _gains(sums, begin, end) + np.log(np.maximum(gaps[begin + 1 : end], 1e-12))
    shares = np.exp(logs - logs.max())
    below = np.cumsum(shares) / shares.sum()
    low = begin + 1 + int(np.searchsorted(below, _TAIL))
    high = begin + 1 + min(int(np.searchsorted(below, 1 - _TAIL)), len(below) - 1)
    return Split(at, min(low, at), max(high, at))
