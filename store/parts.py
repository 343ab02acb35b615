"""Writes the attempts of one part as they stream in, and sums them up at its end."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from heapq import merge
from itertools import islice, pairwise

from ingest.model import CaseAttempt, Counts, Failure, Outcome, TestCase
from store.case_sets import RETRIED, tally
from store.connect import Connection
from store.dimensions import Dimensions
from store.merge import is_retry_sequence, merge_attempts
from store.placed import Group, PlacedAttempt, PlacedCases, as_reruns, code_of
from store.result_rows import NO_DURATION, NO_FAILURE, NO_OFFSET, ResultRows

_MOST_ROWS, _MOST_ROWS_OF_LONG = 20_000, 5_000
"""Rows that wait to be written together."""
_LONG_CASES = 40_000
"""Of a part with more, less is held beside them."""
_PIECE = 50_000
_MAX_HELD = 20_000
"""Repeated names held back until the part ends; any more are taken for namesakes at once."""
_NUMBERED_TOGETHER = 1000
"""Namesakes that are numbered in one go."""
_FEWEST_OF_EACH = 5
"""Fewer tests that are repeated alike may well be retries."""
_SEEN = 32
"""Marks a test in the byte table: its code may be 0."""
_CODES = bytes(number & ~_SEEN for number in range(256))


@dataclass(frozen=True, slots=True)
class PartTotals:
    """What a finished part holds."""

    counts: Counts
    tests: array[int]
    """Its cases, ascending."""
    codes: bytes
    """Of each: a `Result`, with `RETRIED` where it was executed more than once."""
    signatures: dict[tuple[int, int], int]
    """(signature, test) -> failing attempts."""
    several: frozenset[int]
    """Tests with more than one attempt."""
    ended_ms: int | None
    """End of the last attempt whose start the report states."""
    namesakes: int
    """Repeated names that are no attempts and were numbered `name#2`, `name#3`."""


class PartWriter:
    """One part of one run. Memory is some bytes a case, whatever the size of the report."""

    def __init__(
        self,
        connection: Connection,
        dimensions: Dimensions,
        part_id: int,
        started_ms: int,
        on_long: Callable[[], None],
    ) -> None:
        self._connection = connection
        self._dimensions = dimensions
        self._part_id = part_id
        self._started_ms = started_ms
        self._codes = bytearray(1024)
        self._touched = array("I")
        self._group: Group = []
        self._held: dict[int, list[Group]] = {}
        self._held_count = 0
        self._rows = ResultRows(connection, part_id)
        self._most_rows, self._on_long = _MOST_ROWS, on_long
        self._plain: PlacedAttempt | None = None  # the last attempt, when it was taken for the only one of its test
        self._attempts = 0
        self._ended_ms: int | None = None
        self._signatures: dict[tuple[int, int], int] = defaultdict(int)
        self._namesakes = 0
        self._several: set[int] = set()
        self._names: list[tuple[int, int, int, str]] = []
        self._namesakes_waiting: list[Group] = []
        self._numbers = array("I")
        """By test: the number of its last namesake."""
        self._suites = array("I")
        """By test: the suite it was first seen in, only of suites after the first that repeat cases for retries."""

    def add(self, batch: Sequence[PlacedAttempt]) -> None:
        """Take attempts in the report's order."""
        codes, singles, touched, group = self._codes, self._rows.singles, self._touched, self._group
        size, plain_ones = len(codes), 0
        for placed in batch:
            test_id, _, attempt, raw_name = placed
            _, _, outcome, duration, started, failure, _, retry, _, links = attempt
            if (
                failure is None
                and started is None
                and raw_name is None
                and not links
                and -1 <= retry <= 0
                and test_id < size
                and not codes[test_id]
            ):  # the common case: an attempt without text, links or start, of a test that was not seen before
                if group:
                    self._close_group(group)
                    group = []
                    if codes[test_id]:  # it was of the same test
                        group = self._add_other(placed, group)
                        continue
                code = outcome + 0
                codes[test_id] = code | _SEEN
                touched.append(test_id)
                singles.append((test_id, code, NO_DURATION if duration is None else duration, NO_FAILURE))
                self._plain = placed
                plain_ones += 1
            else:
                group = self._add_other(placed, group)
                size = len(codes)
        self._group = group
        self._attempts += plain_ones
        self._write_many()

    def add_plain(self, cases: PlacedCases) -> None:
        """Take plain cases in the report's order; the last of them may be the first attempt of a group."""
        if self._group:
            self._close_group(self._group)
            self._group = []
        last, codes = len(cases.test_ids) - 1, self._codes
        self._make_room(max(cases.test_ids))
        is_repeated = len(set(cases.test_ids)) <= last or any(map(codes.__getitem__, cases.test_ids))
        if is_repeated or cases.retry < -1:
            self.add([cases.attempt(at) for at in range(last + 1)])
            return
        test_ids = cases.test_ids[:last]
        for test_id, outcome in zip(test_ids, cases.outcomes, strict=False):
            codes[test_id] = outcome | _SEEN
        failure_ids = [NO_FAILURE] * last
        for at, failure in cases.failures.items():
            if at < last:
                is_skip = cases.outcomes[at] == Outcome.SKIPPED
                failure_ids[at] = self._failure(test_ids[at], failure, is_skip=is_skip)
        self._names += [(self._part_id, test_ids[at], 0, name) for at, name in cases.raw_names.items() if at < last]
        self._touched.extend(test_ids)
        self._attempts += last
        self._rows.singles.extend(zip(test_ids, cases.outcomes, cases.durations, failure_ids, strict=False))
        self.add([cases.attempt(last)])

    def _add_other(self, placed: PlacedAttempt, group: Group) -> Group:
        """Take any other attempt; the group that is open after it."""
        plain, self._plain = self._plain, None
        if placed[2].retry > 0:
            if not group and plain is not None and plain[0] == placed[0]:
                self._codes[placed[0]] = 0  # the first attempt was taken for the only one
                self._touched.pop()
                self._rows.singles.pop()
                self._attempts -= 1
                return [plain, placed]
            if group and group[0][0] == placed[0]:
                group.append(placed)
                return group
        if group:
            self._close_group(group)
        return [placed]

    def _make_room(self, test_id: int) -> None:
        """Have the byte table reach a test."""
        if test_id >= len(self._codes):
            self._codes.extend(bytes(test_id + 1024 - len(self._codes) + len(self._codes) // 2))

    def _write_many(self) -> None:
        """Write the rows that wait when there are many, but the last: its retry may come next."""
        if self._most_rows == _MOST_ROWS and len(self._touched) > _LONG_CASES:
            self._most_rows = _MOST_ROWS_OF_LONG
            self._on_long()
        if len(self._rows) >= self._most_rows:
            last = [self._rows.singles.pop()] if self._plain is not None else []
            self._write_rows()
            self._rows.singles += last

    def finish(self) -> PartTotals:
        """Decide what repeated names are, write what is left and sum up."""
        if self._group:
            self._close_group(self._group)
            self._group = []
        was_run_by_each = self._was_run_by_each_worker()
        for test_id, groups in self._held.items():
            if was_run_by_each:
                for group in groups:
                    self._take_namesake(group)
            else:
                self._settle_repeats(test_id, groups)
        self._held.clear()
        self._write_namesakes()
        self._write_rows()
        tests = ascending(self._touched)
        codes = bytes(map(self._codes.__getitem__, tests)).translate(_CODES)
        passed, failed, errored, skipped, flaky = tally(codes)
        counts = Counts(len(tests), self._attempts, passed, failed, errored, skipped, flaky)
        several = frozenset(self._several)
        return PartTotals(counts, tests, codes, dict(self._signatures), several, self._ended_ms, self._namesakes)

    def _close_group(self, group: Group) -> None:
        test_id = group[0][0]
        codes = self._codes
        self._make_room(test_id)
        if codes[test_id]:
            self._hold(test_id, group)
            return
        if len(group) == 1:
            code = int(group[0][2].outcome)
        else:
            code = code_of([placed[2].outcome for placed in group])
            self._several.add(test_id)
        codes[test_id] = code | _SEEN
        self._touched.append(test_id)
        if group[0][2].retry < -1:
            self._note_suite(test_id, -group[0][2].retry)
        self._write_group(test_id, group, 0)

    def _note_suite(self, test_id: int, suite: int) -> None:
        self._fit(self._suites)
        self._suites[test_id] = suite

    def _fit(self, table: array[int]) -> None:
        """Make room in a table for all tests that were seen."""
        if len(table) < len(self._codes):
            table.frombytes(bytes(table.itemsize * (len(self._codes) - len(table))))

    def _hold(self, test_id: int, group: Group) -> None:
        if self._held_count >= _MAX_HELD:
            self._take_namesake(group)
            return
        self._held_count += 1
        self._held.setdefault(test_id, []).append(group)

    def _settle_repeats(self, test_id: int, groups: list[Group]) -> None:
        by_suite: dict[int, list[Group]] = {}
        for group in groups:
            by_suite.setdefault(max(0, -group[0][2].retry), []).append(group)
        first = (self._suites[test_id] if test_id < len(self._suites) else 0) or 1
        for suite, repeats in sorted(by_suite.items()):
            if not suite:
                self._settle_unmarked(test_id, repeats)
            elif suite == first:
                self._add_reruns(test_id, as_reruns(repeats))
            else:
                self._take_namesake(as_reruns(repeats))

    def _was_run_by_each_worker(self) -> bool:
        """Whether every test of a report that repeats cases for retries is there equally often, and mostly passed.

        pytest-xdist's `--dist=each` writes such reports, one case a worker; no retries hit all tests alike.
        """
        held = self._held.values()
        if not _FEWEST_OF_EACH <= len(held) == len(self._touched) or len({len(groups) for groups in held}) > 1:
            return False
        last = [groups[-1][-1][2] for groups in held]
        passed = sum(attempt.outcome is Outcome.PASSED for attempt in last)
        return all(attempt.retry == -1 for attempt in last) and 2 * passed > len(last)

    def _add_reruns(self, test_id: int, group: Group) -> None:
        """Store repetitions in a suite where each is a retry; what was stored before them has failed."""
        self._write_rows()
        key = (self._part_id, test_id)
        self._connection.execute(
            f"UPDATE result SET took = took & ~3 | {Outcome.FAILED:d} WHERE part_id = ? AND test_id = ?"
            f" AND outcome = {Outcome.PASSED:d}",
            key,
        )
        rows = self._connection.execute(
            "SELECT outcome FROM result WHERE part_id = ? AND test_id = ? ORDER BY ordinal", key
        ).fetchall()
        outcomes = [int(row[0]) for row in rows]
        self._write_group(test_id, group, len(outcomes))
        outcomes += [placed[2].outcome for placed in group]
        self._several.add(test_id)
        self._codes[test_id] = code_of(outcomes) | _SEEN

    def _settle_unmarked(self, test_id: int, groups: list[Group]) -> None:
        self._write_rows()
        first = self._connection.execute(
            "SELECT outcome, start_offset_ms, duration_ms FROM result WHERE part_id = ? AND test_id = ?"
            " ORDER BY ordinal",
            (self._part_id, test_id),
        ).fetchall()
        outcomes = [int(row[0]) for row in first]
        sequence = [(int(merge_attempts(outcomes)), first[-1][1], first[-1][2])]
        for group in groups:
            last = group[-1][2]
            sequence.append(
                (code_of([placed[2].outcome for placed in group]) & ~RETRIED, self._offset(last), last.duration_ms)
            )
        if not is_retry_sequence(sequence):
            for group in groups:
                self._take_namesake(group)
            return
        for group in groups:
            self._write_group(test_id, group, len(outcomes))
            outcomes += [placed[2].outcome for placed in group]
        self._several.add(test_id)
        self._codes[test_id] = code_of(outcomes) | _SEEN

    def _take_namesake(self, group: Group) -> None:
        """Take a case whose name another case of the report has already: numbered, so that neither hides the other."""
        self._namesakes_waiting.append(group)
        if len(self._namesakes_waiting) >= _NUMBERED_TOGETHER:
            self._write_namesakes()

    def _write_namesakes(self) -> None:
        """Give each namesake that waits the next number that no case of the report has."""
        by_test: dict[int, list[Group]] = {}
        for group in self._namesakes_waiting:
            by_test.setdefault(group[0][0], []).append(group)
        self._namesakes += len(self._namesakes_waiting)
        self._namesakes_waiting.clear()
        self._fit(self._numbers)
        while by_test:
            names = [named for test_id, groups in by_test.items() for named in self._numbered(test_id, groups)]
            ids, _ = self._dimensions.test_cases(names)
            self._close_namesakes(by_test, zip(ids, names, strict=True))
            by_test = {test_id: groups for test_id, groups in by_test.items() if groups}

    def _numbered(self, test_id: int, groups: list[Group]) -> list[TestCase]:
        """As many of a test's next namesakes as wait."""
        case, last = groups[0][0][1], max(1, self._numbers[test_id])
        self._numbers[test_id] = last + len(groups)
        return [replace(case, name=f"{case.name}#{last + number}") for number in range(1, len(groups) + 1)]

    def _close_namesakes(self, by_test: dict[int, list[Group]], found: Iterator[tuple[int, TestCase]]) -> None:
        """Put each group under the next of its names that is free; groups that are left over stay in `by_test`."""
        for groups in by_test.values():
            waiting, taken = iter(groups), 0
            for test_id, named in islice(found, len(groups)):
                if test_id < len(self._codes) and self._codes[test_id]:
                    continue
                group = next(waiting)
                taken += 1
                self._close_group(
                    [(test_id, named, attempt, raw_name or case.name) for _, case, attempt, raw_name in group]
                )
            del groups[:taken]

    def _write_group(self, test_id: int, group: Group, ordinal: int) -> None:
        for _, _, attempt, raw_name in group:
            failure_id = NO_FAILURE
            if attempt.failure is not None:
                is_skip = attempt.outcome == Outcome.SKIPPED
                failure_id = self._failure(test_id, attempt.failure, is_skip=is_skip)
            outcome, started = attempt.outcome + 0, attempt.started_ms
            duration = NO_DURATION if attempt.duration_ms is None else attempt.duration_ms
            if started is None and not ordinal:
                self._rows.singles.append((test_id, outcome, duration, failure_id))
            else:
                offset = NO_OFFSET if started is None else self._offset_of(started, attempt.duration_ms or 0)
                self._rows.others.append((self._part_id, test_id, ordinal, outcome, duration, offset, failure_id))
            self._attempts += 1
            if raw_name is not None:
                self._names.append((self._part_id, test_id, ordinal, raw_name))
            if attempt.links:
                self._connection.executemany(
                    "INSERT INTO result_link VALUES (?, ?, ?, ?, ?, ?)",
                    [(self._part_id, test_id, ordinal, n, link.kind, link.url) for n, link in enumerate(attempt.links)],
                )
            ordinal += 1

    def _offset_of(self, started_ms: int, duration_ms: int) -> int:
        """Milliseconds from the part's start; the end of the attempt may be the part's."""
        self._ended_ms = max(started_ms + duration_ms, started_ms if self._ended_ms is None else self._ended_ms)
        return started_ms - self._started_ms

    def _failure(self, test_id: int, failure: Failure, *, is_skip: bool) -> int:
        failure_id, signature_id = self._dimensions.failure(failure, is_skip=is_skip)
        if signature_id is not None and not is_skip:
            self._signatures[signature_id, test_id] += 1
        return failure_id

    def _offset(self, attempt: CaseAttempt) -> int | None:
        return None if attempt.started_ms is None else attempt.started_ms - self._started_ms

    def _write_rows(self) -> None:
        self._rows.write()
        if self._names:
            self._connection.executemany("INSERT INTO result_name VALUES (?, ?, ?, ?)", self._names)
            self._names.clear()


def ascending(numbers: array[int]) -> array[int]:
    """Numbers in order, with little memory beside them: a list of a million integers would take forty times as much.

    >>> ascending(array("I", [3, 1, 2])).tolist()
    [1, 2, 3]
    """
    if len(numbers) <= _PIECE:
        return array("I", sorted(numbers))
    if all(before < after for before, after in pairwise(numbers)):
        return numbers
    pieces = [numbers[start : start + _PIECE] for start in range(0, len(numbers), _PIECE)]
    return array("I", merge(*(array("I", sorted(piece)) for piece in pieces)))
