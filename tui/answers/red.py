"""Which test cases are red now: those whose last complete baseline run is red. One rule for lists and verdicts."""

from __future__ import annotations

from collections.abc import Iterable

from ingest.model import Result
from store.read import day_sums, runs
from store.read.rows import StreamRow
from tui.answers.basis import Basis
from tui.answers.histories import last_complete
from tui.answers.query import DAY_MS
from tui.answers.whole_streams import load_whole, pick

LOOK_BACK_RUNS = 500
"""Runs of a stream in which the last complete one, and the onset of a streak, are looked for."""
LOOK_BACK_DAYS = 60
"""A test case that failed in none of these days is not red now."""

RedKey = tuple[int, int]
"""(stream row, test row)."""


def list_candidates(basis: Basis) -> frozenset[RedKey]:
    """Cases of baseline streams that may be red now; those of `_certain` streams are.

    By the day sums where now is the end of the store and every run of the stream is complete, else all that failed.
    """
    last = basis.window.now_ms // DAY_MS
    first = last - LOOK_BACK_DAYS
    certain, others = _certain(basis)
    found = set()
    if certain:
        found = {key for key in day_sums.list_red_at_end(basis.connection, first, last) if key[0] in certain}
    if others:
        sums = day_sums.list_red_sums(basis.connection, first, last)
        found |= {(s.stream_id, s.test_row) for s in sums if s.failed and s.stream_id in others}
    return frozenset(found)


def list_red_now(basis: Basis) -> frozenset[RedKey]:
    """(stream row, test row) of all cases that are red now in a baseline stream, whatever the owner and service."""
    certain, others = _certain(basis)
    candidates = list_candidates(basis)
    found = {key for key in candidates if key[0] in certain}
    for stream in basis.baseline:
        rows = [row for stream_id, row in candidates if stream_id == stream.stream_id]
        if stream.stream_id in others and rows:
            found |= {(stream.stream_id, row) for row in _red_in(basis, stream, rows)}
    return frozenset(found)


def _certain(basis: Basis) -> tuple[frozenset[int], frozenset[int]]:
    """(baseline streams of which the day sums say who is red now, all others)."""
    every = frozenset(row.stream_id for row in basis.baseline)
    if basis.query.at is not None:
        return frozenset(), every
    since_ms = basis.window.now_ms - LOOK_BACK_DAYS * DAY_MS
    others = every & runs.list_streams_with_gaps(basis.connection, since_ms)
    return every - others, others


def _red_in(basis: Basis, stream: StreamRow, test_rows: Iterable[int]) -> Iterable[int]:
    loaded = pick(basis, load_whole(basis, stream, -(2**53), basis.window.now_ms, LOOK_BACK_RUNS), test_rows)
    for column, row in enumerate(loaded.test_rows):
        place = last_complete(loaded, column)
        if place is not None and loaded.history.results[place, column] in (Result.FAILED, Result.ERRORED):
            yield row
