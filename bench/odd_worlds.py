"""What the lab's simulated worlds lack, drawn on top of them as questions of their own.

Each function takes a world and gives a question with its truth, or None where the world does not lend itself to it. All
draws come from the world's seed. Nothing of these was looked at when the model's numbers were fitted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.records import ABSENT, ChangeFeed, SuspectQuestion
from ingest.model import Change, ChangeKind, ChangeTarget, Result
from tests.analysis.lab_evidence import question_of

HOUR_MS = 3_600_000
FILES = 24
"""Test files, over which the test cases are spread."""
EARLIEST = 40
"""A breakage of our own begins at this run or later."""


@dataclass(frozen=True, slots=True)
class Posed:
    """A question and its answer."""

    question: SuspectQuestion
    kind: str
    right: frozenset[str]
    """`change_id` of every right answer."""
    world: Any
    target: str = ""
    """`test` where the truth is a defect of the test that nobody recorded."""


Odd = Callable[[Any], Posed | None]


def as_it_is(world: Any) -> Posed:
    """The world itself."""
    return Posed(question_of(world.evidence), world.kind, frozenset(f"c{c}" for c in world.culprits), world)


def a_third_of_deploys_missing(world: Any) -> Posed:
    """30 % of the deploys were never recorded; where the culprit is among them, nobody recorded it."""
    posed, rng = as_it_is(world), world_rng(world, 1)
    kept = tuple(c for c in posed.question.feed.changes if rng.random() >= 0.3)
    feed = replace(posed.question.feed, changes=kept)
    return _without_lost(replace(posed, question=replace(posed.question, feed=feed)))


def no_feed(world: Any) -> Posed:
    """No change is known, of any service, at any time."""
    posed = as_it_is(world)
    return _without_lost(replace(posed, question=replace(posed.question, feed=ChangeFeed())))


def a_team_without_feed(world: Any) -> Posed:
    """A quarter of the services has no change feed at all."""
    posed, rng = as_it_is(world), world_rng(world, 2)
    names = sorted({c.service for c in posed.question.feed.changes} | {s for s, _ in posed.question.feed.covered})
    silent = {name for name in names if rng.random() < 0.25}
    feed = ChangeFeed(
        tuple(c for c in posed.question.feed.changes if c.service not in silent),
        frozenset(pair for pair in posed.question.feed.covered if pair[0] not in silent),
    )
    return _without_lost(replace(posed, question=replace(posed.question, feed=feed)))


def no_retries(world: Any) -> Posed:
    """The suite does not retry: what was flaky is red, and no retry tells them apart."""
    posed = as_it_is(world)
    h = posed.question.history
    results = np.where(h.results == Result.FLAKY, np.int8(Result.FAILED), h.results).astype(np.int8)
    history = replace(
        h, results=results, attempts=np.minimum(h.attempts, 1), failed_attempts=(results == 1).astype("u1")
    )
    return replace(posed, question=replace(posed.question, history=history))


def every_third_run(world: Any) -> Posed | None:
    """A suite that runs a third as often; the runs in which the trigger failed at the end are kept."""
    posed = as_it_is(world)
    h = posed.question.history
    n = len(h.runs)
    kept = np.array(sorted({*range((n - 1) % 3, n, 3)}))
    trigger = place_of(posed.question)
    if h.results[kept[-1], trigger] not in (Result.FAILED, Result.FLAKY):
        return None
    history = replace(
        h,
        runs=tuple(h.runs[i] for i in kept),
        results=h.results[kept],
        attempts=h.attempts[kept],
        failed_attempts=h.failed_attempts[kept],
    )
    return replace(posed, question=replace(posed.question, history=history))


def a_wrong_graph(world: Any) -> Posed:
    """A fifth of the catalog's calls is missing, and a tenth as many are made up."""
    posed, rng = as_it_is(world), world_rng(world, 3)
    graph = posed.question.graph
    names = sorted(graph.calls)
    calls: dict[str, tuple[str, ...]] = {}
    for name in names:
        kept = [target for target in graph.calls[name] if rng.random() >= 0.2]
        made_up = [names[int(rng.integers(len(names)))] for _ in graph.calls[name] if rng.random() < 0.1]
        calls[name] = tuple(dict.fromkeys(target for target in (*kept, *made_up) if target != name))
    return replace(posed, question=replace(posed.question, graph=replace(graph, calls=calls)))


def a_small_suite(world: Any) -> Posed:
    """Twenty test cases, the trigger among them."""
    posed, rng = as_it_is(world), world_rng(world, 4)
    h, trigger = posed.question.history, place_of(posed.question)
    rest = rng.permutation([t for t in range(len(h.tests)) if t != trigger])[:19]
    chosen = np.sort(np.append(rest, trigger))
    history = replace(
        h,
        tests=tuple(h.tests[t] for t in chosen),
        results=h.results[:, chosen],
        attempts=h.attempts[:, chosen],
        failed_attempts=h.failed_attempts[:, chosen],
    )
    return replace(posed, question=replace(posed.question, history=history))


def a_culprit_in_the_test_code(world: Any) -> Posed | None:
    """Nothing is broken but what a commit to the tests did to one test file; six other commits touch other files."""
    if world.kind != "flake":
        return None
    posed, rng = with_files(as_it_is(world)), world_rng(world, 5)
    h = posed.question.history
    file_of = np.array([_file(t) for t in range(len(h.tests))])
    broken, culprit = file_of[int(rng.integers(len(file_of)))], "git:culprit"
    members = np.flatnonzero(file_of == broken)
    begin = int(rng.integers(EARLIEST, max(EARLIEST + 1, len(h.runs) - 4)))
    wanted = int(rng.choice([1, 2, 4]))
    results = _broken(h.results, rng, begin, members[rng.random(len(members)) < 0.8] if len(members) > 2 else members)
    at = h.runs[begin].started_ms - int(rng.uniform(2, 50) * 60_000)
    commits = [_commit(culprit, at, broken)]
    for k in range(6):
        other = str(rng.choice(file_of[file_of != broken]))
        commits.append(_commit(f"git:{k}", at - int(rng.uniform(-1, 30) * HOUR_MS), other))
    return asked_at(posed, results, begin, members, wanted, tuple(commits), frozenset({culprit}))


