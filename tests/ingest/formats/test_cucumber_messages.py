"""Cucumber Messages become attempts, identity and warnings, line by line."""

from __future__ import annotations

import io
import json
from typing import Any, BinaryIO, cast

import pytest

from ingest.errors import Refused
from ingest.formats import cucumber_messages
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunState
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, Trickle, collect

PASSED, FAILED, ERRORED, SKIPPED = Outcome
FOLDER = FIXTURES / "cucumber"
NAMELESS = Failure("", "", "")


def fixture(name: str) -> CollectingSink:
    """What a stream of cucumber-js holds."""
    return collect(cucumber_messages.read, (FOLDER / name).read_bytes())


def by_name(sink: CollectingSink) -> dict[str, CaseAttempt]:
    """Last attempt of each name."""
    return {attempt.name: attempt for attempt in sink.cases}


def stream(*messages: dict[str, Any]) -> str:
    """Messages behind the definition of one scenario with one step and one hook."""
    head: list[dict[str, Any]] = [
        {"meta": {"protocolVersion": "32.2.0"}},
        {"gherkinDocument": {"uri": "a.feature", "feature": {"name": "A"}}},
        {"hook": {"id": "h", "type": "AFTER_TEST_RUN", "name": "close", "sourceReference": {"uri": "hooks.js"}}},
        {"pickle": {"id": "p", "uri": "a.feature", "name": "s", "steps": [{"id": "ps", "text": "a step"}]}},
        {"testCase": {"id": "c", "pickleId": "p", "testSteps": [{"id": "ts", "pickleStepId": "ps"}]}},
    ]
    return "".join(json.dumps(message) + "\n" for message in (*head, *messages))


def attempt(number: int, status: str, retried: bool = False) -> list[dict[str, Any]]:
    """The messages of one attempt that takes two seconds."""
    started = {"testCaseStartedId": str(number)}
    at = {"seconds": 1767225600 + 10 * number, "nanos": 500_000_000}
    end = {"seconds": at["seconds"] + 2, "nanos": 500_000_000}
    return [
        {"testCaseStarted": {"id": str(number), "testCaseId": "c", "attempt": number, "timestamp": at}},
        {"testStepFinished": {**started, "testStepId": "ts", "testStepResult": {"status": status}}},
        {"testCaseFinished": {**started, "timestamp": end, "willBeRetried": retried}},
    ]


END = {"testRunFinished": {"success": False, "timestamp": {"seconds": 1767225700, "nanos": 0}}}


def test_the_tool_s_own_stream() -> None:
    """Counted by hand: 14 scenarios; undefined, ambiguous and pending ones are decided at the end of the run."""
    sink = fixture("messages.ndjson")
    ends = {test[0].name: "".join(one.outcome.name[0] for one in test) for test in sink.tests()}
    assert ends == {
        "An empty basket costs nothing": "P", "Käse costs 3": "P", "🐺 costs 4": "FF", "bread costs 2": "P",
        "bread costs 2#2": "P", "Passes the second time": "FP", "A step skips": "S", "The after hook breaks": "EE",
        "Attaches": "P", "Nobody wrote the step": "E", "Two steps match": "E", "The step is pending": "E",
    }  # fmt: skip
    assert sink.warnings == []
    cases = by_name(sink)
    first = cases["An empty basket costs nothing"]
    assert (first.classname, first.file, first.services) == ("Basket", "features/basket.feature", ("payments",))
    assert cases["Attaches"].links == (Link("url", "https://logs.example.test/1"),)
    hook = cases["The after hook breaks"].failure or NAMELESS
    assert hook[:2] == ("Error", "cannot tidy up")
    assert hook.text.startswith("After tidy up\nError")
    assert (cases["Two steps match"].failure or NAMELESS).message == "ambiguous step: I have two steps"
    assert sink.known.start_ms is not None
    assert first.started_ms is not None
    assert sink.known.start_ms <= first.started_ms
    assert (sink.known.state, sink.known.start_is_zoneless) == (None, False)


def test_attempts_of_parallel_workers_are_sorted_out() -> None:
    """Two scenarios, each tried twice at the same time."""
    sink = fixture("parallel.ndjson")
    assert sorted(test[0].name for test in sink.tests()) == ["one", "two"]
    assert sink.outcomes == "fpfp"


def test_a_lenient_run_forgives_pending_steps() -> None:
    """`--no-strict`: the run succeeded, so the scenario counts as skipped."""
    sink = fixture("lenient.ndjson")
    assert sink.cases[0].outcome == SKIPPED
    assert sink.cases[0].failure == Failure("", "pending step: I wait for the step", "")


def test_a_feature_that_cannot_be_parsed_is_red() -> None:
    """It has no scenario."""
    sink = fixture("parse.ndjson")
    assert [(one.classname, one.name, one.outcome) for one in sink.cases] == [
        ("parse.feature", "(cannot be parsed)", ERRORED)
    ]


def test_a_run_that_ends_before_its_first_scenario_is_red() -> None:
    """cucumber-js writes nothing more when `BeforeAll` throws."""
    sink = fixture("crash.ndjson")
    assert [(one.classname, one.name, one.outcome) for one in sink.cases] == [("cucumber", "(run)", ERRORED)]
    assert sink.known.state == RunState.INCOMPLETE
    assert any("has no end" in text for text in sink.warnings)


