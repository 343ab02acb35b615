"""The joint model: one table of log odds for every scope, window and breadth, from which every hypothesis is read.

Axes: `s` scopes, `w` windows, `m` test cases, `k` severities and `f` breadths of a breakage, `p` outage rates. The
evidence of the other test cases is a sum over them that depends on a test case only through its exposure level and what
was seen of it, so it is a few matrix products over kinds of test cases (axes `u` and `v`) and not a loop over
hypotheses. Source: docs/how-it-decides.md, Suspects; that a breakage has one severity for all test cases is ours:
it tells an outage, which has one rate, from a breakage that hits some and not others.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from analysis import calibration as weights
from analysis.beta_function import Floats
from analysis.exposure import Levels, Scopes
from analysis.likelihood import (
    Null,
    Observations,
    Windows,
    after_event,
    alike,
    break_odds,
    drift_odds,
    hit_ratio,
    null_odds,
    outage_odds,
    severity_shares,
)

Ints = npt.NDArray[np.int64]

_UNEXPLAINED = -30.0
"""Log odds of the trigger where a window holds none of its runs: such a change cannot have caused its failure."""
_FACTORS = 16
"""So many of `hit_ratio` each are a floating-point number yet."""
_EXPLAINED = 0.5
"""Log odds above which an event is said to explain a test case's failures."""


