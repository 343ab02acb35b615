"""Day rollups, kept in the transaction that writes the rows they sum.

A part that extends a stream in time and repeats no case of its run is added to the rollups. Everything else - late
runs, replaced or moved parts, retries in a second file - marks its stream and day, and marked days are counted again
from the rows before the transaction ends. Both routes give what a recount of everything would give; a test holds that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.model import Outcome, Result
from store.connect import Connection
from store.cut import load_cut
from store.merge import merge_attempts
from store.packed import CODE_BITS as CODE_BITS
from store.packed import Packed

DAY_MS = 86_400_000
RETRIED = 16
"""Bit beside a `Result`: the case had more than one attempt."""
_CODE = (1 << CODE_BITS) - 1
_CACHED_SERVICES = 60_000
_MANY = 100
_RED = (Result.FAILED, Result.ERRORED)

_ADD_TEST_DAY = """
INSERT INTO test_day (stream_id, test_id, day, executed, failed, flaky, retried, flips, first_red, last_red)
VALUES (?1, ?2, ?3, 1, ?4, ?5, ?6, 0, ?4, ?4)
ON CONFLICT DO UPDATE SET executed = executed + 1, failed = failed + ?4, flaky = flaky + ?5, retried = retried + ?6,
    flips = flips + (last_red <> ?4), last_red = ?4
"""
_ADD_SINGLES = """
INSERT INTO test_day (stream_id, test_id, day, executed, failed, flaky, retried, flips, first_red, last_red)
SELECT ?1, test_id, ?2, 1, outcome IN (1, 2), 0, 0, 0, outcome IN (1, 2), outcome IN (1, 2)
FROM result
WHERE part_id = ?3 AND ordinal = 0 AND outcome <> 3 AND test_id NOT IN (SELECT value FROM json_each(?4))
ON CONFLICT DO UPDATE SET executed = executed + 1, failed = failed + excluded.failed,
    flips = flips + (last_red <> excluded.last_red), last_red = excluded.last_red
"""
"""The cases of one attempt, nine of ten in most parts, in one statement: three times as fast as one statement each."""
_ADD_SERVICE_DAY = """
INSERT INTO service_day (service_id, stream_id, day, executed, failed, flaky) VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET executed = executed + excluded.executed, failed = failed + excluded.failed,
    flaky = flaky + excluded.flaky
