"""The log of what people did: appended on what was seen, by one at a time; it stays with its subject."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from ingest.model import Scope, TestCase
from store.read.kept import load_answer
from store.read.triage import INCIDENT, TEST, list_calls, list_events, list_log, list_members
from store.triage import Deed, Overtaken, append_deeds
from store.write import OpenIncident, Writer
from tests.store.making import reading

SCOPE = Scope("journeys", "", "", "")
CASES = {name: TestCase("journeys", "shop.Pay", name) for name in ("a", "b", "c")}


def record(writer: Writer, ident: str, *names: str) -> None:
    """An incident as the facts give it."""
    members = tuple((SCOPE, bytes.fromhex(CASES[name].test_id)) for name in names)
    with writer.transaction():
        writer.incidents.record([OpenIncident(ident, "title", 0, 9, members)])


def deed(action: str = "ack", seen: int = 0, subject: str = "i-1", kind: str = INCIDENT) -> Deed:
    """Something done."""
    return Deed(kind, subject, action, None, None, seen)


def test_what_was_done_is_read_back(database: Path) -> None:
    """In the order in which it was done, with who and when."""
    first = append_deeds(database, [deed()], "ada", 7)
    second = append_deeds(database, [deed("note", seen=first[0])], "bob", 8)
    with reading(database) as connection:
        (events,) = list_events(connection, ["i-1"]).values()
        assert [(e.event_id, e.at_ms, e.actor, e.action) for e in events] == [
            (first[0], 7, "ada", "ack"),
            (second[0], 8, "bob", "note"),
        ]


def test_the_loser_sees_what_the_other_did(database: Path) -> None:
    """Both looked at the same state; the second writes nothing, and not a part of it either."""
    append_deeds(database, [deed("claim")], "ada", 7)
    with pytest.raises(Overtaken) as caught:
        append_deeds(database, [deed(subject="i-2"), deed("claim")], "bob", 8)
    assert [(event.actor, event.action) for event in caught.value.events] == [("ada", "claim")]
    with reading(database) as connection:
        assert len(list_log(connection)) == 1


def test_of_many_at_once_one_wins(database: Path) -> None:
    """The check and the event are one: eight people claim the same incident, seven are told."""
    gate, results = threading.Barrier(8), list[object]()

    def claim(name: str) -> None:
        gate.wait()
        try:
            results.append(append_deeds(database, [deed("claim")], name, 7))
        except Overtaken as problem:
            results.append(problem.events[0].actor)

    people = [threading.Thread(target=claim, args=(f"person {n}",)) for n in range(8)]
    for one in people:
        one.start()
    for one in people:
        one.join()
    winners = [result for result in results if isinstance(result, tuple)]
    with reading(database) as connection:
        (event,) = list_log(connection)
    assert len(winners) == 1
    assert [result for result in results if isinstance(result, str)] == [event.actor] * 7


def test_events_follow_an_incident_through_its_ids(database: Path, writer: Writer) -> None:
    """Done on a former id, read and checked under the present one."""
    record(writer, "i-1", "a")
    record(writer, "i-2", "a", "b")  # nobody had acted: the id follows the facts
    (event,) = append_deeds(database, [deed(subject="i-1")], "ada", 7)
    record(writer, "i-3", "a", "b")  # now it stays
    with reading(database) as connection:
        assert set(list_events(connection, ["i-2"])) == {(INCIDENT, "i-2")}
        assert len(list_members(connection, "i-2")) == 2
    with pytest.raises(Overtaken):
        append_deeds(database, [deed(subject="i-3")], "bob", 8)
    append_deeds(database, [deed(subject="i-3", seen=event)], "bob", 8)
    with reading(database) as connection:
        assert [one.subject for one in list_log(connection)] == ["i-2", "i-2"]


def test_events_follow_a_rename(database: Path, writer: Writer) -> None:
    """Quarantined as `a`, which continues as `b`, and that as `c`."""
    append_deeds(database, [deed("quarantine", subject=CASES["a"].test_id, kind=TEST)], "ada", 7)
    with writer.transaction():
        for old, new in ("ab", "bc"):
            writer.add_alias(writer.test_case(CASES[old]), writer.test_case(CASES[new]))
    with reading(database) as connection:
        found = list_events(connection, (), [CASES["c"].test_id])
        assert set(found) == {(TEST, CASES["c"].test_id)}
    with pytest.raises(Overtaken):
        append_deeds(database, [deed("quarantine", subject=CASES["c"].test_id, kind=TEST)], "bob", 8)


def test_what_is_taken_back_is_no_call(database: Path) -> None:
    """The alarm ledger does not hear it; before it was taken back it did."""
    (event,) = append_deeds(database, [deed("confirm")], "ada", 7)
    append_deeds(database, [Deed(INCIDENT, "i-1", "undo", "confirm", str(event), event)], "ada", 9)
    with reading(database) as connection:
        assert [call.action for call in list_calls(connection, 8)] == ["confirm"]
        assert list_calls(connection, 9) == ()


def test_kept_answers_stay_valid(database: Path, writer: Writer) -> None:
    """They hold facts alone: a deed outdates none of them."""
    with writer.transaction(brings_news=False):
        writer.incidents.keep_answer("triage", "key", writer.incidents.revision(), b"body")
    append_deeds(database, [deed()], "ada", 7)
    with reading(database) as connection:
        assert load_answer(connection, "triage", "key") == b"body"
