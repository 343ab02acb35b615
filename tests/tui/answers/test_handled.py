"""What people did in the answers: states, what is set aside, what comes back, and who may overwrite whom."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.handling import FOR_GOOD, UNTIL_FIXED, Action
from ingest.settings import Settings
from store.connect import open_reader
from tests.hostile_names import HOSTILE_NAMES
from tests.store.making import run_note, write, xml
from tests.story.stores import ingest
from tui.answers.acting import (
    ActRefused,
    Done,
    OthersActed,
    Subject,
    Wish,
    act,
    actor_name,
    find_subject,
    parse_expiry,
)
from tui.answers.failures import answer_failures
from tui.answers.keeping import keep_triage
from tui.answers.query import DAY_MS, Moment, Query
from tui.answers.suspects import answer_suspects
from tui.answers.triage import IncidentRow, TriageAnswer, answer_triage
from tui.answers.triage_log import answer_log
from tui.answers.undoing import undo
from tui.errors import NoMatch

START_MS = round(datetime(2026, 3, 1, tzinfo=UTC).timestamp() * 1000)
HOUR = 3_600_000
ADA, BOB = Settings(actor="ada"), Settings(actor="bob")


def add_runs(folder: Path, cells: str, first: int = 0) -> None:
    """One run an hour: `pays` and `refunds` fail together at F, `ships` never."""
    for n, cell in enumerate(cells, first):
        note = run_note(
            str(n),
            vcs__ref__head__name="main",
            start_time=f"2026-03-01T{n:02}:00:00Z",
            end_time=f"2026-03-01T{n:02}:05:00Z",
        )
        place = folder / "data" / str(n)
        write(place / "run.json", note)
        outcome = "fail" if cell == "F" else "pass"
        write(place / "a.xml", xml([("pays", outcome), ("refunds", outcome), ("ships", "pass")]))
    ingest(folder / "crywolf.db", folder / "data")
    keep_triage(folder / "crywolf.db", Query())


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two tests have been red for two runs."""
    add_runs(tmp_path, "......FF")
    return tmp_path / "crywolf.db"


def asked(database: Path, query: Query | None = None) -> TriageAnswer:
    """The Triage answer."""
    connection = open_reader(database)
    answer = answer_triage(connection, query or Query())
    connection.close()
    return answer


def only(database: Path) -> IncidentRow:
    """The one incident."""
    (row,) = asked(database).incidents
    return row


def do(database: Path, who: Settings, action: Action, value: str = "", *, at: float = 8, **more: object) -> Done:
    """Something done with the one incident, as it is seen."""
    row = only(database)
    wish = Wish(action, value, **{k: v for k, v in more.items() if k != "seen"})  # type: ignore[arg-type]
    seen = more.get("seen", row.version)
    subject = Subject("incident", row.incident_id, row.incident_id)
    clock_ms = START_MS + round(at * HOUR)
    return act(database, who, subject, wish, clock_ms=clock_ms, seen=seen)  # type: ignore[arg-type]


def logged(database: Path) -> int:
    """How many events there are; asking what is red adds none."""
    connection = open_reader(database)
    log = answer_log(connection)
    connection.close()
    return len(log)


@pytest.mark.parametrize(
    ("action", "value", "state"),
    [
        (Action.ACK, "", "acknowledged by ada"),
        (Action.CLAIM, UNTIL_FIXED, "claimed by ada"),
        (Action.ASSIGN, "@acme/pay", "assigned to @acme/pay"),
        (Action.RESOLVE, "", "resolved by ada"),
        (Action.NOTE, "see the wiki", "new"),
        (Action.RECLASSIFY, "flaky", "new"),
    ],
)
def test_lists_say_what_was_done(database: Path, action: Action, value: str, state: str) -> None:
    """The incident and its failures, kept answer or not; who did it stands in the pane."""
    do(database, ADA, action, value)
    row = only(database)
    assert (row.state, row.deeds[0].actor) == (state, "ada")
    connection = open_reader(database)
    assert {one.state for one in answer_failures(connection, Query()).rows} == {state}
    connection.close()


def test_a_word_on_the_verdict_counts(database: Path) -> None:
    """Called flaky: it is counted as such and nobody must act."""
    before = asked(database).counts
    do(database, ADA, Action.RECLASSIFY, "flaky")
    answer = asked(database)
    assert before.get("flaky", 0) == 0
    assert (answer.counts["flaky"], answer.incidents[0].act_probability) == (1, 0.0)


