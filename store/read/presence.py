"""Which test cases each run of a stream holds, by the sets that packed parts share: no result is read for it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ingest.model import RunState
from store.connect import Connection
from store.read import executed

_PARTS = """
SELECT r.run_id, r.started_ms, r.state, p.part_id, k.set_id
FROM stream s
CROSS JOIN run r INDEXED BY run_pipeline ON r.pipeline_id = s.pipeline_id
CROSS JOIN part p INDEXED BY part_run ON p.run_id = r.run_id AND p.stream_id = s.stream_id
LEFT JOIN packed_part k ON k.part_id = p.part_id
WHERE s.stream_id = ? AND r.attempt = 1 AND r.started_ms >= ? AND coalesce(r.ended_ms, r.started_ms) <= ?
ORDER BY r.started_ms, r.name, r.run_id
"""


@dataclass(frozen=True, slots=True)
class HeldPart:
    """One part of a run in a stream."""

    run_row: int
    started_ms: int
    is_complete: bool
    """Whether its run is."""
    part_row: int
    set_row: int | None
    """None: it is not packed."""


def list_held(connection: Connection, stream_id: int, since_ms: int, now_ms: int) -> tuple[HeldPart, ...]:
    """Parts of the first run attempts of a stream that started since and ended by now, oldest run first."""
    rows = connection.execute(_PARTS, (stream_id, since_ms, now_ms))
    return tuple(HeldPart(row[0], row[1], row[2] == RunState.COMPLETE, row[3], row[4]) for row in rows)


def list_part_cases(connection: Connection, part_row: int) -> tuple[int, ...]:
    """`test << 1 | whether it was only skipped` of a part that is not packed, ascending."""
    rows = connection.execute(
        "SELECT test_id << 1 | (min(outcome) = 3) FROM result WHERE part_id = ? GROUP BY test_id ORDER BY test_id",
        (part_row,),
    )
    return tuple(row[0] for row in rows)


def list_executed_ever(
    connection: Connection, stream_id: int, test_rows: Iterable[int], last_day: int
) -> dict[int, int]:
    """test -> the last day, up to one, on which it was executed in a stream, as sums tell it."""
    wanted = sorted(test_rows)
    if not wanted:
        return {}
    found = executed.last_days(connection, {stream_id: wanted}, 0, last_day)
    return {test: day for (_, test), day in found.items()}


def load_skip_reasons(connection: Connection, stream_id: int, run_row: int, test_rows: Sequence[int]) -> dict[int, str]:
    """test -> the reason that a run's report gives for skipping it, where it gives one."""
    rows = connection.execute(
        "SELECT s.test_id, f.message FROM json_each(?1) j"
        " CROSS JOIN part p INDEXED BY part_run ON p.run_id = ?2 AND p.stream_id = ?3"
        " CROSS JOIN result s ON s.part_id = p.part_id AND s.test_id = j.value AND s.outcome = 3"
        " JOIN failure f ON f.failure_id = s.failure_id ORDER BY s.test_id, p.part_id DESC, s.ordinal DESC",
        (json.dumps(list(test_rows)), run_row, stream_id),
    )
    return {row[0]: row[1] for row in rows if row[1]}
