"""The joint model: one table of log odds for every scope, window and breadth, from which every hypothesis is read.

Axes: `s` scopes, `w` windows, `m` test cases, `k` severities and `f` breadths of a breakage, `p` outage rates. The
evidence of the other test cases is a sum over them that depends on a test case only through its exposure level, so it
is a few matrix products and not a loop over hypotheses. Source: ALGORITHMS.md section 6, items 4 and 5; that a breakage
has one severity for all test cases is ours: it tells an outage, which has one rate, from a breakage that hits some and
not others.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from analysis import calibration as weights
from analysis.beta_function import Floats
from analysis.exposure import Scopes
from analysis.likelihood import Observations, Windows, break_odds, drift_odds, null_odds, outage_odds

Ints = npt.NDArray[np.int64]
Narrow = npt.NDArray[np.float32]

_UNEXPLAINED = -30.0
"""Log odds of the trigger where a window holds none of its runs: such a change cannot have caused its failure."""
_CEILING = 30.0
_UNCHANGED = 1e-9
_MANY = 2000
"""From so many test cases on, those that weigh the same are weighed once: nearly all of them only ever passed."""
_EXPLAINED = 0.5
"""Log odds above which an event is said to explain a test case's failures."""


@dataclass(frozen=True, slots=True)
class Odds:
    """Log odds of each test case in each window, and which of the windows may be outages."""

    windows: Windows
    place: dict[tuple[int, int], int]
    """Row of the window (begin, stop)."""
    broken: Floats
    """[k, w, m] of a breakage."""
    outage_rows: Ints
    """[o] windows that may be an outage."""
    outage: Floats
    """[p, o, m]."""
    drift: Floats
    """[m] the null of the other test cases: their own rate or a breakage of their own."""
    seen: Ints | None
    """[m] equal for test cases of which the same was seen, so with the same odds; None where they are too few."""


@dataclass(frozen=True, slots=True)
class Background:
    """An unrelated event that explains other test cases' failures."""

    scope: int
    window: int
    breadth: int
    """Index of a breakage's breadth; -1: an outage."""
    rate: int
    """Index of the breakage's severity or of the outage's rate."""
    score: float
    failing: int
    """Test cases that it explains."""


@dataclass(frozen=True, slots=True)
class Stage:
    """All evidence once the background events found so far are explained away."""

    null: Floats
    """[m]."""
    backgrounds: tuple[Background, ...]
    cost: float
    """Log weight of the background events together, their own evidence included."""
    breadth: Floats
    """[k, s, w, f] evidence of the other test cases for a breakage."""
    outage: Floats
    """[s, o, p] the same for an outage."""


def severity_shares() -> Floats:
    """[k] log share of breakages of each severity."""
    return np.asarray(np.log([share for share, _, _ in weights.BREAKS]))


def weigh(seen: Observations, pairs: list[tuple[int, int]], outage_from: int) -> Odds:
    """Log odds of all windows.

    Args:
        pairs: (begin, stop) of the windows, distinct.
        outage_from: open windows from this run on may be outages that go on.
    """
    windows = Windows(np.array([b for b, _ in pairs], dtype=np.int64), np.array([e for _, e in pairs], dtype=np.int64))
    null = null_odds(seen, windows)
    broken = break_odds(seen, windows, null)
    is_open = (windows.stop == seen.total) & (windows.begin < seen.total)
    rows = np.flatnonzero(is_open & (windows.begin >= outage_from))
    some = Windows(windows.begin[rows], windows.stop[rows])
    outage = np.stack([outage_odds(seen, some, float(rate), null[rows]) for rate in weights.OUTAGE_RATES])
    place = {pair: w for w, pair in enumerate(pairs)}
    of_any_severity = np.logaddexp.reduce(broken[:, is_open] + severity_shares()[:, None, None], axis=0)
    return Odds(windows, place, broken, rows, outage, drift_odds(of_any_severity), _seen_alike(seen))


