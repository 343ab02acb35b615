"""Bazel's build events, by hand after `build_event_stream.proto`, and those of public projects."""

from __future__ import annotations

import json

import pytest

from ingest.errors import Refused
from ingest.formats import bazel
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunState
from tests.ingest.formats.collecting import SHARED, CollectingSink, collect

STARTED: dict[str, object] = {"id": {"started": {}}, "started": {"startTimeMillis": "1767225600000"}}


def result(
    status: str, run: int = 1, shard: int = 1, attempt: int = 1, label: str = "//shop:cart_test"
) -> dict[str, object]:
    """The end of one execution."""
    return {
        "id": {"testResult": {"label": label, "run": run, "shard": shard, "attempt": attempt}},
        "testResult": {
            "status": status, "testAttemptStartMillisEpoch": "1767225601000", "testAttemptDurationMillis": "153",
            "testActionOutput": [{"name": "test.log", "uri": "file:///t.log"}, {"name": "test.xml", "uri": "file:///t.xml"}],
        },
    }  # fmt: skip


def summary(status: str, label: str) -> dict[str, object]:
    """What became of a target."""
    return {"id": {"testSummary": {"label": label}}, "testSummary": {"overallStatus": status}}


def finished(name: str, code: int) -> dict[str, object]:
    """The end of the build."""
    end = {"exitCode": {"name": name, "code": code}, "finishTimeMillis": "1767225609000"}
    return {"id": {"buildFinished": {}}, "finished": end}


def read(*events: dict[str, object], indent: int | None = None) -> CollectingSink:
    """What a build holds."""
    return collect(bazel.read, "".join(json.dumps(event, indent=indent) + "\n" for event in events))


@pytest.mark.parametrize("indent", [None, 2])
def test_targets_and_attempts(indent: int | None) -> None:
    """One event a line or spread over lines: the attempts of a target in their order, whatever the events' order."""
    sink = read(STARTED, result("PASSED", attempt=2), result("FAILED"), result("TIMEOUT", label="//shop/api:slow_test"),
                summary("FLAKY", "//shop:cart_test"), summary("FAILED_TO_BUILD", "//shop:broken_test"),
                finished("TESTS_FAILED", 3), indent=indent)  # fmt: skip
    links = (Link("log", "file:///t.log"), Link("attachment", "file:///t.xml"))
    assert sink.cases[0] == CaseAttempt(
        "//shop", "cart_test", Outcome.FAILED, 153, 1767225601000, Failure("", "failed", ""), links=links
    )
    assert [(case.classname, case.name, case.outcome.name, case.retry) for case in sink.cases] == [
        ("//shop", "cart_test", "FAILED", 0),
        ("//shop", "cart_test", "PASSED", 1),
        ("//shop/api", "slow_test", "ERRORED", 0),
        ("//shop", "broken_test", "ERRORED", 0),
    ]
    assert (sink.known.start_ms, sink.known.end_ms, sink.known.state) == (1767225600000, 1767225609000, None)


def test_shards_are_cases_of_their_own() -> None:
    """They run different tests; repeated runs are attempts."""
    sink = read(result("PASSED"), result("FAILED", shard=2), result("PASSED", run=2))
    assert [(case.name, case.retry) for case in sink.cases] == [
        ("cart_test (shard 1)", 0), ("cart_test (shard 1)", 1), ("cart_test (shard 2)", 0),
    ]  # fmt: skip


def test_a_build_that_failed_is_red() -> None:
    """Without any target; nothing to test is no failure."""
    assert [case.name for case in read(STARTED, finished("BUILD_FAILURE", 1)).cases] == ["build"]
    assert read(STARTED, finished("SUCCESS", 0)).cases == []
    assert read(STARTED, finished("NO_TESTS_FOUND", 4)).cases == []


def test_events_that_stop() -> None:
    """The run lacks results."""
    sink = read(STARTED, result("PASSED"))
    assert sink.known.state == RunState.INCOMPLETE
    assert len(sink.warnings) == 1


@pytest.mark.parametrize("indent", [None, 1])
def test_every_cut_is_refused_or_said(indent: int | None) -> None:
    """Whatever the layout."""
    events = (STARTED, result("PASSED"), finished("SUCCESS", 0))
    data = "".join(json.dumps(event, indent=indent) + "\n" for event in events)
    for at in range(len(data) - 2):
        try:
            sink = collect(bazel.read, data[:at])
        except Refused:
            continue
        assert sink.warnings


@pytest.mark.skipif(not SHARED.exists(), reason="no reports beside the checkout")
def test_events_of_public_projects() -> None:
    """Counted by hand."""
    folder = SHARED / "reports/trunk"
    found = {path.name: collect(bazel.read, path.read_bytes()).outcomes for path in sorted(folder.glob("bazel-bep_*"))}
    assert found == {
        "bazel-bep_example.jsonl": "p",
        "bazel-bep_flaky_summary.jsonl": "ffpf",
        "bazel-bep_partially_valid.jsonl": "ppp",
        "bazel-bep_retries.jsonl": "fp",
        "bazel-bep_unknown_fields.json": "p",
    }
