"""Traps of JUnit dialects that make a red run look green, or count it twice or not at all."""

from __future__ import annotations

import pytest

from ingest.errors import Refused
from ingest.model import Failure, Outcome
from ingest.recognise import Kind, recognise
from tests.ingest.formats.collecting import read_junit

PASSED, FAILED, ERRORED, SKIPPED = Outcome
STATES = "the suite states failures or errors (1) and holds no case that failed"
WROTE = "the suite wrote to its error stream and holds no case"


@pytest.mark.parametrize(
    ("document", "name", "message"),
    [
        ('<testsuite name="s" tests="0" errors="1"/>', "s", STATES),
        ('<testsuite name="s" failures="1"></testsuite>', "s", STATES),
        ('<testsuites name="all" tests="1" failures="1"/>', "all", STATES),
        ('<testsuites errors="1"><testsuite name="in" errors="1"/></testsuites>', "in", STATES),
        ('<testsuite name="s" tests="0"><system-err>boom</system-err></testsuite>', "s", WROTE),
        ('<testsuite name="s" tests="0"><system.err>boom</system.err></testsuite>', "s", WROTE),
        ('<testsuite name="s"><error message="boom"/></testsuite>', "s", "boom"),
        ('<testsuite name="s"><failure>boom\ntrace</failure></testsuite>', "s", "boom"),
        ('<testsuite name="s"><error/></testsuite>', "s", ""),
        ('<testsuites><error message="boom"/></testsuites>', "", "boom"),
    ],
)
def test_a_red_suite_without_a_case_is_an_errored_case(document: str, name: str, message: str) -> None:
    """One that is named after the suite; never a silent zero."""
    (attempt,) = read_junit(document).cases
    assert (attempt.classname, attempt.name, attempt.outcome) == (name, "(suite)", ERRORED)
    assert attempt.failure is not None
    assert attempt.failure.message == message


def test_the_error_stream_of_a_suite_without_cases_is_kept() -> None:
    """Its end tells what crashed."""
    document = f'<testsuite name="s"><system-err>{"x" * 9_000}killed by signal 9\n</system-err></testsuite>'
    (attempt,) = read_junit(document).cases
    assert attempt.failure is not None
    assert attempt.failure.text.endswith("killed by signal 9")
    assert len(attempt.failure.text) < 5_000


@pytest.mark.parametrize(
    "document",
    [
        "<testsuites/>",
        '<testsuite name="s" tests="0" failures="0" errors="0"/>',
        '<testsuite name="s" tests="0"><system-out>x</system-out><system-err> </system-err></testsuite>',
    ],
)
def test_an_empty_suite_is_no_failure(document: str) -> None:
    """Nothing says that anything went wrong."""
    assert read_junit(document).cases == []


def test_a_lost_case_of_a_red_suite_is_told() -> None:
    """Two tests are stated, one of them red; only the other one is there."""
    (lost, held) = sorted(
        read_junit('<testsuite name="s" tests="2" errors="1"><testcase name="t"/></testsuite>').cases,
        key=lambda attempt: attempt.name,
    )
    assert (lost.name, lost.outcome, held.outcome) == ("(suite)", ERRORED, PASSED)


def test_stated_failures_never_outvote_cases() -> None:
    """As many cases as stated, all green: the numbers are wrong, which is a warning and no red case."""
    sink = read_junit('<testsuite name="s" tests="1" failures="1"><testcase name="t"/></testsuite>')
    assert sink.outcomes == "p"
    assert any("another number of failures" in text for text in sink.warnings)


def test_output_of_a_suite_with_cases_changes_nothing() -> None:
    """Most writers put the error stream of all tests there."""
    sink = read_junit('<testsuite name="s"><testcase name="t"/><system-err>warn: x</system-err></testsuite>')
    assert sink.outcomes == "p"


@pytest.mark.parametrize("tag", ["failure", "error", "skipped"])
def test_an_element_without_content_counts(tag: str) -> None:
    """Self-closing, empty, or white space only."""
    expected = {"failure": "f", "error": "e", "skipped": "s"}[tag]
    for written in (f"<{tag}/>", f"<{tag}></{tag}>", f"<{tag}> \n</{tag}>", f"<{tag}><![CDATA[]]></{tag}>"):
        assert read_junit(f'<testsuites><testcase name="t">{written}</testcase></testsuites>').outcomes == expected


def test_cdata_is_text() -> None:
    """Also in pieces, with markup inside, and with its own end written in two halves."""
    body = "<![CDATA[<b>]]]]><![CDATA[>&amp;]]>\nline 2"
    (attempt,) = read_junit(f'<testsuites><testcase name="t"><error>{body}</error></testcase></testsuites>').cases
    assert attempt.failure == Failure("", "<b>]]>&amp;", "<b>]]>&amp;\nline 2")


