"""Which parts of a run hold a test case, so that one more part costs what is in it and not what is in the others.

A run may be a report of a million cases or twenty thousand files of one. What the rows say is read once a run and
remembered; whoever takes results out of a part, or puts them under other names, has it forgotten. When another process
has written, the sets of the parts tell whether it only added some: then only these are read, so that two processes that
feed one run in turn do not read it over and over.
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
_SETS = """
SELECT p.part_id, coalesce(k.set_id, 0) FROM part p LEFT JOIN packed_part k ON k.part_id = p.part_id
WHERE p.run_id = ? AND p.stream_id = ? AND p.part_id <> ?
"""
_HELD = """
SELECT s.part_id, s.test_id FROM json_each(?) n CROSS JOIN result s ON s.part_id = n.value WHERE s.ordinal = 0
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
        self.sets: dict[int, int] = {}
        """By part: the set of its cases, 0 where it is not packed."""
        self._waiting: tuple[int, Sequence[int]] | None = None
        """The only part and its cases: most runs have one, and nothing is worked out for it."""
        self._first = array("L")
        """By test: the part that held it first."""
        self._others: dict[int, list[int]] = {}
        """By test that several parts hold: the others."""
        self._count = 0

    def take_only(self, part_id: int, tests: Sequence[int], set_id: int) -> None:
        """Take the first part."""
        self.sets[part_id] = set_id
        self._waiting = (part_id, tests)

    def take_rows(self, rows: Iterator[tuple[int, int]]) -> None:
        """Take (part, test) of parts that were written before."""
        self._take_waiting()
        for part_id, test_id in rows:
            self._put(part_id, test_id)

    def take(self, part_id: int, tests: Sequence[int], set_id: int) -> dict[int, list[int]] | None:
        """Take one more part; its tests that others hold, with these, or None where there are too many to tell."""
        self._take_waiting()
        self.sets[part_id] = set_id
        if not tests:
            return {}
        self._make_room(tests[-1])
        first = self._first
        repeated = {test_id: [first[test_id], *self._others.get(test_id, ())] for test_id in tests if first[test_id]}
        if repeated:
            for test_id in tests:
                self._put(part_id, test_id)
            return None if self._count > _MOST_REPEATS else repeated
        for test_id in tests:
            first[test_id] = part_id
        return repeated

    def _take_waiting(self) -> None:
        """Take the first part apart: another one has come."""
        if self._waiting is not None:
            (part_id, tests), self._waiting = self._waiting, None
            for test_id in tests:
                self._put(part_id, test_id)

    def _make_room(self, test_id: int) -> None:
        """Have the table reach a test."""
        missing = test_id + 1 - len(self._first)
        if missing > 0:
            self._first.frombytes(bytes(self._first.itemsize * (missing + 1023 + len(self._first) // 2)))

    def _put(self, part_id: int, test_id: int) -> None:
        self._make_room(test_id)
        if not self._first[test_id]:
            self._first[test_id] = part_id
            return
        self._count += 1
        if self._count <= _MOST_REPEATS:
            self._others.setdefault(test_id, []).append(part_id)


class Repeats:
    """What the parts of the runs that were written last hold."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._runs: dict[tuple[int, int], _Held] = {}
        self._doubted: set[tuple[int, int]] = set()
        """What is to be compared with the store before it is used."""

    def forget(self) -> None:
        """Drop what is remembered: after a rollback, or when rows have changed otherwise than by one more part."""
        self._runs.clear()

    def doubt(self) -> None:
        """Have what is remembered compared with the store: another process has written."""
        self._doubted = set(self._runs)

    def leave(self, run_id: int, stream_id: int) -> None:
        """Drop what is remembered of a run in a stream."""
        self._runs.pop((run_id, stream_id), None)

    def take(
        self, part_id: int, run_id: int, stream_id: int, tests: Sequence[int], set_id: int, *, is_only: bool
    ) -> dict[int, list[int]] | None:
        """Tests of a part that came that other parts of its run and stream hold, with these; None: too many to follow.

        Args:
            tests, set_id: its cases, and the row of their set.
            is_only: whether its run has no other part.
        """
        key = (run_id, stream_id)
        held = self._runs.get(key)
        if held is None and (is_only or not self._has_other(part_id, run_id, stream_id)):
            if len(tests) <= _KEPT_CASES:
                self._remember(key, _Held()).take_only(part_id, tests, set_id)
            return {}
        if held is None or key in self._doubted:
            held = self._remember(key, self._caught_up(held or _Held(), key, part_id))
        return held.take(part_id, tests, set_id)

    def _remember(self, key: tuple[int, int], held: _Held) -> _Held:
        self._doubted.discard(key)
        while len(self._runs) >= _MOST_RUNS and key not in self._runs:
            del self._runs[next(iter(self._runs))]
        self._runs[key] = held
        return held

    def _caught_up(self, held: _Held, key: tuple[int, int], part_id: int) -> _Held:
        """What all parts of a run in a stream hold but one: only what was added is read, if nothing else happened."""
        sets: dict[int, int] = dict(self._connection.execute(_SETS, (*key, part_id)).fetchall())
        if not held.sets.items() <= sets.items():
            held = _Held()
        added = [part for part in sets if part not in held.sets]
        held.take_rows(self._connection.execute(_HELD, (json.dumps(added),)))
        held.sets = sets
        return held

    def _has_other(self, part_id: int, run_id: int, stream_id: int) -> bool:
        """Whether a run has another part in a stream."""
        bounds = (run_id, stream_id, part_id)
        other = "SELECT 1 FROM part WHERE run_id = ? AND stream_id = ? AND part_id <> ? LIMIT 1"
        return self._connection.execute(other, bounds).fetchone() is not None

    def outcomes(self, test_id: int, parts: Sequence[int], part_id: int) -> tuple[list[int], list[int]]:
        """Outcomes of a test's attempts in parts of one run, in their order: without one of the parts, and with it."""
        rows = self._connection.execute(_ATTEMPTS, (test_id, json.dumps([*parts, part_id]))).fetchall()
        return [outcome for part, outcome in rows if part != part_id], [outcome for _, outcome in rows]
