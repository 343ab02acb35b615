"""Retention: results of old runs go; runs, day sums, the ledger, triage and what open incidents rest on stay.

The cut is noted first; from then on answers about the days before it come from day sums, so that it does not matter
when results go or whether that is interrupted: they go in short transactions, between which others write. At the end
the file is written anew (`VACUUM`): it needs room for a second copy, but gives everything back and lets others read
meanwhile. Incremental vacuum would make every store larger and slower by a map of its pages, for a job that is done
once a week. The file becomes shorter when the last reader of its former state has finished.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from store.connect import Connection, Error, open_reader, open_writer, translate
from store.cut import load_cut, set_cut
from store.errors import StoreBusy, StoreError
from store.locking import WAIT_S, begin_writing
from store.rollups import DAY_MS

QUESTION_MS, QUESTION_RUNS, AFTER_MS = 4 * DAY_MS, 30, 2 * DAY_MS
"""Of an open incident whole runs stay: four days or 30 runs before its onset, and two days after it."""
_BATCH_RESULTS = 20_000
_OF_PART = ("result", "result_name", "result_link", "continued")
_PARTS = """
SELECT p.part_id, p.stream_id, r.run_id, r.started_ms FROM run r JOIN part p ON p.run_id = r.run_id
WHERE r.started_ms < ? AND EXISTS (SELECT 1 FROM result x WHERE x.part_id = p.part_id)
ORDER BY r.started_ms, p.part_id
"""
_EVIDENCE = """
SELECT m.stream_id, m.test_id, i.onset_ms, (
    SELECT min(started_ms) FROM (
        SELECT r.started_ms FROM run_total t JOIN run r ON r.run_id = t.run_id
        WHERE t.stream_id = m.stream_id AND r.started_ms < i.onset_ms ORDER BY r.started_ms DESC LIMIT ?
    )
)
FROM incident i JOIN incident_member m ON m.incident_id = i.incident_id WHERE i.is_open = 1
"""


@dataclass(frozen=True, slots=True)
class Pruned:
    """What went, or would go."""

    before_ms: int
    runs: int
    """Runs that lose results."""
    results: int
    kept_results: int
    """Attempts before the cut that open incidents rest on."""
    open_incidents: int
    bytes_before: int
    bytes_after: int
    """Of the file with its log; as before where nothing was removed."""
    note: str = ""
    """Why the file did not become smaller."""


@dataclass(frozen=True, slots=True)
class _Doomed:
    """Results of one part that go: all but those of some cases."""

    part_id: int
    run_id: int
    kept_tests: tuple[int, ...]
    results: int


def plan_pruning(path: Path, before_ms: int) -> Pruned:
    """What pruning would remove; nothing is changed."""
    with closing(open_reader(path)) as connection:
        cut_ms = _cut(connection, before_ms)
        doomed, kept = _plan(connection, cut_ms)
        return _report(connection, cut_ms, doomed, kept, _size(path), _size(path))


def prune(path: Path, before_ms: int) -> Pruned:
    """Remove results of runs that started before a moment (rounded down to a UTC day) and shrink the file.

    Raises:
        StoreError: the store cannot be written. What is removed already stays removed; running again goes on.
    """
    before = _size(path)
    try:
        with closing(open_writer(path)) as connection:
            cut_ms = _cut(connection, before_ms)
            doomed, kept = _plan(connection, cut_ms)
            done = _report(connection, cut_ms, doomed, kept, before, before)
            _remove(connection, cut_ms, doomed)
            note = _shrink(connection, path)
    except Error as problem:
        raise translate(problem, path) from problem
    return Pruned(cut_ms, done.runs, done.results, kept, done.open_incidents, before, _size(path), note)


def _cut(connection: Connection, before_ms: int) -> int:
    """Start of the UTC day, or the cut that there is where it is later."""
    return max(before_ms // DAY_MS * DAY_MS, load_cut(connection) or 0)


def _plan(connection: Connection, cut_ms: int) -> tuple[list[_Doomed], int]:
    """(what goes of each part, attempts that stay)."""
    windows, members = _evidence(connection)
    doomed, kept = [], 0
    for part_id, stream_id, run_id, started_ms in connection.execute(_PARTS, (cut_ms,)).fetchall():
        (total,) = connection.execute("SELECT count(*) FROM result WHERE part_id = ?", (part_id,)).fetchone()
        if any(first <= started_ms <= last for first, last in windows.get(stream_id, ())):
            kept += total
            continue
        tests = tuple(sorted(test for test, since in members.get(stream_id, {}).items() if started_ms >= since))
        (staying,) = connection.execute(
            "SELECT count(*) FROM result WHERE part_id = ? AND test_id IN (SELECT value FROM json_each(?))",
            (part_id, json.dumps(tests)),
        ).fetchone()
        kept += staying
        if total > staying:
            doomed.append(_Doomed(part_id, run_id, tests, total - staying))
    return doomed, kept


def _evidence(connection: Connection) -> tuple[dict[int, list[tuple[int, int]]], dict[int, dict[int, int]]]:
    """(stretches of whole runs by stream, since when each case's results stay by stream), of open incidents."""
    windows: dict[int, list[tuple[int, int]]] = {}
    members: dict[int, dict[int, int]] = {}
    for stream_id, test_id, onset_ms, earlier_ms in connection.execute(_EVIDENCE, (QUESTION_RUNS,)).fetchall():
        since = min(onset_ms - QUESTION_MS, onset_ms if earlier_ms is None else earlier_ms)
        windows.setdefault(stream_id, []).append((since, onset_ms + AFTER_MS))
        tests = members.setdefault(stream_id, {})
        tests[test_id] = min(since, tests.get(test_id, since))
    return windows, members


def _report(
    connection: Connection, cut_ms: int, doomed: Sequence[_Doomed], kept: int, before: int, after: int
) -> Pruned:
    (open_incidents,) = connection.execute("SELECT count(*) FROM incident WHERE is_open = 1").fetchone()
    runs, results = len({one.run_id for one in doomed}), sum(one.results for one in doomed)
    return Pruned(cut_ms, runs, results, kept, open_incidents, before, after)


def _remove(connection: Connection, cut_ms: int, doomed: Sequence[_Doomed]) -> None:
    with _writing(connection):
        set_cut(connection, cut_ms)
    for batch in _batches(doomed):
        with _writing(connection):
            for one in batch:
                connection.execute("DELETE FROM packed_part WHERE part_id = ?", (one.part_id,))
                for table in _OF_PART:
                    connection.execute(
                        f"DELETE FROM {table} WHERE part_id = ? AND test_id NOT IN (SELECT value FROM json_each(?))",
                        (one.part_id, json.dumps(one.kept_tests)),
                    )
    with _writing(connection):
        # What others remember of rows must not be believed any more.
        connection.execute("INSERT INTO state VALUES ('removed', 1) ON CONFLICT DO UPDATE SET value = value + 1")
        connection.execute("INSERT INTO state VALUES ('unpacked', 1) ON CONFLICT DO UPDATE SET value = 1")
        connection.execute(
            "DELETE FROM case_set WHERE set_id NOT IN (SELECT set_id FROM packed_part)"
            " AND set_id NOT IN (SELECT set_id FROM set_day)"
        )
        connection.execute(
            "DELETE FROM failure WHERE failure_id NOT IN (SELECT failure_id FROM result WHERE failure_id IS NOT NULL)"
        )


def _batches(doomed: Sequence[_Doomed]) -> Iterator[list[_Doomed]]:
    batch: list[_Doomed] = []
    for one in doomed:
        batch.append(one)
        if sum(part.results for part in batch) >= _BATCH_RESULTS:
            yield batch
            batch = []
    if batch:
        yield batch


@contextmanager
def _writing(connection: Connection) -> Iterator[None]:
    """A short transaction that outdates kept answers."""
    begin_writing(connection)
    try:
        yield
        connection.execute("UPDATE state SET value = value + 1 WHERE name = 'revision'")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise


def _shrink(connection: Connection, path: Path) -> str:
    """Write the file anew, waiting for other writers; why not, where that fails: nothing is lost by it."""
    until = time.monotonic() + WAIT_S
    while True:
        try:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            return ""
        except Error as problem:
            told: StoreError = translate(problem, path)
            if not isinstance(told, StoreBusy) or time.monotonic() > until:
                return f"the file is not smaller yet: {told}"
        time.sleep(0.05)


def _size(path: Path) -> int:
    """Bytes of the store and its log."""
    parts = (path, path.with_name(path.name + "-wal"))
    return sum(part.stat().st_size for part in parts if part.exists())
