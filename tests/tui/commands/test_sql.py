"""`crywolf sql`: reads, in four shapes, and touches nothing."""

from __future__ import annotations

import csv
import hashlib
import io
import json
from pathlib import Path

import pytest

from tests.store.making import write_history
from tests.tui.commands.conftest import Run

COUNT = "SELECT name, count(*) AS runs FROM run r JOIN pipeline USING (pipeline_id) GROUP BY 1 ORDER BY 1"


@pytest.fixture
def store(tmp_path: Path, crywolf: Run) -> Path:
    """A small store."""
    write_history(tmp_path / "in", runs=4)
    assert crywolf("ingest", "in").code == 0
    return tmp_path / "crywolf.db"


def test_rows_in_every_shape(store: Path, crywolf: Run) -> None:
    """A table for people, JSON with its columns, CSV and TSV; the statement may come from standard input."""
    query = COUNT.replace("name,", "l.name AS name,").replace(
        "pipeline USING (pipeline_id)", "pipeline l USING (pipeline_id)"
    )
    told = json.loads(crywolf("sql", query, "--json").out)
    assert (told["columns"], told["rows"]) == (["name", "runs"], [["hourly", 2], ["nightly", 2]])
    assert crywolf("sql", given=query.encode()).out.split() == ["name", "runs", "hourly", "2", "nightly", "2"]
    for kind, delimiter in (("csv", ","), ("tsv", "\t")):
        rows = list(csv.reader(io.StringIO(crywolf("sql", query, "--format", kind).out), delimiter=delimiter))
        assert rows == [["name", "runs"], ["hourly", "2"], ["nightly", "2"]]


def test_cells_that_are_no_text(store: Path, crywolf: Run) -> None:
    """Bytes are base64 in JSON and hexadecimal elsewhere, NULL is null and empty; nothing is run by a spreadsheet."""
    query = "SELECT x'00ff', NULL, '=1+1', 1.5"
    assert json.loads(crywolf("sql", query, "--json").out)["rows"] == [[{"base64": "AP8="}, None, "=1+1", 1.5]]
    assert crywolf("sql", query, "--format", "csv").out.splitlines()[1] == "00ff,,'=1+1,1.5"


def test_tables_are_listed(store: Path, crywolf: Run) -> None:
    """With their columns."""
    rows = dict(json.loads(crywolf("sql", "--tables", "--json").out)["rows"])
    assert rows["pipeline"] == "pipeline_id, name"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM result",
        "CREATE TABLE mine (a)",
        "UPDATE run SET state = 'x'",
        "VACUUM INTO 'copy.db'",
        "ATTACH 'other.db' AS other",
        "SELECT 1; SELECT 2",
        "SELEKT 1",
        "",
    ],
)
def test_nothing_is_written(store: Path, crywolf: Run, statement: str) -> None:
    """Neither in the store nor beside it; exit code 2 and one sentence."""
    before, beside = hashlib.sha256(store.read_bytes()).hexdigest(), set(store.parent.glob("*.db"))
    done = crywolf("sql", statement)
    assert done.code == 2
    assert "Traceback" not in done.err
    assert hashlib.sha256(store.read_bytes()).hexdigest() == before
    assert set(store.parent.glob("*.db")) == beside
