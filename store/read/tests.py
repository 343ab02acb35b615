"""Test cases: by identity, with what they exercise, and their sums by day."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence

from ingest.model import TestCase
from store.connect import Connection
from store.read.aliases import follow
from store.read.chosen import chosen
from store.read.rows import DaySums, ServiceTests, TestInfo, marks

_CHUNK = 500
_RED = "FROM test_day t INDEXED BY test_day_red WHERE failed + flaky > 0 AND day BETWEEN ?1 AND ?2"
_RED_SUMS = """
SELECT stream_id, test_id, failed, flaky, (
    SELECT sum(d.executed << 31 | d.retried) FROM test_day d
    WHERE d.stream_id = k.stream_id AND d.test_id = k.test_id AND d.day BETWEEN ?1 AND ?2
)
FROM (SELECT stream_id, test_id, sum(failed) AS failed, sum(flaky) AS flaky {} GROUP BY stream_id, test_id) k
"""
"""Two sums in one: a second look at the days would take as long as all the rest."""
_LOW = (1 << 31) - 1
_ALL_SUMS = """
SELECT stream_id, test_id, sum(failed), sum(flaky), sum(executed), sum(retried)
FROM test_day WHERE day BETWEEN ? AND ? GROUP BY stream_id, test_id
"""


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
    rows = connection.execute(_RED_SUMS.format(_RED + condition), (first_day, last_day, *values))
    return tuple(DaySums(row[0], row[1], row[4] >> 31, row[2], row[3], row[4] & _LOW) for row in rows)


def list_executed(connection: Connection, stream_id: int, first_day: int, last_day: int) -> tuple[int, ...]:
    """Test cases of a stream executed in [first_day, last_day]."""
    rows = connection.execute(
        "SELECT DISTINCT test_id FROM test_day WHERE stream_id = ? AND day BETWEEN ? AND ?",
        (stream_id, first_day, last_day),
    )
    return tuple(row[0] for row in rows)


def list_red_tests(
    connection: Connection, first_day: int, last_day: int, stream_ids: Sequence[int], of_service: ServiceTests | None
) -> tuple[int, ...]:
    """Rows of the test cases in `list_red_sums`."""
    condition, values = chosen(stream_ids, of_service, None)
    rows = connection.execute(f"SELECT DISTINCT test_id {_RED}{condition}", (first_day, last_day, *values))
    return tuple(row[0] for row in rows)


def list_all_sums(connection: Connection, first_day: int, last_day: int) -> tuple[DaySums, ...]:
    """Sums of every case and stream executed in [first_day, last_day]."""
    rows = connection.execute(_ALL_SUMS, (first_day, last_day))
    return tuple(DaySums(row[0], row[1], row[4], row[2], row[3], row[5]) for row in rows)


def list_days(
    connection: Connection, stream_id: int, first_day: int, last_day: int, test_rows: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Sums of some cases of a stream by UTC day in [first_day, last_day], by case, then day.

    Each is (test row, day, executed, failed, flaky, retried, flips within the day, first red, last red).
    """
    rows: list[tuple[int, ...]] = []
    for start in range(0, len(test_rows), _CHUNK):
        chunk = sorted(test_rows)[start : start + _CHUNK]
        rows += connection.execute(
            "SELECT test_id, day, executed, failed, flaky, retried, flips, first_red, last_red FROM test_day"
            f" WHERE stream_id = ? AND test_id IN ({marks(len(chunk))}) AND day BETWEEN ? AND ? ORDER BY test_id, day",
            (stream_id, *chunk, first_day, last_day),
        ).fetchall()
    return tuple(rows)


def has_retries(connection: Connection, stream_id: int, first_day: int, last_day: int) -> bool:
    """Whether any case of a stream was executed more than once in a run of [first_day, last_day]."""
    row = connection.execute(
        "SELECT 1 FROM test_day WHERE stream_id = ? AND day BETWEEN ? AND ? AND retried > 0 LIMIT 1",
        (stream_id, first_day, last_day),
    ).fetchone()
    return row is not None


def list_red_at_end(connection: Connection, first_day: int, last_day: int) -> tuple[tuple[int, int], ...]:
    """(stream, test) of cases that failed in the days and whose last executed run of them is red."""
    rows = connection.execute(
        "SELECT stream_id, test_id FROM (SELECT DISTINCT stream_id, test_id FROM test_day INDEXED BY test_day_red"
        " WHERE failed + flaky > 0 AND failed > 0 AND day BETWEEN ?1 AND ?2) k"
        " WHERE (SELECT last_red FROM test_day d WHERE d.stream_id = k.stream_id"
        " AND d.test_id = k.test_id AND d.day <= ?2 ORDER BY d.day DESC LIMIT 1)",
        (first_day, last_day),
    )
    return tuple((row[0], row[1]) for row in rows)


