"""Stored incidents: opened once, ids that follow the facts until somebody acts, aliases, and what comes back."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from ingest.model import PRE_MERGE_BRANCH, RunIdentity, Scope, TestCase
from store.connect import open_writer
from store.incidents import REOPENS_MS
from store.read.kept import load_answer
from store.read.regrouping import current_idents
from store.write import OpenIncident, Writer
from tests.store.making import ingest, reading, unsigned, write, xml

DAY = 86_400_000
SCOPE = Scope("journeys", "", "", "")
STABLE = {name: bytes.fromhex(TestCase("journeys", "shop.Pay", name).test_id) for name in ("a", "b", "c")}


def found(ident: str, *names: str, onset: int = 0, last: int = DAY) -> OpenIncident:
    """An incident as the facts give it, the first name its lead."""
    return OpenIncident(ident, f"title of {ident}", onset, last, tuple((SCOPE, STABLE[name]) for name in names))


def record(writer: Writer, *incidents: OpenIncident) -> None:
    """One reading's incidents."""
    with writer.transaction():
        writer.incidents.record(incidents)


def rows(database: Path) -> list[tuple[str, int, str]]:
    """(ident, is open, names of members) in the order they were opened."""
    with reading(database) as connection:
        query = (
            "SELECT i.ident, i.is_open, (SELECT group_concat(name, '') FROM (SELECT t.name FROM incident_member m"
            " JOIN test_case t ON t.test_id = m.test_id WHERE m.incident_id = i.incident_id ORDER BY t.name))"
            " FROM incident i ORDER BY i.incident_id"
        )
        return connection.execute(query).fetchall()


def leads_to(database: Path, ident: str) -> str:
    """The id under which an incident goes now."""
    with reading(database) as connection:
        return current_idents(connection, [ident])[ident]


def act(database: Path, ident: str) -> None:
    """Somebody acknowledges an incident."""
    with closing(open_writer(database)) as connection:
        connection.execute(
            "INSERT INTO triage_event (at_ms, actor, subject_kind, subject, action)"
            " VALUES (1, 'ada', 'incident', ?, 'ack')",
            (ident,),
        )


def test_an_incident_is_opened_once(database: Path, writer: Writer) -> None:
    """However often it is looked at, also by another writer."""
    for _ in range(3):
        record(writer, found("i-1", "a", "b"))
    with closing(Writer(database, unsigned)) as other:
        record(other, found("i-1", "a", "b"))
    assert rows(database) == [("i-1", 1, "ab")]


def test_an_incident_that_is_not_red_any_more_is_closed(database: Path, writer: Writer) -> None:
    """The others stay open."""
    record(writer, found("i-1", "a"), found("i-2", "b"))
    record(writer, found("i-2", "b"))
    assert rows(database) == [("i-1", 0, "a"), ("i-2", 1, "b")]


def test_the_id_follows_the_facts(database: Path, writer: Writer) -> None:
    """Until somebody acts: earlier runs arrive late, the onset moves, and the former id leads to the new one."""
    record(writer, found("i-1", "a"))
    record(writer, found("i-2", "a", "b"))
    record(writer, found("i-3", "a", "b"))
    assert rows(database) == [("i-3", 1, "ab")]
    assert [leads_to(database, ident) for ident in ("i-1", "i-2", "i-3", "i-9")] == ["i-3", "i-3", "i-3", "i-9"]


def test_an_id_that_was_acted_on_stays(database: Path, writer: Writer) -> None:
    """What the facts would call it now leads to it."""
    record(writer, found("i-1", "a"))
    act(database, "i-1")
    for _ in range(2):
        record(writer, found("i-2", "a", "b"))
    assert rows(database) == [("i-1", 1, "ab")]
    assert leads_to(database, "i-2") == "i-1"


