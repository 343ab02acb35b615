"""XML of C, C++ and Pascal test tools: reports that the real libraries wrote, see `fixtures/cpp/make.sh`."""

from __future__ import annotations

import io

import pytest

from ingest.errors import Refused
from ingest.formats.readers import reader_of
from ingest.limits import Limits
from ingest.model import CaseAttempt, Outcome
from ingest.recognise import HEAD_BYTES, Kind, recognise
from tests.ingest.formats.collecting import FIXTURES, CollectingSink

PASSED, FAILED, ERRORED, SKIPPED = Outcome
FOLDER = FIXTURES / "cpp"
EXPECTED = {
    "boost-log": (
        "boosttest",
        {
            "shop without_a_suite": "p", "cart adds_up": "p", "cart rounds": "f", "cart requires_stock": "e",
            "cart throws": "e", "cart warns": "p", "cart left_out": "s", "cart known": "f", "cart asserts_nothing": "p",
            "cart skipped_on_purpose": "s", "cart/params _0": "p", "cart/params _1": "f", "cart/params _2": "p",
            "cart/inner setup_errors": "e", "cart/inner teardown_errors": "e", "cart/inner times_out": "e",
        },
    ),
    "boost-report": (
        "boosttest",
        {
            "shop without_a_suite": "p", "cart adds_up": "p", "cart rounds": "f", "cart requires_stock": "e",
            "cart throws": "e", "cart warns": "p", "cart known": "p", "cart asserts_nothing": "p",
            "cart skipped_on_purpose": "s", "cart/params _0": "p", "cart/params _1": "f", "cart/params _2": "p",
            "cart/inner setup_errors": "e", "cart/inner teardown_errors": "e", "cart/inner times_out": "e",
        },
    ),
    "cppunit": (
        "cppunit",
        {
            "shop::CartTest rounds": "f", "shop::CartTest throwsSomething": "e", "shop::SetUpTest never": "e",
            "shop::TearDownTest passesFirst": "e", "shop::TearDownTest failsFirst": "f", "shop::CartTest addsUp": "p",
            "shop::CartTest expectedException": "p", "shop::CartTest expectedFailure": "p",
        },
    ),
    "cunit": (
        "cunit",
        {
            "cart adds up": "p", "cart rounds": "f", "cart fatal": "f", "database (suite initialization)": "e",
            "torn passes first": "p", "torn (suite clean-up)": "e",
        },
    ),
    "check": (
        "check",
        {
            "cart/core adds_up": "p", "cart/core rounds": "f", "cart/core crashes": "e", "cart/core exits": "e",
            "cart/core times_out": "e", "cart/core loops": "p", "cart/core loops[1]": "p", "cart/core loops[2]": "f",
            "cart/core loops[3]": "p", "cart/database never": "f", "cart/torn adds_up": "f",
        },
    ),
    "catch2": (
        "catch2",
        {
            "catch_cases adds up": "p", "catch_cases rounds": "f", "catch_cases throws": "e", "catch_cases known": "p",
            "catch_cases may fail": "p", "catch_cases fixed": "f", "catch_cases sections": "f",
            "catch_cases asserts nothing": "p", "catch_cases setup errors": "e", "catch_cases sizes - int": "p",
            "catch_cases sizes - char": "f",
        },
    ),
    "doctest": (
        "doctest",
        {
            "doctest_cases without a suite": "p", "cart adds up": "p", "cart rounds": "f", "cart requires": "f",
            "cart throws": "e", "cart fails outright": "f", "cart known": "p", "cart may fail": "p", "cart fixed": "f",
            "cart left out": "s", "cart too slow": "f", "cart parts": "f", "cart setup errors": "e",
            "cart sizes<int>": "p", "cart sizes<char>": "f",
        },
    ),
    "unittestpp": (
        "unittest++",
        {
            "DefaultSuite without_a_suite": "p", "cart adds_up": "p", "cart rounds": "f", "cart throws": "e",
            "cart setup_errors": "e", "cart too_slow": "f",
        },
    ),
    "fpcunit": (
        "fpcunit",
        {
            "TCartTest AddsUp": "p", "TCartTest Rounds": "f", "TCartTest Throws": "e", "TCartTest LeftOut": "s",
            "TBrokenTest Never": "e",
        },
    ),
    "gtester": ("gtester", {"cart adds-up": "p", "cart rounds": "f", "cart left-out": "s"}),
    "valgrind": ("valgrind", {"memcheck leaks": "f"}),
    "valgrind-clean": ("valgrind", {"memcheck cunit_cases clean": "p"}),
    "qttest": (
        "qtestlib",
        {
            "CartTest initTestCase": "p", "CartTest addsUp": "p", "CartTest rounds": "f", "CartTest verifies": "f",
            "CartTest params": "f", "CartTest leftOut": "s", "CartTest known": "p", "CartTest fixedMeanwhile": "f",
            "CartTest warns": "p", "CartTest throws": "e",
        },
    ),
    "qttest-broken": ("qtestlib", {"BrokenTest initTestCase": "f", "BrokenTest cleanupTestCase": "p"}),
}  # fmt: skip
"""Outcomes worked out by hand from `src`."""


