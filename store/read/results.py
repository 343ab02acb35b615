"""Attempts of chosen runs and test cases, in the order in which they are merged."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from ingest.model import Failure, Link
from store.connect import Connection
from store.read.rows import AttemptFact, FailureText, marks
from store.traces import inflate

_CHUNK = 400
_ORDER = (
    " ORDER BY p.run_id, s.test_id, coalesce(p.started_ms + s.start_offset_ms, p.started_ms), o.location, s.ordinal"
)
_ALL = (
    "SELECT p.run_id, s.test_id, s.outcome, s.duration_ms"
    " FROM part p JOIN source_file o ON o.source_id = p.source_id CROSS JOIN result s ON s.part_id = p.part_id"
)
_SOME = (
    "SELECT p.run_id, s.test_id, s.part_id, coalesce(s.start_offset_ms, 0), s.ordinal, s.outcome, s.duration_ms"
    " FROM part p CROSS JOIN result s ON s.part_id = p.part_id"
)

_Placed = tuple[int, int, int, int, int, int, int | None]
"""(run row, test row, part row, offset in ms, order in the part, outcome, duration in ms)."""

ResultTuple = tuple[int, int, int, int | None]
"""(run row, test row, outcome, duration in ms)."""


def list_results(
    connection: Connection, stream_id: int, run_rows: Sequence[int], test_rows: Sequence[int] | None = None
) -> Iterator[ResultTuple]:
    """Attempts of some runs of a stream, attempts of one case in one run together and in order.

    Args:
        test_rows: only these cases, found by key; None: all.
    """
    for start in range(0, len(run_rows), _CHUNK):
        chunk = run_rows[start : start + _CHUNK]
        yield from _chunk_results(connection, stream_id, chunk, test_rows)


def _chunk_results(
    connection: Connection, stream_id: int, run_rows: Sequence[int], test_rows: Sequence[int] | None
) -> Iterator[ResultTuple]:
    where = f"p.run_id IN ({marks(len(run_rows))}) AND p.stream_id = ?"
    if test_rows is None:
        yield from connection.execute(f"{_ALL} WHERE {where}{_ORDER}", (*run_rows, stream_id))
        return
    for start in range(0, len(test_rows), _CHUNK):
        tests = test_rows[start : start + _CHUNK]
        query = f"{_SOME} AND s.test_id IN ({marks(len(tests))}) WHERE {where}"
        yield from _in_order(connection, connection.execute(query, (*tests, *run_rows, stream_id)).fetchall())


def _in_order(connection: Connection, rows: list[_Placed]) -> Iterator[ResultTuple]:
    """As `_ORDER` has them; when parts began, and where they lie, is only asked of those of a run that share a case."""
    rows.sort()
    shared = {
        part
        for one, other in pairwise(rows)
        if one[2] != other[2] and one[1] == other[1] and one[0] == other[0]
        for part in (one[2], other[2])
    }
    if shared:
        found = connection.execute(
            "SELECT p.part_id, p.started_ms, o.location FROM json_each(?) j JOIN part p ON p.part_id = j.value"
            " JOIN source_file o ON o.source_id = p.source_id",
            (json.dumps(list(shared)),),
        )
        places = {part: (started_ms, location) for part, started_ms, location in found}
        rows.sort(key=lambda row: _order(row, *places.get(row[2], (0, b""))))
    for run, test, _, _, _, outcome, duration in rows:
        yield run, test, outcome, duration


def _order(row: _Placed, part_ms: int, location: bytes) -> tuple[int, int, int, bytes, int]:
    return row[0], row[1], part_ms + row[3], location, row[4]


def list_attempts(connection: Connection, test_row: int, run_rows: Sequence[int]) -> tuple[AttemptFact, ...]:
    """Every attempt of a case in some runs, of all streams, in order."""
    return attempts_where(
        connection, f"p.run_id IN ({marks(len(run_rows))}) AND s.test_id = ?", (*run_rows, test_row), _ORDER
    )


def list_failing(
    connection: Connection, test_row: int, since_ms: int, at_ms: int, limit: int
) -> tuple[AttemptFact, ...]:
    """Failing attempts of a case in runs that started since `since_ms` and ended by `at_ms`, newest first."""
    return attempts_where(
        connection,
        "s.test_id = ? AND s.outcome IN (1, 2) AND r.started_ms >= ? AND coalesce(r.ended_ms, r.started_ms) <= ?",
        (test_row, since_ms, at_ms),
        " ORDER BY r.started_ms DESC, r.run_id DESC, p.stream_id, o.location, s.ordinal LIMIT ?",
        limit,
    )


def count_failing(connection: Connection, test_row: int, since_ms: int, at_ms: int) -> int:
    """How many failing attempts `list_failing` would give without a limit."""
    row = connection.execute(
        "SELECT count(*) FROM result s JOIN part p ON p.part_id = s.part_id JOIN run r ON r.run_id = p.run_id"
        " WHERE s.test_id = ? AND s.outcome IN (1, 2)"
        " AND r.started_ms >= ? AND coalesce(r.ended_ms, r.started_ms) <= ?",
        (test_row, since_ms, at_ms),
    ).fetchone()
    return int(row[0])


def attempts_where(
    connection: Connection, where: str, values: Sequence[object], order: str, *more: object
) -> tuple[AttemptFact, ...]:
    """Attempts by a condition on `result s`, `part p`, `run r` and `source_file o`, in an order."""
    rows = connection.execute(
        "SELECT p.run_id, p.stream_id, p.part_id, s.test_id, s.ordinal, s.outcome, s.duration_ms,"
        " p.started_ms + s.start_offset_ms, s.failure_id, o.path, p.job, p.job_url"
        " FROM result s JOIN part p ON p.part_id = s.part_id JOIN run r ON r.run_id = p.run_id"
        f" JOIN source_file o ON o.source_id = p.source_id WHERE {where}{order}",
        (*values, *more),
    )
    return tuple(AttemptFact(*row) for row in rows)


def load_failures(connection: Connection, failure_rows: Iterable[int]) -> dict[int, FailureText]:
    """Failure texts by their rows."""
    wanted = sorted(set(failure_rows))
    found: dict[int, FailureText] = {}
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        rows = connection.execute(
            "SELECT f.failure_id, f.type, f.message, f.body, t.text, coalesce(g.key, ''), coalesce(g.title, '')"
            " FROM failure f LEFT JOIN signature g ON g.signature_id = f.signature_id"
            " LEFT JOIN trace_sample t ON t.sample_id = f.sample_id"
            f" WHERE f.failure_id IN ({marks(len(chunk))})",
            chunk,
        )
        for failure_row, kind, message, body, sample, key, title in rows:
            found[failure_row] = FailureText(Failure(kind, message, inflate(body, sample)), key, title)
    return found


def load_links(connection: Connection, attempt: AttemptFact) -> tuple[Link, ...]:
    """Links of an attempt, in the report's order."""
    rows = connection.execute(
        "SELECT kind, url FROM result_link WHERE part_id = ? AND test_id = ? AND ordinal = ? ORDER BY position",
        (attempt.part_row, attempt.test_row, attempt.ordinal),
    )
    return tuple(Link(*row) for row in rows)


def load_raw_name(connection: Connection, attempt: AttemptFact) -> str | None:
    """The name as written, where it differs from the identity, which may have another name by now."""
    row = connection.execute(
        "SELECT name FROM result_name WHERE part_id = ?1 AND test_id = ?2 AND ordinal = ?3 UNION ALL"
        " SELECT t.name FROM continued c JOIN test_case t ON t.test_id = c.old_test_id"
        " WHERE c.part_id = ?1 AND c.test_id = ?2 LIMIT 1",
        (attempt.part_row, attempt.test_row, attempt.ordinal),
    ).fetchone()
    return None if row is None else str(row[0])
