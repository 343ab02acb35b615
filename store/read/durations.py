"""Durations of passing tests in parts of a window: enough to see which are worth a closer look."""

from __future__ import annotations

from dataclasses import dataclass

from store.connect import Connection

_SUMS = """
SELECT s.test_id, count(*), sum(s.duration_ms), sum(1.0 * s.duration_ms * s.duration_ms)
FROM part p JOIN run r ON r.run_id = p.run_id CROSS JOIN result s ON s.part_id = p.part_id
WHERE p.stream_id = ? AND r.attempt = 1 AND r.started_ms >= ? AND r.started_ms < ?
    AND coalesce(r.ended_ms, r.started_ms) <= ? AND s.ordinal = 0 AND s.outcome = 0 AND s.duration_ms IS NOT NULL
GROUP BY s.test_id
"""


@dataclass(frozen=True, slots=True)
class DurationSums:
    """First attempts of a test case that passed within some time."""

    test_row: int
    runs: int
    total_ms: int
    total_squares: float


def list_duration_sums(
    connection: Connection, stream_id: int, since_ms: int, until_ms: int, at_ms: int
) -> tuple[DurationSums, ...]:
    """Sums of every case of a stream, over runs that started in [since, until) and ended by `at_ms`."""
    return tuple(DurationSums(*row) for row in connection.execute(_SUMS, (stream_id, since_ms, until_ms, at_ms)))
