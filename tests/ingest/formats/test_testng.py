"""testng-results.xml of TestNG 6.9.12, and one written by hand after TestNG 7, become attempts."""

from __future__ import annotations

import pytest

from ingest.formats import testng
from ingest.model import CaseAttempt, Failure, Outcome
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

P, F, E, S = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED, Outcome.SKIPPED


def fixture(name: str) -> CollectingSink:
    """What a fixture holds."""
    return collect(testng.read, (FIXTURES / "testng" / name).read_bytes())


def attempts(sink: CollectingSink, name: str) -> list[CaseAttempt]:
    """The attempts of a test."""
    return [case for case in sink.cases if case.name == name]


def document(methods: str, root: str = "", test: str = "staging") -> str:
    """A report of one class."""
    return (
        f'<testng-results {root}><suite name="S"><test name="{test}"><class name="a.B">{methods}</class></test></suite>'
        "</testng-results>"
    )


def test_counts_by_hand() -> None:
    """12 passed and one within its percentage; 5 failed, of which two by no assertion; 2 broken configurations.

    TestNG counts 7 skipped ones: four of them were failed attempts of `wobbles` and `staysRed`.
    """
    counted = fixture("results.xml").final_outcomes()
    assert counted == {"passed": 13, "failed": 3, "errored": 2 + 2, "skipped": 3}


def test_older_retries_are_skipped_ones_with_an_exception() -> None:
    """Whatever their order in the file; the one that counts stands last."""
    sink = fixture("results.xml")
    assert [(one.retry, one.outcome) for one in attempts(sink, "wobbles")] == [(0, F), (1, F), (2, P)]
    assert [(one.retry, one.outcome) for one in attempts(sink, "staysRed")] == [(0, F), (1, F), (2, F)]
    first = attempts(sink, "wobbles")[0].failure
    assert first is not None
    assert first.message == "try 1 expected [true] but found [false]"


def test_invocations_are_no_retries() -> None:
    """An invocation count and a data provider give tests of their own."""
    sink = fixture("results.xml")
    assert [one.retry for one in attempts(sink, "repeats")] == [0, 0, 0]
    assert {one.name for one in sink.cases if one.name.startswith("charges")} == {
        "charges(1, EUR)", "charges(2, Grüße Ω)", "charges(3, null)",
    }  # fmt: skip
    assert {one.name for one in sink.cases if one.classname == "wolf.FactoryTest"} == {"mounts @vmfs", "mounts @nfs"}


def test_a_broken_configuration_is_a_case() -> None:
    """Named after class and method; the tests that it skipped stay skipped."""
    sink = fixture("results.xml")
    (broken,) = attempts(sink, "(connects)")
    assert (broken.classname, broken.outcome) == ("wolf.BrokenSetupTest", E)
    assert broken.failure is not None
    assert broken.failure[:2] == ("java.lang.IllegalStateException", "the database is away")
    assert [one.outcome for one in attempts(sink, "reads")] == [S]
    assert [one.outcome for one in attempts(sink, "(empties)")] == [E]
    assert not attempts(sink, "(closes)")


def test_skipped_tests_say_why() -> None:
    """Without what differs in every run."""
    sink = fixture("results.xml")
    assert attempts(sink, "isLeftOut")[0].failure == Failure("org.testng.SkipException", "not today", "")
    depends = attempts(sink, "depends")[0].failure
    assert depends is not None
    assert "instance:wolf.CheckoutTest]" in depends.message


def test_marked_retries_and_two_tests_with_one_class() -> None:
    """Attempts by time; a class in two `<test>`s is two, because those are variants; groups name services."""
    sink = fixture("retried.xml")
    assert [(one.classname, one.name, one.retry, one.outcome) for one in sink.cases] == [
        ("wolf.CartTest [chrome]", "pays(1)", 0, F),
        ("wolf.CartTest [chrome]", "pays(1)", 1, E),
        ("wolf.CartTest [chrome]", "pays(1)", 2, P),
        ("wolf.CartTest [chrome]", "pays(wolf.Cart)", 0, P),
        ("wolf.CartTest [chrome]", "loses", 0, S),
        ("wolf.CartTest [firefox]", "loses", 0, F),
        ("wolf.CartTest [firefox]", "loses", 1, P),
    ]
    assert sink.cases[0].services == ("payments",)
    assert (sink.cases[0].duration_ms, sink.cases[0].started_ms) == (12, 1772438401000)
    assert (sink.known.start_ms, sink.known.start_is_zoneless) == (1772438400000, True)
    assert sink.warnings == []


def test_a_skipped_and_a_passed_invocation_are_no_retry_where_retries_are_marked() -> None:
    """TestNG 7 states a number of retries in the root element."""
    methods = (
        '<test-method name="t" status="SKIP"><exception class="java.lang.Error"/></test-method>'
        '<test-method name="t" status="PASS"/>'
    )
    assert collect(testng.read, document(methods, root='retried="0"')).outcomes == "sp"
    assert collect(testng.read, document(methods)).outcomes == "ep"


def test_the_same_test_name_in_two_suites_is_told_apart_by_the_suite() -> None:
    """`Default test` is what everybody's test is called."""
    suite = (
        '<suite name="{}"><test name="t"><class name="C"><test-method name="m" status="PASS"/></class></test></suite>'
    )
    text = f"<testng-results>{suite.format('one')}{suite.format('two')}</testng-results>"
    assert [case.classname for case in collect(testng.read, text).cases] == ["C [one > t]", "C [two > t]"]


@pytest.mark.parametrize(
    ("kind", "outcome"),
    [("java.lang.AssertionError", F), ("org.opentest4j.AssertionFailedError", F), ("java.io.IOException", E)],
)
def test_the_exception_tells_an_assertion(kind: str, outcome: Outcome) -> None:
    """Anything else is errored; a failure without an exception is failed."""
    method = f'<test-method name="t" status="FAIL"><exception class="{kind}"/></test-method>'
    assert [case.outcome for case in collect(testng.read, document(method)).cases] == [outcome]
    assert collect(testng.read, document('<test-method name="t" status="FAIL"/>')).outcomes == "f"


def test_a_configuration_that_failed_often_is_one_case() -> None:
    """Once for each class; a skipped one is a consequence."""
    broken = '<test-method name="setUp" is-config="true" status="FAIL"/>'
    skipped = '<test-method name="setUp" is-config="true" status="SKIP"/>'
    sink = collect(testng.read, document(broken * 3 + skipped))
    assert [(case.classname, case.name, case.outcome) for case in sink.cases] == [("a.B", "(setUp)", E)]


def test_results_in_other_files_are_said() -> None:
    """A suite can be split into fragments."""
    sink = collect(testng.read, '<testng-results><suite name="S"><test url="t.xml"/></suite></testng-results>')
    assert any("lie in another file" in warning for warning in sink.warnings)


def test_more_results_than_are_held(monkeypatch: pytest.MonkeyPatch) -> None:
    """They are handed over once, with a warning."""
    monkeypatch.setattr(testng, "MOST_HELD", 3)
    methods = "".join(f'<test-method name="t{number}" status="PASS"/>' for number in range(7))
    sink = collect(testng.read, document(methods))
    assert [case.name for case in sink.cases] == [f"t{number}" for number in range(7)]
    assert any("more than 3 results" in warning for warning in sink.warnings)
