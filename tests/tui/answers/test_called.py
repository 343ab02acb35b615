"""What people call a failure is its verdict wherever one is shown; what the model says stands beside it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from analysis.handling import Action
from ingest.model import Verdict
from ingest.settings import Flow, Settings
from store.connect import Connection, open_reader
from tests.store.making import run_note, write, xml
from tests.story.stores import ingest
from tests.tui.answers.test_handled import ADA, BOB, HOUR, START_MS, add_runs, asked, do, only
from tui.answers.acting import Subject, Wish, act
from tui.answers.failures import answer_failures
from tui.answers.flakes import answer_flakes
from tui.answers.flows import answer_flows
from tui.answers.gate import answer_gate
from tui.answers.handover import answer_handover
from tui.answers.keeping import keep_triage
from tui.answers.query import Moment, Query
from tui.answers.suspects import answer_suspects
from tui.exports.documents import failures_document, suspects_document
from tui.exports.handover import handover_document


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two tests have been red for two runs."""
    add_runs(tmp_path, "......FF")
    return tmp_path / "crywolf.db"


@contextmanager
def reading(database: Path) -> Iterator[Connection]:
    """A store that is read."""
    with closing(open_reader(database)) as connection:
        yield connection


def verdicts(database: Path, query: Query | None = None) -> dict[str, set[Verdict]]:
    """Verdicts by the test's name, from every answer that gives one."""
    asked_for = query or Query()
    found: dict[str, set[Verdict]] = {}
    with reading(database) as connection:
        rows = answer_failures(connection, asked_for).rows
        said = [(row.case.name, row.verdict) for row in rows]
        said += [(one.case.name, one.verdict) for one in answer_flakes(connection, asked_for).rows if one.age]
        said += [(row.case.name, answer_suspects(connection, asked_for, row.case.identity).verdict) for row in rows]
        gated = answer_gate(connection, asked_for, "latest").runs if query is None else ()
        said += [(row.case.name, row.verdict) for one in gated for row in one.rows]
        said += [(row.lead.name, row.verdict) for row in asked(database, asked_for).incidents]
    for name, verdict in said:
        found.setdefault(name, set()).add(verdict)
    return found


def do_with_test(database: Path, who: Settings, name: str, verdict: str, at: float) -> None:
    """Somebody calls one test something."""
    with reading(database) as connection:
        case = next(row.case for row in answer_failures(connection, Query()).rows if row.case.name == name)
    subject = Subject("test", case.test_id, case.identity)
    act(database, who, subject, Wish(Action.RECLASSIFY, verdict), clock_ms=START_MS + round(at * HOUR))


def test_what_an_incident_is_called_is_said_everywhere(database: Path) -> None:
    """Failures, flakes, suspects, gate and Triage agree, for every test of it; before somebody spoke as well."""
    before = verdicts(database)
    assert all(len(some) == 1 for some in before.values()), before
    assert before["pays"] != {Verdict.TEST}
    do(database, ADA, Action.RECLASSIFY, "test")
    assert verdicts(database) == {"pays": {Verdict.TEST}, "refunds": {Verdict.TEST}}


def test_the_model_stands_beside_it(database: Path) -> None:
    """The documents tell who said it and what the model says; without a word the two are the same."""
    with reading(database) as connection:
        document = json.loads(json.dumps(failures_document(answer_failures(connection, Query()))))
    (first, _) = document["failures"]
    assert first["called"] is None
    assert first["model"]["verdict"] == first["verdict"] != "flaky"
    assert first["model"]["probability"] == first["verdict_probability"]
    do(database, ADA, Action.RECLASSIFY, "flaky", at=9)
    called = {"verdict": "flaky", "by": "ada", "at": "2026-03-01T09:00:00Z"}
    with reading(database) as connection:
        answer = answer_failures(connection, Query())
        red = json.loads(json.dumps(failures_document(answer)))["failures"]
        card = suspects_document(answer_suspects(connection, Query(), answer.rows[0].case.identity))
        report = json.loads(json.dumps(handover_document(answer_handover(connection, Query()))))
    assert [(row["verdict"], row["called"], row["model"]) for row in red] == [("flaky", called, first["model"])] * 2
    assert (card["verdict"], card["called"], card["model"]) == ("flaky", called, first["model"])
    (aside,) = report["set_aside"]
    assert (aside["verdict"], aside["called_by"], aside["model"]) == ("flaky", "ada", first["model"])
    row = only(database)
    assert (row.called_by, row.model) == ("ada", (answer.rows[0].model))


