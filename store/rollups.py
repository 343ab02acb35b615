"""Day rollups, kept in the transaction that writes the rows they sum.

A part of the last run of its stream and day is added to the rollups; of the cases that other parts of the run hold,
what they counted for is replaced. Everything else - late runs, replaced or moved parts - marks its stream and day, and
marked days are counted again from the rows before the transaction ends. Both routes give what a recount of everything
would give; a test holds that.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field

from ingest.model import Result
from store.connect import Connection
from store.cut import load_cut
from store.day_count import CODE, DAY_ROWS, RED, DayCount, merge_case
from store.day_count import RETRIED as RETRIED
from store.day_count import pack_case as pack_case
from store.day_count import tally as tally
from store.packed import CODE_BITS as CODE_BITS
from store.packed import Packed
from store.repeats import Repeats

DAY_MS = 86_400_000
_CACHED_SERVICES = 60_000
_FEW = 10
"""Cases of a part that are added faster one by one."""
_MANY = 100

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
_CHANGE_TEST_DAY = """
UPDATE test_day SET failed = failed + ?4, flaky = flaky + ?5, retried = retried + ?6, flips = flips + ?7,
    first_red = CASE WHEN executed = 1 THEN ?8 ELSE first_red END, last_red = ?8
WHERE stream_id = ?1 AND test_id = ?2 AND day = ?3
"""
_ADD_EMPTY = """
INSERT OR IGNORE INTO run_total
SELECT p.run_id, p.stream_id, 0, 0, 0, 0, 0, 0 FROM part p JOIN run r ON r.run_id = p.run_id
WHERE p.stream_id = ? AND r.started_ms >= ? AND r.started_ms < ?
"""
"""A report without a case is a run all the same."""
_OTHER_RUN = """
SELECT 1 FROM stream s
JOIN run r ON r.pipeline_id = s.pipeline_id AND r.started_ms >= ?2 AND r.started_ms < ?3 AND r.run_id <> ?4
WHERE s.stream_id = ?1 AND EXISTS (SELECT 1 FROM run_total t WHERE t.run_id = r.run_id AND t.stream_id = ?1) LIMIT 1
"""
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


@dataclass(slots=True)
class PartSum:
    """What one part adds: merged results of its cases, in the order they came."""

    part_id: int
    run_id: int
    stream_id: int
    started_ms: int
    """Of the run."""
    is_first_attempt: bool
    service_id: int | None
    cases: Sequence[int]
    """Packed cases, sorted."""
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
    repeats: Repeats = field(init=False)
    _services: dict[int, tuple[int, ...]] = field(default_factory=dict)
    _earlier: tuple[tuple[int, int, int], dict[int, int]] | None = None
    """(stream, run, start of the run); test -> whether it was red when last executed before on that day."""

    def __post_init__(self) -> None:
        self.packed = Packed(self.connection)
        self.repeats = Repeats(self.connection)

    def forget(self) -> None:
        """Drop what is cached: after a rollback, or when another process has written."""
        self.packed.forget()
        self._services.clear()
        self.marked.clear()
        self.forget_cases()

    def forget_cases(self) -> None:
        """Drop what is remembered of the results in the store: some went, or stand under other names."""
        self.repeats.forget()
        self._earlier = None

    def mark(self, stream_id: int, started_ms: int) -> None:
        """Have the day of a moment counted again."""
        self.marked.add((stream_id, started_ms // DAY_MS))
        self._earlier = None

    def mark_moved(self, run_id: int, stream_id: int, before_ms: int, started_ms: int) -> None:
        """Have the days of a run counted again whose start moved, unless it keeps its place among those of its day."""
        day = started_ms // DAY_MS
        first, last = sorted((before_ms, started_ms))
        if before_ms // DAY_MS != day or self._has_other(run_id, stream_id, first, last + 1):
            self.mark(stream_id, before_ms)
            self.mark(stream_id, started_ms)

    def _has_other(self, run_id: int, stream_id: int, from_ms: int, until_ms: int) -> bool:
        """Whether another run with results in a stream started in a stretch of time."""
        bounds = (stream_id, from_ms, until_ms, run_id)
        return self.connection.execute(_OTHER_RUN, bounds).fetchone() is not None

    def mark_test(self, test_id: int) -> None:
        """Have every day of a test case counted again: it turned out to exercise one service more."""
        self._services.pop(test_id, None)
        rows = self.connection.execute(
            "SELECT d.stream_id, d.day FROM stream s JOIN test_day d ON d.stream_id = s.stream_id AND d.test_id = ?",
            (test_id,),
        )
        self.marked.update((int(stream), int(day)) for stream, day in rows)

    def add(self, part: PartSum) -> None:
        """Add a part that came, or have its day counted again."""
        stream, day = part.stream_id, part.started_ms // DAY_MS
        repeated = None
        if (stream, day) not in self.marked and not self._has_other(
            part.run_id, stream, part.started_ms, (day + 1) * DAY_MS
        ):
            repeated = self.repeats.take(part.part_id, part.run_id, stream, part.cases)
        if repeated is None:
            self.repeats.leave(part.run_id, stream)
            self.mark(stream, part.started_ms)
            return
        cases = part.cases
        if repeated:
            cases = [case for case in cases if case >> CODE_BITS not in repeated]
        self.connection.execute(_ADD_RUN_TOTAL, (part.run_id, stream, part.attempts, *tally(cases)))
        if part.is_first_attempt:
            self._add_first(part, day, cases, repeated)
        for test_id, parts in sorted(repeated.items()):
            self._replace(part, day, test_id, parts)

    def _add_first(self, part: PartSum, day: int, cases: Sequence[int], repeated: Collection[int]) -> None:
        """Add to the days a part of a first run attempt; `cases` are those that no other part of the run holds."""
        stream, several = part.stream_id, part.several
        one_by_one = cases
        if len(cases) > _FEW:
            one_by_one = [case for case in cases if case >> CODE_BITS in several] if several else []
            listed = str(sorted({*several, *repeated}))
            self.connection.execute(_ADD_SINGLES, (stream, day, part.part_id, listed))
        self.connection.executemany(_ADD_TEST_DAY, _test_days(stream, day, one_by_one))
        self._add_services(stream, day, self._service_sums(cases, part.service_id))
        if part.signatures:
            failures = [(day, sign, stream, test, count) for (sign, test), count in sorted(part.signatures.items())]
            self.connection.executemany(_ADD_SIGNATURE_DAY, failures)

    def _replace(self, part: PartSum, day: int, test_id: int, parts: Sequence[int]) -> None:
        """Put what a case is with a part in the place of what it was by the other parts of the run that hold it."""
        before, after = (
            merge_case(test_id, outcomes) for outcomes in self.repeats.outcomes(test_id, parts, part.part_id)
        )
        if before == after:
            return
        change = [new - old for old, new in zip(tally([before]), tally([after]), strict=True)]
        self.connection.execute(_ADD_RUN_TOTAL, (part.run_id, part.stream_id, 0, *change))
        if not part.is_first_attempt:
            return
        sums = self._service_sums([after], part.service_id)
        for service, counts in self._service_sums([before], part.service_id).items():
            now = sums[service]
            sums[service] = (now[0] - counts[0], now[1] - counts[1], now[2] - counts[2])
        self._add_services(part.stream_id, day, sums)
        old, new = before & CODE & ~RETRIED, after & CODE & ~RETRIED
        if old == Result.SKIPPED:
            self.connection.executemany(_ADD_TEST_DAY, _test_days(part.stream_id, day, [after]))
            return
        was_red, is_red = int(old in RED), int(new in RED)
        flaky, retried = (new == Result.FLAKY) - (old == Result.FLAKY), (after & RETRIED) - (before & RETRIED)
        flips = 0
        if was_red != is_red and (earlier := self._red_before(part).get(test_id)) is not None:
            flips = 1 if earlier == was_red else -1
        self.connection.execute(
            _CHANGE_TEST_DAY,
            (part.stream_id, test_id, day, is_red - was_red, flaky, retried // RETRIED, flips, is_red),
        )

    def _red_before(self, part: PartSum) -> dict[int, int]:
        """Whether each test was red when it was last executed on the day of a run, before that run."""
        key = (part.stream_id, part.run_id, part.started_ms)
        if self._earlier is None or self._earlier[0] != key:
            day = part.started_ms // DAY_MS
            count = DayCount(part.stream_id, day)
            count.take(self.connection.execute(DAY_ROWS, (part.stream_id, day * DAY_MS, part.started_ms)))
            self._earlier = (key, count.last_red())
        return self._earlier[1]

    def settle(self) -> None:
        """Count every marked day again, but those whose results were pruned, and pack what changed."""
        self.packed.settle()
        cut_ms = load_cut(self.connection) if self.marked else None
        for stream_id, day in sorted(self.marked):
            if cut_ms is None or day * DAY_MS >= cut_ms:
                self._recount(stream_id, day)
        self.marked.clear()

    def _recount(self, stream_id: int, day: int) -> None:
        count = DayCount(stream_id, day)
        rows = self.connection.execute(DAY_ROWS, (stream_id, day * DAY_MS, (day + 1) * DAY_MS))
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
        execute(_ADD_EMPTY, bounds)
        many(f"INSERT INTO test_day VALUES ({', '.join('?' * 10)})", count.test_days())
        for cases, service_id in count.baseline_cases:
            self._add_services(stream_id, day, self._service_sums(cases, service_id))
        signatures = sorted(count.signatures.items())
        many(_ADD_SIGNATURE_DAY, [(day, sign, stream_id, test, n) for (sign, test), n in signatures])

    def _add_services(self, stream_id: int, day: int, sums: dict[int, tuple[int, int, int]]) -> None:
        if sums:
            rows = [(service, stream_id, day, *counts) for service, counts in sorted(sums.items())]
            self.connection.executemany(_ADD_SERVICE_DAY, rows)

    def _service_sums(self, cases: Sequence[int], service_id: int | None) -> dict[int, tuple[int, int, int]]:
        """service -> (executed, failed, flaky); a case that declares none counts for its pipeline's own."""
        sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        self._load_many_services(cases)
        for case in cases:
            test_id, result = case >> CODE_BITS, case & CODE & ~RETRIED
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


def _test_days(stream: int, day: int, cases: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Parameters of `_ADD_TEST_DAY`, in key order."""
    for case in cases:
        code = case & CODE
        result = code & ~RETRIED
        if result != Result.SKIPPED:
            red = 1 if result in RED else 0
            yield (stream, case >> CODE_BITS, day, red, 1 if result == Result.FLAKY else 0, code >> 4)
