"""What is newly red in the newest runs, asked of a real store."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

from store.connect import open_reader
from tests.store.making import run_note, write, xml
from tests.story.stores import ingest
from tui.answers.newly_red import answer_newly_red
from tui.answers.query import Query
from tui.answers.runs import answer_runs

RUNS = (
    ("staging", [("pays", "fail"), ("ships", "pass")]),
    ("staging", [("pays", "pass"), ("ships", "fail"), ("adds", "fail")]),
    ("preprod", [("pays", "fail")]),
    ("staging", [("pays", "fail"), ("ships", "fail"), ("adds", "flaky")]),
)


def test_test_by_test(tmp_path: Path) -> None:
    """As many red as before may be others; against the run before in the same place, which a first run has not."""
    for n, (environment, cases) in enumerate(RUNS):
        place = tmp_path / "data" / str(n)
        note = run_note(str(n), start_time=f"2026-03-01T{n:02}:00:00Z", deployment__environment__name=environment)
        write(place / "run.json", note)
        write(place / "a.xml", xml(cases))
    ingest(tmp_path / "crywolf.db", tmp_path / "data")
    with closing(open_reader(tmp_path / "crywolf.db")) as connection:
        found = answer_newly_red(connection, answer_runs(connection, Query()).rows)
    assert {run.run_id: [case.name for case in cases] for run, cases in found.items()} == {
        "1": ["adds", "ships"],
        "3": ["pays"],
    }
