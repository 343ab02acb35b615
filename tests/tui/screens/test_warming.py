"""What is got ready before it is wanted: no screen that is opened has all style sheets parsed anew."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest
from textual.css.stylesheet import Stylesheet

from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.idle import READ_RULES
from tui.app import YOUNG
from tui.warming import FOLDER, import_screens, parse_styles, take_styles


async def test_opening_a_screen_parses_nothing_anew(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """After warming, modes and dialogs find their style sheets read, and look as they do without."""
    app = make_app()
    parsed: list[Any] = []
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        take_styles(app, parse_styles(app.stylesheet))
        monkeypatch.setattr(type(app.stylesheet), "reparse", lambda sheet: parsed.append(sheet))
        await press(pilot, "2", "3", "5", "7", "vertical_line", "escape", "question_mark", "escape", "colon", "escape")
        assert not parsed
        assert "in quarantine" in screen_text(app)


async def test_what_is_new_is_parsed_alone(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A widget that is opened first has its own style sheet parsed, and those of all others found."""
    monkeypatch.setattr(Stylesheet, "_parse_rules", READ_RULES)
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        take_styles(app, parse_styles(app.stylesheet))
        sheet = app.stylesheet
        known, missed = len(sheet.source), sheet._parse_cache.misses
        await press(pilot, "2", "4", "5", "7", "question_mark", "escape", "colon", "escape")
        assert len(sheet.source) > known
        assert sheet._parse_cache.misses - missed == len(sheet.source) - known


class CountedGc:
    """Notes what is asked of the garbage collector."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def isenabled(self) -> bool:
        return "enable" in self.asked

    def set_threshold(self, *numbers: int) -> None:
        self.asked.append(f"threshold {numbers}")

    def __getattr__(self, name: str) -> Callable[[], None]:
        return lambda: self.asked.append(name)


async def test_old_garbage_is_collected_now_and_then(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that started without collection sets apart what it made, and looks through the rest by the clock."""
    counted = CountedGc()
    monkeypatch.setattr("tui.app.gc", counted)
    monkeypatch.setattr("tui.app.WARM_S", 0.01)
    monkeypatch.setattr("tui.app.COLLECT_S", 0.01)
    async with make_app().run_test() as pilot:
        for _ in range(3000):
            await pilot.pause(0.02)
            if counted.asked.count("collect") > 1:
                break
    assert counted.asked[:3] == ["freeze", f"threshold {(YOUNG, 2**30, 2**30)}", "enable"]
    assert counted.asked.count("collect") > 1


async def test_what_modes_are_made_of_is_set_apart_once(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """When a mode was opened, and nothing that goes again is open; of the rest nothing would be found any more."""
    app, counted = make_app(), CountedGc()
    monkeypatch.setattr("tui.app.WARM_S", 3600.0)  # which looks for garbage by itself
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        monkeypatch.setattr("tui.app.gc", counted)
        for keys, frozen in (((), 1), ((), 1), (("2", "question_mark"), 1), (("escape",), 2), (("1",), 2)):
            await press(pilot, *keys)
            app._collect_garbage()
            assert counted.asked.count("freeze") == frozen, keys


def test_every_screen_is_imported_in_a_thread() -> None:
    """The one that is asked for when everything is there is called last, and not in this thread."""
    called: list[int] = []
    import_screens(lambda: called.append(threading.get_ident())).join()
    assert called
    assert called[0] != threading.get_ident()
    names = [file.stem for file in FOLDER.glob("*.tcss") if file.with_suffix(".py").exists()]
    assert len(names) > 10
    assert all(f"tui.screens.{name}" in sys.modules for name in names)