@dataclass(frozen=True, slots=True)
class Odds:
    """Log odds of test cases in each window, and which of the windows may be outages."""

    windows: Windows
    place: dict[tuple[int, int], int]
    """Row of the window (begin, stop)."""
    kind: Ints
    """[m] place on axis `u`: test cases of which the same was seen share one; nearly all of them only ever passed."""
    broken: Floats
    """[k, w, u] of a breakage."""
    outage_rows: Ints
    """[o] windows that may be an outage."""
    outage: Floats
    """[p, o, u]."""
    drift: Null
    """[u] of the other test cases: their own rate or a breakage of their own."""


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

    null: Null
    """[m]."""
    backgrounds: tuple[Background, ...]
    cost: float
    """Log weight of the background events together, their own evidence included."""
    breadth: Floats
    """[k, s, w, f] evidence of the other test cases for a breakage."""
    outage: Floats
    """[s, o, p] the same for an outage."""


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What all test cases say, the trigger among them, once some background events are explained away."""

    kind: Ints
    """[m] place on axis `v`: test cases of one place weigh the same; an event parts those that it hits otherwise."""
    seen: Ints
    """[v] place on axis `u`."""
    null: Null
    """[v]."""
    breadth: Floats
    """[k, s + 1, w, f] for breakages; the last scope is one that nobody is known to feel."""
    outage: Floats
    """[s + 1, o, p] for outages."""


@dataclass(frozen=True, slots=True)
class _Pack:
    """Kinds of test cases that feel some scope with one exposure."""

    exposure: float
    kinds: Ints
    """Places on axis `v`."""
    starts: Ints
    """[d] where factors of one logarithm begin among them."""
    counts: Floats
    """[s, d] how many test cases of each of those kinds feel each scope so."""


@dataclass(frozen=True, slots=True)
class Shared:
    """What all triggers share that are weighed with the same odds and scopes."""

    odds: Odds
    scopes: Scopes
    pattern: Ints
    """[m] column of `levels`."""
    levels: Levels
    """[s + 1, j] how test cases stand to the scopes, each way once, and to one that nobody is known to feel."""
    known: dict[tuple[object, ...], _Evidence] = field(default_factory=dict)
    """By the background events."""


def weigh(seen: Observations, pairs: list[tuple[int, int]], outage_from: int) -> Odds:
    """Log odds of all windows.

    Args:
        pairs: (begin, stop) of the windows, distinct.
        outage_from: open windows from this run on may be outages that go on.
    """
    windows = Windows(np.array([b for b, _ in pairs], dtype=np.int64), np.array([e for _, e in pairs], dtype=np.int64))
    kind, seen = _seen_alike(seen, windows)
    null = null_odds(seen, windows)
    broken = break_odds(seen, windows, null)
    is_open = (windows.stop == seen.total) & (windows.begin < seen.total)
    rows = np.flatnonzero(is_open & (windows.begin >= outage_from))
    some = Windows(windows.begin[rows], windows.stop[rows])
    outage = np.stack([outage_odds(seen, some, float(rate), null[rows]) for rate in weights.OUTAGE_RATES])
    place = {pair: w for w, pair in enumerate(pairs)}
    of_any_severity = np.logaddexp.reduce(broken[:, is_open] + severity_shares()[:, None, None], axis=0)
    return Odds(windows, place, kind, broken, rows, outage, drift_odds(of_any_severity))


def _seen_alike(seen: Observations, windows: Windows) -> tuple[Ints, Observations]:
    """([m] place of each test case among those that some window tells apart, what was seen of one of each)."""
    rows = np.unique([*windows.begin, *windows.stop, seen.total])
    sums = (seen.ran, seen.failed, seen.retried, seen.failed_again)
    kind, first = alike(np.concatenate([some[rows] for some in sums]).astype(np.int32))
    return kind, Observations(*(some[:, first] for some in sums))


def share(odds: Odds, scopes: Scopes) -> Shared:
    """What all triggers share, nothing of it worked out yet."""
    pattern, first = alike(scopes.levels)
    nobody = np.full((1, len(first)), weights.UNRELATED, dtype=np.int8)
    return Shared(odds, scopes, pattern, np.concatenate([scopes.levels[:, first], nobody]))


def explain_away(shared: Shared, trigger: int, own: Levels | None = None) -> tuple[Stage, ...]:
    """Stages with no, one and more background events, greedily chosen among those that explain other failures best.

    Args:
        own: [m] how test cases stand to one more scope, the last, which is weighed for this trigger only.
    """
    stages: list[Stage] = []
    events: tuple[Background, ...] = ()
    while True:
        every = _evidence(shared, events, own)
        null, cost = every.null.at(every.kind), sum(event.score for event in events)
        stages.append(Stage(null, events, cost, *_of_others(shared, every, trigger, own)))
        event = _best_background(stages[-1])
        if len(events) == weights.BACKGROUNDS or event.score <= 0:
            return tuple(stages)
        felt = shared.scopes.exposures[_stand(shared, event, own)]
        gain = _gain(shared.odds, felt, event, null)
        events = (*events, replace(event, failing=int(np.count_nonzero(gain > _EXPLAINED))))


def _stand(shared: Shared, event: Background, own: Levels | None) -> Levels:
    """[m] how test cases stand to the scope of an event."""
    is_own = own is not None and event.scope == len(shared.scopes.names)
    return own if own is not None and is_own else shared.scopes.levels[event.scope]


def _evidence(shared: Shared, events: tuple[Background, ...], own: Levels | None) -> _Evidence:
    """What all test cases say after some events; for all triggers alike, unless one of them is of its own scope."""
    is_own = any(event.scope == len(shared.scopes.names) for event in events)
    named = own.tobytes() if own is not None and is_own else b""
    key = (named, *((event.scope, event.window, event.breadth, event.rate) for event in events))
    found = shared.known.get(key)
    if found is None:
        odds = shared.odds
        kind, seen, null = odds.kind, np.arange(len(odds.drift.odds)), odds.drift
        if events:
            kind, seen, null = _after(shared, _evidence(shared, events[:-1], own), events[-1], own)
        pairs, many = np.unique(kind * shared.levels.shape[1] + shared.pattern, return_counts=True)
        of, pattern = np.divmod(pairs, shared.levels.shape[1])
        counts = _tally(shared.levels[:, pattern], of, many, len(seen))
        found = _Evidence(kind, seen, null, *_summed(shared, seen, null, counts))
        if not named:
            shared.known[key] = found
    return found


def _after(shared: Shared, last: _Evidence, event: Background, own: Levels | None) -> tuple[Ints, Ints, Null]:
    """(kind, seen, null) of test cases with one more event: those that stand otherwise to its scope part."""
    odds, steps = shared.odds, len(shared.scopes.exposures)
    parted, kind = np.unique(last.kind * steps + _stand(shared, event, own), return_inverse=True)
    earlier, level = np.divmod(parted, steps)
    seen, null = last.seen[earlier], last.null.at(earlier)
    log_odds, breadth, window = _of_event(odds, event, seen)
    is_open = odds.windows.stop == odds.windows.stop.max()
    is_first = bool(odds.windows.begin[window] <= odds.windows.begin[is_open].min())
    return kind, seen, after_event(log_odds, null, shared.scopes.exposures[level] * breadth, is_first=is_first)


def _of_others(shared: Shared, every: _Evidence, trigger: int, own: Levels | None) -> tuple[Floats, Floats]:
    """([k, s, w, f], [s, o, p]) what all test cases but the trigger say; its own scope, if it has one, comes last."""
    at, one = every.kind[[trigger]], np.ones(1, dtype=np.int64)
    itself = _tally(shared.levels[:, shared.pattern[[trigger]]], one * 0, one, 1)
    broken, outage = (
        whole - less
        for whole, less in zip(
            (every.breadth, every.outage),
            _summed(shared, every.seen[at], every.null.at(at), itself),
            strict=True,
        )
    )
    if own is None:
        return broken[:, :-1], outage[:-1]
    felt = np.flatnonzero(own != weights.UNRELATED)
    felt = felt[felt != trigger]
    at, place = np.unique(every.kind[felt], return_inverse=True)
    ones, stand = np.ones(len(felt), dtype=np.int64), own[None, felt]
    more = _tally(stand, place, ones, len(at)) - _tally(stand * 0 + weights.UNRELATED, place, ones, len(at))
    some = _summed(shared, every.seen[at], every.null.at(at), more)
    broken[:, -1:] += some[0]
    outage[-1:] += some[1]
    return broken, outage


def _tally(levels: Levels, kind: Ints, many: Ints, kinds: int) -> Floats:
    """[l, s, v] test cases of each kind that stand to each scope in each way.

    Args:
        levels: [s, c] of some test cases, each of which stands for `many` of a `kind`.
    """
    steps, scopes = len(weights.EXPOSURES), len(levels)
    place = (levels.astype(np.int64) * scopes + np.arange(scopes)[:, None]) * kinds + kind
    counts = np.bincount(place.ravel(), np.broadcast_to(many, place.shape).ravel(), steps * scopes * kinds)
    return np.asarray(counts.reshape(steps, scopes, kinds), dtype=np.float64)


def _summed(shared: Shared, seen: Ints, null: Null, counts: Floats) -> tuple[Floats, Floats]:
    """([k, s, w, f] for breakages, [s, o, p] for outages) sums over test cases.

    Args:
        counts: [l, s, v] how many test cases of each kind stand to each scope in each way.
    """
    odds, whole = shared.odds, np.array([weights.OUTAGE_BREADTH])
    packs = [_pack(exposure, some) for exposure, some in zip(shared.scopes.exposures, counts, strict=True)]
    null = null.at(np.s_[:, None])
    broken = [_sum(hit_ratio(some.T[seen], null), packs, weights.BREADTHS) for some in odds.broken]
    outage = [_sum(hit_ratio(some.T[seen], null), packs, whole) for some in odds.outage]
    return np.stack(broken), np.concatenate(outage, axis=2)


def _pack(exposure: float, counts: Floats) -> _Pack:
    """Kinds that some scope holds, those that all scopes hold equally often side by side.

    Args:
        counts: [s, v].
    """
    held = np.flatnonzero(counts.any(axis=0))
    group = alike(counts[:, held])[0]
    order = np.argsort(group, kind="stable")
    place = np.arange(len(held)) - np.searchsorted(group[order], group[order])
    starts = np.flatnonzero(place % _FACTORS == 0)
    if 2 * len(starts) > len(held):  # hardly any stand side by side: to multiply them takes longer than it saves
        starts = np.arange(len(held))
    return _Pack(float(exposure), held[order], starts, counts[:, held[order[starts]]])


def _sum(ratio: Floats, packs: list[_Pack], breadths: Floats) -> Floats:
    """[s, w, f] sum over test cases of log(1 + exposure x breadth x ratio); one logarithm of several factors.

    Args:
        ratio: [v, w].
    """
    out = np.zeros((len(packs[0].counts), ratio.shape[1], len(breadths)))
    for pack in packs:
        some = ratio[pack.kinds]
        for f, breadth in enumerate(breadths.tolist() if len(some) else ()):
            factors = pack.exposure * breadth * some
            factors += 1.0
            if len(pack.starts) < len(factors):
                factors = np.multiply.reduceat(factors, pack.starts, axis=0)
            out[:, :, f] += pack.counts @ np.log(factors, out=factors)
    return out


def break_score(stage: Stage, odds: Odds, scopes: Scopes, trigger: int) -> Floats:
    """[s, w] log weight of a breakage of each scope in each window as the cause of the trigger's failure."""
    breadths = weights.BREADTHS
    felt = np.log(scopes.exposures)[scopes.levels[:, trigger]][:, None, None] + np.log(breadths / len(breadths))
    own = trigger_odds(odds, trigger) + severity_shares()[:, None]
    each = [_log_sum(felt + weights.BREADTH_TEMPER * some, axis=2) for some in stage.breadth]
    return np.asarray(np.logaddexp.reduce(np.stack(each) + own[:, None, :], axis=0))


