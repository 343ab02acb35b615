"""`go test -json`: Go 1.19 and 1.27 as they wrote it, and what else streams of events hold."""

from __future__ import annotations

import contextlib
import io
import json
from collections import Counter

import pytest

from ingest.errors import Refused
from ingest.formats import gotest
from ingest.formats.gotest_texts import benchmark_of, failure_message, located, read_panic, stated_end
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunState
from tests.ingest.formats.collecting import FIXTURES, SHARED, CollectingSink, collect

GO = FIXTURES / "gotest"
FAILED, ERRORED, PASSED, SKIPPED = Outcome.FAILED, Outcome.ERRORED, Outcome.PASSED, Outcome.SKIPPED


def read_file(name: str) -> CollectingSink:
    """What a fixture holds."""
    return collect(gotest.read, (GO / name).read_bytes())


def events(*given: dict[str, object]) -> CollectingSink:
    """What a stream of events holds."""
    return collect(gotest.read, "\n".join(json.dumps(event) for event in given) + "\n")


def line(action: str, test: str = "", **more: object) -> dict[str, object]:
    """An event of the package `p`."""
    return {"Action": action, "Package": "p"} | ({"Test": test} if test else {}) | more


def by_name(sink: CollectingSink) -> dict[str, CaseAttempt]:
    """The last attempt of each case, by the last part of its package and its name."""
    return {f"{case.classname.rpartition('/')[2]}.{case.name}": case for case in sink.cases}


def failure(case: CaseAttempt) -> Failure:
    """The failure of a case that has one."""
    assert case.failure is not None
    return case.failure


@pytest.mark.parametrize("version", ["1.19", "1.27"])
def test_counts_of_every_kind_of_end(version: str) -> None:
    """Counted by hand in `make.sh`: both versions of Go give the same tests and the same ends."""
    sink = read_file(f"go{version}.jsonl")
    assert len(sink.cases) == len(sink.tests()) == 29
    assert Counter(case.outcome for case in sink.cases) == {PASSED: 11, FAILED: 8, ERRORED: 9, SKIPPED: 1}
    cases = by_name(sink)
    red = {name: case.outcome for name, case in cases.items() if case.outcome in (FAILED, ERRORED)}
    assert red == {
        "pay.TestTotals": FAILED,
        "pay.TestCards": FAILED,
        "pay.TestCards/with_space": FAILED,
        "pay.TestParallel": FAILED,
        "pay.TestParallel/b": FAILED,
        "pay.FuzzParse": FAILED,
        "pay.FuzzParse/seed#1": FAILED,
        "pay.Example_wrong": FAILED,
        "crash.TestWaiting": ERRORED,
        "crash.TestPanics": ERRORED,
        "crash.TestPanics/inner": ERRORED,
        "leak.TestInnocent": ERRORED,
        "startup.Failure": ERRORED,
        "broken.[build failed]": ERRORED,
        "lost.[setup failed]": ERRORED,
        "slow.TestSleeps": ERRORED,
        "exits.TestExits": ERRORED,
    }
    assert cases["pay.TestTable"].outcome == PASSED  # its output has no line end, so that Go 1.19 gives it no end event
    assert cases["pay.TestCards/größe_✓_日本"].outcome == PASSED
    assert failure(cases["pay.TestSkipped"]).message == "no terminal here"


@pytest.mark.parametrize("version", ["1.19", "1.27"])
def test_messages_say_what_failed(version: str) -> None:
    """The complaint, the panic, the compiler; a parent has the failure of its subtest."""
    cases = by_name(read_file(f"go{version}.jsonl"))
    assert failure(cases["pay.TestCards"]) == failure(cases["pay.TestCards/with_space"])
    assert failure(cases["pay.TestCards"]).message == "declined"
    assert failure(cases["pay.Example_wrong"]).message == "got: 3 want: 2"
    assert failure(cases["startup.Failure"]).message == "cannot reach the database"
    assert "broken_test.go:5" in failure(cases["broken.[build failed]"]).message
    assert "cannot find module" in failure(cases["lost.[setup failed]"]).message
    assert failure(cases["slow.TestSleeps"])[:2] == ("timeout", "test timed out after 3s")
    panicked = failure(cases["crash.TestPanics"])
    assert panicked[:2] == ("panic", "assignment to entry in nil map")
    assert "crash_test.go:12" in panicked.text
    assert failure(cases["crash.TestPanics/inner"]) == panicked


def test_newer_versions_mark_complaints() -> None:
    """`OutputType` tells `t.Error` from `t.Log`; before it, the last line of the test stands."""
    assert failure(by_name(read_file("go1.27.jsonl"))["pay.TestTotals"]).message == "total: want 3, got 4"
    assert failure(by_name(read_file("go1.19.jsonl"))["pay.TestTotals"]).message == "second complaint"