def test_a_word_on_one_test_is_about_it_alone(database: Path) -> None:
    """The incident has the verdict of its lead; the last word counts, whatever it was said of."""
    before = verdicts(database)["pays"]
    do_with_test(database, BOB, "refunds", "flaky", at=9)
    assert verdicts(database) == {"pays": before, "refunds": {Verdict.FLAKY}}
    do_with_test(database, BOB, "pays", "test", at=10)
    assert verdicts(database)["pays"] == {Verdict.TEST}
    do(database, ADA, Action.RECLASSIFY, "regression", at=11)
    assert verdicts(database) == {"pays": {Verdict.REGRESSION}, "refunds": {Verdict.REGRESSION}}


def test_a_word_ends_with_its_stretch(tmp_path: Path) -> None:
    """Green, then red again: what was said of the former stretch says nothing of this one."""
    database = tmp_path / "crywolf.db"
    add_runs(tmp_path, "......FF")
    do(database, ADA, Action.RECLASSIFY, "test", at=7.5)
    assert verdicts(database)["pays"] == {Verdict.TEST}
    add_runs(tmp_path, "..FF", first=8)
    assert Verdict.TEST not in verdicts(database)["pays"]
    assert len(verdicts(database)["pays"]) == 1


def test_at_a_moment_before_it_was_said(database: Path) -> None:
    """`--at` sees what had been said by then."""
    do(database, ADA, Action.RECLASSIFY, "test", at=9)
    before = Query(at=Moment(at_ms=START_MS + 8 * HOUR))
    assert Verdict.TEST not in verdicts(database, before)["pays"]


def test_the_gate_follows_people(database: Path) -> None:
    """What somebody calls flaky does not gate; what somebody calls a regression does, and says whose word it is."""
    do(database, ADA, Action.RECLASSIFY, "flaky")
    with reading(database) as connection:
        (run,) = answer_gate(connection, Query(), "latest").runs
    assert not run.gating
    assert {row.why for row in run.rows} == {"called flaky by ada"}
    assert Verdict.FLAKY not in {row.model for row in run.rows}
    do(database, BOB, Action.RECLASSIFY, "regression", at=9)
    with reading(database) as connection:
        (run,) = answer_gate(connection, Query(), "latest").runs
    assert {row.why for row in run.gating} == {"called regression by bob"}


def deployed(tmp_path: Path) -> Path:
    """A test that exercises payments broke after a deploy of it."""
    for n in range(10):
        start = f"2026-03-01T{n:02}:00:00Z"
        note = run_note(str(n), start_time=start, vcs__ref__head__name="main", deployment__environment__name="staging")
        write(tmp_path / "data" / str(n) / "run.json", note)
        write(tmp_path / "data" / str(n) / "a.xml", xml([("pays", "fail" if n > 7 else "pass"), ("ships", "pass")]))
    change = {"service": "payments", "version": "2.0", "environment": "staging", "time": "2026-03-01T07:30:00Z"}
    write(tmp_path / "data" / "changes.jsonl", json.dumps(change) + "\n")
    ingest(tmp_path / "crywolf.db", tmp_path / "data")
    keep_triage(tmp_path / "crywolf.db", Query())
    return tmp_path / "crywolf.db"


def test_a_confirmed_suspect_is_a_regression(tmp_path: Path) -> None:
    """Whatever the model says; refuted again, it is the model's word once more."""
    database = deployed(tmp_path)
    before = verdicts(database)["pays"]
    assert before != {Verdict.REGRESSION}
    with reading(database) as connection:
        change = answer_suspects(connection, Query(), "pays").between[0].change_id
    do(database, ADA, Action.CONFIRM, change, at=11)
    assert verdicts(database)["pays"] == {Verdict.REGRESSION}
    do(database, ADA, Action.REFUTE, change, at=12)
    assert verdicts(database)["pays"] == before


def test_flows_follow_people(database: Path) -> None:
    """A journey is as bad as its worst test is called."""
    settings = Settings(flows=(Flow("pay", ("*",)),))
    with reading(database) as connection:
        assert answer_flows(connection, Query(settings=settings)).flows[0].state != "unclear"
    do(database, ADA, Action.RECLASSIFY, "flaky")
    with reading(database) as connection:
        assert answer_flows(connection, Query(settings=settings)).flows[0].state == "unclear"
