"""Reports of xUnit.net become attempts. The fixtures are written by hand after its XML formats, version 2 and 3."""

from __future__ import annotations

from ingest.formats import xunit
from ingest.model import CaseAttempt, Failure, Link, Outcome
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

P, F, E, S = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED


def fixture(name: str) -> CollectingSink:
    """What a fixture holds."""
    return collect(xunit.read, (FIXTURES / "xunit" / name).read_bytes())


def named(sink: CollectingSink, name: str) -> CaseAttempt:
    """The only attempt of a test."""
    (case,) = [case for case in sink.cases if case.name == name]
    return case


def test_counts_by_hand() -> None:
    """3 passed, 3 red of which one by no assertion, 2 skipped; and 3 errors outside tests."""
    assert fixture("v2.xml").final_outcomes() == {"passed": 3, "failed": 2, "errored": 1 + 3, "skipped": 2}


def test_errors_outside_tests_are_cases() -> None:
    """Named after the class, or the file of the assembly, and what failed."""
    sink = fixture("v2.xml")
    assert [(case.classname, case.name, case.outcome) for case in sink.cases[:3]] == [
        ("Shop.Tests.BrokenCleanup", "(class-cleanup)", E),
        ("Shop.Tests.dll", "(assembly-cleanup)", E),
        ("Shop.Tests.dll", "(fatal)", E),
    ]
    assert sink.cases[0].failure == Failure(
        "System.InvalidOperationException", "the bucket is not empty", "at Shop.Tests.Bucket.Dispose()"
    )


def test_names_times_and_services() -> None:
    """The display name without its class; a decimal comma; traits."""
    sink = fixture("v2.xml")
    pays = named(sink, "Pays")
    assert (pays.classname, pays.duration_ms, pays.services) == ("Shop.Tests.CartTest", 1234, ("payments",))
    assert named(sink, 'Adds(a: 1, b: "x.y")').duration_ms == 10
    assert named(sink, "A display name. With a dot").classname == "Shop.Tests.Other"
    assert (sink.known.start_ms, sink.known.start_is_zoneless) == (1772438400000, True)


def test_failures() -> None:
    """An exception that is no assertion is errored; a failure without words keeps the end of its output."""
    sink = fixture("v2.xml")
    assert named(sink, "Loses").outcome == E
    assert named(sink, 'Adds(a: 2, b: "größer Ω")').outcome == F
    assert named(sink, "Fails without words").failure == Failure("", "", "last words")
    assert named(sink, "LeftOut").failure == Failure("", "not today", "")
    assert named(sink, "ByHand").outcome == S


def test_version_3() -> None:
    """Times with a zone, sources relative to the project, attachments; an assembly that hides its failures is red."""
    sink = fixture("v3.xml")
    pays = named(sink, "Pays")
    assert pays[3:8] == (1013, 1772434801000, None, "Shop.Tests/CartTest.cs", 0)
    assert pays.links == (Link("attachment", "log.txt"),)
    assert named(sink, "ByHand")[2:7] == (S, 0, None, None, None)
    assert (sink.cases[-1].classname, sink.cases[-1].name, sink.cases[-1].outcome) == (
        "Empty.Tests.dll",
        "(assembly)",
        E,
    )
    assert (sink.known.start_ms, sink.known.end_ms) == (1772434800123, 1772434809000)


def test_version_1_has_classes() -> None:
    """A failed class is a case."""
    text = (
        '<assembly name="/b/x.dll" run-date="2012-01-02" run-time="03:04:05"><class name="a.B">'
        '<failure exception-type="System.Exception"><message>fixture</message></failure>'
        '<test name="a.B.c" type="a.B" method="c" result="Pass" time="0.5"/></class></assembly>'
    )
    sink = collect(xunit.read, text)
    assert [(case.classname, case.name, case.outcome) for case in sink.cases] == [
        ("a.B", "(class)", E),
        ("a.B", "c", P),
    ]


def test_an_unknown_result_is_errored() -> None:
    """With a warning."""
    sink = collect(xunit.read, '<assembly><collection><test name="t" type="c" result="Odd"/></collection></assembly>')
    assert (sink.outcomes, len(sink.warnings)) == ("e", 1)
