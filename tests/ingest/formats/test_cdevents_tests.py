"""Test events of CDEvents (specification 0.1 to 0.6, by hand), alone and among deployments."""

from __future__ import annotations

import gzip
import io
import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from ingest.formats.cdevents import TestRun, runs_in
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, FileOutcome, FileStatus, Link, Outcome, RunIdentity, RunState, Trigger
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
from store.connect import open_reader
from tests.ingest.formats.collecting import CollectingSink

STAGING = {"id": "staging"}
START = 1767225600000


def event(kind: str, subject: str, at: int, content: dict[str, object], **custom: object) -> dict[str, Any]:
    """An event `at` seconds after the start."""
    return {
        "context": {"id": f"{kind}{subject}{at}", "source": "/ci", "type": f"dev.cdevents.{kind}.0.3.0", "chainId": "c",
                    "timestamp": f"2026-01-01T00:00:{at:02}Z"},
        "subject": {"id": subject, "content": content},
        "customData": custom,
    }  # fmt: skip


def case(number: int, **more: object) -> dict[str, object]:
    """What events say of a case of the suite run `sr`."""
    test_case = {"id": f"shop.T{number}", "name": f"t{number}"}
    return {"environment": STAGING, "testCase": test_case, "testSuiteRun": {"id": "sr"}} | more


def suite(**more: object) -> dict[str, object]:
    """What events say of the suite."""
    return {"environment": STAGING, "testSuite": {"id": "s", "name": "Auth"}} | more


RUN = [
    event("service.deployed", "cart", 1, {"environment": STAGING, "artifactId": "pkg:oci/cart@1.2"}),
    event("testsuiterun.started", "sr", 2, suite(trigger={"type": "schedule"}), **{"cicd.pipeline.name": "journeys"}),
    event("testcaserun.started", "r1", 3, case(1)),
    event("testcaserun.finished", "r1", 5, case(1, outcome="failure", reason="Failed assertion", severity="high")),
    event("testcaserun.started", "r2", 6, case(1)),
    event("testcaserun.finished", "r2", 8, case(1, outcome="success")),
    event("testcaserun.finished", "r3", 9, case(2, outcome="error", reason="Timed out"), **{"peer.service": ["pay"]}),
    event("testcaserun.skipped", "r4", 9, case(3, reason="not here")),
    event("testcaserun.started", "r5", 9, case(4)),
    event("testcaserun.finished", "r6", 9, case(5, status="cancel")),
    event("testoutput.published", "o", 10, {"outputType": "log", "uri": "https://l/1", "testCaseRun": {"id": "r3"}}),
    event("testsuiterun.finished", "sr", 12, suite(outcome="failure")),
    event("testsuiterun.finished", "sr2", 13, {"environment": {"id": "prod"}, "testSuite": {"id": "s", "name": "Auth"},
                                                "outcome": "error", "reason": "Host not found"}),
]  # fmt: skip


def lines(*events: dict[str, Any]) -> bytes:
    """A file with one event a line."""
    return "".join(json.dumps(one) + "\n" for one in events).encode()


def read(run: TestRun) -> CollectingSink:
    """What a run holds."""
    sink = CollectingSink()
    run.read(io.BytesIO(), Limits(), sink)
    return sink


def only(*events: dict[str, Any]) -> CollectingSink:
    """What the only run of a file holds."""
    (run,) = runs_in(lines(*events), Limits())
    return read(run)


def test_a_run_among_deployments() -> None:
    """Retries, every outcome, a case that never finished; the suite run of another environment is another run."""
    first, second = (read(run) for run in runs_in(lines(*RUN), Limits()))
    failure = Failure("", "Failed assertion", "Failed assertion\nseverity: high")
    assert first.cases == [
        CaseAttempt("shop.T1", "t1", Outcome.FAILED, 2000, START + 3000, failure),
        CaseAttempt("shop.T1", "t1", Outcome.PASSED, 2000, START + 6000, retry=1),
        CaseAttempt("shop.T2", "t2", Outcome.ERRORED, None, START + 9000, Failure("", "Timed out", "Timed out"),
                    services=("pay",), links=(Link("log", "https://l/1"),)),
        CaseAttempt("shop.T3", "t3", Outcome.SKIPPED, None, START + 9000, Failure("", "not here", "")),
        CaseAttempt("shop.T4", "t4", Outcome.ERRORED, None, START + 9000, Failure("", "the test never finished", "")),
        CaseAttempt("shop.T5", "t5", Outcome.SKIPPED, None, START + 9000),
    ]  # fmt: skip
    assert first.known == RunIdentity(
        pipeline="journeys", run_id="sr", environment="staging", trigger=Trigger.SCHEDULE, start_ms=START + 2000,
        start_is_zoneless=False, end_ms=START + 12000,
    )  # fmt: skip
    assert [(one.classname, one.name, one.outcome) for one in second.cases] == [("Auth", "(suite)", Outcome.ERRORED)]
    assert second.known.environment == "prod"