@pytest.mark.parametrize("version", ["1.19", "1.27"])
def test_a_panic_is_not_charged_to_whoever_ran_by_then(version: str) -> None:
    """The goroutine that TestLeaks left behind ends the binary while TestInnocent runs: the message names TestLeaks."""
    said = failure(by_name(read_file(f"go{version}.jsonl"))["leak.TestInnocent"])
    assert said.type == ""
    assert said.message == "the test binary ended before this test did: panic in TestLeaks: left behind"


def test_repeats_are_attempts_of_one_test() -> None:
    """`-count=3`: six executions of two tests, in the order of time."""
    sink = read_file("count.jsonl")
    assert [(case.name, case.retry, case.outcome.name) for case in sink.cases] == [
        ("TestSteady", 0, "PASSED"),
        ("TestSteady", 1, "PASSED"),
        ("TestSteady", 2, "PASSED"),
        ("TestFlaky", 0, "FAILED"),
        ("TestFlaky", 1, "FAILED"),
        ("TestFlaky", 2, "PASSED"),
    ]


def test_reruns_follow_their_first_attempt() -> None:
    """Several calls of `go test` in one stream, as gotestsum's --rerun-fails makes them; the cache is mentioned."""
    sink = read_file("rerun.jsonl")
    assert [(case.name, case.retry) for case in sink.cases if case.name != "TestSteady"] == [
        ("TestFlaky", 0), ("TestFlaky", 1), ("TestFlaky", 2), ("TestAdds", 0), ("TestAdds", 1),
    ]  # fmt: skip
    assert sink.outcomes == "pffppp"
    assert "Go's cache" in sink.warnings[0]
    assert sink.known.state is None


@pytest.mark.parametrize("version", ["1.19", "1.27"])
def test_benchmarks(version: str) -> None:
    """A measured one passed, by its name without the number of processors; one with parts is none itself."""
    sink = read_file(f"bench-go{version}.jsonl")
    assert [(case.name, case.outcome) for case in sink.cases] == [
        ("BenchmarkSum", PASSED),
        ("BenchmarkSizes/size-8", PASSED),
        ("BenchmarkBroken", FAILED),
    ]


def test_times() -> None:
    """Start of each test and of the stream, its end, durations in ms."""
    sink = events(
        line("start", Time="2026-01-01T00:00:00Z"),
        line("run", "TestA", Time="2026-01-01T00:00:01.5+00:00"),
        line("pass", "TestA", Elapsed=0.25),
        line("pass", Time="2026-01-01T00:00:03Z", Elapsed=3.0),
    )
    assert sink.cases == [CaseAttempt("p", "TestA", PASSED, 250, 1767225601500)]
    assert (sink.known.start_ms, sink.known.end_ms) == (1767225600000, 1767225603000)


def test_attributes_and_artifacts() -> None:
    """`t.Attr` declares services and links, `-artifacts` names a folder."""
    sink = events(
        line("run", "TestA"),
        line("attr", "TestA", Key="service.peer.name", Value="payments"),
        line("attr", "TestA", Key="peer.service", Value="stock"),
        line("attr", "TestA", Key="log_url", Value="https://logs/1"),
        line("attr", "TestA", Key="colour", Value="red"),
        line("artifacts", "TestA", Path="out/TestA"),
        line("pass", "TestA"),
    )
    assert sink.cases[0].services == ("payments", "stock")
    assert sink.cases[0].links == (Link("log", "https://logs/1"), Link("attachment", "out/TestA"))


def test_a_stream_that_stops_is_incomplete() -> None:
    """The test that was running is red, and the run is known to lack results."""
    sink = events(
        line("run", "TestA"), line("pass", "TestA"), line("run", "TestB"), line("output", "TestB", Output="x")
    )
    assert sink.outcomes == "pe"
    assert failure(sink.cases[1]).message == "the output ends before this test does"
    assert sink.known.state == RunState.INCOMPLETE


def test_a_build_that_failed_for_no_package_is_red() -> None:
    """A silent zero would hide it."""
    sink = events(
        {"ImportPath": "a/b [a/b.test]", "Action": "build-output", "Output": "# a/b\nx.go:1: no\n"},
        {"ImportPath": "a/b [a/b.test]", "Action": "build-fail"},
    )
    assert [(case.classname, case.name, case.outcome) for case in sink.cases] == [("a/b", "[build failed]", ERRORED)]


def test_a_package_that_fails_after_green_tests_is_red() -> None:
    """Coverage thresholds, `os.Exit` after the tests, a race outside of them."""
    sink = events(line("run", "TestA"), line("pass", "TestA"), line("output", Output="too little\n"), line("fail"))
    assert [(case.name, case.outcome) for case in sink.cases] == [("TestA", PASSED), ("Failure", ERRORED)]
    assert failure(sink.cases[1]).message == "too little"


