"""TRX files become attempts. The fixtures are written by hand after `vstst.xsd` and VSTest's logger."""

from __future__ import annotations

import pytest

from ingest.formats import trx
from ingest.model import Failure, Link, Outcome
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

P, F, E, S = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED


def fixture(name: str) -> CollectingSink:
    """What a fixture holds."""
    return collect(trx.read, (FIXTURES / "trx" / name).read_bytes())


def document(results: str, rest: str = "") -> str:
    """A file with these results."""
    return f"<TestRun><Results>{results}</Results>{rest}</TestRun>"


def test_counts_by_hand() -> None:
    """Data rows and ordered tests are counted by what is inside them."""
    assert fixture("mstest.trx").final_outcomes() == {"passed": 4, "failed": 4, "errored": 5, "skipped": 3}


@pytest.mark.parametrize(
    ("name", "outcome"),
    [("Refuses", F), ("Loses", F), ("Prepared", E), ("LeftOut", S), ("CannotTell", S), ("Hangs", E), ("Stopped", E),
     ("Broken", E), ("Warns", P)],
)  # fmt: skip
def test_outcomes(name: str, outcome: Outcome) -> None:
    """A set-up, a time limit and an aborted test are errored; inconclusive is skipped; a warning is passed."""
    (case,) = [case for case in fixture("mstest.trx").cases if case.name == name]
    assert (case.classname, case.outcome) == ("Shop.Tests.CartTest", outcome)


def test_one_result() -> None:
    """Class from the definition behind the results, without its assembly; times in milliseconds; files and services."""
    sink = fixture("mstest.trx")
    assert sink.cases[0] == (
        "Shop.Tests.CartTest", "Pays", P, 1230, 1772434802000, None, None, 0, ("payments",), (),
    )  # fmt: skip
    assert sink.cases[1].links == (Link("attachment", "BUILD01\\shot.png"),)
    assert sink.cases[1].failure == Failure(
        "",
        "Assert.AreEqual failed. Expected:<1>. Actual:<2>. größer Ω",
        "at Shop.Tests.CartTest.Refuses() in C:\\ci\\Shop.Tests\\CartTest.cs:line 17",
    )
    loses = sink.cases[2].failure
    assert loses is not None
    assert loses.type == "System.InvalidOperationException"
    assert sink.cases[4].failure == Failure("", "not today", "")
    assert sink.cases[6].duration_ms == (24 * 3600 + 30) * 1000
    assert (sink.known.start_ms, sink.known.start_is_zoneless, sink.known.end_ms) == (
        1772434801500,
        False,
        1772434860000,
    )


def test_inner_results_stand_for_the_outer_one() -> None:
    """Only one that is red while nothing inside it is stays, as a failed class set-up does."""
    names = [(case.classname, case.name) for case in fixture("mstest.trx").cases[10:]]
    assert names == [
        ("Shop.Tests.SumTest", "Adds (1,1)"), ("Shop.Tests.SumTest", "Adds (1,Ω)"),
        ("Shop.Tests.LoadTest", "Loads (a)"), ("Shop.Tests.LoadTest", "Loads"),
        ("Shop.Tests.CartTest", "Pays"), ("Shop.Tests.Other", 'Unknown(a: "x.y")'),
    ]  # fmt: skip


def test_a_crashed_run_is_red() -> None:
    """Though no test is in it; what xUnit.net's adapter says of a test is no error of the run."""
    (case,) = fixture("crashed.trx").cases
    assert (case.classname, case.name, case.outcome) == ("TestRun", "(run)", E)
    assert case.failure is not None
    assert case.failure.message.endswith("Test host process crashed : Stack overflow.")
    assert "[FAIL]" not in case.failure.text


def test_a_failed_run_without_a_red_test_is_red() -> None:
    """Coverage or a collector broke it."""
    summary = '<ResultSummary outcome="Failed"/>'
    assert collect(trx.read, document('<UnitTestResult testName="t" outcome="Passed"/>', summary)).outcomes == "pe"
    assert collect(trx.read, document('<UnitTestResult testName="t" outcome="Failed"/>', summary)).outcomes == "f"
    assert collect(trx.read, document("", '<ResultSummary outcome="Completed"/>')).outcomes == ""


def test_without_an_outcome_a_result_is_errored() -> None:
    """With a warning: no writer leaves a pass out."""
    sink = collect(trx.read, document('<UnitTestResult testName="a.B.c"/>'))
    assert [(case.classname, case.name, case.outcome) for case in sink.cases] == [("a.B", "c", E)]
    assert len(sink.warnings) == 1


def test_more_results_than_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """Their classes come from their names, with a warning."""
    monkeypatch.setattr(trx, "MOST_HELD", 2)
    results = "".join(f'<UnitTestResult testId="i" testName="a.B.t{n}" outcome="Passed"/>' for n in range(5))
    definition = '<TestDefinitions><UnitTest id="i"><TestMethod className="a.B"/></UnitTest></TestDefinitions>'
    sink = collect(trx.read, document(results, definition))
    assert [(case.classname, case.name) for case in sink.cases] == [("a.B", f"t{n}") for n in range(5)]
    assert any("more than 2 results" in warning for warning in sink.warnings)
