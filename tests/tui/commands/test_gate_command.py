"""`crywolf gate` at the end of a job: exit code, table, JSON, quarantine."""

from __future__ import annotations

import json
from pathlib import Path

from tests.tui.commands.conftest import Run
from tests.tui.commands.story import write_story

PAYS = "nightly::acme.CheckoutIT::pays_with_card"


def test_red_for_real_is_a_one(asked: Run) -> None:
    """The table says what gates and why; the last line says how many."""
    done = asked("gate", "109")
    assert (done.code, done.err) == (1, "")
    header, row, last = done.out.splitlines()
    assert header.split() == ["gates", "verdict", "test", "stream", "age", "why", "message"]
    assert row.startswith("yes    ✗ regression")
    assert PAYS in row
    assert last == "nightly run 109: 1 test red for real"


def test_what_is_not_red_for_real_is_a_zero(asked: Run) -> None:
    """A case that passed on a retry does not gate."""
    done = asked("gate", "nightly/102")
    assert (done.code, done.out, done.err) == (0, "nightly run 102: nothing is red for real\n", "")


def test_json(asked: Run) -> None:
    """One document with the exit code's answer in it."""
    done = asked("gate", "latest", "--json")
    assert done.code == 1
    found = json.loads(done.out)
    assert (found["schema_version"], found["passes"]) == (1, False)
    (run,) = found["runs"]
    assert (run["run"]["run_id"], run["gating"], run["doubts"]) == ("109", 1, [])
    (red,) = run["red"]
    assert (red["test"], red["verdict"], red["gates"], red["why"]) == (PAYS, "regression", True, "real")


def test_a_run_that_is_not_there(asked: Run) -> None:
    """A usage error."""
    done = asked("gate", "999")
    assert (done.code, done.out, done.err) == (2, "", "crywolf: no run matches '999'\n")


def test_quarantine_and_incomplete_runs(crywolf: Run, tmp_path: Path) -> None:
    """A test in quarantine does not gate; an incomplete run is a one, unless it is allowed."""
    write_story(tmp_path / "inputs")
    assert crywolf("ingest", "inputs").code == 0
    reason = ("--until", "14d", "--owner", "@acme/pay", "--reason", "known")
    assert crywolf("triage", "quarantine", PAYS, *reason).code == 0
    done = crywolf("gate", "inputs/nightly/109")
    assert done.code == 0, done.err
    assert "quarantined until" in done.out
    assert done.out.endswith("nightly run 109: nothing is red for real, 1 red test that does not gate\n")
    note = tmp_path / "inputs" / "nightly" / "109" / "run.json"
    known = json.loads(note.read_text(encoding="utf-8")) if note.exists() else {}
    note.write_text(json.dumps(known | {"crywolf.run.state": "incomplete"}), encoding="utf-8")
    assert crywolf("ingest", str(note)).code == 0
    done = crywolf("gate", "109")
    assert (done.code, done.err) == (1, "note: nightly run 109: the run is incomplete\n")
    assert done.out.endswith("nightly run 109: cannot tell\n")
    assert crywolf("gate", "109", "--allow-incomplete").code == 0
