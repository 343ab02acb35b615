"""One run: what it is, what was red in it, what was deployed before it, and which files it was read from."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import Change, Outcome, Result, RunRef, RunState, Scope, TestCase
from store.connect import Connection
from store.read import changes, results, run_parts, runs, tests
from store.read.run_parts import PartFact
from store.read.streams import list_streams
from tui.answers.query import DAY_MS, Query
from tui.answers.runs import RunRow, run_row_of
from tui.answers.test_detail import AttemptRow, attempt_rows
from tui.errors import NoMatch

SHOWN_FAILURES = 500
_RED = (Outcome.FAILED, Outcome.ERRORED)


@dataclass(frozen=True, slots=True)
class RunFailure:
    """A test case that failed an attempt of the run."""

    case: TestCase
    scope: Scope
    result: Result
    """Merged: `flaky` where a later attempt passed."""
    was_red: bool | None
    """In the run before; None: it has no result there."""
    attempt: AttemptRow
    """The last failing one."""
    attempts: int


@dataclass(frozen=True, slots=True)
class RunDetail:
    """Everything about one run."""

    row: RunRow
    previous: RunRef | None
    """The run before it in the same pipeline, environment and branch."""
    changes: tuple[Change, ...]
    """Between the start of the run before and its own; of its environment and of the tests, oldest first."""
    parts: tuple[PartFact, ...]
    failures: tuple[RunFailure, ...]
    """New red ones first, then those that were red before, then what passed on a retry."""
    is_cut: bool
    """There are more failures than are shown."""

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why it may not tell everything."""
        row, said = self.row, []
        if row.run.state is not RunState.COMPLETE:
            said.append(f"it is {row.run.state.value}")
        if row.shards_expected and row.parts < row.shards_expected:
            said.append(f"{row.parts} of {row.shards_expected} shards reported")
        if row.is_start_estimated:
            said.append("no report says when it began")
        if row.run.ended_ms is None:
            said.append("nothing says that it ended")
        return tuple(said)


def answer_run(connection: Connection, query: Query, run: RunRef) -> RunDetail:
    """Detail of a run.

    Raises:
        NoMatch: it is not in the store, or not any more.
    """
    run_row = runs.find_run(connection, run)
    known = None if run_row is None else runs.load_runs(connection, [run_row])[run_row]
    facts = runs.list_runs(connection, known.started_ms, known.started_ms, 2**62) if known else ()
    fact = next((one for one in facts if one.run_row == run_row), None)
    if fact is None or run_row is None:
        raise NoMatch("run", run.run_id)
    previous = run_parts.find_previous(connection, run_row)
    failures, is_cut = _failures(connection, run_row, previous)
    return RunDetail(
        run_row_of(fact, query),
        previous,
        _changes(connection, fact.run, previous),
        run_parts.list_parts(connection, run_row),
        failures,
        is_cut,
    )


def _changes(connection: Connection, run: RunRef, previous: RunRef | None) -> tuple[Change, ...]:
    since_ms = previous.started_ms if previous else run.started_ms - DAY_MS
    found = changes.list_changes(connection, since_ms, run.started_ms)
    return tuple(one for one in found if one.environment in ("", run.environment))


def _failures(connection: Connection, run_row: int, previous: RunRef | None) -> tuple[tuple[RunFailure, ...], bool]:
    failing = run_parts.list_failing_of_run(connection, run_row, SHOWN_FAILURES + 1)
    is_cut, failing = len(failing) > SHOWN_FAILURES, failing[:SHOWN_FAILURES]
    infos = tests.load_tests(connection, {one.test_row for one in failing})
    scopes = {row.stream_id: row.scope for row in list_streams(connection)}
    last = {(one.stream_id, one.test_row): one for one in failing}
    rows = dict(zip(last, attempt_rows(connection, tuple(last.values())), strict=True))
    before = None if previous is None else runs.find_run(connection, previous)
    found = []
    for stream_id in dict.fromkeys(stream for stream, _ in last):
        test_rows = [test for stream, test in last if stream == stream_id]
        outcomes = _outcomes(connection, stream_id, run_row, test_rows)
        earlier = {} if before is None else _outcomes(connection, stream_id, before, test_rows)
        for test in test_rows:
            mine, was = outcomes[test], earlier.get(test)
            result = Result.FLAKY if mine[-1] not in _RED else Result(mine[-1])
            was_red = None if was is None else was[-1] in _RED
            attempt = rows[stream_id, test]
            found.append(RunFailure(infos[test].case, scopes[stream_id], result, was_red, attempt, len(mine)))
    found.sort(key=lambda one: (one.result is Result.FLAKY, bool(one.was_red), one.case.identity, one.scope))
    return tuple(found), is_cut


def _outcomes(connection: Connection, stream_id: int, run_row: int, test_rows: list[int]) -> dict[int, list[int]]:
    """Outcomes of the attempts of some cases in a run, in order; skipped ones do not count."""
    found: dict[int, list[int]] = {}
    for _, test, outcome, _ in results.list_results(connection, stream_id, [run_row], test_rows):
        if outcome != Outcome.SKIPPED:
            found.setdefault(test, []).append(outcome)
    return found