def _seen_alike(seen: Observations) -> Ints | None:
    """[m] a number for each test case, the same for those of which the same was seen."""
    if seen.ran.shape[1] < _MANY:
        return None
    sums = (seen.ran, seen.failed, seen.retried, seen.failed_again)
    cells = np.ascontiguousarray(np.concatenate([np.diff(some, axis=0).astype(np.uint16) for some in sums]).T)
    known: dict[bytes, int] = {}
    return np.array([known.setdefault(row.tobytes(), len(known)) for row in cells], dtype=np.int64)


def _alike(odds: Odds, scopes: Scopes) -> Ints | None:
    """[m] the same for test cases that stand to all scopes alike as well: they weigh the same in every sum."""
    if odds.seen is None:
        return None
    keys = np.concatenate([scopes.levels.T.view(np.uint8), odds.seen[:, None].view(np.uint8)], axis=1)
    rows = np.ascontiguousarray(keys).view(f"V{keys.shape[1]}")[:, 0]
    return np.asarray(np.unique(rows, return_inverse=True)[1])


def explain_away(odds: Odds, scopes: Scopes, trigger: int) -> tuple[Stage, ...]:
    """Stages with no, one and more background events, greedily chosen among those that explain other failures best."""
    others = np.delete(np.arange(len(odds.drift)), trigger)
    alike = _alike(odds, scopes)
    stage = Stage(odds.drift, (), 0.0, *_evidence(odds, scopes, odds.drift, others, alike))
    stages = [stage]
    for _ in range(weights.BACKGROUNDS):
        event = _best_background(stage)
        if event.score <= 0:
            break
        stage = _after(stage, event, odds, scopes, others, alike)
        stages.append(stage)
    return tuple(stages)


def _after(stage: Stage, event: Background, odds: Odds, scopes: Scopes, others: Ints, alike: Ints | None) -> Stage:
    """The stage with one more event: only test cases that it explains weigh otherwise than before."""
    gain = _gain(odds, scopes, event, stage.null)
    null = stage.null + gain
    event = replace(event, failing=int(np.count_nonzero(gain > _EXPLAINED)))
    moved = others[np.abs(gain[others]) > _UNCHANGED]
    was, now = (_evidence(odds, scopes, some, moved, alike) for some in (stage.null, null))
    breadth, outage = (
        old - before + after for old, before, after in zip((stage.breadth, stage.outage), was, now, strict=True)
    )
    return Stage(null, (*stage.backgrounds, event), stage.cost + event.score, breadth, outage)


def break_score(stage: Stage, odds: Odds, scopes: Scopes, trigger: int) -> Floats:
    """[s, w] log weight of a breakage of each scope in each window as the cause of the trigger's failure."""
    breadths = weights.BREADTHS
    felt = np.log(scopes.exposures)[scopes.levels[:, trigger]][:, None, None] + np.log(breadths / len(breadths))
    own = trigger_odds(odds, trigger) + severity_shares()[:, None]
    each = [_log_sum(felt + weights.BREADTH_TEMPER * some, axis=2) for some in stage.breadth]
    return np.asarray(np.logaddexp.reduce(np.stack(each) + own[:, None, :], axis=0))


def outage_score(stage: Stage, odds: Odds, scopes: Scopes, trigger: int) -> Floats:
    """[s, o] log weight of an outage of each scope that began with each window."""
    felt = np.log(scopes.exposures)[scopes.levels[:, trigger]][:, None, None] + np.log(weights.OUTAGE_BREADTH)
    own = odds.outage[:, :, trigger].T - np.log(len(weights.OUTAGE_RATES))
    return np.asarray(_log_sum(felt + own[None] + weights.OUTAGE_TEMPER * stage.outage, axis=2))


def trigger_odds(odds: Odds, trigger: int) -> Floats:
    """[k, w] log odds of the trigger's own results; a window without a run of it explains nothing."""
    empty = odds.windows.begin >= odds.windows.stop
    return np.asarray(np.where(empty, _UNEXPLAINED, odds.broken[:, :, trigger]))


