"""Sums over days of all test cases at once; what a few cases did day by day is in `tests`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from store.connect import Connection
from store.read import executed
from store.read.chosen import chosen
from store.read.numbers import concatenated, numbers_of
from store.read.rows import DaySums, ServiceTests

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

_SPECIAL = """
SELECT stream_id, count(*), {}
FROM special_day t WHERE {} AND day BETWEEN ?1 AND ?2 GROUP BY stream_id ORDER BY stream_id
"""
_EVERY_STREAM = "stream_id IN (SELECT stream_id FROM stream)"
"""True of all; with it the days of each are found by key."""


def list_red_sums(
    connection: Connection,
    first_day: int,
    last_day: int,
    stream_ids: Sequence[int] | None = None,
    of_service: ServiceTests | None = None,
    test_rows: Sequence[int] | None = None,
) -> tuple[DaySums, ...]:
    """Sums of every case and stream with a failed or flaky run in [first_day, last_day] (days since 1970).

    Args:
        stream_ids, of_service, test_rows: only such; None: all.
    """
    condition, values = chosen(stream_ids, of_service, test_rows)
    columns = ("test_id", "failed", "flaky", "retried", "repeated")
    base = _EVERY_STREAM if stream_ids is None else "true"
    streams, found = _special_days(connection, columns, base + condition, (first_day, last_day, *values))
    streams, tests, (failed, flaky, retried, repeated) = _summed(streams, found[0], found[1:])
    red = failed + flaky > 0
    streams, tests = streams[red], tests[red]
    runs = executed.count_wanted(connection, streams, tests, first_day, last_day) - repeated[red]
    table = (streams, tests, runs, failed[red], flaky[red], retried[red])
    return tuple(map(DaySums._make, zip(*(column.tolist() for column in table), strict=True)))


def _special_days(
    connection: Connection, columns: Sequence[str], condition: str, values: Sequence[object]
) -> tuple[Ints, Ints]:
    """([k] streams, [columns, k]) of special days, stream after stream.

    Args:
        values: first and last day, and what the condition asks for.
    """
    import numpy as np

    rows = connection.execute(_SPECIAL.format(concatenated(*columns), condition), values).fetchall()
    streams = np.repeat([row[0] for row in rows], [row[1] for row in rows]) if rows else np.zeros(0, dtype=np.int64)
    return streams, np.array([numbers_of(row[2 + n] for row in rows) for n in range(len(columns))], dtype=np.int64)


def _summed(streams: Ints, tests: Ints, table: Ints) -> tuple[Ints, Ints, Ints]:
    """([m] streams, [m] tests, [columns, m] sums) of each case and stream, by stream, then case."""
    import numpy as np

    keys, first, place = np.unique(streams << 32 | tests, return_index=True, return_inverse=True)
    sums = np.zeros((len(table), len(keys)), dtype=np.int64)
    for column, values in zip(sums, table, strict=True):
        np.add.at(column, place, values)
    return streams[first], tests[first], sums


def list_red_tests(
    connection: Connection,
    first_day: int,
    last_day: int,
    stream_ids: Sequence[int] | None,
    of_service: ServiceTests | None,
) -> tuple[int, ...]:
    """Rows of the test cases in `list_red_sums`."""
    import numpy as np

    condition, values = chosen(stream_ids, of_service, None)
    base = _EVERY_STREAM if stream_ids is None else "true"
    condition = f"{base} AND failed + flaky > 0{condition}"
    _, (found,) = _special_days(connection, ("test_id",), condition, (first_day, last_day, *values))
    return tuple(np.unique(found).tolist())


def list_all_sums(connection: Connection, first_day: int, last_day: int) -> Ints:
    """[m, 6] sums of every case and stream executed in [first_day, last_day], by stream, then case.

    The columns are those of `DaySums`: as rows of Python they take five times as long.
    """
    import numpy as np

    columns = ("test_id", "failed", "flaky", "retried")
    special_streams, found = _special_days(connection, columns, _EVERY_STREAM, (first_day, last_day))
    special_streams, special_tests, special = _summed(special_streams, found[0], found[1:])
    counted = [np.zeros((0, len(DaySums._fields)), dtype=np.int64)]
    for (stream,) in connection.execute("SELECT stream_id FROM stream ORDER BY stream_id").fetchall():
        tests, _, _, runs = executed.count_stream(connection, stream, first_day, last_day)
        own = special_streams == stream
        held = np.isin(special_tests[own], tests)
        table = np.zeros((len(tests), len(DaySums._fields)), dtype=np.int64)
        table[:, 0], table[:, 1], table[:, 2] = stream, tests, runs
        table[np.searchsorted(tests, special_tests[own][held]), 3:] = special[:, own][:, held].T
        counted.append(table)
    return np.concatenate(counted)


def list_red_at_end(connection: Connection, first_day: int, last_day: int) -> tuple[tuple[int, int], ...]:
    """(stream, test) of cases that failed in the days and whose last executed run of them is red."""
    import numpy as np

    columns = ("test_id", "day", "failed", "last_red")
    streams, (tests, days, failed, last_red) = _special_days(connection, columns, _EVERY_STREAM, (first_day, last_day))
    keys = streams << 32 | tests
    order = np.lexsort((days, keys))
    ends = np.flatnonzero(np.diff(keys[order], append=-1))
    if len(ends) == 0:
        return ()
    has_failed = np.maximum.reduceat(failed[order], [0, *(ends[:-1] + 1).tolist()]) > 0
    newest = order[ends]
    red: dict[int, dict[int, int]] = {}
    for place in newest[has_failed & (last_red[newest] > 0)].tolist():
        red.setdefault(int(streams[place]), {})[int(tests[place])] = int(days[place])
    last = executed.last_days(connection, {stream: sorted(found) for stream, found in red.items()}, first_day, last_day)
    return tuple((stream, test) for stream, found in red.items() for test in found if last[stream, test] == found[test])
