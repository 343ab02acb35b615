"""pytest-json-report 1.5.0 with pytest 8.4.2 and 9.2.0 as it wrote it, and what else such reports hold."""

from __future__ import annotations

import json

import pytest

from ingest.errors import Refused
from ingest.formats import pytest_json
from ingest.model import CaseAttempt, Link, Outcome, RunState
from tests.ingest.formats.collecting import FIXTURES, SHARED, CollectingSink, collect

REPORTS = FIXTURES / "pytest-json-report"


def read_file(name: str) -> CollectingSink:
    """What a fixture holds."""
    return collect(pytest_json.read, (REPORTS / name).read_bytes())


def report(*tests: dict[str, object], **more: object) -> CollectingSink:
    """What a report with these tests holds."""
    return collect(pytest_json.read, json.dumps({"exitcode": 0, "tests": tests} | more))


def test_every_kind_of_end() -> None:
    """Counted by hand in `make.sh`: 19 tests, one module that cannot be imported, one that is skipped."""
    sink = read_file("all.json")
    ends = {test[0].name: "".join(attempt.outcome.name[0] for attempt in test) for test in sink.tests()}
    assert ends == {
        "tests.test_broken_import": "E",
        "tests.test_module_skipped": "S",
        "test_adds": "P",
        "test_totals": "F",
        "test_raises": "F",
        "test_applies": "P",
        "test_codes[TEN]": "P",
        "test_codes[gr\\xf6\\xdfe \\u2713]": "F",
        "test_codes[a/b::c]": "P",
        "test_broken_setup": "E",
        "test_broken_teardown": "E",
        "test_fails_and_breaks": "F",
        "test_skipped": "S",
        "test_skips_itself": "S",
        "test_expected_to_fail": "S",
        "test_unexpectedly_passes": "P",
        "test_strictly_unexpected": "F",
        "test_flaky": "FP",
        "test_never_passes": "F",
        "test_flaky_setup": "FP",
        "test_metadata": "P",
    }
    assert not sink.warnings


def test_texts_and_names() -> None:
    """Messages are those of the exception, both texts of a test that fails and breaks; names as in pytest's JUnit."""
    cases = {case.name: case for case in read_file("all.json").cases}
    totals = cases["test_totals"]
    assert (totals.classname, totals.file) == ("tests.api.test_cart", "tests/api/test_cart.py")
    assert totals.failure is not None
    assert totals.failure.type == "AssertionError"
    assert totals.failure.message == "AssertionError: totals differ\nassert 3 == 4"
    assert cases["test_codes[a/b::c]"].classname == "tests.api.test_cart.TestCoupons"
    both = cases["test_fails_and_breaks"].failure
    assert both is not None
    assert both.message == "assert False"
    assert "cannot drop the schema" in both.text
    skipped = cases["test_skips_itself"].failure
    assert skipped is not None
    assert skipped.message == "no data today"
    assert cases["test_metadata"].services == ("payments", "stock")
    assert cases["test_metadata"].links == (Link("log", "https://logs.example/1"),)


def test_subtests() -> None:
    """pytest 9: a test whose subtests pass is passed; where one is skipped or fails it is so, as in its own XML."""
    sink = read_file("subtests.json")
    assert {test[0].name: test[0].outcome for test in sink.tests()} == {
        "test_all_pass": Outcome.PASSED,
        "test_one_fails": Outcome.FAILED,
        "test_one_is_skipped": Outcome.SKIPPED,
        "test_fails_itself_too": Outcome.FAILED,
    }
    assert sink.warnings == []


def test_a_module_that_cannot_be_collected_is_red() -> None:
    """A report with no test at all is no silent zero, and its run lacks results."""
    sink = read_file("collection-error.json")
    assert sink.outcomes == "e"
    assert sink.cases[0].name == "tests.test_broken_import"
    assert sink.cases[0].failure is not None
    assert sink.cases[0].failure.message == "ModuleNotFoundError: No module named 'nowhere_to_be_found'"
    assert sink.known.state == RunState.INCOMPLETE


