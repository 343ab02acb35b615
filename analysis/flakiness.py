"""How flaky test cases are: retry-pass and same-code evidence, counted apart and together, each as k of n.

A red run is a flake when a pass of the same code shows it to be one: for a case without exercised services any mix of
pass and fail at one test revision; for a case with them only a pass on both sides, since one onset or one recovery is
what a real breakage looks like. Masked outages count for nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from analysis.errors import AnalysisError
from analysis.intervals import FLAKE_PRIOR, BetaPrior, flake_intervals
from analysis.recency import entropy_of, find_trend, recent_shares
from analysis.records import (
    ABSENT,
    BoolMatrix,
    Count,
    DurationMatrix,
    FlakeStats,
    Interval,
    StreamHistory,
    Trend,
)
from analysis.same_code import CodeRelation
from ingest.model import Outcome, Result

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]


def flip_rate(outcomes: Sequence[Outcome]) -> float | None:
    """Share of consecutive runs between which a test case changed outcome.

    Failed and errored count as one outcome.

    Args:
        outcomes: one per run, oldest first, length n; skipped runs already removed.

    Returns:
        Changes / (n - 1), a fraction in [0, 1]; None when n < 2, where the rate is undefined.

    Raises:
        AnalysisError: if an outcome is `SKIPPED`.

    Source: Kowalczyk et al., Modeling and ranking flaky tests at Apple, ICSE-SEIP 2020.

    >>> flip_rate([Outcome.PASSED, Outcome.FAILED, Outcome.PASSED])
    1.0
    """
    if Outcome.SKIPPED in outcomes:
        raise AnalysisError("skipped runs have no outcome to flip: remove them first")
    if len(outcomes) < 2:
        return None
    good = [outcome is Outcome.PASSED for outcome in outcomes]
    return sum(a != b for a, b in pairwise(good)) / (len(good) - 1)


@dataclass(frozen=True, slots=True)
class _Cells:
    """What each result is, [n, m] each; `ran`, `red` and `retry_pass` leave masked results out."""

    executed: Bools
    all_red: Bools
    ran: Bools
    red: Bools
    retry_pass: Bools
    retried: bool
    """Whether any result of the stream had a second attempt."""


@dataclass(frozen=True, slots=True)
class FlakeRating:
    """What `rate_stream_flakes` finds."""

    stats: tuple[FlakeStats, ...]
    """One a test case, in the order of `history.tests`."""
    flaky: BoolMatrix
    """[n, m] results outside masked outages that were shown to be flakes."""


def rate_stream_flakes(
    history: StreamHistory,
    relation: CodeRelation | None = None,
    *,
    masked: BoolMatrix | None = None,
    rerun_passes: BoolMatrix | None = None,
    durations_ms: DurationMatrix | None = None,
    failed_ms: DurationMatrix | None = None,
    prior: BetaPrior = FLAKE_PRIOR,
) -> FlakeRating:
    """Flake rate and evidence of every test case of a stream, and which results were flakes.

    Args:
        relation: same code between the runs (`relate_code`); None: not known, so no same-code evidence.
        masked: [n] or [n, m], True where an outage explains the result.
        rerun_passes: [n, m], True where a second run attempt of the same code passed (`same_code.rerun_passes`);
            counted as retry-pass.
        durations_ms: [n, m] time of all attempts of a result together, negative where not known.
        failed_ms: [n, m] the same of its failing attempts alone; None: attempts are taken to last equally long.
        prior: of the flake rate.

    Raises:
        AnalysisError: if an array does not have the history's shape.
    """
    cells = _cells(history, masked, rerun_passes)
    by_code, known = _same_code_flakes(cells, relation)
    lost = _lost_seconds(history, cells, by_code, durations_ms, failed_ms)
    return FlakeRating(_stats(cells, by_code, known, lost, prior), cells.retry_pass | by_code)


def _stats(
    cells: _Cells, by_code: Bools, known: Bools, lost: list[float] | None, prior: BetaPrior
) -> tuple[FlakeStats, ...]:
    """The counts of every column as records."""
    flaky = cells.retry_pass | by_code
    columns = (cells.executed, cells.all_red, cells.ran, flaky, cells.retry_pass, by_code, known)
    executed, failed, counted, flaky_runs, retries, same, decided = (column.sum(axis=0).tolist() for column in columns)
    rates = flake_intervals(np.array(flaky_runs, dtype=np.int64), np.array(counted, dtype=np.int64), prior)
    changed, paired = _flips(cells)
    changes, pairs = changed.sum(axis=0).tolist(), paired.sum(axis=0).tolist()
    recent_flips, recent_reds = recent_shares(changed, paired), recent_shares(cells.red, cells.ran)
    return tuple(
        FlakeStats(
            runs=executed[t],
            masked_runs=executed[t] - counted[t],
            failed_runs=failed[t],
            flaky_runs=flaky_runs[t],
            flake_rate=Interval(
                float(rates.estimate[t]), float(rates.low[t]), float(rates.high[t]), flaky_runs[t], counted[t]
            ),
            flip_rate=changes[t] / pairs[t] if pairs[t] else None,
            retry_pass=Count(retries[t], counted[t]) if cells.retried else None,
            same_code=Count(same[t], decided[t]),
            flips=Count(changes[t], pairs[t]),
            lost_seconds=None if lost is None else lost[t],
            recent_flips=recent_flips[t],
            recent_entropy=entropy_of(recent_reds[t]),
            trend=_trend(cells.ran[:, t], flaky[:, t]) if flaky_runs[t] else Trend("", None),
        )
        for t in range(len(executed))
    )


def _cells(history: StreamHistory, masked: BoolMatrix | None, rerun_passes: BoolMatrix | None) -> _Cells:
    results = history.results
    shape = (len(history.runs), len(history.tests))
    if results.shape != shape:
        raise AnalysisError(f"results are {results.shape}, the history has {shape[0]} runs and {shape[1]} test cases")
    executed = (results != ABSENT) & (results != Result.SKIPPED)
    red = (results == Result.FAILED) | (results == Result.ERRORED)
    counted = executed
    if masked is not None:
        if masked.shape not in (shape, shape[:1]):
            raise AnalysisError(f"the mask is {masked.shape}, the history {shape}")
        counted = executed & ~(masked if masked.ndim == 2 else masked[:, None])
    retried = bool((history.attempts > 1).any() or (results == Result.FLAKY).any())
    passed = results == Result.FLAKY
    if rerun_passes is not None:
        if rerun_passes.shape != shape:
            raise AnalysisError(f"the reruns are {rerun_passes.shape}, the history {shape}")
        passed, retried = passed | (red & rerun_passes), retried or bool(rerun_passes.any())
    return _Cells(executed, red, counted, red & counted, passed & counted, retried)


def _same_code_flakes(cells: _Cells, relation: CodeRelation | None) -> tuple[Bools, Bools]:
    """([n, m] red results that passes of the same code show to be flakes, [n, m] results whose code is known)."""
    flakes = np.zeros_like(cells.red)
    if relation is None:
        return flakes, np.zeros_like(cells.red)
    known = (relation.keys >= 0)[:, relation.group] & cells.ran
    suspicious = np.flatnonzero(cells.red.any(axis=0))
    for g in np.unique(relation.group[suspicious]):
        tests = suspicious[relation.group[suspicious] == g]
        order = np.flatnonzero(relation.keys[:, g] >= 0)
        if len(order) == 0:
            continue
        order = order[np.argsort(relation.keys[order, g], kind="stable")]
        ran, red = cells.ran[np.ix_(order, tests)], cells.red[np.ix_(order, tests)]
        first, last = _first_and_last_pass(ran & ~red, relation.keys[order, g])
        place = np.arange(len(order))[:, None]
        shown = (first < place) & (place < last) if relation.has_services[g] else first <= last
        flakes[np.ix_(order, tests)] = red & shown
    return flakes, known


def _first_and_last_pass(passed: Bools, keys: Ints) -> tuple[Ints, Ints]:
    """Row of the first and of the last pass among the rows of the same key; none: first > last.

    Args:
        passed: [r, m], rows sorted by key, then by time.
        keys: [r].
    """
    rows = len(keys)
    starts = np.flatnonzero(np.r_[True, keys[1:] != keys[:-1]])
    group = np.cumsum(np.r_[False, keys[1:] != keys[:-1]])
    place = np.arange(rows)[:, None]
    first = np.minimum.reduceat(np.where(passed, place, rows), starts, axis=0)[group]
    last = np.maximum.reduceat(np.where(passed, place, -1), starts, axis=0)[group]
    return first, last


def _flips(cells: _Cells) -> tuple[Bools, Bools]:
    """([n, m] unmasked results unlike the one before, [n, m] unmasked results that have one before)."""
    n = len(cells.ran)
    changed, paired = np.zeros_like(cells.ran), np.zeros_like(cells.ran)
    if n < 2:
        return changed, paired
    place = np.where(cells.ran, np.arange(n)[:, None], -1)
    before = np.maximum.accumulate(place, axis=0)[:-1]
    was_red = np.take_along_axis(cells.red, np.maximum(before, 0), axis=0)
    paired[1:] = cells.ran[1:] & (before >= 0)
    changed[1:] = paired[1:] & (was_red != cells.red[1:])
    return changed, paired


def _trend(ran: Bools, flaky: Bools) -> Trend:
    """Trend of one test case, its place being that of a run of the history."""
    rows = np.flatnonzero(ran)
    found = find_trend(np.flatnonzero(flaky[rows]).tolist(), len(rows))
    return found if found.since is None else Trend(found.state, int(rows[min(found.since, len(rows) - 1)]))


def _lost_seconds(
    history: StreamHistory,
    cells: _Cells,
    by_code: Bools,
    durations_ms: DurationMatrix | None,
    failed_ms: DurationMatrix | None,
) -> list[float] | None:
    """Seconds lost to flakes: a red run that was a flake whole, of a retry-pass the attempts that failed.

    Where the time of the failing attempts is not known, attempts are taken to last equally long.
    """
    if durations_ms is None:
        return None
    for given in (durations_ms, failed_ms):
        if given is not None and given.shape != cells.ran.shape:
            raise AnalysisError(f"durations are {given.shape}, the history {cells.ran.shape}")
    total = np.maximum(durations_ms, 0)
    failed = total * (history.failed_attempts / np.maximum(history.attempts, 1))
    if failed_ms is not None:
        failed = np.where(failed_ms >= 0, failed_ms, failed)
    lost = np.where(by_code, total, np.where(cells.retry_pass, failed, 0.0)) / 1000.0
    return [float(v) for v in lost.sum(axis=0)]