def two_culprits_in_one_window(world: Any) -> Posed | None:
    """Another deploy of the same gap broke another service; the question is about the first one's test."""
    if world.kind != "change":
        return None
    posed, rng = as_it_is(world), world_rng(world, 6)
    h, evidence = posed.question.history, world.evidence
    culprit = world.culprits[0]
    begin = int(np.searchsorted(evidence.run_times, evidence.change_times[culprit]))
    if begin >= len(h.runs):
        return None
    trigger = evidence.trigger
    near = np.abs(evidence.change_times - evidence.change_times[culprit]) < 90
    able = [
        c
        for c in np.flatnonzero(near)
        if c != culprit
        and evidence.change_service[c] != evidence.change_service[culprit]
        and not evidence.covers[trigger, evidence.change_service[c]]
        and evidence.covers[:, evidence.change_service[c]].sum() >= 3
    ]
    if not able:
        return None
    other = int(rng.choice(able))
    touched = np.flatnonzero(evidence.covers[:, evidence.change_service[other]])
    hit = touched[rng.random(len(touched)) < rng.beta(0.8, 1.2)]
    start = int(np.searchsorted(evidence.run_times, evidence.change_times[other]))
    results = _broken(h.results, rng, start, hit)
    return replace(posed, question=replace(posed.question, history=with_results(posed.question, results)))


ODD: dict[str, Odd] = {
    "30 % of deploys missing": a_third_of_deploys_missing,
    "a quarter of services silent": a_team_without_feed,
    "no feed at all": no_feed,
    "culprit in the test code": a_culprit_in_the_test_code,
    "two culprits in one window": two_culprits_in_one_window,
    "no retries": no_retries,
    "every third run": every_third_run,
    "wrong graph": a_wrong_graph,
    "twenty tests": a_small_suite,
}


def world_rng(world: Any, salt: int) -> np.random.Generator:
    return np.random.default_rng([world.seed, 4_000 + salt])


def _without_lost(posed: Posed) -> Posed:
    """Where no right answer is left among the changes, the truth is that nobody recorded it."""
    known = {c.change_id for c in posed.question.feed.changes}
    right = posed.right & known
    return replace(posed, right=right, kind="unrecorded" if posed.right and not right else posed.kind)


def place_of(question: SuspectQuestion) -> int:
    return next(t for t, column in enumerate(question.history.tests) if column.case.test_id == question.test_id)


def _file(test: int) -> str:
    return f"it/Flow{test % FILES:02d}IT.java"


def with_files(posed: Posed) -> Posed:
    h = posed.question.history
    tests = tuple(replace(c, case=replace(c.case, file=_file(t))) for t, c in enumerate(h.tests))
    return replace(posed, question=replace(posed.question, history=replace(h, tests=tests)))


def _commit(ident: str, at_ms: int, file: str) -> Change:
    return Change(ident, ChangeKind.COMMIT, at_ms, target=ChangeTarget.TEST, files=(file,), additions=20, deletions=5)


def _broken(results: Any, rng: np.random.Generator, begin: int, members: Any) -> Any:
    """Results with some test cases failing from run `begin` on, nearly always and on the retry too."""
    out = results.copy()
    rows = np.arange(len(out)) >= begin
    hit = rows[:, None] & np.isin(np.arange(out.shape[1]), members)[None, :] & (out != ABSENT)
    out[hit & (rng.random(out.shape) < 0.95)] = Result.FAILED
    return out


def with_results(question: SuspectQuestion, results: Any) -> Any:
    """The history with other results; every first failure was retried."""
    ran, bad = results != ABSENT, (results == Result.FAILED) | (results == Result.FLAKY)
    failed = bad.astype(np.uint8) + (results == Result.FAILED)
    return replace(
        question.history,
        results=results,
        attempts=(ran.astype(np.uint8) + bad).astype(np.uint8),
        failed_attempts=failed.astype(np.uint8),
    )


def asked_at(
    posed: Posed,
    results: Any,
    begin: int,
    members: Any,
    wanted: int,
    commits: tuple[Change, ...],
    right: frozenset[str],
) -> Posed | None:
    """The question when the member that failed first has failed so often; None where none did."""
    red = [(np.flatnonzero(results[begin:, t] == Result.FAILED) + begin, int(t)) for t in members]
    red = [(rows, t) for rows, t in red if len(rows) >= wanted]
    if not red:
        return None
    rows, trigger = min(red, key=lambda one: (int(one[0][0]), one[1]))
    end = int(rows[wanted - 1]) + 1
    whole = with_results(posed.question, results)
    history = replace(
        whole,
        runs=whole.runs[:end],
        results=whole.results[:end],
        attempts=whole.attempts[:end],
        failed_attempts=whole.failed_attempts[:end],
    )
    now = history.runs[-1].ended_ms or history.runs[-1].started_ms
    changes = sorted((*posed.question.feed.changes, *commits), key=lambda c: (c.at_ms, c.change_id))
    feed = replace(posed.question.feed, changes=tuple(c for c in changes if c.at_ms <= now))
    question = replace(
        posed.question, test_id=history.tests[trigger].case.test_id, history=history, feed=feed, samples=()
    )
    return Posed(question, "change", right, posed.world)
