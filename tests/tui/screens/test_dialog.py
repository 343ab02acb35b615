"""Dialogs close once."""

from __future__ import annotations

import pytest

from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tui.screens.dialog import Dialog
from tui.screens.keys import KeysScreen
from tui.screens.services import ServicesView
from tui.screens.triage import TriageView


@pytest.mark.parametrize("is_drilled", [False, True], ids=["over the first view", "over a view within"])
async def test_two_keys_that_close_a_dialog_close_it_once(make_app: AppMaker, is_drilled: bool) -> None:
    """The second comes before the dialog is gone: it closes nothing beneath, and nothing fails."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, *(["enter"] if is_drilled else []), "question_mark")
        dialog = app.screen
        assert isinstance(dialog, KeysScreen)
        beneath = app.screen_stack[-2]
        dialog.dismiss(None)
        dialog.dismiss(None)
        await settle(pilot)
        assert app.screen is beneath


async def test_view_that_is_left_goes_back_once(make_app: AppMaker) -> None:
    """Escape twice on a view that is being left closes that one only."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "3", "enter", "enter")
        view = app.screen
        stack = list(app.screen_stack)
        assert len(stack) > 2, stack
        view.action_back()  # type: ignore[attr-defined]
        view.action_back()  # type: ignore[attr-defined]
        await settle(pilot)
        assert app.screen is stack[-2]
        assert not isinstance(app.screen, TriageView | ServicesView)


async def test_no_keys_of_the_view_beneath(make_app: AppMaker) -> None:
    """Under a dialog, which tells its own keys, the line of keys is empty; it is back when the dialog is gone."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for key in ("n", "z", "m", "question_mark", "vertical_line", "colon"):
            assert "quarantine" in screen_text(app).split("\n")[-1]
            await press(pilot, key)
            assert isinstance(app.screen, Dialog)
            assert screen_text(app).split("\n")[-1] == ""
            await press(pilot, "escape")
