"""The `crywolf` command over a store of hostile texts, pressing keys on itself: for tests in a real terminal.

    python -m tests.tui.screens.hostile_store_walk STORE REPORT quick|whole

Everything is as when a person starts it: the first frame that is drawn before Textual is there, the process that
answers, what is remembered. Screens are opened by their keys, all of them or the main ones. Which they were, and what
failed, goes to REPORT.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterable
from functools import partialmethod
from pathlib import Path
from typing import Any

from textual.pilot import Pilot

from tests.tui.screens.driving import press, settle
from tests.tui.screens.hostile_walk import back
from tests.tui.screens.idle import ask_the_loop
from tests.tui.screens.test_every_key import OPENED
from tui.app import CrywolfApp
from tui.cli import run
from tui.streams import prepare_streams

Keys = tuple[str, ...]
QUICK: tuple[Keys, ...] = (
    *(
        (),
        ("2", "enter", "enter"),
        ("3", "enter"),
        ("4",),
        ("5", "enter"),
        ("5", "G", "enter"),
        ("8",),
        ("enter", "R"),
        ("enter", "y"),
    ),
    *(("colon", "x"), ("slash", "x", "enter"), ("x",)),
)
"""What most is shown on, and what is copied, looked for, filtered and exported."""


async def walk(pilot: Pilot[Any], routes: Iterable[Keys], screens: list[str]) -> None:
    """Opens one screen after the other."""
    await settle(pilot)
    for route in routes:
        await back(pilot)
        await press(pilot, *route)
        screens.append(type(pilot.app.screen).__name__)


def main(database: Path, report: Path, is_whole: bool) -> int:
    """Opens the dashboard, and says how it ended."""
    opened = CrywolfApp.run
    seen: dict[str, list[str]] = {"screens": [], "failed": []}

    async def pressed(pilot: Pilot[Any]) -> None:
        try:
            await walk(pilot, (*QUICK, *OPENED.values()) if is_whole else QUICK, seen["screens"])
        except BaseException:
            seen["failed"].append(traceback.format_exc())
        pilot.app.exit()

    ask_the_loop()
    CrywolfApp.run = partialmethod(opened, auto_pilot=pressed)  # type: ignore[assignment, method-assign]
    prepare_streams()
    code = run(["--db", str(database)])
    report.write_text(json.dumps(seen))
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3] == "whole"))
