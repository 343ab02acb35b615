"""Playwright's JSON report becomes attempts, identity and warnings."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.formats import playwright
from ingest.limits import Limits
from ingest.model import Failure, Link, Outcome, RunState
from tests.hostile_names import HOSTILE_NAMES
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

PASSED, FAILED, ERRORED, SKIPPED = Outcome
FOLDER = FIXTURES / "playwright"


def fixture(name: str) -> CollectingSink:
    """What one of the tool's own reports holds."""
    return collect(playwright.read, (FOLDER / name).read_bytes())


def document(*tests: dict[str, Any], **parts: Any) -> str:
    """A report with one spec `t` of one file that ran so."""
    suites = [{"title": "a.spec.ts", "file": "a.spec.ts", "specs": [{"title": "t", "tests": list(tests)}]}]
    return json.dumps({"config": {}, "suites": suites, "errors": [], **parts})


def ran(*statuses: str, project: str = "", expected: str = "passed", **fields: Any) -> dict[str, Any]:
    """One test with its tries."""
    results = [{"status": status, "retry": retry, "duration": 5, **fields} for retry, status in enumerate(statuses)]
    return {"projectName": project, "expectedStatus": expected, "results": results}


def test_the_tool_s_own_report() -> None:
    """Counted by hand: 22 tests in two projects and one error of a worker; Playwright states the same totals."""
    sink = fixture("report.json")
    assert sink.final_outcomes() == {"passed": 9, "failed": 5, "errored": 5, "skipped": 4}
    assert sink.warnings == []
    ends = {(test[0].classname, test[0].name): "".join(one.outcome.name[0] for one in test) for test in sink.tests()}
    basket, hooks = "[chromium] › basket.spec.js", "[chromium] › hooks.spec.js"
    assert ends[basket, "shows the total"] == ends["[tablet] › basket.spec.js", "shows the total"] == "P"
    assert ends[basket, "Warenkorb › mit Gutschein › rebate Grüße"] == "P"
    assert ends[basket, "Warenkorb › mit Gutschein › rebate 🐺"] == "FF"
    assert ends[basket, "Warenkorb › passes the second time"] == "FP"
    assert ends[basket, "Warenkorb › breaks on tablets"] == "P"
    assert ends["[tablet] › basket.spec.js", "Warenkorb › breaks on tablets"] == "FF"
    assert ends[basket, "takes too long"] == ends[basket, "breaks"] == "EE"
    assert ends[basket, "is known to fail"] == "P"
    assert ends[basket, "is expected to fail and passes"] == "FF"
    assert ends[basket, "is to be mended"] == ends[basket, "is skipped inside"] == "S"
    assert ends[hooks, "before all crashes › never starts"] == "EE"
    assert ends[hooks, "before all crashes › never starts either"] == "S"
    assert ends[hooks, "after all crashes › is the last one"] == "EE"
    assert (ends[hooks, "in a row › first"], ends[hooks, "in a row › next"]) == ("FF", "S")
    assert ends["[chromium] › worker.spec.js", "uses the queue"] == "P"
    assert ends["worker.spec.js", "(run)"] == "E"


def test_texts_links_and_services_of_the_own_report() -> None:
    """Class and message of the error, its stack, attachments, addresses and services of annotations."""
    sink = fixture("report.json")
    by_name = {(one.classname, one.name): one for one in sink.cases}
    broken = by_name["[chromium] › basket.spec.js", "breaks"]
    assert broken.failure is not None
    assert broken.failure[:2] == ("TypeError", "Cannot read properties of undefined (reading 'sum')")
    assert "/home/ci/shop/e2e/basket.spec.js" in broken.failure.text
    assert broken.file == "e2e/basket.spec.js"
    missed = by_name["[chromium] › basket.spec.js", "Warenkorb › finds no yes"]
    assert missed.services == ("payments",)
    assert missed.links[-1] == Link("url", "https://issues.example.test/7")
    assert missed.links[0].url.endswith("error-context.md")
    assert (missed.failure or Failure("", "", "")).message.startswith("expect(locator).toHaveText(expected) failed")
    slow = by_name["[chromium] › basket.spec.js", "takes too long"]
    assert (slow.failure or Failure("", "", "")).message == "Test timeout of 300ms exceeded."
    skipped = by_name["[chromium] › basket.spec.js", "is skipped inside"]
    assert skipped.failure == Failure("", "no payments here", "")


