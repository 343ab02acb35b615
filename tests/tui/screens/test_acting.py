"""Acting in the dashboard: one key each, dialogs, undo, two people at once, a store that cannot be written."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from analysis.handling import Action
from ingest.settings import Settings
from store.connect import open_reader
from store.errors import StoreFull
from tests.store.making import run_note, write, xml
from tests.story.stores import ingest
from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fakes import INCIDENTS, PAYMENTS, SET_ASIDE
from tui.answers.acting import Done, Subject, Wish, act
from tui.answers.query import Query
from tui.answers.triage import answer_triage
from tui.app import CrywolfApp
from tui.screens.acting import ActingView, Target
from tui.screens.asking import StoreAnswers
from tui.screens.form import FormScreen
from tui.screens.incident import IncidentView
from tui.screens.keys import KeysScreen
from tui.screens.quarantine import QuarantineView
from tui.screens.test_detail import TestView

FIRST = INCIDENTS[0].incident_id


def done(answers: FakeAnswers) -> list[tuple[object, ...]]:
    """(subject, action, value) of what was done, and events of what was taken back."""
    found: list[tuple[object, ...]] = []
    for what in answers.asked:
        if what[0] == "act" and isinstance(what[2], Wish):
            found.append((what[1], what[2].action, what[2].value))
        elif what[0] == "undo":
            found.append(what)
    return found


@pytest.mark.parametrize("opens", [(), ("enter",)], ids=["triage", "incident"])
@pytest.mark.parametrize(
    ("keys", "action", "value"),
    [
        ("a", Action.ACK, ""),
        ("c", Action.CLAIM, "until fixed"),
        ("C", Action.CLAIM, "for good"),
        ("s", Action.CONFIRM, PAYMENTS.change_id),
        ("S", Action.REFUTE, PAYMENTS.change_id),
        ("d", Action.RESOLVE, ""),
        ("Z", Action.UNQUARANTINE, ""),
    ],
)
async def test_keys_that_act_at_once(
    make_app: AppMaker, opens: tuple[str, ...], keys: str, action: Action, value: str
) -> None:
    """On the incident that is selected; u takes it back, once."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, *opens, keys, "u", "u")
    assert done(answers) == [(FIRST, action, value), ("undo", (1,))]


@pytest.mark.parametrize(
    ("key", "action", "text"),
    [("n", Action.NOTE, "see [/x] wiki"), ("t", Action.ASSIGN, "@acme/cart"), ("v", Action.RECLASSIFY, "flaky")],
)
async def test_keys_that_ask_first(make_app: AppMaker, key: str, action: Action, text: str) -> None:
    """A line to fill in; esc leaves everything as it was; an empty one is not sent."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, key, "escape")
        assert done(answers) == []
        await press(pilot, key)
        app.screen.query_one("#value", Input).value = ""
        await press(pilot, "enter")
        assert isinstance(app.screen, FormScreen)
        app.screen.query_one("#value", Input).value = text
        await press(pilot, "enter")
        assert isinstance(app.screen, ActingView)
    assert done(answers) == [(FIRST, action, text)]


async def test_quarantine_asks_for_an_end(make_app: AppMaker) -> None:
    """It proposes a date and an owner; for ever, the past and no reason are refused, what was typed stays."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "z")
        form = app.screen
        assert isinstance(form, FormScreen)
        assert form.values["until"] > "2026"
        assert form.values["owner"]
        for until, word in (("forever", "is no end of a quarantine"), ("2020-01-01", "has passed")):
            form.query_one("#until", Input).value = until
            await press(pilot, "enter")
            assert word in screen_text(app)
            assert form.focused is form.query_one("#until")
        form.query_one("#until", Input).value = "14d"
        await press(pilot, "enter", "enter", "enter")
        assert "needs a reason" in screen_text(app)
        form.query_one("#reason", Input).value = "slow partner"
        await press(pilot, "enter", "enter", "enter")
        assert isinstance(app.screen, ActingView)
    (what,) = [what for what in answers.asked if what[0] == "act"]
    wish = what[2]
    assert isinstance(wish, Wish)
    assert (wish.action, wish.reason, wish.owner != "") == (Action.QUARANTINE, "slow partner", True)


