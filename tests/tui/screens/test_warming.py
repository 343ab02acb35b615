"""What is got ready before it is wanted: no screen that is opened has all style sheets parsed anew."""

from __future__ import annotations

import sys
import threading
from typing import Any

import pytest

from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tui.warming import FOLDER, import_screens, read_styles


async def test_opening_a_screen_parses_nothing_anew(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """After warming, modes and dialogs find their style sheets read, and look as they do without."""
    app = make_app()
    parsed: list[Any] = []
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        read_styles(app)
        monkeypatch.setattr(type(app.stylesheet), "reparse", lambda sheet: parsed.append(sheet))
        await press(pilot, "2", "3", "5", "7", "vertical_line", "escape", "question_mark", "escape", "colon", "escape")
        assert not parsed
        assert "in quarantine" in screen_text(app)


def test_every_screen_is_imported_in_a_thread() -> None:
    """The one that is asked for when everything is there is called last, and not in this thread."""
    called: list[int] = []
    import_screens(lambda: called.append(threading.get_ident())).join()
    assert called
    assert called[0] != threading.get_ident()
    names = [file.stem for file in FOLDER.glob("*.tcss") if file.with_suffix(".py").exists()]
    assert len(names) > 10
    assert all(f"tui.screens.{name}" in sys.modules for name in names)
