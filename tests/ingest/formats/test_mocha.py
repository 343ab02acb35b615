"""Mocha JSON and mochawesome: the rules of both modules, on what the tools wrote and on small made-up documents."""

from __future__ import annotations

import io
import json
from datetime import datetime
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.formats import mocha, mochawesome
from ingest.formats.sink import FormatReader
from ingest.limits import Limits
from ingest.model import CaseAttempt, Link, Outcome
from ingest.recognise import Kind, recognise
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

MOCHA = (FIXTURES / "mocha/report.json").read_bytes()
OLD = (FIXTURES / "mocha/report-2.2.json").read_bytes()
AWESOME = (FIXTURES / "mocha/mochawesome.json").read_bytes()
MERGED = (FIXTURES / "mocha/mochawesome-merged.json").read_bytes()


def entry(title: str, **given: Any) -> dict[str, Any]:
    """An entry of a list of Mocha's report."""
    return {"title": title, "fullTitle": f"cart {title}", "duration": 3, "err": {}, **given}


def read(tests: list[dict[str, Any]] | None, **lists: list[dict[str, Any]]) -> CollectingSink:
    """A Mocha report with these entries."""
    return collect(mocha.read, json.dumps({"stats": {"passes": 0}, "tests": tests, **lists}))


def awesome(*tests: dict[str, Any], **suite: Any) -> CollectingSink:
    """A mochawesome report of one suite."""
    inner = {"title": "cart", "tests": tests, "suites": [], "beforeHooks": [], "afterHooks": [], **suite}
    root = {"title": "", "root": True, "file": "", "tests": [], "suites": [inner]}
    return collect(mochawesome.read, json.dumps({"stats": {}, "results": [root, None]}))


def errored(sink: CollectingSink) -> list[tuple[str, str]]:
    """Class and name of the errored attempts."""
    return [(attempt.classname, attempt.name) for attempt in sink.cases if attempt.outcome is Outcome.ERRORED]


def one(sink: CollectingSink, name: str) -> list[CaseAttempt]:
    """The attempts of a case."""
    return [attempt for attempt in sink.cases if attempt.name == name]


def test_mocha_counts() -> None:
    """17 tests: 3 pending and 8 of the 11 failures; the other 3 failures are hooks, which Mocha lists as no test.

    Mocha states 7 passes: `calls back twice` is among them and among the failures, and has failed.
    """
    sink = collect(mocha.read, MOCHA)
    assert sink.final_outcomes() == {"passed": 6, "failed": 8, "skipped": 3, "errored": 3}
    assert sink.warnings == []
    stats = json.loads(MOCHA)["stats"]
    assert sink.known.start_ms == round(datetime.fromisoformat(stats["start"]).timestamp() * 1000)
    assert sink.known.start_is_zoneless is False


def test_mochawesome_counts() -> None:
    """21 tests: 6 passed, 8 failed, 3 pending, 4 never reached; and 3 failed hooks."""
    sink = collect(mochawesome.read, AWESOME)
    assert sink.final_outcomes() == {"passed": 6, "failed": 8, "skipped": 7, "errored": 3}
    assert sink.warnings == []


def test_merged_counts() -> None:
    """Two reports in one: 12 tests, 3 passed, 2 failed, 3 pending, 4 never reached; and 3 failed hooks."""
    sink = collect(mochawesome.read, MERGED)
    assert sink.final_outcomes() == {"passed": 3, "failed": 2, "skipped": 7, "errored": 3}
    assert {attempt.file for attempt in sink.cases} == {"test/hooks.spec.js", "test/known.spec.js"}


@pytest.mark.parametrize(("reader", "data"), [(mocha.read, MOCHA), (mochawesome.read, AWESOME)])
def test_hooks_never_vanish(reader: FormatReader, data: bytes) -> None:
    """Each is an errored case of its suite, without the case that happened to come first or last."""
    sink = collect(reader, data)
    assert errored(sink) == [
        ("test/hooks.spec.js > database", '"before all" hook: connect'),
        ("test/hooks.spec.js > queue", '"after all" hook'),
        ("test/hooks.spec.js > cache", '"before each" hook for "empties"'),
    ]
    failure = next(attempt.failure for attempt in sink.cases if attempt.outcome is Outcome.ERRORED)
    assert failure is not None
    assert failure[:2] == ("Error", "no connection to db:5432")


def test_retries_of_mocha() -> None:
    """`currentRetry: 2` are two failed attempts before the one that is told."""
    sink = collect(mocha.read, MOCHA)
    assert [attempt.outcome for attempt in one(sink, "passes at the third try")] == [
        Outcome.FAILED,
        Outcome.FAILED,
        Outcome.PASSED,
    ]
    assert [attempt.retry for attempt in one(sink, "never passes")] == [0, 1, 2]
    assert len(read([entry("a", currentRetry=10**12)], failures=[]).cases) == 101


