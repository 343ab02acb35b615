"""Red now is what the last complete baseline run says; a run that did not finish says nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.settings import Settings
from store.connect import open_reader
from tests.story.stores import ingest
from tui.answers.basis import load_basis
from tui.answers.failures import answer_failures
from tui.answers.query import Query
from tui.answers.red import list_red_now
from tui.answers.tests import list_test_keys
from tui.times import parse_moment

Runs = Callable[..., Path]


@pytest.fixture
def runs(tmp_path: Path) -> Runs:
    """Ingest runs of one test, an hour apart: (red or not, more of its `run.json`) each."""

    def write(*told: tuple[bool, dict[str, object]]) -> Path:
        for n, (is_red, more) in enumerate(told):
            folder = tmp_path / "data" / str(n)
            folder.mkdir(parents=True)
            failure = '<failure message="no">no</failure>' if is_red else ""
            case = f'<testcase classname="C" name="pays" time="1">{failure}</testcase>'
            (folder / "report.xml").write_text(f'<testsuite name="s" tests="1">{case}</testsuite>', encoding="utf-8")
            start, end = (f"2026-03-01T{n:02d}:{minute}:00Z" for minute in ("00", "05"))
            known: dict[str, object] = {
                "cicd.pipeline.name": "suite",
                "cicd.pipeline.run.id": str(n),
                "start_time": start,
            }
            known |= {"end_time": end, "vcs.ref.head.name": "main", **more}
            (folder / "run.json").write_text(json.dumps(known), encoding="utf-8")
        ingest(tmp_path / "crywolf.db", tmp_path / "data")
        return tmp_path / "crywolf.db"

    return write


def red_runs(database: Path, at: str | None = None) -> list[str]:
    """Runs of what is red now; the list, the set and the Tests screen agree."""
    connection = open_reader(database)
    query = Query(at=parse_moment(at) if at else None, settings=Settings())
    basis = load_basis(connection, query)
    assert basis is not None
    rows = answer_failures(connection, query).rows
    assert len(list_red_now(basis)) == len(rows)
    assert len(list_test_keys(connection, query).keys) >= len(rows)
    connection.close()
    return [row.run.run_id for row in rows]


INCOMPLETE: dict[str, object] = {"crywolf.run.state": "incomplete"}
UNMERGED: dict[str, object] = {"crywolf.run.trigger": "pre-merge", "vcs.ref.head.name": "feature"}


def test_incomplete_run_heals_nothing(runs: Runs) -> None:
    """It passed in a run that did not finish: the last complete one was red."""
    assert red_runs(runs((False, {}), (True, {}), (False, INCOMPLETE))) == ["1"]


def test_incomplete_run_breaks_nothing(runs: Runs) -> None:
    """It failed in a run that did not finish: the last complete one passed."""
    assert red_runs(runs((False, {}), (False, {}), (True, INCOMPLETE))) == []


def test_unmerged_code_and_reruns_decide_nothing(runs: Runs) -> None:
    """Neither a pre-merge run nor a second attempt is a baseline run."""
    database = runs((False, {}), (True, {}), (False, UNMERGED), (False, {"crywolf.run.attempt": 2}))
    assert red_runs(database) == ["1"]


def test_as_of_a_moment(runs: Runs) -> None:
    """Red while its last run that had ended was red; the run under way is not seen."""
    database = runs((False, {}), (True, {}), (False, {}))
    assert red_runs(database) == []
    assert red_runs(database, "2026-03-01T02:04:59Z") == ["1"]
    assert red_runs(database, "2026-03-01T02:05:00Z") == []
    assert red_runs(database, "2026-03-01T01:04:00Z") == []