def test_arrays_and_envelopes_are_the_same() -> None:
    """One event a line, an array, and CloudEvents in structured mode."""
    expected = [read(run).cases for run in runs_in(lines(*RUN), Limits())]
    enveloped = [{"specversion": "1.0", "type": one["context"]["type"], "data": one} for one in RUN]
    for data in (json.dumps(RUN).encode(), lines(*enveloped)):
        assert [read(run).cases for run in runs_in(data, Limits())] == expected


def test_one_event_a_file() -> None:
    """A case that only started tells nothing yet; a suite alone tells of itself, also that it passed."""
    assert only(RUN[2]).cases == []
    assert only(RUN[3]).outcomes == "f"
    assert [(one.name, one.outcome.name) for one in only(RUN[11]).cases] == [("(suite)", "FAILED")]
    passed = event("testsuiterun.finished", "sr", 1, suite(outcome="pass"))
    assert only(passed).outcomes == "p"
    assert only(RUN[1]).known.state is None


def test_a_suite_without_an_end_is_running() -> None:
    """When its cases are in the file."""
    assert only(*RUN[1:4]).known.state == RunState.RUNNING


def test_an_event_that_comes_twice_counts_once() -> None:
    """Message queues deliver at least once."""
    assert only(RUN[3], RUN[3], RUN[5]).outcomes == "fp"


def test_a_pipeline_run_of_the_same_chain_names_the_run() -> None:
    """And its URL."""
    pipeline = event("pipelinerun.started", "p7", 0, {"pipelineName": "nightly", "url": "https://ci/7"})
    known = only(pipeline, RUN[3]).known
    assert (known.pipeline, known.run_id, known.url) == ("nightly", "p7", "https://ci/7")


def test_names_where_little_is_known() -> None:
    """Events of version 0.1 have no test case, and the run's own id is all there is."""
    assert only(event("testcase.finished", "e2e-1", 1, {"outcome": "pass"})).cases[0].name == "e2e-1"
    sink = only(event("testcaserun.finished", "r", 1, {"testCase": {"id": "login"}, "outcome": "odd"}))
    assert [(one.classname, one.name, one.outcome) for one in sink.cases] == [("", "login", Outcome.ERRORED)]


def test_files_without_tests_have_no_runs() -> None:
    """Changes are read by the change feed."""
    assert runs_in(lines(RUN[0]), Limits()) == []


def inputs_below(folder: Path) -> list[Input]:
    """The files of a folder."""
    return [item for item in list_inputs([str(folder)]) if isinstance(item, Input)]


@pytest.mark.parametrize("is_grown", [False, True])
def test_results_and_changes_reach_the_store_once(tmp_path: Path, is_grown: bool) -> None:
    """A mixed file gives both; read again it is a duplicate, grown it replaces what it told before."""
    path = tmp_path / "feed" / "events.jsonl"
    path.parent.mkdir()
    path.write_bytes(lines(*RUN))
    found: list[FileOutcome] = []
    with Ingestion(tmp_path / "db", Settings(), RunIdentity(), Limits(), {}) as ingestion:
        ingestion.ingest_all(inputs_below(path.parent), found.append)
        if is_grown:
            more = event("testcaserun.finished", "r7", 11, case(7, outcome="pass"))
            path.write_bytes(lines(*RUN, more))
        ingestion.ingest_all(inputs_below(path.parent), found.append)
    first, second = found
    assert (first.status, first.counts.tests, first.counts.attempts) == (FileStatus.INGESTED, 6, 7)
    assert (first.counts.flaky, first.counts.errored, first.counts.skipped) == (1, 3, 2)
    assert second.counts.tests == first.counts.tests + is_grown
    assert second.status == (FileStatus.INGESTED if is_grown else FileStatus.DUPLICATE)


def test_the_same_events_in_another_form_count_once(tmp_path: Path) -> None:
    """Packed, as an array, in another order: results that are known stay as they are."""
    folder = tmp_path / "feed"
    folder.mkdir()
    (folder / "events.jsonl").write_bytes(lines(*RUN))
    (folder / "later.jsonl.gz").write_bytes(gzip.compress(lines(*RUN)))
    (folder / "other.json").write_text(json.dumps([*RUN[::-1]]))
    with Ingestion(tmp_path / "db", Settings(), RunIdentity(), Limits(), {}) as ingestion:
        ingestion.ingest_all(inputs_below(folder), lambda outcome: None)
    with closing(open_reader(tmp_path / "db")) as reader:
        assert reader.execute("SELECT count(*) FROM result").fetchone() == (7,)
