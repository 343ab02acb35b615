"""Cucumber's JSON report, in the dialects of its writers, becomes attempts."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.formats import cucumber
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome
from tests.hostile_names import HOSTILE_NAMES
from tests.ingest.formats.collecting import FIXTURES, SHARED, CollectingSink, collect

PASSED, FAILED, ERRORED, SKIPPED = Outcome
FOLDER = FIXTURES / "cucumber"
NAMELESS = Failure("", "", "")


def fixture(name: str) -> CollectingSink:
    """What a report of a tool holds."""
    return collect(cucumber.read, (FOLDER / name).read_bytes())


def by_name(sink: CollectingSink) -> dict[str, CaseAttempt]:
    """Last attempt of each name."""
    return {attempt.name: attempt for attempt in sink.cases}


def document(*elements: dict[str, Any], **feature: Any) -> str:
    """A report of one feature."""
    return json.dumps([{"uri": "a.feature", "name": "A", "elements": list(elements), **feature}])


def scenario(*statuses: str, name: str = "s", line: int = 3, **fields: Any) -> dict[str, Any]:
    """A scenario whose steps ended so."""
    steps = [{"keyword": "Given ", "name": f"step {status}", "result": {"status": status}} for status in statuses]
    return {"type": "scenario", "keyword": "Scenario", "name": name, "line": line, "steps": steps, **fields}


def test_cucumber_js() -> None:
    """Counted by hand: 16 scenarios; hooks are hidden steps, only the last attempt is written."""
    sink = fixture("js.json")
    assert sink.outcomes == "ppfpppeeesfeepfp"
    assert sink.warnings == []
    cases = by_name(sink)
    assert {attempt.classname for attempt in sink.cases} == {"Basket", "Warenkorb"}
    assert "bread costs 2#2" in cases
    assert cases["Käse costs 3"].services == ("payments",)
    assert cases["Ein leerer Korb"].file == "features/korb.feature"
    assert cases["Attaches"].links == (Link("url", "https://logs.example.test/1"),)
    wrong = cases["🐺 costs 4"].failure or NAMELESS
    assert wrong[:2] == ("AssertionError", "Expected values to be strictly equal:")
    assert wrong.text.startswith("Then the total is 5\nAssertionError")
    assert (
        cases["Nobody wrote the step"].failure or NAMELESS
    ).message == "undefined step: When I do what nobody defined"
    assert (cases["Two steps match"].failure or NAMELESS).message == "ambiguous step: When I have two steps"
    assert (cases["The step is pending"].failure or NAMELESS).message == "pending step: When I wait for the step"
    assert (cases["The before hook breaks"].failure or NAMELESS)[:2] == ("Error", "no scanner")
    assert (cases["The after hook breaks"].failure or NAMELESS).text.startswith("After\nError: cannot tidy up")
    slow = cases["Takes too long"]
    assert slow.duration_ms is not None
    assert 400 <= slow.duration_ms < 10_000


def test_cucumber_ruby() -> None:
    """A failed `Before` stands in the background before its scenario; an `AfterStep` below the step."""
    sink = fixture("ruby.json")
    assert sink.outcomes == "ppfeeeeesf"
    cases = by_name(sink)
    assert list(cases)[1:3] == ["Prices", "Prices#2"]
    assert (cases["Prices#2"].failure or NAMELESS)[:2] == ("RuntimeError", "4 is not 5")
    assert (cases["The before hook breaks"].failure or NAMELESS).message == "no scanner"
    assert (cases["The after-step hook breaks"].failure or NAMELESS).message == "no light"
    broken = cases["Käse 🐺"]
    assert (broken.classname, broken.failure and broken.failure.type) == ("Broken background", "ArgumentError")


def test_cucumber_jvm() -> None:
    """Backgrounds as elements, hooks beside the steps, a rerun, time stamps, a background without a scenario."""
    sink = fixture("jvm.json")
    assert [(one.name, one.outcome, one.retry) for one in sink.cases] == [
        ("Käse costs 3", FAILED, 0),
        ("Käse costs 3", PASSED, 1),
        ("Prices", ERRORED, 0),
        ("Prices#2", ERRORED, 0),
        ("(background)", ERRORED, 0),
    ]
    first = sink.cases[0]
    assert (first.file, first.duration_ms, first.started_ms) == ("shop/basket.feature", 10, 1767607201250)
    assert (first.failure or NAMELESS)[:2] == ("org.opentest4j.AssertionFailedError", "expected: <3> but was: <4>")
    assert (sink.known.start_ms, sink.known.start_is_zoneless) == (1767607201250, False)


def test_behave() -> None:
    """Seconds, places instead of lines, tags as text; failed hooks are told by a status only."""
    sink = fixture("behave.json")
    assert sink.outcomes == "ppfeepeesee"
    cases = by_name(sink)
    assert (cases["Prices -- @1.2"].failure or NAMELESS).message == "ASSERT FAILED: 4 is not 5"
    assert cases["Prices -- @1.2"].file == "features/basket.feature"
    assert cases["Prices -- @1.2"].services == ("payments",)
    assert cases["The before hook breaks"].outcome == cases["The after hook breaks"].outcome == ERRORED
    assert (sink.cases[-1].classname, sink.cases[-1].name) == ("Closed", "(feature)")


@pytest.mark.parametrize(
    ("statuses", "outcome"),
    [
        ((), PASSED),
        (("passed", "passed"), PASSED),
        (("passed", "failed", "skipped"), FAILED),
        (("passed", "skipped"), SKIPPED),
        (("Passed", "FAILED"), FAILED),
        (("undefined", "skipped"), ERRORED),
        (("passed", "ambiguous"), ERRORED),
        (("pending",), ERRORED),
        (("untested",), SKIPPED),
        (("unknown",), ERRORED),
        (("",), PASSED),
    ],
)
def test_the_first_result_that_is_not_passed_decides(statuses: tuple[str, ...], outcome: Outcome) -> None:
    """Cucumber leaves out the steps after it."""
    assert collect(cucumber.read, document(scenario(*statuses))).cases[0].outcome == outcome


@pytest.mark.parametrize("where", ["before", "after"])
def test_a_failed_hook_fails_its_scenario(where: str) -> None:
    """Of the scenario and of a step, with the message of the hook."""
    hook = [{"result": {"status": "failed", "error_message": "java.io.IOException: down\n\tat a.B.c(B.java:1)"}}]
    step = {"keyword": "Given ", "name": "a", "result": {"status": "passed"}, where: hook}
    for element in (scenario("passed") | {where: hook}, scenario(steps=[step])):
        (attempt,) = collect(cucumber.read, document(element)).cases
        assert attempt.outcome == ERRORED
        assert (attempt.failure or NAMELESS)[:2] == ("java.io.IOException", "down")


def test_a_background_belongs_to_the_next_scenario() -> None:
    """Its failure, its durations; not to the one after that."""
    background = {"type": "background", "steps": [{"result": {"status": "failed", "duration": 2_000_000}}]}
    sink = collect(cucumber.read, document(background, scenario("skipped"), scenario("passed", line=9)))
    assert sink.outcomes == "fp"
    assert sink.cases[0].duration_ms == 2


def test_rows_of_an_outline_are_cases_and_a_rerun_is_an_attempt() -> None:
    """What stands in another line is another case, though its name be the same."""
    rows = [scenario("failed", line=8), scenario("passed", line=9), scenario("passed", line=8)]
    sink = collect(cucumber.read, document(*rows))
    assert [(one.name, one.outcome, one.retry) for one in sink.cases] == [
        ("s", FAILED, 0),
        ("s", PASSED, 1),
        ("s#2", PASSED, 0),
    ]


def test_browsers_of_launchers_are_told_apart() -> None:
    """One browser is the variant; several start the class names, without versions."""
    firefox, chrome = ({"browser": {"name": name, "version": "129"}, "device": "d"} for name in ("firefox", "chrome"))
    alone = collect(cucumber.read, document(scenario("passed"), metadata=firefox))
    assert alone.known.variant == (("browser", "firefox"), ("device", "d"))
    assert alone.cases[0].classname == "A"
    both = json.loads(document(scenario("failed"), metadata=firefox))
    both += json.loads(document(scenario("passed"), metadata=chrome))
    sink = collect(cucumber.read, json.dumps(both))
    assert [(one.classname, one.retry) for one in sink.cases] == [("[firefox, d] › A", 0), ("[chrome, d] › A", 0)]
    assert sink.known.variant is None


@pytest.mark.skipif(not SHARED.exists(), reason="no reports beside the checkout")
@pytest.mark.parametrize(
    ("name", "outcomes"),
    [
        ("suites-with-metadata", "pp"),
        ("test-with-before-and-after", "p"),
        ("test-with-invalid-attachments", "f"),
        ("test-with-skipped-steps", "f"),
    ],
)
def test_reports_of_test_results_reporter(name: str, outcomes: str) -> None:
    """Counted by hand; `expected.json` has no counts for these."""
    data = (SHARED / "reports" / "trr" / "cucumber" / f"{name}.json").read_bytes()
    assert collect(cucumber.read, data).outcomes == outcomes


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_survive(name: str) -> None:
    """As written without white space around it, except that half a character is replaced."""
    element = scenario(name=name, steps=[{"name": name, "result": {"status": "failed", "error_message": name}}])
    (attempt,) = collect(cucumber.read, document(element, name=name)).cases
    assert attempt.name == (name.replace("\ud800", "\ufffd").strip() or "(no name)")


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ('[{"elements":{}}]', "schema", "$[0].elements"),
        ('[{"elements":[{"steps":[{"result":{"status":1}}]}]}]', "schema", "status"),
        ('{"elements":[]}', "schema", "$"),
        ("", "empty-file", ""),
    ],
)
def test_refusals_name_code_and_path(data: str, code: str, words: str) -> None:
    """A JSON path for a wrong shape."""
    with pytest.raises(Refused) as caught:
        collect(cucumber.read, data)
    assert caught.value.code == code
    assert words in caught.value.reason


@pytest.mark.parametrize("name", ["js.json", "ruby.json", "jvm.json", "behave.json"])
def test_every_cut_is_refused(name: str) -> None:
    """A report cut anywhere is never taken for a whole one."""
    data = (FOLDER / name).read_bytes().rstrip()
    for at in range(1, len(data), max(1, len(data) // 60)):
        with pytest.raises(Refused) as caught:
            cucumber.read(io.BytesIO(data[:at]), Limits(), CollectingSink())
        assert caught.value.code == "json-truncated", at