def outage_score(stage: Stage, odds: Odds, scopes: Scopes, trigger: int) -> Floats:
    """[s, o] log weight of an outage of each scope that began with each window.

    It is one that adds to the background events, or, beside others, one of them: what fails with the trigger need not
    fail for another reason. With a single event that is what the stage without it says.
    """
    felt = np.log(scopes.exposures)[scopes.levels[:, trigger]] + np.log(weights.OUTAGE_BREADTH)
    own = odds.outage[:, :, odds.kind[trigger]].T - np.log(len(weights.OUTAGE_RATES))
    out = _log_sum(felt[:, None, None] + own[None] + weights.OUTAGE_TEMPER * stage.outage, axis=2)
    for event in stage.backgrounds if len(stage.backgrounds) > 1 else ():
        if event.breadth < 0 and event.scope < len(out):
            is_it = felt[event.scope] + own[event.window, event.rate] - np.log(weights.BACKGROUND_PRIOR)
            out[event.scope, event.window] = np.logaddexp(out[event.scope, event.window], is_it)
    return np.asarray(out)


def trigger_odds(odds: Odds, trigger: int) -> Floats:
    """[k, w] log odds of the trigger's own results; a window without a run of it explains nothing."""
    empty = odds.windows.begin >= odds.windows.stop
    return np.asarray(np.where(empty, _UNEXPLAINED, odds.broken[:, :, odds.kind[trigger]]))


