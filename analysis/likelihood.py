"""How likely each test case's results are if it broke at a given run, against its own failure rate.

Axes: `n` runs, `m` test cases, `w` windows, `k` severities of a breakage. A window [begin, stop) of runs is a time in
which a breakage may have been in effect; everything outside it follows the test case's own rate. All values are natural
logarithms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from analysis import calibration as weights
from analysis.beta_function import Floats, log_beta, sequence_odds
from analysis.records import ABSENT, BoolMatrix, StreamHistory
from ingest.model import Result

Ints = npt.NDArray[np.int64]
_CEILING = 30.0


@dataclass(frozen=True, slots=True)
class Observations:
    """Prefix sums over runs, [n + 1, m] each: row i counts the runs before run i. Masked results are left out."""

    ran: Ints
    failed: Ints
    """First attempts that failed, whatever a retry said."""
    retried: Ints
    """Of these, those with a retry."""
    failed_again: Ints
    """Of these, those whose retries failed too."""

    @property
    def total(self) -> int:
        """n."""
        return len(self.ran) - 1


@dataclass(frozen=True, slots=True)
class Windows:
    """Windows of runs, [w] each; a window that begins at n holds no run."""

    begin: Ints
    stop: Ints


@dataclass(frozen=True, slots=True)
class Null:
    """How likely the results of test cases are without an event, in log odds against their own rates."""

    odds: Floats
    standing: Floats
    """The part of it where something broke them before the first window: they are red then, whatever hits them later,
    so that they say nothing of it."""
    spared: Floats
    """Log probability that what began with the first window did not hit them."""

    def at(self, places: Any) -> Null:
        """Of some of them, or with another axis."""
        return Null(self.odds[places], self.standing[places], self.spared[places])


def observe(history: StreamHistory, masked: BoolMatrix | None) -> Observations:
    """Prefix sums of a stream's first attempts and retries.

    Args:
        masked: [n, m] or [n], True where a closed outage explains the result.
    """
    results = history.results
    ran = (results != ABSENT) & (results != Result.SKIPPED)
    if masked is not None:
        ran &= ~(masked if masked.ndim == 2 else masked[:, None])
    red = ((results == Result.FAILED) | (results == Result.ERRORED)) & ran
    failed = red | ((results == Result.FLAKY) & ran)
    retried = failed & (history.attempts > 1)
    return Observations(_prefix(ran), _prefix(failed), _prefix(retried), _prefix(red & retried))


def _prefix(cells: npt.NDArray[np.bool_]) -> Ints:
    out = np.zeros((cells.shape[0] + 1, cells.shape[1]), dtype=np.int64)
    np.cumsum(cells, axis=0, out=out[1:])
    return out


def alike(cells: npt.NDArray[np.generic]) -> tuple[Ints, Ints]:
    """([m] place of each column among the distinct ones, a column of each)."""
    known: dict[bytes, int] = {}
    rows = np.ascontiguousarray(cells.T)
    kind = np.array([known.setdefault(row.tobytes(), len(known)) for row in rows], dtype=np.int64)
    return kind, np.asarray(np.unique(kind, return_index=True)[1])


def severity_shares() -> Floats:
    """[k] log share of breakages of each severity, of those that are set now: `bench` sets others."""
    return _logs(tuple(share for share, _, _ in weights.BREAKS))


@lru_cache(maxsize=1)
def _logs(shares: tuple[float, ...]) -> Floats:
    return np.asarray(np.log(shares))


def break_odds(seen: Observations, windows: Windows, null: Floats) -> Floats:
    """[k, w, m] log odds of a breakage of each severity in each window against the test case's own rate.

    The severity is a property of the breakage, the same for all test cases that it hits: some that fail always beside
    some that fail now and then are no single breakage.

    Args:
        null: [w, m] from `null_odds`.

    Source: docs/how-it-decides.md, Suspects: two levels, first attempts and retries, each beta-binomial.
    """
    ran, failed, retried, again = (
        _within(x, windows) for x in (seen.ran, seen.failed, seen.retried, seen.failed_again)
    )
    return np.stack(
        [
            sequence_odds(failed, ran, *first) + sequence_odds(again, retried, *retry) - null
            for _, first, retry in weights.BREAKS
        ]
    )


def outage_odds(seen: Observations, windows: Windows, rate: float, null: Floats) -> Floats:
    """[w, m] log odds of every attempt in the window failing with `rate`, against `null_odds`."""
    ran, failed, retried, again = (
        _within(x, windows) for x in (seen.ran, seen.failed, seen.retried, seen.failed_again)
    )
    hits, misses = failed + again, (ran - failed) + (retried - again)
    return np.asarray(hits * np.log(rate) + misses * np.log1p(-rate) - null)


def null_odds(seen: Observations, windows: Windows) -> Floats:
    """[w, m] log likelihood of what is in each window under the test case's own rate.

    The own rate is known from the runs before the window; runs after a closed window are predicted with and without it.
    """
    before_ran, before_failed = seen.ran[windows.begin], seen.failed[windows.begin]
    share = np.minimum(1.0, weights.HISTORY_CAP / np.maximum(before_ran, 1))
    a = np.asarray(weights.BASE_PRIOR[0] + share * before_failed, dtype=np.float64)
    b = np.asarray(weights.BASE_PRIOR[1] + share * (before_ran - before_failed), dtype=np.float64)
    open_end = Windows(windows.begin, np.full_like(windows.stop, seen.total))
    ran, failed = _within(seen.ran, open_end), _within(seen.failed, open_end)
    out = _predictive(failed, ran, a, b)
    closed = windows.stop < seen.total
    if closed.any():
        after = Windows(windows.stop[closed], open_end.stop[closed])
        late_ran, late_failed = _within(seen.ran, after), _within(seen.failed, after)
        out[closed] -= _predictive(late_failed, late_ran, a[closed], b[closed])
    retried, again = _within(seen.retried, windows), _within(seen.failed_again, windows)
    return np.asarray(out + sequence_odds(again, retried, *weights.RETRY_OF_FLAKE))


def drift_odds(odds: Floats) -> Null:
    """[m] of test cases any of which may have broken by itself at an unknown time.

    Args:
        odds: [w, m] of open windows, one a run, oldest first.

    Source: docs/how-it-decides.md, Suspects; that what is red from the first window on says nothing is ours.
    """
    nothing = np.zeros(odds.shape[1])
    if len(odds) == 0:
        return Null(nothing, np.full(odds.shape[1], -np.inf), nothing)
    top = odds.max(axis=0)
    mean = top + np.log(np.mean(np.exp(odds - top), axis=0))
    share = np.log(weights.DRIFT_SHARE)
    either = np.asarray(np.logaddexp(np.log1p(-weights.DRIFT_SHARE), share + mean))
    return Null(either, np.asarray(share - np.log(len(odds)) + odds[0]), nothing)


def hit_ratio(odds: Floats, null: Null) -> Floats:
    """How much likelier the results of test cases that an event hits are than those that nothing hits, less one.

    Args:
        odds: log odds of the event's results, of the null's test cases.
    """
    hit, stood = (np.exp(np.clip(some - null.odds, -50, _CEILING)) for some in (odds + null.spared, null.standing))
    return np.asarray(hit + stood - 1.0)


def after_event(odds: Floats, null: Null, hit: Floats, *, is_first: bool) -> Null:
    """The null with one more event.

    Args:
        odds: [m] log odds of the event's results.
        hit: [m] chance that the event hits each test case.
        is_first: it began with the first window, so that what it hit is red, whatever hits it later.
    """
    both = null.odds + np.log1p(hit * hit_ratio(odds, null))
    if not is_first:
        return Null(both, null.standing, null.spared)
    return Null(both, np.logaddexp(null.standing, np.log(hit) + odds + null.spared), null.spared + np.log1p(-hit))


def count_witnesses(seen: Observations, first_bad: int, trigger: int) -> int:
    """Other test cases that ran since an onset."""
    ran = (seen.ran[-1] - seen.ran[first_bad]) > 0
    return int(np.count_nonzero(ran)) - int(ran[trigger])


def few_witnesses(number: int) -> float:
    """What an outage's log weight loses where few other test cases can tell it from a breakage; 0 where many can.

    >>> round(few_witnesses(1), 1), round(few_witnesses(10), 1), few_witnesses(200)
    (-2.9, -0.9, 0.0)
    """
    share, whole = (max(n, 0.5) / (n + weights.OUTAGE_WITNESSES) for n in (number, weights.WITNESSES_OF_THE_FIT))
    return min(0.0, float(np.log(share / whole)))


def _within(sums: Ints, windows: Windows) -> Ints:
    return np.asarray(sums[windows.stop] - sums[windows.begin])


def _predictive(k: Ints, n: Ints, a: Floats, b: Floats) -> Floats:
    """Log likelihood of k failures of n, in their order, under Beta(a, b); little work where none ever failed."""
    out = np.zeros(k.shape)
    spotless = (k == 0) & (a == weights.BASE_PRIOR[0]) & (b == np.floor(b))
    out[spotless] = _spotless(n[spotless], b[spotless])
    some = (n > 0) & ~spotless
    a_, b_, k_, n_ = a[some], b[some], k[some], n[some]
    out[some] = log_beta(a_ + k_, b_ + n_ - k_) - log_beta(a_, b_)
    return out


def _spotless(n: Ints, b: Floats) -> Floats:
    """Log chance of n passes in a row where none ever failed: a table, since b is a whole number there."""
    whole = b.astype(np.int64)
    least = int(weights.BASE_PRIOR[1])
    steps = np.arange(least, int((whole + n).max(initial=least)) + 1)
    # passes in a row: product of (b + i) / (a + b + i), so the difference of two running sums
    sums = np.concatenate([[0.0], np.cumsum(np.log(steps / (weights.BASE_PRIOR[0] + steps)))])
    return np.asarray(sums[whole + n - least] - sums[whole - least])
