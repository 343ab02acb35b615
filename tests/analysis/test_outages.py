"""Outages: many failures at once that nobody's own rate explains, between two successes in time."""

from __future__ import annotations

from dataclasses import replace
from random import Random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.exposure import find_scopes
from analysis.outages import closed_cells, failed_together, find_outages, may_hold_outage, mostly_red, rolled_back
from analysis.records import ChangeFeed, FailureSample, ServiceGraph, StreamHistory
from ingest.model import ChangeKind, RunState, TestCase
from tests.analysis.builders import column, deploy, feed, history, run


def _lines(count: int, line: str) -> dict[str, str]:
    return {f"t{i:02d}": line for i in range(count)}


def test_a_run_that_all_fail_and_recover_from_is_an_outage() -> None:
    """Ten of ten fail in one run and pass in the next."""
    report = find_outages([history(_lines(10, "." * 20 + "F" + "...."))])
    (outage,) = report.outages
    assert (outage.start.run_id, outage.end and outage.end.run_id, outage.service) == ("20", "20", "")
    assert (outage.failed.k, outage.failed.n, len(outage.tests)) == (10, 10, 10)
    assert np.flatnonzero(report.runs(0)).tolist() == [20]


def test_two_runs_are_one_outage() -> None:
    """Both are masked."""
    report = find_outages([history(_lines(10, "." * 20 + "FF" + "..."))])
    assert [(o.start.run_id, o.end and o.end.run_id) for o in report.outages] == [("20", "21")]


def test_an_outage_of_one_service_masks_its_tests_only() -> None:
    """Eight tests touch the queue and fail once; twenty others pass."""
    rows = [(column(f"q{i}", "queue"), "." * 20 + "F...") for i in range(8)]
    rows += [(column(f"o{i:02d}", "web"), "." * 24) for i in range(20)]
    stream = history(rows)
    (outage,) = find_outages([stream]).outages
    assert (outage.service, outage.failed.k) == ("queue", 8)
    masked = closed_cells(stream)
    assert masked[20, :8].all()
    assert masked.sum() == 8


def test_a_break_that_stays_is_no_closed_outage() -> None:
    """Nothing recovers: nothing is masked."""
    report = find_outages([history(_lines(10, "." * 20 + "FFFF"))])
    assert not report.closed[0].any()
    assert all(outage.end is None for outage in report.outages)


def test_an_outage_in_the_last_run_is_open() -> None:
    """It competes with the changes, and masks nothing."""
    report = find_outages([history(_lines(10, "." * 20 + "F"))])
    assert [outage.end for outage in report.outages] == [None]
    assert not report.cells[0].any()


def test_two_failures_are_none() -> None:
    """Fewer than three are ordinary flakes."""
    rows = _lines(2, "." * 20 + "F...") | {f"o{i}": "." * 24 for i in range(10)}
    assert find_outages([history(rows)]).outages == ()


def test_known_flakes_failing_together_are_none() -> None:
    """Three tests that fail half of the time anyway."""
    assert find_outages([history(_lines(3, "F.F.F.F.F.F.F.F.F.F."))]).outages == ()


def test_mostly_red_complete_run_is_left_out_of_rates_only() -> None:
    """More than 80 % of at least 20 executed; it stays in for suspects."""
    stream = history(_lines(20, "....F"))
    report = find_outages([stream])
    assert mostly_red(stream).tolist() == [False] * 4 + [True]
    assert report.cells[0][4].all()
    assert not report.closed[0].any()


def test_incomplete_or_small_run_is_not_mostly_red() -> None:
    """Half a run says nothing about the whole."""
    states = [RunState.COMPLETE] * 4 + [RunState.INCOMPLETE]
    assert not mostly_red(history(_lines(20, "....F"), states=states)).any()
    assert not mostly_red(history(_lines(19, "....F"))).any()


def test_messages_are_evidence() -> None:
    """How many of them speak of the network."""
    stream = history(_lines(10, "." * 20 + "F..."))
    samples = [
        FailureSample(stream.tests[i].case.test_id, run(20), "E", "Connection refused: /10.0.0.1:80", "", "")
        for i in range(4)
    ]
    (outage,) = find_outages([stream], samples).outages
    assert outage.evidence[-1].text == "4 of 4 messages speak of the network or a timeout"


