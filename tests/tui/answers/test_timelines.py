"""Timelines: outages that are over, a rolled-back regression that is none, durations that shifted, the ledger."""

from __future__ import annotations

from pathlib import Path

import pytest

from analysis.ledger import REAL
from store.connect import open_reader
from tests.store.making import run_note, write
from tests.story.stores import Asked, ingest
from tui.answers.query import Query
from tui.answers.slower import answer_slower
from tui.answers.test_detail import answer_test
from tui.answers.timeline import answer_grid, answer_timeline
from tui.exports.documents import timeline_document
from tui.exports.slower_document import slower_document
from tui.times import parse_moment


def test_the_outage_of_the_story_is_named_and_the_rollback_is_none(sample: Asked) -> None:
    """One outage, of everything; `inventory` 2.31.0, rolled back, is in the rates and was a real alarm."""
    detail = answer_test(sample.connection, Query(), "ReservationIT::reserves_stock_on_order")
    strip = next(one for one in detail.streams if one.outages)
    (outage,) = strip.outages
    assert (outage.service, outage.end is not None) == ("", True)
    (row,) = [one for one in detail.ledger if one.scope == strip.scope]
    assert [alarm.healed_by.service for alarm in row.alarms if alarm.label == REAL and alarm.healed_by] == ["inventory"]
    assert answer_grid(sample.connection, Query(), strip.scope).outages == strip.outages


@pytest.fixture
def slower(tmp_path: Path) -> Path:
    """Thirty runs: a test takes 2 s, from the twentieth on 5 s; one that failed took a minute."""
    for n in range(30):
        seconds = (2.0 if n < 20 else 5.0) + n % 3 / 10
        failure = '<failure type="E" message="timed out"/>' if n == 10 else ""
        case = f'<testcase classname="C" name="t" time="{60 if n == 10 else seconds}">{failure}</testcase>'
        folder = tmp_path / "data" / f"{n:02d}"
        write(folder / "a.xml", f'<testsuite name="s" tests="1">{case}</testsuite>')
        start = f"2026-03-0{1 + n // 10}T{n % 10:02d}:00:00Z"
        write(folder / "run.json", run_note(f"{n:02d}", start_time=start, vcs__ref__head__name="main"))
    ingest(tmp_path / "crywolf.db", tmp_path / "data")
    return tmp_path / "crywolf.db"


def test_a_slower_test_is_told_with_the_run_from_which_on(slower: Path) -> None:
    """At run 20, from 2.1 to 5.1 s; the minute of the run that failed counts for nothing."""
    connection = open_reader(slower)
    answer = answer_timeline(connection, Query(), "C::t")
    connection.close()
    (strip,) = answer.streams
    (shift,) = strip.duration_shifts
    assert strip.runs[shift.at].run_id == "20"
    assert (shift.before_ms, shift.after_ms) == (2100.0, 5100.0)
    assert [(one.start, one.end) for one in strip.duration_segments] == [(0, 20), (20, 30)]
    streams = timeline_document(answer)["streams"]
    assert isinstance(streams, list)
    (document,) = streams
    assert document["durations"]["shifts"][0]["at"] == "2026-03-03T00:00:00Z"
    assert document["outages"] == []


def test_the_list_of_slower_tests_says_the_same(slower: Path) -> None:
    """One row, at the same run; none in a window that ends before it."""
    connection = open_reader(slower)
    answer = answer_slower(connection, Query())
    before = answer_slower(connection, Query(at=parse_moment("2026-03-02T23:00:00Z")))
    connection.close()
    (row,) = answer.rows
    assert (row.run.run_id, row.shift.before_ms, row.shift.after_ms) == ("20", 2100.0, 5100.0)
    assert before.rows == ()
    tests = slower_document(answer)["tests"]
    assert isinstance(tests, list)
    assert tests[0]["since"]["run_id"] == "20"


def test_every_slower_test_of_the_story_is_found_run_by_run_too(sample: Asked) -> None:
    """The list seeks by sums; each row is the newest shift that the timeline of the test has."""
    rows = answer_slower(sample.connection, Query()).rows
    assert rows
    for row in rows:
        strips = answer_timeline(sample.connection, Query(), row.case.identity).streams
        strip = next(one for one in strips if one.scope == row.scope)
        assert strip.duration_shifts[-1] == row.shift