def test_identity_of_the_own_report() -> None:
    """Keys in the metadata, start and end; several projects are no variant."""
    known = fixture("report.json").known
    assert (known.environment, known.revision, known.variant) == ("staging", "c0ffee", None)
    assert (known.start_is_zoneless, known.start_is_estimated, known.state) == (False, None, None)
    assert known.start_ms is not None
    assert known.end_ms is not None
    assert 0 < known.end_ms - known.start_ms < 600_000


def test_one_project_is_the_variant_unless_it_is_a_shard() -> None:
    """Another shard of the same run may hold another project, and both must name a case alike."""
    alone = fixture("repeated.json")
    assert alone.known.variant == (("project", "chromium"),)
    assert alone.cases[0].classname == "basket.spec.js"
    shard = fixture("shard.json")
    assert (shard.known.shard_index, shard.known.shard_total, shard.known.variant) == (2, 3, None)
    assert {one.classname for one in shard.cases} == {"[chromium] › hooks.spec.js"}


def test_repeats_are_cases_of_their_own() -> None:
    """`--repeat-each` is no retry."""
    sink = fixture("repeated.json")
    assert sink.outcomes == "ppppffffpp"
    names = [test[0].name for test in sink.tests()]
    assert len(names) == len(set(names)) == 8
    assert "Warenkorb › mit Gutschein › rebate 🐺 (repeat 2)" in names


def test_a_file_that_cannot_be_loaded_is_red() -> None:
    """It has no test at all, so the error of the run stands for it."""
    sink = fixture("broken.json")
    assert [(one.classname, one.name, one.outcome) for one in sink.cases] == [
        ("syntax.spec.js", "(run)", ERRORED),
        ("playwright", "(run)", ERRORED),
    ]
    assert (sink.cases[0].failure or Failure("", "", "")).type == "SyntaxError"
    assert sink.cases[0].file == "broken/syntax.spec.js"


def test_a_run_that_was_stopped_is_incomplete() -> None:
    """Reaching `--max-failures` is no failure of its own."""
    sink = fixture("stopped.json")
    assert sorted((one.name, one.outcome) for one in sink.cases) == [
        ("fails soon", ERRORED),
        ("is interrupted", SKIPPED),
        ("is not reached", SKIPPED),
    ]
    assert sink.known.state == RunState.INCOMPLETE
    assert sink.warnings == ["the run was stopped early, at the number of failures that it allows"]


@pytest.mark.parametrize(
    ("test", "outcomes"),
    [
        (ran("passed"), "p"),
        (ran("failed", "passed"), "fp"),
        (ran("timedOut", "timedOut"), "ee"),
        (ran("failed", expected="failed"), "p"),
        (ran("passed", expected="failed"), "f"),
        (ran("timedOut", expected="failed"), "e"),
        (ran("skipped", expected="skipped"), "s"),
        (ran("skipped", "skipped"), "s"),
        (ran("failed", "interrupted"), "f"),
        (ran("interrupted"), "s"),
        (ran(), "s"),
        (ran("failed", error={"message": "Error: boom"}), "e"),
        (ran("failed", error={"message": "Error: expect(a).toBe(b)"}), "f"),
        (ran("failed", error={"message": "AssertionError [ERR_ASSERTION]: 1 == 2"}), "f"),
        (ran("failed", error={"value": "'thrown'"}), "e"),
        (ran("exploded"), "e"),
    ],
)
def test_a_try_is_judged_by_what_was_expected(test: dict[str, Any], outcomes: str) -> None:
    """Skipped and interrupted tries count only where nothing else happened."""
    sink = collect(playwright.read, document(test))
    assert sink.outcomes == outcomes
    assert [one.retry for one in sink.cases] == list(range(len(outcomes)))


