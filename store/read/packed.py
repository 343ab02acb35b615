"""Packed parts: what whole streams are read from. See `store/packed.py` for what the bytes say."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from store.connect import Connection
from store.read.rows import marks

_CHUNK = 400


@dataclass(frozen=True, slots=True)
class PackedPart:
    """One part of a run in a stream."""

    run_row: int
    set_row: int | None
    """None: it is not packed."""
    specials: bytes


def list_packed(connection: Connection, stream_id: int, run_rows: Sequence[int]) -> tuple[PackedPart, ...]:
    """Parts of some runs of a stream."""
    found: list[PackedPart] = []
    for start in range(0, len(run_rows), _CHUNK):
        chunk = run_rows[start : start + _CHUNK]
        rows = connection.execute(
            "SELECT p.run_id, k.set_id, k.specials FROM part p LEFT JOIN packed_part k ON k.part_id = p.part_id"
            f" WHERE p.run_id IN ({marks(len(chunk))}) AND p.stream_id = ?",
            (*chunk, stream_id),
        )
        found += [PackedPart(row[0], row[1], row[2] or b"") for row in rows]
    return tuple(found)


def load_case_sets(connection: Connection, set_rows: Iterable[int]) -> dict[int, bytes]:
    """Sets of cases by their rows: 32-bit differences of `test << 1 | whether it was only skipped`."""
    wanted = sorted(set(set_rows))
    found: dict[int, bytes] = {}
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        rows = connection.execute(f"SELECT set_id, cases FROM case_set WHERE set_id IN ({marks(len(chunk))})", chunk)
        found.update((row[0], zlib.decompress(row[1])) for row in rows)
    return found


def is_some_unpacked(connection: Connection) -> bool:
    """Whether an older version, or pruning, may have left parts to be read row by row."""
    return connection.execute("SELECT 1 FROM state WHERE name = 'unpacked' AND value").fetchone() is not None
