"""Pictures of the screens, compared: two sizes, dark and light, and the designed states."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from store.errors import StoreBusy
from tests.tui.screens.driving import AppMaker, press, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fakes import EMPTY_HEALTH, HEALTHY
from tests.tui.screens.hostile import HOSTILE
from tests.tui.screens.test_hostile_names import HostileAnswers

Compare = Callable[..., bool]
SMALL, LARGE = (80, 24), (120, 40)


def keys(*pressed: str) -> Callable[[Pilot[None]], Any]:
    """Waits for the first answer, then presses keys, each with its answer."""

    async def run(pilot: Pilot[None]) -> None:
        await settle(pilot)
        await press(pilot, *pressed)

    return run


@pytest.mark.parametrize(
    ("pressed", "size", "theme"),
    [
        ((), SMALL, "dark"),
        ((), LARGE, "light"),
        (("2",), LARGE, "dark"),
        (("2", "enter"), SMALL, "light"),
        (("2", "enter"), LARGE, "dark"),
        (("3",), SMALL, "dark"),
        (("4", "b"), LARGE, "dark"),
        (("5",), SMALL, "light"),
        (("7",), SMALL, "dark"),
        (("4", "b", "minus"), SMALL, "light"),
        (("8",), SMALL, "dark"),
        (("9",), LARGE, "light"),
        (("enter",), LARGE, "dark"),
        (("enter", "R"), SMALL, "light"),
        (("enter", "R"), LARGE, "dark"),
        (("3", "enter"), SMALL, "dark"),
        (("3", "enter"), LARGE, "light"),
        (("M",), SMALL, "dark"),
        (("4", "question_mark"), LARGE, "light"),
    ],
    ids=lambda value: "-".join(map(str, value)) or "triage" if isinstance(value, tuple) else value,
)
def test_screen(
    snap_compare: Compare, make_app: AppMaker, pressed: tuple[str, ...], size: tuple[int, int], theme: str
) -> None:
    """Each screen looks as it did."""
    assert snap_compare(make_app(theme_name=theme), terminal_size=size, run_before=keys(*pressed))


@pytest.mark.parametrize(
    ("name", "answers"),
    [
        ("first-run", FakeAnswers(health_now=EMPTY_HEALTH, incidents=(), counts={})),
        ("nothing-red", FakeAnswers(health_now=HEALTHY, incidents=(), counts={})),
        ("error", FakeAnswers(problem=StoreBusy("store.db: another process is writing; try again"))),
        ("hostile", HostileAnswers(HOSTILE[:12])),
    ],
    ids=["first-run", "nothing-red", "error", "hostile"],
)
def test_state(snap_compare: Compare, make_app: AppMaker, name: str, answers: FakeAnswers) -> None:
    """The designed states, and strangers' names."""
    app = make_app(answers, database=Path("store.db"))
    assert snap_compare(app, terminal_size=SMALL, run_before=keys())


def test_plain_characters(snap_compare: Compare, make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """ASCII signs without colour say the same."""
    monkeypatch.setenv("NO_COLOR", "1")
    assert snap_compare(make_app(ascii_only=True), terminal_size=SMALL, run_before=keys())