def test_an_id_that_comes_back_is_no_alias_any_more(database: Path, writer: Writer) -> None:
    """The late run is replaced: the first id is right again."""
    for ident in ("i-1", "i-2", "i-1"):
        record(writer, found(ident, "a"))
    assert rows(database) == [("i-1", 1, "a")]
    assert [leads_to(database, ident) for ident in ("i-1", "i-2")] == ["i-1", "i-1"]


@pytest.mark.parametrize(("pause", "expected"), [(REOPENS_MS, ["i-2"]), (REOPENS_MS + 1, ["i-1", "i-2"])])
def test_what_comes_back_within_five_days_is_the_same(
    database: Path, writer: Writer, pause: int, expected: list[str]
) -> None:
    """It reopens; later it is a new one."""
    record(writer, found("i-1", "a", last=DAY))
    record(writer)
    record(writer, found("i-2", "a", onset=DAY + pause, last=DAY + pause))
    assert [row[0] for row in rows(database)] == expected
    assert rows(database)[-1] == ("i-2", 1, "a")


def test_a_split_keeps_the_id_where_its_lead_is(database: Path, writer: Writer) -> None:
    """A case that goes its own way opens a new incident, in whatever order the two are found."""
    record(writer, found("i-1", "a", "b"))
    record(writer, found("i-2", "b"), found("i-1", "a"))
    assert rows(database) == [("i-1", 1, "a"), ("i-2", 1, "b")]
    assert leads_to(database, "i-1") == "i-1"


def test_a_split_of_one_that_was_acted_on(database: Path, writer: Writer) -> None:
    """The acknowledgement stays with the lead, and the two are not thrown together."""
    record(writer, found("i-1", "a", "b"))
    act(database, "i-1")
    record(writer, found("i-2", "b"), found("i-1", "a"))
    assert rows(database) == [("i-1", 1, "a"), ("i-2", 1, "b")]


def test_merged_ids_stay_as_aliases(database: Path, writer: Writer) -> None:
    """Two incidents turn out to be one: both ids lead to it."""
    record(writer, found("i-1", "a"), found("i-2", "b"))
    record(writer, found("i-1", "a", "b"))
    assert rows(database) == [("i-1", 1, "ab")]
    assert leads_to(database, "i-2") == "i-1"


def test_a_merge_keeps_the_id_that_was_acted_on(database: Path, writer: Writer) -> None:
    """Whichever of the two it was."""
    record(writer, found("i-1", "a"), found("i-2", "b"))
    act(database, "i-2")
    record(writer, found("i-1", "a", "b"))
    assert [row for row in rows(database) if row[1]] == [("i-2", 1, "ab")]
    assert leads_to(database, "i-1") == "i-2"


def test_a_member_unknown_to_the_store_is_left_out(database: Path, writer: Writer) -> None:
    """And an incident of such members only is none."""
    strange = (Scope("elsewhere", "", PRE_MERGE_BRANCH, ""), STABLE["a"])
    record(writer, OpenIncident("i-1", "title", 0, 0, (strange,)))
    assert rows(database) == []


def test_kept_answers_hold_until_anything_is_written(database: Path, writer: Writer, tmp_path: Path) -> None:
    """Results, a deployment, a triage reading: whatever it is, the answer is worked out again."""

    def keep() -> None:
        with writer.transaction():
            writer.incidents.keep_answer("triage", "key", writer.incidents.revision() + 1, b"answer")

    def kept() -> bytes | None:
        with reading(database) as connection:
            assert load_answer(connection, "triage", "other key") is None
            return load_answer(connection, "triage", "key")

    changes = write(tmp_path / "deploys.csv", "service,version,environment,time\npay,2,staging,2026-03-01T09:00:00Z\n")
    report = write(tmp_path / "in" / "suite" / "r2" / "a.xml", xml([("a", "pass")], "2026-03-02T10:00:00"))
    for disturb in (
        lambda: record(writer, found("i-1", "a")),
        lambda: ingest(database, report),
        lambda: ingest(database, changes),
        lambda: ingest(database, report, options=RunIdentity(run_id="again")),
    ):
        keep()
        assert kept() == b"answer"
        disturb()
        assert kept() is None
