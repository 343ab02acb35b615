"""Asking the store: one lasting connection a lane, the newest question wins, one state of the store an answer."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from store.connect import Connection, open_reader, open_writer
from store.errors import NotAStore, StoreError
from tui.answers.query import Query
from tui.screens.asking import Lane, StoreAnswers, Superseded
from tui.screens.watcher import StoreWatcher

PATIENCE_S = 60
FOREVER = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A store with one row."""
    path = tmp_path / "store.db"
    writer = open_writer(path)
    writer.execute("CREATE TABLE t (i INTEGER)")
    writer.execute("INSERT INTO t VALUES (1)")
    writer.close()
    return path


def count(connection: Connection) -> int:
    """Rows of the table."""
    number: int = connection.execute("SELECT count(*) FROM t").fetchone()[0]
    return number


def test_newer_question_interrupts_the_running_one(database: Path) -> None:
    """A query that would run forever ends as superseded as soon as another is asked."""
    lane = Lane(database, open_reader)
    started, ended = threading.Event(), []

    def endless(connection: Connection) -> None:
        started.set()
        connection.execute(FOREVER).fetchone()

    def ask() -> None:
        try:
            lane.ask(endless)
        except Superseded:
            ended.append("superseded")

    thread = threading.Thread(target=ask)
    thread.start()
    assert started.wait(PATIENCE_S)
    assert lane.ask(count) == 1
    thread.join(PATIENCE_S)
    assert ended == ["superseded"]
    lane.close()


def test_one_answer_sees_one_state(database: Path) -> None:
    """A commit between two statements of one answer is not seen by the second."""
    lane = Lane(database, open_reader)
    writer = open_writer(database)

    def twice(connection: Connection) -> tuple[int, int]:
        first = count(connection)
        writer.execute("INSERT INTO t VALUES (2)")
        return first, count(connection)

    assert lane.ask(twice) == (1, 1)
    assert lane.ask(count) == 2
    writer.close()
    lane.close()


def test_driver_errors_become_the_stores_own(database: Path) -> None:
    """A screen never sees an exception of the driver."""
    lane = Lane(database, open_reader)
    with pytest.raises(StoreError, match="no such table"):
        lane.ask(lambda connection: connection.execute("SELECT * FROM missing"))
    assert lane.ask(count) == 1
    lane.close()


def test_missing_store_is_named(tmp_path: Path) -> None:
    """No file: the error says so and names the command; the version is None."""
    answers = StoreAnswers(tmp_path / "none.db")
    assert answers.version() is None
    with pytest.raises(NotAStore, match="crywolf ingest"):
        answers.health(Query())
    answers.close()


def test_version_changes_with_other_processes_commits(database: Path) -> None:
    """The number moves after a commit, and when the file is another one."""
    answers = StoreAnswers(database)
    first = answers.version()
    assert answers.version() == first
    writer = open_writer(database)
    writer.execute("INSERT INTO t VALUES (2)")
    second = answers.version()
    assert second != first
    writer.close()
    answers.close()


def test_watcher_tells_each_change_once() -> None:
    """A change is told; silence is not; it ends when told to."""
    state, looked = {"version": 0}, threading.Event()
    told = threading.Semaphore(0)

    def version() -> int:
        seen = state["version"]
        looked.set()
        return seen

    watcher = StoreWatcher(version, told.release, interval_s=0.001)
    watcher.start()
    assert looked.wait(PATIENCE_S)
    assert not told.acquire(timeout=0.05)
    state["version"] = 1
    assert told.acquire(timeout=PATIENCE_S)
    assert not told.acquire(timeout=0.05)
    watcher.stop()
    assert not watcher.is_alive()


def test_watcher_tells_of_a_store_that_came_before_it_started() -> None:
    """No store is a version too: one that was made since the first answer was read is news."""
    told = threading.Semaphore(0)
    watcher = StoreWatcher(lambda: "made", told.release, interval_s=0.001, seen=None)
    watcher.start()
    assert told.acquire(timeout=PATIENCE_S)
    assert not told.acquire(timeout=0.05)
    watcher.stop()


def test_early_answer_is_used_once(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first screen's question is asked while the app starts; its answer is taken by the first request only."""
    answers = StoreAnswers(database)
    asked: list[Query] = []

    def fake(query: Query) -> int:
        asked.append(query)
        return len(asked)

    monkeypatch.setattr(answers, "_triage", fake)
    answers.start_early(Query())
    found: list[object] = [answers.triage(Query()), answers.triage(Query())]
    assert found == [1, 2]
    answers.close()


def test_nothing_waits_behind_triage(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While Triage is worked out, which may take long in a large store, other screens get their answers."""
    answers, query = StoreAnswers(database), Query()
    begun, goes_on = threading.Event(), threading.Event()

    def slow(connection: Connection, query: Query) -> None:
        begun.set()
        assert goes_on.wait(PATIENCE_S)

    monkeypatch.setattr("tui.answers.triage.answer_triage", slow)
    answers.start_early(query)
    try:
        assert begun.wait(PATIENCE_S)
        assert answers.refused() == ()
    finally:
        goes_on.set()
        answers.triage(query)
        answers.close()


def test_memory_is_given_back_between_questions(database: Path) -> None:
    """No lane keeps pages of the store when nothing is asked, one that answers goes on, and each answers again."""
    answers = StoreAnswers(database)
    assert answers.refused() == ()
    lane, connection = answers._views, answers._views._connection
    assert connection is not None
    statements: list[str] = []
    connection.set_trace_callback(statements.append)
    with lane._one_at_a_time:
        answers.give_back()
    assert not statements
    answers.give_back()
    assert statements == ["PRAGMA shrink_memory"]
    assert answers.refused() == ()
    answers.close()
