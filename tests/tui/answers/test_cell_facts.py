"""One cell: its attempts in order, and where a case that vanished may go on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.model import Outcome
from store.connect import Connection, open_reader
from tests.store.making import run_note, write
from tests.story.stores import ingest
from tui.answers.cell_facts import CellFacts, answer_cell
from tui.answers.query import Query
from tui.answers.timeline import TimelineGrid, answer_grid


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Eight runs: `pays_with_card` is called `pays_with_a_card` from the fifth on; `often` fails once, then passes."""
    folder = tmp_path_factory.mktemp("cells")
    for day in range(1, 9):
        name = "pays_with_card" if day < 5 else "pays_with_a_card"
        retried = (
            '<testcase classname="acme.MailIT" name="often" time="1"><flakyFailure message="no mail">t</flakyFailure>'
            "</testcase>"
        )
        cases = f'<testcase classname="acme.CheckoutIT" name="{name}" time="1.5"/>{retried}'
        if day == 3:
            cases += '<testcase classname="acme.CheckoutIT" name="once" time="2"><failure message="503"/></testcase>'
        run = folder / "data" / str(day)
        write(run / "a.xml", f'<testsuite name="s">{cases}</testsuite>')
        write(run / "run.json", run_note(str(day), start_time=f"2026-03-0{day}T10:00:00Z"))
    ingest(folder / "crywolf.db", folder / "data")
    return folder / "crywolf.db"


@pytest.fixture
def connection(store: Path) -> Iterator[Connection]:
    """The store, to be read."""
    reader = open_reader(store)
    yield reader
    reader.close()


def _cell(connection: Connection, grid: TimelineGrid, name: str, column: int) -> CellFacts:
    row = next(one for one in grid.rows if one.case.name == name)
    return answer_cell(connection, grid.stream_id, grid.run_rows[column], row.test_row, grid.run_rows[-3:])


def test_attempts_and_continuation(connection: Connection) -> None:
    """What failed with its message; absent where it ran before; and the name that took over, only where it is gone."""
    grid = answer_grid(connection, Query(), with_green=True)
    assert [one.run_id for one in grid.runs] == [str(day) for day in range(1, 9)]
    failed = _cell(connection, grid, "once", 2)
    assert [(one.outcome, one.message) for one in failed.attempts] == [(Outcome.FAILED, "503")]
    flaky = _cell(connection, grid, "often", 0)
    assert [one.outcome for one in flaky.attempts] == [Outcome.FAILED, Outcome.PASSED]
    gone = _cell(connection, grid, "pays_with_card", 7)
    assert gone.attempts == ()
    assert gone.continues_as is not None
    assert gone.continues_as.name == "pays_with_a_card"
    before = _cell(connection, grid, "pays_with_a_card", 0)
    assert (before.attempts, before.continues_as) == ((), None)
