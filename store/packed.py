"""Results of a part, packed, for answers that look at whole streams.

A part's cases are one of few sets, stored once each; beside it stands only what is no plain result, passed or skipped
at its single attempt. That is a fiftieth of the rows, and whole weeks of a stream become arrays in milliseconds. It
says what `result` says: it is made from the rows, dropped when they change, and made again before the transaction
ends. A part without it is read from its rows.
"""

from __future__ import annotations

import hashlib
import struct
import sys
import zlib
from array import array
from bisect import bisect_left
from collections.abc import Sequence
from itertools import chain, groupby

from ingest.model import Result
from store.connect import Connection
from store.merge import merge_cell

CODE_BITS = 5
"""A packed case is `test_id << CODE_BITS | Result | RETRIED`: eight bytes a case, whatever the size of a report."""
SPECIAL = struct.Struct("<IBBBxqqq")
"""Place in the sorted set, then a `store.merge.Cell`."""
_CODE = (1 << CODE_BITS) - 1
_CACHED_SETS = 4096
_BATCH = 1000
"""Parts packed in one go."""
_SPECIAL_ROWS = """
SELECT test_id, outcome, duration_ms FROM result
WHERE part_id = ?1 AND (outcome IN (1, 2) OR test_id IN (SELECT test_id FROM result WHERE part_id = ?1 AND ordinal > 0))
ORDER BY test_id, coalesce(start_offset_ms, 0), ordinal
"""
_KEYS = "SELECT test_id << 1 | (min(outcome) = 3) FROM result WHERE part_id = ? GROUP BY test_id ORDER BY test_id"
_MISSING = "SELECT part_id FROM part p WHERE NOT EXISTS (SELECT 1 FROM packed_part k WHERE k.part_id = p.part_id)"


class Packed:
    """Keeps `case_set` and `packed_part`; the caller holds the transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._sets: dict[bytes, int] = {}
        self._marked: set[int] = set()

    def forget(self) -> None:
        """Drop what is cached: after a rollback, or when another process has written."""
        self._sets.clear()

    def add(self, part_id: int, cases: Sequence[int]) -> None:
        """Pack a part whose rows are written; `cases` are its packed cases of `store.rollups`, sorted."""
        skipped = int(Result.SKIPPED)
        self._add(part_id, array("I", (case >> CODE_BITS << 1 | (case & _CODE == skipped) for case in cases)))

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

    def _pack(self, part_id: int) -> None:
        is_there = self._connection.execute(
            "SELECT 1 FROM part p WHERE part_id = ?1 AND NOT EXISTS (SELECT 1 FROM packed_part WHERE part_id = ?1)",
            (part_id,),
        ).fetchone()
        if is_there:
            self._add(part_id, array("I", (row[0] for row in self._connection.execute(_KEYS, (part_id,)))))

    def _add(self, part_id: int, keys: array[int]) -> None:
        """Args: keys: `test << 1 | whether it was only skipped`, ascending."""
        specials = bytearray()
        rows = self._connection.execute(_SPECIAL_ROWS, (part_id,))
        for test_id, attempts in groupby(rows, key=lambda row: row[0]):
            cell = merge_cell([(row[1], row[2]) for row in attempts])
            specials += SPECIAL.pack(bisect_left(keys, test_id << 1), *cell)
        row = (part_id, self._set_of(keys), bytes(specials))
        self._connection.execute("INSERT INTO packed_part VALUES (?, ?, ?)", row)

    def _set_of(self, keys: array[int]) -> int:
        """Row of a set of cases."""
        digest = hashlib.blake2b(keys, digest_size=16).digest()
        found = self._sets.get(digest)
        if found is None:
            if len(self._sets) >= _CACHED_SETS:
                self._sets.clear()
            found = self._sets[digest] = self._find_or_add(digest, keys)
        return found

    def _find_or_add(self, digest: bytes, keys: array[int]) -> int:
        row = self._connection.execute("SELECT set_id FROM case_set WHERE digest = ?", (digest,)).fetchone()
        if row is not None:
            return int(row[0])
        steps = array("I", (key - before for before, key in zip(chain((0,), keys), keys, strict=False)))
        if sys.byteorder == "big":
            steps.byteswap()
        body = zlib.compress(steps, 1)
        cursor = self._connection.execute("INSERT INTO case_set (digest, cases) VALUES (?, ?)", (digest, body))
        return int(cursor.lastrowid or 0)