def test_attempts_are_handed_over_together() -> None:
    """Numbered, with start and duration of each."""
    sink = collect(cucumber_messages.read, stream(*attempt(0, "FAILED", True), *attempt(1, "PASSED"), END))
    assert [(one.outcome, one.retry, one.started_ms, one.duration_ms) for one in sink.cases] == [
        (FAILED, 0, 1767225600500, 2000),
        (PASSED, 1, 1767225610500, 2000),
    ]
    assert sink.known.end_ms == 1767225700000


def test_an_older_protocol_marks_retries_on_steps() -> None:
    """Before version 17 `willBeRetried` stood in the result of a step."""
    first = attempt(0, "FAILED")
    first[1]["testStepFinished"]["testStepResult"]["willBeRetried"] = True
    sink = collect(cucumber_messages.read, stream(*first, *attempt(1, "PASSED"), END))
    assert [one.retry for one in sink.cases] == [0, 1]


def test_what_did_not_end_is_red() -> None:
    """An attempt that began, in a stream that breaks off."""
    sink = collect(cucumber_messages.read, stream(*attempt(0, "FAILED", True), attempt(1, "PASSED")[0]))
    assert [(one.outcome, one.retry) for one in sink.cases] == [(FAILED, 0), (ERRORED, 1)]
    assert (sink.cases[1].failure or NAMELESS).message == "the scenario began and did not end"
    assert sink.known.state == RunState.INCOMPLETE


def test_a_failed_hook_of_the_run_is_a_case() -> None:
    """Named after the place and the hook."""
    result = {"status": "FAILED", "message": "Error: stuck\n    at hooks.js:1"}
    hook: list[dict[str, Any]] = [
        {"testRunHookStarted": {"id": "r", "hookId": "h"}},
        {"testRunHookFinished": {"testRunHookStartedId": "r", "result": result}},
    ]
    sink = collect(cucumber_messages.read, stream(*attempt(0, "PASSED"), *hook, END))
    assert [(one.classname, one.name) for one in sink.cases] == [("A", "s"), ("hooks.js", "(after all close)")]
    assert (sink.cases[1].failure or NAMELESS)[:2] == ("Error", "stuck")


@pytest.mark.parametrize(
    ("finished", "message"),
    [
        ({"success": False}, "the run failed and no scenario says why"),
        ({"success": False, "message": "IOException: down"}, "down"),
        ({"success": False, "exception": {"type": "IOException", "message": "down"}}, "down"),
        ({"success": True}, ""),
        ({}, ""),
    ],
)
def test_a_run_that_failed_without_a_scenario_is_red(finished: dict[str, Any], message: str) -> None:
    """Unless it says that it succeeded, or says nothing."""
    sink = collect(cucumber_messages.read, stream(*attempt(0, "PASSED"), {"testRunFinished": finished}))
    assert [(one.failure or NAMELESS).message for one in sink.cases[1:]] == ([message] if message else [])


def test_what_the_ci_server_says_is_taken() -> None:
    """URL, branch, revision and repository, not the name of the server."""
    git = {"remote": "https://github.com/acme/shop.git", "revision": "abc", "branch": "main"}
    meta = {"meta": {"protocolVersion": "32.2.0", "ci": {"name": "CI", "url": "https://ci.test/7", "git": git}}}
    known = collect(cucumber_messages.read, json.dumps(meta) + "\n" + stream(END)).known
    assert (known.url, known.revision, known.branch) == ("https://ci.test/7", "abc", "main")
    assert (known.repository, known.pipeline) == ("acme/shop", None)


def test_other_lines_are_counted_and_nothing_known_is_refused() -> None:
    """What a program printed between the messages is a warning; JSON lines of another kind are no messages."""
    noisy = stream(*attempt(0, "FAILED"), END).replace("\n", "\nnpm warn\n", 3)
    sink = collect(cucumber_messages.read, noisy)
    assert sink.outcomes == "f"
    assert any("3 times" in text for text in sink.warnings)
    for data, code in (('{"level":"info"}\n', "schema"), ("", "empty-file"), ("hello\n", "json-syntax")):
        with pytest.raises(Refused) as caught:
            collect(cucumber_messages.read, data)
        assert caught.value.code == code


@pytest.mark.parametrize("name", ["messages.ndjson", "parallel.ndjson", "parse.ndjson"])
def test_every_cut_is_refused_or_said(name: str) -> None:
    """A stream cut anywhere before its last message is an incomplete run with a warning."""
    data = (FOLDER / name).read_bytes().rstrip()
    for at in range(1, len(data), max(1, len(data) // 100)):
        sink, code = CollectingSink(), ""
        try:
            cucumber_messages.read(io.BytesIO(data[:at]), Limits(), sink)
        except Refused as refusal:
            code = refusal.code
        assert code == "json-truncated" or (sink.known.state == RunState.INCOMPLETE and sink.warnings), at


def test_the_size_of_the_pieces_changes_nothing() -> None:
    """A pipe that trickles gives what the file gives."""
    trickled = CollectingSink()
    data = (FOLDER / "messages.ndjson").read_bytes()
    cucumber_messages.read(cast(BinaryIO, Trickle(data, 97)), Limits(), trickled)
    assert trickled.cases == fixture("messages.ndjson").cases