def gains(odds: Odds, felt: Floats, window: int, severity: int, breadth: int, null: Floats) -> Floats:
    """[m] evidence of each test case for a breakage of one scope in one window.

    Args:
        felt: [m] chance of each test case to feel the scope.
    """
    return np.asarray(np.log1p(felt * weights.BREADTHS[breadth] * _ratio(odds.broken[severity, window] - null)))


def _evidence(odds: Odds, scopes: Scopes, null: Floats, columns: Ints, alike: Ints | None) -> tuple[Floats, Floats]:
    """([k, s, w, f] for breakages, [s, o, p] for outages) sums over some test cases."""
    counts = np.ones(len(columns), dtype=np.float32)
    if alike is not None:
        _, first, many = np.unique(alike[columns], return_index=True, return_counts=True)
        columns, counts = columns[first], many.astype(np.float32)
    levels = scopes.levels[:, columns]
    members = [(level, (levels == level) * counts) for level in np.unique(levels)]
    felt = [(float(scopes.exposures[level]), some) for level, some in members]
    breadths, whole = [float(share) for share in weights.BREADTHS], [weights.OUTAGE_BREADTH]
    add = partial(_summed, len(levels), felt)
    broken = [add(_ratio(some[:, columns] - null[columns]), breadths) for some in odds.broken]
    outage = [add(_ratio(some[:, columns] - null[columns]), whole) for some in odds.outage]
    return np.stack(broken), np.concatenate(outage, axis=2)


def _summed(scopes: int, felt: list[tuple[float, Narrow]], ratio: Floats, shares: list[float]) -> Floats:
    """[s, w, f] sum over test cases of log(1 + exposure x share x ratio); single precision is plenty, and fast."""
    narrow = ratio.astype(np.float32)
    out = np.zeros((scopes, len(ratio), len(shares)))
    for exposure, members in felt:
        for f, share in enumerate(shares):
            out[:, :, f] += members @ np.log1p(np.float32(exposure * share) * narrow).T
    return out


def _ratio(odds: Floats) -> Floats:
    """Odds less one, of log odds."""
    return np.asarray(np.expm1(np.clip(odds, -50, _CEILING)))


def _best_background(stage: Stage) -> Background:
    """The event that explains the other test cases best, at its cost."""
    prior, shares = float(np.log(weights.BACKGROUND_PRIOR)), severity_shares()
    found = [Background(0, 0, -1, 0, -1.0, 0)]
    for k, table in enumerate(stage.breadth):
        scope, window, breadth, best = _best_of(table)
        score = prior + float(shares[k]) + weights.BREADTH_TEMPER * best
        found.append(Background(scope, window, breadth, k, score, 0))
    if stage.outage.size:
        scope, window, rate, best = _best_of(stage.outage)
        found.append(Background(scope, window, -1, rate, prior + weights.OUTAGE_TEMPER * best, 0))
    return max(found, key=lambda event: event.score)


def _best_of(table: Floats) -> tuple[int, int, int, float]:
    place = np.unravel_index(int(table.argmax()), table.shape)
    return int(place[0]), int(place[1]), int(place[2]), float(table[place])


def _gain(odds: Odds, scopes: Scopes, event: Background, null: Floats) -> Floats:
    """[m] how much better each test case is explained with a background event than without."""
    felt = scopes.felt(event.scope)
    if event.breadth >= 0:
        return gains(odds, felt, event.window, event.rate, event.breadth, null)
    ratio = _ratio(odds.outage[event.rate, event.window] - null)
    return np.asarray(np.log1p(felt * weights.OUTAGE_BREADTH * ratio))


def _log_sum(values: Floats, axis: int) -> Floats:
    """log(sum(exp(values))) along one axis."""
    top = values.max(axis=axis, keepdims=True)
    return np.asarray(np.squeeze(top, axis) + np.log(np.exp(values - top).sum(axis=axis)))
