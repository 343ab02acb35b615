"""Pact: the verifier of pact-python 4.2.0 as it wrote it; broker documents by hand after its API documentation."""

from __future__ import annotations

import json

import pytest

from ingest.errors import Refused
from ingest.formats import pact
from ingest.model import CaseAttempt, Failure, Link, Outcome
from ingest.recognise import Kind, recognise
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

VERIFIER = (FIXTURES / "pact/verifier.json").read_bytes()
WHO, SERVICES = "Pact between web and orders", ("orders", "web")


def read(document: object) -> CollectingSink:
    """What a document holds."""
    return collect(pact.read, json.dumps(document))


def test_verifier() -> None:
    """Three interactions: one agrees, one differs in its body, one in its status."""
    sink = collect(pact.read, VERIFIER)
    assert [(case.classname, case.name, case.outcome.name) for case in sink.cases] == [
        (WHO, "a request for an order given order 7 exists", "PASSED"),
        (WHO, "a request for a total", "FAILED"),
        (WHO, "a request for größe", "FAILED"),
    ]
    failure = sink.cases[1].failure
    assert failure is not None
    assert failure.message == "BodyMismatch $.total: Expected 'x' (String) to be equal to 12 (Integer)"
    assert {case.services for case in sink.cases} == {SERVICES}


def test_older_verifiers_name_the_same_cases() -> None:
    """What passed is found in the output, with the provider's state."""
    document = json.loads(VERIFIER)
    expected = [(case.classname, case.name, case.outcome, case.failure) for case in read(document).cases]
    del document["interactionResults"]
    assert [(case.classname, case.name, case.outcome, case.failure) for case in read(document).cases] == expected


def test_pending_and_broken_interactions() -> None:
    """Pending errors do not count against the provider; an error without a mismatch is no assertion."""
    problem = {"type": "error", "message": "refused"}
    refused = {"interaction": "Verifying a pact between web and orders Given a - b", "mismatch": problem}
    sink = read({"result": True, "errors": [], "pendingErrors": [refused], "notices": []})
    assert sink.cases == [
        CaseAttempt(WHO, "b given a", Outcome.SKIPPED, failure=Failure("", "pending: refused", ""), services=SERVICES)
    ]
    assert read({"result": False, "errors": [refused]}).outcomes == "e"
    assert read({"result": False, "errors": []}).outcomes == "f"
    assert read({"result": True, "errors": []}).outcomes == "p"


def test_verification_result_of_the_jvm() -> None:
    """A list; the identity of the provider comes along."""
    sink = read(
        {
            "providerName": "orders", "providerApplicationVersion": "1.2", "success": False, "buildUrl": "https://ci/7",
            "verificationDate": "2026-01-01T00:00:00+00:00", "providerVersionBranch": "main",
            "testResults": [
                {"interactionId": "i1", "success": True},
                {"interactionId": "i2", "success": False,
                 "mismatches": [{"attribute": "body", "identifier": "$.a", "description": "expected 1"}]},
                {"interactionId": "i3", "success": False,
                 "exceptions": [{"message": "refused", "exceptionClass": "java.net.ConnectException"}]},
            ],
            "_links": {"pb:pact-version": {"name": "Pact between web (1) and orders"}},
        }
    )  # fmt: skip
    assert [(case.classname, case.name, case.outcome.name) for case in sink.cases] == [
        (WHO, "i1", "PASSED"), (WHO, "i2", "FAILED"), (WHO, "i3", "ERRORED"),
    ]  # fmt: skip
    assert sink.cases[1].failure == Failure("", "body $.a: expected 1", "body $.a: expected 1")
    assert sink.cases[2].failure == Failure("java.net.ConnectException", "refused", "refused")
    known = sink.known
    assert (known.service, known.service_version, known.branch, known.url) == ("orders", "1.2", "main", "https://ci/7")
    assert known.start_ms == 1767225600000


def test_verification_result_of_ruby() -> None:
    """An object with `tests`: each expectation of an interaction is one."""
    test = {"testDescription": "has status code 200", "interactionDescription": "a request", "pactConsumerName": "web",
            "interactionProviderState": "an order"}  # fmt: skip
    sink = read({"providerName": "orders", "success": False, "testResults": {"tests": [
        test | {"status": "passed"},
        test | {"testDescription": "has a body", "status": "failed",
                "exception": {"class": "RSpec::Expectations::ExpectationNotMetError", "message": "no"}},
        test | {"testDescription": "answers", "status": "failed", "exception": {"class": "IOError", "message": "no"}},
        test | {"testDescription": "later", "status": "pending"}]}})  # fmt: skip
    assert [(case.name, case.outcome.name) for case in sink.cases] == [
        ("a request given an order: has status code 200", "PASSED"),
        ("a request given an order: has a body", "FAILED"),
        ("a request given an order: answers", "ERRORED"),
        ("a request given an order: later", "SKIPPED"),
    ]
    assert {case.classname for case in sink.cases} == {WHO}


def test_a_result_without_details_is_one_case() -> None:
    """Its build is a link."""
    sink = read(
        {"success": False, "providerApplicationVersion": "4", "buildUrl": "https://ci/8", "providerName": "orders"}
    )
    (case,) = sink.cases
    assert (case.classname, case.name, case.outcome) == ("orders", "verification", Outcome.FAILED)
    assert case.links == (Link("url", "https://ci/8"),)


def test_matrix() -> None:
    """The newest verification of each pair; one that is missing is skipped."""

    def row(provider: str, success: bool | None, at: str) -> dict[str, object]:
        result = None if success is None else {"success": success, "verifiedAt": at}
        sides = {name: {"name": name, "version": {"number": "1"}} for name in ("web", provider)}
        return {"consumer": sides["web"], "provider": sides[provider], "verificationResult": result}

    rows = [row("orders", False, "2026-01-02T00:00:00Z"), row("orders", True, "2026-01-01T00:00:00Z"),
            row("stock", None, ""), row("mail", True, "2026-01-01T00:00:00Z")]  # fmt: skip
    sink = read({"summary": {"deployable": False}, "notices": [], "matrix": rows})
    assert sink.outcomes == "fsp"
    assert sink.cases[0].started_ms == 1767312000000
    assert len(sink.warnings) == 1


@pytest.mark.parametrize(
    "text",
    [
        VERIFIER.decode(),
        '{"matrix":[],"notices":[],"summary":{}}',
        '{"success":true,"providerApplicationVersion":"1"}',
    ],
)
def test_recognition(text: str) -> None:
    """By their keys."""
    known = recognise(text.encode(), "x")
    assert (known.kind, known.format) == (Kind.REPORT, "pact-verification")


def test_other_documents_are_refused() -> None:
    """With the reason, and every cut."""
    with pytest.raises(Refused, match="neither a verification result"):
        read({"providerName": "orders", "testResults": []})
    for at in range(0, len(VERIFIER.rstrip()), 17):
        with pytest.raises(Refused):
            collect(pact.read, VERIFIER[:at])
