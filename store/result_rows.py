"""Rows of `result` of one part that wait to be written together.

They are written in the order of the key: rows that are appended fill their pages, and need no search for their place.
Rows of cases with one attempt, nearly all, go in a hundred with one statement; that takes half as long as one by one.
Stand-ins become NULL in SQL: the driver takes 2 us to bind a None or an enum and 0.1 us to bind a plain int. Outcome
and duration are one column, `took`; the stand-in of a duration is what stands there for none.
"""

from __future__ import annotations

from itertools import chain

from store.connect import Connection

NO_OFFSET = -(2**62)
NO_DURATION, NO_FAILURE = -1, 0

_COLUMNS = "(part_id, test_id, ordinal, took, start_offset_ms, failure_id)"
_ADD = f"INSERT INTO result {_COLUMNS} VALUES (?, ?, ?, ? + ? * 4, nullif(?, {NO_OFFSET}), nullif(?, 0))"
_SINGLE = "(?1, ?, 0, ? + ? * 4, NULL, nullif(?, 0))"
_ADD_SINGLES = {size: f"INSERT INTO result {_COLUMNS} VALUES {', '.join([_SINGLE] * size)}" for size in (100, 10, 1)}
"""Few sizes, so that the statements stay prepared."""
_WIDTH = 4

Single = tuple[int, int, int, int]
"""Test, outcome, duration or `NO_DURATION`, failure or `NO_FAILURE`, of a first attempt without a stated start."""
Row = tuple[int, int, int, int, int, int, int]
"""Part, test, ordinal, outcome, duration, start and failure, stand-ins for NULL."""


class ResultRows:
    """Collects the rows of a part."""

    def __init__(self, connection: Connection, part_id: int) -> None:
        self._connection = connection
        self._part_id = part_id
        self.singles: list[Single] = []
        self.others: list[Row] = []

    def __len__(self) -> int:
        return len(self.singles) + len(self.others)

    def write(self) -> None:
        """Write what was collected."""
        if self.singles:
            self._write_singles()
        if self.others:
            self.others.sort()
            self._connection.executemany(_ADD, self.others)
            self.others.clear()

    def _write_singles(self) -> None:
        self.singles.sort()
        values = list(chain.from_iterable(self.singles))
        start = 0
        for size, statement in _ADD_SINGLES.items():
            while len(values) - start >= size * _WIDTH:
                end = start + size * _WIDTH
                self._connection.execute(statement, (self._part_id, *values[start:end]))
                start = end
        self.singles.clear()
