"""What migration 3 moves from the dense `test_day` to `set_day` and `special_day`; SQL cannot deflate."""

from __future__ import annotations

import hashlib
import struct
import zlib
from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.connect import Connection


def convert_3(connection: Connection) -> None:
    """Make sets of the cases that were executed equally often on a day; keep rows only of what was no plain pass."""
    for (stream_id,) in connection.execute("SELECT DISTINCT stream_id FROM test_day").fetchall():
        _convert_stream(connection, stream_id)
    connection.execute("DROP TABLE test_day")


def _convert_stream(connection: Connection, stream_id: int) -> None:
    tests: dict[tuple[int, int], list[int]] = defaultdict(list)
    rows = connection.execute(
        "SELECT day, executed, test_id FROM test_day WHERE stream_id = ? ORDER BY test_id", (stream_id,)
    )
    for day, executed, test_id in rows:
        tests[day, executed].append(test_id)
    connection.executemany(
        "INSERT INTO set_day VALUES (?, ?, ?, ?)",
        [(stream_id, day, _set_of(connection, tests[day, executed]), executed) for day, executed in sorted(tests)],
    )
    connection.execute(
        "INSERT INTO special_day SELECT stream_id, day, test_id, 0, failed, flaky, retried, flips, first_red, last_red"
        " FROM test_day WHERE stream_id = ? AND failed + flaky + retried > 0 ORDER BY day, test_id",
        (stream_id,),
    )


def _set_of(connection: Connection, tests: Sequence[int]) -> int:
    """Row of the set of some executed test cases, ascending."""
    keys = [test << 1 for test in tests]
    digest = hashlib.blake2b(struct.pack(f"={len(keys)}I", *keys), digest_size=16).digest()
    row = connection.execute("SELECT set_id FROM case_set WHERE digest = ?", (digest,)).fetchone()
    if row is not None:
        return int(row[0])
    steps = [key - before for before, key in zip([0, *keys], keys, strict=False)]
    body = zlib.compress(struct.pack(f"<{len(steps)}I", *steps), 1)
    cursor = connection.execute("INSERT INTO case_set (digest, cases) VALUES (?, ?)", (digest, body))
    return int(cursor.lastrowid or 0)
