"""libtest's JSON events of Cargo 1.95 as it wrote them, and nextest's by hand after its `libtest-json` format."""

from __future__ import annotations

import json

import pytest

from ingest.errors import Refused
from ingest.formats import cargo
from ingest.model import RunState
from ingest.recognise import recognise
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

EVENTS = (FIXTURES / "cargo/libtest.jsonl").read_bytes()


def read(*events: dict[str, object]) -> CollectingSink:
    """What a stream of these events holds."""
    return collect(cargo.read, "".join(json.dumps(event) + "\n" for event in events))


def test_cargo() -> None:
    """Counted by hand in `make.sh`: three binaries, one of which aborts."""
    sink = collect(cargo.read, EVENTS)
    assert [(case.classname, case.name, case.outcome.name[0]) for case in sink.cases] == [
        ("shop", "tests::adds", "P"),
        ("shop", "tests::does_not_panic", "F"),
        ("shop", "tests::ignored", "S"),
        ("shop", "tests::panics_as_it_should", "P"),
        ("shop", "tests::returns_an_error", "F"),
        ("shop", "tests::totals", "F"),
        ("abort", "a_before", "P"),
        ("abort", "b_aborts", "E"),
        ("shop", "src/lib.rs - add", "P"),
    ]
    messages = [case.failure.message for case in sink.cases if case.failure]
    assert messages[1:] == [
        "no database",
        'Error: "bad price"',
        "assertion `left == right` failed: totals differ",
        "the test binary ended before this test did: signal: 6, SIGABRT: process abort signal",
    ]
    assert sink.known.state is None
    assert recognise(EVENTS, "x").format == "cargo"


def test_retries_of_nextest() -> None:
    """`#2` is the second attempt of the case before; class name: the binary."""
    end: dict[str, object] = {"type": "test", "name": "shop::shop$tests::a"}
    sink = read(end | {"event": "failed", "stdout": "x"}, end | {"event": "ok", "name": "shop::shop$tests::a#2"})
    assert [(case.classname, case.name, case.retry) for case in sink.cases] == [
        ("shop::shop", "tests::a", 0),
        ("shop::shop", "tests::a", 1),
    ]
    assert sink.outcomes == "fp"


def test_a_stream_that_stops() -> None:
    """What ran is red, and so is a binary that dies before its first test."""
    started: dict[str, object] = {"type": "suite", "event": "started", "test_count": 2}
    sink = read(started, {"type": "test", "event": "started", "name": "a"})
    assert (sink.outcomes, sink.known.state) == ("e", RunState.INCOMPLETE)
    assert read(started).cases[0].name == "(test binary)"


def test_old_panics_and_slow_tests() -> None:
    """Before Rust 1.73 the message stood in front; `timeout` is no end."""
    text = "thread 'a' panicked at 'boom', src/lib.rs:1:2\nnote: run with"
    sink = read(
        {"type": "test", "name": "a", "event": "timeout"},
        {"type": "test", "name": "a", "event": "failed", "stdout": text},
    )
    assert [case.failure and case.failure.message for case in sink.cases] == ["boom"]


def test_every_cut_is_refused_or_said() -> None:
    """Inside a line there is a warning; between the lines of a suite the run lacks results."""
    for at in range(0, len(EVENTS), 23):
        try:
            sink = collect(cargo.read, EVENTS[:at])
        except Refused:
            continue
        assert sink.warnings


def test_other_lines_are_refused() -> None:
    """With the reason."""
    with pytest.raises(Refused):
        collect(cargo.read, "running 1 test\n")
