"""Dart's and Flutter's test events, by hand after the protocol 0.1.1 of package:test (`json_reporter.md`)."""

from __future__ import annotations

import json

import pytest

from ingest.errors import Refused
from ingest.formats import dart
from ingest.model import CaseAttempt, Failure, Outcome, RunState
from tests.ingest.formats.collecting import SHARED, CollectingSink, collect

START: dict[str, object] = {"protocolVersion": "0.1.1", "runnerVersion": "1.25.8", "pid": 1, "type": "start", "time": 0}
DONE: dict[str, object] = {"success": True, "type": "done", "time": 900}


def suite(number: int, path: str, platform: str = "vm") -> dict[str, object]:
    """A suite event."""
    return {"suite": {"id": number, "platform": platform, "path": path}, "type": "suite", "time": 0}


def group(number: int, name: str, parent: int | None = None) -> dict[str, object]:
    """A group event."""
    return {"group": {"id": number, "suiteID": 0, "parentID": parent, "name": name}, "type": "group", "time": 1}


def begin(number: int, name: str, groups: tuple[int, ...] = (), suite_id: int = 0) -> dict[str, object]:
    """The beginning of a test, at ten times its number."""
    body = {"id": number, "name": name, "suiteID": suite_id, "groupIDs": groups, "metadata": {"skip": False}}
    return {"test": body, "type": "testStart", "time": number * 10}


def done(number: int, result: str = "success", **more: object) -> dict[str, object]:
    """The end of a test, 5 ms after its beginning."""
    end = {"testID": number, "result": result, "skipped": False, "hidden": False, "type": "testDone"}
    return end | {"time": number * 10 + 5} | more


def error(number: int, text: str, is_failure: bool = True) -> dict[str, object]:
    """An error event."""
    return {"testID": number, "error": text, "stackTrace": "a.dart 1:1", "isFailure": is_failure, "type": "error"}


def say(number: int, message: str) -> dict[str, object]:
    """A line that a test or the runner prints."""
    return {"testID": number, "messageType": "print", "message": message, "type": "print"}


def read(*events: dict[str, object]) -> CollectingSink:
    """What a stream of these events holds."""
    return collect(dart.read, "".join(json.dumps(event) + "\n" for event in (START, *events)))


def test_names_and_ends() -> None:
    """Groups are parts of the name, once each; hidden tests count for nothing."""
    sink = read(
        suite(0, "/home/me/shop/test/cart_test.dart"), begin(1, "loading /home/me/shop/test/cart_test.dart"),
        done(1, hidden=True), group(2, ""), group(3, "cart", 2), group(4, "cart größe", 3),
        begin(5, "cart größe adds", (2, 3, 4)), done(5), begin(6, "cart fails", (2, 3)), error(6, "Expected: 1"),
        done(6, "failure"), begin(7, "throws", (2,)), error(7, "StateError: no", False), done(7, "error"),
        begin(8, "later", (2,)), say(8, "Skip: not yet"), done(8, skipped=True), DONE,
    )  # fmt: skip
    where = "test/cart_test.dart"
    assert sink.cases == [
        CaseAttempt(where, "cart > größe > adds", Outcome.PASSED, 5, file=where),
        CaseAttempt(where, "cart > fails", Outcome.FAILED, 5, None,
                    Failure("", "Expected: 1", "Expected: 1\na.dart 1:1"), where),
        CaseAttempt(where, "throws", Outcome.ERRORED, 5, None,
                    Failure("StateError", "StateError: no", "StateError: no\na.dart 1:1"), where),
        CaseAttempt(where, "later", Outcome.SKIPPED, 5, None, Failure("", "not yet", ""), where),
    ]  # fmt: skip
    assert (sink.known.variant, sink.known.state, sink.warnings) == (None, None, [])


def test_a_suite_that_cannot_be_loaded_is_red() -> None:
    """Its loading is no longer hidden then; so is a broken set-up."""
    sink = read(
        suite(0, "test/a_test.dart"), begin(1, "loading test/a_test.dart"), error(1, "Failed to load", False),
        done(1, "error"), begin(2, "(setUpAll)"), error(2, "no database", False), done(2, "error"), DONE,
    )  # fmt: skip
    assert [(case.classname, case.name) for case in sink.cases] == [
        ("test/a_test.dart", "loading"),
        ("test/a_test.dart", "(setUpAll)"),
    ]
    assert sink.outcomes == "ee"


def test_an_error_after_the_end_makes_a_test_red() -> None:
    """A future that was not awaited."""
    assert read(begin(1, "a"), done(1), error(1, "late", False), DONE).outcomes == "e"
    assert read(begin(1, "a"), done(1), error(1, "late"), DONE).outcomes == "f"


def test_retries() -> None:
    """The runner says so between the attempts."""
    sink = read(
        begin(1, "a"), error(1, "first"), say(1, "Retry: a"), error(1, "second"), say(1, "Retry: a"), done(1), DONE
    )
    assert [(case.retry, case.outcome.name, case.failure and case.failure.message) for case in sink.cases] == [
        (0, "FAILED", "first"), (1, "FAILED", "second"), (2, "PASSED", None),
    ]  # fmt: skip


def test_platforms() -> None:
    """One shared platform is the variant; of several, those that are not the virtual machine name the class."""
    sink = read(suite(0, "a.dart", "chrome"), begin(1, "a"), done(1), DONE)
    assert (sink.known.variant, sink.cases[0].classname) == ((("platform", "chrome"),), "a.dart")
    sink = read(
        suite(0, "a.dart", "chrome"), suite(1, "a.dart"), begin(1, "a"), done(1), begin(2, "a", (), 1), done(2), DONE
    )
    assert (sink.known.variant, [case.classname for case in sink.cases]) == (None, ["a.dart [chrome]", "a.dart"])


def test_a_run_that_breaks_off() -> None:
    """The test that ran is red, the run lacks results."""
    sink = read(begin(1, "a"), done(1), begin(2, "b"))
    assert sink.outcomes == "pe"
    assert sink.known.state == RunState.INCOMPLETE
    assert len(sink.warnings) == 1


def test_a_run_that_failed_without_a_red_test_is_red() -> None:
    """`done` says so."""
    sink = read(begin(1, "a"), done(1), {"success": False, "type": "done"})
    assert [(case.name, case.outcome) for case in sink.cases] == [("a", Outcome.PASSED), ("run", Outcome.ERRORED)]


def test_lines_between() -> None:
    """Flutter writes lists between the events, tools write what they like before them."""
    text = f"Resolving\n{json.dumps(START)}\n[{{}}]\n" + "".join(
        json.dumps(e) + "\n" for e in (begin(1, "a"), done(1), DONE)
    )
    assert collect(dart.read, text).outcomes == "p"


@pytest.mark.skipif(not SHARED.exists(), reason="no reports beside the checkout")
def test_every_cut_is_refused_or_said() -> None:
    """The run lacks results, and says so."""
    data = (SHARED / "reports/dorny/dart-json.json").read_bytes()
    for at in range(0, len(data) - 2, 13):
        try:
            sink = collect(dart.read, data[:at])
        except Refused:
            continue
        assert sink.warnings
        assert sink.known.state == RunState.INCOMPLETE
