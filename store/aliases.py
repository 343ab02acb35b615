"""Renames: an identity that continues as another one, and the rows that follow it.

Results stand under the identity that theirs continues as; `continued` keeps what the report says, part by part, so that
an alias may be recorded before or after its results came, in any order, and be taken back. Where one part holds both
the former identity and the present one they are two test cases, and stay apart there. Of days whose results were pruned
the sums follow too, but stay when an alias is taken back.
"""

from __future__ import annotations

import json
from array import array
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from store.connect import Connection
from store.cut import load_cut
from store.errors import AliasConflict
from store.parts import PartTotals
from store.rollups import DAY_MS, Rollups

_TABLES = ("result", "result_name", "result_link")
_PARTS = """
SELECT p.part_id, p.stream_id, r.started_ms FROM part p JOIN run r ON r.run_id = p.run_id
WHERE p.namespace IN (SELECT t.namespace FROM json_each(?1) j JOIN test_case t ON t.test_id = j.value)
    AND EXISTS (SELECT 1 FROM json_each(?1) j JOIN result x ON x.part_id = p.part_id AND x.test_id = j.value)
"""
_STANDING = (
    "SELECT DISTINCT x.test_id, coalesce(c.old_test_id, x.test_id) FROM json_each(?2) j"
    " JOIN result x ON x.part_id = ?1 AND x.test_id = j.value"
    " LEFT JOIN continued c ON c.part_id = x.part_id AND c.test_id = x.test_id"
)
_INHERITED = (
    "SELECT service_id, min(own_position) FROM exercised WHERE own_position NOT NULL"
    " AND test_id IN (SELECT value FROM json_each(?)) GROUP BY service_id"
)
_Services = frozenset[int]


def continued_as(present: Collection[int], onward: Mapping[int, int], rank: Mapping[int, bytes]) -> dict[int, int]:
    """{identity: the one it stands under} for the test cases of a part that do not stand under their own.

    Of several that lead to one, the nearest in the chain does, then the first by `rank`; the others stay themselves, as
    all do where the last of the chain is present itself.

    >>> continued_as({1, 2}, {1: 2, 2: 3}, {1: b"a", 2: b"b"})
    {2: 3}
    """
    candidates: dict[int, list[tuple[int, bytes, int]]] = defaultdict(list)
    for test in present:
        steps, last = _follow(test, onward)
        if steps and last not in present:
            candidates[last].append((steps, rank[test], test))
    return {min(found)[2]: last for last, found in candidates.items()}


def _follow(test: int, onward: Mapping[int, int]) -> tuple[int, int]:
    """(number of renames, the last identity)."""
    steps = 0
    while test in onward:
        steps, test = steps + 1, onward[test]
    return steps, test


