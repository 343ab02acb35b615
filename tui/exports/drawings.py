"""What the dashboard shows, as pictures: the grid of tests by runs, a test's runs and durations, health by day."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from analysis.records import ABSENT
from ingest.model import Result
from tui import present
from tui.colours import Scheme
from tui.exports.pictures import CELL_PX, Box, Picture, Shape, Stroke, Words, cells_px, fitted, framed

if TYPE_CHECKING:
    from analysis.records import ResultMatrix
    from tui.answers.flows import FlowsAnswer
    from tui.answers.services import DayHealth, ServicesAnswer
    from tui.answers.test_detail import StreamStrip, TestDetail
    from tui.answers.timeline import GridRow, TimelineGrid

Clock = Callable[[int, int | None], str]
LEFT, TOP = 16.0, 22.0
LINE = 16.0
MOST_ROWS, MOST_COLUMNS = 80, 160
_LABEL = 40
PLOT_WIDTH, PLOT_HEIGHT = 720.0, 140.0
CELL = 12.0
_AXIS = 240.0
"""Width from which a plot has room for both of its times."""


def tone(scheme: Scheme, name: str) -> str:
    """The colour of a tone."""
    return scheme.variables.get(f"tone-{name}", scheme.foreground)


# A cell


def cell_shapes(
    result: int, is_masked: bool, x: float, y: float, scheme: Scheme, width: float = CELL, height: float = CELL
) -> Iterator[Shape]:
    """One result: full if red, half if flaky, a dot if it passed, a dash if skipped, a frame in an outage."""
    if result == ABSENT:
        return
    gap = min(1.0, width / 5)
    inner, tall, middle = width - 2 * gap, height - 2, y + height / 2
    if is_masked:
        yield Box(x + gap, y + 1, inner, tall, tone(scheme, "outage"), is_filled=False)
    elif result in (Result.FAILED, Result.ERRORED):
        yield Box(x + gap, y + 1, inner, tall, tone(scheme, "bad"))
    elif result == Result.FLAKY:
        yield Box(x + gap, middle, inner, tall / 2, tone(scheme, "strong"))
    elif result == Result.SKIPPED:
        yield Box(x + gap, middle - 0.5, inner, 1, tone(scheme, "muted"))
    else:
        dot = min(3.0, inner)
        yield Box(x + (width - dot) / 2, middle - 1.5, dot, 3, tone(scheme, "muted"))


def _legend(x: float, y: float, scheme: Scheme) -> Iterator[Shape]:
    kinds = (("passed", Result.PASSED, False), ("red", Result.FAILED, False), ("flaky", Result.FLAKY, False))
    more = (("skipped", Result.SKIPPED, False), ("in an outage", Result.FAILED, True))
    for word, result, is_masked in (*kinds, *more):
        yield from cell_shapes(result, is_masked, x, y - 10, scheme)
        yield Words(x + 16, y, word, tone(scheme, "muted"))
        x += 16 + cells_px(word) + 18


# Timeline


def timeline_picture(
    answer: TimelineGrid, rows: Sequence[GridRow], columns: range, cells: ResultMatrix, scheme: Scheme, clock: Clock
) -> Picture:
    """A piece of the grid: rows by runs, with the changes that concern a row's streak drawn through.

    Args:
        cells: [columns, rows] of that piece.
    """
    label = min(max((len(row.case.name) for row in rows), default=8), _LABEL)
    size, left = CELL, LEFT + label * CELL_PX + 12
    scope = present.scope_text(answer.scope) if answer.scope else ""
    shapes: list[Shape] = [Words(LEFT, TOP, fitted(scope, 90), tone(scheme, "strong"), is_bold=True)]
    shapes += _heads(answer, columns, left, TOP + LINE * 1.5, size, scheme, clock)
    top = TOP + LINE * 3.2
    bottom = top + len(rows) * size
    through = {row.onset for row in rows if row.onset is not None}
    shapes += [
        Stroke(
            (
                (left + (mark.before - columns.start) * size, top - 4),
                (left + (mark.before - columns.start) * size, bottom),
            ),
            tone(scheme, "accent"),
            1.5,
        )
        for mark in answer.marks
        if mark.before in columns and mark.before in through
    ]
    for n, row in enumerate(rows):
        y = top + n * size
        shapes.append(Words(LEFT, y + 10, fitted(row.case.name, label), scheme.foreground))
        for m, column in enumerate(columns):
            is_masked = answer.is_masked(row, column)
            shapes += cell_shapes(int(cells[m, n]), is_masked, left + m * size, y, scheme)
    y = bottom + LINE * 1.5
    shapes += _legend(LEFT, y, scheme)
    shapes.append(Words(LEFT, y + LINE, _extent(answer, rows, columns), tone(scheme, "muted")))
    return framed(f"timeline of {scope}", shapes, scheme.background)


def _heads(
    answer: TimelineGrid, columns: range, left: float, y: float, size: float, scheme: Scheme, clock: Clock
) -> Iterator[Shape]:
    """Letters of changes, and below them times."""
    for mark in answer.marks:
        if mark.before in columns and mark.changes:
            many = len(mark.changes)
            letter = str(min(many, 9)) if many > 1 else fitted(mark.changes[0].service or "e", 9)[:1].lower()
            x = left + (mark.before - columns.start) * size
            yield Words(x, y, letter, tone(scheme, "accent"), anchor="middle")
    before = None
    for column in range(columns.start, columns.stop, 8):
        at_ms = answer.runs[column].started_ms
        yield Words(left + (column - columns.start) * size + 2, y + LINE, clock(at_ms, before), tone(scheme, "muted"))
        before = at_ms


def _extent(answer: TimelineGrid, rows: Sequence[GridRow], columns: range) -> str:
    shown = f"{present.count(len(rows), 'test')} of {len(answer.rows):,}"
    return f"{shown}, {present.count(len(columns), 'run')} of {len(answer.runs):,}"


# A test


def test_picture(detail: TestDetail, scheme: Scheme, clock: Clock) -> Picture:
    """A test case: for each stream its results, and how long each run took, with the point where that changed."""
    shapes: list[Shape] = [Words(LEFT, TOP, fitted(detail.case.identity, 110), tone(scheme, "strong"), is_bold=True)]
    y = TOP + LINE * 1.5
    for strip in detail.streams:
        found = list(_strip_shapes(strip, y, scheme, clock))
        shapes += found
        y += LINE * 3.5
        if any(duration is not None for duration in strip.durations_ms):
            shapes += _duration_shapes(strip, y, scheme, clock)
            y += PLOT_HEIGHT + LINE * 2.5
    shapes += _legend(LEFT, y, scheme)
    return framed(f"runs of {detail.case.identity}", shapes, scheme.background)


test_picture.__test__ = False  # type: ignore[attr-defined]


def _strip_shapes(strip: StreamStrip, y: float, scheme: Scheme, clock: Clock) -> Iterator[Shape]:
    ran = [result for result in strip.results if result is not None and result is not Result.SKIPPED]
    red = sum(result.is_red for result in ran)
    words = f"{present.scope_text(strip.scope)} · {present.ratio(red, len(ran))} red"
    yield Words(LEFT, y, fitted(words, 110), scheme.foreground)
    step = _step(len(strip.results))
    for n, result in enumerate(strip.results):
        cell = ABSENT if result is None else int(result)
        yield from cell_shapes(cell, strip.masked[n], LEFT + n * step, y + 8, scheme, width=step)
    for point in strip.change_points:
        x = LEFT + point.at * step
        yield Stroke(((x, y + 4), (x, y + 24)), tone(scheme, "accent"), 1.5)
        yield Words(x + 4, y + 34, f"changed {clock(strip.runs[point.at].started_ms, None)}", tone(scheme, "accent"))


def _step(columns: int) -> float:
    return min(CELL, PLOT_WIDTH / max(columns, 1))


def _duration_shapes(strip: StreamStrip, y: float, scheme: Scheme, clock: Clock) -> Iterator[Shape]:
    """A point a run, a line a stretch of one duration, a line down where it shifted."""
    most = max(duration for duration in strip.durations_ms if duration is not None) or 1
    step, base = _step(len(strip.durations_ms)), y + PLOT_HEIGHT
    width = step * len(strip.durations_ms)

    def height(duration_ms: float) -> float:
        return base - duration_ms / _round_up(most) * PLOT_HEIGHT

    for share in (0.0, 0.5, 1.0):
        value = _round_up(most) * share
        yield Stroke(((LEFT, height(value)), (LEFT + width, height(value))), tone(scheme, "faint"), 0.5)
        yield Words(LEFT + width + 6, height(value) + 4, present.duration(value), tone(scheme, "muted"))
    for n, duration in enumerate(strip.durations_ms):
        if duration is not None:
            result = strip.results[n]
            is_red = result is not None and result.is_red
            colour = tone(scheme, "bad" if is_red else "good")
            side = 4 if is_red else 3
            yield Box(LEFT + n * step + step / 2 - side / 2, height(duration) - side / 2, side, side, colour)
    for segment in strip.duration_segments:
        ends = (LEFT + segment.start * step, LEFT + segment.end * step)
        yield Stroke(tuple((x, height(segment.median_ms)) for x in ends), tone(scheme, "muted"), 1.5)
    for shift in strip.duration_shifts:
        x = LEFT + shift.at * step
        yield Stroke(((x, y - 6), (x, base)), tone(scheme, "accent"), 1.5)
        took = f"{present.duration(shift.before_ms)} to {present.duration(shift.after_ms)}"
        text = f"{took} since {clock(strip.runs[shift.at].started_ms, None)}"
        is_right = x + cells_px(text) > LEFT + PLOT_WIDTH
        yield Words(x - 6 if is_right else x + 6, y - 8, text, tone(scheme, "accent"), "end" if is_right else "start")
    if strip.runs:
        first, last = strip.runs[0].started_ms, strip.runs[-1].started_ms
        yield Words(LEFT, base + LINE, clock(first, None), tone(scheme, "muted"))
        if width >= _AXIS:
            yield Words(LEFT + width, base + LINE, clock(last, None), tone(scheme, "muted"), "end")


def _round_up(number: float) -> float:
    """The next of 1, 2, 5, 10, 20 and so on.

    >>> _round_up(4300), _round_up(1000), _round_up(12)
    (5000.0, 1000.0, 20.0)
    """
    power = 10.0 ** math.floor(math.log10(max(number, 1)))
    return next(step * power for step in (1, 2, 5, 10) if step * power >= number)


# Health by day


def health_picture(
    title: str,
    rows: Sequence[tuple[str, str, Sequence[DayHealth | None]]],
    days: Sequence[int],
    scheme: Scheme,
) -> Picture:
    """Something by UTC day: the share of red results as the height of each cell.

    Args:
        rows: (name, what is said of it, health of each day).
    """
    label = min(max((len(name) for name, _, _ in rows), default=8), 28)
    size, left = 22.0, LEFT + label * CELL_PX + 14
    shapes: list[Shape] = [Words(LEFT, TOP, fitted(title, 90), tone(scheme, "strong"), is_bold=True)]
    top = TOP + LINE * 2.2
    for n, day in enumerate(days):
        if n % 3 == 0:
            at = present.local(day * present.DAY_MS, UTC)
            shapes.append(Words(left + n * size, top - 8, f"{at.day} {at:%b}", tone(scheme, "muted")))
    for n, (name, said, health) in enumerate(rows):
        y = top + n * LINE
        shapes.append(Words(LEFT, y + 11, fitted(name, label), scheme.foreground))
        shapes += [
            shape for m, one in enumerate(health) for shape in _day_shapes(one, left + m * size, y, size, scheme)
        ]
        shapes.append(Words(left + len(days) * size + 10, y + 11, fitted(said, 60), tone(scheme, "muted")))
    y = top + len(rows) * LINE + LINE
    shapes.append(Words(LEFT, y, "a day's cell is filled by the share of results that are red", tone(scheme, "muted")))
    return framed(title, shapes, scheme.background)


def services_picture(answer: ServicesAnswer, scheme: Scheme) -> Picture:
    """Services by day, in the order of the answer."""
    rows = [
        (row.name, f"{row.red_now} of {row.tests} red · {_owner((row.owner,) if row.owner else ())}", row.days)
        for row in answer.services[:MOST_ROWS]
    ]
    return health_picture("services by day", rows, answer.days, scheme)


def flows_picture(answer: FlowsAnswer, scheme: Scheme) -> Picture:
    """Flows by day, worst first."""
    rows = [(row.name, f"{row.state} · {_owner(row.owners)}", row.days) for row in answer.flows[:MOST_ROWS]]
    return health_picture("flows by day", rows, answer.days, scheme)


def _owner(owners: Sequence[str]) -> str:
    return present.owners_text(owners) or "unowned"


def _day_shapes(day: DayHealth | None, x: float, y: float, size: float, scheme: Scheme) -> Iterator[Shape]:
    height = LINE - 3
    if day is None or not day.executed:
        yield Box(x + size / 2 - 1, y + height / 2, 2, 2, tone(scheme, "faint"))
        return
    share = day.failed / day.executed
    yield Box(x + 1, y, size - 3, height, tone(scheme, "bad" if share >= present.HURT else "faint"), is_filled=False)
    if day.failed:
        filled = max(height * share, 1.5)
        colour = tone(scheme, "bad" if share >= present.HURT else "muted")
        yield Box(x + 1, y + height - filled, size - 3, filled, colour)
