"""Day rollups, kept in the transaction that writes the rows they sum.

How often a case was executed follows from the sets of cases that parts hold (`store/day_sets.py`); `special_day` has a
row only for a case that failed, flaked, was executed more than once in a run, or stands in several parts of one. A part
of the last run of its stream and day is added; of the cases that other parts of the run hold, what they counted for is
replaced. Everything else - late runs, replaced or moved parts - marks its stream and day, and marked days are counted
again from the rows before the transaction ends. Both routes give what a recount of everything would give; a test holds
that.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

from ingest.model import Result
from store.case_sets import RETRIED as RETRIED
from store.case_sets import CaseSets, special_places
from store.case_sets import tally as tally
from store.connect import Connection
from store.cut import load_cut
from store.day_count import DAY_ROWS, RED, DayCount, code_of
from store.day_sets import DaySets
from store.packed import Packed
from store.repeats import Repeats
from store.service_sums import ServiceSums

DAY_MS = 86_400_000

_RED_ONES = bytes(code & ~RETRIED in RED for code in range(256))
_FLAKY_ONES = bytes(code & ~RETRIED == Result.FLAKY for code in range(256))
_ADD_SPECIAL = """
INSERT INTO special_day (stream_id, day, test_id, repeated, failed, flaky, retried, flips, first_red, last_red)
VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, ?8, ?4)
ON CONFLICT DO UPDATE SET failed = failed + ?4, flaky = flaky + ?5, retried = retried + ?6,
    flips = flips + (last_red <> ?4), last_red = ?4
"""
_RECOVER = """
UPDATE special_day SET flips = flips + 1, last_red = 0 WHERE stream_id = ? AND day = ? AND test_id = ? AND last_red
"""
_CHANGE_SPECIAL = """
INSERT INTO special_day (stream_id, day, test_id, repeated, failed, flaky, retried, flips, first_red, last_red)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9 AND ?10, ?10)
ON CONFLICT DO UPDATE SET repeated = repeated + ?4, failed = failed + ?5, flaky = flaky + ?6, retried = retried + ?7,
    flips = flips + ?8, first_red = iif(?9, ?10, first_red), last_red = ?10
