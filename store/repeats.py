"""Which parts of a run hold a test case, so that one more part costs what is in it and not what is in the others.

A run may be a report of a million cases or twenty thousand files of one. What the rows say is read once a run and
remembered; whoever takes results out of a part, or puts them under other names, has it forgotten.
"""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence

from store.connect import Connection

_MOST_RUNS = 4
_MOST_REPEATS = 60_000
"""Repeated cases remembered of a run; of one with more, a part that repeats any is not followed."""
_KEPT_CASES = 20_000
"""A larger part that is the first of its run is read again should another one come: most have no other."""
_HELD = """
SELECT p.part_id, s.test_id FROM part p JOIN result s ON s.part_id = p.part_id
WHERE p.run_id = ? AND p.stream_id = ? AND p.part_id <> ? AND s.ordinal = 0
"""
_ATTEMPTS = """
SELECT s.part_id, s.outcome FROM result s
JOIN part p ON p.part_id = s.part_id
JOIN source_file o ON o.source_id = p.source_id
WHERE s.test_id = ?1 AND s.part_id IN (SELECT value FROM json_each(?2))
ORDER BY CASE WHEN s.start_offset_ms IS NULL THEN p.started_ms ELSE p.started_ms + s.start_offset_ms END,
    o.location, s.ordinal
"""


class _Held:
    """What the parts of one run and stream hold."""

    def __init__(self) -> None:
        self._waiting: tuple[int, Sequence[int]] | None = None
        """The only part and its cases: most runs have one, and nothing is worked out for it."""
        self._first = array("L")
        """By test: the part that held it first."""
        self._others: dict[int, list[int]] = {}
        """By test that several parts hold: the others."""
        self._count = 0

    def take_only(self, part_id: int, tests: Sequence[int]) -> None:
        """Take the first part."""
        self._waiting = (part_id, tests)

    def take_rows(self, rows: Iterator[tuple[int, int]]) -> None:
        """Take (part, test) of parts that were written before."""
        for part_id, test_id in rows:
            self._put(part_id, test_id)

    def take(self, part_id: int, tests: Sequence[int]) -> dict[int, list[int]] | None:
        """Take one more part; its tests that others hold, with these, or None where there are too many to tell."""
        if self._waiting is not None:
            (before, held), self._waiting = self._waiting, None
            self.take(before, held)
        repeated = {}
        for test_id in tests:
            if test_id < len(self._first) and self._first[test_id]:
                repeated[test_id] = [self._first[test_id], *self._others.get(test_id, ())]
            self._put(part_id, test_id)
        return None if repeated and self._count > _MOST_REPEATS else repeated

    def _put(self, part_id: int, test_id: int) -> None:
        first = self._first
        if test_id >= len(first):
            first.frombytes(bytes(first.itemsize * (test_id + 1024 - len(first) + len(first) // 2)))
        if not first[test_id]:
            first[test_id] = part_id
            return
        self._count += 1
        if self._count <= _MOST_REPEATS:
            self._others.setdefault(test_id, []).append(part_id)


class Repeats:
    """What the parts of the runs that were written last hold."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._runs: dict[tuple[int, int], _Held] = {}

    def forget(self) -> None:
        """Drop what is remembered: after a rollback, or when rows have changed otherwise than by one more part."""
        self._runs.clear()

    def leave(self, run_id: int, stream_id: int) -> None:
        """Drop what is remembered of a run in a stream."""
        self._runs.pop((run_id, stream_id), None)

    def take(
        self, part_id: int, run_id: int, stream_id: int, tests: Sequence[int], *, is_only: bool
    ) -> dict[int, list[int]] | None:
        """Tests of a part that came that other parts of its run and stream hold, with these; None: too many to follow.

        Args:
            tests: its cases.
            is_only: whether its run has no other part.
        """
        held = self._runs.get((run_id, stream_id))
        if held is None:
            while len(self._runs) >= _MOST_RUNS:
                del self._runs[next(iter(self._runs))]
            held = self._runs[run_id, stream_id] = _Held()
            if is_only or not self._has_other(part_id, run_id, stream_id):
                if len(tests) > _KEPT_CASES:
                    self.leave(run_id, stream_id)
                else:
                    held.take_only(part_id, tests)
                return {}
            held.take_rows(self._connection.execute(_HELD, (run_id, stream_id, part_id)))
        return held.take(part_id, tests)

    def _has_other(self, part_id: int, run_id: int, stream_id: int) -> bool:
        """Whether a run has another part in a stream."""
        bounds = (run_id, stream_id, part_id)
        other = "SELECT 1 FROM part WHERE run_id = ? AND stream_id = ? AND part_id <> ? LIMIT 1"
        return self._connection.execute(other, bounds).fetchone() is not None

    def outcomes(self, test_id: int, parts: Sequence[int], part_id: int) -> tuple[list[int], list[int]]:
        """Outcomes of a test's attempts in parts of one run, in their order: without one of the parts, and with it."""
        rows = self._connection.execute(_ATTEMPTS, (test_id, json.dumps([*parts, part_id]))).fetchall()
        return [outcome for part, outcome in rows if part != part_id], [outcome for _, outcome in rows]
