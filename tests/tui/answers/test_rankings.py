"""Kept rankings change no answer: neither what is kept nor when it was made can be seen in it."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.records import ChangeFeed, SuspectQuestion
from analysis.suspects import rank_suspects
from analysis.weighing import LastWeighed
from store.connect import open_reader, open_writer
from tests.story.stores import Asked, ingest
from tui.answers import rankings
from tui.answers.basis import load_basis
from tui.answers.judging import judge_red
from tui.answers.keeping import keep_triage
from tui.answers.query import Query
from tui.answers.triage import TriageAnswer, work_out_triage


def triage(database: Path, query: Query) -> TriageAnswer:
    """The Triage answer from the facts and what is kept of rankings."""
    with closing(open_reader(database)) as connection:
        return work_out_triage(connection, query)


def forget_rankings(database: Path) -> None:
    """Throw away what is kept."""
    with closing(open_writer(database)) as connection:
        connection.execute("DELETE FROM kept_ranking")


def test_kept_rankings_are_used(sample: Asked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """After an ingest nothing is ranked again, by no command, and the answer is what it would be without."""
    database = tmp_path / "store.db"
    shutil.copyfile(sample.database, database)
    with monkeypatch.context() as patched:
        patched.setattr(rankings, "rank_suspects", _must_not)
        kept = triage(database, sample.query())
    forget_rankings(database)
    assert triage(database, sample.query()) == kept
    monkeypatch.setattr(rankings, "rank_suspects", _must_not)
    with pytest.raises(AssertionError, match="ranked again"):
        triage(database, sample.query())


def test_what_arrives_is_ranked_anew(sample: Asked, tmp_path: Path) -> None:
    """Runs, changes and catalogs that arrive one after the other: kept rankings never show in the answer."""
    database = tmp_path / "store.db"
    files = sorted(path for path in sample.data.rglob("*") if path.is_file())
    step = max(1, len(files) // 6)
    for start in range(0, len(files), step):
        ingest(database, sample.data, files[start : start + step])
        kept = triage(database, sample.query())
        copy = tmp_path / "copy.db"
        shutil.copyfile(database, copy)
        forget_rankings(copy)
        assert triage(copy, sample.query()) == kept


def test_the_feed_of_a_question_is_enough(sample: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes of other environments, long before and long after the stretch decide nothing."""
    asked: list[tuple[SuspectQuestion, ChangeFeed]] = []

    def note(question: SuspectQuestion, _: LastWeighed) -> object:
        assert basis is not None
        asked.append((question, basis.feed))
        return rank_suspects(question)

    monkeypatch.setattr(rankings, "rank_suspects", note)
    monkeypatch.setattr(rankings, "load_ranking", lambda *_: None)
    basis = load_basis(sample.connection, sample.query())
    assert basis is not None
    judge_red(basis)
    assert asked
    assert any(len(question.feed.changes) < len(feed.changes) for question, feed in asked)
    for question, feed in asked:
        assert rank_suspects(question) == rank_suspects(replace(question, feed=feed))


def _must_not(question: SuspectQuestion, _: LastWeighed) -> object:
    raise AssertionError(f"ranked again: {question.test_id}")


def test_keeping_ends_when_its_time_is_up(sample: Asked, tmp_path: Path) -> None:
    """Without an answer, and with what was ranked by then; the next one goes on from there and says the same."""
    database = tmp_path / "store.db"
    shutil.copyfile(sample.database, database)
    whole = triage(database, sample.query())
    forget_rankings(database)
    with closing(open_writer(database)) as connection:
        connection.execute("DELETE FROM kept_answer")
    assert not keep_triage(database, sample.query(), most_s=0.0)
    with closing(open_reader(database)) as connection:
        assert connection.execute("SELECT count(*) FROM kept_answer WHERE name = 'triage'").fetchone()[0] == 0
    assert keep_triage(database, sample.query())
    assert triage(database, sample.query()) == whole
