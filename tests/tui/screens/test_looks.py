"""Every screen and dialog at 80x24, 120x40 and 200x60, in both themes and without colour, against its golden file.

Size decides where things stand, a theme only how they are coloured: each size has its files, in which tones stand by
name. The light theme must come to the same names, and without colours the same text must stand there. Dialogs do not
grow with the screen and have files of one size. `CRYWOLF_GOLDEN=write` writes them.
"""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from difflib import unified_diff
from pathlib import Path

import pytest
from textual.pilot import Pilot

from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fakes import CASES, NOW_MS
from tests.tui.screens.looks import colours, look
from tests.tui.screens.test_every_key import OPENED
from tui.app import CrywolfApp
from tui.colours import DARK, LIGHT, Scheme
from tui.screens.view import View

GOLDEN = Path(__file__).parent / "golden"
Keys = tuple[str, ...]
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


async def seen(app: CrywolfApp, size: tuple[int, int]) -> AsyncIterator[str]:
    """Opens every place of a size, one after the other; gives the name of its golden file while it is open."""
    places = SCREENS | (DIALOGS if size == SIZES[0] else {})
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        for name, keys in places.items():
            await press(pilot, *keys)
            yield f"{name}-{size[0]}x{size[1]}"
            await _back(pilot)


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
    return list(unified_diff(golden.splitlines(), text.splitlines(), f"{name} as it was", f"{name} now", lineterm=""))


def make(make_app: AppMaker, scheme: Scheme) -> CrywolfApp:
    """A dashboard that watches something, so that every mode is there."""
    return make_app(watched=(Path("reports"),), database=Path("store.db"), theme_name=scheme.name)


@pytest.mark.parametrize(
    ("size", "scheme"),
    [*((size, DARK) for size in SIZES), (SIZES[0], LIGHT)],
    ids=lambda one: one.name if isinstance(one, Scheme) else f"{one[0]}x{one[1]}",
)
async def test_every_look(make_app: AppMaker, size: tuple[int, int], scheme: Scheme) -> None:
    """Texts where they stood, in the tones that they had."""
    app = make(make_app, scheme)
    wrong = [line async for name in seen(app, size) for line in difference(name, look(app, scheme))]
    assert wrong == [], "\n".join(wrong)


async def test_every_look_without_colours(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """With NO_COLOR the same text stands there, and nothing but greys."""
    monkeypatch.setenv("NO_COLOR", "1")
    app = make(make_app, DARK)
    async for name in seen(app, SIZES[0]):
        golden = (GOLDEN / f"{name}.txt").read_text(encoding="utf-8")
        assert golden.startswith(screen_text(app) + "\n\n 0: "), name
        assert [colour for colour in colours(app) if len({*colour}) > 1] == [], name


async def test_ascii_is_all_there_is(make_app: AppMaker) -> None:
    """With ASCII characters only, nothing else is drawn but what names hold; scroll bars and cut hints too."""
    app = make_app(ascii_only=True)
    named = set("".join(case.name for case in CASES))
    async with app.run_test(size=(80, 16)) as pilot:
        await settle(pilot)
        for key in ("question_mark", "escape", "2", "enter", "3", "4", "5", "8", "9", "1", "slash"):
            await press(pilot, key)
            assert {one for one in screen_text(app) if not one.isascii()} <= named, key
