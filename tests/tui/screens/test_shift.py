"""A shift in the dashboard: merging and splitting, sessions, the calendar of a quarantine, notes in an editor."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from textual.widgets import Input

from ingest.settings import Settings
from store.connect import open_reader
from tests.tui.answers.test_merging import add_runs
from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fakes import INCIDENTS, NOW_MS, STAGING
from tui.answers.query import Query
from tui.answers.triage import ThreeOwners, answer_triage
from tui.app import CrywolfApp
from tui.screens.acting import ActingView
from tui.screens.argument import deciding_words, failure_lines, marked
from tui.screens.asking import StoreAnswers
from tui.screens.choosing import ChooseScreen
from tui.screens.deed_forms import note_of
from tui.screens.form import FormScreen
from tui.screens.triage import TriageView
from tui.widgets.calendar import moved
from tui.widgets.day_input import DayInput
from tui.widgets.line_table import LineTable
from tui.widgets.pieces import Piece, text_of

FIRST, SECOND = INCIDENTS[0], INCIDENTS[1]


@pytest.mark.parametrize("opens", [(), ("enter",)], ids=["triage", "incident"])
async def test_merge(make_app: AppMaker, opens: tuple[str, ...]) -> None:
    """Into one of the others that are red; esc leaves both; u takes it back."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, *opens, "m", "escape", "m")
        assert isinstance(app.screen, ChooseScreen)
        text = screen_text(app)
        assert SECOND.title in text
        assert "space marks" not in text
        await press(pilot, "space", "enter", "u")
        assert isinstance(app.screen, ActingView)
    done = [what for what in answers.asked if what[0] in ("merge", "undo")]
    assert done == [("merge", FIRST.incident_id, SECOND.incident_id), ("undo", (1,))]


@pytest.mark.parametrize("opens", [(), ("enter",)], ids=["triage", "incident"])
async def test_split(make_app: AppMaker, opens: tuple[str, ...]) -> None:
    """The tests that were marked, else the one that is selected; taken back by u."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, *opens, "M", "down", "space", "space", "up", "space", "enter")
        await press(pilot, "M", "enter", "u")
    cases = [case.test_id for case, _ in FIRST.tests]
    done = [what for what in answers.asked if what[0] in ("split", "undo")]
    assert done == [
        ("split", FIRST.incident_id, ((cases[1], STAGING),)),
        ("split", FIRST.incident_id, ((cases[0], STAGING),)),
        ("undo", (2,)),
    ]


async def test_the_queue_of_what_nobody_has_sorted(make_app: AppMaker) -> None:
    """f leaves what is unowned or undecided and in nobody's hands, and says how much there is; f again: everything."""
    unowned = replace(INCIDENTS[0], owners=ThreeOwners())
    taken = replace(INCIDENTS[4], state="claimed by ada", incident_id="i-77")
    app = make_app(FakeAnswers(incidents=(unowned, *INCIDENTS[1:], taken)))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "f 3 to sort" in screen_text(app)
        await press(pilot, "f")
        table = app.screen.query_one("#incidents", LineTable)
        assert [str(key) for key in table.keys] == [one.incident_id for one in (unowned, INCIDENTS[1], INCIDENTS[4])]
        await press(pilot, "f")
        assert len(table.keys) == 6


def test_deciding_words_are_marked() -> None:
    """The suspect's service in the message; below it the line that names it where the message does not."""
    lines = failure_lines("expected 200", "expected 200\n at x\n payments-5d8f: old token\n", 80, words=("Payments",))
    assert [text_of(one) for one in lines] == ["expected 200", "payments-5d8f: old token"]
    assert [piece for piece in lines[1] if piece.tone == "accent"] == [Piece("payments", "accent")]
    assert text_of(marked("a[/x]b(", ("[/x]", "("))) == "a[/x]b("
    assert "payments" in deciding_words(FIRST)


async def test_nothing_to_merge_or_split(make_app: AppMaker) -> None:
    """With one incident of one test both keys are off."""
    answers = FakeAnswers(incidents=INCIDENTS[3:4])
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "m", "M")
        assert isinstance(app.screen, TriageView)


