"""What the dashboard gets ready once its first screen is shown: modules and styles of the others.

Importing a screen and reading its style sheet, after which Textual parses all of them anew, takes longer than a key may
wait. So it is done before the key comes: modules in a thread, all style sheets at one go while nothing is typed.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from textual.app import App

FOLDER = Path(__file__).resolve().parent / "screens"


def import_screens(then: Callable[[], object]) -> threading.Thread:
    """Imports every screen in a thread, and calls `then` in it when they are there."""

    def work() -> None:
        for file in sorted(FOLDER.glob("*.tcss")):
            if file.with_suffix(".py").exists():
                import_module(f"tui.screens.{file.stem}")
        then()

    thread = threading.Thread(target=work, name="crywolf-warming", daemon=True)
    thread.start()
    return thread


def read_styles(app: App[None]) -> None:
    """Reads the style sheets of all screens, so that no screen that is opened has them all parsed anew."""
    sheet = app.stylesheet
    missing = [file for file in sorted(FOLDER.glob("*.tcss")) if not sheet.has_source(str(file), "")]
    for file in missing:
        sheet.read(file)
    if missing:
        sheet.reparse()
