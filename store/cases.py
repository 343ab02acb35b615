"""Test cases under changing names: what they exercise, a namespace that becomes known late, and what is left behind.

A file that moves to another run may leave names to which nothing belongs any more. They are removed before the
transaction ends, so that any order of the same inputs gives equal rows. Whoever remembers ids of test cases compares
`generation`: it changes whenever some were removed, by this process or another.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

from ingest.model import TestCase
from store.aliases import Aliases
from store.connect import Connection
from store.dimensions import Dimensions
from store.rollups import Rollups

_IS_CASE_USED = "SELECT 1 FROM json_each(?) j JOIN result x ON x.part_id = j.value AND x.test_id = ? LIMIT 1"
_IS_CASE_NAMED = """
SELECT 1 WHERE EXISTS (SELECT 1 FROM incident_member WHERE test_id = ?1)
    OR EXISTS (SELECT 1 FROM incident WHERE lead_test_id = ?1)
    OR EXISTS (SELECT 1 FROM alias WHERE old_test_id = ?1 OR new_test_id = ?1)
"""
_IS_STREAM_USED = """
SELECT 1 WHERE EXISTS (SELECT 1 FROM part WHERE stream_id = ?1)
    OR EXISTS (SELECT 1 FROM run_total WHERE stream_id = ?1)
    OR EXISTS (SELECT 1 FROM incident WHERE stream_id = ?1)
    OR EXISTS (SELECT 1 FROM incident_member WHERE stream_id = ?1)
"""
_DROP_PIPELINES = """
DELETE FROM pipeline WHERE NOT EXISTS (SELECT 1 FROM stream s WHERE s.pipeline_id = pipeline.pipeline_id)
    AND NOT EXISTS (SELECT 1 FROM run r WHERE r.pipeline_id = pipeline.pipeline_id)
"""
_COUNT_REMOVAL = "INSERT INTO state VALUES ('removed', 1) ON CONFLICT DO UPDATE SET value = value + 1"


class Cases:
    """Rows of `test_case` and `exercised`, and the streams and pipelines that moves leave empty."""

    def __init__(self, connection: Connection, dimensions: Dimensions, rollups: Rollups, aliases: Aliases) -> None:
        self._connection = connection
        self._dimensions = dimensions
        self._rollups = rollups
        self._aliases = aliases
        self._left: dict[str, set[int]] = {}
        self._left_streams: set[int] = set()
        self._has_left_run = False
        self._removed = 0
        self.generation = 0
        """Changes whenever ids of test cases, streams or pipelines may stand for nothing any more."""

    def notice(self) -> None:
        """At the begin of a transaction: forget ids if another process has removed rows."""
        row = self._connection.execute("SELECT value FROM state WHERE name = 'removed'").fetchone()
        removed = int(row[0]) if row else 0
        if removed != self._removed:
            self._removed = removed
            self._forget_ids()

    def distrust(self) -> None:
        """After a rollback: look again at what was removed. What was left behind is looked at in any case."""
        self._removed = -1

    def declare(self, test_id: int, services: Iterable[tuple[int, str]]) -> None:
        """Note (position, name) of services that a test case exercises; the lowest position ever said stays."""
        has_new = is_said = False
        for position, name in services:
            service_id = self._dimensions.service(name)
            row = self._connection.execute(
                "SELECT own_position FROM exercised WHERE test_id = ? AND service_id = ?", (test_id, service_id)
            ).fetchone()
            if row is not None and row[0] is not None and row[0] <= position:
                continue
            has_new, is_said = has_new or row is None, True
            self._connection.execute(
                "INSERT INTO exercised VALUES (?1, ?2, ?3, ?3) ON CONFLICT DO UPDATE SET own_position = ?3,"
                " position = min(position, ?3)",
                (test_id, service_id, position),
            )
        if has_new:
            self._rollups.mark_test(test_id)
        if is_said:
            self._aliases.inherit(test_id)

    def rename(self, part_id: int, old_namespace: str, namespace: str) -> None:
        """Give the cases of a part the namespace that became known late."""
        rows = self._connection.execute(
            "SELECT t.test_id, t.classname, t.name, t.file FROM test_case t WHERE t.test_id IN"
            " (SELECT test_id FROM result WHERE part_id = ?)",
            (part_id,),
        ).fetchall()
        for old_id, classname, name, file in rows:
            new_id = self._dimensions.test_case(TestCase(namespace, classname, name, file))
            if new_id == old_id:
                continue
            for table in ("result", "result_name", "result_link"):
                self._connection.execute(
                    f"UPDATE {table} SET test_id = ? WHERE part_id = ? AND test_id = ?", (new_id, part_id, old_id)
                )
            services = self._connection.execute(
                "SELECT e.own_position, s.name FROM exercised e JOIN service s ON s.service_id = e.service_id"
                " WHERE e.test_id = ? AND e.own_position NOT NULL",
                (old_id,),
            ).fetchall()
            self.declare(new_id, services)
            self._rollups.packed.drop(part_id)
            self._left.setdefault(old_namespace, set()).add(old_id)

    def leave(self, test_id: int) -> None:
        """A test case lost an alias that named it, and may belong to nothing now."""
        row = self._connection.execute("SELECT namespace FROM test_case WHERE test_id = ?", (test_id,)).fetchone()
        self._left.setdefault(row[0], set()).add(test_id)

    def leave_stream(self, stream_id: int) -> None:
        """A part moved out of a stream, which may be empty now, and its pipeline with it."""
        self._left_streams.add(stream_id)

    def leave_run(self) -> None:
        """What a run was known by changed; its former pipeline may be empty now."""
        self._has_left_run = True

    def settle(self) -> None:
        """Remove what was left behind and is used by nothing; after the rollups are settled."""
        if not (self._left or self._left_streams or self._has_left_run):
            return
        removed = sum(self._remove_cases(namespace, tests) for namespace, tests in self._left.items())
        removed += sum(self._remove_stream(stream_id) for stream_id in self._left_streams)
        removed += self._connection.execute(_DROP_PIPELINES).rowcount
        self._left.clear()
        self._left_streams.clear()
        self._has_left_run = False
        if removed:
            self._connection.execute(_COUNT_REMOVAL)
            self.notice()

    def _remove_cases(self, namespace: str, tests: set[int]) -> int:
        found = self._connection.execute("SELECT part_id FROM part WHERE namespace = ?", (namespace,)).fetchall()
        parts = json.dumps([row[0] for row in found])
        removed = 0
        for test_id in sorted(tests - self._rollups.summed(tests)):
            if self._has(_IS_CASE_USED, parts, test_id) or self._has(_IS_CASE_NAMED, test_id):
                continue
            self._connection.execute("DELETE FROM exercised WHERE test_id = ?", (test_id,))
            removed += self._connection.execute("DELETE FROM test_case WHERE test_id = ?", (test_id,)).rowcount
        return removed

    def _remove_stream(self, stream_id: int) -> int:
        if self._has(_IS_STREAM_USED, stream_id):
            return 0
        return self._connection.execute("DELETE FROM stream WHERE stream_id = ?", (stream_id,)).rowcount

    def _has(self, query: str, *values: object) -> bool:
        return self._connection.execute(query, values).fetchone() is not None

    def _forget_ids(self) -> None:
        self._dimensions.forget()
        self._rollups.repeats.forget()
        self.generation += 1