def test_a_worker_that_crashed() -> None:
    """pytest-xdist reports it as a stage of its own, `???`."""
    sink = read_file("crashed-worker.json")
    assert sink.outcomes == "pe"
    assert sink.cases[1].failure is not None
    assert "crashed while running" in sink.cases[1].failure.message


def test_identity() -> None:
    """Times of the session, the CI server's variables that pytest-metadata keeps, and keys of ours."""
    sink = report(
        created=1767225660.5, duration=60.5,
        environment={
            "Python": "3.11", "Packages": {"pytest": "8"}, "GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "17",
            "deployment.environment.name": "staging",
        },
    )  # fmt: skip
    known = sink.known
    assert (known.start_ms, known.end_ms) == (1767225600000, 1767225660500)
    assert (known.run_id, known.environment) == ("17", "staging")


@pytest.mark.parametrize(("code", "name"), [(1, "exit code 1"), (3, "exit code 3"), (4, "exit code 4")])
def test_a_bad_end_without_a_red_test_is_red(code: int, name: str) -> None:
    """Coverage below its limit, an internal error, a wrong call."""
    sink = report({"nodeid": "test_a.py::test_a", "outcome": "passed"}, exitcode=code)
    assert [(case.name, case.outcome) for case in sink.cases] == [("test_a", Outcome.PASSED), (name, Outcome.ERRORED)]


def test_no_tests_is_a_warning() -> None:
    """Exit code 5."""
    sink = report(exitcode=5)
    assert (sink.cases, sink.warnings) == ([], ["pytest found no tests"])


def test_unknown_outcomes_and_counts() -> None:
    """An outcome of another plugin is errored and said; so is a number of tests that is not the stated one."""
    sink = report({"nodeid": "a.py::b", "outcome": "odd"}, summary={"total": 2})
    assert sink.cases == [CaseAttempt("a", "b", Outcome.ERRORED, failure=sink.cases[0].failure, file="a.py")]
    assert len(sink.warnings) == 2


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"exitcode":0,"summary":{"total":3}}', "schema"),
        ('{"exitcode":0,"tests":[{"outcome":"passed"}]}', "schema"),
        ('{"exitcode":0,"tests":[{"nodeid":"a","call":7}]}', "schema"),
        ('{"exitcode":0,"tests":[', "json-truncated"),
    ],
)
def test_refusals(text: str, code: str) -> None:
    """With the place."""
    with pytest.raises(Refused) as caught:
        collect(pytest_json.read, text)
    assert caught.value.code == code


def test_a_stage_that_is_not_utf8_is_refused() -> None:
    """With its place, although the document around it was decoded."""
    whole = (
        b'{"created": 1, "exitcode": 1, "tests": [{"nodeid": "t", "outcome": "failed", "call": {"longrepr": "\xff"}}]}'
    )
    with pytest.raises(Refused, match=r"tests\[0\].call") as caught:
        collect(pytest_json.read, whole)
    assert caught.value.code == "json-encoding"


def test_every_cut_is_refused() -> None:
    """A document cut anywhere is never taken for a whole one."""
    data = (REPORTS / "all.json").read_bytes().rstrip()
    for at in range(0, len(data), max(1, len(data) // 200)):
        with pytest.raises(Refused):
            collect(pytest_json.read, data[:at])


@pytest.mark.skipif(not SHARED.exists(), reason="no reports beside the checkout")
def test_sample_of_the_plugin() -> None:
    """Its own summary: 2 passed, 3 failed, 2 errors, 1 skipped, 1 xfailed, 1 xpassed."""
    data = (SHARED / "reports/pytest-json-report/sample_report.json").read_bytes()
    assert collect(pytest_json.read, data).final_outcomes() == {"passed": 3, "failed": 3, "errored": 2, "skipped": 2}