def test_nothing_to_look_at() -> None:
    """No run, no test case, no failure."""
    for stream in (history({}), history({"t": "   "}), history({"t": "..."})):
        assert find_outages([stream]).outages == ()


@given(st.lists(st.text(alphabet=".F~S ", min_size=6, max_size=30), min_size=1, max_size=8))
def test_only_failures_near_a_recovery_are_masked(found: list[str]) -> None:
    """A masked run is never the last; masks have the history's shape."""
    stream = history({str(i): line for i, line in enumerate(found)})
    masked = closed_cells(stream)
    assert masked.shape == stream.results.shape
    assert not masked[-1].any()


@given(
    st.lists(st.text(alphabet="....F~SR ", min_size=9, max_size=9), min_size=4, max_size=12),
    st.integers(1, 40),
)
def test_it_does_not_matter_how_many_results_are_weighed_at_once(found: list[str], cells: int) -> None:
    """Very many test cases are looked at some at a time: the same outages, and the same ratio but for rounding."""
    seen = history({f"t{number}": line[:4] + "F" + line[4:] for number, line in enumerate(found)})
    whole = find_outages([seen])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("analysis.outages._MOST_CELLS", cells)
        pieces = find_outages([seen])
    assert np.array_equal(pieces.closed[0], whole.closed[0])
    assert [one.tests for one in pieces.outages] == [one.tests for one in whole.outages]
    ratios = [[one.log_likelihood_ratio for one in report.outages] for report in (pieces, whole)]
    assert ratios[0] == pytest.approx(ratios[1])


@given(st.lists(st.text(alphabet="....F~SR ", min_size=9, max_size=9), min_size=3, max_size=12), st.randoms())
def test_what_holds_no_outage_is_told_in_any_order_and_without_names(found: list[str], shuffled: Random) -> None:
    """Where an outage is found, one may be there: also when the test cases stand in another order, and nameless."""
    seen = history({f"t{number}": line for number, line in enumerate(found)})
    order = list(range(len(found)))
    shuffled.shuffle(order)
    nameless = replace(
        seen,
        tests=tuple(replace(seen.tests[t], case=TestCase("", "", "")) for t in order),
        results=seen.results[:, order],
        failed_attempts=seen.failed_attempts[:, order],
        attempts=seen.attempts[:, order],
    )
    assert may_hold_outage(nameless) or not find_outages([seen]).outages


def test_what_passes_holds_no_outage() -> None:
    """Names need not be loaded of what only flakes; where all fail at once and recover, they must be."""
    assert not may_hold_outage(history(_lines(10, "." * 20)))
    assert not may_hold_outage(history(_lines(3, "F.F.F.F.F.F.F.F.F.F.")))
    assert may_hold_outage(history(_lines(10, "." * 20 + "F" + "....")))


def _checkout(line: str, others: str) -> StreamHistory:
    """Eight tests that touch the queue, twenty that do not."""
    rows = [(column(f"q{i}", "queue"), line) for i in range(8)]
    return history(rows + [(column(f"o{i:02d}", "web"), others) for i in range(20)])


def test_a_rolled_back_regression_is_no_outage() -> None:
    """Red from the deploy to the rollback, and only what touches the service: it counts in the rates."""
    stream = _checkout("." * 20 + "FF...", "." * 25)
    changes = feed(deploy("queue", 19.5, "v2"), deploy("queue", 21.5, "v1", kind=ChangeKind.ROLLBACK))
    assert closed_cells(stream)[20:22, :8].all()
    assert not closed_cells(stream, changes).any()
    assert find_outages([stream], feed=changes).outages == ()


def test_a_repaired_regression_is_no_outage() -> None:
    """The same with a next version in place of the rollback, where most that touches the service had failed."""
    changes = feed(deploy("queue", 19.5, "v2"), deploy("queue", 20.5, "v3"))
    everything = np.ones(28, dtype=np.bool_)
    assert rolled_back(_checkout("." * 20 + "F...", "." * 24), 20, 20, everything, changes) == "queue"


