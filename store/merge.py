"""Attempts of a test case in one run and stream, merged into its result. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from ingest.model import Outcome, Result

UNKNOWN_MS = -1
"""Milliseconds where no duration is known."""
_FAILED = (Outcome.FAILED, Outcome.ERRORED)
_MOST, _LONGEST = 255, 2**31 - 1


class Cell(NamedTuple):
    """A result with what its attempts took. Attempts are capped at 255, milliseconds at 24 days, or `UNKNOWN_MS`."""

    result: int
    attempts: int
    failed: int
    """Attempts that failed or errored."""
    total_ms: int
    """Of all attempts whose duration is known."""
    last_ms: int
    failed_ms: int
    """Of the failed ones; unknown where any of them is, 0 where none failed."""


def merge_cell(attempts: Sequence[tuple[int, int | None]]) -> Cell:
    """The result of attempts (outcome, duration in ms) in order, and what they took.

    >>> merge_cell([(Outcome.FAILED, 30), (Outcome.PASSED, 10)])
    Cell(result=<Result.FLAKY: 4>, attempts=2, failed=1, total_ms=40, last_ms=10, failed_ms=30)
    """
    known = [duration for _, duration in attempts if duration is not None]
    failed = [duration for outcome, duration in attempts if outcome in _FAILED]
    lost = [duration for duration in failed if duration is not None]
    last = attempts[-1][1]
    return Cell(
        merge_attempts([outcome for outcome, _ in attempts]),
        min(_MOST, len(attempts)),
        min(_MOST, len(failed)),
        min(sum(known), _LONGEST) if known else UNKNOWN_MS,
        UNKNOWN_MS if last is None else min(last, _LONGEST),
        UNKNOWN_MS if len(lost) < len(failed) else min(sum(lost), _LONGEST),
    )


def merge_attempts(outcomes: Sequence[int]) -> Result:
    """The result of attempts in order.

    Skipped attempts count only where nothing else happened. The last executed attempt decides; a pass after at least
    one failure is `flaky`.

    >>> merge_attempts([Outcome.FAILED, Outcome.PASSED]).name
    'FLAKY'
    """
    executed = [outcome for outcome in outcomes if outcome != Outcome.SKIPPED]
    if not executed:
        return Result.SKIPPED
    last = executed[-1]
    if last == Outcome.PASSED and len(executed) > 1 and any(outcome != Outcome.PASSED for outcome in executed):
        return Result.FLAKY
    return Result(last)


def is_retry_sequence(groups: Sequence[tuple[int, int | None, int | None]]) -> bool:
    """Whether occurrences of one name in one report are attempts of one case and not namesakes.

    Outcome shows it: all but the last failed and the last passed. Time shows it: all but the last failed and each began
    no earlier than the one before it ended.

    Args:
        groups: (result, start in ms or None, duration in ms or None) of each occurrence, in the report's order.
    """
    *earlier, last = groups
    if not earlier or any(not Result(result).is_red for result, _, _ in earlier):
        return False
    if Result(last[0]) in (Result.PASSED, Result.FLAKY):
        return True
    return last[0] != Result.SKIPPED and _follow_in_time(groups)


def _follow_in_time(groups: Sequence[tuple[int, int | None, int | None]]) -> bool:
    for (_, start, duration), (_, next_start, _) in pairwise(groups):
        if start is None or next_start is None or next_start <= start or next_start < start + (duration or 0):
            return False
    return True
