"""The dashboard as a program that presses keys on itself, screen after screen: for tests in a real terminal.

    python -m tests.tui.screens.hostile_walk REPORT ROUNDS quick|whole

Each screen and dialog is opened by its keys; `whole` presses every key there is as well. Each round has other payloads
for the same texts. What was opened, edited and seen goes to REPORT.
"""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC
from pathlib import Path
from typing import Any

from textual.app import App
from textual.pilot import Pilot

from ingest.settings import Settings
from ingest.settings_dashboard import DashboardSettings, KeyCommand, SavedView
from tests.tui.screens.driving import press, settle
from tests.tui.screens.idle import ask_the_loop
from tests.tui.screens.key_stage import our_bindings
from tests.tui.screens.payloads import payloads
from tests.tui.screens.poisoned import PoisonedAnswers
from tests.tui.screens.test_every_key import EFFECTS, OPENED, TOLD
from tui.answers.query import Query
from tui.app import CrywolfApp
from tui.remembered import Remembered

Keys = tuple[str, ...]
DIALOGS: tuple[Keys, ...] = (
    *(("n",), ("t",), ("v",), ("z",), ("m",), ("M",), ("W",), ("b",), ("B",), ("colon", "x"), ("slash", "x")),
    *(("2", "slash", "x"), ("3", "X"), ("4", "X"), ("5", "enter", "y"), ("6", "x"), ("9", "X"), ("y",), ("o",), ("x",)),
    *(("f2",), ("f9",), ("f10",)),
)
"""What is asked and written beyond the screens."""
STRIDE = 40
"""Payloads that the next round goes on by."""
CANARY = "canary"
"""A file that is there once something was run that a name says."""
ATTACKS = tuple(form.format(f"touch {CANARY}") for form in ("$({})", "`{}`", "'; {}; '", '"; {}; "', "| {}", "\n{}\n"))


@dataclass
class Seen:
    """What came of the keys."""

    screens: set[str] = field(default_factory=set)
    opened: list[str] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def routes(is_whole: bool) -> Iterator[Keys]:
    """Keys to each place, from the first screen on."""
    yield from OPENED.values()
    yield from DIALOGS
    if is_whole:
        for name, binding in our_bindings().items():
            if name not in ("app.quit", "app.suspend"):
                yield from ((*EFFECTS[name].route, key) for key in binding.key.split(","))


async def back(pilot: Pilot[None]) -> None:
    """The first screen, with nothing above it."""
    app = pilot.app
    while len(app.screen_stack) > 1:
        app.pop_screen()
    await settle(pilot)
    if app.current_mode != "triage":
        app.switch_mode("triage")
        await settle(pilot)
    app.screen.query_one("#incidents").focus()


def settings(texts: Sequence[str]) -> Settings:
    """A configuration in which every name, filter and value is a payload."""
    views = tuple(SavedView(text or "empty", "triage", "", text, "", ()) for text in dict.fromkeys(texts))
    views = (SavedView(f"{texts[0]} f2", "changes", "f2", texts[1], "", ()), *views)
    commands = (
        KeyCommand(texts[2], "f9", ("printf", "%s\\n", "{what}"), False),
        KeyCommand(texts[3], "f10", ('printf "%s\\n" "$CRYWOLF_WHAT"',), True),
    )
    return Settings(dashboard=DashboardSettings(views=views, commands=commands, has_bell=False))


async def walk(pilot: Pilot[None], answers: PoisonedAnswers, seen: Seen, rounds: int, is_whole: bool) -> None:
    """All routes, round after round."""
    app = pilot.app
    assert isinstance(app, CrywolfApp)
    for number in range(rounds):
        answers.begin(number * STRIDE)
        await settle(pilot)
        for route in routes(is_whole):
            await back(pilot)
            await press(pilot, *route)
            seen.screens.add(type(app.screen).__name__)
            seen.copied.append(app.clipboard)
    app.exit()


def main(report: Path, rounds: int, is_whole: bool) -> int:
    """Walks, and says what came of it."""
    texts, seen = (*ATTACKS, *payloads()), Seen()
    answers = PoisonedAnswers(texts)
    answers.honest.notes = (TOLD,)

    def opener(url: str) -> bool:
        seen.opened.append(url)
        return True

    async def pressed(pilot: Pilot[Any]) -> None:
        try:
            await settle(pilot)
            await walk(pilot, answers, seen, rounds, is_whole)
        except BaseException:
            seen.failed.append(traceback.format_exc())
            pilot.app.exit(return_code=3)

    ask_the_loop()
    App.action_suspend_process = lambda app: None  # type: ignore[method-assign, assignment]
    query = Query(environment="staging", branch="main", settings=settings(texts))
    app = CrywolfApp(
        Path(f"{texts[8]}.db"),
        query,
        answers=answers,
        opener=opener,
        zone=UTC,
        watched=tuple(Path(text.replace("\0", "") or ".") for text in texts[6:15]),
        remembered=Remembered(is_toured=True),
    )
    app.run(auto_pilot=pressed)
    report.write_text(json.dumps(vars(seen) | {"screens": sorted(seen.screens)}))
    return app.return_code or 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3] == "whole"))