def test_flakes_of_other_tests_do_not_make_a_regression_an_outage() -> None:
    """Over seven runs something else always flakes: failures are weighed, not test cases."""
    rows = [(column(f"q{i}", "queue"), "." * 20 + "F" * 7 + "...") for i in range(8)]
    rows += [(column(f"o{i:02d}", "web"), "." * (20 + i) + "F" + "." * (9 - i)) for i in range(5)]
    rows += [(column(f"p{i:02d}", "web"), "." * 30) for i in range(15)]
    changes = feed(deploy("queue", 19.5, "v2"), deploy("queue", 26.5, "v1", kind=ChangeKind.ROLLBACK))
    assert closed_cells(history(rows))[22, :8].all()
    assert not closed_cells(history(rows), changes)[:, :8].any()


@pytest.mark.parametrize(
    "changes",
    [
        feed(deploy("queue", 19.5, "v2")),
        feed(deploy("queue", 20.5, "v1", kind=ChangeKind.ROLLBACK)),
        feed(deploy("queue", 19.5, "v2"), deploy("web", 20.5, "v1", kind=ChangeKind.ROLLBACK)),
        feed(deploy("queue", 15.5, "v2"), deploy("queue", 20.5, "v1", kind=ChangeKind.ROLLBACK)),
    ],
)
def test_an_outage_needs_both_ends_to_be_explained(changes: ChangeFeed) -> None:
    """One end alone, two services, or a deploy that was long in place: still an outage."""
    assert closed_cells(_checkout("." * 20 + "F...", "." * 24), changes).any()


def test_an_outage_of_everything_is_no_regression_of_one_service() -> None:
    """The deploys of one service at both ends do not explain what failed without it."""
    changes = feed(deploy("queue", 19.5, "v2"), deploy("queue", 20.5, "v1", kind=ChangeKind.ROLLBACK))
    stream = _checkout("." * 20 + "F...", "." * 20 + "F...")
    assert closed_cells(stream, changes)[20].all()


def test_who_failed_in_an_outage_of_a_service_is_known_to_feel_it() -> None:
    """Also a test case that does not list it; not one that fails often anyway, nor in an outage that comes later."""
    rows = [(column(f"pay{i}", "web", "pay"), "." * 20 + "F" + "." * 9) for i in range(8)]
    rows += [(column(f"other{i}", "web", "search"), "." * 30) for i in range(20)]
    rows += [(column("hidden", "web"), "." * 20 + "F" + "." * 9), (column("shaky", "web"), "F.." * 6 + "..F" + "." * 9)]
    stream = history(rows)
    scopes = find_scopes(stream.tests, (), (), ServiceGraph({"web": ("pay", "search")}, {}))
    (felt,) = failed_together(stream, 25, scopes).values()
    assert rows[28][0].case.test_id in felt
    assert rows[29][0].case.test_id not in felt
    assert failed_together(stream, 20, scopes) == {}


def test_an_outage_is_not_taken_for_one_of_a_neighbour_that_all_lists_know() -> None:
    """A third of those that failed do not list pay. Basket is listed by all of them, but also by as many that passed:
    whoever counts members alone takes it for the one that was down."""
    down, fine = "." * 20 + "F" + "." * 9, "." * 30
    rows = [(column(f"pay{i}", "web", "basket", "pay"), down) for i in range(8)]
    rows += [(column(f"hidden{i}", "web", "basket"), down) for i in range(4)]
    rows += [(column(f"basket{i}", "web", "basket"), fine) for i in range(6)]
    rows += [(column(f"other{i}", "web", "search"), fine) for i in range(20)]
    stream = history(rows)
    calls = ServiceGraph({"web": ("basket", "search"), "basket": ("pay",)}, {})
    scopes = find_scopes(stream.tests, (), (), calls)
    assert {o.service for o in find_outages([stream]).outages} == {"basket"}
    assert set(failed_together(stream, 25, scopes)) == {"pay"}
    assert {case.case.test_id for case, _ in rows[:12]} == failed_together(stream, 25, scopes)["pay"]


def test_nothing_is_learned_from_an_outage_that_may_have_been_of_several_services() -> None:
    """Pay and vault are listed by the same test cases: either may have been down."""
    down = "." * 20 + "F" + "." * 9
    rows = [(column(f"pay{i}", "web", "pay", "vault", "ledger"), down) for i in range(8)]
    rows += [(column(f"other{i}", "web", "search"), "." * 30) for i in range(20)]
    rows += [(column("hidden", "web"), down)]
    stream = history(rows)
    scopes = find_scopes(stream.tests, (), (), ServiceGraph({"web": ("pay", "search", "vault", "ledger")}, {}))
    assert failed_together(stream, 25, scopes) == {}
