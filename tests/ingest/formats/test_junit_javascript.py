"""JUnit XML of JavaScript tools: what Node, Vitest, Mocha's reporters and jest-junit wrote."""

from __future__ import annotations

import pytest

from ingest.model import CaseAttempt, Outcome
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, read_junit


def fixture(path: str) -> CollectingSink:
    """What a report of ours holds."""
    return read_junit((FIXTURES / path).read_bytes())


def names(sink: CollectingSink) -> list[tuple[str, str]]:
    """Class and name of the attempts."""
    return [(attempt.classname, attempt.name) for attempt in sink.cases]


def one(sink: CollectingSink, name: str) -> CaseAttempt:
    """The only attempt with this name."""
    (found,) = [attempt for attempt in sink.cases if attempt.name == name]
    return found


@pytest.mark.parametrize("version", ["20", "24"])
def test_node(version: str) -> None:
    """13 cases: 5 passed, 6 failed, of them one cancelled with its suite, 1 skipped, 1 to do, which may fail."""
    sink = fixture(f"node/junit-{version}.xml")
    assert sink.final_outcomes() == {"passed": 5, "failed": 6, "skipped": 2}
    todo = one(sink, "is still to be written")
    assert (todo.outcome, todo.failure and todo.failure.message) == (Outcome.SKIPPED, "later")
    assert sink.warnings == []
    assert one(sink, "reads").outcome is Outcome.FAILED


def test_node_20_names_cases_as_node_24_does() -> None:
    """Node 20 writes the class name `test` for every case; the suites around it tell cases apart all the same."""
    old, new = names(fixture("node/junit-20.xml")), names(fixture("node/junit-24.xml"))
    assert old[1:] == new[1:]
    assert ("totals", "adds up") in old
    assert ("totals.inner", "adds up") in old
    assert ("test", "waits too long") in old


def test_other_tools_keep_the_class_name_test() -> None:
    """It is Node's only inside Node's suites, and a case after an inner suite belongs to the outer one again."""
    assert names(read_junit('<testsuite name="s"><testcase name="t" classname="test"/></testsuite>')) == [("test", "t")]
    suite = '<testsuite name="{}" time="0" disabled="0" errors="0" tests="1" failures="0" skipped="0" hostname="h">'
    inner = suite.format("b") + '<testcase name="t" time="0" classname="test"/></testsuite>'
    outer = suite.format("a") + inner + '<testcase name="t" time="0" classname="test"/></testsuite>'
    alone = '<testcase name="t" time="0" classname="test"/>'
    found = names(read_junit(f"<testsuites>{outer}{alone}</testsuites>"))
    assert found == [("a.b", "t"), ("a", "t"), ("test", "t")]


def test_vitest() -> None:
    """Vitest states 29 tests: its 23, one for each of 4 files and 2 suites that failed; 14 failed, 5 skipped."""
    sink = fixture("vitest/junit.xml")
    assert sink.final_outcomes() == {"passed": 10, "failed": 14, "skipped": 5}
    soft = one(sink, "is soft")
    assert soft.failure is not None
    assert soft.failure[:2] == ("AssertionError", "expected 1 to be 2 // Object.is equality")
    assert "expected 'a' to be 'b'" in soft.failure.text


def test_mocha_junit_reporter() -> None:
    """7 passed and 11 failed, 3 of them hooks; pending cases are not in the report unless it is told to hold them."""
    sink = fixture("mocha/junit.xml")
    assert sink.final_outcomes() == {"passed": 7, "failed": 11}
    assert one(sink, 'queue "after all" hook for "sends"').outcome is Outcome.FAILED


def test_mocha_xunit() -> None:
    """Mocha's own XML: the case that called back twice is in it twice."""
    sink = fixture("mocha/xunit.xml")
    assert sink.final_outcomes() == {"passed": 6, "failed": 12, "skipped": 3}
    assert names(sink)[-2:] == [("ends (badly)", "calls back twice")] * 2


def test_jest_junit() -> None:
    """Jest's 20 cases, and what it wrote for the 5 files that failed outside their cases: never silent."""
    sink = fixture("jest/junit-17.xml")
    outside = [a for a in sink.cases if a.classname.strip().startswith("Test ")]
    assert len(sink.cases) - len(outside) == 20
    assert {attempt.name for attempt in outside if attempt.outcome is Outcome.ERRORED} == {
        "test/empty.test.js",
        "test/missing.test.js",
        "test/syntax.test.js",
    }
    assert sum(attempt.outcome is Outcome.FAILED for attempt in outside) == 5
