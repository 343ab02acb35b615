"""Durations of passing tests in parts of a window: enough to see which are worth a closer look."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from store.connect import Connection

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Floats = npt.NDArray[np.float64]

_PARTS = """
SELECT p.part_id, r.started_ms
FROM stream s
CROSS JOIN run r INDEXED BY run_pipeline ON r.pipeline_id = s.pipeline_id
CROSS JOIN part p INDEXED BY part_run ON p.run_id = r.run_id AND p.stream_id = s.stream_id
WHERE s.stream_id = ? AND r.attempt = 1 AND r.started_ms >= ? AND r.started_ms < ?
    AND coalesce(r.ended_ms, r.started_ms) <= ?
"""
_TOOK = "SELECT group_concat(test_id), group_concat(took) FROM result WHERE part_id = ? AND ordinal = 0"
"""As text: a number takes a fifth of the time of a row, and parts of the same test cases have one text for them."""


def sum_durations(
    connection: Connection, stream_id: int, cuts: Sequence[int], at_ms: int
) -> tuple[tuple[int, ...], Floats]:
    """(test rows, [3, tests, stretches] number, sum and sum of squares in ms of first attempts that passed).

    Args:
        cuts: starts of the stretches of time, ascending, and the end of the last; of runs that started in them and
            ended by `at_ms`.
    """
    import numpy as np

    parts = [
        (ids, np.fromstring(took, dtype=np.int64, sep=","), bisect_right(cuts, started_ms) - 1)
        for started_ms, ids, took in _list_parts(connection, stream_id, cuts, at_ms)
    ]
    held = {ids: np.fromstring(ids, dtype=np.int64, sep=",") for ids, _, _ in parts}
    tests = np.unique(np.concatenate([np.zeros(0, dtype=np.int64), *held.values()]))
    places = {ids: np.searchsorted(tests, some) for ids, some in held.items()}
    table = np.zeros((3, len(cuts) - 1, len(tests)))
    for ids, took, stretch in parts:
        passed = np.flatnonzero((took & 3 == 0) & (took >= 0))
        place, duration = places[ids][passed], (took[passed] >> 2).astype(np.float64)
        table[0, stretch, place] += 1.0
        table[1, stretch, place] += duration
        table[2, stretch, place] += duration * duration
    seen = table[0].any(axis=0)
    return tuple(tests[seen].tolist()), table[:, :, seen].transpose(0, 2, 1)


def _list_parts(
    connection: Connection, stream_id: int, cuts: Sequence[int], at_ms: int
) -> Iterator[tuple[int, str, str]]:
    """(start of the run, test rows, outcomes and durations as the store has them) of each part that has any."""
    for part, started_ms in connection.execute(_PARTS, (stream_id, cuts[0], cuts[-1], at_ms)).fetchall():
        ids, took = connection.execute(_TOOK, (part,)).fetchone()
        if ids is not None:
            yield started_ms, ids, took
