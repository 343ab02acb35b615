"""Outages: runs in which far more failed than the tests' own rates allow, and which recovered.

Rule: a run and a scope (everything, or the test cases of one service) with a log likelihood ratio of an outage above
ln 500, at least three failures, and recovery in the next run. Source: docs/how-it-decides.md, Outages, and PyTorch's
autorevert: a failure of the environment stands between two successes in time.

A rolled-back regression looks the same but for the changes at both ends: a stretch that begins with a change of a
service and ends with its rollback or next deploy, and in which next to nothing failed that does not exercise that
service, is no outage.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis import calibration as weights
from analysis.beta_function import Floats
from analysis.candidates import returns
from analysis.exposure import EVERYTHING, Scopes
from analysis.likelihood import Observations, Windows, alike, observe, outage_odds
from analysis.records import (
    ABSENT,
    BoolMatrix,
    ChangeFeed,
    Count,
    Evidence,
    FailureSample,
    Outage,
    OutageReport,
    StreamHistory,
)
from ingest.model import Change, ChangeKind, ChangeStatus, ChangeTarget, Result, RunState

LEAST_RATIO = float(np.log(500.0))
LEAST_FAILURES = 3
RECOVERED = 0.8
"""Of the test cases that failed in an outage's last run, this share must pass in the next."""
LONGEST_RUNS = 12
MOSTLY_RED = 0.8
LEAST_EXECUTED = 20
OPEN_SHARE = 0.5
"""An outage that has not recovered is reported when it turns this share of its scope red."""
BY_ONE_SERVICE = 0.9
"""A change and its rollback explain a stretch when this share of its failures is of test cases that exercise it."""
MOST_OF_SERVICE = 0.5
"""And, where the later change is no rollback but the next deploy, this share of what exercises the service failed."""
LIKELY_DOWN = 0.5
"""What an outage shows about who feels a service counts from this probability on that it was the service's."""
SELDOM = 0.05
"""A test case is said to have failed with a service when it fails in at most this share of its other runs."""
_ROUNDING = 1e-6
"""What sums may differ by in another order."""
_MOST_CELLS = 2_000_000
"""Results that are weighed at once; each takes some hundred bytes."""
_STRETCHES, _CLOSED = "stretches", "closed"
"""Names of what is worked out once a history."""
_BAD = (Result.FAILED, Result.ERRORED, Result.FLAKY)
_SIGNS = ("connection refused", "timed out", "timeout", "connection reset", "no healthy upstream", "unavailable", "dns")


@dataclass(frozen=True, slots=True)
class _Stretch:
    """An outage in one stream: rows [begin, end] and test cases of its scope."""

    begin: int
    end: int
    scope: str
    members: npt.NDArray[np.bool_]
    ratio: float
    is_open: bool


def find_outages(
    histories: Sequence[StreamHistory], samples: Sequence[FailureSample] = (), feed: ChangeFeed | None = None
) -> OutageReport:
    """Outages of one environment, from the histories of its streams, each looked at on its own.

    Args:
        histories: of one environment.
        samples: failing attempts; those within an outage become its evidence.
        feed: changes, oldest first; None: no stretch can be told to be a rolled-back regression.
    """
    outages: list[Outage] = []
    cells, closed = [], []
    for history in histories:
        mask = np.zeros(history.results.shape, dtype=np.bool_)
        for stretch in _stretches(history):
            if feed is not None and _is_rolled_back(history, stretch, feed):
                continue
            outages.append(_outage(history, stretch, samples))
            if not stretch.is_open:
                mask[stretch.begin : stretch.end + 1, stretch.members] = True
        closed.append(mask)
        cells.append(mask | mostly_red(history)[:, None])
    outages.sort(key=lambda o: (o.start, o.service))
    return OutageReport(tuple(outages), tuple(cells), tuple(closed))


def may_hold_outage(history: StreamHistory) -> bool:
    """Whether any run stands out far enough for an outage to be in it; the order of the test cases does not matter."""
    failed = np.isin(history.results, _BAD)
    busy = np.flatnonzero(failed.sum(axis=1) >= LEAST_FAILURES)
    if len(busy) == 0:
        return False
    ratio, _ = _ratios(history, _scopes(history)[1], busy)
    return bool((ratio > LEAST_RATIO - _ROUNDING).any())