def test_a_failure_without_text_gets_the_end_of_the_output() -> None:
    """The error stream first."""
    test = ran("failed", stdout=[{"text": "out"}], stderr=[{"text": "one "}, {"text": "two"}, {"buffer": "eA=="}])
    assert collect(playwright.read, document(test)).cases[0].failure == Failure("", "failed", "one two")


def test_tags_declare_services() -> None:
    """Beside annotations, which come first; written without the `@`."""
    test = ran("passed", annotations=[{"type": "peer.service", "description": "stock"}])
    report = json.loads(document(test))
    report["suites"][0]["specs"][0]["tags"] = ["slow", "service.peer.name=payments"]
    assert collect(playwright.read, json.dumps(report)).cases[0].services == ("stock", "payments")


def test_what_ci_and_git_say_is_taken() -> None:
    """Playwright records both by itself on a CI server; stated keys rank first."""
    metadata = {
        "ci": {"buildHref": "https://ci.test/7", "commitHash": "abc", "branch": "main"},
        "gitCommit": {"hash": "def"}, "vcs.ref.head.name": "release", "actualWorkers": 2,
    }  # fmt: skip
    known = collect(playwright.read, document(ran("passed"), config={"metadata": metadata})).known
    assert (known.url, known.revision, known.branch) == ("https://ci.test/7", "abc", "release")


def test_the_totals_are_compared() -> None:
    """Numbers come from the tests."""
    sink = collect(playwright.read, document(ran("passed"), stats={"expected": 2, "unexpected": 0}))
    assert sink.warnings == ["the report states 2 expected tests and holds 1"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_survive(name: str) -> None:
    """As written, except that half a character is replaced."""
    suites = [{"title": name, "specs": [{"title": name, "tests": [ran("failed", error={"message": name})]}]}]
    (attempt,) = collect(playwright.read, json.dumps({"suites": suites})).cases
    assert attempt.name == (name.replace("\ud800", "\ufffd") if name.strip() else "(no name)")


def test_nested_too_deeply_is_refused() -> None:
    """`limits.depth` holds for `describe` blocks."""
    suite: dict[str, Any] = {"title": "s"}
    for _ in range(150):
        suite = {"title": "s", "suites": [suite]}
    with pytest.raises(Refused) as caught:
        collect(playwright.read, json.dumps({"suites": [suite]}))
    assert caught.value.code == "json-depth"


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ('{"config":{}}', "schema", "suites"),
        ('{"suites":[{"specs":[{"tests":[]}]}]}', "schema", "$.suites[0].specs[0]"),
        ('{"suites":[{"specs":[{"title":"t","tests":[{"results":[{"status":1}]}]}]}]}', "schema", "status"),
        ("", "empty-file", ""),
    ],
)
def test_refusals_name_code_and_path(data: str, code: str, words: str) -> None:
    """A JSON path for a wrong shape."""
    with pytest.raises(Refused) as caught:
        collect(playwright.read, data)
    assert caught.value.code == code
    assert words in caught.value.reason


@pytest.mark.parametrize("name", ["report.json", "stopped.json"])
def test_every_cut_is_refused(name: str) -> None:
    """A report cut anywhere is never taken for a whole one."""
    data = (FOLDER / name).read_bytes().rstrip()
    for at in range(1, len(data), max(1, len(data) // 100)):
        with pytest.raises(Refused) as caught:
            playwright.read(io.BytesIO(data[:at]), Limits(), CollectingSink())
        assert caught.value.code == "json-truncated", at
