"""What every rollup and packed part should hold, worked out from the raw rows alone, the plainest way."""

from __future__ import annotations

import struct
import zlib
from collections import defaultdict
from itertools import accumulate, pairwise
from typing import Any

from ingest.model import Outcome, Result
from store.connect import Connection
from store.merge import merge_attempts
from store.rollups import DAY_MS

SPECIAL = struct.Struct("<IBBBxiii")
ROLLUPS = {
    "run_total": "run_id, stream_id, attempts, passed, failed, errored, skipped, flaky",
    "service_day": "service_id, stream_id, day, executed, failed, flaky",
    "signature_day": "day, signature_id, stream_id, test_id, failures",
}


def stored(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The rollups as they stand."""
    found = {
        table: sorted(connection.execute(f"SELECT {columns} FROM {table}").fetchall())
        for table, columns in ROLLUPS.items()
    }
    return {**found, "test_day": days_of_tests(connection)}


def days_of_tests(connection: Connection) -> list[tuple[int, ...]]:
    """What sets and special days say of every case executed on a day.

    (stream, test, day, executed, failed, flaky, retried, flips, first red, last red)
    """
    executed: dict[tuple[int, int, int], int] = defaultdict(int)
    sets = _case_sets(connection)
    for stream, day, number, runs in connection.execute("SELECT stream_id, day, set_id, runs FROM set_day"):
        assert runs > 0
        for key in sets[number]:
            if not key & 1:
                executed[stream, key >> 1, day] += runs
    special = {}
    for stream, day, test, *sums in connection.execute("SELECT * FROM special_day"):
        assert any(sums[:4]), "a plain day"
        assert executed[stream, test, day] > sums[0] >= 0
        special[stream, test, day] = sums
    rows = []
    for place, parts in executed.items():
        repeated, *sums = special.get(place, [0] * 7)
        rows.append((*place, parts - repeated, *sums))
    return sorted(rows)


def _case_sets(connection: Connection) -> dict[int, list[int]]:
    """Keys by set."""
    return {
        number: list(accumulate(value for (value,) in struct.iter_unpack("<I", zlib.decompress(body))))
        for number, body in connection.execute("SELECT set_id, cases FROM case_set")
    }


def recounted(connection: Connection) -> dict[str, list[tuple[Any, ...]]]:
    """The rollups as they should stand."""
    attempts: dict[tuple[int, int, int], list[tuple[Any, ...]]] = defaultdict(list)
    runs: dict[int, tuple[int, str, int, int | None]] = {}
    signatures: dict[tuple[int, int, int, int], int] = defaultdict(int)
    rows = connection.execute(
        "SELECT r.run_id, r.started_ms, r.name, r.attempt, r.service_id, p.stream_id, s.test_id, s.outcome,"
        " coalesce(p.started_ms + s.start_offset_ms, p.started_ms), o.location, s.ordinal, f.signature_id"
        " FROM result s JOIN part p ON p.part_id = s.part_id JOIN run r ON r.run_id = p.run_id"
        " JOIN source_file o ON o.source_id = p.source_id LEFT JOIN failure f ON f.failure_id = s.failure_id"
    )
    for run_id, start, name, attempt, service, stream, test, outcome, at, location, ordinal, signature in rows:
        runs[run_id] = (start, name, attempt, service)
        attempts[run_id, stream, test].append((at, location, ordinal, outcome))
        if signature is not None and attempt == 1 and outcome in (1, 2):
            signatures[start // DAY_MS, signature, stream, test] += 1
    results = {key: [row[3] for row in sorted(found)] for key, found in attempts.items()}
    return {
        "run_total": _run_totals(results, connection.execute("SELECT run_id, stream_id FROM part").fetchall()),
        "test_day": _test_days(results, runs),
        "service_day": _service_days(connection, results, runs),
        "signature_day": sorted((*key, count) for key, count in signatures.items()),
    }


Cell = tuple[int, ...]
"""(part, test, result, attempts, failed ones); of what is no plain result also ms of all, the last, the failed."""


def unpacked(connection: Connection) -> list[Cell]:
    """What the packed parts say."""
    sets = _case_sets(connection)
    cells = []
    for part, number, specials in connection.execute("SELECT part_id, set_id, specials FROM packed_part"):
        found = {place: cell for place, *cell in SPECIAL.iter_unpack(specials)}
        for place, key in enumerate(sets[number]):
            plain = (Result.SKIPPED if key & 1 else Result.PASSED, 1, 0)
            cells.append((part, key >> 1, *found.get(place, plain)))
    return sorted(cells)


def packed_anew(connection: Connection) -> list[Cell]:
    """What the packed parts should say."""
    attempts: dict[tuple[int, int], list[tuple[int, int, int, int | None]]] = defaultdict(list)
    for part, test, ordinal, outcome, offset, duration in connection.execute(
        "SELECT part_id, test_id, ordinal, outcome, coalesce(start_offset_ms, 0), duration_ms FROM result"
    ):
        attempts[part, test].append((offset, ordinal, outcome, duration))
    cells = []
    for (part, test), found in attempts.items():
        found.sort()
        outcomes = [outcome for _, _, outcome, _ in found]
        known = [duration for *_, duration in found if duration is not None]
        failed = [duration for _, _, outcome, duration in found if outcome in (Outcome.FAILED, Outcome.ERRORED)]
        cell: Cell = (merge_attempts(outcomes), len(outcomes), len(failed))
        if len(outcomes) > 1 or failed:
            last = found[-1][3]
            lost = -1 if None in failed else sum(duration or 0 for duration in failed)
            cell = (*cell, sum(known) if known else -1, -1 if last is None else last, lost)
        cells.append((part, test, *cell))
    return sorted(cells)


def _run_totals(results: dict[tuple[int, int, int], list[int]], parts: list[tuple[int, int]]) -> list[tuple[Any, ...]]:
    totals = {part: [0, 0, 0, 0, 0, 0] for part in parts}
    for (run, stream, _), outcomes in results.items():
        total = totals[run, stream]
        total[0] += len(outcomes)
        total[1 + merge_attempts(outcomes)] += 1
    return sorted((*key, *total) for key, total in totals.items())


def _test_days(
    results: dict[tuple[int, int, int], list[int]], runs: dict[int, tuple[int, str, int, int | None]]
) -> list[tuple[Any, ...]]:
    days: dict[tuple[int, int, int], list[tuple[Any, ...]]] = defaultdict(list)
    for (run, stream, test), outcomes in results.items():
        start, name, attempt, _ = runs[run]
        result = merge_attempts(outcomes)
        if attempt == 1 and result != Result.SKIPPED:
            retried = sum(outcome != Outcome.SKIPPED for outcome in outcomes) > 1
            days[stream, test, start // DAY_MS].append((start, name, run, result, retried))
    rows = []
    for key, found in days.items():
        ordered = [(result, retried) for *_, result, retried in sorted(found)]
        red = [int(result.is_red) for result, _ in ordered]
        flips = sum(a != b for a, b in pairwise(red))
        flaky = sum(result == Result.FLAKY for result, _ in ordered)
        retries = sum(retried for _, retried in ordered)
        rows.append((*key, len(ordered), sum(red), flaky, retries, flips, red[0], red[-1]))
    return sorted(rows)


def _service_days(
    connection: Connection,
    results: dict[tuple[int, int, int], list[int]],
    runs: dict[int, tuple[int, str, int, int | None]],
) -> list[tuple[Any, ...]]:
    declared: dict[int, set[int]] = defaultdict(set)
    for test, service in connection.execute("SELECT test_id, service_id FROM exercised"):
        declared[test].add(service)
    sums: dict[tuple[int, int, int], list[int]] = defaultdict(lambda: [0, 0, 0])
    for (run, stream, test), outcomes in results.items():
        start, _, attempt, entry = runs[run]
        result = merge_attempts(outcomes)
        if attempt != 1 or result == Result.SKIPPED:
            continue
        for service in declared[test] or ({entry} if entry is not None else set()):
            total = sums[service, stream, start // DAY_MS]
            total[0] += 1
            total[1] += result.is_red
            total[2] += result == Result.FLAKY
    return sorted((*key, *total) for key, total in sums.items())