def failed_together(history: StreamHistory, before: int, scopes: Scopes) -> dict[str, frozenset[str]]:
    """`test_id` of the test cases that failed in a closed outage of a service and next to never besides.

    Whose outage it was is told by all that failed and passed in it, by how surely each test case feels each service:
    a service of which some lists do not know is else taken for a neighbour that they all list. Nothing is learned where
    no service has half of the probability.

    Args:
        before: outages that ended before this row count.
        scopes: of the history's test cases, and perhaps more after them.
    """
    stretches = [one for one in _stretches(history) if not one.is_open and one.end < before]
    if not stretches:
        return {}
    found: dict[str, set[str]] = {}
    bad = np.isin(history.results, _BAD)
    ran = (history.results >= 0) & (history.results != Result.SKIPPED)
    for stretch, service in zip(stretches, _services_down(history, stretches, scopes), strict=True):
        if not service:
            continue
        inside = bad[stretch.begin : stretch.end + 1].sum(axis=0)
        is_rare = bad[:before].sum(axis=0) - inside <= SELDOM * ran[:before].sum(axis=0)
        found.setdefault(service, set()).update(
            history.tests[t].case.test_id for t in np.flatnonzero((inside > 0) & is_rare)
        )
    return {service: frozenset(tests) for service, tests in found.items()}


def _services_down(history: StreamHistory, stretches: Sequence[_Stretch], scopes: Scopes) -> list[str]:
    """The service that was most probably down in each outage; empty: everything, or none that is likely enough."""
    candidates = scopes.services + 1
    score = np.zeros((len(stretches), candidates, len(weights.OUTAGE_RATES)))
    for columns in _blocks(*history.results.shape):
        seen, levels = observe(columns_of(history, columns), None), scopes.levels[:candidates, columns]
        levels = levels[:, : seen.ran.shape[1]]
        for n, stretch in enumerate(stretches):
            rows = np.arange(stretch.begin, stretch.end + 1)
            null = _own_rate_odds(seen, rows)
            for p, rate in enumerate(weights.OUTAGE_RATES):
                odds = outage_odds(seen, Windows(rows, rows + 1), float(rate), null).sum(axis=0)
                felt = weights.OUTAGE_BREADTH * scopes.exposures[:, None] * np.expm1(np.clip(odds, -50, 30))
                for level, each in enumerate(np.log1p(felt)):
                    score[n, :, p] += (levels == level) @ each
    score *= weights.OUTAGE_TEMPER
    score[:, 0] += np.log(weights.OUTAGE_EVERYWHERE)
    score[:, 1:] += np.log((1 - weights.OUTAGE_EVERYWHERE) / max(scopes.services, 1))
    of_any_rate = np.logaddexp.reduce(score, axis=2)
    shares = np.exp(of_any_rate - np.logaddexp.reduce(of_any_rate, axis=1, keepdims=True))
    best = shares.argmax(axis=1)
    return [scopes.names[s] if shares[n, s] >= LIKELY_DOWN else "" for n, s in enumerate(best)]


def closed_cells(history: StreamHistory, feed: ChangeFeed | None = None) -> BoolMatrix:
    """[n, m]: results of one stream that a closed outage explains; worked out once a history, not to be written to."""
    if feed is not None:
        return find_outages([history], feed=feed).closed[0]
    if _CLOSED not in history.known:
        history.known[_CLOSED] = find_outages([history]).closed[0]
    found: BoolMatrix = history.known[_CLOSED]
    return found


def _is_rolled_back(history: StreamHistory, stretch: _Stretch, feed: ChangeFeed) -> bool:
    if stretch.is_open:
        return False
    return bool(rolled_back(history, stretch.begin, stretch.end, stretch.members, feed))


def rolled_back(history: StreamHistory, begin: int, end: int, members: npt.NDArray[np.bool_], feed: ChangeFeed) -> str:
    """The service of which a change began the red rows [begin, end] and a rollback or later deploy ended them.

    Empty where there is none. Failures of the test cases of `members`, [m], are what is to be explained. A deploy
    counts from the start of the row before to the end of the first red one, its counterpart from the start of the last
    red row to the end of the one after.
    """
    runs = history.runs
    if begin == 0 or end + 1 >= len(runs):
        return ""
    first = _changed(feed, history, runs[begin - 1].started_ms, _end_ms(history, begin))
    later = _changed(feed, history, runs[end].started_ms, _end_ms(history, end + 1))
    failures = np.isin(history.results[begin : end + 1], _BAD).sum(axis=0) * members
    for service in sorted(first.keys() & later.keys()):
        uses = np.array([any(e.service == service for e in t.exercised) for t in history.tests], dtype=np.bool_)
        if not failures.any() or failures[uses].sum() < BY_ONE_SERVICE * failures.sum():
            continue
        begun = min(first[service], key=lambda change: change.at_ms)
        after = [change for change in later[service] if change.at_ms > begun.at_ms]
        is_undone = any(change.kind is ChangeKind.ROLLBACK or returns(begun, change) for change in after)
        ran = (history.results[begin : end + 1] >= 0).any(axis=0) & uses
        if is_undone or (after and ((failures > 0) & uses).sum() >= MOST_OF_SERVICE * ran.sum()):
            return service
    return ""


