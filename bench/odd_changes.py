"""Ways in which changes reach an environment that the lab's simulated worlds lack, as questions of their own.

Libraries of several services, batches, rollouts that take hours or stay at a part of the pods, deploys during a run,
rollbacks, commits of the tests that nobody recorded, tests in several pipelines, and lists with gaps where an earlier
outage shows who feels what. As in `bench.odd_worlds`, all draws come from the world's seed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from analysis.exposure import reachable
from analysis.records import ABSENT, Exercise, StreamHistory
from bench.odd_worlds import (
    EARLIEST,
    HOUR_MS,
    Odd,
    Posed,
    as_it_is,
    asked_at,
    place_of,
    with_files,
    with_results,
    world_rng,
)
from ingest.model import Change, ChangeKind, Commit, ContentKind, Result, RunRef, Scope, Tier
from tests.analysis.lab_evidence import lab_worlds, question_of

MINUTE_MS = 60_000
LIBRARY = Commit("3f2a91c07d55", "http client 5.1")
LONG_RUN_MINUTES = 45
PART_OF_PODS = (0.2, 0.4)


def a_library_that_broke_its_users(world: Any) -> Posed | None:
    """One commit was deployed to three to six services within 20 minutes, and breaks all of them."""
    return _batch(world, 11, broke_one=False)


def a_batch_of_which_one_service_broke(world: Any) -> Posed | None:
    """The same, but only one of the services is broken: it must be the face of the hypothesis."""
    return _batch(world, 12, broke_one=True)


def a_rollout_of_hours(world: Any) -> Posed | None:
    """The deploy of a service took two to five hours, and was recorded as done at its end: more and more fails."""
    drawn = _one_service(world, 13)
    if drawn is None:
        return None
    posed, rng, service, members, begin = drawn
    h = posed.question.history
    began = h.runs[begin].started_ms - int(rng.uniform(2, 50) * MINUTE_MS)
    done = began + int(rng.uniform(2, 5) * HOUR_MS)
    starts = np.array([run.started_ms for run in h.runs])
    chance = np.clip((starts - began) / (done - began), 0.15, 0.97)
    results = _failing(h.results, rng, np.where(np.arange(len(starts)) >= begin, chance, 0.0), members)
    change = _deploy("culprit", service, done, started_ms=began)
    asked = _asked(posed, results, begin, members, [change], frozenset({"culprit"}), rng)
    is_known = asked is not None and change in asked.question.feed.changes  # before it is done nobody can know
    return asked if is_known else None


def a_canary_that_stays(world: Any) -> Posed | None:
    """The new version went to a part of the pods and stays there: what it breaks fails now and then."""
    drawn = _one_service(world, 14)
    if drawn is None:
        return None
    posed, rng, service, members, begin = drawn
    h = posed.question.history
    share = float(rng.uniform(*PART_OF_PODS))
    results = _failing(h.results, rng, np.where(np.arange(len(h.runs)) >= begin, share, 0.0), members)
    at = h.runs[begin].started_ms - int(rng.uniform(2, 50) * MINUTE_MS)
    return _asked(posed, results, begin, members, [_deploy("culprit", service, at)], frozenset({"culprit"}), rng)


def a_deploy_during_a_run(world: Any) -> Posed | None:
    """Runs take 45 minutes; the deploy comes while one is under way, and only what ran after it fails."""
    drawn = _one_service(world, 15)
    if drawn is None:
        return None
    posed, rng, service, members, begin = drawn
    h = posed.question.history
    runs = tuple(replace(run, ended_ms=run.started_ms + LONG_RUN_MINUTES * MINUTE_MS) for run in h.runs)
    posed = replace(posed, question=replace(posed.question, history=replace(h, runs=runs)))
    passed = float(rng.uniform(0.1, 0.9))
    chance = np.where(np.arange(len(runs)) > begin, 0.97, 0.0)
    chance[begin] = 1 - passed
    results = _failing(h.results, rng, chance, members)
    at = runs[begin].started_ms + int(passed * LONG_RUN_MINUTES * MINUTE_MS)
    return _asked(posed, results, begin, members, [_deploy("culprit", service, at)], frozenset({"culprit"}), rng)


def asked_after_the_rollback(world: Any) -> Posed | None:
    """The culprit was rolled back, hours of runs have passed since, and the question is asked now."""
    if world.kind != "change":
        return None
    later = lab_worlds().incident(world.seed, world.preset, rollback=True)
    record, evidence = later.record, later.evidence
    if not later.rolled_back:
        return None
    whole = replace(
        evidence,
        **{name: getattr(record, name) for name in ("run_times", "executed", "failed", "failed_retry")},
        **{name: getattr(record, name) for name in ("change_times", "change_service", "change_kind", "change_lines")},
        file_hit=record.file_hit,
    )
    question = question_of(whole)
    right = frozenset(f"c{c}" for c in np.flatnonzero(np.isin(record.candidate, later.culprits)))
    backs = [_deploy("back", f"svc{record.change_service[c]:02d}", int(t * MINUTE_MS)) for t, c in record.rollbacks]
    known = (*question.feed.changes, *(replace(one, kind=ChangeKind.ROLLBACK) for one in backs))
    feed = replace(question.feed, changes=tuple(sorted(known, key=lambda c: (c.at_ms, c.change_id))))
    return Posed(replace(question, feed=feed), "change", right, later)


def tests_in_two_pipelines(world: Any) -> Posed:
    """Half of the test cases run in another pipeline, some minutes after the first."""
    posed, rng = as_it_is(world), world_rng(world, 17)
    question = posed.question
    trigger = place_of(question)
    away = rng.random(len(question.history.tests)) < 0.5
    away[trigger] = False
    here, there = (_columns(question.history, np.flatnonzero(some)) for some in (~away, away))
    shift = int(rng.uniform(0.5, 4) * MINUTE_MS)
    runs = tuple(replace(run, started_ms=run.started_ms + shift, pipeline="smoke") for run in there.runs)
    other = replace(there, scope=Scope("smoke", "staging", "main"), runs=runs)
    return replace(posed, question=replace(question, history=here, elsewhere=(other,)))


def the_other_pipeline_unknown(world: Any) -> Posed:
    """The same without looking at the other pipeline."""
    posed = tests_in_two_pipelines(world)
    return replace(posed, question=replace(posed.question, elsewhere=()))


def gaps_that_an_outage_filled(world: Any) -> Posed | None:
    """A third of the tests, the trigger among them, lack the broken service; an outage showed that they feel it."""
    return _with_gaps(world, is_taught=True)


def gaps_that_nothing_filled(world: Any) -> Posed | None:
    """The same without the outage."""
    return _with_gaps(world, is_taught=False)


def an_unrecorded_commit_to_the_tests(world: Any) -> Posed | None:
    """A test file broke with another revision of the tests, of which nobody knows a commit."""
    if world.kind != "flake":
        return None
    posed, rng = with_files(as_it_is(world)), world_rng(world, 20)
    h = posed.question.history
    files = np.array([column.case.file for column in h.tests])
    members = np.flatnonzero(files == files[int(rng.integers(len(files)))])
    begin = int(rng.integers(EARLIEST, max(EARLIEST + 1, len(h.runs) - 4)))
    results = _failing(h.results, rng, np.where(np.arange(len(h.runs)) >= begin, 0.95, 0.0), members)
    step = int(rng.integers(6, 20))
    runs = tuple(_of_revision(run, (row - begin) // step) for row, run in enumerate(h.runs))
    posed = replace(posed, question=replace(posed.question, history=replace(h, runs=runs)))
    asked = _asked(posed, results, begin, members, [], frozenset(), rng)
    return None if asked is None else replace(asked, kind="unrecorded", target="test")


FROM_NOTHING = frozenset(
    {
        "culprit in the test code",
        "library of several services",
        "batch, one service broke",
        "rollout of hours",
        "canary that stays",
        "deploy during a run",
        "unrecorded commit to tests",
    }
)
"""Odd worlds that break something of their own where nothing was broken: they begin with worlds of flakes."""
ODD_CHANGES: dict[str, Odd] = {
    "library of several services": a_library_that_broke_its_users,
    "batch, one service broke": a_batch_of_which_one_service_broke,
    "rollout of hours": a_rollout_of_hours,
    "canary that stays": a_canary_that_stays,
    "deploy during a run": a_deploy_during_a_run,
    "asked after the rollback": asked_after_the_rollback,
    "half in another pipeline": tests_in_two_pipelines,
    "the same, other unseen": the_other_pipeline_unknown,
    "gaps that an outage filled": gaps_that_an_outage_filled,
    "the same, no outage": gaps_that_nothing_filled,
    "unrecorded commit to tests": an_unrecorded_commit_to_the_tests,
}


def _of_revision(run: RunRef, number: int) -> RunRef:
    return replace(run, revision=f"{number + 100:07x}")


def _columns(h: StreamHistory, chosen: Any) -> StreamHistory:
    return replace(
        h,
        tests=tuple(h.tests[t] for t in chosen),
        results=h.results[:, chosen],
        attempts=h.attempts[:, chosen],
        failed_attempts=h.failed_attempts[:, chosen],
    )


def _feels(world: Any, rng: np.random.Generator) -> Any:
    """[tests, services] who really feels what: lists miss one in twenty, and one in twenty-five of the rest is felt."""
    listed, away = world.evidence.covers, world.evidence.distance[world.evidence.entry] < 99
    return (listed & (rng.random(listed.shape) > 0.05)) | (away & (rng.random(listed.shape) < 0.04))


def _some(members: Any, rng: np.random.Generator) -> Any:
    """A share of those who feel a breakage."""
    hit = members[rng.random(len(members)) < rng.beta(0.8, 1.2)]
    return hit if len(hit) else members[:1]


def _one_service(world: Any, salt: int) -> tuple[Posed, np.random.Generator, str, Any, int] | None:
    """A world in which nothing is broken yet: (its question, draws, a service, whom it breaks, the first bad run)."""
    if world.kind != "flake":
        return None
    posed, rng = as_it_is(world), world_rng(world, salt)
    felt = _feels(world, rng)
    able = np.flatnonzero(felt.sum(axis=0) >= 3)
    if len(able) == 0:
        return None
    service = int(rng.choice(able))
    begin = int(rng.integers(EARLIEST, max(EARLIEST + 1, len(posed.question.history.runs) - 5)))
    return posed, rng, f"svc{service:02d}", _some(np.flatnonzero(felt[:, service]), rng), begin


def _batch(world: Any, salt: int, *, broke_one: bool) -> Posed | None:
    if world.kind != "flake":
        return None
    posed, rng = as_it_is(world), world_rng(world, salt)
    felt = _feels(world, rng)
    able = np.flatnonzero(felt.sum(axis=0) >= 2)
    if len(able) < 3:
        return None
    chosen = rng.choice(able, min(len(able), int(rng.integers(3, 7))), replace=False)
    h = posed.question.history
    begin = int(rng.integers(EARLIEST, max(EARLIEST + 1, len(h.runs) - 4)))
    at = h.runs[begin].started_ms - int(rng.uniform(22, 55) * MINUTE_MS)
    batch = [_deploy(f"b{s}", f"svc{s:02d}", at + int(rng.uniform(0, 20) * MINUTE_MS), (LIBRARY,)) for s in chosen]
    members = _some(np.flatnonzero(felt[:, chosen[:1] if broke_one else chosen].any(axis=1)), rng)
    severity = 0.97 if rng.random() < 0.7 else float(rng.uniform(0.15, 0.7))
    results = _failing(h.results, rng, np.where(np.arange(len(h.runs)) >= begin, severity, 0.0), members)
    right = frozenset({batch[0].change_id} if broke_one else {c.change_id for c in batch})
    return _asked(posed, results, begin, members, batch, right, rng)


def _with_gaps(world: Any, *, is_taught: bool) -> Posed | None:
    if world.kind != "change" or world.culprit_service is None:
        return None
    posed, rng = as_it_is(world), world_rng(world, 19)
    question, service = posed.question, f"svc{world.culprit_service:02d}"
    h, trigger = question.history, place_of(question)
    uses = np.array([any(e.service == service and e.tier is Tier.DECLARED for e in c.exercised) for c in h.tests])
    uses[trigger] = True
    hidden = uses & (rng.random(len(uses)) < 0.33)
    hidden[trigger] = True
    graph = replace(
        question.graph,
        calls={name: tuple(c for c in some if c != service) for name, some in question.graph.calls.items()},
    )
    tests = tuple(
        replace(c, exercised=tuple(_known(c.exercised, service, graph))) if hidden[t] else c
        for t, c in enumerate(h.tests)
    )
    results = h.results
    if is_taught:
        rows = np.zeros(len(h.runs))
        rows[int(rng.integers(8, 30))] = 0.85
        results = _failing(results, rng, rows, np.flatnonzero(uses))
    question = replace(question, graph=graph, history=replace(h, tests=tests))
    return replace(posed, question=replace(question, history=with_results(question, results)))


def _known(exercised: tuple[Exercise, ...], service: str, graph: Any) -> list[Exercise]:
    """What a test case is known to exercise once a service is neither listed nor to be reached."""
    near = reachable(graph, exercised[0].service) if exercised else set()
    return [e for e in exercised if e.service != service and (e.tier is Tier.DECLARED or e.service in near)]


def _deploy(
    ident: str, service: str, at_ms: int, commits: tuple[Commit, ...] = (), *, started_ms: int | None = None
) -> Change:
    return Change(
        ident,
        ChangeKind.DEPLOY,
        at_ms,
        service,
        "staging",
        started_ms=started_ms,
        to_version=ident,
        content=ContentKind.CODE,
        additions=60,
        commits=commits,
    )


def _failing(results: Any, rng: np.random.Generator, chance: Any, members: Any) -> Any:
    """Results in which some test cases fail with a chance a run, nine in ten of them on the retry too."""
    out = results.copy()
    inside = np.isin(np.arange(out.shape[1]), members)[None, :]
    hit = inside & (out != ABSENT) & (rng.random(out.shape) < np.asarray(chance)[:, None])
    again = rng.random(out.shape) < np.clip(np.asarray(chance)[:, None] * 0.95 + 0.03, 0, 1)
    out[hit] = np.where(again, np.int8(Result.FAILED), np.int8(Result.FLAKY))[hit]
    return out


def _asked(
    posed: Posed,
    results: Any,
    begin: int,
    members: Any,
    changes: list[Change],
    right: frozenset[str],
    rng: np.random.Generator,
) -> Posed | None:
    """The question after one, two or four failures."""
    return asked_at(posed, results, begin, members, int(rng.choice([1, 2, 4])), tuple(changes), right)