async def test_quarantine_mode(make_app: AppMaker) -> None:
    """What ends first on top; days left, still failing or not; what is over stands out; keys act on tests."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(160, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "7")
        assert isinstance(app.screen, QuarantineView)
        lines = screen_text(app).splitlines()
        assert "2 in quarantine   1 not failing now   1 over" in lines[1]
        rows = [line for line in lines if "the sandbox of the" in line][: len(SET_ASIDE)]
        assert "ada 18 Nov 06:40  the sandbox of the partner is slow" in screen_text(app)
        assert [word in row for row, word in zip(rows, ("12 d", "30 d", "over 2 d"), strict=True)] == [True] * 3
        assert [("still failing" in row, "not failing" in row) for row in rows[:2]] == [(True, False), (False, True)]
        assert app.screen.url() == "https://issues.example/17"
        await press(pilot, "a", "Z", "u")
        first = SET_ASIDE[0].case
        assert done(answers) == [(first.test_id, Action.UNQUARANTINE, ""), ("undo", (1,))]
        await press(pilot, "z")
        assert isinstance(app.screen, FormScreen)
        assert app.screen.values["reason"] == "the sandbox of the partner is slow"
        await press(pilot, "escape", "enter")
        assert isinstance(app.screen, TestView)


async def test_nothing_in_quarantine_says_how(make_app: AppMaker) -> None:
    """The empty list names the key and the command."""
    app = make_app(FakeAnswers(set_aside=()))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "7")
        assert "crywolf triage quarantine" in screen_text(app)


async def test_a_store_that_cannot_be_written_offers_no_deeds(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The keys are off, and it is said why."""
    monkeypatch.setattr("tui.app.may_write", lambda database: False)
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "read only" in screen_text(app)
        await press(pilot, "question_mark")
        assert isinstance(app.screen, KeysScreen)
        assert "Claim until fixed" not in screen_text(app)
        await press(pilot, "escape", *"acCsSdzZtnvu", "enter", "a")
        assert isinstance(app.screen, IncidentView)
        assert "read only" in screen_text(app)
    assert done(answers) == []


async def test_a_deed_that_could_not_be_written(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is said why, there is nothing to take back, and the same key does it once there is room again."""

    def full(*_: object) -> Done:
        raise StoreFull("store.db: no space left on its disk; free some")

    app = make_app(answers := FakeAnswers())
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        with monkeypatch.context() as broken:
            broken.setattr(answers, "act", full)
            await press(pilot, "a")
            assert "no space left on its disk" in screen_text(app)
            await press(pilot, "u")
        await press(pilot, "a")
    assert done(answers) == [(FIRST, Action.ACK, "")]


async def test_keys_are_listed(make_app: AppMaker) -> None:
    """? lists every one of them."""
    app = make_app()
    async with app.run_test(size=(120, 50)) as pilot:
        await settle(pilot)
        await press(pilot, "a", "question_mark")
        text = screen_text(app)
        for word in ("Ack", "Claim until fixed", "Assign to a team", "Note", "Confirm the suspect", "Lift", "Undo"):
            assert word in text


def shown(app: CrywolfApp) -> Target:
    """What is selected, as it is shown."""
    assert isinstance(app.screen, ActingView)
    target = app.screen.target
    assert target is not None
    return target


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """One incident of one test."""
    for n, outcome in enumerate(["pass"] * 6 + ["fail"] * 2):
        place = tmp_path / "data" / str(n)
        write(place / "run.json", run_note(str(n), start_time=f"2026-03-01T{n:02}:00:00Z"))
        write(place / "a.xml", xml([("pays", outcome), ("ships", "pass")]))
    ingest(tmp_path / "crywolf.db", tmp_path / "data")
    return tmp_path / "crywolf.db"


async def test_on_a_real_store(database: Path) -> None:
    """A burst of keys is one deed after the other; who acts meanwhile is shown, and overwritten by nobody."""
    query = Query(settings=Settings(actor="ada"))
    app = CrywolfApp(database, query, answers=StoreAnswers(database))
    async with app.run_test(size=(140, 40), notifications=True) as pilot:
        await settle(pilot)
        await pilot.press("a", "c")
        await settle(pilot)
        assert shown(app).state == "claimed by ada"
        await press(pilot, "c")
        target = shown(app)
        assert target.state == "acknowledged by ada"
        act(
            database,
            Settings(actor="bob"),
            Subject("incident", target.key, "it"),
            Wish(Action.NOTE, "bob's \x1b[2J[/x]"),
            clock_ms=0,
        )
        await press(pilot, "d")
        assert "bob noted" in screen_text(app)
        await press(pilot, "r", "d")
    with closing(open_reader(database)) as connection:
        (row,) = answer_triage(connection, query).incidents
    assert row.state == "resolved by ada"
    words = [deed.words for deed in reversed(row.deeds)]
    assert words == [
        "acknowledged it",
        "claimed it until fixed",
        "released it",
        "noted: bob's [/x]",
        "resolved it",
    ]


async def test_a_burst_in_a_dialog(make_app: AppMaker) -> None:
    """Keys typed without waiting go where they would have gone: enter, words, enter, words, enter, enter."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "z")
        for key in ("enter", *"slow", "enter", *"me", "enter", "enter"):
            app.post_message(events.Key(key, None if key == "enter" else key))
        await settle(pilot)
    (wish,) = [what[2] for what in answers.asked if what[0] == "act"]
    assert isinstance(wish, Wish)
    assert (wish.reason, wish.owner[-2:]) == ("slow", "me")
