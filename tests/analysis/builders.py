"""Small histories written as text, so that a test reads like the screen it is about."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from analysis.records import ABSENT, ChangeFeed, Exercise, StreamHistory, TestColumn
from ingest.model import Change, ChangeKind, Result, RunRef, RunState, Scope, TestCase, Tier

HOUR = 3_600_000
MINUTE = 60_000
START = 1_767_225_600_000
"""2026-01-01T00:00:00Z."""
SCOPE = Scope("nightly", "staging", "main")
_CELLS = {
    ".": Result.PASSED,
    "F": Result.FAILED,
    "E": Result.ERRORED,
    "S": Result.SKIPPED,
    "~": Result.FLAKY,
    "R": Result.FAILED,
}


def run(i: int, *, revision: str | None = "r1", state: RunState = RunState.COMPLETE, minutes: int = 10) -> RunRef:
    """The run that starts i hours in."""
    start = START + i * HOUR
    return RunRef(
        start,
        SCOPE.pipeline,
        str(i),
        ended_ms=start + minutes * MINUTE,
        environment=SCOPE.environment,
        branch=SCOPE.branch,
        revision=revision,
        state=state,
    )


def column(name: str, *services: str, reachable: Sequence[str] = (), file: str | None = None) -> TestColumn:
    """A test case that declares services and reaches others."""
    exercised = [Exercise(s, Tier.DECLARED) for s in services] + [Exercise(s, Tier.REACHABLE, 1) for s in reachable]
    return TestColumn(TestCase("shop", "ShopIT", name, file), tuple(exercised))


def history(
    rows: dict[str, str] | Sequence[tuple[TestColumn, str]],
    *,
    revisions: Sequence[str | None] | None = None,
    states: Sequence[RunState] | None = None,
) -> StreamHistory:
    """A stream from one line a test case, a character a run.

    `.` passed, `F` failed, `E` errored, `S` skipped, `~` flaky (failed, then passed), `R` failed on the retry too,
    blank: absent.
    """
    pairs = [(column(name), line) for name, line in rows.items()] if isinstance(rows, dict) else list(rows)
    n = max((len(line) for _, line in pairs), default=0)
    shape = (n, len(pairs))
    results = np.full(shape, ABSENT, dtype=np.int8)
    failed, attempts = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    for t, (_, line) in enumerate(pairs):
        for i, cell in enumerate(line):
            if cell != " ":
                results[i, t] = _CELLS[cell]
                attempts[i, t] = 2 if cell in "~R" else 1
                failed[i, t] = {"F": 1, "E": 1, "~": 1, "R": 2}.get(cell, 0)
    runs = tuple(
        run(
            i,
            revision="r1" if revisions is None else revisions[i],
            state=RunState.COMPLETE if states is None else states[i],
        )
        for i in range(n)
    )
    return StreamHistory(SCOPE, runs, tuple(c for c, _ in pairs), results, failed, attempts)


def deploy(service: str, hours: float, version: str | None = None, *, kind: ChangeKind = ChangeKind.DEPLOY) -> Change:
    """A deploy so many hours in."""
    at = START + round(hours * HOUR)
    return Change(f"{service}@{hours}", kind, at, service, SCOPE.environment, to_version=version)


def feed(*changes: Change, covered: Sequence[str] = ()) -> ChangeFeed:
    """A feed that covers the services of its changes and those named."""
    names = {c.service for c in changes if c.service} | set(covered)
    return ChangeFeed(
        tuple(sorted(changes, key=lambda c: c.at_ms)), frozenset((name, SCOPE.environment) for name in names)
    )
