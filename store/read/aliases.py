"""Renames: which identity continues as which."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ingest.model import TestCase
from store.connect import Connection

_CASE = "{0}.namespace, {0}.classname, {0}.name, {0}.file"


@dataclass(frozen=True, slots=True)
class AliasFact:
    """A recorded rename."""

    old_row: int
    old: TestCase
    new_row: int
    new: TestCase


def list_aliases(connection: Connection) -> tuple[AliasFact, ...]:
    """Every rename, by the old identity."""
    rows = connection.execute(
        f"SELECT a.old_test_id, {_CASE.format('o')}, a.new_test_id, {_CASE.format('n')} FROM alias a"
        " JOIN test_case o ON o.test_id = a.old_test_id JOIN test_case n ON n.test_id = a.new_test_id"
        " ORDER BY o.namespace, o.classname, o.name"
    )
    return tuple(AliasFact(row[0], TestCase(*row[1:5]), row[5], TestCase(*row[6:10])) for row in rows)


def follow(connection: Connection, test_rows: Iterable[int]) -> tuple[int, ...]:
    """Rows of the identities that some continue as, each once, in the order given."""
    onward: dict[int, int] = dict(connection.execute("SELECT old_test_id, new_test_id FROM alias").fetchall())
    found: dict[int, None] = {}
    for test in test_rows:
        while test in onward:
            test = onward[test]
        found[test] = None
    return tuple(found)


def list_former(connection: Connection, test_row: int) -> tuple[TestCase, ...]:
    """Identities that lead to a test case, by name: what was noted about them is about it."""
    rows = connection.execute(
        "WITH RECURSIVE former(test_id) AS (SELECT old_test_id FROM alias WHERE new_test_id = ?1"
        " UNION SELECT a.old_test_id FROM former f JOIN alias a ON a.new_test_id = f.test_id)"
        f" SELECT {_CASE.format('t')} FROM former f JOIN test_case t ON t.test_id = f.test_id"
        " ORDER BY t.namespace, t.classname, t.name",
        (test_row,),
    )
    return tuple(TestCase(*row) for row in rows)


def last_shared_run(connection: Connection, one_row: int, other_row: int) -> tuple[str, str, int] | None:
    """(pipeline, id, how many there are) of the newest run and stream in which both test cases have results."""
    of_case = (
        "SELECT p.run_id, p.stream_id FROM part p"
        " WHERE EXISTS (SELECT 1 FROM result x WHERE x.part_id = p.part_id AND x.test_id = ?)"
    )
    rows = connection.execute(
        f"SELECT l.name, r.name FROM ({of_case} INTERSECT {of_case}) b JOIN run r ON r.run_id = b.run_id"
        " JOIN pipeline l ON l.pipeline_id = r.pipeline_id ORDER BY r.started_ms DESC, l.name, r.name",
        (one_row, other_row),
    ).fetchall()
    return (rows[0][0], rows[0][1], len(set(rows))) if rows else None
