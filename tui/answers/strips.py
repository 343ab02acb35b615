"""One test case in one stream: its runs, results, segments and what masks them."""

from __future__ import annotations

import bisect

from analysis.records import ABSENT, Segmentation, StreamHistory
from analysis.segments import find_segments
from ingest.model import Result, RunRef
from store.read import tests
from store.read.rows import StreamRow, TestInfo
from tui.answers.basis import Basis
from tui.answers.durations import durations_of
from tui.answers.flakes import flake_rows, with_kinds, with_segments
from tui.answers.judging import Judged
from tui.answers.masking import list_outages
from tui.answers.priors import flake_prior
from tui.answers.rating import rate_stream
from tui.answers.test_detail import ChangePointRow, SegmentRow, StreamStrip


def strips_of(basis: Basis, info: TestInfo, judged: dict[tuple[int, int], Judged] | None) -> tuple[StreamStrip, ...]:
    """Every stream in scope in which a case ran within the window, by scope."""
    present = set(tests.list_streams_of(basis.connection, info.test_row))
    chosen = [stream for stream in basis.streams if stream.stream_id in present]
    strips = [_strip(basis, stream, info, judged) for stream in chosen]
    return tuple(strip for strip in strips if strip.days or any(result is not None for result in strip.results))


def _strip(
    basis: Basis, stream: StreamRow, info: TestInfo, judged: dict[tuple[int, int], Judged] | None
) -> StreamStrip:
    rated = rate_stream(basis, stream, (info.test_row,))
    history = rated.loaded.history
    found = find_segments(history, 0, masked=rated.masked, weight=_change_weights(basis, history))
    places = {run: n for n, run in enumerate(history.runs)}
    durations = rated.loaded.last_durations_ms[:, 0].tolist()
    rows = tuple(flake_rows(basis, rated, judged))
    listed = with_kinds(with_segments(rated, rows), flake_prior(basis).beta)
    return StreamStrip(
        stream.scope,
        history.runs,
        results_of(history.results[:, 0].tolist()),
        tuple(duration if duration >= 0 else None for duration in durations),
        _segments(found, places),
        _change_points(found, places),
        tuple(bool(cell) for cell in rated.masked[:, 0].tolist()),
        next(iter(listed or rows), None),
        rated.days.get(info.test_row, ()),
        *durations_of(rated.loaded, 0),
        list_outages(basis, stream),
    )


def _change_weights(basis: Basis, history: StreamHistory) -> list[float]:
    """[n]: one more than the changes between a run and the one before it."""
    starts = [run.started_ms for run in history.runs]
    weights = [1.0] * len(starts)
    for change in basis.feed.changes:
        if change.environment in ("", history.scope.environment):
            place = bisect.bisect_left(starts, change.at_ms)
            if 0 < place < len(weights):
                weights[place] += 1.0
    return weights


def results_of(cells: list[int]) -> tuple[Result | None, ...]:
    """Cells of a history as results; None where there is none."""
    return tuple(None if cell == ABSENT else Result(cell) for cell in cells)


def _segments(found: Segmentation, places: dict[RunRef, int]) -> tuple[SegmentRow, ...]:
    return tuple(SegmentRow(places[s.start], places[s.end] + 1, s.failure_rate) for s in found.segments)


def _change_points(found: Segmentation, places: dict[RunRef, int]) -> tuple[ChangePointRow, ...]:
    return tuple(ChangePointRow(places[p.at], p.low.started_ms, p.high.started_ms) for p in found.change_points)
