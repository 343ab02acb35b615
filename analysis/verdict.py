"""Why a test case is red in a stream, and since when.

The verdict is the kind of cause with the most probability over all hypotheses; the age is a fact of the history and
does not depend on it. A flaky result is not red. Results in masked outages are neither good nor bad.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from analysis.records import BoolMatrix, Hypothesis, Judgement, Onset, StreamHistory
from ingest.model import ChangeTarget, Result, RunState, Verdict

LEAST_RUNS = 5
"""With fewer executed runs of a test case in a stream the verdict is `undecided`: not enough data."""
LEAST_PROBABILITY = 0.4
"""With less for every kind of cause, too."""
LONG_STANDING_DAYS = 14

_DAY_MS = 86_400_000
_COMPLETE = "complete"
"""Name of what is worked out once a history."""
_FAILED, _ERRORED, _SKIPPED, _FLAKY = (
    int(one) for one in (Result.FAILED, Result.ERRORED, Result.SKIPPED, Result.FLAKY)
)
"""Members of an enumeration are looked up ten times as slowly, and this is asked of every red test case."""
Ints = npt.NDArray[np.int64]


def judge(
    history: StreamHistory,
    test: int,
    hypotheses: Sequence[Hypothesis] = (),
    *,
    masked: BoolMatrix | None = None,
    was_red_before: bool | None = None,
    counts_flaky: bool = False,
) -> Judgement:
    """Verdict, probability, age and onset of one test case in one stream.

    Args:
        history: all that is known of the stream, or at least back to the last good run before the current red streak.
        test: column of the test case.
        hypotheses: from `rank_suspects`.
        masked: [n] or [n, m] results that a closed outage explains.
        was_red_before: whether it was ever red before this history; None: this history is all there is.
        counts_flaky: judge a last result that passed on a retry as if it were red, for whoever asks about that failure;
            by the definition such a test case passes.
    """
    rows, bad = _judged(history, test, masked, counts_flaky)
    where = onset(history, test, masked=masked, counts_flaky=counts_flaky)
    if not is_red_now(history, test, masked=masked, counts_flaky=counts_flaky):
        return Judgement(Verdict.PASSING, 1.0, "", where, tuple(hypotheses))
    age = _age(history, rows, bad, was_red_before)
    verdict, probability = weigh_kinds(hypotheses)
    reason = ""
    if len(rows) < LEAST_RUNS:
        reason = f"not enough data ({len(rows)} {'run' if len(rows) == 1 else 'runs'})"
    elif where.last_good is None:
        reason = "no passing run is known"
    elif not hypotheses:
        reason = "no cause was looked for"
    elif probability < LEAST_PROBABILITY:
        reason = "no cause stands out"
    if reason:
        verdict = Verdict.UNDECIDED
    return Judgement(verdict, probability, age, where, tuple(hypotheses), reason)


def weigh_kinds(hypotheses: Sequence[Hypothesis]) -> tuple[Verdict, float]:
    """The verdict that most probability speaks for, and how much; undecided and 0 without hypotheses."""
    mass: dict[Verdict, float] = {}
    for hypothesis in hypotheses:
        verdict = verdict_of(hypothesis)
        mass[verdict] = mass.get(verdict, 0.0) + hypothesis.probability
    if not mass:
        return Verdict.UNDECIDED, 0.0
    best = max(mass, key=lambda v: (mass[v], v.value))
    return best, min(mass[best], 1.0)


def verdict_of(hypothesis: Hypothesis) -> Verdict:
    """What a test case's failure is if a hypothesis is true."""
    if hypothesis.kind in ("change", "unrecorded") and hypothesis.target == ChangeTarget.TEST.value:
        return Verdict.TEST
    if hypothesis.kind == "change":
        return Verdict.REGRESSION
    return {"flake": Verdict.FLAKY, "environment": Verdict.ENVIRONMENT}.get(hypothesis.kind, Verdict.UNRECORDED)


