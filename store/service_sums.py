"""Which services the cases of a part exercise, summed: once for all parts that hold the same set of cases."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Sequence

from ingest.model import Result
from store.case_sets import RETRIED, special_places
from store.connect import Connection

_PASSED, _FLAKY = int(Result.PASSED), int(Result.FLAKY)
_MOST_TESTS, _MOST_SETS = 60_000, 1024
_MANY = 100
_SPREAD = 8
"""Cases are read together where their ids lie close: fewer ids from the first to the last than so many a case."""


class ServiceSums:
    """What `exercised` says of cases."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._of_tests: dict[int, tuple[int, ...]] = {}
        self._of_sets: dict[int, dict[int | None, int]] = {}

    def forget(self) -> None:
        """Drop what is cached: after a rollback, or when another process has written."""
        self._of_tests.clear()
        self._of_sets.clear()

    def leave(self, test_id: int) -> None:
        """A test case exercises other services now."""
        self._of_tests.pop(test_id, None)
        self._of_sets.clear()

    def sums(
        self, tests: Sequence[int], codes: bytes, service_id: int | None, set_id: int | None = None
    ) -> dict[int, tuple[int, int, int]]:
        """service -> (executed, failed, flaky); a case that declares none counts for its pipeline's own.

        Args:
            set_id: of the cases, where they are one set.
        """
        executed = None if set_id is None else self._of_sets.get(set_id)
        if executed is None:
            executed = self._count(tests, codes)
            if set_id is not None:
                if len(self._of_sets) >= _MOST_SETS:
                    self._of_sets.clear()
                self._of_sets[set_id] = executed
        sums: dict[int, list[int]] = defaultdict(lambda: [0, 0, 0])
        for service, count in executed.items():
            if service is not None or service_id is not None:
                sums[service_id if service is None else service][0] += count  # type: ignore[index]
        own = () if service_id is None else (service_id,)
        for place in special_places(codes):
            result = codes[place] & ~RETRIED
            if result != _PASSED:
                for service in self._of(tests[place]) or own:
                    sums[service][2 if result == _FLAKY else 1] += 1
        return {service: (e[0], e[1], e[2]) for service, e in sums.items()}

    def _count(self, tests: Sequence[int], codes: bytes) -> dict[int | None, int]:
        """service -> executed cases that declare it; None -> those that declare none."""
        counts: dict[int | None, int] = defaultdict(int)
        count = len(tests)
        if count >= _MANY and tests[-1] - tests[0] < _SPREAD * count:
            place, last, undeclared = 0, -1, count - codes.count(Result.SKIPPED)
            rows = self._connection.execute(
                "SELECT test_id, service_id FROM exercised WHERE test_id BETWEEN ? AND ?", (tests[0], tests[-1])
            )
            for test_id, service in rows:
                place = bisect_left(tests, test_id, place)
                if tests[place] == test_id and codes[place] != Result.SKIPPED:
                    counts[service] += 1
                    undeclared -= test_id != last
                    last = test_id
            if undeclared:
                counts[None] = undeclared
            return counts
        for test_id, code in zip(tests, codes, strict=True):
            if code != Result.SKIPPED:
                for found in self._of(test_id) or (None,):
                    counts[found] += 1
        return counts

    def _of(self, test_id: int) -> tuple[int, ...]:
        """What a test case exercises."""
        found = self._of_tests.get(test_id)
        if found is None:
            rows = self._connection.execute("SELECT service_id FROM exercised WHERE test_id = ?", (test_id,))
            if len(self._of_tests) >= _MOST_TESTS:
                self._of_tests.clear()
            found = self._of_tests[test_id] = tuple(int(row[0]) for row in rows)
        return found
