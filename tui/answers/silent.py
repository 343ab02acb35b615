"""What did we stop testing? Cases that are skipped for long, vanished, or run in other environments only.

Looks at the last 90 days, or from `--since` on where that is longer, of the baseline streams. A case runs elsewhere
when it runs now in another environment of its pipeline, on the same branch and variant, and was never executed here
though 5 complete runs could have; not where an environment runs less than half of what the others do: that one is
taken to be a choice, and counted.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.silent import (
    LEAST_RUNS,
    NEVER,
    Held,
    Ints,
    Loss,
    LossKind,
    Traces,
    find_losses,
    trace_cases,
)
from ingest.model import RunRef, Scope, TestCase
from store.connect import Connection
from store.read import packed, presence, runs
from store.read.aliases import list_aliases
from store.read.presence import HeldPart
from store.read.rows import StreamRow
from tui.answers.basis import Basis, load_basis
from tui.answers.flows import criticality_of
from tui.answers.query import DAY_MS, Query, Window

LOOK_BACK_DAYS = 90
LEAST_SHARE = 0.5
"""Share of what the other environments run from which an environment is meant to run all of it."""


@dataclass(frozen=True, slots=True)
class SilentRow:
    """One case of a stream that nobody would miss by looking at what is red."""

    kind: LossKind
    case: TestCase
    scope: Scope
    owners: tuple[str, ...]
    since_ms: int
    """When it last ran; where that is not known, when it was first seen, here or elsewhere."""
    last_run: RunRef | None
    """The last run that executed it; None where none is known."""
    missed: int
    """Complete runs without it since, or runs that skipped it."""
    reason: str = ""
    """Why it is skipped, as the newest report says."""
    runs_in: tuple[str, ...] = ()
    """Environments of the same pipeline in which it runs."""
    criticality: float = 1.0
    flows: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Subset:
    """An environment that runs a choice of what the others run."""

    scope: Scope
    tests: int
    """Of those that run in the other environments."""
    of: int


@dataclass(frozen=True, slots=True)
class SilentAnswer:
    """Rows by criticality, then the newest loss first."""

    window: Window | None
    since_ms: int
    """How far back was looked."""
    tests: int
    """Cases that were in any run since then."""
    rows: tuple[SilentRow, ...]
    subsets: tuple[Subset, ...]


@dataclass(frozen=True, slots=True)
class _Stream:
    row: StreamRow
    run_rows: tuple[int, ...]
    starts_ms: Ints
    is_complete: tuple[bool, ...]
    traces: Traces
    losses: tuple[Loss, ...]

    def running(self) -> Ints:
        """Cases that run here now: those that were executed, and are not lost."""
        lost = np.array([loss.test for loss in self.losses], dtype=np.int64)
        ran = self.traces.tests[self.traces.executed >= LEAST_RUNS]
        return np.setdiff1d(ran, lost)


def answer_silent(connection: Connection, query: Query) -> SilentAnswer:
    """Silent losses under the filters of `query`."""
    basis = load_basis(connection, query)
    wide = load_basis(connection, replace(query, environment=None))
    if basis is None or wide is None:
        return SilentAnswer(None, 0, 0, (), ())
    window = wide.window = basis.window
    since_ms = min(window.since_ms, window.now_ms - LOOK_BACK_DAYS * DAY_MS)
    streams = [_look_at(wide, row, since_ms) for row in wide.baseline]
    asked = {row.stream_id for row in basis.baseline}
    rows: list[SilentRow] = []
    subsets: list[Subset] = []
    for stream in streams:
        if stream.row.stream_id in asked and stream.run_rows:
            rows += _lost(wide, stream)
            others = [other for other in streams if _is_twin(other.row.scope, stream.row.scope)]
            found = _elsewhere(wide, stream, others)
            if isinstance(found, Subset):
                subsets.append(found)
            else:
                rows += found
    held = [stream.traces.tests for stream in streams if stream.row.stream_id in asked]
    tests = len(np.unique(np.concatenate(held))) if held else 0
    rows.sort(key=lambda row: (-row.criticality, -row.since_ms, row.case.identity, row.scope))
    return SilentAnswer(window, since_ms, tests, tuple(rows), tuple(subsets))


def _look_at(basis: Basis, row: StreamRow, since_ms: int) -> _Stream:
    """What the runs of a stream hold, and what is lost of it."""
    connection, now_ms = basis.connection, basis.window.now_ms
    parts = presence.list_held(connection, row.stream_id, since_ms, now_ms)
    order = {part.run_row: part for part in parts}
    place = {run_row: n for n, run_row in enumerate(order)}
    starts = np.array([part.started_ms for part in order.values()], dtype=np.int64)
    complete = tuple(part.is_complete for part in order.values())
    traces = trace_cases(list(_held(connection, parts, place)))
    losses = find_losses(traces, starts, np.array(complete, dtype=np.bool_), now_ms)
    renamed = {fact.old_row for fact in list_aliases(connection)} if losses else set()
    kept = tuple(loss for loss in losses if loss.test not in renamed)
    return _Stream(row, tuple(order), starts, complete, traces, kept)


def _held(connection: Connection, parts: Sequence[HeldPart], place: dict[int, int]) -> Iterator[Held]:
    """Every set of cases with the runs that hold it."""
    runs_of: dict[int, list[int]] = {}
    for part in parts:
        if part.set_row is None:
            keys = np.array(presence.list_part_cases(connection, part.part_row), dtype=np.int64)
            yield Held(keys, np.array([place[part.run_row]], dtype=np.int64))
        else:
            runs_of.setdefault(part.set_row, []).append(place[part.run_row])
    for set_row in sorted(runs_of):
        steps = packed.load_case_sets(connection, (set_row,))[set_row]
        keys = np.cumsum(np.frombuffer(steps, dtype="<u4"), dtype=np.int64)
        if len(keys):
            yield Held(keys, np.unique(np.array(runs_of[set_row], dtype=np.int64)))


def _lost(basis: Basis, stream: _Stream) -> Iterator[SilentRow]:
    """What is skipped or vanished in a stream."""
    infos = basis.infos(loss.test for loss in stream.losses)
    scope, connection = stream.row.scope, basis.connection
    losses = [loss for loss in stream.losses if basis.passes(infos[loss.test], scope)]
    ran = runs.load_runs(connection, {stream.run_rows[loss.last_executed] for loss in losses if _has_run(loss)})
    earlier = presence.list_executed_ever(
        connection,
        stream.row.stream_id,
        [loss.test for loss in losses if not _has_run(loss)],
        int(basis.window.now_ms // DAY_MS),
    )
    reasons = _reasons(connection, stream, losses)
    for loss in losses:
        since_ms = int(stream.starts_ms[loss.last_executed if _has_run(loss) else loss.first_seen])
        if loss.test in earlier:
            since_ms = earlier[loss.test] * DAY_MS
        last_run = ran[stream.run_rows[loss.last_executed]] if _has_run(loss) else None
        row = _row(basis, loss.kind, loss.test, scope, since_ms, loss.missed)
        yield replace(row, last_run=last_run, reason=reasons.get(loss.test, ""))


def _has_run(loss: Loss) -> bool:
    return loss.last_executed != NEVER


def _row(basis: Basis, kind: LossKind, test_row: int, scope: Scope, since_ms: int, missed: int) -> SilentRow:
    case, settings = basis.infos((test_row,))[test_row].case, basis.query.settings
    return SilentRow(
        kind,
        case,
        scope,
        basis.owners.of_test(case).owners,
        since_ms,
        None,
        missed,
        criticality=criticality_of(case.identity, settings),
        flows=tuple(flow.name for flow in settings.flows_of(case.identity)),
    )


def _reasons(connection: Connection, stream: _Stream, losses: Sequence[Loss]) -> dict[int, str]:
    """Why skipped cases are, as the newest run with each says."""
    by_run: dict[int, list[int]] = {}
    for loss in losses:
        if loss.kind is LossKind.SKIPPED:
            by_run.setdefault(stream.run_rows[loss.last_seen], []).append(loss.test)
    found: dict[int, str] = {}
    for run_row, tests in sorted(by_run.items()):
        found |= presence.load_skip_reasons(connection, stream.row.stream_id, run_row, sorted(tests))
    return found


def _is_twin(other: Scope, scope: Scope) -> bool:
    """Whether two streams differ in their environment only."""
    return other.environment != scope.environment and replace(other, environment=scope.environment) == scope


def _elsewhere(basis: Basis, stream: _Stream, others: Sequence[_Stream]) -> list[SilentRow] | Subset:
    """What runs in other environments only; or that this one runs a choice."""
    running = np.unique(np.concatenate([np.empty(0, dtype=np.int64), *(other.running() for other in others)]))
    absent = np.setdiff1d(running, stream.traces.tests)
    if not len(running) or not len(absent):
        return []
    if len(running) - len(absent) < LEAST_SHARE * len(running):
        return Subset(stream.row.scope, len(running) - len(absent), len(running))
    known = presence.list_executed_ever(
        basis.connection, stream.row.stream_id, absent.tolist(), int(basis.window.now_ms // DAY_MS)
    )
    wanted = [test for test in absent.tolist() if test not in known]
    infos = basis.infos(wanted)
    here = {other.row.scope.environment: set(other.running().tolist()) for other in others}
    complete_ms = stream.starts_ms[np.array(stream.is_complete, dtype=np.bool_)]
    rows = []
    for test in wanted:
        first_ms = min(ms for other in others if (ms := _first_ms(other, test)) is not None)
        chances = int((complete_ms > first_ms).sum())
        if chances >= LEAST_RUNS and basis.passes(infos[test], stream.row.scope):
            row = _row(basis, LossKind.ELSEWHERE, test, stream.row.scope, first_ms, chances)
            names = sorted(name for name, running in here.items() if test in running)
            rows.append(replace(row, runs_in=tuple(names)))
    return rows


def _first_ms(stream: _Stream, test: int) -> int | None:
    """When a case was first executed in a stream."""
    place = int(np.searchsorted(stream.traces.tests, test))
    if place >= len(stream.traces.tests) or stream.traces.tests[place] != test:
        return None
    first = int(stream.traces.first_executed[place])
    return None if first == NEVER else int(stream.starts_ms[first])
