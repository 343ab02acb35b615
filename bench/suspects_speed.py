"""How long one ranking takes: processor time by numbers of changes and test cases, the best of several.

    python -m bench.suspects_speed [--rounds 5]

Made-up incidents: 60 services of which each test case exercises six, 70 runs, one failure in a hundred, and one service
broken in the last three runs. The targets: 200 ms for 100 changes and 500 test cases, a second for 400 and 2,000.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

from analysis.records import ChangeFeed, Exercise, ServiceGraph, StreamHistory, SuspectQuestion, TestColumn
from analysis.suspects import rank_suspects
from bench.measuring import headline, table
from ingest.model import Change, ChangeKind, Result, RunRef, Scope, TestCase, Tier

SIZES = ((82, 140, "median of the lab"), (100, 500, "200 ms"), (400, 2_000, "1 s"))
SERVICES, RUNS, HOUR_MS = 60, 70, 3_600_000


def made_up(changes: int, tests: int) -> SuspectQuestion:
    """An incident of a certain size."""
    rng = np.random.default_rng(3)
    scope = Scope("nightly", "staging", "main")
    names = [f"svc{s:02d}" for s in range(SERVICES)]
    calls = {name: tuple(names[int(t)] for t in rng.choice(SERVICES, 3, replace=False)) for name in names}
    touched = [rng.choice(SERVICES, 6, replace=False) for _ in range(tests)]
    columns = tuple(
        TestColumn(TestCase("s", "C", f"t{t:04d}"), tuple(Exercise(names[int(s)], Tier.DECLARED) for s in some))
        for t, some in enumerate(touched)
    )
    results = np.where(rng.random((RUNS, tests)) < 0.01, np.int8(Result.FAILED), np.int8(Result.PASSED)).astype(np.int8)
    hit = [t for t, some in enumerate(touched) if 7 in some and rng.random() < 0.5]
    results[-3:, hit] = Result.FAILED
    runs = tuple(
        RunRef(
            n * HOUR_MS, "nightly", str(n), ended_ms=n * HOUR_MS + HOUR_MS // 3, environment="staging", branch="main"
        )
        for n in range(RUNS)
    )
    attempts = np.ones(results.shape, dtype=np.uint8)
    history = StreamHistory(scope, runs, columns, results, (results == Result.FAILED).astype(np.uint8), attempts)
    last = (RUNS - 3) * HOUR_MS
    feed = ChangeFeed(
        tuple(
            Change(f"c{c}", ChangeKind.DEPLOY, last - 60_000 - int(c * 34 * HOUR_MS / changes), names[c % SERVICES])
            for c in reversed(range(changes))
        ),
        frozenset((name, "staging") for name in names),
    )
    return SuspectQuestion(columns[hit[0]].case.test_id, history, ServiceGraph(calls, dict.fromkeys(names)), feed)


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    headline("One ranking of suspects", f"best of {options.rounds}")
    rows = []
    for changes, tests, target in SIZES:
        question, taken = made_up(changes, tests), []
        for _ in range(options.rounds + 1):
            began = time.process_time()
            rank_suspects(question)
            taken.append(time.process_time() - began)
        rows.append((f"{changes} changes, {tests:,} test cases", f"{min(taken[1:]) * 1000:.0f} ms", target))
    table(("what", "processor time", "target"), rows)


if __name__ == "__main__":
    main()