def _changed(feed: ChangeFeed, history: StreamHistory, since_ms: int, until_ms: int) -> dict[str, list[Change]]:
    """Succeeded changes of named services that reached the stream's environment in [since, until]."""
    found: dict[str, list[Change]] = {}
    first = bisect_left(feed.changes, since_ms, key=lambda change: change.at_ms)
    for change in feed.changes[first:]:
        if change.at_ms > until_ms:
            break
        is_here = change.environment in ("", history.scope.environment)
        is_done = change.status is ChangeStatus.SUCCEEDED and change.target is ChangeTarget.SERVICE
        if is_here and is_done and change.service:
            found.setdefault(change.service, []).append(change)
    return found


def _end_ms(history: StreamHistory, row: int) -> int:
    run = history.runs[row]
    return run.started_ms if run.ended_ms is None else max(run.ended_ms, run.started_ms)


def mostly_red(history: StreamHistory) -> npt.NDArray[np.bool_]:
    """[n]: complete runs of at least 20 executed tests of which more than 80 % are red; left out of rates only."""
    red = ((history.results == Result.FAILED) | (history.results == Result.ERRORED)).sum(axis=1)
    executed = ((history.results >= 0) & (history.results != Result.SKIPPED)).sum(axis=1)
    complete = np.array([run.state is RunState.COMPLETE for run in history.runs], dtype=np.bool_)
    return np.asarray(complete & (executed >= LEAST_EXECUTED) & (red > MOSTLY_RED * executed))


def _stretches(history: StreamHistory) -> list[_Stretch]:
    """Outages of one stream, oldest first; worked out once a history."""
    if _STRETCHES not in history.known:
        history.known[_STRETCHES] = _find_stretches(history)
    found: list[_Stretch] = history.known[_STRETCHES]
    return found


def _find_stretches(history: StreamHistory) -> list[_Stretch]:
    """Outages of one stream, oldest first; at most one at a time."""
    n = len(history.runs)
    ran = (history.results != ABSENT) & (history.results != Result.SKIPPED)
    failed = np.isin(history.results, _BAD)
    busy = np.flatnonzero(failed.sum(axis=1) >= LEAST_FAILURES)
    if n == 0 or len(busy) == 0:
        return []
    names, members = _scopes(history)
    ratio, counts = _ratios(history, members, busy)
    found: list[_Stretch] = []
    row, of = 0, {int(r): i for i, r in enumerate(busy)}
    while row < n:
        place = of.get(row)
        best = -1 if place is None else int(ratio[:, place].argmax())
        if place is None or ratio[best, place] <= LEAST_RATIO or counts[best, place] < LEAST_FAILURES:
            row += 1
            continue
        end = row
        while end + 1 in of and ratio[best, of[end + 1]] > LEAST_RATIO:
            end += 1
        state = _state(ran, failed, members[best], row, end)
        if state is not None and end - row < LONGEST_RUNS:
            found.append(_Stretch(row, end, names[best], members[best], float(ratio[best, place]), state == "open"))
        row = end + 1
    return found


def _scopes(history: StreamHistory) -> tuple[list[str], BoolMatrix]:
    """(names, [s, m] membership): everything, then every service that at least three test cases exercise."""
    together: dict[int, list[int]] = {}  # most test cases share one of few tuples
    for t, column in enumerate(history.tests):
        together.setdefault(id(column.exercised), []).append(t)
    users: dict[str, list[int]] = {}
    for same in together.values():
        for exercise in history.tests[same[0]].exercised:
            users.setdefault(exercise.service, []).extend(same)
    names = [EVERYTHING, *sorted(name for name, tests in users.items() if len(tests) >= LEAST_FAILURES)]
    members = np.zeros((len(names), len(history.tests)), dtype=np.bool_)
    members[0] = True
    for s, name in enumerate(names[1:], 1):
        members[s, users[name]] = True
    return names, members


def _ratios(
    history: StreamHistory, members: BoolMatrix, rows: npt.NDArray[np.int64]
) -> tuple[Floats, npt.NDArray[np.int64]]:
    """([s, r] log likelihood ratio of an outage, [s, r] failures) of each scope in each of the runs `rows`.

    Test cases with the same results are looked at once: nearly all of them only ever passed.
    """
    single, cells = Windows(rows, rows + 1), (history.results.view(np.uint8), history.attempts, history.failed_attempts)
    kind, first = alike(np.concatenate(cells))
    held = np.stack([np.bincount(kind, some, len(first)) for some in members])
    history = replace(
        history,
        tests=tuple(history.tests[t] for t in first.tolist()),
        **{name: getattr(history, name)[:, first] for name in ("results", "failed_attempts", "attempts")},
    )
    sums = np.zeros((len(weights.OUTAGE_RATES), len(members), len(rows)))
    failures = np.zeros((len(members), len(rows)), dtype=np.int64)
    for columns in _blocks(*history.results.shape):
        seen, inside = observe(columns_of(history, columns), None), held[:, columns]
        null = _own_rate_odds(seen, rows)
        for number, rate in enumerate(weights.OUTAGE_RATES):
            sums[number] += inside @ outage_odds(seen, single, float(rate), null).T
        failures += inside.astype(np.int64) @ (seen.failed[rows + 1] - seen.failed[rows]).T
    top = sums.max(axis=0)
    ratio = top + np.log(np.mean(np.exp(sums - top), axis=0))
    ratio[1:] -= np.log(max(len(members) - 1, 1))
    return ratio, failures


