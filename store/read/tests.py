"""Test cases: by identity, with what they exercise, and their sums by day."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from ingest.model import TestCase, stable_id
from store.connect import Connection
from store.read import executed
from store.read.aliases import follow
from store.read.executed import list_streams_of as list_streams_of
from store.read.numbers import concatenated, numbers_of
from store.read.rows import TestInfo, marks

CaseTuple = tuple[int, str, str, str, str | None]
Place = tuple[str, str, str | None]
_CASES, _PLACE = msgspec.json.Decoder(list[CaseTuple]), msgspec.json.Decoder(Place)

_CHUNK, _AT_ONCE = 500, 10_000
_STABLE = re.compile("[0-9a-fA-F]{16}")
"""`test_id` of a case: what an identity is found by."""
_PLAIN = (0,) * 7
"""What `special_day` leaves out."""


def list_executed(connection: Connection, stream_id: int, first_day: int, last_day: int) -> tuple[int, ...]:
    """Test cases of a stream executed in [first_day, last_day]."""
    return tuple(executed.span_of(connection, stream_id, first_day, last_day))


def list_days(
    connection: Connection, stream_id: int, first_day: int, last_day: int, test_rows: Sequence[int]
) -> tuple[tuple[int, ...], ...]:
    """Sums of some cases of a stream by UTC day in [first_day, last_day], by case, then day.

    Each is (test row, day, executed, failed, flaky, retried, flips within the day, first red, last red).
    """
    special: dict[tuple[int, int], tuple[int, ...]] = {}
    for start in range(0, len(test_rows), _CHUNK):
        chunk = sorted(test_rows)[start : start + _CHUNK]
        rows = connection.execute(
            "SELECT test_id, day, repeated, failed, flaky, retried, flips, first_red, last_red FROM special_day"
            f" WHERE stream_id = ? AND test_id IN ({marks(len(chunk))}) AND day BETWEEN ? AND ?",
            (stream_id, *chunk, first_day, last_day),
        )
        special.update(((row[0], row[1]), row[2:]) for row in rows)
    counts = executed.count_by_day(connection, stream_id, first_day, last_day, test_rows)
    found = []
    for key, runs in sorted(counts.items()):
        repeated, *sums = special.get(key, _PLAIN)
        found.append((*key, runs - repeated, *sums))
    return tuple(found)


def has_retries(connection: Connection, stream_id: int, first_day: int, last_day: int) -> bool:
    """Whether any case of a stream was executed more than once in a run of [first_day, last_day]."""
    row = connection.execute(
        "SELECT 1 FROM special_day WHERE stream_id = ? AND day BETWEEN ? AND ? AND retried > 0 LIMIT 1",
        (stream_id, first_day, last_day),
    ).fetchone()
    return row is not None


def load_tests(connection: Connection, test_rows: Iterable[int]) -> dict[int, TestInfo]:
    """Test cases by their rows, with what they declare to exercise."""
    wanted = sorted(set(test_rows))
    declared = load_declared(connection, wanted)
    return {
        row: TestInfo(row, TestCase(namespace, classname, name, file), declared.get(row, ()))
        for row, namespace, classname, name, file in list_cases(connection, wanted)
    }


def list_cases(connection: Connection, test_rows: Sequence[int]) -> Iterator[CaseTuple]:
    """(row, namespace, class name, name, file) of some test cases.

    As one text of many they take half the time of a row each.
    """
    for start in range(0, len(test_rows), _AT_ONCE):
        query = (
            "SELECT json_group_array(json_array(t.test_id, t.namespace, t.classname, t.name, t.file))"
            " FROM json_each(?) j CROSS JOIN test_case t ON t.test_id = j.value"
        )
        (text,) = connection.execute(query, (json.dumps(test_rows[start : start + _AT_ONCE]),)).fetchone()
        yield from _CASES.decode(text)


def by_place(connection: Connection, test_rows: Sequence[int]) -> dict[Place, list[int]]:
    """Rows of some test cases by (namespace, class name, file): what owners depend on."""
    found: dict[str, list[int]] = defaultdict(list)
    for start in range(0, len(test_rows), _AT_ONCE):
        rows, places = connection.execute(
            "SELECT group_concat(t.test_id), group_concat(json_array(t.namespace, t.classname, t.file), char(10))"
            " FROM json_each(?) j CROSS JOIN test_case t ON t.test_id = j.value",
            (json.dumps(test_rows[start : start + _AT_ONCE]),),
        ).fetchone()
        for row, place in zip(rows.split(","), places.split("\n"), strict=True):
            found[place].append(int(row))
    return {_PLACE.decode(place): members for place, members in found.items()}


def list_all_places(connection: Connection) -> tuple[tuple[str, str, str | None], ...]:
    """(namespace, class name, file) of all test cases, each once; no class name where the file is known."""
    rows = connection.execute(
        "SELECT DISTINCT namespace, iif(coalesce(file, '') = '', classname, ''), file FROM test_case"
    )
    return tuple((row[0], row[1], row[2]) for row in rows)


def load_declared(connection: Connection, test_rows: Sequence[int]) -> dict[int, tuple[str, ...]]:
    """Services that some cases declare; those who declare the same share one tuple."""
    import numpy as np

    columns = connection.execute(
        f"SELECT {concatenated('e.test_id', 'e.position', 'e.service_id')} FROM json_each(?) j"
        " CROSS JOIN exercised e ON e.test_id = j.value",
        (json.dumps(test_rows),),
    ).fetchone()
    if columns[0] is None:
        return {}
    tests, positions, services = (numbers_of((column,)) for column in columns)
    known = connection.execute("SELECT service_id, name FROM service ORDER BY name").fetchall()
    names, ranks = dict(known), {row: rank for rank, (row, _) in enumerate(known)}
    found = services.tolist()
    order = np.lexsort((np.array([ranks[row] for row in found], dtype=np.int64), positions, tests))
    present, begins = np.unique(tests[order], return_index=True)
    ordered, ends = services[order].tolist(), [*begins[1:].tolist(), len(found)]
    shared: dict[tuple[int, ...], tuple[str, ...]] = {}
    declared = {}
    for test, begin, end in zip(present.tolist(), begins.tolist(), ends, strict=True):
        key = tuple(ordered[begin:end])
        if key not in shared:
            shared[key] = tuple(names[row] for row in key)
        declared[test] = shared[key]
    return declared


def find_tests(connection: Connection, text: str, limit: int = 50) -> tuple[int, ...]:
    """Rows of the test cases that a text names, by identity: exact identity or id, else all that contain it.

    A former name leads to the present one.
    """
    return follow(connection, find_identities(connection, text, limit))


def find_identities(connection: Connection, text: str, limit: int = 50) -> tuple[int, ...]:
    """As `find_tests`, renames aside."""
    stables = [bytes.fromhex(one) for one in (stable_id(text), text) if _STABLE.fullmatch(one)]
    exact = connection.execute(
        f"SELECT test_id FROM test_case WHERE stable IN ({marks(len(stables))})", stables
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
    return tuple((test, *span) for test, span in executed.span_of(connection, stream_id).items())


def list_like(connection: Connection, piece: str) -> tuple[tuple[int, str], ...]:
    """(row, identity) of the test cases whose identity holds a text, regardless of the case of A to Z.

    Renamed ones are there under their present names.
    """
    rows = connection.execute(
        "SELECT test_id, namespace || '::' || classname || '::' || name AS identity FROM test_case"
        " WHERE instr(lower(namespace || '::' || classname || '::' || name), lower(?)) > 0"
        " AND test_id NOT IN (SELECT old_test_id FROM alias)",
        (piece,),
    )
    return tuple((row[0], row[1]) for row in rows)


def sum_days(
    connection: Connection, stream_id: int, first_day: int, last_day: int, test_rows: Sequence[int]
) -> tuple[tuple[int, int, int, int], ...]:
    """(UTC day, executed, failed, flaky) of some cases of a stream together."""
    found: dict[int, list[int]] = {}
    for _, day, *counts in list_days(connection, stream_id, first_day, last_day, test_rows):
        found[day] = [total + count for total, count in zip(found.get(day, (0, 0, 0)), counts[:3], strict=True)]
    return tuple((day, counts[0], counts[1], counts[2]) for day, counts in sorted(found.items()))


def span_of(connection: Connection, stream_id: int, test_row: int) -> tuple[int, int] | None:
    """(first, last) day on which a case was executed in a stream."""
    span = executed.span_of(connection, stream_id).get(test_row)
    return None if span is None else span[:2]


def list_appeared(
    connection: Connection, stream_id: int, days: tuple[int, int], like: TestCase, limit: int = 500
) -> tuple[int, ...]:
    """Cases of the class, or of the name, of another one that were first executed in a stream on days [first, last]."""
    rows = connection.execute(
        "SELECT test_id FROM test_case WHERE namespace = ?1 AND (classname = ?2 OR name = ?3) ORDER BY classname, name",
        (like.namespace, like.classname, like.name),
    )
    spans = executed.span_of(connection, stream_id)
    found = [test for (test,) in rows if test in spans and days[0] <= spans[test][0] <= days[1]]
    return tuple(found[:limit])


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


def first_red_day(connection: Connection, stream_id: int, test_row: int) -> int | None:
    """The first day on which a case was red in a stream, however long ago."""
    row = connection.execute(
        "SELECT min(day) FROM special_day INDEXED BY special_day_test"
        " WHERE stream_id = ? AND test_id = ? AND failed > 0",
        (stream_id, test_row),
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
    declared = _all_declared(connection)
    return tuple(
        (stream, test) for stream in stream_ids for test in executed.span_of(connection, stream) if test not in declared
    )


def _all_declared(connection: Connection) -> frozenset[int]:
    """Test cases that declare a service."""
    return frozenset(row[0] for row in connection.execute("SELECT DISTINCT test_id FROM exercised"))


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
    declared = _all_declared(connection)
    found: dict[tuple[int, int], list[int]] = {}
    for stream in stream_ids:
        tests = [test for test in executed.span_of(connection, stream, first_day, last_day) if test not in declared]
        for _, day, runs, failed, flaky, *_ in list_days(connection, stream, first_day, last_day, tests):
            sums = found.setdefault((stream, day), [0, 0, 0])
            sums[0], sums[1], sums[2] = sums[0] + runs, sums[1] + failed, sums[2] + flaky
    return tuple((*key, sums[0], sums[1], sums[2]) for key, sums in sorted(found.items()))


def count_executed(connection: Connection, stream_id: int, first_day: int, last_day: int) -> int:
    """Test cases of a stream executed in [first_day, last_day]."""
    return len(executed.span_of(connection, stream_id, first_day, last_day))
