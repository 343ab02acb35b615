"""The joint model: one table of log odds for every scope, window and breadth, from which every hypothesis is read.

Axes: `s` scopes, `w` windows, `m` test cases, `f` breadths, `p` outage rates. The evidence of the other test cases is a
sum over them that depends on a test case only through its exposure level, so it is a few matrix products and not a loop
over hypotheses. Source: ALGORITHMS.md section 6, items 4 and 5.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis import calibration as weights
from analysis.beta_function import Floats
from analysis.exposure import Scopes
from analysis.likelihood import Observations, Windows, break_odds, drift_odds, null_odds, outage_odds

Ints = npt.NDArray[np.int64]

_UNEXPLAINED = -30.0
"""Log odds of the trigger where a window holds none of its runs: such a change cannot have caused its failure."""
_CEILING = 30.0


@dataclass(frozen=True, slots=True)
class Odds:
    """Log odds of each test case in each window, and which of the windows may be outages."""

    windows: Windows
    place: dict[tuple[int, int], int]
    """Row of the window (begin, stop)."""
    broken: Floats
    """[w, m] of a breakage."""
    outage_rows: Ints
    """[o] windows that may be an outage."""
    outage: Floats
    """[p, o, m]."""
    drift: Floats
    """[m] the null of the other test cases: their own rate or a breakage of their own."""


@dataclass(frozen=True, slots=True)
class Background:
    """An unrelated event that explains other test cases' failures."""

    scope: int
    window: int
    rate: int
    """Index of the outage rate; of a breakage of breadth f, -1 - f."""
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
    """[s, w, f] evidence of the other test cases for a breakage."""
    outage: Floats
    """[s, o, p] the same for an outage."""


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
    return Odds(windows, place, broken, rows, outage, drift_odds(broken[is_open]))


def explain_away(odds: Odds, scopes: Scopes, trigger: int) -> tuple[Stage, ...]:
    """Stages with no, one and more background events, greedily chosen among those that explain other failures best."""
    stage = _stage(odds, scopes, trigger, odds.drift, (), 0.0)
    stages = [stage]
    for _ in range(weights.BACKGROUNDS):
        event = _best_background(stage)
        if event.score <= 0:
            break
        null = stage.null + _gain(odds, scopes, event, stage.null)
        explained = int(np.count_nonzero(null - stage.null > 0.5))
        event = Background(event.scope, event.window, event.rate, event.score, explained)
        stage = _stage(odds, scopes, trigger, null, (*stage.backgrounds, event), stage.cost + event.score)
        stages.append(stage)
    return tuple(stages)


def break_score(stage: Stage, odds: Odds, scopes: Scopes, trigger: int) -> Floats:
    """[s, w] log weight of a breakage of each scope in each window as the cause of the trigger's failure."""
    breadths = weights.BREADTHS
    felt = np.log(weights.EXPOSURES)[scopes.levels[:, trigger]][:, None, None] + np.log(breadths / len(breadths))
    both = felt + weights.BREADTH_TEMPER * stage.breadth
    return np.asarray(_log_sum(both, axis=2) + trigger_odds(odds, trigger)[None, :])


def outage_score(stage: Stage, odds: Odds, scopes: Scopes, trigger: int) -> Floats:
    """[s, o] log weight of an outage of each scope that began with each window."""
    felt = np.log(weights.EXPOSURES)[scopes.levels[:, trigger]][:, None, None] + np.log(weights.OUTAGE_BREADTH)
    own = odds.outage[:, :, trigger].T - np.log(len(weights.OUTAGE_RATES))
    return np.asarray(_log_sum(felt + own[None] + weights.OUTAGE_TEMPER * stage.outage, axis=2))


def trigger_odds(odds: Odds, trigger: int) -> Floats:
    """[w] log odds of the trigger's own results; a window without a run of it explains nothing."""
    empty = odds.windows.begin >= odds.windows.stop
    return np.asarray(np.where(empty, _UNEXPLAINED, odds.broken[:, trigger]))


def gains(odds: Odds, levels: npt.NDArray[np.int8], window: int, breadth: int, null: Floats) -> Floats:
    """[m] evidence of each test case for a breakage of one scope in one window."""
    ratio = np.expm1(np.clip(odds.broken[window] - null, -50, _CEILING))
    return np.asarray(np.log1p(weights.EXPOSURES[levels] * weights.BREADTHS[breadth] * ratio))


def _stage(
    odds: Odds, scopes: Scopes, trigger: int, null: Floats, backgrounds: tuple[Background, ...], cost: float
) -> Stage:
    others = np.ones(len(null))
    others[trigger] = 0.0
    members = [(scopes.levels == level) * others for level in range(len(weights.EXPOSURES))]
    ratio = np.expm1(np.clip(odds.broken - null, -50, _CEILING))
    breadth = np.stack([_evidence(members, ratio, float(share)) for share in weights.BREADTHS], axis=2)
    outage = np.stack([_evidence(members, _ratio(o, null), weights.OUTAGE_BREADTH) for o in odds.outage], axis=2)
    return Stage(null, backgrounds, cost, breadth, outage)


def _ratio(odds: Floats, null: Floats) -> Floats:
    return np.asarray(np.expm1(np.clip(odds - null, -50, _CEILING)))


def _evidence(members: list[Floats], ratio: Floats, share: float) -> Floats:
    """[s, w] sum over test cases of log(1 + exposure x share x ratio)."""
    out = np.zeros((len(members[0]), len(ratio)))
    for level, exposure in enumerate(weights.EXPOSURES):
        if members[level].any():
            out += members[level] @ np.log1p(exposure * share * ratio).T
    return out


def _best_background(stage: Stage) -> Background:
    """The event that explains the other test cases best, at its cost."""
    prior = float(np.log(weights.BACKGROUND_PRIOR))
    best = Background(0, 0, -1, -1.0, 0)
    for table, temper, is_outage in (
        (stage.breadth, weights.BREADTH_TEMPER, False),
        (stage.outage, weights.OUTAGE_TEMPER, True),
    ):
        if table.size == 0:
            continue
        scope, window, third = (int(i) for i in np.unravel_index(int(table.argmax()), table.shape))
        score = prior + temper * float(table[scope, window, third])
        if score > best.score:
            best = Background(scope, window, third if is_outage else -1 - third, score, 0)
    return best


def _gain(odds: Odds, scopes: Scopes, event: Background, null: Floats) -> Floats:
    """[m] how much better each test case is explained with a background event than without."""
    levels = scopes.levels[event.scope]
    if event.rate < 0:
        return gains(odds, levels, event.window, -1 - event.rate, null)
    ratio = _ratio(odds.outage[event.rate, event.window], null)
    return np.asarray(np.log1p(weights.EXPOSURES[levels] * weights.OUTAGE_BREADTH * ratio))


def _log_sum(values: Floats, axis: int) -> Floats:
    """log(sum(exp(values))) along one axis."""
    top = values.max(axis=axis, keepdims=True)
    return np.asarray(np.squeeze(top, axis) + np.log(np.exp(values - top).sum(axis=axis)))
