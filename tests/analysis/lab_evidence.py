"""Simulated incidents of the shared lab as questions to `rank_suspects`, without files and without a store."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

from analysis.records import (
    ABSENT,
    ChangeFeed,
    Exercise,
    FailureSample,
    ServiceGraph,
    StreamHistory,
    SuspectQuestion,
    TestColumn,
)
from ingest.model import Change, ChangeKind, ContentKind, Result, RunRef, Scope, TestCase, Tier

SHARED = Path(__file__).resolve().parents[3] / "shared"
"""Beside the checkout; absent on most machines."""
MINUTE_MS = 60_000
RUN_MINUTES = 15
_CONTENTS = (
    ContentKind.CODE,
    ContentKind.DEPENDENCY,
    ContentKind.CONFIGURATION,
    ContentKind.MIGRATION,
    ContentKind.NO_OP,
)


def lab_worlds() -> Any:
    """The lab's `worlds` module; raises ImportError where there is no lab."""
    if not (SHARED / "lab" / "worlds.py").exists():
        raise ImportError(f"no lab in {SHARED.name}/ beside the checkout")
    if str(SHARED) not in sys.path:
        sys.path.append(str(SHARED))
    from lab import worlds  # type: ignore[import-not-found,unused-ignore]

    return worlds


def question_of(evidence: Any) -> SuspectQuestion:
    """What crywolf would know of a world after ingesting it, as a question.

    Change c gets the id `c<index>`, service s the name `svc<index>`.
    """
    services = [f"svc{s:02d}" for s in range(len(evidence.calls))]
    scope = Scope("integration", "staging", "main")
    runs = tuple(
        RunRef(
            int(at * MINUTE_MS),
            "integration",
            str(r),
            ended_ms=int((at + RUN_MINUTES) * MINUTE_MS),
            environment="staging",
            branch="main",
            revision="r",
        )
        for r, at in enumerate(evidence.run_times)
    )
    graph = ServiceGraph(
        {services[s]: tuple(services[u] for u in np.flatnonzero(row)) for s, row in enumerate(evidence.calls)},
        dict.fromkeys(services),
    )
    tests = tuple(_column(evidence, t, services) for t in range(len(evidence.entry)))
    failed, again = evidence.failed & evidence.executed, evidence.failed_retry & evidence.executed
    results = np.where(evidence.executed, np.int8(Result.PASSED), np.int8(ABSENT)).astype(np.int8)
    results[failed] = Result.FLAKY
    results[again] = Result.FAILED
    history = StreamHistory(
        scope,
        runs,
        tests,
        results,
        (failed.astype(np.uint8) + again).astype(np.uint8),
        (evidence.executed.astype(np.uint8) + failed).astype(np.uint8),
    )
    changes = tuple(_change(evidence, c, services) for c in np.argsort(evidence.change_times, kind="stable"))
    feed = ChangeFeed(changes, frozenset((name, "staging") for name in services))
    trigger = tests[evidence.trigger].case.test_id
    return SuspectQuestion(trigger, history, graph, feed, _samples(evidence, trigger, runs, services))


def _column(evidence: Any, t: int, services: list[str]) -> TestColumn:
    entry = int(evidence.entry[t])
    declared = [entry, *(int(s) for s in np.flatnonzero(evidence.covers[t]) if s != entry)]
    away = evidence.distance[entry]
    far = [s for s in np.argsort(away, kind="stable") if 0 < away[s] < 99 and s not in declared]
    exercised = [Exercise(services[s], Tier.DECLARED) for s in declared]
    exercised += [Exercise(services[s], Tier.REACHABLE, int(away[s])) for s in far]
    return TestColumn(TestCase("integration", "com.acme.FlowIT", f"test{t:03d}"), tuple(exercised))


def _change(evidence: Any, c: int, services: list[str]) -> Change:
    service = services[int(evidence.change_service[c])]
    return Change(
        f"c{c}",
        ChangeKind.DEPLOY,
        int(evidence.change_times[c] * MINUTE_MS),
        service,
        "staging",
        to_version=f"v{c}",
        content=_CONTENTS[int(evidence.change_kind[c])],
        additions=max(1, round(float(evidence.change_lines[c]))),
        deletions=0,
        files=(f"services/{service}/src/Touched{c}.java",),
    )


def _samples(evidence: Any, trigger: str, runs: tuple[RunRef, ...], services: list[str]) -> tuple[FailureSample, ...]:
    named = "".join(f"\nCaused by: GET http://{services[s]}.staging.internal/v1 -> 503" for s in evidence.mentioned)
    stack = "".join(f"\n\tat com.acme.Touched{c}.go(Touched{c}.java:12)" for c in np.flatnonzero(evidence.file_hit))
    text = "java.lang.AssertionError: not what was expected" + named + stack
    return (FailureSample(trigger, runs[-1], "java.lang.AssertionError", "not what was expected", text, ""),)