def read(data: bytes | str) -> CollectingSink:
    """What a report holds, by its own format."""
    data = data.encode() if isinstance(data, str) else data
    known = recognise(data[:HEAD_BYTES], "report.xml")
    assert known.kind is Kind.REPORT, known.reason
    sink = CollectingSink()
    reader_of(known.format or "")(io.BytesIO(data), Limits(), sink)
    return sink


def fixture(name: str) -> dict[str, CaseAttempt]:
    """Attempts of a report by the name of their test."""
    return {case.name: case for case in read((FOLDER / f"{name}.xml").read_bytes()).cases}


@pytest.mark.parametrize("name", EXPECTED)
def test_outcomes_are_those_of_the_program(name: str) -> None:
    """Every case once, under its own name; what breaks in set-up and tear-down is red."""
    data = (FOLDER / f"{name}.xml").read_bytes()
    assert recognise(data, "x").format == EXPECTED[name][0]
    sink = read(data)
    found = {f"{case.classname} {case.name}": case.outcome.name[0].lower() for case in sink.cases}
    assert found == EXPECTED[name][1]
    assert len(sink.cases) == len(found)
    assert sink.warnings == []


@pytest.mark.parametrize("name", EXPECTED)
def test_every_cut_is_refused(name: str) -> None:
    """A program that crashed in the middle leaves half a report, which is never taken for a whole one."""
    data = (FOLDER / f"{name}.xml").read_bytes().rstrip()
    format_name = EXPECTED[name][0]
    for at in range(1, len(data), 23):
        with pytest.raises(Refused) as caught:
            reader_of(format_name)(io.BytesIO(data[:at]), Limits(), CollectingSink())
        assert caught.value.code in ("xml-truncated", "xml-syntax")


@pytest.mark.parametrize(
    ("report", "name", "message", "part"),
    [
        ("boost-log", "rounds", "check 2 == 3 has failed [2 != 3]", "zweiter Fehler: 日本 <&>\nboost_cases.cpp:9"),
        ("boost-log", "_1", "check n != 2 has failed [2 == 2]", "n = 2;"),
        ("boost-log", "throws", "std::runtime_error: no database", '"throws" test entry'),
        ("cppunit", "rounds", "equality assertion failed\n- Expected: 2\n- Actual  : 3\n- grün <&>", "cases.cpp:20"),
        ("cunit", "rounds", "CU_ASSERT_EQUAL(2,3)", 'CU_ASSERT_STRING_EQUAL("a<b&c","d")'),
        ("check", "times_out", "Test timeout expired", "check_cases.c:"),
        ("catch2", "rounds", "CHECK( 2 == 3 )", 'with expansion: "a" == "b"'),
        ("catch2", "sections", "on purpose", "catch_cases.cpp:13"),
        ("doctest", "rounds", "CHECK( 2 == 3 )", "zwei"),
        ("doctest", "parts", "CHECK( false )", "doctest_cases.cpp:17"),
        ("unittestpp", "rounds", "Expected 2 but was 3", "unittestpp_cases.cpp(9) : std::string"),
        ("fpcunit", "Never", "[SETUP] fixture is broken", ""),
        ("valgrind", "leaks", "Invalid write of size 4", "are definitely lost in loss record 1 of 1"),
        ("qttest", "params", "[two 日本] 'n != 2' returned FALSE. ()", "qt_cases.cpp:19"),
    ],
)
def test_messages_and_texts(report: str, name: str, message: str, part: str) -> None:
    """The first failure of a case gives the message, the text has all of them with their places."""
    failure = fixture(report)[name].failure
    assert failure is not None
    assert failure.message == message
    assert part in failure.text


def test_what_else_the_reports_tell() -> None:
    """Durations in the dialect's unit, files that depend on no machine, the start of the run, exception classes."""
    assert fixture("boost-log")["times_out"].duration_ms == pytest.approx(1_000, abs=20)
    assert (fixture("qttest")["initTestCase"].duration_ms or 0) < 100
    assert fixture("catch2")["adds up"].file == "catch_cases.cpp"
    assert fixture("check")["rounds"].duration_ms is None
    throws = fixture("boost-log")["throws"].failure
    assert throws is not None
    assert throws.type == "std::runtime_error"
    for name in ("check", "fpcunit"):
        known = read((FOLDER / f"{name}.xml").read_bytes()).known
        assert known.start_ms is not None
        assert (known.start_is_zoneless, known.start_is_estimated) == (True, None)


def test_a_failing_fixture_of_a_boost_suite_is_an_errored_case() -> None:
    """Written by hand: errors outside of cases never vanish."""
    log = '<TestLog><TestSuite name="shop"><TestSuite name="cart"><Exception file="a.cpp" line="3">no database'
    (attempt,) = read(log + "</Exception></TestSuite></TestSuite></TestLog>").cases
    assert (attempt.classname, attempt.name, attempt.outcome) == ("cart", "(suite)", ERRORED)


