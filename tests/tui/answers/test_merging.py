"""Merged and split incidents: what lists show, what stays with whom, regrouping, taking back, two people at once."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest

from analysis.handling import UNTIL_FIXED, Action
from ingest.settings import Settings
from store.connect import open_reader
from store.read.regrouping import current_idents
from store.read.triage import list_members, load_places
from tests.store.making import run_note, write, xml
from tests.story.stores import ingest
from tui.answers.acting import ActRefused, OthersActed, Subject, Wish, act, find_subject
from tui.answers.failures import answer_failures
from tui.answers.keeping import keep_triage
from tui.answers.merging import find_members, merge, split
from tui.answers.query import Moment, Query
from tui.answers.suspects import answer_suspects
from tui.answers.triage import IncidentRow, answer_triage
from tui.answers.triage_log import answer_log
from tui.answers.undoing import undo
from tui.errors import NoMatch
from tui.times import parse_moment

ADA, BOB = Settings(actor="ada"), Settings(actor="bob")
NOON_MS = parse_moment("2026-03-01T12:00:00Z").at_ms or 0


def add_runs(folder: Path, first: int, cells: dict[str, dict[str, str]]) -> None:
    """Runs, one an hour; by environment and test a letter a run, F: failed."""
    for environment, tests in cells.items():
        for n in range(len(next(iter(tests.values())))):
            place = folder / "data" / environment / str(first + n)
            start = f"2026-03-01T{first + n:02}:00:00Z"
            note = run_note(str(first + n), start_time=start, deployment__environment__name=environment)
            write(place / "run.json", note)
            outcomes = [(name, "fail" if row[n] == "F" else "pass") for name, row in tests.items()]
            write(place / "a.xml", xml([*outcomes, ("ships", "pass")]))
    ingest(folder / "crywolf.db", folder / "data")
    keep_triage(folder / "crywolf.db", Query())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """An incident of two tests in staging, another of one in preprod."""
    add_runs(tmp_path, 0, {"staging": {"pays": "......FF", "refunds": "......FF"}, "preprod": {"pays": ".....FFF"}})
    return tmp_path / "crywolf.db"


def rows(database: Path, query: Query | None = None) -> dict[str, IncidentRow]:
    """Incidents by their ids."""
    with closing(open_reader(database)) as connection:
        return {row.incident_id: row for row in answer_triage(connection, query or Query()).incidents}


def both(database: Path) -> tuple[Subject, Subject]:
    """(the incident of staging, the one of preprod)."""
    found = sorted(rows(database).values(), key=lambda row: row.scope.environment == "preprod")
    first, second = (Subject("incident", row.incident_id, row.incident_id) for row in found)
    return first, second


def names(row: IncidentRow) -> set[str]:
    """Where which tests are red in it."""
    return {f"{case.name} {scope.environment}" for case, scope in row.tests}


def test_merged_incidents_are_one(database: Path) -> None:
    """Under the id of the one that stays, with the tests of both; the other id leads there, in every question."""
    staging, preprod = both(database)
    act(database, ADA, staging, Wish(Action.NOTE, "tokens"), clock_ms=NOON_MS)
    done = merge(database, ADA, staging, preprod, clock_ms=NOON_MS)
    assert done.words == f"ada merged {staging.key} into {preprod.key}"
    ((ident, row),) = rows(database).items()
    assert ident == preprod.key
    assert names(row) == {"pays staging", "refunds staging", "pays preprod"}
    assert (row.radius.tests, row.since_ms) == (2, NOON_MS - 7 * 3_600_000)
    assert [deed.words for deed in row.deeds] == [done.words.removeprefix("ada "), "noted: tokens"]
    with closing(open_reader(database)) as connection:
        assert {one.incident_id for one in answer_failures(connection, Query()).rows} == {ident}
        assert find_subject(connection, staging.key[2:]).key == ident
        assert len(list_members(connection, ident)) == 2
        assert (
            load_places(connection, [staging.key])[staging.key].members
            == load_places(connection, [ident])[ident].members
        )
        assert answer_suspects(connection, Query(), staging.key).scope == row.scope
        assert [one.action for one in answer_log(connection, find_subject(connection, ident))].count("merge") == 2


def test_what_is_done_with_it_afterwards_is_done_with_both(database: Path) -> None:
    """By either id; claimed until fixed by the id that was."""
    staging, preprod = both(database)
    merge(database, ADA, staging, preprod, clock_ms=NOON_MS)
    with pytest.raises(OthersActed, match="ada merged"):
        act(database, BOB, staging, Wish(Action.ACK), clock_ms=NOON_MS + 1, seen=0)
    with closing(open_reader(database)) as connection:
        found = find_subject(connection, staging.key)
    act(database, BOB, found, Wish(Action.CLAIM, UNTIL_FIXED), clock_ms=NOON_MS + 1)
    assert rows(database)[preprod.key].state == "claimed by bob"


def test_a_merge_is_taken_back(database: Path) -> None:
    """Both are there again, each with what was done with it."""
    staging, preprod = both(database)
    act(database, ADA, staging, Wish(Action.ACK), clock_ms=NOON_MS)
    done = merge(database, ADA, staging, preprod, clock_ms=NOON_MS)
    undo(database, ADA, done.events, clock_ms=NOON_MS + 1)
    after = rows(database)
    assert set(after) == {staging.key, preprod.key}
    assert (after[staging.key].state, after[preprod.key].state) == ("acknowledged by ada", "new")
    assert after[staging.key].deeds[0].words == "took back: merge"
    merge(database, ADA, preprod, staging, clock_ms=NOON_MS + 2)
    assert set(rows(database)) == {staging.key}


def test_merged_incidents_stay_one_when_more_fails(database: Path, tmp_path: Path) -> None:
    """The lead of one is fixed; a run without any red ends it, and it comes back as one."""
    staging, preprod = both(database)
    merge(database, ADA, preprod, staging, clock_ms=NOON_MS)
    add_runs(tmp_path, 8, {"staging": {"pays": ".", "refunds": "F"}, "preprod": {"pays": "F", "refunds": "."}})
    ((ident, row),) = rows(database).items()
    assert (ident, names(row)) == (staging.key, {"refunds staging", "pays preprod"})
    add_runs(tmp_path, 9, {"staging": {"pays": ".", "refunds": "."}, "preprod": {"pays": ".", "refunds": "."}})
    assert rows(database) == {}
    add_runs(tmp_path, 10, {"staging": {"pays": ".", "refunds": "."}, "preprod": {"pays": "F", "refunds": "."}})
    ((ident, row),) = rows(database).items()
    assert (ident, names(row)) == (staging.key, {"pays preprod"})


def test_a_chain_of_merges_and_a_circle(database: Path) -> None:
    """What is one cannot be merged again; ids lead to the end of the chain."""
    staging, preprod = both(database)
    merge(database, ADA, staging, preprod, clock_ms=NOON_MS)
    with pytest.raises(ActRefused, match="one incident already"):
        merge(database, ADA, preprod, staging, clock_ms=NOON_MS)
    with closing(open_reader(database)) as connection:
        assert current_idents(connection, [staging.key, "i-0000"]) == {staging.key: preprod.key, "i-0000": "i-0000"}


def test_a_split(database: Path) -> None:
    """The part has an id and a lead of its own and begins new; what was done stays with the rest."""
    staging, preprod = both(database)
    act(database, ADA, staging, Wish(Action.ACK), clock_ms=NOON_MS)
    with closing(open_reader(database)) as connection:
        members = find_members(connection, Settings(), staging, ["pays"])
    done = split(database, ADA, staging, members, clock_ms=NOON_MS)
    after = rows(database)
    (ident,) = set(after) - {staging.key, preprod.key}
    assert done.words == f"ada split 1 test off from {staging.key} as {ident}"
    assert (names(after[ident]), names(after[staging.key])) == ({"pays staging"}, {"refunds staging"})
    assert (after[ident].lead.name, after[ident].state, after[ident].radius.tests) == ("pays", "new", 1)
    assert after[staging.key].state == "acknowledged by ada"
    assert after[ident].deeds[0].words == f"split 1 test off from {staging.key} as {ident}"
    with closing(open_reader(database)) as connection:
        part = find_subject(connection, ident)
        assert list_members(connection, ident) == (after[ident].lead.test_id,)
        assert list_members(connection, staging.key) == (after[staging.key].lead.test_id,)
        place = load_places(connection, [ident])[ident]
        assert (len(place.members), place.onset_ms) == (1, NOON_MS - 6 * 3_600_000)
        assert {one.incident_id for one in answer_failures(connection, Query()).rows} == set(after)
    act(database, ADA, part, Wish(Action.CLAIM, UNTIL_FIXED), clock_ms=NOON_MS + 1)
    assert rows(database)[ident].state == "claimed by ada"
    before = rows(database, Query(at=Moment(at_ms=NOON_MS - 1)))
    assert set(before) == {staging.key, preprod.key}


def test_a_split_is_taken_back_and_its_id_leads_home(database: Path) -> None:
    """Whatever was done with the part meanwhile is in the log of the whole."""
    staging, _ = both(database)
    with closing(open_reader(database)) as connection:
        members = find_members(connection, Settings(), staging, ["pays"])
    done = split(database, ADA, staging, members, clock_ms=NOON_MS)
    undo(database, ADA, done.events, clock_ms=NOON_MS)
    (ident,) = {word for word in done.words.split() if word.startswith("i-")} - {staging.key}
    assert names(rows(database)[staging.key]) == {"pays staging", "refunds staging"}
    with closing(open_reader(database)) as connection:
        assert current_idents(connection, [ident]) == {ident: staging.key}


def test_a_part_stays_apart_when_the_facts_regroup(database: Path, tmp_path: Path) -> None:
    """The rest is fixed, later it fails again; a part that is merged back is a part no more."""
    staging, _ = both(database)
    with closing(open_reader(database)) as connection:
        members = find_members(connection, Settings(), staging, ["pays"])
    split(database, ADA, staging, members, clock_ms=NOON_MS)
    (ident,) = (key for key, row in rows(database).items() if names(row) == {"pays staging"})
    add_runs(tmp_path, 8, {"staging": {"pays": "F", "refunds": "."}})
    assert names(rows(database)[ident]) == {"pays staging"}
    assert staging.key not in rows(database)
    add_runs(tmp_path, 9, {"staging": {"pays": "F", "refunds": "F"}})
    assert names(rows(database)[ident]) == {"pays staging"}
    merge(database, ADA, Subject("incident", ident, ident), staging, clock_ms=NOON_MS + 9)
    assert "pays staging" in names(rows(database)[staging.key])
    assert ident not in rows(database)


def test_who_acts_meanwhile_is_told(database: Path) -> None:
    """On either incident; nothing is written."""
    staging, preprod = both(database)
    act(database, BOB, preprod, Wish(Action.CLAIM, UNTIL_FIXED), clock_ms=NOON_MS)
    with pytest.raises(OthersActed, match="bob claimed it until fixed"):
        merge(database, ADA, staging, preprod, clock_ms=NOON_MS, seen=0)
    with closing(open_reader(database)) as connection:
        members = find_members(connection, Settings(), staging, ["pays"])
    act(database, BOB, staging, Wish(Action.ACK), clock_ms=NOON_MS)
    with pytest.raises(OthersActed, match="bob acknowledged it"):
        split(database, ADA, staging, members, clock_ms=NOON_MS, seen=0)
    assert len(rows(database)) == 2


def test_what_cannot_be_split_or_merged(database: Path) -> None:
    """All of it, nothing of it, tests, and what is not red."""
    staging, preprod = both(database)
    with closing(open_reader(database)) as connection:
        everything = find_members(connection, Settings(), staging, ["shop"])
        other = find_members(connection, Settings(), preprod, ["pays"])
        with pytest.raises(NoMatch, match="ships"):
            find_members(connection, Settings(), staging, ["ships"])
        test = find_subject(connection, "refunds")
    for members, word in ((everything, "all of it"), (other, "nothing of it")):
        with pytest.raises(ActRefused, match=word):
            split(database, ADA, staging, members, clock_ms=NOON_MS)
    with pytest.raises(ActRefused, match="is a test"):
        merge(database, ADA, test, staging, clock_ms=NOON_MS)
    with pytest.raises(ActRefused, match="not red now"):
        split(database, ADA, Subject("incident", "i-0000", "i-0000"), everything, clock_ms=NOON_MS)
