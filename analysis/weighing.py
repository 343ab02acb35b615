"""What one question of suspects is weighed with, and the next ones too: of one stretch many are asked in a row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis import calibration as weights
from analysis.candidates import HOUR_MS, Candidate, Streak
from analysis.elsewhere import with_elsewhere
from analysis.exposure import find_scopes
from analysis.joint import Odds, Shared, share, weigh
from analysis.likelihood import Observations, observe
from analysis.outages import closed_cells, failed_together
from analysis.records import BoolMatrix, SuspectQuestion, TestColumn
from ingest.model import ChangeTarget


@dataclass
class LastWeighed:
    """What the last question was weighed with: one of the same runs, changes and streak shares it.

    Of the last one only, since it holds gigabytes where runs and test cases are many.
    """

    of_runs: tuple[tuple[object, ...], tuple[TestColumn, ...], Observations] | None = None
    """(what it is of, test cases, what was seen of them)."""
    of_windows: tuple[tuple[object, ...], Odds] | None = None
    of_scopes: tuple[tuple[object, ...], Shared] | None = None


def observed(
    question: SuspectQuestion, streak: Streak, last: LastWeighed
) -> tuple[tuple[TestColumn, ...], Observations]:
    """Test cases and what was seen of them, other streams' after those of the history."""
    of = (question.history, question.masked, *question.elsewhere, question.feed)
    if last.of_runs is None or not _is_same(last.of_runs[0], (*of, streak.first_bad)):
        tests, seen = question.history.tests, observe(question.history, _mask(question, streak))
        if question.elsewhere:
            tests, seen = with_elsewhere(seen, question.history, question.elsewhere, question.feed, streak.first_bad)
        last.of_runs, last.of_windows = ((*of, streak.first_bad), tests, seen), None
    return last.of_runs[1:]


def _is_same(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    """Whether two are of the very same objects; numbers are compared."""
    return len(some) == len(others) and all(
        one == other if isinstance(one, int) else one is other for one, other in zip(some, others, strict=True)
    )


def _mask(question: SuspectQuestion, streak: Streak) -> BoolMatrix:
    """Closed outages, but never what is asked about: nothing from the first bad run on is masked.

    An earlier regression that was rolled back is masked as well: it is over, whatever is asked about came later.
    """
    mask = closed_cells(question.history) if question.masked is None else question.masked
    if mask.ndim == 1:
        mask = np.repeat(mask[:, None], len(question.history.tests), axis=1)
    mask = mask.copy()
    mask[streak.first_bad :] = False
    return mask


def odds_of(
    question: SuspectQuestion,
    seen: Observations,
    streak: Streak,
    candidates: tuple[Candidate, ...],
    last: LastWeighed,
) -> Odds:
    """Odds of an open window from every run of the last hours, and of every candidate's own windows."""
    runs = question.history.runs
    starts = np.array([run.started_ms for run in runs], dtype=np.int64)
    first = int(np.searchsorted(starts, runs[streak.first_bad].started_ms - weights.UNRECORDED_HOURS * HOUR_MS))
    pairs = {(begin, len(runs)) for begin in range(min(first, streak.first_bad), len(runs))}
    pairs |= {(begin, stop) for c in candidates for begin, stop, _ in c.windows}
    outage_ms = runs[streak.last_bad].started_ms - weights.OUTAGE_HOURS * HOUR_MS
    wanted = (seen, *sorted(pairs), int(np.searchsorted(starts, outage_ms)))
    if last.of_windows is None or last.of_windows[0][0] is not seen or last.of_windows[0][1:] != wanted[1:]:
        last.of_windows = last.of_scopes = None  # frees the memory before more is asked for
        last.of_windows = (wanted, weigh(seen, sorted(pairs), int(np.searchsorted(starts, outage_ms))))
    return last.of_windows[1]


def shared_of(
    question: SuspectQuestion,
    tests: tuple[TestColumn, ...],
    streak: Streak,
    candidates: tuple[Candidate, ...],
    odds: Odds,
    last: LastWeighed,
) -> Shared:
    """The scopes that all triggers of the same stretch are weighed with; of its own each has its file at most."""
    commits = [c.change for c in candidates if c.change.target is ChangeTarget.TEST]
    services = [c.change.service for c in candidates if c.change.target is ChangeTarget.SERVICE]
    groups = [services_of(one) for one in candidates if one.group]
    wanted = (odds, commits, services, groups, question.graph, question.felt)
    if last.of_scopes is None or last.of_scopes[0][0] is not odds or last.of_scopes[0][1:] != wanted[1:]:
        found = find_scopes(tests, services, commits, question.graph, question.felt, groups)
        together = failed_together(question.history, streak.first_bad, found)
        if together:
            for service, felt in question.felt.items():
                together[service] = together.get(service, frozenset()).union(felt)
            found = find_scopes(tests, services, commits, question.graph, together, groups)
        last.of_scopes = wanted, share(odds, found)
    return last.of_scopes[1]


def services_of(candidate: Candidate) -> tuple[str, ...]:
    """Services that the changes of a candidate's group reached."""
    return tuple(sorted({change.service for change in candidate.group}))
