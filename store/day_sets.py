"""How often test cases were executed by day: as sets of cases that were executed together, and how often each was.

`set_day` has a row for each set of a stream and day with the number of parts that hold it, of first run attempts. What
several parts of one run hold is counted once too often by each but one; `special_day.repeated` has how often. When a
stream goes on to another day, a day of many sets is folded: one set for each number of executions.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence

from store.case_sets import CaseSets
from store.connect import Connection
from store.packed import Packed

_FEW_SETS = 8
_MOST_DAYS, _MOST_BYTES = 64, 8_000_000
_ADD = "INSERT INTO set_day VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET runs = runs + excluded.runs"
_OF_DAY = "SELECT set_id, runs FROM set_day WHERE stream_id = ? AND day = ?"
_PARTS = """
SELECT p.part_id FROM run r JOIN part p ON p.run_id = r.run_id AND p.stream_id = ?1
WHERE r.run_id IN (SELECT run_id FROM part WHERE stream_id = ?1)
    AND r.started_ms >= ?2 AND r.started_ms < ?3 AND r.attempt = 1
"""
STREAMS_OF = """
WITH RECURSIVE former (test_id) AS (
    SELECT value FROM json_each(?) UNION SELECT a.old_test_id FROM former f JOIN alias a ON a.new_test_id = f.test_id
), place (namespace) AS MATERIALIZED (
    SELECT DISTINCT t.namespace FROM former f JOIN test_case t ON t.test_id = f.test_id
)
SELECT s.stream_id FROM stream s WHERE EXISTS (
    SELECT 1 FROM place n CROSS JOIN part p INDEXED BY part_namespace
    ON p.namespace = n.namespace AND p.stream_id = s.stream_id
) OR EXISTS (SELECT 1 FROM state c JOIN set_day d ON d.stream_id = s.stream_id AND d.day < c.value / 86400000
    WHERE c.name = 'pruned_ms')
"""
"""Streams with parts of the namespaces of some test cases, or of identities that continue as them.

Parts whose results were pruned may have got another namespace since.
"""


_Rows = tuple[tuple[int, int], ...]
"""(set, runs) of a day."""


class Today:
    """What is known of a stream's day while parts come in the order of their runs."""

    def __init__(self, sets: CaseSets, waiting: list[int], red: set[int]) -> None:
        self.red = red
        """Test cases that were red when they were last executed."""
        self.executed = bytearray()
        self._sets = sets
        self._seen = set(waiting)
        self._waiting = waiting

    def take(self, set_id: int) -> None:
        """Take the set of one more part."""
        if set_id not in self._seen:
            self._seen.add(set_id)
            self._waiting.append(set_id)

    def note(self, test_id: int, is_red: int) -> None:
        """Note how a test case was executed last."""
        if is_red:
            self.red.add(test_id)
        else:
            self.red.discard(test_id)

    def was_executed(self, test_id: int) -> bool:
        """Whether a part that was taken executed a test case."""
        while self._waiting:
            tests = self._sets.executed(self._waiting.pop())
            if tests and tests[-1] >= len(self.executed):
                self.executed.extend(bytes(tests[-1] + 1024 - len(self.executed)))
            for test in tests:
                self.executed[test] = 1
        return test_id < len(self.executed) and bool(self.executed[test_id])


