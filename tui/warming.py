"""What the dashboard gets ready once its first screen is shown: modules and styles of the others.

Importing a screen and reading its style sheet, after which Textual parses all of them anew, takes longer than a key may
wait. So it is done in a thread before the key comes.
"""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from textual.css.stylesheet import Stylesheet

if TYPE_CHECKING:
    from textual.app import App

FOLDER = Path(__file__).resolve().parent / "screens"


class KeptStylesheet(Stylesheet):
    """What was parsed is parsed again only under other variables; Textual (8.2.8) does it for every new source."""

    def set_variables(self, variables: dict[str, str]) -> None:
        """Takes the colours of a theme."""
        if variables != self._variables:
            super().set_variables(variables)
            self._parse_cache.clear()

    def reparse(self) -> None:
        """Parses what is new."""
        self.parse()


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


def parse_styles(sheet: Stylesheet) -> Stylesheet:
    """A copy that knows the style sheets of all screens; made in whichever thread."""
    parsed = sheet.copy()
    for file in sorted(FOLDER.glob("*.tcss")):
        if not parsed.has_source(str(file), ""):
            parsed.read(file)
    parsed.parse()
    return parsed


def take_styles(app: App[None], parsed: Stylesheet) -> None:
    """Takes what was parsed, so that no screen and no widget that is new has all of it parsed anew (8.2.8)."""
    sheet = app.stylesheet
    for place, source in parsed.source.items():
        sheet.source.setdefault(place, source)
    if sheet._variables == parsed._variables:  # else the theme has changed meanwhile
        sheet._parse_cache = parsed._parse_cache
    sheet.parse()
    gc.freeze()  # screens and styles stay: nobody need look through them for garbage
