"""What a part is given to write: attempts, or columns of plain ones, with the rows of their test cases."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.model import CaseAttempt, Failure, Outcome, TestCase
from store.case_sets import RETRIED
from store.merge import merge_attempts

PlacedAttempt = tuple[int, TestCase, CaseAttempt, str | None]
"""(test row, its identity, the attempt with clean strings, the name as written where it differs from the identity)."""
Group = list[PlacedAttempt]
"""A first attempt and its marked retries."""


@dataclass(slots=True)
class PlacedCases:
    """Cases in the report's order with one attempt each, which has neither start nor links, as columns."""

    test_ids: list[int]
    outcomes: bytearray
    durations: list[int]
    """Milliseconds, or -1 where the report says none."""
    failures: dict[int, Failure]
    """Clean, by place in the columns."""
    raw_names: dict[int, str]
    """By place, names as written where they differ from the identity."""
    retry: int
    """Of every attempt, as in `CaseAttempt`; never positive."""
    cases: Sequence[TestCase]

    def attempt(self, at: int) -> PlacedAttempt:
        """One of them. Its names are those of its identity: whoever writes it has no use for others."""
        case, duration = self.cases[at], self.durations[at]
        attempt = CaseAttempt(
            case.classname,
            case.name,
            Outcome(self.outcomes[at]),
            None if duration < 0 else duration,
            failure=self.failures.get(at),
            retry=self.retry,
        )
        return self.test_ids[at], case, attempt, self.raw_names.get(at)


def as_reruns(groups: Sequence[Group]) -> Group:
    """Repetitions of one case as attempts: all but the last have failed, also those of which nothing was written."""
    *earlier, last = (placed for group in groups for placed in group)
    failed = [
        (
            test_id,
            case,
            attempt._replace(outcome=Outcome.FAILED) if attempt.outcome is Outcome.PASSED else attempt,
            name,
        )
        for test_id, case, attempt, name in earlier
    ]
    return [*failed, last]


def code_of(outcomes: Sequence[int]) -> int:
    """`Result` of a case's attempts in order, plus `RETRIED` where it was executed more than once."""
    executed = sum(outcome != Outcome.SKIPPED for outcome in outcomes)
    return int(merge_attempts(outcomes)) | (RETRIED if executed > 1 else 0)
