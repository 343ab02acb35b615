"""What is known of a grid's cells: read piece by piece, the old pieces shown until the new ones are there. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING

from tui.answers.query import DAY_MS

if TYPE_CHECKING:
    from analysis.records import ResultMatrix
    from ingest.model import RunRef
    from tui.answers.timeline import DayCell, TimelineGrid

BLOCK = 128
"""Columns that are read together."""
MOST_PIECES = 20_000
_MONDAY = 3
"""1970-01-01 was a Thursday."""


class Zoom(StrEnum):
    """What one column stands for, closest first."""

    RUN = "run"
    DAY = "day"
    WEEK = "week"


@dataclass(frozen=True, slots=True)
class Span:
    """A column of days: UTC days [first, last], and its runs [start, stop) by their columns."""

    first: int
    last: int
    start: int
    stop: int


def spans_of(runs: Sequence[RunRef], days: tuple[int, int], zoom: Zoom) -> tuple[Span, ...]:
    """Columns of days or weeks, oldest first, without a gap.

    Args:
        days: first and last UTC day.
    """
    length = 7 if zoom is Zoom.WEEK else 1
    shift = _MONDAY if zoom is Zoom.WEEK else 0
    first = (days[0] + shift) // length
    starts: dict[int, list[int]] = {}
    for n, run in enumerate(runs):
        starts.setdefault((run.started_ms // DAY_MS + shift) // length, []).append(n)
    found, stop = [], 0
    for number in range(first, (days[1] + shift) // length + 1):
        here = starts.get(number, [])
        start, stop = (here[0], here[-1] + 1) if here else (stop, stop)
        found.append(Span(number * length - shift, number * length - shift + length - 1, start, stop))
    return tuple(found)


class Cells:
    """Results by run, and sums by day, of an answer."""

    def __init__(self, answer: TimelineGrid, before: Cells | None = None) -> None:
        self.answer = answer
        self._pieces: dict[tuple[int, int], list[int]] = {}
        """(test row, block of columns) -> results."""
        self._days: dict[int, dict[int, DayCell]] = {}
        same = before is not None and before.answer.stream_id == answer.stream_id
        self._before = before if same else None
        if self._before is not None:
            self._before._before = None

    @cached_property
    def _column_of(self) -> dict[int, int]:
        return {row: column for column, row in enumerate(self.answer.run_rows)}

    def result(self, test_row: int, column: int) -> int | None:
        """The result in a run, as known now or, until it is asked for again, before; None where it is not known."""
        piece = self._pieces.get((test_row, column // BLOCK))
        if piece is not None:
            return piece[column % BLOCK]
        if self._before is not None:
            old = self._before._column_of.get(self.answer.run_rows[column])
            return None if old is None else self._before.result(test_row, old)
        return None

    def sums(self, test_row: int, span: Span) -> DayCell | None:
        """Runs of a column of days that executed a case, were red, were flaky; None where it is not known."""
        days = self._days.get(test_row)
        if days is None:
            return None if self._before is None else self._before.sums(test_row, span)
        found = [days[day] for day in range(span.first, span.last + 1) if day in days]
        return (sum(one[0] for one in found), sum(one[1] for one in found), sum(one[2] for one in found))

    def missing(self, test_rows: Iterable[int], columns: range) -> tuple[tuple[int, ...], range]:
        """(test rows, columns) to be read so that a piece of the grid is known; whole blocks."""
        first, last = columns.start // BLOCK, max(columns.stop - 1, columns.start) // BLOCK
        blocks = range(first, last + 1)
        rows = tuple(row for row in test_rows if any((row, block) not in self._pieces for block in blocks))
        return rows, range(first * BLOCK, min((last + 1) * BLOCK, len(self.answer.run_rows)))

    def missing_days(self, test_rows: Iterable[int]) -> tuple[int, ...]:
        """Test rows whose days are to be read."""
        return tuple(row for row in test_rows if row not in self._days)

    def take(self, test_rows: Sequence[int], columns: range, cells: ResultMatrix) -> None:
        """Keeps what was read; what is far away is forgotten when there is too much."""
        if len(self._pieces) > MOST_PIECES:
            self._pieces.clear()
        for start in range(columns.start, columns.stop, BLOCK):
            piece = cells[start - columns.start : start - columns.start + BLOCK]
            for test_row, results in zip(test_rows, piece.T.tolist(), strict=True):
                self._pieces[test_row, start // BLOCK] = results

    def take_days(self, days: dict[int, dict[int, DayCell]]) -> None:
        """Keeps sums by day."""
        if len(self._days) > MOST_PIECES:
            self._days.clear()
        self._days.update(days)
