"""CTRF documents become attempts, identity and warnings."""

from __future__ import annotations

import json
from typing import Any

import pytest

from ingest.clean import clean_line
from ingest.errors import Refused
from ingest.model import Failure, Link, Outcome
from tests.hostile_names import HOSTILE_NAMES
from tests.ingest.formats.collecting import read_ctrf


def document(*tests: dict[str, Any], **results: Any) -> str:
    """A report with these tests."""
    return json.dumps({"reportFormat": "CTRF", "results": {"tool": {"name": "x"}, "tests": list(tests), **results}})


def entry(status: str = "passed", **fields: Any) -> dict[str, Any]:
    """One test of a document."""
    return {"name": "t", "status": status, "duration": 5, **fields}


def test_a_test_is_an_attempt() -> None:
    """Suite, file, times, message and trace."""
    sink = read_ctrf(
        document(
            entry("failed", suite=["a", "b"], filePath="a.spec.ts", start=1767225600000, message="m", trace="at x"),
            entry(filePath="a.spec.ts", suite="a > b", duration=1.6),
            entry("skipped", message="later"),
            entry("pending"),
        )
    )
    one, two, three, four = sink.cases
    assert one == ("a > b", "t", Outcome.FAILED, 5, 1767225600000, Failure("", "m", "at x"), "a.spec.ts", 0, (), ())
    assert (two.classname, two.outcome, two.duration_ms, two.failure) == ("a > b", Outcome.PASSED, 2, None)
    assert (three.outcome, three.failure) == (Outcome.SKIPPED, Failure("", "later", ""))
    assert (four.outcome, four.failure) == (Outcome.SKIPPED, None)
    assert sink.warnings == []


@pytest.mark.parametrize(
    ("fields", "outcomes"),
    [
        ({"status": "passed", "retries": 2, "flaky": True}, "ffp"),
        ({"status": "passed", "flaky": True}, "fp"),
        ({"status": "passed", "retries": 2, "flaky": False}, "p"),
        ({"status": "passed", "retries": 1}, "fp"),
        ({"status": "passed", "retries": 0, "flaky": False}, "p"),
        ({"status": "failed", "retries": 1}, "ff"),
        ({"status": "skipped", "retries": 1}, "s"),
        ({"status": "passed", "retries": 1, "retryAttempts": [{"attempt": 1, "status": "failed"}]}, "fp"),
        (
            {
                "status": "passed",
                "retries": 1,
                "retryAttempts": [{"attempt": 2, "status": "passed"}, {"attempt": 1, "status": "failed"}],
            },
            "fp",
        ),
        ({"status": "passed", "retryAttempts": [{"status": "failed"}, {"status": "passed"}]}, "fp"),
        ({"status": "failed", "retryAttempts": [{"status": "failed", "message": "other"}]}, "ff"),
        (
            {
                "status": "failed",
                "message": "m",
                "retryAttempts": [{"status": "failed", "message": "m", "duration": 5}],
            },
            "f",
        ),
        ({"status": "other"}, "e"),
        ({"status": "other", "rawStatus": "todo"}, "s"),
        ({"status": "exploded"}, "e"),
        ({"status": "passed", "retries": 10**9, "flaky": True}, "f" * 100 + "p"),
    ],
)
def test_retries_are_attempts_in_order(fields: dict[str, Any], outcomes: str) -> None:
    """Listed attempts come first; hidden ones are known only to have failed."""
    sink = read_ctrf(document(entry(**fields)))
    assert sink.outcomes == outcomes
    assert [attempt.retry for attempt in sink.cases] == list(range(len(outcomes)))


def test_identity_comes_from_the_environment() -> None:
    """CTRF's own keys, completed by OpenTelemetry's in `extra`, which rank first."""
    environment = {
        "appName": "shop", "appVersion": "1.2", "buildName": "integration", "buildNumber": 77, "branchName": "main",
        "buildUrl": "https://ci.test/77", "repositoryName": "acme/tests", "commit": "abc", "testEnvironment": "staging",
        "shardId": "2/4", "extra": {"crywolf.run.trigger": "schedule", "vcs.ref.head.name": "release"},
    }  # fmt: skip
    summary = {"tests": 2, "start": 1767225600, "stop": 1767225660000}
    tests = [entry(browser="firefox", device="phone"), entry(browser="firefox")]
    known = read_ctrf(document(*tests, environment=environment, summary=summary)).known
    assert (known.pipeline, known.run_id, known.branch, known.revision) == ("integration", "77", "release", "abc")
    assert (known.service, known.service_version, known.environment) == ("shop", "1.2", "staging")
    assert (known.repository, known.url) == ("acme/tests", "https://ci.test/77")
    assert (known.shard_index, known.shard_total, known.trigger) == (2, 4, "schedule")
    assert (known.start_ms, known.end_ms, known.start_is_zoneless) == (1767225600000, 1767225660000, False)
    assert known.variant == (("browser", "firefox"),)


