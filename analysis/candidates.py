"""What may have broken a test case: changes with the windows in which they were in effect."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import log

import numpy as np
import numpy.typing as npt

from analysis import calibration as weights
from analysis.change_risk import log_habit, log_prior
from analysis.events import group_changes
from analysis.exposure import EVERYTHING
from analysis.records import SuspectQuestion
from analysis.track_record import log_risk
from ingest.model import Change, ChangeKind, ChangeTarget, RunRef

Ints = npt.NDArray[np.int64]

MINUTE_MS = 60_000
HOUR_MS = 3_600_000
CANDIDATE_HOURS = 36
"""Changes recorded this long before the first bad run are candidates."""
LATE_MS = 30 * MINUTE_MS
"""And those recorded this long after a bad run's end: clocks differ and records come late."""
LONGEST_ROLLOUT = 8
"""A rollout may have been felt first in each of so many runs that it overlaps."""
LATER_RUNS = 4
"""Of a red stretch, this many runs after its first may be the true onset; what came before is a flake then."""


@dataclass(frozen=True, slots=True)
class Streak:
    """When the trigger failed: rows of the history."""

    first_bad: int
    """First run of the last unbroken stretch of runs in which its first attempt failed."""
    last_onset: int
    """First run of the last unbroken red stretch."""
    last_bad: int
    last_good: int
    """-1 where the history does not reach back to one."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A change and when its effects may have been felt."""

    change: Change
    scope: str
    """A service, EVERYTHING, or its own `change_id` for a commit to the tests."""
    windows: tuple[tuple[int, int, float], ...]
    """(begin, stop, log weight) in runs of the history."""
    log_prior: float
    rolled_back_at: int | None = None
    """Epoch ms of a rollback that followed."""
    group: tuple[Change, ...] = ()
    """Changes of other services that are one with it, itself among them; empty: it stands alone."""


def find_streak(failed: npt.NDArray[np.bool_], red: npt.NDArray[np.bool_], ran: npt.NDArray[np.bool_]) -> Streak | None:
    """The trigger's last failures; None where it never failed.

    Args:
        failed: [n] its first attempt failed.
        red: [n] it ended red.
        ran: [n] it was executed, outside masked outages.
    """
    bad = np.flatnonzero(failed & ran)
    if len(bad) == 0:
        return None
    rows = np.flatnonzero(ran)
    last = int(bad[-1])
    reds = np.flatnonzero(red & ran)
    first, good = _stretch(rows, failed, last)
    onset = _stretch(rows, red, int(reds[-1]))[0] if len(reds) and int(reds[-1]) >= first else last
    return Streak(min(first, onset), onset, last, good)


def _stretch(rows: Ints, bad: npt.NDArray[np.bool_], last: int) -> tuple[int, int]:
    """(first row of the unbroken stretch that ends in `last`, the good row before it or -1)."""
    place = int(np.searchsorted(rows, last))
    while place > 0 and bad[rows[place - 1]]:
        place -= 1
    return int(rows[place]), int(rows[place - 1]) if place > 0 else -1


def find_candidates(question: SuspectQuestion, streak: Streak) -> tuple[Candidate, ...]:
    """Changes whose effects may have been felt when the trigger began to fail, in the feed's order.

    The streak may have begun with a flake: changes within its first runs are candidates too.
    """
    history, feed, runs = question.history, question.feed, question.history.runs
    earliest = runs[streak.first_bad].started_ms - CANDIDATE_HOURS * HOUR_MS
    last = min(streak.last_bad, streak.last_onset + LATER_RUNS)
    latest = end_ms(runs[last]) + LATE_MS
    chosen = [
        c
        for c in feed.changes
        if earliest <= c.at_ms and _begins_ms(c) <= latest and _is_suspect(c, history.scope.environment)
    ]
    starts = [run.started_ms for run in runs]
    backs = _rollbacks(feed.changes)
    together = {c.change_id: group for group in group_changes(chosen) if len(group) > 1 for c in group}
    until = end_ms(runs[-1])
    found = (_candidate(question, change, starts, _back_of(change, backs, until)) for change in chosen)
    return tuple(
        replace(one, group=together.get(one.change.change_id, ()))
        for one in found
        if min(begin for begin, _, _ in one.windows) <= last
    )