class DaySets:
    """Rows of `set_day`; the caller holds the transaction."""

    def __init__(self, connection: Connection, sets: CaseSets, packed: Packed) -> None:
        self._connection = connection
        self._sets = sets
        self._packed = packed
        self._days: dict[tuple[int, int], Today] = {}
        self._newest: dict[int, int] = {}
        self._left: set[tuple[int, int]] = set()
        self._folded: dict[_Rows, _Rows] = {}
        """Most days of a stream are made of the same sets."""

    def forget(self) -> None:
        """Drop what is cached: after a rollback, or when another process has written."""
        self._days.clear()
        self._newest.clear()
        self._left.clear()
        self._folded.clear()

    def leave(self, stream_id: int, day: int) -> None:
        """Drop what is known of a day: its sums change otherwise than by one more part."""
        self._days.pop((stream_id, day), None)

    def today(self, stream_id: int, day: int) -> Today:
        """What is known of a day that a part comes to."""
        key = (stream_id, day)
        found = self._days.get(key)
        if found is None:
            held = sum(len(other.executed) for other in self._days.values())
            if len(self._days) >= _MOST_DAYS or held > _MOST_BYTES:
                self._days.clear()
            reds = self._connection.execute(
                "SELECT test_id FROM special_day WHERE stream_id = ? AND day = ? AND last_red", key
            )
            red = {int(row[0]) for row in reds}
            waiting = [int(row[0]) for row in self._connection.execute(_OF_DAY, key)]
            found = self._days[key] = Today(self._sets, waiting, red)
            self._note(stream_id, day)
        return found

    def _note(self, stream_id: int, day: int) -> None:
        """Have the day before folded when a stream goes on to another one."""
        if self._newest.get(stream_id) == day:
            return
        self._newest[stream_id] = day
        row = self._connection.execute(
            "SELECT max(day) FROM set_day WHERE stream_id = ? AND day < ?", (stream_id, day)
        ).fetchone()
        if row[0] is not None:
            self._left.add((stream_id, row[0]))

    def add(self, stream_id: int, day: int, set_id: int) -> None:
        """Add a part of a first run attempt."""
        self._connection.execute(_ADD, (stream_id, day, set_id, 1))

    def count_again(self, stream_id: int, day: int, from_ms: int, until_ms: int) -> None:
        """Count the parts of a day again."""
        rows = self._connection.execute(_PARTS, (stream_id, from_ms, until_ms)).fetchall()
        self._packed.pack_all([part_id for (part_id,) in rows])
        self._connection.execute("DELETE FROM set_day WHERE stream_id = ? AND day = ?", (stream_id, day))
        self._connection.execute(
            f"INSERT INTO set_day SELECT ?1, ?4, k.set_id, count(*) FROM packed_part k WHERE k.part_id IN ({_PARTS})"
            " GROUP BY k.set_id",
            (stream_id, from_ms, until_ms, day),
        )
        later = "SELECT 1 FROM set_day WHERE stream_id = ? AND day > ? LIMIT 1"
        if self._connection.execute(later, (stream_id, day)).fetchone():
            self._left.add((stream_id, day))

    def settle(self) -> None:
        """Fold days that were left."""
        for stream_id, day in sorted(self._left):
            self._fold(stream_id, day)
        self._left.clear()

    def _fold(self, stream_id: int, day: int) -> None:
        rows = tuple(self._connection.execute(_OF_DAY, (stream_id, day)).fetchall())
        if len(rows) <= _FEW_SETS:
            return
        if rows not in self._folded:
            if len(self._folded) >= _MOST_DAYS:
                self._folded.clear()
            self._folded[rows] = self._classes(rows)
        folded = self._folded[rows]
        if len(folded) < len(rows):
            self._connection.execute("DELETE FROM set_day WHERE stream_id = ? AND day = ?", (stream_id, day))
            self._connection.executemany(_ADD, [(stream_id, day, *row) for row in folded])

    def _classes(self, rows: _Rows) -> _Rows:
        """(set, runs) of the cases that were executed equally often."""
        counts: dict[int, int] = defaultdict(int)
        for set_id, runs in rows:
            for test in self._sets.executed(set_id):
                counts[test] += runs
        classes: dict[int, list[int]] = defaultdict(list)
        for test, runs in sorted(counts.items()):
            classes[runs].append(test)
        return tuple((self._sets.of_tests(tests), runs) for runs, tests in classes.items())

    def rename(self, stream_id: int, day: int, old: int, new: int) -> None:
        """Put a test case in the place of another one."""
        self.leave(stream_id, day)
        rows = self._connection.execute(_OF_DAY, (stream_id, day)).fetchall()
        self._connection.execute("DELETE FROM set_day WHERE stream_id = ? AND day = ?", (stream_id, day))
        for set_id, runs in rows:
            self._connection.execute(_ADD, (stream_id, day, self._sets.replace(set_id, old, new), runs))

    def days_of(self, tests: Collection[int]) -> Iterator[tuple[int, int, frozenset[int]]]:
        """(stream, day, those of some test cases that a set of that day executed)."""
        listed = "[" + ",".join(map(str, sorted(tests))) + "]"
        wanted = frozenset(tests)
        for (stream_id,) in self._connection.execute(STREAMS_OF, (listed,)).fetchall():
            held: dict[int, frozenset[int]] = {}
            rows: Sequence[tuple[int, int]] = self._connection.execute(
                "SELECT day, set_id FROM set_day WHERE stream_id = ? ORDER BY day DESC", (stream_id,)
            ).fetchall()
            for day, set_id in rows:
                if set_id not in held:
                    held[set_id] = wanted.intersection(self._sets.executed(set_id))
                if held[set_id]:
                    yield stream_id, day, held[set_id]