def test_quarantine_is_counted_apart_until_its_day(database: Path) -> None:
    """Each test is in quarantine; the incident is when all are; a later run may find it over."""
    until_ms = START_MS + DAY_MS
    done = do(database, ADA, Action.QUARANTINE, until_ms=until_ms, reason="slow", owner="@pay")
    assert len(done.events) == 2
    answer = asked(database)
    assert answer.incidents[0].state == "quarantined until 2026-03-02"
    assert (answer.counts["quarantined"], answer.counts["real"]) == (1, 0)
    later = asked(database, Query(at=Moment(at_ms=until_ms)))
    assert later.incidents[0].state == "new"


def test_resolved_is_counted_apart_until_it_fails_again(database: Path) -> None:
    """What somebody resolved is red still, and nobody has to act on it: it is none of the real ones."""
    before = asked(database).counts
    do(database, ADA, Action.RESOLVE)
    answer = asked(database)
    assert before["real"] == 1
    assert (answer.counts["resolved"], answer.counts["real"]) == (1, 0)


def test_a_clock_set_back_expires_nothing_twice(database: Path) -> None:
    """A quarantine is over by its stored instant and nothing is written when it ends; whoever acts last is obeyed."""
    ends = {ADA: START_MS + 2 * DAY_MS, BOB: START_MS + 5 * DAY_MS}
    before, after = (Query(at=Moment(at_ms=ends[ADA] + step)) for step in (-1, 0))
    do(database, ADA, Action.QUARANTINE, at=40, until_ms=ends[ADA], reason="slow", owner="@pay")
    states = [asked(database, query).incidents[0].state for query in (before, after, before, after)]
    assert states == ["quarantined until 2026-03-03", "new"] * 2
    assert logged(database) == 2
    do(database, BOB, Action.QUARANTINE, at=16, until_ms=ends[BOB], reason="slow", owner="@pay")
    assert asked(database, after).incidents[0].state == "quarantined until 2026-03-06"
    do(database, ADA, Action.UNQUARANTINE, at=15)
    assert {asked(database, query).incidents[0].state for query in (before, after)} == {"new"}
    assert logged(database) == 6


def test_at_an_earlier_moment_nothing_was_done_yet(database: Path) -> None:
    """`--at` sees what was done by then."""
    do(database, ADA, Action.ACK, at=9)
    seen = [asked(database, Query(at=Moment(at_ms=START_MS + hour * HOUR))).incidents[0].state for hour in (8, 9)]
    assert seen == ["new", "acknowledged by ada"]


def test_what_is_fixed_and_red_again_comes_back(database: Path, tmp_path: Path) -> None:
    """Resolved, green, red within five days: the same incident, and nobody is on it; the claim until fixed is over."""
    do(database, ADA, Action.CLAIM, UNTIL_FIXED)
    do(database, ADA, Action.RESOLVE)
    first = only(database)
    add_runs(tmp_path, ".", 9)
    assert asked(database).incidents == ()
    add_runs(tmp_path, "F", 10)
    row = only(database)
    assert (row.incident_id, row.state) == (first.incident_id, "failing again")


def test_an_acknowledgement_ends_with_the_stretch(database: Path, tmp_path: Path) -> None:
    """And can be given anew for the next one."""
    do(database, ADA, Action.ACK)
    add_runs(tmp_path, ".F", 9)
    assert only(database).state == "new"
    do(database, BOB, Action.ACK, at=11)
    assert only(database).state == "acknowledged by bob"


def test_an_id_that_people_know_stays(database: Path, tmp_path: Path) -> None:
    """Earlier runs arrive late: the onset moves, the id that was acted on does not, under kept answers too."""
    first = only(database).incident_id
    do(database, ADA, Action.ACK)
    write(tmp_path / "data" / "5" / "a.xml", xml([("pays", "fail"), ("refunds", "fail"), ("ships", "pass")]))
    ingest(database, tmp_path / "data")
    keep_triage(database, Query())
    row = only(database)
    assert (row.incident_id, row.state) == (first, "acknowledged by ada")
    connection = open_reader(database)
    assert answer_suspects(connection, Query(), first).case == row.lead
    connection.close()