@pytest.mark.parametrize(
    ("children", "outcome"),
    [
        ("<failure/><error/>", FAILED),
        ("<error/><failure/>", ERRORED),
        ("<skipped/><failure/>", FAILED),
        ("<failure/><skipped/>", FAILED),
        ("<skipped/><error/>", ERRORED),
        ("<skipped/><skipped/>", SKIPPED),
    ],
)
def test_two_outcomes_of_one_case_are_one_attempt(children: str, outcome: Outcome) -> None:
    """The first red one counts; a skip beside it never hides it."""
    (attempt,) = read_junit(f'<testsuites><testcase name="t">{children}</testcase></testsuites>').cases
    assert attempt.outcome is outcome


@pytest.mark.parametrize(
    ("written", "milliseconds"),
    [
        ("1,234.5", 1_234_500), ("0,125", 125), ("1.234,5", 1_234_500), ("PT1.5S", 1_500), ("1e-3", 1), ("12ms", 12),
        ("-1", None), ("NaN", None), ("inf", None), ("", None), ("soon", None),
    ],
)  # fmt: skip
def test_durations_are_read_or_unknown(written: str, milliseconds: int | None) -> None:
    """Never negative, never not a number; what cannot be read is told."""
    sink = read_junit(f'<testsuites><testcase name="t" time="{written}"/></testsuites>')
    assert sink.cases[0].duration_ms == milliseconds
    assert bool(sink.warnings) == (milliseconds is None and bool(written))


@pytest.mark.parametrize(
    ("written", "start", "is_zoneless"),
    [
        ("2026-01-01T10:00:00", 1767261600000, True),
        ("2026-01-01T10:00:00.123456789Z", 1767261600123, False),
        ("2026-01-01", 1767225600000, True),
        ("1767225600", 1767225600000, False),
        ("1767225600000", 1767225600000, False),
        ("0001-01-01T00:00:00Z", None, None),
        ("1970-01-01T00:00:00", None, None),
        ("yesterday", None, None),
    ],
)
def test_times_are_read_or_unknown(written: str, start: int | None, is_zoneless: bool | None) -> None:
    """Go's zero time and the epoch are no times; a missing zone is marked."""
    known = read_junit(f'<testsuite name="s" timestamp="{written}"><testcase name="t"/></testsuite>').known
    assert (known.start_ms, known.start_is_zoneless) == (start, is_zoneless)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b'<project xmlns="http://maven.apache.org/POM/4.0.0"/>', "Maven pom.xml: holds no test results"),
        (b"<project><target/></project>", "Ant build file"),
        (b'<coverage line-rate="0.9"/>', "coverage report: holds no test results"),
        (b'<report name="app"><sessioninfo/></report>', "JaCoCo coverage report"),
        (b"<!DOCTYPE html><html><h1>502 Bad Gateway</h1></html>", "HTML page"),
        (b"<html><body>Sign in</body></html>", "HTML page"),
        (b"<checkstyle/>", "Checkstyle report"),
        (b"<foo/>", "'foo', which is no known report"),
    ],
)
def test_xml_that_is_no_report_is_refused_by_name(content: bytes, words: str) -> None:
    """The reason says what the file is."""
    known = recognise(content, "TEST-x.xml")
    assert known.kind is Kind.REFUSED
    assert words in known.reason


def test_salvage_counts_what_it_replaced() -> None:
    """Raw and as references, in attributes and in CDATA; a reference that is cut by the end of a piece as well."""
    filler = "x" * (256 * 1024 - 90)
    text = (
        '<testsuites><testcase name="t\x1b[1m"><failure>'
        f"&#27;[31m{filler}&#8;&#x1B;[0m\x0b</failure><system-out><![CDATA[\x1b[0m]]></system-out></testcase></testsuites>"
    )
    for shift in range(24):
        sink = read_junit(text.replace("xxx", "x" * (3 + shift), 1))
        assert sink.outcomes == "f"
        assert [warning for warning in sink.warnings if "replaced (6; " in warning]


@pytest.mark.parametrize("written", ["&#55357;&#56832;", "&#xD83D;&#xDE00;", "&#55357;&#xde00;"])
def test_the_halves_of_a_character_are_joined(written: str) -> None:
    """Java's own serializer refers to them one by one; wherever a piece of the file ends."""
    opening = '<testsuites><testcase name="t"><failure>'
    for shift in range(-24, 24, 3):
        filler = "x" * (256 * 1024 - len(opening) + shift)
        sink = read_junit(f"{opening}{filler}{written}</failure></testcase></testsuites>")
        assert sink.cases[0].failure is not None
        assert sink.cases[0].failure.text.endswith("x😀")
        assert [warning for warning in sink.warnings if "replaced (1; " in warning]


@pytest.mark.parametrize("written", ["&#55357;", "&#56832;", "&#56832;&#55357;", "&#55357;x&#56832;", "&#xD800;"])
def test_half_a_character_is_refused(written: str) -> None:
    """Nobody knows what it was."""
    with pytest.raises(Refused) as caught:
        read_junit(f'<testsuites><testcase name="t"><failure>{written}</failure></testcase></testsuites>')
    assert caught.value.code == "xml-syntax"
