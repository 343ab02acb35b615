"""Reports of NUnit 2.6.4, and of NUnit 3 written by hand after its schema, become attempts."""

from __future__ import annotations

from ingest.formats import nunit2, nunit3
from ingest.model import CaseAttempt, Failure, Link, Outcome
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

P, F, E, S = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED


def second() -> CollectingSink:
    """What the report of NUnit 2 holds."""
    return collect(nunit2.read, (FIXTURES / "nunit2" / "result.xml").read_bytes())


def third() -> CollectingSink:
    """What the report of NUnit 3 holds."""
    return collect(nunit3.read, (FIXTURES / "nunit3" / "results.xml").read_bytes())


def named(sink: CollectingSink, name: str) -> CaseAttempt:
    """The only attempt of a test."""
    (case,) = [case for case in sink.cases if case.name == name]
    return case


def test_nunit_2_counts_by_hand() -> None:
    """NUnit says 16 run, 2 errors, 5 failures, 1 inconclusive, 4 not run; and a tear-down that it counts nowhere."""
    counted = second().final_outcomes()
    assert counted["passed"] == 16 - 2 - 5 - 1
    assert counted["failed"] + counted["errored"] == 2 + 5 + 1
    assert counted["skipped"] == 1 + 4


def test_nunit_2_fixtures_that_break() -> None:
    """The tear-down is a case, though the report gives no reason; a set-up is in its tests, with its reason."""
    sink = second()
    broken = named(sink, "(TearDown)")
    assert (broken.classname, broken.outcome) == ("Wolf.BrokenTearDown", E)
    reads = named(sink, "Reads")
    assert reads.outcome == E
    assert reads.failure is not None
    assert reads.failure.type == "System.InvalidOperationException"
    assert reads.failure.message.startswith("TestFixtureSetUp failed in BrokenSetUp: SetUp : System.Invalid")
    assert "Wolf.BrokenSetUp.Connects" in reads.failure.text
    assert named(sink, "Never").outcome == named(sink, "Hangs").outcome == named(sink, "Loses").outcome == E


def test_nunit_2_names() -> None:
    """Dots in parameters, in arguments of fixtures and in free names part nothing."""
    names = {(case.classname, case.name) for case in second().cases}
    assert {("Wolf.Checkout", 'Charges(1,"EUR")'), ("Wolf.Checkout", "Says. a lot. of things"),
            ("Wolf.Generic(\"a\")", "Runs"), ("Wolf.Generic(\"b.c\")", "Runs")} <= names  # fmt: skip
    assert named(second(), "Pays").services == ("payments",)
    assert named(second(), "IsLeftOut").failure == Failure("", "not today", "")


def test_nunit_2_before_results_were_written() -> None:
    """`executed` and `success`; the suites around a fixture tell nothing of their own."""
    text = (
        "<test-results date='2007-07-27' time='11:18:43'><test-suite name='/b/T.dll' success='False'><results>"
        "<test-suite name='U' success='False'><results><test-suite name='U.C' success='True'><results>"
        "<test-case name='U.C.a' executed='True' success='True' time='0.1'/>"
        "<test-case name='U.C.b' executed='False'/></results></test-suite></results></test-suite></results>"
        "</test-suite></test-results>"
    )
    sink = collect(nunit2.read, text)
    assert [(case.classname, case.name, case.outcome) for case in sink.cases] == [("U.C", "a", P), ("U.C", "b", S)]
    assert (sink.known.start_is_zoneless, sink.known.start_is_estimated) == (True, True)


def test_nunit_3_counts_by_hand() -> None:
    """6 red tests but one is an assertion's; a tear-down and a missing assembly besides."""
    assert third().final_outcomes() == {"passed": 6, "failed": 1, "errored": 4 + 2, "skipped": 3}


def test_nunit_3_outcomes() -> None:
    """Labels and sites tell errors from failures; a warning is passed, inconclusive skipped."""
    outcomes = {case.name: case.outcome for case in third().cases}
    assert outcomes["Refuses"] == F
    assert outcomes["Loses"] == outcomes["TidiesUp"] == outcomes["Cancelled"] == outcomes["Never"] == E
    assert outcomes["LeftOut"] == outcomes["ByHand"] == outcomes["CannotTell"] == S
    assert outcomes["Warns"] == P


def test_nunit_3_suites_that_break() -> None:
    """A tear-down and an assembly that cannot be loaded are cases; a set-up's trace goes to its tests."""
    sink = third()
    assert [(case.classname, case.name) for case in sink.cases if case.name.startswith("(")] == [
        ("Shop.BrokenTearDown", "(OneTimeTearDown)"), ("Missing.dll", "(suite)"),
    ]  # fmt: skip
    assert named(sink, "(suite)").failure == Failure("", r"File not found: C:\ci\bin\Missing.dll", "")
    never = named(sink, "Never").failure
    assert never == Failure(
        "System.Exception", "OneTimeSetUp : System.Exception : no fixture", "at Shop.BrokenSetUp.Init()"
    )


def test_nunit_3_names_services_links_identity() -> None:
    """Arguments of a fixture are part of its class; parameters of the run are its identity."""
    sink = third()
    assert named(sink, "Opens").classname == 'Shop.Box("a")'
    assert named(sink, "Says this. And that").classname == "Shop.Cart"
    pays = named(sink, "Pays")
    assert (pays.duration_ms, pays.started_ms, pays.services) == (1230, 1772438401000, ("payments",))
    assert pays.links == (Link("attachment", r"C:\ci\shot.png"),)
    assert (sink.known.run_id, sink.known.environment, sink.known.variant) == (
        "4711", "staging", (("browser", "firefox"),),
    )  # fmt: skip
    assert (sink.known.start_ms, sink.known.end_ms, sink.known.start_is_zoneless) == (
        1772438400000,
        1772438409000,
        False,
    )


def test_a_failed_run_without_tests_is_red() -> None:
    """Never a silent zero."""
    (case,) = collect(nunit3.read, '<test-run result="Failed" name="x"/>').cases
    assert (case.classname, case.name, case.outcome) == ("x", "(run)", E)
    assert collect(nunit3.read, '<test-run result="Passed"/>').cases == []


def test_results_with_their_label_in_them() -> None:
    """`Failed(Child)` of Unity, `Failed:Error` of others; an unknown one is errored, with a warning."""
    results = ("Failed(Error)", "Skipped:Ignored", "Passed", "Odd", "")
    tests = "".join(f'<test-case name="t" result="{result}"/>' for result in results)
    sink = collect(nunit3.read, f'<test-run><test-suite name="s">{tests}</test-suite></test-run>')
    assert (sink.outcomes, len(sink.warnings)) == ("espee", 1)