def test_a_test_that_prints_panic_and_goes_on_is_not_blamed() -> None:
    """Only a binary that died has panicked."""
    sink = events(
        line("run", "TestA"), line("output", "TestA", Output="panic: expected\n"), line("pass", "TestA"),
        line("run", "TestB"), line("output", "TestB", Output="    b_test.go:3: no\n"), line("fail", "TestB"),
        line("fail"),
    )  # fmt: skip
    assert sink.outcomes == "pf"
    assert failure(sink.cases[1]).message == "no"


def test_a_test_that_panics_and_passes_is_red() -> None:
    """Go 1.14 sends a pass for it, and a time-out can come just behind the test's end."""
    sink = events(
        line("run", "TestA"), line("output", "TestA", Output="panic: no\n"),
        line("output", "TestA", Output="\n"), line("output", "TestA", Output="goroutine 7 [running]:\n"),
        line("output", "TestA", Output="p.TestA(0x1)\n"), line("pass", "TestA"), line("fail"),
    )  # fmt: skip
    assert [(case.name, case.outcome, failure(case).message) for case in sink.cases] == [("TestA", ERRORED, "no")]


def test_package_named_by_its_last_line() -> None:
    """`go tool test2json` without `-p` gives events without a package."""
    sink = events(
        {"Action": "run", "Test": "TestA"}, {"Action": "pass", "Test": "TestA"},
        {"Action": "output", "Output": "ok  \texample.com/a\t0.1s\n"}, {"Action": "pass"},
    )  # fmt: skip
    assert sink.cases[0].classname == "example.com/a"


def test_utf16_and_byte_order_marks() -> None:
    """PowerShell's `>` writes UTF-16."""
    text = "".join(json.dumps(event) + "\r\n" for event in (line("run", "TestÄ"), line("pass", "TestÄ")))
    for data in (text.encode("utf-16"), text.encode("utf-16-be"), text.encode("utf-8-sig")):
        assert collect(gotest.read, data).cases == [CaseAttempt("p", "TestÄ", PASSED)]


@pytest.mark.parametrize("name", ["go1.27.jsonl", "go1.19.jsonl", "rerun.jsonl"])
def test_every_cut_is_refused_or_said(name: str) -> None:
    """A stream cut inside a line says so; cut between lines, inside a package, its run is incomplete."""
    data = (GO / name).read_bytes()
    for at in range(0, len(data), max(1, len(data) // 200)):
        sink = CollectingSink()
        with contextlib.suppress(Refused):
            gotest.read(io.BytesIO(data[:at]), Limits(), sink)
            assert sink.warnings or sink.known.state is None
            assert sink.warnings or data[at - 1 : at + 1].count(b"\n")


def test_streams_without_events_are_refused() -> None:
    """With the reason."""
    for data, code in (("", "empty-file"), ("hello\n", "json-syntax"), ('{"a":1}\n', "schema")):
        with pytest.raises(Refused) as caught:
            collect(gotest.read, data)
        assert caught.value.code == code


def test_odd_fields_cost_their_event_only() -> None:
    """And are counted."""
    sink = collect(gotest.read, '{"Action":"run","Test":7}\n{"Action":"pass","Test":"TestA","Package":"p"}\n')
    assert sink.outcomes == "p"
    assert "unexpected type" in sink.warnings[0]


def test_texts() -> None:
    """Lines of output, one by one."""
    assert stated_end("--- PASS: TestA (0.50s)\n") == ("pass", "TestA", "0.50")
    assert stated_end("--- nothing") is None
    assert located("    a_test.go:3: \n") == ""
    assert located("TestA: a_test.go:3: x") is None
    testify = "    a_test.go:9: \n\tError Trace:\ta_test.go:9\n\tError:      \tNot equal: 1 2\n"
    assert failure_message(testify, "") == "Not equal: 1 2"
    assert benchmark_of("BenchmarkA \t") is None
    assert benchmark_of("   10\t 5 ns/op\n") == ""
    running = "panic: test timed out after 1s\nrunning tests:\n\tTestA/b (1s)\n\ngoroutine 1 [x]:\na.TestZ(1)\n"
    assert read_panic(running).culprits == {"TestA/b"}
    assert read_panic("fatal error: all goroutines are asleep - deadlock!\n").kind == "fatal error"


@pytest.mark.skipif(not SHARED.exists(), reason="no reports beside the checkout")
def test_gotestsum_reports() -> None:
    """Three tests that fail up to three times and pass in the end are flaky, not red."""
    data = (SHARED / "reports/gojson/gotestsum-go-test-json-flaky-rerun.out.jsonl").read_bytes()
    sink = collect(gotest.read, data)
    assert sorted(len(attempts) for attempts in sink.tests()) == [1, 1, 1, 2, 3, 4]
    assert sink.final_outcomes() == {"passed": 6}