def _is_suspect(change: Change, environment: str) -> bool:
    """Commits to services attach to the deploy that carried them and are no suspects of their own."""
    if change.environment not in ("", environment):
        return False
    return change.target is ChangeTarget.TEST or change.kind is not ChangeKind.COMMIT


def _candidate(question: SuspectQuestion, change: Change, starts: Sequence[int], back: int | None) -> Candidate:
    stop = len(starts) if back is None else bisect_left(starts, back)
    weighted: dict[tuple[int, int], float] = {}
    for minutes, weight in weights.EFFECTS:
        begin = bisect_left(starts, change.at_ms + int(minutes * MINUTE_MS))
        shares = _under_way(change, question.history.runs, begin) if minutes == 0 else {}
        weight /= sum(shares.values()) + 1
        for row, share in shares.items():  # each of these runs may have felt it first
            _add(weighted, row, stop, weight * share)
        _add(weighted, begin, stop, weight)
    windows = tuple((begin, end, log(weight)) for (begin, end), weight in sorted(weighted.items()))
    scope = change.change_id if change.target is ChangeTarget.TEST else change.service or EVERYTHING
    learned = log_risk(question.records, change.service) + log_habit(question.habits, change)
    return Candidate(change, scope, windows, log_prior(change) + learned, back)


def _under_way(change: Change, runs: Sequence[RunRef], begin: int) -> dict[int, float]:
    """Rows before `begin` during which a change was being rolled out, at most so many, with the share of each run that
    came after the change had begun: the rest of it cannot have felt it."""
    found: dict[int, float] = {}
    since = _begins_ms(change)
    for row in range(begin - 1, max(begin - LONGEST_ROLLOUT, 0) - 1, -1):
        start, end = runs[row].started_ms, end_ms(runs[row])
        share = 1.0 if start >= since else (end - since) / max(end - start, 1)
        if share <= 0:
            break
        found[row] = share
    return found


def _add(weighted: dict[tuple[int, int], float], begin: int, stop: int, weight: float) -> None:
    window = (begin, max(stop, begin))
    weighted[window] = weighted.get(window, 0.0) + weight


def _rollbacks(changes: Sequence[Change]) -> dict[tuple[str, str], list[Change]]:
    """Changes of each (service, environment) that may have undone an earlier one, ascending."""
    out: dict[tuple[str, str], list[Change]] = {}
    for change in sorted(changes, key=lambda c: (c.at_ms, c.change_id)):
        if change.service and (change.kind is ChangeKind.ROLLBACK or change.to_version):
            out.setdefault((change.service, change.environment), []).append(change)
    return out


def _back_of(change: Change, later: Mapping[tuple[str, str], Sequence[Change]], until_ms: int) -> int | None:
    """When a change was undone: by a rollback, or by a deploy, within the history, of what it had replaced."""
    if change.kind is ChangeKind.ROLLBACK:
        return None
    for other in later.get((change.service, change.environment), ()):
        is_undone = other.kind is ChangeKind.ROLLBACK or (returns(change, other) and other.at_ms <= until_ms)
        if other.at_ms > change.at_ms and is_undone:
            return other.at_ms
    return None


def returns(begun: Change, later: Change) -> bool:
    """Whether a change brings back the version that another one had replaced."""
    return bool(begun.from_version) and later.to_version == begun.from_version != begun.to_version


def end_ms(run: RunRef) -> int:
    """When a run ended, its start where the end is not known."""
    return run.started_ms if run.ended_ms is None else max(run.ended_ms, run.started_ms)


def _begins_ms(change: Change) -> int:
    return change.at_ms if change.started_ms is None else min(change.started_ms, change.at_ms)
