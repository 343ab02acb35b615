"""The ledger in a store: what people said reaches the alarms that it is about, and the sums are those of the rows."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.ledger import REAL, WOLF, LedgerCounts
from ingest.model import ChangeTarget
from store.connect import Connection, open_reader, open_writer
from tests.store.making import run_note, write, xml
from tests.story.stores import Asked, ingest
from tui.answers.ledger import LedgerAnswer, answer_ledger
from tui.answers.query import Query
from tui.exports.ledger_document import ledger_document
from tui.times import parse_moment

IDENTITY = "journeys::shop.Pay::pays"


def at(hour: float) -> int:
    """Epoch ms of an hour of the day of the runs."""
    return round(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000 + hour * 3_600_000)


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """`.F.FF.`, an hour apart, at one revision, without services: both alarms cried wolf."""
    for n, cell in enumerate(".F.FF."):
        folder = tmp_path / "data" / str(n)
        times = {"start_time": f"2026-03-01T0{n}:00:00Z", "end_time": f"2026-03-01T0{n}:05:00Z"}
        note = run_note(str(n), vcs__ref__head__name="main", vcs__ref__head__revision="r1", **times)
        write(folder / "run.json", note)
        write(folder / "a.xml", xml([("pays", "fail" if cell == "F" else "pass"), ("ships", "pass")]))
    ingest(tmp_path / "crywolf.db", tmp_path / "data")
    return tmp_path / "crywolf.db"


@pytest.fixture
def writer(database: Path) -> Iterator[Connection]:
    """The store, to write what people did."""
    connection = open_writer(database)
    yield connection
    connection.close()


def say(writer: Connection, hour: float, kind: str, subject: str, action: str, value: str | None) -> None:
    """An event of the log."""
    writer.execute(
        "INSERT INTO triage_event (at_ms, actor, subject_kind, subject, action, new_value)"
        " VALUES (?, 'ada', ?, ?, ?, ?)",
        (at(hour), kind, subject, action, value),
    )
    writer.commit()


def asked(database: Path, at: str | None = None) -> LedgerAnswer:
    """The whole ledger."""
    connection = open_reader(database)
    answer = answer_ledger(connection, Query(at=parse_moment(at) if at else None))
    connection.close()
    return answer


def test_without_a_word_everything_is_inferred(database: Path) -> None:
    """Two alarms, both shown by passes of the same code; the case that never failed has no row."""
    (row,) = asked(database).rows
    assert row.case.identity.endswith("::shop.Pay::pays")
    assert [(alarm.label, alarm.said) for alarm in row.alarms] == [(WOLF, None), (WOLF, None)]
    assert (row.counts.inferred_wolf, row.counts.precision) == (2, None)
    assert row.counts.lost_seconds == 1.5


def test_a_word_on_a_test_is_about_what_was_red_just_then(database: Path, writer: Connection) -> None:
    """Said at 04:00, when the second alarm's last red run began: of no other alarm."""
    (row,) = asked(database).rows
    say(writer, 4, "test", row.case.test_id, "reclassify", "regression")
    (row,) = asked(database).rows
    assert [(alarm.label, alarm.said and alarm.said.actor) for alarm in row.alarms] == [(WOLF, None), (REAL, "ada")]


def test_a_word_on_an_incident_is_about_its_members_while_it_was_red(database: Path, writer: Connection) -> None:
    """Also under a former id."""
    test_row = writer.execute("SELECT test_id FROM test_case WHERE name = 'pays'").fetchone()[0]
    stream = writer.execute("SELECT stream_id FROM stream").fetchone()[0]
    writer.execute(
        "INSERT INTO incident VALUES (1, 'i-1111111111', ?, ?, 'no', ?, ?, 0)", (stream, test_row, at(1), at(1.5))
    )
    writer.execute("INSERT INTO incident_member VALUES (1, ?, ?)", (stream, test_row))
    writer.execute("INSERT INTO incident_alias VALUES ('i-2222222222', 1)")
    say(writer, 9, "incident", "i-2222222222", "confirm", "deploy-7")
    (row,) = asked(database, at="2026-03-01T08:00:00Z").rows
    assert row.counts.said_real == 0  # not yet said at that moment
    (row,) = asked(database).rows
    assert [alarm.label for alarm in row.alarms] == [REAL, WOLF]


def test_a_resolve_without_a_verdict_says_nothing(database: Path, writer: Connection) -> None:
    """Nor does a note."""
    (row,) = asked(database).rows
    say(writer, 4, "test", row.case.identity, "resolve", None)
    say(writer, 4, "test", row.case.identity, "note", "regression")
    assert all(alarm.said is None for alarm in asked(database).rows[0].alarms)


def test_sums_are_those_of_the_rows(sample: Asked) -> None:
    """Suites share nothing; a test of two teams counts for both."""
    answer = answer_ledger(sample.connection, Query())
    assert sum((row.counts for row in answer.rows), LedgerCounts()) == answer.total
    assert sum(one.counts.alarms for one in answer.suites) == answer.total.alarms
    for team in answer.teams:
        mine = [row for row in answer.rows if team.name in (row.owners or ("unowned",))]
        assert (team.tests, team.counts.alarms) == (len(mine), sum(row.counts.alarms for row in mine))


def test_the_document_holds_every_alarm(sample: Asked) -> None:
    """And says of each who labelled it and what healed it."""
    answer = answer_ledger(sample.connection, Query())
    document = ledger_document(answer)
    rows = document["tests"]
    assert isinstance(rows, list)
    histories = [alarm for row in rows for alarm in row["history"]]
    assert len(histories) == answer.total.alarms
    assert {alarm["source"] for alarm in histories} == {"inferred"}
    assert all(alarm["healed_by"]["target"] in set(ChangeTarget) for alarm in histories if alarm["label"] == "real")
    assert document["waivers"] == []