"""
_DROP_PLAIN = """
DELETE FROM special_day WHERE stream_id = ? AND day = ? AND test_id = ? AND repeated + failed + flaky + retried = 0
"""
_NAME_SPECIAL = "UPDATE OR IGNORE special_day SET test_id = ?4 WHERE stream_id = ?1 AND day = ?2 AND test_id = ?3"
_NAME_SIGNATURES = "UPDATE OR IGNORE signature_day SET test_id = ?4 WHERE stream_id = ?1 AND day = ?2 AND test_id = ?3"
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
    """What one part adds: merged results of its cases."""

    part_id: int
    run_id: int
    stream_id: int
    started_ms: int
    """Of the run."""
    is_first_attempt: bool
    service_id: int | None
    is_only_part: bool
    """Whether its run has no other part."""
    tests: array[int]
    """Its cases, ascending."""
    codes: bytes
    """Of each: a `Result`, with `RETRIED` where it was executed more than once."""
    set_id: int
    """Of its cases."""
    attempts: int
    signatures: dict[tuple[int, int], int]
    """(signature, test) -> failing attempts."""


@dataclass(slots=True)
class Rollups:
    """Keeps `run_total`, `special_day`, `set_day`, `service_day` and `signature_day`."""

    connection: Connection
    marked: set[tuple[int, int]] = field(default_factory=set)
    """(stream, day) to count again before the transaction ends."""
    sets: CaseSets = field(init=False)
    packed: Packed = field(init=False)
    days: DaySets = field(init=False)
    repeats: Repeats = field(init=False)
    _services: ServiceSums = field(init=False)
    _declared: set[int] = field(default_factory=set)
    """Test cases that turned out to exercise one service more, whose days are not marked yet."""
    _highest: int | None = None
    """No test case after this one is in a sum; None: look."""
    _earlier: tuple[tuple[int, int, int], dict[int, int]] | None = None
    """(stream, run, start of the run); test -> whether it was red when last executed before on that day."""

    def __post_init__(self) -> None:
        self.sets = CaseSets(self.connection)
        self.packed = Packed(self.connection, self.sets)
        self.days = DaySets(self.connection, self.sets, self.packed)
        self.repeats = Repeats(self.connection)
        self._services = ServiceSums(self.connection)

    def begin(self) -> None:
        """At the begin of a transaction: know which test cases are new in it."""
        if self._highest is None:
            self._highest = self._last_test()

    def _last_test(self) -> int:
        (last,) = self.connection.execute("SELECT coalesce(max(test_id), 0) FROM test_case").fetchone()
        return int(last)

    def forget(self) -> None:
        """Drop what is cached: after a rollback."""
        self.repeats.forget()
        self.doubt()

    def doubt(self) -> None:
        """Drop what is cached, or have it compared with the store: another process has written."""
        self.sets.forget()
        self._services.forget()
        self._declared.clear()
        self._highest = None
        self.marked.clear()
        self.repeats.doubt()
        self._forget_days()

    def forget_cases(self) -> None:
        """Drop what is remembered of the results in the store: some went, or stand under other names."""
        self.repeats.forget()
        self._forget_days()

    def _forget_days(self) -> None:
        self.days.forget()
        self._earlier = None

    def mark(self, stream_id: int, started_ms: int) -> None:
        """Have the day of a moment counted again."""
        self._mark_day(stream_id, started_ms // DAY_MS)

    def is_marked(self, stream_id: int, started_ms: int) -> bool:
        """Whether the day of a moment will be counted again before the transaction ends."""
        return (stream_id, started_ms // DAY_MS) in self.marked

    def _mark_day(self, stream_id: int, day: int) -> None:
        self.marked.add((stream_id, day))
        self.days.leave(stream_id, day)
        self._earlier = None
        self._highest = None  # what is counted again may be under other names

    def noted(self) -> tuple[set[tuple[int, int]], set[int]]:
        """What is to be counted again, for `note` after a rollback to this point."""
        return set(self.marked), set(self._declared)

    def note(self, noted: tuple[set[tuple[int, int]], set[int]]) -> None:
        """Take up what was noted before a rollback."""
        self.marked.update(noted[0])
        self._declared.update(noted[1])

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
        self._services.leave(test_id)
        if self._highest is None or test_id <= self._highest:
            self._declared.add(test_id)

    def summed(self, tests: Collection[int]) -> set[int]:
        """Those of some test cases that are in sums of days whose results were pruned."""
        cut_ms = load_cut(self.connection)
        if cut_ms is None:
            return set()
        return {test for _, day, held in self.days.days_of(tests) if day * DAY_MS < cut_ms for test in held}

    def _mark_declared(self) -> None:
        if self._declared:
            for stream_id, day, _ in self.days.days_of(self._declared):
                self._mark_day(stream_id, day)
            self._declared.clear()

    def add(self, part: PartSum) -> None:
        """Add a part that came, or have its day counted again."""
        self._mark_declared()
        stream, day = part.stream_id, part.started_ms // DAY_MS
        if part.tests and self._highest is not None:
            self._highest = max(self._highest, part.tests[-1])
        repeated = None
        if (stream, day) not in self.marked and not self._has_other(
            part.run_id, stream, part.started_ms, (day + 1) * DAY_MS
        ):
            repeated = self.repeats.take(
                part.part_id, part.run_id, stream, part.tests, part.set_id, is_only=part.is_only_part
            )
        if repeated is None:
            self.repeats.leave(part.run_id, stream)
            self.mark(stream, part.started_ms)
            return
        tests, codes = (part.tests, part.codes) if not repeated else _without(repeated, part)
        self.connection.execute(_ADD_RUN_TOTAL, (part.run_id, stream, part.attempts, *tally(codes)))
        if part.is_first_attempt:
            self._add_first(part, day, tests, codes)
        for test_id, parts in sorted(repeated.items()):
            self._replace(part, day, test_id, parts)
        if part.is_first_attempt and part.tests:
            self.days.add(stream, day, part.set_id)
            self.days.today(stream, day).take(part.set_id)

    def _add_first(self, part: PartSum, day: int, tests: Sequence[int], codes: bytes) -> None:
        """Add to the days a part of a first run attempt: the cases that no other part of the run holds."""
        set_id = part.set_id if len(tests) == len(part.tests) else None
        self._add_special(part.stream_id, day, tests, codes)
        self._add_services(part.stream_id, day, self._services.sums(tests, codes, part.service_id, set_id))
        if part.signatures:
            stream = part.stream_id
            failures = [(day, sign, stream, test, count) for (sign, test), count in sorted(part.signatures.items())]
            self.connection.executemany(_ADD_SIGNATURE_DAY, failures)

    def _add_special(self, stream: int, day: int, tests: Sequence[int], codes: bytes) -> None:
        """Add what is no plain result, and what passed after it was red on that day."""
        today, rows = self.days.today(stream, day), []
        recovered = []
        for test_id in today.red.intersection(tests) if len(tests) < len(today.red) else today.red:
            place = bisect_left(tests, test_id)
            if place < len(tests) and tests[place] == test_id and codes[place] == Result.PASSED:
                recovered.append((stream, day, test_id))
        for place in special_places(codes):
            test_id, code = tests[place], codes[place]
            is_red = _RED_ONES[code]
            flips = 1 if is_red and today.was_executed(test_id) else 0
            rows.append((stream, day, test_id, is_red, _FLAKY_ONES[code], code // RETRIED, flips, is_red - flips))
            today.note(test_id, is_red)
        self.connection.executemany(_ADD_SPECIAL, rows)
        self.connection.executemany(_RECOVER, recovered)
        today.red.difference_update(row[2] for row in recovered)

    def _replace(self, part: PartSum, day: int, test_id: int, parts: Sequence[int]) -> None:
        """Put what a case is with a part in the place of what it was by the other parts of the run that hold it."""
        stream = part.stream_id
        before, after = (code_of(outcomes) for outcomes in self.repeats.outcomes(test_id, parts, part.part_id))
        old, new = before & ~RETRIED, after & ~RETRIED
        repeated = 0
        if old != Result.SKIPPED:
            repeated = int(part.codes[bisect_left(part.tests, test_id)] != Result.SKIPPED)
        if before != after:
            change = [now - was for was, now in zip(tally(bytes([before])), tally(bytes([after])), strict=True)]
            self.connection.execute(_ADD_RUN_TOTAL, (part.run_id, stream, 0, *change))
        if not part.is_first_attempt or (before == after and not repeated):
            return
        sums = self._services.sums([test_id], bytes([after]), part.service_id)
        for service, counts in self._services.sums([test_id], bytes([before]), part.service_id).items():
            now = sums[service]
            sums[service] = (now[0] - counts[0], now[1] - counts[1], now[2] - counts[2])
        self._add_services(stream, day, sums)
        if old == Result.SKIPPED:
            self._add_special(stream, day, [test_id], bytes([after]))
            return
        was_red, is_red = int(old in RED), int(new in RED)
        flaky, retried = (new == Result.FLAKY) - (old == Result.FLAKY), after // RETRIED - before // RETRIED
        flips, is_first = 0, False
        if was_red != is_red:
            earlier = self._red_before(part).get(test_id)
            is_first = earlier is None
            flips = 0 if earlier is None else 1 if earlier == was_red else -1
        self.connection.execute(
            _CHANGE_SPECIAL,
            (stream, day, test_id, repeated, is_red - was_red, flaky, retried, flips, is_first, is_red),
        )
        self.connection.execute(_DROP_PLAIN, (stream, day, test_id))
        self.days.today(stream, day).note(test_id, is_red)

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
        self._mark_declared()
        self.packed.settle()
        cut_ms = load_cut(self.connection) if self.marked else None
        for stream_id, day in sorted(self.marked):
            if cut_ms is None or day * DAY_MS >= cut_ms:
                self._recount(stream_id, day)
        self.marked.clear()
        self.days.settle()

    def _recount(self, stream_id: int, day: int) -> None:
        count = DayCount(stream_id, day)
        bounds = (stream_id, day * DAY_MS, (day + 1) * DAY_MS)
        count.take(self.connection.execute(DAY_ROWS, bounds))
        execute, many = self.connection.execute, self.connection.executemany
        execute(
            "DELETE FROM run_total WHERE stream_id = ? AND run_id IN"
            " (SELECT run_id FROM run WHERE started_ms >= ? AND started_ms < ?)",
            bounds,
        )
        execute("DELETE FROM special_day WHERE stream_id = ? AND day = ?", (stream_id, day))
        execute("DELETE FROM signature_day WHERE day = ? AND stream_id = ?", (day, stream_id))
        execute(
            "DELETE FROM service_day WHERE stream_id = ? AND day = ?"
            " AND service_id IN (SELECT service_id FROM service)",
            (stream_id, day),
        )
        many(_ADD_RUN_TOTAL, count.run_totals())
        execute(_ADD_EMPTY, bounds)
        self.days.count_again(stream_id, day, *bounds[1:])
        many(f"INSERT INTO special_day VALUES ({', '.join('?' * 10)})", count.special_days())
        for tests, codes, service_id in count.baseline_cases:
            self._add_services(stream_id, day, self._services.sums(tests, codes, service_id))
        signatures = sorted(count.signatures.items())
        many(_ADD_SIGNATURE_DAY, [(day, sign, stream_id, test, n) for (sign, test), n in signatures])

    def rename(self, stream_id: int, day: int, old: int, new: int) -> None:
        """Have the sums of a day stand under another name, which has none of its own there."""
        self.days.rename(stream_id, day, old, new)
        self.connection.execute(_NAME_SPECIAL, (stream_id, day, old, new))
        self.connection.execute(_NAME_SIGNATURES, (stream_id, day, old, new))

    def rename_before(self, cut_day: int, old: int, new: int) -> None:
        """As `rename`, on every day before one; where the other name has sums of its own, both stay."""
        held: dict[tuple[int, int], set[int]] = defaultdict(set)
        for stream_id, day, tests in self.days.days_of((old, new)):
            if day < cut_day:
                held[stream_id, day].update(tests)
        for (stream_id, day), there in sorted(held.items()):
            if there == {old}:
                self.rename(stream_id, day, old, new)

    def _add_services(self, stream_id: int, day: int, sums: dict[int, tuple[int, int, int]]) -> None:
        if sums:
            rows = [(service, stream_id, day, *counts) for service, counts in sorted(sums.items())]
            self.connection.executemany(_ADD_SERVICE_DAY, rows)


def _without(repeated: dict[int, list[int]], part: PartSum) -> tuple[list[int], bytes]:
    """The cases of a part that no other part of its run holds, and their codes."""
    kept = [place for place, test in enumerate(part.tests) if test not in repeated]
    return [part.tests[place] for place in kept], bytes(part.codes[place] for place in kept)
