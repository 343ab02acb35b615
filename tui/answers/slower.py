"""Which tests became slower or faster? The newest shift of every test case and stream in the window.

Test cases are sought by the means of eight stretches of the window, and only those that stand out are looked at run by
run. What became slower within the last few runs is found when it stands out in its stretch.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from analysis.durations import LEAST_RUNS, may_have_shifted
from analysis.records import DurationShift
from ingest.model import RunRef, Scope, TestCase
from store.connect import Connection
from store.read import runs
from store.read.durations import sum_durations
from store.read.rows import StreamRow
from tui.answers.basis import Basis, load_basis
from tui.answers.durations import durations_of
from tui.answers.histories import load_history
from tui.answers.query import Query, Window

STRETCHES = 8


@dataclass(frozen=True, slots=True)
class SlowerRow:
    """A test case whose duration shifted in a stream."""

    case: TestCase
    scope: Scope
    owners: tuple[str, ...]
    run: RunRef
    """The first that took as long as it does now."""
    shift: DurationShift


@dataclass(frozen=True, slots=True)
class SlowerAnswer:
    """Rows by time that a run takes longer, largest first; what became faster comes last."""

    window: Window | None
    rows: tuple[SlowerRow, ...]


def answer_slower(connection: Connection, query: Query) -> SlowerAnswer:
    """Shifts under the filters of `query`, in baseline streams."""
    basis = load_basis(connection, query)
    if basis is None:
        return SlowerAnswer(None, ())
    rows = [row for stream in basis.baseline for row in _rows(basis, stream)]
    rows.sort(key=lambda row: (row.shift.before_ms - row.shift.after_ms, row.case.identity, row.scope))
    return SlowerAnswer(basis.window, tuple(rows))


def _rows(basis: Basis, stream: StreamRow) -> Iterator[SlowerRow]:
    window = basis.window
    found = _standing_out(basis, stream)
    infos = basis.infos(found)
    wanted = [row for row in found if basis.passes(infos[row], stream.scope)]
    if not wanted:
        return
    loaded = load_history(basis, stream, window.rows_since_ms, window.until_ms, wanted)
    for column, test in enumerate(loaded.history.tests):
        shifts, _ = durations_of(loaded, column)
        if shifts:
            run = loaded.history.runs[shifts[-1].at]
            yield SlowerRow(test.case, stream.scope, test.owners, run, shifts[-1])


def _standing_out(basis: Basis, stream: StreamRow) -> list[int]:
    """Rows of the test cases that are worth a closer look, by stretches of equally many runs."""
    window, connection = basis.window, basis.connection
    found = runs.list_stream_runs(connection, stream.stream_id, window.rows_since_ms, window.until_ms, window.now_ms)
    starts = [one.run.started_ms for one in found]
    if len(starts) < 2 * LEAST_RUNS:
        return []
    cuts = [starts[n * len(starts) // STRETCHES] for n in range(STRETCHES)] + [starts[-1] + 1]
    rows, table = sum_durations(connection, stream.stream_id, cuts, window.now_ms)
    return [row for row, is_wanted in zip(rows, may_have_shifted(*table).tolist(), strict=True) if is_wanted]
