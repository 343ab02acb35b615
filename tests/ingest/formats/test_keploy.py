"""Keploy reports, by hand after `TestReport` of Keploy 3 (`pkg/models/testrun.go`)."""

from __future__ import annotations

import pytest

from ingest.errors import Refused
from ingest.formats import keploy
from ingest.model import CaseAttempt, Failure, Outcome, RunState
from ingest.recognise import Kind, recognise
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

REPORT = (FIXTURES / "keploy/test-set-0-report.yaml").read_bytes()
HEAD = "version: api.keploy.io/v1beta1\nname: test-set-1-report\nstatus: {}\nsuccess: 0\nfailure: 0\ntotal: 0\n"


def read(status: str, more: str = "") -> CollectingSink:
    """What a report without tests holds."""
    return collect(keploy.read, HEAD.format(status) + more)


def test_every_status() -> None:
    """Passed, failed with what differs, ignored, obsolete, and one that never ended."""
    sink = collect(keploy.read, REPORT)
    text = (
        "status code: expected 201, got 500\nbody: expected {\"id\":8}, got {\"error\":\"no stock\"}\n"
        "header Location: expected /orders/8, got none\ncategory: STATUS_CODE_CHANGED"
    )  # fmt: skip
    first = "status code: expected 201, got 500"
    assert sink.cases == [
        CaseAttempt("test-set-0", "test-1 GET /orders/7", Outcome.PASSED, 1, 1767225600000),
        CaseAttempt("test-set-0", "test-2 POST /orders", Outcome.FAILED, 2000, 1767225601000, Failure("", first, text)),
        CaseAttempt("test-set-0", "test-3", Outcome.SKIPPED),
        CaseAttempt(
            "test-set-0", "test-4", Outcome.SKIPPED, failure=Failure("", "obsolete: its mocks have changed", "")
        ),
        CaseAttempt(
            "test-set-0", "test-5 /shop.Cart/Add", Outcome.ERRORED,
            failure=Failure("", "the case has the status RUNNING", ""),
        ),
    ]  # fmt: skip
    assert sink.known.start_ms == 1767225600000
    assert len(sink.warnings) == 1


@pytest.mark.parametrize("status", ["APP_HALTED", "APP_FAULT", "INTERNAL_ERR", "SCRIPT_FAULT", "USER_ABORT", "FAILED"])
def test_a_set_that_ended_badly_is_red(status: str) -> None:
    """Though none of its tests is."""
    sink = read(status)
    assert [(case.classname, case.name, case.outcome) for case in sink.cases] == [
        ("test-set-1", "(test set)", Outcome.ERRORED)
    ]


def test_a_set_without_tests_is_none() -> None:
    """Nothing to run is no failure; a running set is not complete."""
    assert read("NO_TESTS_TO_RUN").cases == []
    assert read("PASSED").cases == []
    assert read("RUNNING").known.state == RunState.RUNNING
    assert read("USER_ABORT").known.state == RunState.INCOMPLETE


def test_reason_and_logs() -> None:
    """Of the set, in its own case."""
    failure = read("APP_FAULT", "failure_reason: port in use\napp_logs: bind failed\n").cases[0].failure
    assert failure == Failure("", "port in use", "bind failed")


def test_recognition() -> None:
    """Recorded test cases and mocks of Keploy are no reports."""
    assert recognise(REPORT, "x").format == "keploy"
    assert (
        recognise(b"version: api.keploy.io/v1beta1\nkind: Http\nname: test-1\nspec: {}\n", "t.yaml").kind
        == Kind.UNKNOWN
    )


def test_every_cut_is_refused_or_said() -> None:
    """A report that lacks tests does not hold as many as it states."""
    for at in range(0, len(REPORT.rstrip()), 11):
        try:
            sink = collect(keploy.read, REPORT[:at])
        except Refused:
            continue
        assert len(sink.cases) in (0, 1, 2, 3, 4, 5)
        assert sink.warnings or len(sink.cases) == 5
