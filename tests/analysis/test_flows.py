"""How a journey is, from what is red in it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.flows import FlowState, state_of_flow
from ingest.model import Verdict


@pytest.mark.parametrize(
    ("tests", "executed", "verdicts", "state"),
    [
        (0, 0, [], FlowState.EMPTY),
        (3, 0, [], FlowState.SILENT),
        (3, 9, [], FlowState.HEALTHY),
        (3, 9, [Verdict.FLAKY], FlowState.UNCLEAR),
        (3, 9, [Verdict.UNDECIDED, Verdict.ENVIRONMENT], FlowState.OUTAGE),
        (3, 9, [Verdict.ENVIRONMENT, Verdict.UNRECORDED], FlowState.BROKEN),
        (3, 9, [Verdict.TEST], FlowState.BROKEN),
    ],
)
def test_state(tests: int, executed: int, verdicts: list[Verdict], state: FlowState) -> None:
    """The worst that is red decides; without red, whether anything ran."""
    assert state_of_flow(tests, executed, verdicts) is state


@given(st.lists(st.sampled_from(Verdict)), st.sampled_from(Verdict))
def test_one_more_red_case_never_makes_it_better(verdicts: list[Verdict], more: Verdict) -> None:
    """States are ordered worst first."""
    order = list(FlowState)
    assert order.index(state_of_flow(9, 9, [*verdicts, more])) <= order.index(state_of_flow(9, 9, verdicts))
