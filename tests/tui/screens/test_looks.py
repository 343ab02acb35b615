"""Every screen and dialog at 80x24, 120x40 and 200x60, in both themes and without colour, against its golden file.

Size decides where things stand, a theme only how they are coloured: each size has its files, in which tones stand by
name. The light theme must come to the same names, and without colours the same text must stand there, in greys. So a
screen is opened once and changes its clothes. Dialogs do not grow with the screen and have files of one size.
`CRYWOLF_GOLDEN=write` writes them.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from difflib import unified_diff
from pathlib import Path

import pytest
from textual.filter import Monochrome
from textual.pilot import Pilot

from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fakes import CASES, NOW_MS
from tests.tui.screens.looks import colours, look
from tests.tui.screens.test_every_key import OPENED, TOLD
from tui.app import CrywolfApp
from tui.colours import DARK, LIGHT, Scheme
from tui.screens.view import View

GOLDEN = Path(__file__).parent / "golden"
Keys = tuple[str, ...]
CLOTHES = {"dark": (DARK, True), "light": (LIGHT, True), "no colour": (LIGHT, False)}
"""A theme, and whether there are colours."""
SIZES = ((80, 24), (120, 40), (200, 60))
SCREENS: dict[str, Keys] = {one.__name__: keys for one, keys in OPENED.items() if issubclass(one, View)} | {
    "Timeline-days": ("4", "minus"),
    "Triage-filtered": ("slash", *"owner:pay"),
}
DIALOGS: dict[str, Keys] = {one.__name__: keys for one, keys in OPENED.items() if not issubclass(one, View)} | {
    "Form-quarantine": ("z",),
    "Form-save": ("W",),
    "Form-session": ("b",),
    "Form-verdict": ("v",),
    "Choose-merge": ("m",),
    "GoTo-named": ("colon", *"service pay"),
}


@pytest.fixture(autouse=True)
def _still(monkeypatch: pytest.MonkeyPatch) -> None:
    """The calendar counts from the moment of the made-up answers."""
    monkeypatch.setattr("tui.screens.deed_forms.now_of", lambda target: NOW_MS)


async def seen(app: CrywolfApp, size: tuple[int, int]) -> AsyncIterator[tuple[str, Pilot[None]]]:
    """Opens every place of a size, one after the other; gives the name of its golden file while it is open."""
    places = SCREENS | (DIALOGS if size == SIZES[0] else {})
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for name, keys in places.items():
            await press(pilot, *keys)
            yield f"{name}-{size[0]}x{size[1]}", pilot
            await _back(pilot)


async def dress(pilot: Pilot[None], scheme: Scheme, has_colours: bool) -> None:
    """Has the app drawn in a theme, as when it is chosen in the palette; without colours, as NO_COLOR has it."""
    app = pilot.app
    if (app.theme, app.no_color) == (scheme.name, not has_colours):
        return
    app.no_color = not has_colours
    app._filters = [one for one in app._filters if not isinstance(one, Monochrome)]
    app._filters += [] if has_colours else [Monochrome()]
    app.theme = scheme.name
    app.refresh_css(animate=False)
    await settle(pilot)


async def _back(pilot: Pilot[None]) -> None:
    """The first screen as it was at the start."""
    app = pilot.app
    while len(app.screen_stack) > 1:
        app.pop_screen()
    await settle(pilot)
    if isinstance(app.screen, View) and app.screen.filter_text:
        await press(pilot, "escape", "escape")
    if app.current_mode != "triage":
        await press(pilot, "1")


def difference(name: str, text: str) -> list[str]:
    """Lines in which a look is not that of its golden file; none when it was written."""
    file = GOLDEN / f"{name}.txt"
    if os.environ.get("CRYWOLF_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
        return []
    golden = file.read_text(encoding="utf-8") if file.exists() else ""
    return changed(f"{name} as it was", golden, f"{name} now", text)


def changed(name: str, before: str, other: str, after: str) -> list[str]:
    """Lines in which two looks differ."""
    return list(unified_diff(before.splitlines(), after.splitlines(), name, other, lineterm=""))


def make(make_app: AppMaker) -> CrywolfApp:
    """A dashboard that watches something and has been told something, so that every mode and view is there."""
    answers = FakeAnswers(notes=(TOLD,))
    return make_app(answers, watched=(Path("reports"),), database=Path("store.db"), theme_name=DARK.name)


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}-dark-light-none")
async def test_every_look(make_app: AppMaker, size: tuple[int, int]) -> None:
    """Texts where they stood in the tones that they had; the same in the light theme; nothing but greys in none."""
    app = make(make_app)
    wrong: list[str] = []
    order = tuple(CLOTHES)
    async for name, pilot in seen(app, size):
        looks: dict[str, str] = {}
        for clothes in order:
            scheme, has_colours = CLOTHES[clothes]
            await dress(pilot, scheme, has_colours)
            looks[clothes] = look(app, scheme) if has_colours else screen_text(app)
            wrong += [] if has_colours else [f"{name}: {one}" for one in colours(app) if len({*one}) > 1]
        wrong += difference(name, looks["dark"])
        wrong += changed(f"{name} dark", looks["dark"], "light", looks["light"])
        wrong += changed(f"{name} dark", looks["dark"].partition("\n\n 0: ")[0], "no colour", looks["no colour"])
        order = order[::-1]  # it has these on already
    assert wrong == [], "\n".join(wrong)


async def test_no_color_leaves_greys(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR in the environment nothing else is drawn."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = make(make_app)
    async with app.run_test(size=SIZES[0]) as pilot:
        await settle(pilot)
        assert len(colours(app)) > 2
        assert [one for one in colours(app) if len({*one}) > 1] == []


async def test_ascii_is_all_there_is(make_app: AppMaker) -> None:
    """With ASCII characters only, nothing else is drawn but what names hold; scroll bars and cut hints too."""
    app = make_app(ascii_only=True)
    named = set("".join(case.name for case in CASES))
    async with app.run_test(size=(80, 16)) as pilot:
        await settle(pilot)
        for key in ("question_mark", "escape", "2", "enter", "3", "4", "5", "8", "9", "1", "slash"):
            await press(pilot, key)
            assert {one for one in screen_text(app) if not one.isascii()} <= named, key
