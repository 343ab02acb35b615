"""How often test cases were executed, from the sets of `store/day_sets.py`."""

from __future__ import annotations

import json
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from store.connect import Connection
from store.day_sets import STREAMS_OF
from store.read.rows import marks

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

_CHUNK = 500
_EVERY = (-(2**62), 2**62)
_SUMS = """
SELECT stream_id, set_id, sum(runs) FROM set_day
WHERE stream_id IN (SELECT value FROM json_each(?)) AND day BETWEEN ? AND ? GROUP BY stream_id, set_id
"""
_REPEATED = """
SELECT stream_id, test_id, sum(repeated) FROM special_day
WHERE stream_id IN (SELECT value FROM json_each(?)) AND day BETWEEN ? AND ? AND repeated > 0
GROUP BY stream_id, test_id
"""


def load_executed(connection: Connection, set_rows: Iterable[int]) -> dict[int, Ints]:
    """Test cases of some sets that were not only skipped, ascending."""
    import numpy as np

    wanted = sorted(set(set_rows))
    found = {}
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        rows = connection.execute(f"SELECT set_id, cases FROM case_set WHERE set_id IN ({marks(len(chunk))})", chunk)
        for number, body in rows:
            keys = np.cumsum(np.frombuffer(zlib.decompress(body), dtype="<u4"), dtype=np.int64)
            found[number] = keys[(keys & 1) == 0] >> 1
    return found


def count_wanted(connection: Connection, streams: Ints, tests: Ints, first_day: int, last_day: int) -> Ints:
    """[m] parts that executed each of some cases of a stream in [first_day, last_day]: as often as it is held.

    Args:
        streams, tests: [m] each, ascending by stream, then case.
    """
    import numpy as np

    counts = np.zeros(len(tests), dtype=np.int64)
    present, first = np.unique(streams, return_index=True)
    own = dict(zip(present.tolist(), map(slice, first.tolist(), [*first[1:].tolist(), len(tests)]), strict=True))
    sums = connection.execute(_SUMS, (json.dumps(list(own)), first_day, last_day)).fetchall()
    executed = load_executed(connection, {set_row for _, set_row, _ in sums})
    for stream, set_row, runs in sums:
        held, wanted = executed[set_row], tests[own[stream]]
        if len(held):
            places = np.minimum(np.searchsorted(held, wanted), len(held) - 1)
            counts[own[stream]] += (held[places] == wanted) * runs
    return counts


def count_stream(
    connection: Connection, stream_id: int, first_day: int = _EVERY[0], last_day: int = _EVERY[1]
) -> tuple[Ints, Ints, Ints, Ints]:
    """[m] test cases executed in a stream in [first_day, last_day], ascending; first day, last day and runs of each."""
    import numpy as np

    sums = connection.execute(
        "SELECT set_id, min(day), max(day), sum(runs) FROM set_day WHERE stream_id = ? AND day BETWEEN ? AND ?"
        " GROUP BY set_id",
        (stream_id, first_day, last_day),
    ).fetchall()
    executed = load_executed(connection, [row[0] for row in sums])
    none = np.zeros(0, dtype=np.int64)
    tests, places = np.unique(np.concatenate([none, *(executed[row[0]] for row in sums)]), return_inverse=True)
    counts = [len(executed[row[0]]) for row in sums]
    first, last = np.full(len(tests), _EVERY[1]), np.full(len(tests), _EVERY[0])
    runs = np.zeros(len(tests), dtype=np.int64)
    np.minimum.at(first, places, np.repeat([row[1] for row in sums], counts))
    np.maximum.at(last, places, np.repeat([row[2] for row in sums], counts))
    np.add.at(runs, places, np.repeat([row[3] for row in sums], counts))
    rows = connection.execute(_REPEATED, (f"[{stream_id}]", first_day, last_day)).fetchall()
    repeated = np.array(rows, dtype=np.int64).reshape(-1, 3)
    repeated = repeated[np.isin(repeated[:, 1], tests)]
    runs[np.searchsorted(tests, repeated[:, 1])] -= repeated[:, 2]
    return tests, first, last, runs


def span_of(
    connection: Connection, stream_id: int, first_day: int = _EVERY[0], last_day: int = _EVERY[1]
) -> dict[int, tuple[int, int, int]]:
    """test -> (first day, last day, runs) of every case executed in a stream in [first_day, last_day]."""
    tests, *sums = (column.tolist() for column in count_stream(connection, stream_id, first_day, last_day))
    return dict(zip(tests, zip(*sums, strict=True), strict=True))


def count_by_day(
    connection: Connection, stream_id: int, first_day: int, last_day: int, test_rows: Sequence[int]
) -> dict[tuple[int, int], int]:
    """(test, day) -> parts that executed it, of some cases of a stream in [first_day, last_day]."""
    import numpy as np

    rows = connection.execute(
        "SELECT day, set_id, runs FROM set_day WHERE stream_id = ? AND day BETWEEN ? AND ?",
        (stream_id, first_day, last_day),
    ).fetchall()
    wanted = np.array(sorted(set(test_rows)), dtype=np.int64)
    held = {
        set_row: np.intersect1d(tests, wanted, assume_unique=True).tolist()
        for set_row, tests in load_executed(connection, {row[1] for row in rows}).items()
    }
    found: dict[tuple[int, int], int] = defaultdict(int)
    for day, set_row, runs in rows:
        for test in held[set_row]:
            found[test, day] += runs
    return found


def last_days(
    connection: Connection, wanted: Mapping[int, Sequence[int]], first_day: int, last_day: int
) -> dict[tuple[int, int], int]:
    """(stream, test) -> the last day of [first_day, last_day] on which it was executed, of some cases by stream."""
    import numpy as np

    found: dict[tuple[int, int], int] = {}
    rows = connection.execute(
        "SELECT stream_id, set_id, max(day) FROM set_day WHERE stream_id IN (SELECT value FROM json_each(?))"
        " AND day BETWEEN ? AND ? GROUP BY stream_id, set_id",
        (json.dumps(sorted(wanted)), first_day, last_day),
    ).fetchall()
    executed = load_executed(connection, {row[1] for row in rows})
    tests = {stream: np.array(found_tests, dtype=np.int64) for stream, found_tests in wanted.items()}
    for stream, set_row, day in rows:
        for test in np.intersect1d(executed[set_row], tests[stream], assume_unique=True).tolist():
            found[stream, test] = max(day, found.get((stream, test), day))
    return found


def list_streams_of(connection: Connection, test_row: int) -> tuple[int, ...]:
    """Streams in which a test case was executed in a first run attempt."""
    streams = connection.execute(STREAMS_OF, (f"[{test_row}]",)).fetchall()
    return tuple(sorted(stream for (stream,) in streams if _is_executed(connection, stream, test_row)))


def _is_executed(connection: Connection, stream_id: int, test_row: int) -> bool:
    """Whether any set of a stream executed a test case; the newest are looked at first."""
    seen: set[int] = set()
    rows = connection.execute("SELECT set_id FROM set_day WHERE stream_id = ? ORDER BY day DESC", (stream_id,))
    for (set_row,) in rows:
        if set_row not in seen:
            seen.add(set_row)
            tests = load_executed(connection, (set_row,))[set_row]
            place = int(tests.searchsorted(test_row))
            if place < len(tests) and tests[place] == test_row:
                return True
    return False
