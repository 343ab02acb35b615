"""Silent loss: test cases that no report calls red because they do not run any more. Pure.

A case of a stream is

- **skipped** when every run that held it since it last ran only skipped it: at least 5 runs, and 7 days;
- **vanished** when it is in no report since: it was in at least 5 runs, and the last is at least a day ago.

Either only where it is no chance. A case that was in k of the n runs of its time is missed by any run with probability
(n - k + 1) / (n + 2); that all of the complete runs since missed it may have a probability of 1/1000 at most. A suite
that runs a choice of its cases each time so takes longer to miss one. Ours; runs that are not complete miss nothing.

Worked example: in 20 of 20 runs, so a run misses it with 1/22; three complete runs without it have a probability of
1/10648, two of 1/484.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]

LEAST_RUNS = 5
CHANCE = 0.001
LONG_MS = 7 * 86_400_000
"""How long a case must have been skipped."""
GONE_MS = 86_400_000
"""How long a case must have been in no report."""
NEVER = -1


class LossKind(StrEnum):
    """How a case is lost."""

    VANISHED = "vanished"
    SKIPPED = "skipped"
    ELSEWHERE = "elsewhere"
    """It runs in other environments of its pipeline, and never ran in this one."""


@dataclass(frozen=True, slots=True)
class Held:
    """A set of cases, and the runs that hold it."""

    keys: Ints
    """`test << 1 | whether it was only skipped`, ascending."""
    runs: Ints
    """Places of the runs, oldest first, ascending."""


@dataclass(frozen=True, slots=True)
class Traces:
    """What is known of every case of a stream, by test, ascending; runs by their places, else `NEVER`."""

    tests: Ints
    first_seen: Ints
    last_seen: Ints
    seen: Ints
    """Runs that hold it."""
    first_executed: Ints
    last_executed: Ints
    executed: Ints
    skipped_since: Ints
    """Runs since it was last executed that only skipped it."""


@dataclass(frozen=True, slots=True)
class Loss:
    """One case of a stream that is lost."""

    test: int
    kind: LossKind
    last_executed: int
    """Place of the run; `NEVER` where it is not known to have run."""
    first_seen: int
    last_seen: int
    missed: int
    """Complete runs since without it, or runs that skipped it."""


def trace_cases(held: Sequence[Held]) -> Traces:
    """First and last runs of every case, from the sets that runs hold."""
    tests = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(one.keys >> 1 for one in held)]))
    size = len(tests)
    never = np.full(size, NEVER, dtype=np.int64)
    far = np.full(size, np.iinfo(np.int64).max, dtype=np.int64)
    first_seen, first_executed = far.copy(), far.copy()
    last_seen, last_executed = never.copy(), never.copy()
    seen, executed, skipped = (np.zeros(size, dtype=np.int64) for _ in range(3))
    for one in held:
        at, ran = np.searchsorted(tests, one.keys >> 1), (one.keys & 1) == 0
        for where, first, last, count in (
            (at, first_seen, last_seen, seen),
            (at[ran], first_executed, last_executed, executed),
        ):
            first[where] = np.minimum(first[where], one.runs[0])
            last[where] = np.maximum(last[where], one.runs[-1])
            count[where] += len(one.runs)
    for one in held:
        at = np.searchsorted(tests, one.keys[(one.keys & 1) == 1] >> 1)
        skipped[at] += len(one.runs) - np.searchsorted(one.runs, last_executed[at], side="right")
    first_executed[last_executed == NEVER] = NEVER
    return Traces(tests, first_seen, last_seen, seen, first_executed, last_executed, executed, skipped)


def find_losses(traces: Traces, starts_ms: Ints, is_complete: Bools, now_ms: int) -> tuple[Loss, ...]:
    """Cases of a stream that are skipped for long, or vanished.

    Args:
        starts_ms, is_complete: of the runs by their places, oldest first.
    """
    if not len(traces.tests):
        return ()
    later = np.append(np.cumsum(is_complete[::-1])[::-1][1:], 0)
    missed = later[traces.last_seen]
    gone = (
        (traces.seen >= LEAST_RUNS)
        & (now_ms - starts_ms[traces.last_seen] >= GONE_MS)
        & (_chance(traces.seen, traces.last_seen - traces.first_seen + 1, missed) <= CHANCE)
    )
    has_run = traces.last_executed != NEVER
    since = np.where(has_run, traces.last_executed, traces.first_seen)
    span = np.where(has_run, traces.last_executed - traces.first_executed + 1, 0)
    skipped = (
        ~gone
        & (traces.skipped_since >= LEAST_RUNS)
        & (now_ms - starts_ms[since] >= LONG_MS)
        & (~has_run | (_chance(traces.executed, span, traces.skipped_since) <= CHANCE))
    )
    return tuple(
        Loss(
            int(traces.tests[n]),
            LossKind.VANISHED if gone[n] else LossKind.SKIPPED,
            int(traces.last_executed[n]),
            int(traces.first_seen[n]),
            int(traces.last_seen[n]),
            int(missed[n] if gone[n] else traces.skipped_since[n]),
        )
        for n in np.flatnonzero(gone | skipped).tolist()
    )


def _chance(k: Ints, n: Ints, missed: Ints) -> Floats:
    """Probability that so many runs in a row miss a case that was in k of n."""
    rate = (np.maximum(n - k, 0) + 1) / (n + 2)
    return np.asarray(rate**missed, dtype=np.float64)
