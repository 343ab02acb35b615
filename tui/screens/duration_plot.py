"""How long each run of a test took, drawn in text: bars from zero, the point where that changed, and where it was red.

Where there are more runs than cells, a column stands for several: its height is their median.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import median
from typing import TYPE_CHECKING, NamedTuple

from ingest.model import Verdict
from tui import present
from tui.screens.context import ViewContext
from tui.widgets.pieces import Line, Piece, clip_line, ends, line, width_of

if TYPE_CHECKING:
    from tui.answers.test_detail import StreamStrip
    from tui.present import Glyphs

HEIGHT = 5
LEAST_RUNS = 5
"""Fewer points are no plot."""
_AXIS = 9
"""Cells of the labels at the left; more where the longest takes more."""


class Bar(NamedTuple):
    """One column: the median of its runs, and whether one of them was red."""

    took_ms: float | None
    is_red: bool


def bars_of(stream: StreamStrip, most: int) -> list[Bar]:
    """All runs of a stream as at most so many columns, oldest first."""
    number = len(stream.durations_ms)
    columns = min(number, most)
    bars = []
    for column in range(columns):
        runs = range(column * number // columns, (column + 1) * number // columns)
        known = [took for n in runs if (took := stream.durations_ms[n]) is not None]
        results = [result for n in runs if (result := stream.results[n]) is not None]
        bars.append(Bar(median(known) if known else None, any(result.is_red for result in results)))
    return bars


def duration_plot(stream: StreamStrip, name: str, context: ViewContext, width: int) -> list[Line]:
    """A heading that says what changed, the bars with a line where, and the times at both ends.

    Args:
        name: of the stream, where there are several; empty: it needs none.
    """
    known = [took for took in stream.durations_ms if took is not None]
    axis = max(_AXIS, len(present.duration(max(known, default=0))) + 2)
    room = width - axis - len(turns_of(stream))
    if len(known) < LEAST_RUNS or room < LEAST_RUNS:
        return []
    bars = bars_of(stream, room)
    lines = [
        clip_line(line(("duration  ", "muted"), (f"{name}  " if name else "", "muted"), _said(stream, context)), width)
    ]
    lines += _drawn(bars, turns_of(stream, len(bars)), context.glyphs, axis)
    lines.append((Piece(" " * axis), *_times(stream, bars, context)))
    return lines


def turns_of(stream: StreamStrip, columns: int | None = None) -> list[int]:
    """Columns before which the duration changed; else where the outcome did."""
    places = [one.at for one in stream.duration_shifts] or [one.at for one in stream.change_points[-1:]]
    number = max(len(stream.durations_ms), 1)
    shown = number if columns is None else columns
    return sorted({at * shown // number for at in places})


def _said(stream: StreamStrip, context: ViewContext) -> str:
    """From what to what, since when, by how much; else what is usual."""
    last_ms = stream.runs[-1].started_ms
    if stream.duration_shifts:
        shift = stream.duration_shifts[-1]
        ratio, since = shift.ratio, context.clock(stream.runs[shift.at].started_ms, last_ms)
        took = f"p50 {present.duration(shift.before_ms)} -> {present.duration(shift.after_ms)} since {since}"
        return f"{took}, {ratio.estimate:.1f} times ({ratio.low:.1f}-{ratio.high:.1f})"
    known = [took for took in stream.durations_ms if took is not None]
    if stream.change_points:
        at = stream.change_points[-1].at
        before, after = (
            [took for took in part if took is not None] for part in (stream.durations_ms[:at], stream.durations_ms[at:])
        )
        if before and after:
            since = context.clock(stream.runs[at].started_ms, last_ms)
            took = f"p50 {present.duration(median(before))}, {present.duration(median(after))}"
            return f"{took} since its outcome changed {since}"
    return f"p50 {present.duration(median(known))}, no change"


def _drawn(bars: Sequence[Bar], turns: Sequence[int], glyphs: Glyphs, axis: int) -> Iterator[Line]:
    """Rows from the top; a line through all of them where it changed."""
    most = max((bar.took_ms for bar in bars if bar.took_ms is not None), default=0) or 1.0
    signs = f"{glyphs.levels}█" if glyphs.rule != "-" else ".:#"
    for row in range(HEIGHT - 1, -1, -1):
        label = {HEIGHT - 1: present.duration(most), 0: "0"}.get(row, "")
        pieces = [Piece(f"{label:>{axis - 2}}  ", "muted")]
        for column, bar in enumerate(bars):
            if column in turns:
                pieces.append(Piece(glyphs.through, "accent"))
            level = 0.0 if bar.took_ms is None else bar.took_ms / most * HEIGHT - row
            sign = " " if level <= 0 and (row or bar.took_ms is None) else signs[_step(level, len(signs))]
            pieces.append(Piece(sign, "bad" if bar.is_red else "text"))
        yield tuple(pieces)
    if any(bar.is_red for bar in bars):
        marks = "".join(
            (" " if column in turns else "") + (glyphs.verdicts[Verdict.REGRESSION] if bar.is_red else " ")
            for column, bar in enumerate(bars)
        )
        yield (Piece(f"{'red':>{axis - 2}}  ", "muted"), Piece(marks.rstrip(), "bad"))


def _step(level: float, steps: int) -> int:
    return min(int(max(level, 0.0) * steps), steps - 1)


def _times(stream: StreamStrip, bars: Sequence[Bar], context: ViewContext) -> Line:
    """Times of the first and the last run, and of how many runs a column is."""
    first, last = stream.runs[0].started_ms, stream.runs[-1].started_ms
    drawn = len(bars) + len(turns_of(stream, len(bars)))
    each = len(stream.durations_ms) / len(bars)
    left = line(
        (context.clock(first, last), "muted"), (f"   a column is {each:.0f} runs" if each > 1.5 else "", "muted")
    )
    right = line((context.clock(last, last), "muted"))
    if width_of(left) + width_of(right) + 2 > drawn:
        return left
    return ends(left, right, drawn)
