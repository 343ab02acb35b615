"""What is there again at the next start, the tour that is shown once, and what is not offered read-only."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tui.screens import fakes
from tests.tui.screens.driving import AppMaker, press, screen_text, settle, top_table, top_view
from tests.tui.screens.fake_answers import FakeAnswers
from tui.remembered import Arrangement, Remembered, load_remembered
from tui.screens.changes import ChangesView
from tui.screens.tests import TestsView
from tui.screens.tour import PAGES, TourScreen
from tui.screens.triage import TriageView
from tui.widgets.chrome import FilterLine

# What is remembered


async def test_everything_is_there_again(make_app: AppMaker, tmp_path: Path) -> None:
    """Mode, filter, order, columns, selection and theme come back; of another store nothing does but the theme."""
    file = tmp_path / "dashboard.json"
    database = tmp_path / "store.db"
    app = make_app(remembered=load_remembered(file, database))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, TourScreen)
        await press(pilot, "escape", "j", "j", "2", "j", "5", "slash", *"service:pay", "enter", "greater_than_sign")
        app.choose_theme("light")
        await press(pilot, "q")
    again = make_app(remembered=load_remembered(file, database), theme_name=load_remembered(file, database).theme)
    async with again.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        assert isinstance(again.screen, ChangesView)
        assert (top_view(again).filter_text, top_view(again).sort, again.theme) == (
            "service:pay",
            "-when",
            "crywolf-light",
        )
        assert again.screen.query_one(FilterLine).has_class("-open")
        await press(pilot, "1")
        assert top_table(again).cursor == 2
        await press(pilot, "2")
        assert isinstance(again.screen, TestsView)
        assert top_table(again).cursor == 1
    other = load_remembered(file, tmp_path / "other.db")
    assert (other.mode, other.arranged, other.theme, other.is_toured) == ("", {}, "crywolf-light", True)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"stores": 3, "views": [{"name": 3}, 4]}', b"\xff\xfe", b"[" * 9]
)
def test_damaged_memory_is_no_memory(tmp_path: Path, content: bytes) -> None:
    """Whatever stands in the file, the dashboard opens; and what is remembered next is there again."""
    file = tmp_path / "dashboard.json"
    file.write_bytes(content)
    remembered = load_remembered(file, Path("s.db"))
    assert (remembered.mode, remembered.arranged) == ("", {})
    remembered.arranged["triage"] = Arrangement("a", "-since", ("what",), (1, 2))
    remembered.save()
    assert load_remembered(file, Path("s.db")).arranged == remembered.arranged
    assert not list(tmp_path.glob(".*"))


async def test_tour_goes_through_its_pages_once(make_app: AppMaker, tmp_path: Path) -> None:
    """Shown at the first start, page by page; never again unless asked for by its name."""
    file = tmp_path / "dashboard.json"
    app = make_app(remembered=load_remembered(file, tmp_path / "s.db"))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for title, _ in PAGES:
            assert title in screen_text(app)
            await press(pilot, "enter")
        assert isinstance(app.screen, TriageView)
        await press(pilot, "colon", *"tour", "enter")
        assert isinstance(app.screen, TourScreen)
        await press(pilot, "right", "left", "q", "q")
    assert load_remembered(file, tmp_path / "s.db").is_toured


async def test_tour_waits_until_there_is_something(make_app: AppMaker) -> None:
    """An empty store says itself what comes next, q leaves it; the tour comes with the first reports."""
    answers = FakeAnswers(health_now=fakes.EMPTY_HEALTH, incidents=(), counts={})
    app = make_app(answers, remembered=Remembered())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, TriageView)
        assert "crywolf demo" in screen_text(app)
        answers.health_now, answers.incidents = fakes.HEALTH, fakes.INCIDENTS
        await press(pilot, "r")
        assert isinstance(app.screen, TourScreen)
        await press(pilot, "escape", "r")
        assert isinstance(app.screen, TriageView)


async def test_read_only_offers_no_deeds(make_app: AppMaker) -> None:
    """Asked for it, nothing that writes is offered or done, and the screen says so."""
    answers = FakeAnswers()
    app = make_app(answers, is_read_only=True)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, *"acCtnsSvzZdu")
        assert not [what for what in answers.asked if what[0] in ("act", "undo")]
        assert "read only" in screen_text(app)
        for mode, keys in (("1", "acCtnNsSvzZdmMub"), ("2", "z")):
            await press(pilot, mode)
            for key in keys:
                app.clear_notifications()
                await press(pilot, key)
                assert "read only: started with --read-only" in screen_text(app), key
