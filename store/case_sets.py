"""Sets of test cases, each stored once: what packed parts and day sums are made of.

A set is its keys (`test << 1 | whether it was only skipped`), ascending, as differences of 32 bits, deflated. It never
changes; equal sets are one row.
"""

from __future__ import annotations

import hashlib
import sys
import zlib
from array import array
from collections.abc import Iterable, Sequence
from itertools import accumulate, chain, compress
from operator import add, sub

from ingest.model import Result
from store.connect import Connection

RETRIED = 16
"""Bit beside a `Result` in the code of a case: it was executed more than once."""
_SKIPPED_ONES = bytes(code == Result.SKIPPED for code in range(256))
_SPECIAL_ONES = bytes(code not in (Result.PASSED, Result.SKIPPED) for code in range(256))
_MOST_SETS = 4096


def special_places(codes: bytes) -> list[int]:
    """Where the codes of cases say more than passed or skipped.

    >>> special_places(bytes([0, 0, 1, 3, 16]))
    [2, 4]
    """
    return list(compress(range(len(codes)), codes.translate(_SPECIAL_ONES)))


def tally(codes: bytes) -> tuple[int, int, int, int, int]:
    """Codes by result: passed, failed, errored, skipped, flaky."""
    count = codes.count
    passed, failed, errored, skipped, flaky = (count(result) + count(result | RETRIED) for result in range(5))
    return passed, failed, errored, skipped, flaky


class CaseSets:
    """Rows of `case_set`; the caller holds the transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._of_parts: dict[bytes, int] = {}
        self._replaced: dict[tuple[int, int, int], int] = {}

    def forget(self) -> None:
        """Drop what is cached: after a rollback, or when another process has written."""
        self._of_parts.clear()
        self._replaced.clear()

    def of_part(self, tests: array[int], codes: bytes) -> int:
        """Row of the set of a part's cases: ascending, each with its code."""
        skipped = codes.translate(_SKIPPED_ONES)
        digest = hashlib.blake2b(tests, digest_size=16)
        digest.update(skipped)
        known = digest.digest()
        found = self._of_parts.get(known)
        if found is None:
            if len(self._of_parts) >= _MOST_SETS:
                self._of_parts.clear()
            keys = array("I", map(add, map(add, tests, tests), skipped))
            found = self._of_parts[known] = self.of_keys(keys)
        return found

    def of_tests(self, tests: Iterable[int]) -> int:
        """Row of the set of some executed test cases, ascending."""
        return self.of_keys(array("I", [test << 1 for test in tests]))

    def of_keys(self, keys: array[int]) -> int:
        """Row of a set by its keys, ascending."""
        digest = hashlib.blake2b(keys, digest_size=16).digest()
        row = self._connection.execute("SELECT set_id FROM case_set WHERE digest = ?", (digest,)).fetchone()
        if row is not None:
            return int(row[0])
        steps = array("I", map(sub, keys, chain((0,), keys)))
        if sys.byteorder == "big":
            steps.byteswap()
        body = zlib.compress(steps, 1)
        cursor = self._connection.execute("INSERT INTO case_set (digest, cases) VALUES (?, ?)", (digest, body))
        return int(cursor.lastrowid or 0)

    def keys(self, set_id: int) -> Sequence[int]:
        """Keys of a set."""
        (body,) = self._connection.execute("SELECT cases FROM case_set WHERE set_id = ?", (set_id,)).fetchone()
        return unpack_keys(body)

    def executed(self, set_id: int) -> array[int]:
        """Test cases of a set that were executed, ascending."""
        return array("I", [key >> 1 for key in self.keys(set_id) if not key & 1])

    def replace(self, set_id: int, old: int, new: int) -> int:
        """Row of the set that has another test case in the place of one: executed where either was."""
        key = (set_id, old, new)
        if key not in self._replaced:
            found = {test_key >> 1: test_key & 1 for test_key in self.keys(set_id)}
            if old in found:
                found[new] = found.pop(old) & found.get(new, 1)
            self._replaced[key] = self.of_keys(array("I", sorted(test << 1 | skip for test, skip in found.items())))
        return self._replaced[key]


def unpack_keys(body: bytes) -> Sequence[int]:
    """Keys of a set as it is stored."""
    steps = array("I")
    steps.frombytes(zlib.decompress(body))
    if sys.byteorder == "big":
        steps.byteswap()
    return array("I", accumulate(steps))