def onset(history: StreamHistory, test: int, *, masked: BoolMatrix | None = None, counts_flaky: bool = False) -> Onset:
    """Last good and first bad run of the current red streak.

    When the test case is not red now, the last good run is the last that passed and there is no first bad one.
    """
    rows, bad = _judged(history, test, masked, counts_flaky)
    if len(rows) == 0:
        return Onset(None, None)
    if not is_red_now(history, test, masked=masked, counts_flaky=counts_flaky):
        good = np.flatnonzero(~bad)
        return Onset(history.runs[rows[good[-1]]] if len(good) else None, None)
    first = _streak_start(rows, bad, _last_complete(history, rows))
    return Onset(history.runs[rows[first - 1]] if first else None, history.runs[rows[first]])


def is_red_now(
    history: StreamHistory, test: int, *, masked: BoolMatrix | None = None, counts_flaky: bool = False
) -> bool:
    """Whether the last complete run that executed the test case, outside masked outages, ended red."""
    rows, bad = _judged(history, test, masked, counts_flaky)
    last = _last_complete(history, rows)
    return last >= 0 and bool(bad[last])


def red_now(history: StreamHistory, *, masked: BoolMatrix | None = None) -> Ints:
    """Columns of all test cases that are red now, ascending; `is_red_now` of a whole stream at once."""
    results = history.results
    ran = (results >= 0) & (results != _SKIPPED)
    if masked is not None:
        ran &= ~(masked if masked.ndim == 2 else masked[:, None])
    ran &= _complete(history)[:, None]
    n, m = results.shape
    if n == 0 or m == 0:
        return np.zeros(0, dtype=np.int64)
    last = n - 1 - np.argmax(ran[::-1], axis=0)
    final = results[last, np.arange(m)]
    is_red = ((final == _FAILED) | (final == _ERRORED)) & ran.any(axis=0)
    return np.flatnonzero(is_red)


def _judged(
    history: StreamHistory, test: int, masked: BoolMatrix | None, counts_flaky: bool
) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """(rows that executed the test case outside masked outages, whether each was bad)."""
    column = history.results[:, test]
    ran = (column >= 0) & (column != _SKIPPED)
    if masked is not None:
        ran &= ~(masked[:, test] if masked.ndim == 2 else masked)
    rows = np.flatnonzero(ran)
    bad = (column[rows] == _FAILED) | (column[rows] == _ERRORED)
    if counts_flaky:
        bad |= column[rows] == _FLAKY
    return rows, bad


def _complete(history: StreamHistory) -> npt.NDArray[np.bool_]:
    """[n] whether each run is; worked out once a history, not to be written to."""
    found: npt.NDArray[np.bool_] | None = history.known.get(_COMPLETE)
    if found is None:
        found = np.array([run.state is RunState.COMPLETE for run in history.runs], dtype=np.bool_)
        history.known[_COMPLETE] = found
    return found


def _last_complete(history: StreamHistory, rows: Ints) -> int:
    """Place among `rows` of the last complete run; -1 when there is none."""
    places = np.flatnonzero(_complete(history)[rows])
    return int(places[-1]) if len(places) else -1


def _streak_start(rows: Ints, bad: npt.NDArray[np.bool_], last: int) -> int:
    """Place among `rows` where the unbroken red stretch that holds `last` begins."""
    good = np.flatnonzero(~bad[: last + 1])
    return int(good[-1]) + 1 if len(good) else 0


def _age(history: StreamHistory, rows: Ints, bad: npt.NDArray[np.bool_], was_red_before: bool | None) -> str:
    """Age of a red streak; the moment it is told at is the start of the history's last run."""
    first = _streak_start(rows, bad, _last_complete(history, rows))
    start = history.runs[rows[first]].started_ms
    lasted = history.runs[-1].started_ms - start
    in_all = first == 0 and len(rows) >= LEAST_RUNS and not was_red_before
    if lasted > LONG_STANDING_DAYS * _DAY_MS or in_all:
        return "long-standing"
    if int(np.count_nonzero(bad)) == 1 and not was_red_before:
        return "first time"
    return f"since {iso_time(start)}"


def iso_time(at_ms: int) -> str:
    """Epoch milliseconds as ISO-8601 in UTC, to the second.

    >>> iso_time(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
