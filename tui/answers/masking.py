"""What counts for no rate: closed outages, and runs in which nearly everything was red.

Outages are looked for in a whole stream, so that a test case has the same rate whoever asks about it and with which
others. Runs before a merge ran code of their own each: many failures in one of them are no outage.
"""

from __future__ import annotations

import numpy as np

from analysis.outages import LEAST_FAILURES, find_outages, may_hold_outage
from analysis.records import BoolMatrix, Outage, OutageReport, StreamHistory
from ingest.model import PRE_MERGE_BRANCH, RunState
from store.read.rows import StreamRow, StreamRun
from tui.answers.basis import Basis
from tui.answers.histories import Loaded
from tui.answers.whole_streams import Whole, history_of, load_in_any_order, load_whole

LEAST_EXECUTED = 20
MOSTLY_RED = 0.8


def mask_of(basis: Basis, loaded: Loaded) -> BoolMatrix:
    """[n, m] of a stream's history over the window: True where the result counts for no rate."""
    asked = (loaded.stream, basis.window.rows_since_ms, basis.window.until_ms)
    whole = load_in_any_order(basis, *asked)
    if not whole.is_named and _may_hold_outage(basis, whole):
        whole = load_whole(basis, *asked)
    masked = np.repeat(_mostly_red(whole.facts)[:, None], len(loaded.test_rows), axis=1)
    outages = _outages_of(basis, whole) if whole.is_named else None
    if outages is not None:
        closed = outages.closed[0]
        places = {row: column for column, row in enumerate(whole.test_rows.tolist())}
        for column, row in enumerate(loaded.test_rows):
            if row in places:
                masked[:, column] |= closed[:, places[row]]
    return masked


def list_outages(basis: Basis, stream: StreamRow) -> tuple[Outage, ...]:
    """Outages of a stream within the window that are over, oldest first; one that is not is a matter of verdicts."""
    found = _outages_of(basis, load_whole(basis, stream, basis.window.rows_since_ms, basis.window.until_ms))
    return () if found is None else tuple(outage for outage in found.outages if outage.end is not None)


def closed_outages(basis: Basis, stream: StreamRow) -> tuple[tuple[Outage, ...], dict[int, frozenset[int]]]:
    """(outages of a stream within the window that are over; run -> rows of the cases whose result they explain)."""
    whole = load_whole(basis, stream, basis.window.rows_since_ms, basis.window.until_ms)
    found = _outages_of(basis, whole)
    if found is None:
        return (), {}
    closed = found.closed[0]
    runs = np.flatnonzero(closed.any(axis=1)).tolist()
    explained = {n: frozenset(whole.test_rows[closed[n]].tolist()) for n in runs}
    return tuple(outage for outage in found.outages if outage.end is not None), explained


def _may_hold_outage(basis: Basis, whole: Whole) -> bool:
    """Whether it is worth to load the names of everything in a stream."""
    if not _fails_enough(whole):
        return False
    scope, found = whole.stream.scope, tuple(fact.run for fact in whole.facts)
    columns = basis.unnamed_columns(whole.test_rows.tolist(), basis.entries.get(scope.pipeline))
    return may_hold_outage(StreamHistory(scope, found, columns, whole.results, whole.failed, whole.attempts))


def _fails_enough(whole: Whole) -> bool:
    is_before_merge = whole.stream.scope.branch == PRE_MERGE_BRANCH
    return not is_before_merge and any(run.failing >= LEAST_FAILURES for run in whole.facts)


def _outages_of(basis: Basis, whole: Whole) -> OutageReport | None:
    """Outages of a whole stream; None where no run failed enough."""
    if not _fails_enough(whole):
        return None
    stream = whole.stream
    kept = basis.outages.get(stream.stream_id)
    if kept is None:
        kept = find_outages([history_of(basis, whole)], feed=basis.feed)
        basis.outages[stream.stream_id] = kept
    return kept


def _mostly_red(found: tuple[StreamRun, ...]) -> BoolMatrix:
    return np.array([is_mostly_red(one) for one in found], dtype=np.bool_)


def is_mostly_red(one: StreamRun) -> bool:
    """Whether a run is complete, executed at least 20 cases, of all the stream's, and more than 80 % are red."""
    is_whole = one.run.state is RunState.COMPLETE and one.executed >= LEAST_EXECUTED
    return is_whole and one.red > MOSTLY_RED * one.executed