async def test_a_session(make_app: AppMaker) -> None:
    """b begins it, its line stands at the bottom, b ends it."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        assert "session" not in screen_text(app)
        await press(pilot, "b")
        assert isinstance(app.screen, FormScreen)
        app.screen.query_one("#name", Input).value = "night [/x]"
        await press(pilot, "enter")
        assert "session night [/x] · ada · since 04:40 · 3 handled" in screen_text(app)
        await press(pilot, "b")
        assert "3 handled" not in screen_text(app)
    asked = [what for what in answers.asked if what[0] in ("begin_session", "end_session")]
    assert asked == [("begin_session", "night [/x]"), ("end_session", "night [/x]")]


async def test_the_calendar(make_app: AppMaker) -> None:
    """Arrows choose the day, whose weekday is said; +7d is understood; what is no day says so; no day is for ever."""
    app = make_app(FakeAnswers())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "z")
        line = app.screen.query_one("#until", DayInput)
        first = line.day
        assert first is not None
        assert f"{first:%A}" in screen_text(app)
        assert "Mo Tu We Th Fr Sa Su" in screen_text(app)
        assert f"[{first.day:>2}]" in screen_text(app)
        for keys, days in ((("right",), 1), (("left", "left"), -1), (("down",), 6), (("up", "up"), -8)):
            await press(pilot, *keys)
            assert line.day == first + timedelta(days=days)
        await press(pilot, "pagedown", "pageup")
        assert line.day is not None
        line.value = "+7d"
        await settle(pilot)
        assert "in 7 days" in screen_text(app)
        line.value = "forever"
        await settle(pilot)
        assert line.day is None
        assert "'forever' is no end of a quarantine" in screen_text(app)
        await press(pilot, "enter")
        assert app.focused is line
        await press(pilot, *["up"] * 3)
        assert "tomorrow" in screen_text(app)
        for _ in range(16):
            await press(pilot, "pagedown")
        assert line.day == line.days.last
        await press(pilot, "enter")
        assert "Mo Tu We Th Fr Sa Su" not in screen_text(app)


async def test_the_longest_quarantine_is_the_projects(make_app: AppMaker) -> None:
    """What `longest_quarantine` allows can be chosen and sent, nothing beyond it."""
    app = make_app(FakeAnswers(), query=Query(settings=Settings(longest_quarantine_s=10 * 86_400)))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "z")
        line = app.screen.query_one("#until", DayInput)
        assert line.day == line.days.last
        app.screen.query_one("#reason", Input).value = "slow"
        line.value = "11d"
        await press(pilot, "enter", "tab", "tab", "tab", "enter")
        assert app.focused is line
        assert "more than 10 days away" in " ".join(screen_text(app).split())


@pytest.mark.parametrize(
    ("days", "months", "expected"),
    [(1, 0, "2026-02-01"), (0, 1, "2026-02-28"), (0, -1, "2026-01-10"), (400, 0, "2027-01-10"), (0, 11, "2026-12-31")],
)
def test_days_that_can_be_chosen(days: int, months: int, expected: str) -> None:
    """Months of other lengths; nothing before the first and after the last."""
    assert moved(date(2026, 1, 31), days, months, date(2026, 1, 10), date(2027, 1, 10)).isoformat() == expected


@pytest.mark.parametrize(("typed", "noted"), [("see [/x] \x1b[2J", "see [/x] "), ("", None), (None, None)])
async def test_a_note_in_the_editor(
    make_app: AppMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, typed: str | None, noted: str | None
) -> None:
    """What was written above the line is the note; an empty one is none, and so is that of an editor that failed."""
    answers = FakeAnswers()
    app = make_app(answers)
    monkeypatch.setattr("tui.screens.outside.edit", lambda app, text: "" if typed is None else f"{typed}\n{text}")
    async with app.run_test(size=(120, 40), notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "N")
        assert ("an empty note is none" in screen_text(app)) == (noted is None)
    wishes = [what for what in answers.asked if what[0] == "act"]
    assert len(wishes) == (noted is not None)


def test_a_note_that_was_not_touched() -> None:
    """The template alone is no note."""
    assert note_of("\n# ------ what stands from here on is no part of the note ------\n# on it\n") == ""


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """Two incidents."""
    add_runs(tmp_path, 0, {"staging": {"pays": "......FF", "refunds": "......FF"}, "preprod": {"pays": ".....FFF"}})
    return tmp_path / "crywolf.db"


async def test_two_dashboards(database: Path) -> None:
    """Both look at one state: the second is told what the first did, sees it, and then may do it."""
    apps = [
        CrywolfApp(database, Query(settings=Settings(actor=name)), answers=StoreAnswers(database), zone=UTC)
        for name in ("ada", "bob")
    ]
    async with (
        apps[0].run_test(size=(140, 40), notifications=True) as first,
        apps[1].run_test(size=(140, 40), notifications=True) as second,
    ):
        for pilot in (first, second):
            await settle(pilot)
        screen = apps[1].screen
        assert isinstance(screen, ActingView)
        target = screen.target
        assert target is not None
        await press(first, "m", "enter")
        # Bob's dashboard has not read again: what it acts on is what it showed.
        screen._do(lambda answers, query: answers.merge(query, target, target))
        await settle(second)
        assert "ada merged" in screen_text(apps[1]) or "one incident already" in screen_text(apps[1])
        await press(second, "r", "a")
    with closing(open_reader(database)) as connection:
        (row,) = answer_triage(connection, Query()).incidents
    assert (row.state, len(row.tests)) == ("acknowledged by bob", 3)


async def test_a_shift_on_a_real_store(database: Path) -> None:
    """Split, merged back, a session over it; what comes back by itself says that it does."""
    app = CrywolfApp(database, Query(settings=Settings(actor="ada")), answers=StoreAnswers(database), zone=UTC)
    async with app.run_test(size=(140, 40), notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "b", "enter", "M", "enter")
        screen = app.screen
        assert isinstance(screen, TriageView)
        assert screen.answer is not None
        assert len(screen.answer.incidents) == 3
        assert screen.answer.session is not None
        assert "2 handled" in screen_text(app)
        await press(pilot, "u")
        assert "0 handled" in screen_text(app)
        assert len(screen.answer.incidents) == 2
        await press(pilot, "d")
        assert "done ada" in screen_text(app)


def test_now_is_in_november() -> None:
    """The fakes' night, which the session's line is told by."""
    assert datetime.fromtimestamp(NOW_MS / 1000, UTC).hour == 6
