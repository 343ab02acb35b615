"""The commands print what the answers say: the documents of the sample, from a subprocess."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.story.stores import Asked
from tui.answers.changes import answer_changes
from tui.answers.failures import answer_failures
from tui.answers.flakes import answer_flakes
from tui.exports.documents import changes_document, failures_document, flakes_document, suspects_document
from tui.output import json_text

ROOT = Path(__file__).parents[2]


def printed(asked: Asked, home: Path, *arguments: str) -> str:
    """Standard output of `crywolf` in the sample's folder, away from the person's own settings."""
    known = {"PATH": os.environ["PATH"], "HOME": str(home), "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli", "--db", str(asked.database), *arguments, "--json"],
        cwd=asked.data,
        env=known,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("command", ["failures", "flakes", "changes"])
def test_lists(committed: Asked, tmp_path: Path, command: str) -> None:
    """`--json` is the answer's document, byte for byte."""
    connection, query = committed.connection, committed.query()
    document = {
        "failures": lambda: failures_document(answer_failures(connection, query)),
        "flakes": lambda: flakes_document(answer_flakes(connection, query)),
        "changes": lambda: changes_document(answer_changes(connection, query)),
    }[command]()
    assert printed(committed, tmp_path, command) == json_text(document) + "\n"


def test_suspects_of_an_incident_at_a_moment(committed: Asked, tmp_path: Path) -> None:
    """Asked by the incident's id, as of the moment, the command blames the deploy that was rolled back later."""
    asked = committed.truth.questions[1]
    rows = {row.case.identity: row for row in committed.failures(asked.at)}
    incident = rows[asked.tests[0]].incident_id
    assert incident is not None
    text = printed(committed, tmp_path, "suspects", incident, "--at", asked.at)
    assert text == json_text(suspects_document(committed.suspects(incident, asked.at))) + "\n"
    document: dict[str, Any] = json.loads(text)
    assert document["hypotheses"][0]["change_id"] == asked.change_id
    assert document["verdict"] == "regression"
    assert document["onset"]["first_bad"]["run_id"] == asked.first_bad
    assert sum(h["probability"] for h in document["hypotheses"]) == pytest.approx(1.0)
