"""A view whose answer takes long does not ask for it all the time while a tail writes."""

from __future__ import annotations

import pytest

from tests.tui.screens.driving import AppMaker, press, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tui.screens import view
from tui.screens.messages import StoreChanged
from tui.screens.view import View


def asked(answers: FakeAnswers) -> int:
    """How often Triage was asked for."""
    return sum(question[0] == "triage" for question in answers.asked)


async def test_store_that_changes_is_read_after_a_rest(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changes meanwhile are one, looked at when the rest is over; a person who asks is answered at once."""
    monkeypatch.setattr(view, "LONG_S", -1.0)
    monkeypatch.setattr(View, "set_timer", lambda *_: None)
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test() as pilot:
        await settle(pilot)
        first = asked(answers)
        for _ in range(3):
            app.post_message(StoreChanged())
            await settle(pilot)
        assert asked(answers) == first
        shown = app.screen
        assert isinstance(shown, View)
        shown._end_rest()
        await settle(pilot)
        assert asked(answers) == first + 1
        await press(pilot, "r")
        assert asked(answers) == first + 2


async def test_store_that_changes_often_is_read_twice_a_second(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first change is seen at once, those that follow it soon as one; a person who asks waits for none of it."""
    monkeypatch.setattr(view, "QUIET_S", 3600.0)
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test() as pilot:
        await settle(pilot)
        first = asked(answers)
        for _ in range(4):
            app.post_message(StoreChanged())
            await settle(pilot)
        assert asked(answers) == first + 1
        await press(pilot, "r")
        assert asked(answers) == first + 2
        shown = app.screen
        assert isinstance(shown, View)
        shown._quiet_s -= 3600.0
        app.post_message(StoreChanged())
        shown._end_rest()
        await settle(pilot)
        assert asked(answers) == first + 3
