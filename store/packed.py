"""Results of a part, packed, for answers that look at whole streams.

A part's cases are one of few sets, stored once each; beside it stands only what is no plain result, passed or skipped
at its single attempt. That is a fiftieth of the rows, and whole weeks of a stream become arrays in milliseconds. It
says what `result` says: it is made from the rows, dropped when they change, and made again before the transaction
ends. A part without it is read from its rows.
"""

from __future__ import annotations

import json
import struct
from array import array
from bisect import bisect_left
from collections.abc import Collection, Sequence
from itertools import groupby
from operator import itemgetter

from ingest.model import Outcome
from store.case_sets import CaseSets, special_places
from store.connect import Connection
from store.merge import merge_cell

SPECIAL = struct.Struct("<IBBBxiii")
"""Place in the sorted set, then a `store.merge.Cell`."""
_FAILED = (int(Outcome.FAILED), int(Outcome.ERRORED))
_LONG_MS = 2**31
_BATCH = 1000
"""Parts packed in one go."""
_ROWS = "SELECT test_id, outcome, duration_ms FROM result WHERE part_id = ?1 AND "
_IN_ORDER = " ORDER BY test_id, coalesce(start_offset_ms, 0), ordinal"
_SOME_ROWS = f"{_ROWS}test_id IN (SELECT value FROM json_each(?2)){_IN_ORDER}"
_SPECIAL_ROWS = (
    f"{_ROWS}(outcome IN (1, 2) OR test_id IN (SELECT test_id FROM result WHERE part_id = ?1 AND ordinal > 0))"
    f"{_IN_ORDER}"
)
_KEYS = "SELECT test_id << 1 | (min(outcome) = 3) FROM result WHERE part_id = ? GROUP BY test_id ORDER BY test_id"
_MISSING = "SELECT part_id FROM part p WHERE NOT EXISTS (SELECT 1 FROM packed_part k WHERE k.part_id = p.part_id)"


class Packed:
    """Keeps `packed_part`; the caller holds the transaction."""

    def __init__(self, connection: Connection, sets: CaseSets) -> None:
        self._connection = connection
        self._sets = sets
        self._marked: set[int] = set()

    def add(self, part_id: int, tests: array[int], codes: bytes, several: Collection[int]) -> int:
        """Pack a part whose rows are written; row of its set.

        Args:
            tests, codes: its cases, ascending, and the code of each.
            several: test cases of more than one attempt.
        """
        special = {tests[place] for place in special_places(codes)}.union(several)
        rows = []
        if special:
            rows = self._connection.execute(_SOME_ROWS, (part_id, json.dumps(sorted(special)))).fetchall()
        return self._write(part_id, self._sets.of_part(tests, codes), tests, rows)

    def drop(self, part_id: int) -> None:
        """Have a part packed again before the transaction ends: its rows change."""
        self._connection.execute("DELETE FROM packed_part WHERE part_id = ?", (part_id,))
        self._marked.add(part_id)

    def settle(self) -> None:
        """Pack what was dropped, unless it is gone."""
        for part_id in sorted(self._marked):
            self._pack(part_id)
        self._marked.clear()

    def pack_some(self) -> bool:
        """Pack parts that an older version, or pruning, left to be read row by row; whether there may be more."""
        rows = self._connection.execute(f"{_MISSING} LIMIT ?", (_BATCH,)).fetchall()
        for (part_id,) in rows:
            self._pack(part_id)
        if len(rows) < _BATCH:
            self._connection.execute("UPDATE state SET value = 0 WHERE name = 'unpacked'")
        return len(rows) == _BATCH

    def pack_all(self, part_ids: Sequence[int]) -> None:
        """Pack parts of a list that are not packed."""
        listed = json.dumps(part_ids)
        missing = f"{_MISSING} AND p.part_id IN (SELECT value FROM json_each(?))"
        for (part_id,) in self._connection.execute(missing, (listed,)).fetchall():
            self._pack(part_id)

    def _pack(self, part_id: int) -> None:
        is_there = self._connection.execute(
            "SELECT 1 FROM part p WHERE part_id = ?1 AND NOT EXISTS (SELECT 1 FROM packed_part WHERE part_id = ?1)",
            (part_id,),
        ).fetchone()
        if is_there:
            keys = array("I", (row[0] for row in self._connection.execute(_KEYS, (part_id,))))
            rows = self._connection.execute(_SPECIAL_ROWS, (part_id,)).fetchall()
            self._write(part_id, self._sets.of_keys(keys), array("Q", (key >> 1 for key in keys)), rows)

    def _write(
        self, part_id: int, set_id: int, tests: Sequence[int], rows: Sequence[tuple[int, int, int | None]]
    ) -> int:
        """Args: rows: attempts (test, outcome, duration) of what is no plain result, by test and in their order."""
        specials = bytearray()
        for test_id, attempts in groupby(rows, key=itemgetter(0)):
            place, group = bisect_left(tests, test_id), list(attempts)
            if len(group) == 1 and group[0][1] in _FAILED and (ms := group[0][2]) is not None and ms < _LONG_MS:
                specials += SPECIAL.pack(place, group[0][1], 1, 1, ms, ms, ms)  # as `merge_cell` has it
            else:
                specials += SPECIAL.pack(place, *merge_cell([row[1:] for row in group]))
        self._connection.execute("INSERT INTO packed_part VALUES (?, ?, ?)", (part_id, set_id, bytes(specials)))
        return set_id
