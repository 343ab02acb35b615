"""pytest's own ways with JUnit XML: attempts without a sign, tear-down as a second case, crashed workers."""

from __future__ import annotations

import pytest

from ingest.formats.junit_pytest import NAMELESS
from ingest.model import Outcome
from tests.ingest.formats.collecting import FIXTURES, read_junit

PASSED, FAILED, ERRORED, SKIPPED = Outcome

ATTEMPTS = {
    "test_broken": "e",
    "test_passes": "p",
    "test_passes_on_second_try": "fp",
    "test_fails_every_time": "fff",
    "test_setup_errors_once": "fp",
    "test_setup_always_errors": "fe",
    "test_teardown_errors": "e",
    "test_fails_and_teardown_errors": "f",
    "test_teardown_errors_twice": "fe",
    "test_expected_failure": "s",
    "test_unexpected_pass": "p",
    "test_unexpected_pass_strict": "f",
    "test_skipped": "s",
    "test_names[gr\\xfcn]": "p",
    "test_names[\\u65e5\\u672c \\U0001f389]": "p",
    "test_names[a/b::c]": "p",
    "test_names[x y]": "fp",
    "test_names[1.5-2]": "p",
    "test_colours": "f",
    "test_times_out": "f",
    "test_subtests": "f",
    "test_subtests_on_second_try": "fp",
}
"""What `src/shop.py` and `src/broken.py` do, attempt by attempt."""


@pytest.mark.parametrize("name", ["reruns.xml", "reruns-xunit1.xml", "reruns-xdist.xml"])
def test_attempts_that_pytest_writes_nothing_of_have_failed(name: str) -> None:
    """Both families, and with xdist, where other tests stand between the attempts of one."""
    sink = read_junit((FIXTURES / "pytest" / name).read_bytes())
    found = {test[0].name: "".join(attempt.outcome.name[0].lower() for attempt in test) for test in sink.tests()}
    assert found == ATTEMPTS
    assert len(sink.tests()) == len(ATTEMPTS)
    assert sink.warnings == []


def test_a_failure_and_its_tear_down_are_one_attempt() -> None:
    """The failure came first and counts; what broke in tear-down stands below its text."""
    sink = read_junit((FIXTURES / "pytest" / "reruns-xdist.xml").read_bytes())
    (attempt,) = (attempt for attempt in sink.cases if attempt.name == "test_fails_and_teardown_errors")
    assert attempt.failure is not None
    assert "basket" in attempt.failure.message
    assert "cannot clean up" in attempt.failure.text


def test_a_worker_that_crashed_is_no_passed_case() -> None:
    """xdist writes a case without a name for a crash that is run again; the second crash is the test's own error."""
    sink = read_junit((FIXTURES / "pytest" / "crash-xdist.xml").read_bytes())
    outcomes = {attempt.name: attempt.outcome for attempt in sink.cases}
    assert outcomes == {"test_crashes": ERRORED, "test_after": PASSED}
    assert [text.partition(" (")[0] for text in sink.warnings] == [NAMELESS]


def test_only_repetitions_in_one_suite_are_attempts() -> None:
    """Reports of two Python versions merged into one file repeat every case once a suite."""
    suite = '<testsuite name="pytest">{}</testsuite>'
    case = '<testcase classname="c" name="t" time="0.1"/>'
    red = '<testcase classname="c" name="t" time="0.1"><failure message="m"/></testcase>'
    twice = read_junit("<testsuites>" + suite.format(case) * 2 + "</testsuites>")
    assert [[attempt.outcome for attempt in test] for test in twice.tests()] == [[PASSED], [PASSED]]
    second = read_junit("<testsuites>" + suite.format(case) + suite.format(case + red) + "</testsuites>")
    assert [[attempt.outcome for attempt in test] for test in second.tests()] == [[PASSED], [FAILED, FAILED]]


def test_other_tools_repeat_names_without_retrying() -> None:
    """Only pytest's suites are taken so."""
    case = '<testcase classname="c" name="t" time="0.1"/>'
    assert {attempt.retry for attempt in read_junit(f'<testsuite name="mocha">{case}{case}</testsuite>').cases} == {0}
    known = 'name="py311" errors="0" failures="0" skipped="0" tests="1" time="1" timestamp="2026-01-01" hostname="h"'
    assert {attempt.retry for attempt in read_junit(f"<testsuite {known}>{case}</testsuite>").cases} == {-1}
