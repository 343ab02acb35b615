"""What a day of a stream sums to, counted from its rows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from ingest.model import Outcome, Result
from store.case_sets import RETRIED, tally
from store.merge import merge_attempts

RED = (Result.FAILED, Result.ERRORED)
DAY_ROWS = """
SELECT r.run_id, r.attempt, r.service_id, s.test_id, s.outcome, f.signature_id, p.part_id
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


def code_of(outcomes: Sequence[int]) -> int:
    """The code of a case's attempts in order: a `Result`, and `RETRIED` where it was executed more than once."""
    executed = sum(outcome != Outcome.SKIPPED for outcome in outcomes)
    return int(merge_attempts(outcomes)) | (RETRIED if executed > 1 else 0)


class DayCount:
    """A stream's day, counted from its rows."""

    def __init__(self, stream_id: int, day: int) -> None:
        self._stream_id, self._day = stream_id, day
        self._totals: dict[int, tuple[int, bytes]] = {}
        self._days: dict[int, list[int]] = {}
        self.baseline_cases: list[tuple[list[int], bytes, int | None]] = []
        """(tests, ascending; their codes; service whose pipeline it is) of every first run attempt."""
        self.signatures: dict[tuple[int, int], int] = defaultdict(int)

    def take(self, rows: Iterable[tuple[int, int, int | None, int, int, int | None, int]]) -> None:
        """Rows by run in time, then test, then attempt."""
        run: tuple[int, int, int | None] | None = None
        outcomes: dict[int, list[int]] = {}
        parts: dict[int, int] = {}
        others: dict[int, set[int]] = {}
        for run_id, attempt, service_id, test_id, outcome, signature_id, part_id in rows:
            if run is None or run[0] != run_id:
                if run is not None:
                    self._close_run(run, outcomes, others)
                run, outcomes, parts, others = (run_id, attempt, service_id), {}, {}, {}
            outcomes.setdefault(test_id, []).append(outcome)
            if outcome != Outcome.SKIPPED and parts.setdefault(test_id, part_id) != part_id:
                others.setdefault(test_id, set()).add(part_id)
            if signature_id is not None and attempt == 1:
                self.signatures[signature_id, test_id] += 1
        if run is not None:
            self._close_run(run, outcomes, others)

    def _close_run(
        self, run: tuple[int, int, int | None], outcomes: dict[int, list[int]], others: dict[int, set[int]]
    ) -> None:
        run_id, attempt, service_id = run
        tests, codes = list(outcomes), bytes(map(code_of, outcomes.values()))
        self._totals[run_id] = (sum(len(o) for o in outcomes.values()), codes)
        if attempt != 1:
            return
        self.baseline_cases.append((tests, codes, service_id))
        for test_id, code in zip(tests, codes, strict=True):
            result = code & ~RETRIED
            if result == Result.SKIPPED:
                continue
            red = int(result in RED)
            row = self._days.setdefault(test_id, [0, 0, 0, 0, 0, red, red])
            row[0] += len(others.get(test_id, ()))
            row[1] += red
            row[2] += result == Result.FLAKY
            row[3] += code >= RETRIED
            row[4] += row[6] != red
            row[6] = red

    def run_totals(self) -> list[tuple[int, ...]]:
        """(run, stream, attempts, passed, failed, errored, skipped, flaky) of every run."""
        return [
            (run_id, self._stream_id, attempts, *tally(codes)) for run_id, (attempts, codes) in self._totals.items()
        ]

    def special_days(self) -> list[tuple[int, ...]]:
        """Rows of `special_day`, in key order."""
        return [
            (self._stream_id, self._day, test_id, *row)
            for test_id, row in sorted(self._days.items())
            if row[0] or row[1] or row[2] or row[3]
        ]

    def last_red(self) -> dict[int, int]:
        """Whether each test was red when it was executed last."""
        return {test_id: row[6] for test_id, row in self._days.items()}
