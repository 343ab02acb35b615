"""The summary of k6 becomes attempts: checks and thresholds."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ingest.errors import Refused
from ingest.formats import k6
from ingest.limits import Limits
from ingest.model import Failure, Outcome
from tests.hostile_names import HOSTILE_NAMES
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

PASSED, FAILED, ERRORED, SKIPPED = Outcome
FOLDER = FIXTURES / "k6"
EXPECTED = {
    ("checks", "root check passes"): PASSED,
    ("Warenkorb", "Käse costs 3"): PASSED,
    ("Warenkorb", "fails every other time"): FAILED,
    ("Warenkorb › Rabatt 🐺", "never"): FAILED,
    ("Warenkorb › Rabatt 🐺", "status: is 200"): PASSED,
    ("Kasse", "never"): PASSED,
    ("thresholds", "basket_total avg<100"): PASSED,
    ("thresholds", "basket_total p(95)<1"): FAILED,
    ("thresholds", "checks rate>0.9"): FAILED,
    ("thresholds", "errors{flow:checkout} rate<0.1"): FAILED,
    ("thresholds", "orders count>=4"): PASSED,
}
"""As k6 itself printed them: 6 checks, of which 2 failed at times; 5 thresholds, of which 3 were crossed."""


def fixture(name: str) -> CollectingSink:
    """What one of the tool's own summaries holds."""
    return collect(k6.read, (FOLDER / name).read_bytes())


def document(**metrics: Any) -> str:
    """A summary of one iteration."""
    return json.dumps({"root_group": {"name": ""}, "metrics": {"iterations": {"count": 1}, **metrics}})


@pytest.mark.parametrize("name", ["export.json", "handle.json", "export-teardown.json", "handle-iteration.json"])
def test_both_shapes_say_the_same(name: str) -> None:
    """An export writes true for a crossed threshold, `handleSummary` gets `ok`."""
    sink = fixture(name)
    assert {(one.classname, one.name): one.outcome for one in sink.cases} == EXPECTED
    assert len(sink.cases) == len(EXPECTED)
    assert sink.warnings == []


def test_a_failed_check_says_how_often() -> None:
    """Failed of all; a crossed threshold shows the values of its metric."""
    cases = {(one.classname, one.name): one.failure for one in fixture("handle.json").cases}
    assert cases["Warenkorb", "fails every other time"] == Failure(
        "", "check failed: fails every other time, 2 of 4 times", ""
    )
    crossed = cases["thresholds", "checks rate>0.9"] or Failure("", "", "")
    assert crossed == Failure("", "threshold crossed: checks rate>0.9", "rate = 0.75\npasses = 18\nfails = 6")


@pytest.mark.parametrize("name", ["export-setup.json", "handle-setup.json"])
def test_a_run_without_an_iteration_is_red(name: str) -> None:
    """setup() threw: no check was made, and most thresholds hold of nothing."""
    sink = fixture(name)
    assert sink.outcomes == "ppppfe"
    assert (sink.cases[-1].classname, sink.cases[-1].name, sink.cases[-1].outcome) == ("k6", "(run)", ERRORED)


@pytest.mark.parametrize(
    ("state", "outcomes"), [(True, "f"), (False, "p"), ({"ok": True}, "p"), ({"ok": False}, "f"), ({}, "p"), (1, "")]
)
def test_what_a_threshold_says(state: Any, outcomes: str) -> None:
    """Anything else is a warning."""
    sink = collect(k6.read, document(m={"thresholds": {"rate<1": state}}))
    assert sink.outcomes == outcomes
    assert bool(sink.warnings) == (not outcomes)


@pytest.mark.parametrize("name", HOSTILE_NAMES)
def test_hostile_names_survive(name: str) -> None:
    """As written, except that half a character is replaced."""
    group = {"name": "", "checks": [{"name": name, "passes": 1, "fails": 1}], "groups": {}}
    sink = collect(k6.read, json.dumps({"metrics": {"iterations": {}}, "root_group": group}))
    assert sink.cases[0].name == (name.replace("\ud800", "\ufffd") if name.strip() else "(no name)")


@pytest.mark.parametrize(
    ("data", "code", "words"),
    [
        ('{"root_group":{}}', "schema", "metrics"),
        ('{"metrics":{},"root_group":{"checks":[{"name":"c","fails":"x"}]}}', "schema", "fails"),
        ("", "empty-file", ""),
    ],
)
def test_refusals_name_code_and_path(data: str, code: str, words: str) -> None:
    """A JSON path for a wrong shape."""
    with pytest.raises(Refused) as caught:
        collect(k6.read, data)
    assert caught.value.code == code
    assert words in caught.value.reason


def test_groups_nested_too_deeply_are_refused() -> None:
    """`limits.depth` holds for them."""
    group: dict[str, Any] = {"name": "g"}
    for _ in range(150):
        group = {"name": "g", "groups": [group]}
    with pytest.raises(Refused) as caught:
        collect(k6.read, json.dumps({"metrics": {}, "root_group": group}))
    assert caught.value.code == "json-depth"


@pytest.mark.parametrize("name", ["export.json", "handle.json"])
def test_every_cut_is_refused(name: str) -> None:
    """A summary cut anywhere is never taken for a whole one."""
    data = (FOLDER / name).read_bytes().rstrip()
    for at in range(1, len(data), max(1, len(data) // 100)):
        with pytest.raises(Refused) as caught:
            k6.read(io.BytesIO(data[:at]), Limits(), CollectingSink())
        assert caught.value.code in ("json-truncated", "json-syntax"), at  # the latter inside a number
