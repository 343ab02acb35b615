"""How a named business journey is.

A journey is as bad as its worst test case: `broken` when one is red by anything but a flake or an outage, `outage` when
the environment explains what is red, `unclear` when what is red cannot be told apart or may be a flake, `healthy` when
its cases ran and none is red now, `silent` when none of them ran in the window, `empty` when no case fits its patterns.
Ours.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum

from ingest.model import Verdict


class FlowState(StrEnum):
    """How a journey is, worst first."""

    BROKEN = "broken"
    OUTAGE = "outage"
    UNCLEAR = "unclear"
    SILENT = "silent"
    EMPTY = "empty"
    HEALTHY = "healthy"


_BY_VERDICT = {
    Verdict.REGRESSION: FlowState.BROKEN,
    Verdict.UNRECORDED: FlowState.BROKEN,
    Verdict.TEST: FlowState.BROKEN,
    Verdict.ENVIRONMENT: FlowState.OUTAGE,
}


def state_of_flow(tests: int, executed: int, verdicts: Iterable[Verdict]) -> FlowState:
    """How a journey is.

    Args:
        tests: test cases that fit its patterns.
        executed: results of them in the window, skipped ones not counted.
        verdicts: of those that are red now.

    >>> state_of_flow(3, 40, [Verdict.FLAKY, Verdict.ENVIRONMENT]), state_of_flow(3, 40, []), state_of_flow(0, 0, [])
    (<FlowState.OUTAGE: 'outage'>, <FlowState.HEALTHY: 'healthy'>, <FlowState.EMPTY: 'empty'>)
    """
    found = {_BY_VERDICT.get(verdict, FlowState.UNCLEAR) for verdict in verdicts}
    for state in FlowState:
        if state in found:
            return state
    if not tests:
        return FlowState.EMPTY
    return FlowState.HEALTHY if executed else FlowState.SILENT