def test_the_loser_is_told_what_the_other_did(database: Path) -> None:
    """Both saw it new; nothing of the second is written."""
    seen = only(database).version
    do(database, ADA, Action.CLAIM, FOR_GOOD)
    with pytest.raises(OthersActed, match=r"meanwhile ada claimed it .*Nothing was written"):
        do(database, BOB, Action.ASSIGN, "@pay", seen=seen)
    with pytest.raises(ActRefused, match="ada has claimed it"):
        do(database, BOB, Action.CLAIM, FOR_GOOD)
    do(database, BOB, Action.CLAIM, FOR_GOOD, takes_over=True)
    assert only(database).state == "claimed by bob"


def test_doing_what_holds_writes_nothing(database: Path) -> None:
    """Twice acknowledged is once; lifted, released and taken back only where there is something."""
    do(database, ADA, Action.ACK)
    for action in (Action.ACK, Action.RELEASE, Action.UNQUARANTINE):
        assert do(database, ADA, action).events == ()


def test_undo(database: Path) -> None:
    """Takes one's deed back, whole; not on top of what another did since."""
    done = do(database, ADA, Action.QUARANTINE, until_ms=START_MS + DAY_MS, reason="slow", owner="@pay")
    undo(database, ADA, done.events, clock_ms=START_MS + 8 * HOUR)
    assert only(database).state == "new"
    done = do(database, ADA, Action.ACK)
    do(database, BOB, Action.NOTE, "mine")
    with pytest.raises(OthersActed, match="bob noted: mine"):
        undo(database, ADA, done.events, clock_ms=START_MS + 8 * HOUR)
    connection = open_reader(database)
    log = answer_log(connection)
    connection.close()
    assert [one.is_undone for one in log] == [True, True, False, False, False, False]


@pytest.mark.parametrize("text", ["forever", "never", "", "soon", "2026-02-30", "9999d", "2126-01-01", "2026-03-01"])
def test_a_quarantine_ends_some_day_soon(text: str) -> None:
    """No end, an end in the past and one beyond a year are refused."""
    with pytest.raises(ActRefused):
        parse_expiry(text, START_MS)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-03-15", START_MS + 14 * DAY_MS),
        ("14d", START_MS + 14 * DAY_MS),
        ("2w", START_MS + 14 * DAY_MS),
        ("2026-03-15T02:00:00+02:00", START_MS + 14 * DAY_MS),
    ],
)
def test_an_expiry_is_an_instant(text: str, expected: int) -> None:
    """A date is its beginning in UTC."""
    assert parse_expiry(text, START_MS) == expected


@pytest.mark.parametrize(
    "wish",
    [
        Wish(Action.NOTE, "  "),
        Wish(Action.ASSIGN),
        Wish(Action.CLAIM, "soon"),
        Wish(Action.RECLASSIFY, "passing"),
        Wish(Action.RESOLVE, "fixed"),
        Wish(Action.QUARANTINE, until_ms=2**50, reason="", owner="x"),
        Wish(Action.QUARANTINE, until_ms=1, reason="x", owner="x"),
    ],
    ids=lambda wish: wish.action,
)
def test_what_is_incomplete_is_refused(database: Path, wish: Wish) -> None:
    """Nothing is written."""
    row = only(database)
    with pytest.raises(ActRefused):
        act(database, ADA, Subject("incident", row.incident_id, "it"), wish, clock_ms=START_MS)
    assert only(database).version == 0


def test_subjects_by_any_part(database: Path) -> None:
    """A part of an incident's id, with or without `i-`; a part of a test's identity."""
    ident = only(database).incident_id
    connection = open_reader(database)
    assert {find_subject(connection, part).key for part in (ident, ident[:6], ident[2:7].upper())} == {ident}
    assert find_subject(connection, "refunds").label == "journeys::shop.Pay::refunds"
    for part in ("i-0000000000", "nowhere", "shop.Pay"):
        with pytest.raises(NoMatch):
            find_subject(connection, part)
    connection.close()


def test_foreign_text_is_made_safe(database: Path) -> None:
    """Notes, reasons, owners and actors, of every hostile kind; secrets are taken out."""
    for name in HOSTILE_NAMES:
        if name.strip():
            try:
                do(database, replace(ADA, actor=name), Action.NOTE, f"{name} password=hunter2")
            except ActRefused:
                assert len(name) > 3000
    connection = open_reader(database)
    written = [text for one in answer_log(connection) for text in (one.actor, one.words, one.new_value or "")]
    connection.close()
    assert written
    assert not [text for text in written if any(c in text for c in "\x1b\x07\x00\x9b\u202e") or "hunter2" in text]


def test_who_acts() -> None:
    """As `crywolf.toml` says, else the operating system's user."""
    assert actor_name(ADA) == "ada"
    assert actor_name(Settings())