def test_a_version_that_tells_neither_files_nor_retries() -> None:
    """Mocha 2.2: 8 tests, 3 pending, 3 passed, 2 failed; and 3 failed hooks."""
    sink = collect(mocha.read, OLD)
    assert sink.final_outcomes() == {"passed": 3, "failed": 2, "skipped": 3, "errored": 3}
    assert [(attempt.classname, attempt.name) for attempt in sink.cases[4:6]] == [
        ("", "ünïcödé 测试 🐺"),
        ("queue", "sends"),
    ]
    assert {attempt.file for attempt in sink.cases} == {None}


def test_the_lists_say_how_a_case_ended() -> None:
    """Of cases with one name, those that state an error failed, else the last; without lists, `err` says it."""
    twice = [entry("a", err={"message": "x"}), entry("a")]
    assert read(twice, failures=twice[:1], pending=[], passes=twice[1:]).outcomes == "fp"
    assert read([entry("a"), entry("a")], failures=[entry("a")], pending=[entry("b")]).outcomes == "pf"
    assert read([entry("a"), entry("b")], failures=[], pending=[entry("b")]).outcomes == "ps"
    assert read(twice).outcomes == "fp"
    assert read([entry("a") | {"title": None, "fullTitle": None, "file": None}]).cases[0][:2] == ("", "(no name)")
    assert read(None, failures=[entry("a")], pending=[entry("b")], passes=[entry("c")]).outcomes == "pfs"


def test_failures() -> None:
    """Class from the stack, message as stated; an error that is no object is its text."""
    sink = collect(mocha.read, MOCHA)
    failure = one(sink, "rounds halves up")[0].failure
    assert failure is not None
    assert failure[:2] == ("AssertionError", "Expected values to be strictly equal:\n\n2 !== 3")
    assert "test/cart/totals.spec.js:5:39" in failure.text
    texts = [read([entry("a", err=err)]).cases[0].failure for err in ({"name": "E", "message": "m"}, "plain", [1], 7)]
    assert [text and text[:2] for text in texts] == [("E", "m"), ("", "plain"), ("", "[1]"), ("", "7")]


def test_failures_of_mochawesome_show_the_difference() -> None:
    """Expected and actual value stand after the stack."""
    failure = one(collect(mochawesome.read, AWESOME), "1 + 1 is 3")[0].failure
    assert failure is not None
    assert failure[:2] == ("AssertionError", "2 == 3")
    assert failure.text.endswith("- 2\n+ 3\n")


def test_context() -> None:
    """Titled values name services and links, the rest are addresses and files; a picture inside the report is none."""
    (pictures,) = one(collect(mochawesome.read, AWESOME), "shows pictures")
    assert pictures.services == ("payments",)
    assert pictures.links == (Link("attachment", "shots/cart.png"), Link("url", "https://logs.example/run/7"))
    contexts = [
        "data:image/png;base64,aaaa.png",
        json.dumps({"title": "shots", "value": ["a.png", "b.mp4"]}),
        "{",
        None,
        7,
    ]
    found = [awesome({"title": "a", "pass": True, "context": context}).cases[0].links for context in contexts]
    assert found == [(), (Link("attachment", "a.png"), Link("attachment", "b.mp4")), (), (), ()]


def test_states_of_mochawesome() -> None:
    """Flags or state say how a case ended; neither is errored, and said. Hooks count only when they failed."""
    sink = awesome(
        {"title": "a", "state": "passed"},
        {"title": "b", "fail": True},
        {"title": "c", "state": None, "skipped": True},
        {"title": "d"},
        beforeHooks=[{"title": "fine", "isHook": True, "state": "passed"}, {"title": "odd", "isHook": True}],
    )
    assert sink.outcomes == "pfse"
    assert sink.warnings == ["a test without a state counts as errored ('d')"]


def test_deep_suites_need_no_deep_stack() -> None:
    """Suites inside suites as deep as a document may be."""
    suite: dict[str, Any] = {"title": "x", "tests": [{"title": "a", "pass": True}]}
    for _ in range(300):
        suite = {"title": "", "suites": [suite]}
    sink = collect(mochawesome.read, json.dumps({"stats": {}, "results": [suite]}))
    assert [attempt.classname for attempt in sink.cases] == ["x"]


@pytest.mark.parametrize(
    ("name", "reader", "data"),
    [("mocha", mocha.read, MOCHA), ("mocha", mocha.read, OLD), ("mochawesome", mochawesome.read, AWESOME),
     ("mochawesome", mochawesome.read, MERGED)],
)  # fmt: skip
def test_recognised_and_refused_when_cut(name: str, reader: FormatReader, data: bytes) -> None:
    """By its first keys, whatever the name; cut anywhere it is refused."""
    known = recognise(data[:65536], "x")
    assert (known.kind, known.format) == (Kind.REPORT, name)
    data = data.rstrip()
    for at in range(1, len(data), len(data) // 150):
        with pytest.raises(Refused) as caught:
            reader(io.BytesIO(data[:at]), Limits(), CollectingSink())
        assert caught.value.code == "json-truncated", at