def test_services_and_links_come_from_extensions() -> None:
    """Declared services in `extra` or `labels`, attachments, trace ids."""
    sink = read_ctrf(
        document(
            entry(
                extra={"service.peer.name": ["payments", "stock"], "trace_id": "4bf9"}, attachments=[{"path": "a.png"}]
            ),
            entry(labels={"services": "cart"}),
        )
    )
    assert [attempt.services for attempt in sink.cases] == [("payments", "stock"), ("cart",)]
    assert sink.cases[0].links == (Link("attachment", "a.png"), Link("trace", "4bf9"))


def test_a_failure_without_text_gets_the_end_of_the_output() -> None:
    """The error stream first."""
    sink = read_ctrf(document(entry("failed", stdout=["out"], stderr=["one", "two"])))
    assert sink.cases[0].failure == Failure("", "", "one\ntwo")


@pytest.mark.parametrize(
    "raw", ['"12"', "null", "true", "[]", "-1", "1e308", "1e309", "9" * 5000, "18446744073709551616"]
)
def test_an_unreadable_duration_is_unknown(raw: str) -> None:
    """Never infinite, negative or an error."""
    sink = read_ctrf(f'{{"results":{{"tests":[{{"name":"t","status":"failed","duration":{raw}}}]}}}}')
    assert [attempt.duration_ms for attempt in sink.cases] == [None]
    assert bool(sink.warnings) == (raw != "null")


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ("", "empty-file", ""),
        ('{"results":{"tests":[{"name":"t","status":"passed"', "json-truncated", "ends inside"),
        ('{"results":{"tests":[{"name":"t"},]}}', "json-syntax", "trailing comma"),
        ('{"results":{"tests":[{"name":"t","duration":NaN}]}}', "json-syntax", "invalid"),
        ('{"results":{"tests":{"a":1}}}', "schema", "$.results.tests"),
        ('{"results":{"tests":null}}', "schema", "$.results.tests"),
        ('{"results":{}}', "schema", "tests"),
        ('{"results":{"tests":[{"name":"t"},{"name":{"x":1}}]}}', "schema", "$.results.tests[1].name"),
        ('{"results":{"tests":[{"status":"passed"}]}}', "schema", "$.results.tests[0]"),
        ('{"results":{"tests":[null]}}', "schema", "$.results.tests[0]"),
        ('{"results":{"tests":[{"name":"t","status":["failed"]}]}}', "schema", "$.results.tests[0].status"),
        ("[" * 100_000, "schema", ""),
        ('{"x":' + "[" * 100_000 + "]" * 100_000 + "}", "json-depth", ""),
        ('{"results":{"tests":[{"name":"pr\xfcf"}]}}'.encode("latin-1"), "json-encoding", "byte 32"),
    ],
)
def test_refusals_name_code_and_path(data: str | bytes, code: str, words: str) -> None:
    """A JSON path for a wrong shape, a line for wrong syntax."""
    with pytest.raises(Refused) as caught:
        read_ctrf(data)
    assert caught.value.code == code
    assert words in caught.value.reason


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_other_encodings_of_json_are_read(encoding: str) -> None:
    """With a byte order mark, or two bytes a character."""
    assert read_ctrf(document(entry(name="prüfung")).encode(encoding)).cases[0].name == "prüfung"


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_survive(name: str) -> None:
    """As written, except that half a character is replaced and nothing becomes a stand-in."""
    attempt = read_ctrf(document(entry("failed", name=name, message=name, trace=name, suite=name))).cases[0]
    expected = name.replace("\ud800", "\ufffd") if name.strip() else "(no name)"
    assert attempt.name == expected
    clean_line(attempt.name).encode()


def test_escaped_halves_of_characters_are_replaced() -> None:
    """Whole pairs stay; a backslash before an escape is no escape."""
    text = r'{"results":{"tests":[{"name":"\ud83d\ude00 \ud83d \ude00 \\ud800 \ud83d\ud83d\ude00"}]}}'
    assert read_ctrf(text).cases[0].name == "😀 \ufffd \ufffd \\ud800 \ufffd😀"


def test_the_summary_is_compared() -> None:
    """Numbers come from the tests."""
    assert any("states 3 tests" in text for text in read_ctrf(document(entry(), summary={"tests": 3})).warnings)
