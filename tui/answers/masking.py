"""What counts for no rate: closed outages, and runs in which nearly everything was red.

Outages are looked for in a whole stream, so that a test case has the same rate whoever asks about it and with which
others. Runs before a merge ran code of their own each: many failures in one of them are no outage.
"""

from __future__ import annotations

import numpy as np

from analysis.outages import LEAST_FAILURES, find_outages
from analysis.records import BoolMatrix
from ingest.model import PRE_MERGE_BRANCH, RunState
from store.read import runs
from store.read.rows import StreamRow, StreamRun
from tui.answers.basis import Basis
from tui.answers.histories import Loaded, load_history

LEAST_EXECUTED = 20
MOSTLY_RED = 0.8


def mask_of(basis: Basis, loaded: Loaded) -> BoolMatrix:
    """[n, m] of a stream's history over the window: True where the result counts for no rate."""
    found = _runs_of(basis, loaded.stream)
    masked = np.repeat(_mostly_red(found)[:, None], len(loaded.test_rows), axis=1)
    outages = _outages_of(basis, loaded.stream, found)
    if outages is not None:
        places = {row: column for column, row in enumerate(outages[0])}
        for column, row in enumerate(loaded.test_rows):
            if row in places:
                masked[:, column] |= outages[1][:, places[row]]
    return masked


def _outages_of(
    basis: Basis, stream: StreamRow, found: tuple[StreamRun, ...]
) -> tuple[tuple[int, ...], BoolMatrix] | None:
    """(test rows, [n, m] of closed outages) of a whole stream; None where no run failed enough."""
    if stream.scope.branch == PRE_MERGE_BRANCH or not any(run.failing >= LEAST_FAILURES for run in found):
        return None
    kept = basis.outages.get(stream.stream_id)
    if kept is None:
        whole = load_history(basis, stream, basis.window.rows_since_ms, basis.window.until_ms)
        closed = find_outages([whole.history], feed=basis.feed).closed[0]
        kept = basis.outages[stream.stream_id] = (whole.test_rows, closed)
    return kept


def _runs_of(basis: Basis, stream: StreamRow) -> tuple[StreamRun, ...]:
    window = basis.window
    return runs.list_stream_runs(
        basis.connection, stream.stream_id, window.rows_since_ms, window.until_ms, window.now_ms
    )


def _mostly_red(found: tuple[StreamRun, ...]) -> BoolMatrix:
    """[n]: complete runs of at least 20 executed cases, of all the stream's, of which more than 80 % are red."""
    return np.array(
        [
            one.run.state is RunState.COMPLETE
            and one.executed >= LEAST_EXECUTED
            and one.red > MOSTLY_RED * one.executed
            for one in found
        ],
        dtype=np.bool_,
    )
