"""Newman's JSON report becomes attempts and identity."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.formats import newman
from ingest.limits import Limits
from ingest.model import Failure, Outcome
from tests.hostile_names import HOSTILE_NAMES
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

PASSED, FAILED, ERRORED, SKIPPED = Outcome
FOLDER = FIXTURES / "newman"


def fixture(name: str) -> CollectingSink:
    """What one of the tool's own reports holds."""
    return collect(newman.read, (FOLDER / name).read_bytes())


def document(*executions: dict[str, Any], **run: Any) -> str:
    """A report of a collection with one request in a folder."""
    items = [{"id": "f", "name": "Folder", "item": [{"id": "r", "name": "Request"}]}]
    collection = {"info": {"name": "Shop"}, "item": items}
    return json.dumps({"collection": collection, "run": {"executions": list(executions), **run}})


def execution(*assertions: dict[str, Any], iteration: int = 0, cycles: int = 1, **fields: Any) -> dict[str, Any]:
    """One answered request."""
    cursor = {"iteration": iteration, "cycles": cycles, "position": 0}
    return {"cursor": cursor, "item": {"id": "r", "name": "Request"}, "assertions": list(assertions), **fields}


def test_the_tool_s_own_report() -> None:
    """Counted by hand: 9 requests, 4 without an answer or with a script that threw, 10 assertions; 10 failures."""
    sink = fixture("report.json")
    assert sink.final_outcomes() == {"passed": 8, "failed": 4, "errored": 6, "skipped": 1}
    assert sink.warnings == []
    ends = {(one.classname, one.name): one for one in sink.cases}
    assert len(ends) == 19
    total = "Shop / Basket / Totals / Read the total"
    assert ends[total, "(request)"].outcome == ends[total, "status is 200"].outcome == PASSED
    assert ends[total, "(request)"].duration_ms is not None
    assert ends[total, "name is Grüße 🐺"].outcome == FAILED
    assert ends[total, "reads a field"].outcome == ERRORED
    assert ends[total, "is skipped"].outcome == SKIPPED
    wrong = ends[total, "name is Grüße 🐺"].failure or Failure("", "", "")
    assert wrong[:2] == ("AssertionError", "expected 'Käse 🐺' to deeply equal 'Grüße 🐺'")
    assert "sandbox-script.js" in wrong.text
    assert ends["Shop / Read the total", "status is 200"].outcome == PASSED
    assert ends["Shop / Read the total", "status is 200#2"].outcome == FAILED
    silent = ("No such port", "Takes too long", "Is dropped", "Script breaks", "Pre-request script breaks")
    broken = {name: ends[f"Shop / {name}", "(request)"].failure for name in silent}
    assert {name: failure and failure[:2] for name, failure in broken.items()} == {
        "No such port": ("Error", "connect ECONNREFUSED 127.0.0.1:1"),
        "Takes too long": ("Error", "ESOCKETTIMEDOUT"),
        "Is dropped": ("Error", "socket hang up"),
        "Script breaks": ("ReferenceError", "undefinedThing is not defined"),
        "Pre-request script breaks": ("TypeError", "no token"),
    }
    assert ends["Shop / No such port", "answers"].outcome == FAILED
    assert ends["Shop / Tests nothing", "(request)"].outcome == PASSED


def test_identity_of_the_own_report() -> None:
    """The environment that was chosen, start and end; the collection is no pipeline."""
    known = fixture("report.json").known
    assert (known.environment, known.pipeline, known.start_is_zoneless) == ("staging", None, False)
    assert known.start_ms is not None
    assert known.end_ms is not None
    assert 0 < known.end_ms - known.start_ms < 60_000


def test_iterations_are_cases() -> None:
    """Rows of data, of which one failed and the next passed, are no attempts of each other."""
    sink = fixture("rows.json")
    assert [(one.name, one.outcome, one.retry) for one in sink.cases] == [
        ("(request) [iteration 1]", PASSED, 0),
        ("row is even [iteration 1]", FAILED, 0),
        ("(request) [iteration 2]", PASSED, 0),
        ("row is even [iteration 2]", PASSED, 0),
    ]


def test_a_request_that_is_sent_again_is_another_case() -> None:
    """`setNextRequest` loops: Newman counts each failure."""
    bad = {"assertion": "ready", "error": {"name": "AssertionError", "message": "no"}}
    sink = collect(newman.read, document(execution(bad), execution({"assertion": "ready"})))
    assert [one.name for one in sink.cases] == ["(request)", "ready", "(request)#2", "ready#2"]
    assert sink.outcomes == "pfpp"
    assert {one.classname for one in sink.cases} == {"Shop / Folder / Request"}


def test_a_request_without_an_answer_and_a_script_that_threw_are_one_case() -> None:
    """The first names the failure; the texts of all are kept."""
    script = [{}, {"error": {"name": "ReferenceError", "message": "x", "stack": "at x"}}]
    one = execution(requestError={"code": "ECONNRESET"}, testScript=script)
    (attempt,) = collect(newman.read, document(one)).cases
    assert (attempt.name, attempt.outcome) == ("(request)", ERRORED)
    assert attempt.failure == Failure("", "ECONNRESET", "ECONNRESET\n\nat x")


@pytest.mark.parametrize("error", ["could not load", {"name": "Error", "message": "could not load"}])
def test_a_run_that_broke_off_is_red(error: Any) -> None:
    """It has perhaps no execution at all."""
    (attempt,) = collect(newman.read, document(error=error)).cases
    assert (attempt.classname, attempt.name, attempt.outcome) == ("Shop", "(run)", ERRORED)
    assert (attempt.failure or Failure("", "", "")).message == "could not load"


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_survive(name: str) -> None:
    """As written, except that half a character is replaced."""
    sink = collect(newman.read, document(execution({"assertion": name, "error": {"message": name}})))
    assert sink.cases[1].name == (name.replace("\ud800", "\ufffd") if name.strip() else "(no name)")


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ('{"collection":{"item":[]}}', "schema", "run"),
        ('{"run":{"executions":[{"assertions":[{"assertion":1}]}]}}', "schema", "$.run.executions[0].assertions[0]"),
        ("", "empty-file", ""),
    ],
)
def test_refusals_name_code_and_path(data: str, code: str, words: str) -> None:
    """A JSON path for a wrong shape; a collection alone is no report."""
    with pytest.raises(Refused) as caught:
        collect(newman.read, data)
    assert caught.value.code == code
    assert words in caught.value.reason


def test_folders_nested_too_deeply_are_refused() -> None:
    """`limits.depth` holds for them."""
    item: dict[str, Any] = {"name": "r"}
    for _ in range(150):
        item = {"name": "f", "item": [item]}
    with pytest.raises(Refused) as caught:
        collect(newman.read, json.dumps({"collection": {"item": [item]}, "run": {}}))
    assert caught.value.code == "json-depth"


def test_every_cut_is_refused() -> None:
    """A report cut anywhere is never taken for a whole one."""
    data = (FOLDER / "report.json").read_bytes().rstrip()
    for at in range(1, len(data), max(1, len(data) // 100)):
        with pytest.raises(Refused) as caught:
            newman.read(io.BytesIO(data[:at]), Limits(), CollectingSink())
        assert caught.value.code == "json-truncated", at
