"""The process that answers for a large store: the same answers, the same errors, and no end of it is the screen's."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from store.errors import NotAStore
from tests.story.stores import Asked, sample_store, settings_of
from tui.answers.query import Query
from tui.errors import NoMatch
from tui.screens import answering
from tui.screens.answering import AnsweringProcess, DividedAnswers, Ended
from tui.screens.asking import Answers, StoreAnswers, Superseded

PATIENCE_S = 60

WRITTEN = {"act", "merge", "split", "begin_session", "end_session", "undo"}
OF_A_GRID = {"grid_cells", "grid_days", "grid_cell"}
"""Asked beside by the grid's rows: `cells`, `day_cells`, `cell`."""


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    """The sample, ingested."""
    asked = sample_store(tmp_path_factory)
    yield asked
    asked.connection.close()


@pytest.fixture
def divided(sample: Asked, monkeypatch: pytest.MonkeyPatch) -> Iterator[DividedAnswers]:
    """Answers of the sample, as if it were large."""
    monkeypatch.setattr(answering, "LARGE_BYTES", 0)
    answers = DividedAnswers(sample.database)
    yield answers
    answers.close()


def asked_of(answers: Any, query: Query) -> list[object]:
    """An answer to every question of a mode, and to those that take the answer of another."""
    keys = answers.test_keys(query, "red", "")
    grid = answers.grid(query, None, True)
    tests, newest = tuple(row.test_row for row in grid.rows), len(grid.runs) - 1
    cells = answers.grid_cells(grid, range(len(grid.runs)), tests)
    return [
        keys,
        answers.test_rows(keys.window, keys.keys[:40]),
        grid,
        cells.tolist(),
        answers.grid_days(grid, (0, 30_000), tests),
        answers.grid_cell(grid, newest, tests[0]),
        *(getattr(answers, name)(query) for name in ("triage", "health", "services", "changes", "silent", "flows")),
        *(getattr(answers, name)(query) for name in ("live", "quarantined", "reds")),
        answers.refused(),
        answers.search("pay"),
        answers.test(query, answers.triage(query).incidents[0].lead.identity),
        answers.service(query, answers.services(query).services[0].name),
        answers.run(query, grid.runs[newest]),
    ]


def test_answers_are_the_same(sample: Asked, divided: DividedAnswers) -> None:
    """Whoever answers, and also where the first screen's question was asked early."""
    here, query = StoreAnswers(sample.database), Query(settings=settings_of(sample.data))
    divided.start_early(query)
    assert asked_of(divided, query) == asked_of(here, query)
    here.close()


def test_every_question_is_answered_beside() -> None:
    """All but what is written, and what is asked all the time."""
    questions = {name for name in vars(Answers) if not name.startswith("_")}
    here = WRITTEN | OF_A_GRID | {"version", "close"}
    assert questions - here <= set(answering._BESIDE)
    assert set(answering._BESIDE) - questions == {"cells", "day_cells", "cell"}


def test_errors_are_the_same(divided: DividedAnswers, tmp_path: Path) -> None:
    """A screen is told what is wrong, and where it could look, as by an answer of its own process."""
    with pytest.raises(NoMatch, match="no test matches 'nothing such'") as found:
        divided.for_screens.test(Query(), "nothing such")
    assert (found.value.kind, found.value.text) == ("test", "nothing such")
    missing = AnsweringProcess(tmp_path / "none.db")
    try:
        with pytest.raises(NotAStore, match="crywolf ingest"):
            missing.ask("health", Query())
    finally:
        missing.close()


def test_process_that_ends_is_replaced(divided: DividedAnswers) -> None:
    """Who waits for it asks again; it may be killed at any time."""
    process = divided._beside
    assert divided.for_screens.refused() == ()
    first = process._process
    assert first is not None
    first.kill()
    assert first.wait(PATIENCE_S)
    assert divided.for_screens.refused() == ()
    assert process._process is not first


def test_question_is_answered_here_when_no_process_can(
    divided: DividedAnswers, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that ends as soon as it starts keeps nobody from the answer."""
    monkeypatch.setattr(answering, "_START", "raise SystemExit(1)")
    assert divided.for_screens.refused() == ()


def test_process_that_has_grown_is_begun_anew(divided: DividedAnswers, monkeypatch: pytest.MonkeyPatch) -> None:
    """What it holds in memory goes with it; what it answered is not lost."""
    monkeypatch.setattr(answering, "MOST_BYTES", 1)
    for _ in range(2):
        assert divided.for_screens.refused() == ()
        ended_s = time.monotonic() + PATIENCE_S
        while divided._beside._process is not None and time.monotonic() < ended_s:
            time.sleep(0.01)
        assert divided._beside._process is None


def test_small_store_is_answered_here(sample: Asked) -> None:
    """No process is started for what takes less than its start."""
    answers = DividedAnswers(sample.database)
    assert answers.for_screens.refused() == ()
    assert answers._beside._process is None
    answers.close()


def test_closing_ends_the_process_and_who_waits(divided: DividedAnswers) -> None:
    """Leaving the dashboard waits for no answer."""
    process = divided._beside
    future = process.begin("refused")
    child = process._process
    assert child is not None
    threading.Thread(target=divided.close).start()
    with suppress(Ended):
        assert future.result(PATIENCE_S) == ()
    assert child.wait(PATIENCE_S) is not None
    with pytest.raises(Superseded):
        divided.for_screens.refused()


def test_answer_that_comes_after_the_end_is_nobodys(divided: DividedAnswers) -> None:
    """It may be on its way when the dashboard is left; who listens reads on to the end of the pipe."""
    process = divided._beside
    process.begin("refused")
    child = process._process
    assert child is not None
    with process._turn:
        process._waiting.clear()
    assert process.begin("refused").result(PATIENCE_S) == ()
    assert process._process is child


def test_process_ends_with_its_pipe(sample: Asked) -> None:
    """A dashboard that was killed leaves none behind."""
    process = AnsweringProcess(sample.database)
    assert process.ask("refused") == ()
    child = process._process
    assert child is not None
    assert child.stdin is not None
    child.stdin.close()
    assert child.wait(PATIENCE_S) == 0
    process.close()


def test_ambiguous_names_survive_the_way() -> None:
    """All candidates are told, not one that was meant."""
    problem = NoMatch("test", "a", ("aa", "ab"), is_ambiguous=True)
    assert str(pickle.loads(pickle.dumps(problem))) == str(problem)


def test_c_library_is_told_to_spare_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Threads share one arena, and large blocks go back alone; a library that knows nothing of it is left as it is."""
    told: list[tuple[int, int]] = []

    class Library:
        def __init__(self, name: None) -> None:
            if told:
                raise OSError

        def mallopt(self, what: int, value: int) -> None:
            told.append((what, value))

    monkeypatch.setattr("ctypes.CDLL", Library)
    answering.spare_memory()
    assert dict(told) == {-8: 1, -3: answering.LARGE_BLOCK_BYTES}
    answering.spare_memory()
    assert len(told) == 2
