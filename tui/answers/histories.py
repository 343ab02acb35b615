"""Rows of the store as the arrays that analyses take."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.records import ABSENT, DurationMatrix, RerunResult, StreamHistory
from ingest.model import Outcome, Result, RunState
from store.merge import merge_attempts
from store.read import results, runs, tests
from store.read.rows import StreamRow, StreamRun
from tui.answers.basis import Basis

UNKNOWN_DURATION = -1


@dataclass(frozen=True, slots=True)
class Loaded:
    """A stream's history with the store's rows beside it."""

    stream: StreamRow
    history: StreamHistory
    run_rows: tuple[int, ...]
    """[n]"""
    test_rows: tuple[int, ...]
    """[m]"""
    durations_ms: DurationMatrix
    """[n, m] of all attempts together, -1 where not known."""
    last_durations_ms: DurationMatrix
    """[n, m] of the last attempt, -1 where not known."""
    failed_ms: DurationMatrix
    """[n, m] of the failing attempts together, -1 where any of them is not known; 0 where none failed."""


def load_history(
    basis: Basis,
    stream: StreamRow,
    since_ms: int,
    until_ms: int,
    test_rows: Sequence[int] | None = None,
    limit: int = runs.NO_LIMIT,
) -> Loaded:
    """Baseline runs of a stream that started in [since, until], and the results of some or all cases in them."""
    connection = basis.connection
    found = runs.list_stream_runs(connection, stream.stream_id, since_ms, until_ms, basis.window.now_ms, limit)
    wanted = None if test_rows is None else sorted(set(test_rows))
    rows = list(results.list_results(connection, stream.stream_id, [run.run_row for run in found], wanted))
    present = wanted if wanted is not None else sorted({row[1] for row in rows})
    return _build(basis, stream, found, present, rows)


def load_reruns(basis: Basis, loaded: Loaded) -> tuple[RerunResult, ...]:
    """Results of the history's cases in later attempts of its runs, as far as they had ended by now."""
    runs_of = loaded.history.runs
    if not runs_of:
        return ()
    found = runs.list_stream_reruns(
        basis.connection, loaded.stream.stream_id, runs_of[0].started_ms, basis.window.now_ms
    )
    if not found:
        return ()
    by_row = {run.run_row: run.run for run in found}
    ids = {row: test.case.test_id for row, test in zip(loaded.test_rows, loaded.history.tests, strict=True)}
    attempts: dict[tuple[int, int], list[int]] = {}
    for run_row, test_row, outcome, _ in results.list_results(
        basis.connection, loaded.stream.stream_id, list(by_row), loaded.test_rows
    ):
        attempts.setdefault((run_row, test_row), []).append(outcome)
    return tuple(
        RerunResult(ids[test_row], by_row[run_row], merge_attempts(outcomes))
        for (run_row, test_row), outcomes in attempts.items()
    )


def last_complete(loaded: Loaded, column: int) -> int | None:
    """Row of the last complete run that executed a case."""
    skipped, complete = int(Result.SKIPPED), RunState.COMPLETE
    cells = loaded.history.results[:, column].tolist()
    for n in range(len(cells) - 1, -1, -1):
        if cells[n] != ABSENT and cells[n] != skipped and loaded.history.runs[n].state is complete:
            return n
    return None


def _build(
    basis: Basis,
    stream: StreamRow,
    found: Sequence[StreamRun],
    test_rows: Sequence[int],
    rows: Sequence[results.ResultTuple],
) -> Loaded:
    """Columns stand by identity, never by row: sums of floating-point numbers depend on their order."""
    infos = tests.load_tests(basis.connection, test_rows)
    test_rows = sorted(test_rows, key=lambda row: infos[row].case.identity)
    shape = (len(found), len(test_rows))
    place_n = {run.run_row: n for n, run in enumerate(found)}
    place_m = {row: m for m, row in enumerate(test_rows)}
    cells = np.full(shape, ABSENT, dtype=np.int8)
    attempts, failed = np.zeros(shape, dtype=np.uint8), np.zeros(shape, dtype=np.uint8)
    total = np.full(shape, UNKNOWN_DURATION, dtype=np.int64)
    last = np.full(shape, UNKNOWN_DURATION, dtype=np.int64)
    lost = np.zeros(shape, dtype=np.int64)
    singles, retried = _split(rows)
    if singles:
        table = np.array([(place_n[r], place_m[t], o, UNKNOWN_DURATION if d is None else d) for r, t, o, d in singles])
        n, m = table[:, 0], table[:, 1]
        cells[n, m] = table[:, 2]
        attempts[n, m] = 1
        failed[n, m] = (table[:, 2] == Outcome.FAILED) | (table[:, 2] == Outcome.ERRORED)
        lost[n, m] = np.where(failed[n, m], table[:, 3], 0)
        total[n, m] = last[n, m] = table[:, 3]
    for group in retried:
        place = place_n[group[0][0]], place_m[group[0][1]]
        outcomes = [row[2] for row in group]
        cells[place] = merge_attempts(outcomes)
        attempts[place] = min(255, len(outcomes))
        failed[place] = min(255, sum(o in (Outcome.FAILED, Outcome.ERRORED) for o in outcomes))
        known = [row[3] for row in group if row[3] is not None]
        if known:
            total[place] = sum(known)
        if group[-1][3] is not None:
            last[place] = group[-1][3]
        bad = [row[3] for row in group if row[2] in (Outcome.FAILED, Outcome.ERRORED)]
        lost[place] = UNKNOWN_DURATION if None in bad else sum(d for d in bad if d is not None)
    entry = basis.entries.get(stream.scope.pipeline)
    columns = tuple(basis.column(infos[row], entry) for row in test_rows)
    history = StreamHistory(stream.scope, tuple(run.run for run in found), columns, cells, failed, attempts)
    return Loaded(stream, history, tuple(run.run_row for run in found), tuple(test_rows), total, last, lost)


def _split(
    rows: Sequence[results.ResultTuple],
) -> tuple[list[results.ResultTuple], list[list[results.ResultTuple]]]:
    """(cases of one attempt, the attempts of cases with more); attempts of one case in one run stand together."""
    singles: list[results.ResultTuple] = []
    retried: list[list[results.ResultTuple]] = []
    previous: results.ResultTuple | None = None
    for row in rows:
        if previous is not None and previous[1] == row[1] and previous[0] == row[0]:
            if retried and retried[-1][-1] is previous:
                retried[-1].append(row)
            else:
                retried.append([singles.pop(), row])
        else:
            singles.append(row)
        previous = row
    return singles, retried
