"""Which renames are recorded, and which may have happened: cases that vanish and appear together."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.renames import Rename, Trace, suggest_renames
from ingest.model import RunRef, RunState, Scope, TestCase
from store.connect import Connection
from store.read import aliases, results, runs, tests
from store.read.rows import StreamRow, StreamRun
from tui.answers.basis import Basis, load_basis
from tui.answers.query import DAY_MS, Query, Window

LEAST_RUNS = 3
"""Runs a case must have been executed in to have vanished or appeared; a name seen less often is a volatile one."""
MOST_CASES = 2000
"""A stream in which more cases vanish, or appear, in the window is too restless to be compared."""


@dataclass(frozen=True, slots=True)
class AliasRow:
    """A recorded rename."""

    old: TestCase
    new: TestCase
    last: TestCase
    """Where the chain ends."""


@dataclass(frozen=True, slots=True)
class SuggestedRename:
    """A rename that may have happened, in the stream that shows it best."""

    old: TestCase
    new: TestCase
    score: float
    """In [0, 1]."""
    terms: tuple[tuple[str, float], ...]
    scope: Scope
    last_with_old: RunRef
    first_with_new: RunRef


@dataclass(frozen=True, slots=True)
class RenamesAnswer:
    """All suggestions, best first."""

    window: Window | None
    rows: tuple[SuggestedRename, ...]


def list_aliases(connection: Connection) -> tuple[AliasRow, ...]:
    """Every recorded rename, by the old identity."""
    facts = aliases.list_aliases(connection)
    onward = {fact.old_row: fact for fact in facts}

    def last(fact: aliases.AliasFact) -> TestCase:
        while fact.new_row in onward:
            fact = onward[fact.new_row]
        return fact.new

    return tuple(AliasRow(fact.old, fact.new, last(fact)) for fact in facts)


def answer_renames(connection: Connection, query: Query) -> RenamesAnswer:
    """Renames that may have happened in the window, of all baseline streams; none that is recorded already."""
    basis = load_basis(connection, query)
    if basis is None:
        return RenamesAnswer(None, ())
    best: dict[tuple[str, str], SuggestedRename] = {}
    for stream in basis.baseline:
        for row in _of_stream(basis, stream):
            key = (row.old.identity, row.new.identity)
            if key not in best or row.score > best[key].score:
                best[key] = row
    ordered = sorted(best.values(), key=lambda row: (-row.score, row.old.identity, row.new.identity))
    taken: set[str] = set()
    rows = []
    for row in ordered:
        if taken.isdisjoint((row.old.identity, row.new.identity)):
            taken |= {row.old.identity, row.new.identity}
            rows.append(row)
    return RenamesAnswer(basis.window, tuple(rows))


def _of_stream(basis: Basis, stream: StreamRow) -> list[SuggestedRename]:
    window, connection = basis.window, basis.connection
    found = runs.list_stream_runs(connection, stream.stream_id, window.since_ms, window.until_ms, window.now_ms)
    complete = [run for run in found if run.run.state is RunState.COMPLETE]
    if len(complete) < 2:
        return []
    first, last = complete[0].run.started_ms // DAY_MS, complete[-1].run.started_ms // DAY_MS
    recorded = {fact.old_row for fact in aliases.list_aliases(connection)}
    spans = [span for span in tests.list_spans(connection, stream.stream_id) if span[0] not in recorded]
    gone = [row for row, _, day, ran in spans if first <= day <= last and ran >= LEAST_RUNS]
    come = [row for row, day, _, ran in spans if first <= day and ran >= LEAST_RUNS]
    new = {row for row, day, _, _ in spans if first <= day}
    seen = _seen(basis, stream, complete, sorted({*gone, *come}))
    ends = {row for row, (_, until, _) in seen.items() if until < len(complete) - 1}
    starts = {row for row, (since, _, _) in seen.items() if since > 0 and row in new}
    vanished, appeared = [row for row in gone if row in ends], [row for row in come if row in starts]
    if not vanished or not appeared or max(len(vanished), len(appeared)) > MOST_CASES:
        return []
    signs = tests.list_signatures(connection, stream.stream_id, sorted({*vanished, *appeared}))
    infos = tests.load_tests(connection, {*vanished, *appeared})

    def trace(row: int, run: int) -> Trace:
        return Trace(infos[row].case, run, seen[row][2], signs.get(row, frozenset()))

    pairs = suggest_renames(
        [trace(row, seen[row][1]) for row in vanished], [trace(row, seen[row][0]) for row in appeared]
    )
    return [_suggested(pair, stream.scope, complete) for pair in pairs]


def _seen(
    basis: Basis, stream: StreamRow, complete: Sequence[StreamRun], test_rows: Sequence[int]
) -> dict[int, tuple[int, int, float | None]]:
    """test -> (index of the first run with it, of the last one, median duration in ms)."""
    index = {run.run_row: number for number, run in enumerate(complete)}
    numbers: dict[int, list[int]] = {}
    durations: dict[int, list[int]] = {}
    for run_row, test, _, duration in results.list_results(basis.connection, stream.stream_id, list(index), test_rows):
        numbers.setdefault(test, []).append(index[run_row])
        if duration is not None:
            durations.setdefault(test, []).append(duration)
    return {
        test: (min(found), max(found), statistics.median(durations[test]) if test in durations else None)
        for test, found in numbers.items()
    }


def _suggested(pair: Rename, scope: Scope, complete: Sequence[StreamRun]) -> SuggestedRename:
    old_run, new_run = complete[pair.old.run].run, complete[pair.new.run].run
    return SuggestedRename(pair.old.case, pair.new.case, pair.score, pair.terms, scope, old_run, new_run)
