"""What one question of suspects is weighed with, and the next ones too: of one stretch many are asked in a row."""

from __future__ import annotations

from dataclasses import dataclass, field

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
    of_windows: dict[tuple[object, ...], Odds] = field(default_factory=dict)
    """Of these runs, by what they were asked for."""
    of_scopes: list[tuple[tuple[object, ...], Shared]] = field(default_factory=list)


def observed(
    question: SuspectQuestion, streak: Streak, last: LastWeighed
) -> tuple[tuple[TestColumn, ...], Observations]:
    """Test cases and what was seen of them, other streams' after those of the history.

    What outages explain is left out, but never what is asked about: nothing from the first bad run on.
    """
    of, mask = (question.history, question.masked, *question.elsewhere, question.feed), _mask(question)
    since = streak.first_bad if question.elsewhere else int(mask[: streak.first_bad].any(axis=1).sum())
    if last.of_runs is None or not _is_same(last.of_runs[0], (*of, since)):
        mask = mask.copy()
        mask[streak.first_bad :] = False
        tests, seen = question.history.tests, observe(question.history, mask)
        if question.elsewhere:
            tests, seen = with_elsewhere(seen, question.history, question.elsewhere, question.feed, streak.first_bad)
        last.of_runs, last.of_windows, last.of_scopes = ((*of, since), tests, seen), {}, []
    return last.of_runs[1:]


def _is_same(some: tuple[object, ...], others: tuple[object, ...]) -> bool:
    """Whether two are of the very same objects; numbers are compared."""
    return len(some) == len(others) and all(
        one == other if isinstance(one, int) else one is other for one, other in zip(some, others, strict=True)
    )


def _mask(question: SuspectQuestion) -> BoolMatrix:
    """[n, m] closed outages.

    An earlier regression that was rolled back is masked as well: it is over, whatever is asked about came later.
    """
    mask = closed_cells(question.history) if question.masked is None else question.masked
    if mask.ndim == 1:
        mask = np.repeat(mask[:, None], len(question.history.tests), axis=1)
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
    wanted = (*sorted(pairs), int(np.searchsorted(starts, outage_ms)))
    if wanted not in last.of_windows:
        last.of_windows[wanted] = weigh(seen, sorted(pairs), int(np.searchsorted(starts, outage_ms)))
    return last.of_windows[wanted]


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
    wanted = (streak.first_bad, commits, services, groups, question.graph, question.felt)
    for asked, shared in last.of_scopes:
        if shared.odds is odds and asked == wanted:
            return shared
    found = find_scopes(tests, services, commits, question.graph, question.felt, groups)
    together = failed_together(question.history, streak.first_bad, found)
    if together:
        for service, felt in question.felt.items():
            together[service] = together.get(service, frozenset()).union(felt)
        found = find_scopes(tests, services, commits, question.graph, together, groups)
    last.of_scopes.append((wanted, share(odds, found)))
    return last.of_scopes[-1][1]


def services_of(candidate: Candidate) -> tuple[str, ...]:
    """Services that the changes of a candidate's group reached."""
    return tuple(sorted({change.service for change in candidate.group}))