def load_tests(connection: Connection, test_rows: Iterable[int]) -> dict[int, TestInfo]:
    """Test cases by their rows, with what they declare to exercise."""
    wanted = sorted(set(test_rows))
    found: dict[int, TestInfo] = {}
    for start in range(0, len(wanted), _CHUNK):
        chunk = wanted[start : start + _CHUNK]
        declared = _declared(connection, chunk)
        rows = connection.execute(
            f"SELECT test_id, namespace, classname, name, file FROM test_case WHERE test_id IN ({marks(len(chunk))})",
            chunk,
        )
        for test_row, *fields in rows:
            found[test_row] = TestInfo(test_row, TestCase(*fields), declared.get(test_row, ()))
    return found


def list_places(connection: Connection, test_rows: Sequence[int]) -> tuple[tuple[int, str, str, str | None], ...]:
    """(row, namespace, class name, file) of some test cases: what owners depend on."""
    rows = connection.execute(
        "SELECT t.test_id, t.namespace, t.classname, t.file FROM json_each(?) j"
        " CROSS JOIN test_case t ON t.test_id = j.value",
        (json.dumps(test_rows),),
    )
    return tuple(tuple(row) for row in rows)


def list_all_places(connection: Connection) -> tuple[tuple[str, str, str | None], ...]:
    """(namespace, class name, file) of all test cases, each once; no class name where the file is known."""
    rows = connection.execute(
        "SELECT DISTINCT namespace, iif(coalesce(file, '') = '', classname, ''), file FROM test_case"
    )
    return tuple((row[0], row[1], row[2]) for row in rows)


def _declared(connection: Connection, test_rows: Sequence[int]) -> dict[int, tuple[str, ...]]:
    rows = connection.execute(
        "SELECT e.test_id, s.name FROM exercised e JOIN service s ON s.service_id = e.service_id"
        f" WHERE e.test_id IN ({marks(len(test_rows))}) ORDER BY e.test_id, e.position, s.name",
        list(test_rows),
    )
    declared: dict[int, list[str]] = {}
    for test_row, name in rows:
        declared.setdefault(test_row, []).append(name)
    return {test_row: tuple(names) for test_row, names in declared.items()}


def find_tests(connection: Connection, text: str, limit: int = 50) -> tuple[int, ...]:
    """Rows of the test cases that a text names, by identity: exact identity or id, else all that contain it.

    A former name leads to the present one.
    """
    return follow(connection, find_identities(connection, text, limit))


def find_identities(connection: Connection, text: str, limit: int = 50) -> tuple[int, ...]:
    """As `find_tests`, renames aside."""
    exact = connection.execute(
        "SELECT test_id FROM test_case WHERE namespace || '::' || classname || '::' || name = ?1"
        " OR lower(hex(stable)) = lower(?1)",
        (text,),
    ).fetchall()
    if exact:
        return tuple(row[0] for row in exact)
    for column in ("name", "classname || '::' || name", "classname"):
        whole = connection.execute(
            f"SELECT test_id FROM test_case WHERE {column} = ? ORDER BY namespace, classname, name LIMIT ?",
            (text, limit),
        ).fetchall()
        if whole:
            return tuple(row[0] for row in whole)
    rows = connection.execute(
        "SELECT test_id FROM test_case WHERE instr(lower(namespace || '::' || classname || '::' || name), lower(?)) > 0"
        " ORDER BY namespace, classname, name LIMIT ?",
        (text, limit),
    )
    return tuple(row[0] for row in rows)


def list_identities(connection: Connection) -> tuple[tuple[int, str], ...]:
    """(row, identity) of every test case, by identity: for nearest names and go-to."""
    rows = connection.execute(
        "SELECT test_id, namespace || '::' || classname || '::' || name FROM test_case ORDER BY 2"
    )
    return tuple((row[0], row[1]) for row in rows)


def list_spans(connection: Connection, stream_id: int) -> tuple[tuple[int, int, int, int], ...]:
    """(test, first day, last day, runs) of every case executed in a stream, over its whole history."""
    rows = connection.execute(
        "SELECT test_id, min(day), max(day), sum(executed) FROM test_day WHERE stream_id = ? GROUP BY test_id",
        (stream_id,),
    )
    return tuple((row[0], row[1], row[2], row[3]) for row in rows)


def span_of(connection: Connection, stream_id: int, test_row: int) -> tuple[int, int] | None:
    """(first, last) day on which a case was executed in a stream."""
    row = connection.execute(
        "SELECT min(day), max(day) FROM test_day WHERE stream_id = ? AND test_id = ?", (stream_id, test_row)
    ).fetchone()
    return None if row[0] is None else (row[0], row[1])