class Aliases:
    """Rows of `alias` and `continued`; the caller holds the transaction."""

    def __init__(self, connection: Connection, rollups: Rollups) -> None:
        self._connection = connection
        self._rollups = rollups
        self._onward: dict[int, int] | None = None
        self._rank: dict[int, bytes] = {}

    def forget(self) -> None:
        """Drop what is cached: after a rollback, or when another process has written."""
        self._onward = None

    def record(self, old_id: int, new_id: int) -> None:
        """Have an identity continue as another one.

        Raises:
            AliasConflict: it continues as one already, or the other one leads to it.
        """
        if old_id in self._edges() or _follow(new_id, self._edges())[1] == old_id:
            raise AliasConflict("another process has recorded a rename of the same test meanwhile; look at the list")
        self._change({old_id, new_id}, "INSERT INTO alias VALUES (?, ?)", old_id, new_id)

    def remove(self, old_id: int) -> tuple[int, int]:
        """Have an identity stand for itself again; (the identity, the one that it continued as)."""
        new_id = self._edges()[old_id]
        self._change({old_id, new_id}, "DELETE FROM alias WHERE old_test_id = ?", old_id)
        return old_id, new_id

    def settle_part(self, part_id: int, totals: PartTotals) -> PartTotals:
        """Put the results of a part that was just written where they stand; its totals say so."""
        edges = self._edges()
        if not edges:
            return totals
        present = {*edges, *edges.values()}.intersection(totals.tests)
        places = continued_as(present, edges, self._rank)
        if not places:
            return totals
        self._place(part_id, places)
        cases = sorted((places.get(test, test), code) for test, code in zip(totals.tests, totals.codes, strict=True))
        tests, codes = array("I", (test for test, _ in cases)), bytes(code for _, code in cases)
        signs = {(sign, places.get(test, test)): count for (sign, test), count in totals.signatures.items()}
        several = frozenset(places.get(test, test) for test in totals.several)
        return replace(totals, tests=tests, codes=codes, signatures=signs, several=several)

    def withdraw(self, part_id: int) -> None:
        """Put all results of a part under the identities that its report says."""
        rows = self._connection.execute("SELECT test_id, old_test_id FROM continued WHERE part_id = ?", (part_id,))
        self._place(part_id, dict(rows.fetchall()))
        self._connection.execute("DELETE FROM continued WHERE part_id = ?", (part_id,))

    def restore(self, part_id: int) -> None:
        """Put the results of a part that was withdrawn where they stand."""
        edges = self._edges()
        if edges:
            members = json.dumps(sorted({*edges, *edges.values()}))
            present = {row[1] for row in self._connection.execute(_STANDING, (part_id, members))}
            self._place(part_id, continued_as(present, edges, self._rank))

    def inherit(self, test_id: int) -> None:
        """Work out again what the identities joined with one exercise: the last of a chain has what all declare."""
        if test_id in self._edges() or test_id in self._edges().values():
            self._inherit(self._joined({test_id}))

    def _edges(self) -> dict[int, int]:
        """old -> new."""
        if self._onward is None:
            rows = self._connection.execute(
                "SELECT a.old_test_id, a.new_test_id, t.stable FROM alias a"
                " JOIN test_case t ON t.test_id = a.old_test_id"
            ).fetchall()
            self._onward = {row[0]: row[1] for row in rows}
            self._rank = {row[0]: row[2] for row in rows}
        return self._onward

    def _joined(self, tests: Iterable[int]) -> set[int]:
        """Identities that aliases join with some, themselves included."""
        found, before = set(tests), 0
        while len(found) != before:
            before = len(found)
            for pair in self._edges().items():
                if not found.isdisjoint(pair):
                    found.update(pair)
        return found

    def _change(self, tests: set[int], statement: str, *values: int) -> None:
        """Change one alias, and with it every row that stands elsewhere now."""
        members = self._joined(tests)
        before = self._services(members)
        self._connection.execute(statement, values)
        self.forget()
        members |= self._joined(tests)
        self._inherit(members)
        moves = self._move_parts(members)
        after = self._services(members)
        cut_day = (load_cut(self._connection) or 0) // DAY_MS
        for (stream_id, day), pairs in moves.items():
            if day >= cut_day:
                self._count(stream_id, day, pairs, before, after)
        if cut_day:
            self._move_pruned(members, cut_day)
        self._move_incidents(members)

    def _move_parts(self, members: set[int]) -> dict[tuple[int, int], set[tuple[int, int]]]:
        """Put results where they stand now; (stream, day) -> every (test before, test now) of the joined ones there."""
        listed = json.dumps(sorted(members))
        moves: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
        for part_id, stream_id, started_ms in self._connection.execute(_PARTS, (listed,)).fetchall():
            standing: dict[int, int] = dict(self._connection.execute(_STANDING, (part_id, listed)).fetchall())
            places = continued_as(set(standing.values()), self._edges(), self._rank)
            pairs = {(at, places.get(own, own)) for at, own in standing.items()}
            moves[stream_id, started_ms // DAY_MS] |= pairs
            if any(at != now for at, now in pairs):
                self.withdraw(part_id)
                self.restore(part_id)
        return moves

    def _place(self, part_id: int, places: Mapping[int, int]) -> None:
        """Move the results of a part from one identity to another, and keep what the report says."""
        for old_id, new_id in sorted(places.items()):
            for table in _TABLES:
                self._connection.execute(
                    f"UPDATE {table} SET test_id = ? WHERE part_id = ? AND test_id = ?", (new_id, part_id, old_id)
                )
            self._connection.execute("INSERT OR REPLACE INTO continued VALUES (?, ?, ?)", (part_id, new_id, old_id))
        if places:
            self._rollups.packed.drop(part_id)

    def _count(
        self,
        stream_id: int,
        day: int,
        pairs: set[tuple[int, int]],
        before: Mapping[int, _Services],
        after: Mapping[int, _Services],
    ) -> None:
        """Mend the rollups of a stream's day: by name where one identity became another, else from the rows."""
        at, now = next(iter(pairs))
        if len(pairs) > 1 or before.get(at, frozenset()) != after.get(now, frozenset()):
            self._rollups.mark(stream_id, day * DAY_MS)
        elif at != now:
            self._rollups.rename(stream_id, day, at, now)

    def _move_pruned(self, members: set[int], cut_day: int) -> None:
        """Sums of days whose results are gone follow by name, but where the present name has sums of its own."""
        for test_id in sorted(members & self._edges().keys()):
            last = _follow(test_id, self._edges())[1]
            self._rollups.rename_before(cut_day, test_id, last)

    def _move_incidents(self, members: set[int]) -> None:
        """Incidents name test cases as they are called now."""
        for test_id in sorted(members & self._edges().keys()):
            last = _follow(test_id, self._edges())[1]
            for statement in (
                "UPDATE incident SET lead_test_id = ? WHERE lead_test_id = ?",
                "UPDATE OR IGNORE incident_member SET test_id = ? WHERE test_id = ?",
            ):
                self._connection.execute(statement, (last, test_id))
            self._connection.execute("DELETE FROM incident_member WHERE test_id = ?", (test_id,))

    def _inherit(self, members: set[int]) -> None:
        for test_id in sorted(members):
            lasts = {test_id} if test_id in self._edges() else self._leading_to(test_id, members)
            rows = self._connection.execute(_INHERITED, (json.dumps(sorted(lasts)),)).fetchall()
            before = self._services({test_id})[test_id]
            self._connection.execute("DELETE FROM exercised WHERE test_id = ? AND own_position IS NULL", (test_id,))
            self._connection.executemany(
                "INSERT INTO exercised (test_id, service_id, position) VALUES (?1, ?2, ?3)"
                " ON CONFLICT DO UPDATE SET position = excluded.position",
                [(test_id, *row) for row in rows],
            )
            if self._services({test_id})[test_id] != before:
                self._rollups.mark_test(test_id)

    def _leading_to(self, last: int, members: set[int]) -> set[int]:
        return {test for test in members if _follow(test, self._edges())[1] == last}

    def _services(self, tests: Collection[int]) -> dict[int, _Services]:
        """What test cases exercise."""
        found: dict[int, set[int]] = {test: set() for test in tests}
        rows = self._connection.execute(
            "SELECT test_id, service_id FROM exercised WHERE test_id IN (SELECT value FROM json_each(?))",
            (json.dumps(sorted(tests)),),
        )
        for test_id, service_id in rows:
            found[test_id].add(service_id)
        return {test: frozenset(services) for test, services in found.items()}
