"""May a run pass? It may not when a test is red in it for real, or when that cannot be told.

A red test gates unless something speaks for it: it is in quarantine; it is `flaky` or `environment`, as people say or,
where nobody said anything, as good as surely by the verdict as of the end of the run; or, before a merge, it is red on
the baseline as well, which the change did not do. Before a merge a flake must be one that the baseline knows: what
failed in other merge requests failed by their code, and what a merge request breaks at once looks like an outage.
`undecided` gates: nobody has shown it to be noise. What the newest attempt of a run said of a test counts, with what
earlier ones said where it was not executed again. A run that is not complete, misses shards, executed nothing or is
stale cannot be told.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from analysis.handling import Stretch
from analysis.ledger import Said
from ingest.model import Outcome, Result, RunRef, RunState, Scope, TestCase, Trigger, Verdict
from store.connect import Connection
from store.read import results, run_names, runs, tests
from store.read.rows import StreamRow
from store.read.run_parts import list_failing_of_run
from tui.answers.basis import Basis, load_basis
from tui.answers.handled import test_states
from tui.answers.health import answer_health
from tui.answers.judging import Judged, judge_last_failure, judge_red
from tui.answers.query import Moment, Query
from tui.answers.rating import rate_stream
from tui.answers.runs import run_row_of
from tui.answers.said import load_called
from tui.answers.triage import NEW, QUARANTINED
from tui.errors import NoMatch

LATEST = "latest"
_NOISE = (Verdict.FLAKY, Verdict.ENVIRONMENT)
SHOWN = 0.8
"""Probability of a flake or an outage from which on a failure lets a run pass."""
_RED = (Outcome.FAILED, Outcome.ERRORED)
_ALL = 2**31
_EVER = 2**62
_Found = tuple[tuple[int, RunRef], ...]
"""(row, run)."""


@dataclass(frozen=True, slots=True)
class GateRow:
    """A test case that is red in a run."""

    case: TestCase
    scope: Scope
    result: Result
    verdict: Verdict
    age: str
    gates: bool
    why: str
    """Why it gates, or why not."""
    state: str
    """What people did with it."""
    message: str
    called: Said | None = None
    """What people call it, which is the verdict then."""
    model: Verdict = Verdict.UNDECIDED
    """The verdict of the model, whatever people call it."""


@dataclass(frozen=True, slots=True)
class GatedRun:
    """One run with its attempts."""

    run: RunRef
    """Its newest attempt."""
    doubts: tuple[str, ...]
    """Why it cannot be told that nothing is red for real."""
    rows: tuple[GateRow, ...]
    """What gates first, then by identity and scope."""

    @property
    def gating(self) -> tuple[GateRow, ...]:
        """Test cases that may not pass."""
        return tuple(row for row in self.rows if row.gates)


@dataclass(frozen=True, slots=True)
class GateAnswer:
    """The runs that were asked for."""

    runs: tuple[GatedRun, ...]

    @property
    def passes(self) -> bool:
        """Whether nothing may be red for real, and that can be told."""
        return not any(one.gating or one.doubts for one in self.runs)


def answer_gate(connection: Connection, query: Query, name: str) -> GateAnswer:
    """Whether the runs of a name may pass.

    Args:
        name: a run's id, `PIPELINE/ID`, `latest`, `PIPELINE/latest`, or a folder or file that was ingested.

    Raises:
        NoMatch: no run is called so, or runs of several pipelines are.
        PrunedAway: its results are gone.
    """
    found, is_latest = find_named(connection, query, name)
    groups: dict[tuple[str, str, str], list[tuple[int, RunRef]]] = {}
    for row, run in found:
        groups.setdefault((run.pipeline, run.run_id, run.environment), []).append((row, run))
    return GateAnswer(tuple(_gated(connection, query, group, is_latest) for group in groups.values()))


# ---------------------------------------------------------------- which runs
def find_named(connection: Connection, query: Query, name: str) -> tuple[_Found, bool]:
    """(runs of a name under the filters, oldest attempt first, whether the newest one was asked for).

    Raises:
        NoMatch: no run is called so, or runs of several pipelines are.
    """
    at_ms = _EVER if query.at is None or query.at.at_ms is None else query.at.at_ms
    if os.path.exists(name):
        found = run_names.list_runs_below(connection, os.path.abspath(os.fsencode(Path(name))))
        if found := _in_scope(found, query):
            return found, False
    pipeline, _, run_id = name.rpartition("/")
    asked = replace(query, pipeline=pipeline or query.pipeline)
    if run_id == LATEST:
        newest = run_names.newest_run(connection, asked.pipeline, asked.environment, at_ms)
        if newest is None:
            raise NoMatch("run", name)
        run_id, asked = newest.run_id, replace(asked, pipeline=newest.pipeline)
    found = _in_scope(run_names.list_runs_called(connection, run_id, at_ms), asked)
    pipelines = sorted({run.pipeline for _, run in found})
    if len(pipelines) != 1:
        raise NoMatch("run", name, tuple(f"{one}/{run_id}" for one in pipelines), is_ambiguous=bool(pipelines))
    return found, name.endswith(LATEST)


def _in_scope(found: _Found, query: Query) -> _Found:
    wanted = ((query.pipeline, "pipeline"), (query.environment, "environment"), (query.branch, "branch"))
    return tuple(
        (row, run)
        for row, run in found
        if all(asked is None or asked.casefold() == getattr(run, key).casefold() for asked, key in wanted)
    )


# ---------------------------------------------------------------- one run
def _gated(connection: Connection, query: Query, group: Sequence[tuple[int, RunRef]], is_latest: bool) -> GatedRun:
    run = group[-1][1]
    doubts = (*_doubts(connection, query, group), *(_stale(connection, query, run) if is_latest else ()))
    red = _red_of(connection, [row for row, _ in group])
    if not red:
        return GatedRun(run, doubts, ())
    end_ms = max(one.ended_ms or one.started_ms for _, one in group)
    is_pre_merge = run.trigger is Trigger.PRE_MERGE
    asked = replace(
        query,
        at=Moment(at_ms=end_ms),
        pipeline=run.pipeline,
        environment=run.environment or None,
        branch=None if is_pre_merge else run.branch or None,
        service=None,
        owner=None,
    )
    basis = load_basis(connection, asked)
    assert basis is not None  # the run is in it
    basis.called = load_called(connection, query, basis.window)  # people speak of a run when it has ended
    judged = _Judge(basis, is_pre_merge, frozenset(test for _, test in red))
    infos = tests.load_tests(connection, {test for _, test in red})
    scopes = {row.stream_id: row for row in basis.streams}
    stretch = Stretch(group[0][1].started_ms, end_ms)
    states = test_states(connection, query, basis.window, [(one.case.test_id, stretch) for one in infos.values()])
    rows = [
        _row(infos[test].case, scopes[stream], outcome, judged, test, states.get(infos[test].case.test_id, NEW))
        for (stream, test), outcome in red.items()
    ]
    rows.sort(key=lambda row: (not row.gates, row.case.identity, row.scope))
    return GatedRun(run, doubts, tuple(rows))


def _doubts(connection: Connection, query: Query, group: Sequence[tuple[int, RunRef]]) -> Iterable[str]:
    """Why the results of a run may not be all."""
    run_row, run = group[0]
    facts = runs.list_runs(connection, run.started_ms, run.started_ms, _EVER)
    row = next(run_row_of(fact, query) for fact in facts if fact.run_row == run_row)
    if run.state is not RunState.COMPLETE:
        yield f"the run is {run.state.value}"
    if row.shards_expected and row.parts < row.shards_expected:
        yield f"{row.parts} of {row.shards_expected} shards reported"
    if row.counts.tests == row.counts.skipped:
        yield "no test was executed"


def _stale(connection: Connection, query: Query, run: RunRef) -> Iterable[str]:
    """Whether the newest run of a pipeline is too old beside the newest of the store."""
    health = answer_health(connection, replace(query, pipeline=None, environment=None, branch=None))
    if any(one.pipeline == run.pipeline for one in health.stale):
        yield "it is the newest run and older than its cadence allows"


def _red_of(connection: Connection, run_rows: Sequence[int]) -> dict[tuple[int, int], int]:
    """(stream row, test row) -> last outcome of what is red in a run; its attempts are given oldest first."""
    failing = {(one.stream_id, one.test_row) for row in run_rows for one in list_failing_of_run(connection, row, _ALL)}
    last: dict[tuple[int, int], int] = {}
    for stream in sorted({stream for stream, _ in failing}):
        wanted = sorted(test for one, test in failing if one == stream)
        for row in run_rows:
            for _, test, outcome, _ in results.list_results(connection, stream, [row], wanted):
                if outcome != Outcome.SKIPPED:
                    last[stream, test] = outcome
    return {key: outcome for key, outcome in last.items() if outcome in _RED}


class _Judge:
    """Judgements as of the end of a run."""

    def __init__(self, basis: Basis, is_pre_merge: bool, test_rows: frozenset[int]) -> None:
        self._basis = basis
        self._test_rows = test_rows
        self._red = judge_red(basis, test_rows)
        self._is_pre_merge = is_pre_merge

    def of(self, stream: StreamRow, test_row: int) -> tuple[Judged | None, bool]:
        """(judgement of a red case, whether it is one of the baseline of what is to be merged)."""
        if not self._is_pre_merge:
            return self._red.get((stream.stream_id, test_row)), False
        place = replace(stream.scope, branch="")
        for row in self._basis.baseline:
            if (one := self._red.get((row.stream_id, test_row))) and replace(row.scope, branch="") == place:
                return one, True
        return judge_last_failure(self._basis, stream, test_row), False

    def doubt_of(self, stream: StreamRow, test_row: int, one: Judged) -> str:
        """Why what looks like noise may be real; empty where it is shown to be noise."""
        if not self._is_pre_merge:
            kinds = ("flake", "environment")
            noise = sum(each.probability for each in one.judgement.hypotheses if each.kind in kinds)
            return "" if noise >= SHOWN else f"noise by {noise:.2f} only"
        if one.verdict is not Verdict.FLAKY:
            return "an outage would be seen on the baseline as well"
        is_known = (replace(stream.scope, branch=""), test_row) in self._known_flakes
        return "" if is_known else "no flake of it is known on the baseline"

    @cached_property
    def _known_flakes(self) -> set[tuple[Scope, int]]:
        """(stream without its branch, test row) of red cases that flake on the baseline now."""
        found = set()
        for row in self._basis.baseline:
            rated = rate_stream(self._basis, row, sorted(self._test_rows))
            pairs = zip(rated.loaded.test_rows, rated.stats, strict=True)
            place = replace(row.scope, branch="")
            found |= {(place, test) for test, stats in pairs if stats.trend.state in ("new", "flaky")}
        return found


def _row(case: TestCase, stream: StreamRow, outcome: int, judge: _Judge, test_row: int, state: str) -> GateRow:
    one, is_of_baseline = judge.of(stream, test_row)
    verdict = Verdict.UNDECIDED if one is None else one.verdict
    if state.startswith(QUARANTINED):
        gates, why = False, state
    elif one is not None and is_of_baseline:
        gates, why = False, f"red on {one.stream.scope.branch or 'the baseline'} as well"
    elif one is not None and one.called is not None:
        gates, why = verdict not in _NOISE, f"called {verdict.value} by {one.called.actor}"
    elif one is None:
        gates, why = True, "its history cannot be judged"
    elif verdict in _NOISE:
        doubt = judge.doubt_of(stream, test_row, one)
        gates, why = bool(doubt), doubt or "shown to be no fault of what was tested"
    elif verdict is Verdict.UNDECIDED:
        gates, why = True, one.judgement.reason or "nothing shows that it is noise"
    else:
        gates, why = True, "real"
    if one is None:
        return GateRow(case, stream.scope, Result(outcome), verdict, "", gates, why, state, "")
    return GateRow(
        case,
        stream.scope,
        Result(outcome),
        verdict,
        one.judgement.age,
        gates,
        why,
        state,
        one.message,
        one.called,
        one.judgement.verdict,
    )