def list_appeared(
    connection: Connection, stream_id: int, days: tuple[int, int], like: TestCase, limit: int = 500
) -> tuple[int, ...]:
    """Cases of the class, or of the name, of another one that were first executed in a stream on days [first, last]."""
    rows = connection.execute(
        "SELECT t.test_id FROM test_case t WHERE t.namespace = ?1 AND (t.classname = ?2 OR t.name = ?3)"
        " AND (SELECT min(day) FROM test_day d WHERE d.stream_id = ?4 AND d.test_id = t.test_id) BETWEEN ?5 AND ?6"
        " ORDER BY t.classname, t.name LIMIT ?7",
        (like.namespace, like.classname, like.name, stream_id, *days, limit),
    )
    return tuple(row[0] for row in rows if row[0])


def list_signatures(connection: Connection, stream_id: int, test_rows: Sequence[int]) -> dict[int, frozenset[str]]:
    """Keys of the signatures that some cases failed with in a stream."""
    found: dict[int, set[str]] = {}
    for start in range(0, len(test_rows), _CHUNK):
        chunk = test_rows[start : start + _CHUNK]
        rows = connection.execute(
            "SELECT DISTINCT x.test_id, g.key FROM result x INDEXED BY result_failed"
            " JOIN part p ON p.part_id = x.part_id AND p.stream_id = ?"
            " JOIN failure f ON f.failure_id = x.failure_id JOIN signature g ON g.signature_id = f.signature_id"
            f" WHERE x.outcome IN (1, 2) AND x.test_id IN ({marks(len(chunk))})",
            (stream_id, *chunk),
        )
        for test_row, key in rows:
            found.setdefault(test_row, set()).add(key)
    return {test_row: frozenset(keys) for test_row, keys in found.items()}


def list_streams_of(connection: Connection, test_row: int) -> tuple[int, ...]:
    """Streams in which a test case was executed in a first run attempt."""
    rows = connection.execute(
        "SELECT stream_id FROM stream s WHERE EXISTS"
        " (SELECT 1 FROM test_day d WHERE d.stream_id = s.stream_id AND d.test_id = ?) ORDER BY stream_id",
        (test_row,),
    )
    return tuple(row[0] for row in rows)


def first_red_day(connection: Connection, stream_id: int, test_row: int) -> int | None:
    """The first day on which a case was red in a stream, however long ago."""
    row = connection.execute(
        "SELECT min(day) FROM test_day WHERE stream_id = ? AND test_id = ? AND failed > 0", (stream_id, test_row)
    ).fetchone()
    return None if row[0] is None else int(row[0])


def count_exercising(connection: Connection) -> dict[str, int]:
    """Test cases that declare to exercise each service."""
    rows = connection.execute(
        "SELECT s.name, count(*) FROM exercised e JOIN service s ON s.service_id = e.service_id"
        " WHERE e.test_id NOT IN (SELECT old_test_id FROM alias) GROUP BY s.name"
    )
    return {row[0]: row[1] for row in rows}


def list_undeclared(connection: Connection, stream_ids: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """(stream, test) of the cases of some streams that declare no service."""
    if not _has_undeclared(connection):
        return ()
    rows = connection.execute(
        f"SELECT DISTINCT d.stream_id, d.test_id FROM test_day d WHERE d.stream_id IN ({marks(len(stream_ids))})"
        " AND NOT EXISTS (SELECT 1 FROM exercised e WHERE e.test_id = d.test_id)",
        list(stream_ids),
    )
    return tuple((row[0], row[1]) for row in rows)


def _has_undeclared(connection: Connection) -> bool:
    """Whether any case declares no service: where all do, there is nothing to look for in a million days."""
    row = connection.execute(
        "SELECT 1 FROM test_case t WHERE NOT EXISTS (SELECT 1 FROM exercised e WHERE e.test_id = t.test_id) LIMIT 1"
    ).fetchone()
    return row is not None


def list_undeclared_days(
    connection: Connection, stream_ids: Sequence[int], first_day: int, last_day: int
) -> tuple[tuple[int, int, int, int, int], ...]:
    """(stream, day, executed, failed, flaky) of the cases of some streams that declare no service."""
    if not _has_undeclared(connection):
        return ()
    rows = connection.execute(
        "SELECT d.stream_id, d.day, sum(d.executed), sum(d.failed), sum(d.flaky) FROM test_day d"
        f" WHERE d.stream_id IN ({marks(len(stream_ids))}) AND d.day BETWEEN ? AND ?"
        " AND NOT EXISTS (SELECT 1 FROM exercised e WHERE e.test_id = d.test_id) GROUP BY 1, 2",
        (*stream_ids, first_day, last_day),
    )
    return tuple((row[0], row[1], row[2], row[3], row[4]) for row in rows)


def count_executed(connection: Connection, stream_id: int, first_day: int, last_day: int) -> int:
    """Test cases of a stream executed in [first_day, last_day]."""
    row = connection.execute(
        "SELECT count(DISTINCT test_id) FROM test_day WHERE stream_id = ? AND day BETWEEN ? AND ?",
        (stream_id, first_day, last_day),
    ).fetchone()
    return int(row[0])
