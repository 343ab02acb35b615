"""What a day of a stream sums to, counted from its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ingest.model import Outcome, Result
from store.merge import merge_attempts
from store.packed import CODE_BITS

RETRIED = 16
"""Bit beside a `Result`: the case had more than one attempt."""
CODE = (1 << CODE_BITS) - 1
RED = (Result.FAILED, Result.ERRORED)
DAY_ROWS = """
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
"""Parameters: stream, from and until in ms, of runs' starts."""


def pack_case(test_id: int, code: int) -> int:
    """A test and its `Result` (plus `RETRIED`) in one integer."""
    return test_id << CODE_BITS | code


def tally(cases: Iterable[int]) -> tuple[int, int, int, int, int]:
    """Packed cases by result: passed, failed, errored, skipped, flaky."""
    counts = [0, 0, 0, 0, 0]
    for case in cases:
        counts[case & CODE & ~RETRIED] += 1
    return (counts[0], counts[1], counts[2], counts[3], counts[4])


def merge_case(test_id: int, outcomes: Sequence[int]) -> int:
    """The packed case of a test's attempts in order."""
    executed = sum(outcome != Outcome.SKIPPED for outcome in outcomes)
    return pack_case(test_id, merge_attempts(outcomes) | (RETRIED if executed > 1 else 0))


class DayCount:
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
        cases = [merge_case(test, attempts) for test, attempts in outcomes.items()]
        self._totals[run_id] = (sum(len(o) for o in outcomes.values()), cases)
        if attempt != 1:
            return
        self.baseline_cases.append((cases, service_id))
        for case in cases:
            test_id, code = case >> CODE_BITS, case & CODE
            result = code & ~RETRIED
            if result == Result.SKIPPED:
                continue
            red = int(result in RED)
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

    def last_red(self) -> dict[int, int]:
        """Whether each test was red when it was executed last."""
        return {test_id: row[6] for test_id, row in self._days.items()}