def gains(odds: Odds, felt: Floats, window: int, severity: int, breadth: int, null: Null) -> Floats:
    """[m] evidence of each test case for a breakage of one scope in one window.

    Args:
        felt: [m] chance of each test case to feel the scope.
    """
    return _gain(odds, felt, Background(0, window, breadth, severity, 0.0, 0), null)


def _gain(odds: Odds, felt: Floats, event: Background, null: Null) -> Floats:
    """[m] how much better each test case is explained with an event than without."""
    log_odds, breadth, _ = _of_event(odds, event, odds.kind)
    return np.asarray(np.log1p(felt * breadth * hit_ratio(log_odds, null)))


def _of_event(odds: Odds, event: Background, seen: Ints) -> tuple[Floats, float, int]:
    """(log odds of an event of some test cases, its breadth, its window)."""
    if event.breadth >= 0:
        return odds.broken[event.rate, event.window, seen], float(weights.BREADTHS[event.breadth]), event.window
    window = int(odds.outage_rows[event.window])
    return odds.outage[event.rate, event.window, seen], weights.OUTAGE_BREADTH, window


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


def _log_sum(values: Floats, axis: int) -> Floats:
    """log(sum(exp(values))) along one axis."""
    top = values.max(axis=axis, keepdims=True)
    return np.asarray(np.squeeze(top, axis) + np.log(np.exp(values - top).sum(axis=axis)))