def _blocks(n: int, m: int) -> Iterator[slice]:
    """Columns that are looked at together: all of them, but where names come and go there may be a hundred thousand."""
    size = max(1, _MOST_CELLS // max(n, 1))
    return (slice(start, start + size) for start in range(0, m, size))


def columns_of(history: StreamHistory, columns: slice) -> StreamHistory:
    """The same runs with some of the test cases."""
    return replace(
        history,
        tests=history.tests[columns],
        results=history.results[:, columns],
        failed_attempts=history.failed_attempts[:, columns],
        attempts=history.attempts[:, columns],
    )


def _own_rate_odds(seen: Observations, rows: npt.NDArray[np.int64]) -> Floats:
    """[r, m] log likelihood of each result of the runs `rows` under the test case's rate in all its other runs."""
    ran, failed = seen.ran[rows + 1] - seen.ran[rows], seen.failed[rows + 1] - seen.failed[rows]
    retried = seen.retried[rows + 1] - seen.retried[rows]
    again = seen.failed_again[rows + 1] - seen.failed_again[rows]
    others, bad = seen.ran[-1] - ran, seen.failed[-1] - failed
    share = np.minimum(1.0, weights.HISTORY_CAP / np.maximum(others, 1))
    rate = (weights.BASE_PRIOR[0] + share * bad) / (sum(weights.BASE_PRIOR) + share * others)
    retry = weights.RETRY_OF_FLAKE[0] / sum(weights.RETRY_OF_FLAKE)
    first = failed * np.log(rate) + (ran - failed) * np.log1p(-rate)
    return np.asarray(first + again * np.log(retry) + (retried - again) * np.log1p(-retry))


def _state(ran: BoolMatrix, failed: BoolMatrix, members: npt.NDArray[np.bool_], begin: int, end: int) -> str | None:
    """`closed` when the test cases that failed pass in the next runs, `open` when none followed; None: neither.

    Args:
        ran: [n, m], and so `failed`.
        members: [m], the scope.
    """
    hit = failed[begin : end + 1].any(axis=0) & members
    for last in range(end + 2, min(end + 3, len(ran)) + 1):
        ran_later, failed_later = (cells[end + 1 : last][:, hit].any(axis=0) for cells in (ran, failed))
        executed = int(np.count_nonzero(ran_later))
        if executed >= LEAST_FAILURES:
            recovered = int(np.count_nonzero(ran_later & ~failed_later))
            return "closed" if recovered >= RECOVERED * executed else None
    return "open" if (failed[end] & members).sum() >= OPEN_SHARE * max(int((ran[end] & members).sum()), 1) else None


def _outage(history: StreamHistory, stretch: _Stretch, samples: Sequence[FailureSample]) -> Outage:
    results = history.results[stretch.begin : stretch.end + 1, stretch.members]
    tests = [column.case.test_id for column, inside in zip(history.tests, stretch.members, strict=True) if inside]
    bad = (results == Result.FAILED) | (results == Result.ERRORED) | (results == Result.FLAKY)
    executed = int(((results >= 0) & (results != Result.SKIPPED)).sum())
    count = Count(int(bad.sum()), executed)
    hit = sorted(test for test, any_bad in zip(tests, bad.any(axis=0).tolist(), strict=True) if any_bad)
    first, last = history.runs[stretch.begin], history.runs[stretch.end]
    what = f"test cases of {stretch.scope}" if stretch.scope else "everything"
    said = f"{count.k} of {count.n} results failed in {stretch.end - stretch.begin + 1} run(s), of {what}"
    evidence = [Evidence("breadth", stretch.ratio, said)]
    inside = [s for s in samples if first.started_ms <= s.run.started_ms <= last.started_ms and s.test_id in set(hit)]
    signs = sum(any(sign in f"{s.message}\n{s.text[:4000]}".lower() for sign in _SIGNS) for s in inside)
    if signs:
        evidence.append(Evidence("text", 0.0, f"{signs} of {len(inside)} messages speak of the network or a timeout"))
    return Outage(
        environment=history.scope.environment,
        service=stretch.scope,
        start=first,
        end=None if stretch.is_open else last,
        tests=tuple(hit),
        failed=count,
        log_likelihood_ratio=stretch.ratio,
        evidence=tuple(evidence),
    )