"""
_ADD_SIGNATURE_DAY = """
INSERT INTO signature_day (day, signature_id, stream_id, test_id, failures) VALUES (?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET failures = failures + excluded.failures
"""
_ADD_RUN_TOTAL = """
INSERT INTO run_total (run_id, stream_id, attempts, passed, failed, errored, skipped, flaky)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT DO UPDATE SET attempts = attempts + excluded.attempts, passed = passed + excluded.passed,
    failed = failed + excluded.failed, errored = errored + excluded.errored, skipped = skipped + excluded.skipped,
    flaky = flaky + excluded.flaky
"""
_DAY_ROWS = """
SELECT r.run_id, r.attempt, r.service_id, s.test_id, s.outcome, f.signature_id
FROM run r
JOIN part p ON p.run_id = r.run_id AND p.stream_id = ?1
JOIN source_file o ON o.source_id = p.source_id
JOIN result s ON s.part_id = p.part_id
LEFT JOIN failure f ON f.failure_id = s.failure_id AND s.outcome IN (1, 2)
WHERE r.run_id IN (SELECT run_id FROM part WHERE stream_id = ?1) AND r.started_ms >= ?2 AND r.started_ms < ?3
ORDER BY r.started_ms, r.name, r.attempt, r.run_id, s.test_id,
    CASE WHEN s.start_offset_ms IS NULL THEN p.started_ms ELSE p.started_ms + s.start_offset_ms END,
    o.location, s.ordinal
"""


@dataclass(slots=True)
class PartSum:
    """What one part adds: merged results of its cases, in the order they came."""

    part_id: int
    run_id: int
    stream_id: int
    day: int
    is_first_attempt: bool
    service_id: int | None
    cases: Sequence[int]
    """Packed cases, sorted; empty when the day is counted again anyway."""
    attempts: int
    signatures: dict[tuple[int, int], int]
    """(signature, test) -> failing attempts."""
    several: frozenset[int]
    """Tests with more than one attempt."""


@dataclass(slots=True)
class Rollups:
    """Keeps `run_total`, `test_day`, `service_day` and `signature_day`."""

    connection: Connection
    marked: set[tuple[int, int]] = field(default_factory=set)
    """(stream, day) to count again before the transaction ends."""
    packed: Packed = field(init=False)
    _services: dict[int, tuple[int, ...]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.packed = Packed(self.connection)

    def forget(self) -> None:
        """Drop what is cached: after a rollback, or when another process has written."""
        self.packed.forget()
        self._services.clear()
        self.marked.clear()

    def mark(self, stream_id: int, started_ms: int) -> None:
        """Have the day of a moment counted again."""
        self.marked.add((stream_id, started_ms // DAY_MS))

    def mark_test(self, test_id: int) -> None:
        """Have every day of a test case counted again: it turned out to exercise one service more."""
        self._services.pop(test_id, None)
        rows = self.connection.execute(
            "SELECT d.stream_id, d.day FROM stream s JOIN test_day d ON d.stream_id = s.stream_id AND d.test_id = ?",
            (test_id,),
        )
        self.marked.update((int(stream), int(day)) for stream, day in rows)

    def add(self, part: PartSum) -> None:
        """Add a part that extends its stream and repeats no case of its run."""
        if (part.stream_id, part.day) in self.marked:
            return
        stream, day, cases = part.stream_id, part.day, part.cases
        self.connection.execute(_ADD_RUN_TOTAL, (part.run_id, stream, part.attempts, *tally(cases)))
        if not part.is_first_attempt:
            return
        others = [case for case in cases if case >> CODE_BITS in part.several] if part.several else []
        self.connection.execute(_ADD_SINGLES, (stream, day, part.part_id, str(sorted(part.several))))
        self.connection.executemany(_ADD_TEST_DAY, _test_days(stream, day, others))
        sums = self._service_sums(cases, part.service_id)
        rows = [(service, stream, day, *counts) for service, counts in sorted(sums.items())]
        self.connection.executemany(_ADD_SERVICE_DAY, rows)
        failures = [(day, sign, stream, test, count) for (sign, test), count in sorted(part.signatures.items())]
        self.connection.executemany(_ADD_SIGNATURE_DAY, failures)

    def settle(self) -> None:
        """Count every marked day again, but those whose results were pruned, and pack what changed."""
        self.packed.settle()
        cut_ms = load_cut(self.connection) if self.marked else None
        for stream_id, day in sorted(self.marked):
            if cut_ms is None or day * DAY_MS >= cut_ms:
                self._recount(stream_id, day)
        self.marked.clear()

    def _recount(self, stream_id: int, day: int) -> None:
        count = _DayCount(stream_id, day)
        rows = self.connection.execute(_DAY_ROWS, (stream_id, day * DAY_MS, (day + 1) * DAY_MS))
        count.take(rows)
        execute, many = self.connection.execute, self.connection.executemany
        bounds = (stream_id, day * DAY_MS, (day + 1) * DAY_MS)
        execute(
            "DELETE FROM run_total WHERE stream_id = ? AND run_id IN"
            " (SELECT run_id FROM run WHERE started_ms >= ? AND started_ms < ?)",
            bounds,
        )
        execute("DELETE FROM test_day WHERE stream_id = ? AND day = ?", (stream_id, day))
        execute("DELETE FROM signature_day WHERE day = ? AND stream_id = ?", (day, stream_id))
        execute(
            "DELETE FROM service_day WHERE stream_id = ? AND day = ?"
            " AND service_id IN (SELECT service_id FROM service)",
            (stream_id, day),
        )
        many(_ADD_RUN_TOTAL, count.run_totals())
        many(f"INSERT INTO test_day VALUES ({', '.join('?' * 10)})", count.test_days())
        for cases, service_id in count.baseline_cases:
            sums = self._service_sums(cases, service_id)
            many(_ADD_SERVICE_DAY, [(service, stream_id, day, *sums[service]) for service in sorted(sums)])
        signatures = sorted(count.signatures.items())
        many(_ADD_SIGNATURE_DAY, [(day, sign, stream_id, test, n) for (sign, test), n in signatures])

    def _service_sums(self, cases: Sequence[int], service_id: int | None) -> dict[int, tuple[int, int, int]]:
        """service -> (executed, failed, flaky); a case that declares none counts for its pipeline's own."""
        sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._load_many_services(cases)
        for case in cases:
            test_id, result = case >> CODE_BITS, case & _CODE & ~RETRIED
            if result == Result.SKIPPED:
                continue
            services = self._services.get(test_id)
            if services is None:
                services = self._load_services(test_id)
            if not services and service_id is not None:
                services = (service_id,)
            for service in services:
                entry = sums[service]
                entry[0] += 1
                if result == Result.FLAKY:
                    entry[2] += 1
                elif result != Result.PASSED:
                    entry[1] += 1
        return {service: (e[0], e[1], e[2]) for service, e in sums.items()}

    def _load_many_services(self, cases: Sequence[int]) -> None:
        """What very many cases exercise, with one statement: a report of a suite that was not read before."""
        known = self._services
        if len(cases) > _CACHED_SERVICES:
            return
        tests = {case >> CODE_BITS for case in cases}.difference(known)
        if len(tests) < _MANY or len(known) + len(tests) > _CACHED_SERVICES:
            return
        found: dict[int, list[int]] = defaultdict(list)
        rows = self.connection.execute(
            "SELECT test_id, service_id FROM exercised WHERE test_id BETWEEN ? AND ?", (min(tests), max(tests))
        )
        for test_id, service_id in rows:
            found[test_id].append(int(service_id))
        known.update((test_id, tuple(found.get(test_id, ()))) for test_id in tests)

    def _load_services(self, test_id: int) -> tuple[int, ...]:
        rows = self.connection.execute("SELECT service_id FROM exercised WHERE test_id = ?", (test_id,))
        if len(self._services) >= _CACHED_SERVICES:
            self._services.clear()
        found = self._services[test_id] = tuple(int(row[0]) for row in rows)
        return found


def pack_case(test_id: int, code: int) -> int:
    """A test and its `Result` (plus `RETRIED`) in one integer."""
    return test_id << CODE_BITS | code


def tally(cases: Iterable[int]) -> tuple[int, int, int, int, int]:
    """Packed cases by result: passed, failed, errored, skipped, flaky."""
    counts = [0, 0, 0, 0, 0]
    for case in cases:
        counts[case & _CODE & ~RETRIED] += 1
    return (counts[0], counts[1], counts[2], counts[3], counts[4])


def _test_days(stream: int, day: int, cases: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Parameters of `_ADD_TEST_DAY`, in key order."""
    for case in cases:
        code = case & _CODE
        result = code & ~RETRIED
        if result != Result.SKIPPED:
            red = 1 if result in _RED else 0
            yield (stream, case >> CODE_BITS, day, red, 1 if result == Result.FLAKY else 0, code >> 4)


class _DayCount:
    """A stream's day, counted from its rows."""

    def __init__(self, stream_id: int, day: int) -> None:
        self._stream_id, self._day = stream_id, day
        self._totals: dict[int, tuple[int, list[int]]] = {}
        self._days: dict[int, list[int]] = {}
        self.baseline_cases: list[tuple[list[int], int | None]] = []
        self.signatures: dict[tuple[int, int], int] = defaultdict(int)

    def take(self, rows: Iterable[tuple[int, int, int | None, int, int, int | None]]) -> None:
        """Rows by run in time, then test, then attempt."""
        run: tuple[int, int, int | None] | None = None
        outcomes: dict[int, list[int]] = {}
        for run_id, attempt, service_id, test_id, outcome, signature_id in rows:
            if run is None or run[0] != run_id:
                if run is not None:
                    self._close_run(run, outcomes)
                run, outcomes = (run_id, attempt, service_id), {}
            outcomes.setdefault(test_id, []).append(outcome)
            if signature_id is not None and attempt == 1:
                self.signatures[signature_id, test_id] += 1
        if run is not None:
            self._close_run(run, outcomes)

    def _close_run(self, run: tuple[int, int, int | None], outcomes: dict[int, list[int]]) -> None:
        run_id, attempt, service_id = run
        cases = [pack_case(test, merge_attempts(o) | (RETRIED if is_retried(o) else 0)) for test, o in outcomes.items()]
        self._totals[run_id] = (sum(len(o) for o in outcomes.values()), cases)
        if attempt != 1:
            return
        self.baseline_cases.append((cases, service_id))
        for case in cases:
            test_id, code = case >> CODE_BITS, case & _CODE
            result = code & ~RETRIED
            if result == Result.SKIPPED:
                continue
            red = int(result in _RED)
            row = self._days.setdefault(test_id, [0, 0, 0, 0, 0, red, red])
            row[0] += 1
            row[1] += red
            row[2] += result == Result.FLAKY
            row[3] += code >= RETRIED
            row[4] += row[6] != red
            row[6] = red

    def run_totals(self) -> list[tuple[int, ...]]:
        """Parameters of `_ADD_RUN_TOTAL`."""
        return [
            (run_id, self._stream_id, attempts, *tally(cases)) for run_id, (attempts, cases) in self._totals.items()
        ]

    def test_days(self) -> list[tuple[int, ...]]:
        """Rows of `test_day`, in key order."""
        return [(self._stream_id, test_id, self._day, *self._days[test_id]) for test_id in sorted(self._days)]


def is_retried(outcomes: Iterable[int]) -> bool:
    """Whether a case was executed more than once."""
    return sum(outcome != Outcome.SKIPPED for outcome in outcomes) > 1