def test_aunit_s_names_are_attributes() -> None:
    """By hand, after the writer's source: a routine that failed, one with an exception, one that passed."""
    report = """<?xml version='1.0' encoding='utf-8' ?>
<TestRun elapsed="1.107E-04"><Statistics><Tests>3</Tests></Statistics>
<SuccessfulTests><Test name="Cart : Adds up" elapsed="2.0E-03"/></SuccessfulTests>
<FailedTests><Test name="Cart : Rounds"><FailureType>Assertion</FailureType><Message>2 /= 3</Message>
<Location><File>cart.adb</File><Line>12</Line></Location></Test>
<Test name="Alone"><FailureType>Error</FailureType><Message>CONSTRAINT_ERROR</Message>
<Exception><Message>index check failed</Message><Traceback>0x1 in main</Traceback></Exception></Test></FailedTests>
</TestRun>"""
    passed, failed, errored = read(report).cases
    assert (passed.classname, passed.name, passed.outcome, passed.duration_ms) == ("Cart", "Adds up", PASSED, 2)
    assert (failed.name, failed.outcome, failed.file) == ("Rounds", FAILED, "cart.adb")
    assert (errored.classname, errored.name, errored.outcome) == ("", "Alone", ERRORED)
    assert errored.failure is not None
    assert (errored.failure.type, errored.failure.message) == ("CONSTRAINT_ERROR", "index check failed")


def test_newer_versions_write_skips_in_their_own_way() -> None:
    """By hand, after the sources of Catch2 3 and Qt 6; a blacklisted failure of Qt is no failure."""
    catch = """<Catch2TestRun name="shop.exe" rng-seed="1" xml-format-version="3" catch2-version="3.7.1">
<TestCase name="later" filename="/ci/a.cpp" line="1"><Skip filename="/ci/a.cpp" line="2">not on Mondays</Skip>
<OverallResult success="true" skips="1" durationInSeconds="0.5"/></TestCase></Catch2TestRun>"""
    (skipped,) = read(catch).cases
    assert (skipped.classname, skipped.outcome, skipped.duration_ms, skipped.file) == ("shop", SKIPPED, 500, None)
    assert skipped.failure is not None
    assert skipped.failure.message == "not on Mondays"
    qt = """<TestCase name="T"><TestFunction name="a"><Incident type="skip"><Description>x</Description></Incident>
</TestFunction><TestFunction name="b"><Incident type="bfail"/></TestFunction>
<TestFunction name="c"><Message type="qfatal"><Description>boom</Description></Message></TestFunction></TestCase>"""
    assert read(qt).outcomes == "sse"


def test_mbunit_s_fixture_set_up_is_a_case_when_it_fails() -> None:
    """By hand, after the tool's schema; a set-up that passes is no case."""
    report = """<report-result date="2026-01-01T10:00:00Z"><fixture name="Cart" type="Shop.Cart">
<set-up result="failure"><exception type="E"><message>no database</message></exception></set-up>
<tear-down result="success"/><runs><run name="Cart.Adds" result="success" duration="0.005"/>
<run name="Cart.Later" result="ignore"/></runs></fixture></report-result>"""
    sink = read(report)
    assert [(case.classname, case.name) for case in sink.cases] == [
        ("Shop.Cart", "(set-up)"), ("Shop.Cart", "Cart.Adds"), ("Shop.Cart", "Cart.Later")
    ]  # fmt: skip
    assert sink.outcomes == "eps"
    assert sink.known.start_ms == 1767261600000


@pytest.mark.parametrize(
    "doctype",
    [
        '<!DOCTYPE CUNIT_TEST_RUN_REPORT SYSTEM "http://evil.test/CUnit-Run.dtd">',
        '<!DOCTYPE CUNIT_TEST_RUN_REPORT SYSTEM "CUnit-Run.dtd" [<!ENTITY x "y">]>',
        '<!DOCTYPE CUNIT_TEST_RUN_REPORT PUBLIC "p" "CUnit-Run.dtd">',
        '<!DOCTYPE testsuites SYSTEM "CUnit-Run.dtd">',
    ],
)
def test_only_the_very_document_type_of_cunit_is_let_through(doctype: str) -> None:
    """Any other one, and one with declarations inside, is refused by recognition and by the reader."""
    report = doctype + "<CUNIT_TEST_RUN_REPORT/>"
    assert recognise(report.encode(), "x.xml").code == "xml-doctype"
    with pytest.raises(Refused) as caught:
        reader_of("cunit")(io.BytesIO(report.encode()), Limits(), CollectingSink())
    assert caught.value.code == "xml-doctype"


def test_an_entity_that_the_unread_document_type_might_declare_is_refused() -> None:
    """The parser would leave it out without a word."""
    report = '<!DOCTYPE CUNIT_TEST_RUN_REPORT SYSTEM "CUnit-Run.dtd"><CUNIT_TEST_RUN_REPORT>&x;</CUNIT_TEST_RUN_REPORT>'
    with pytest.raises(Refused) as caught:
        read(report)
    assert caught.value.code == "xml-syntax"
