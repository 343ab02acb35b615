"""Turns of the event loop: what is painted is painted once, and nobody who computes for long goes on at once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from itertools import count

import pytest
from rich.segment import Segment
from textual.color import Color
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import Screen
from textual.widget import Widget

from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tui.screens.dialog import Dialog, Tinted
from tui.warming import KeptStylesheet
from tui.widgets.line_table import LineTable


async def test_what_is_to_be_painted_is_painted_once(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is asked for before the screen has its turn, there is one painting; and then another."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        screen, painted, waiting = app.screen, list[object](), list[Callable[[], object]]()

        def later(paint: Callable[[], object]) -> bool:
            waiting.append(paint)
            return True

        monkeypatch.setattr(Screen, "_compositor_refresh", lambda one: painted.append(one))
        monkeypatch.setattr(screen, "call_later", later)
        for turn in (1, 2):
            for _ in range(3):
                screen._compositor_refresh()
            assert (len(waiting), len(painted)) == (turn, turn - 1)
            waiting[-1]()
            assert painted == [screen] * turn


async def test_what_is_not_seen_keeps_nothing_drawn(make_app: AppMaker) -> None:
    """Under a dialog a view keeps its lines, for they are seen; in another mode it does not, and draws them again."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        view = app.screen
        shown = screen_text(app)

        def kept() -> bool:
            return any(widget._styles_cache._cache for widget in view.walk_children(Widget))

        await press(pilot, "question_mark")
        assert kept()
        for there, back in (("2", "1"), ("enter", "escape")):
            await press(pilot, *([] if app.screen is view else ["escape"]), there)
            assert not kept()
            assert not view.query_one("#incidents", LineTable)._strips
            await press(pilot, back)
            assert screen_text(app) == shown


async def test_everything_has_its_turn_between_two_messages(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a message that took long the loop goes on with whatever waits, and only then with the next message."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        ticks = count()
        monkeypatch.setattr("tui.screens.paced.time.perf_counter", lambda: float(next(ticks)))
        done: list[str] = []

        def first() -> None:
            done.append("first")
            asyncio.get_running_loop().call_soon(done.append, "other")

        app.screen.call_later(first)
        app.screen.call_later(done.append, "second")
        await settle(pilot)
        assert done == ["first", "other", "second"]


async def test_tinted_screen_looks_as_textual_tints_it(make_app: AppMaker) -> None:
    """Beneath a dialog every cell has the text and the colours that Textual gives it, and nothing to click."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        beneath = app.screen
        await press(pilot, "question_mark")
        dialog = app.screen
        assert isinstance(dialog, Dialog)
        tint = dialog.styles.background
        assert 0 < tint.a < 1
        width, height = dialog.size
        ours = Tinted(beneath, tint).render_strips(width, height, dialog.visual_style, None)  # type: ignore[arg-type]
        theirs = Segment.split_and_crop_lines(
            BackgroundScreen.process_segments(app.console.render(beneath._compositor), tint),
            width,
            include_new_lines=False,
        )
        base = dialog.visual_style.rich_style
        assert [_cells(strip) for strip in ours] == [_cells(Segment.apply_style(line, base)) for line in theirs]
        assert all(style is not None and not style.meta for strip in ours for _, style, _ in strip)


def _cells(segments: object) -> list[tuple[str, object, object]]:
    found = [(text, style) for text, style, control in segments if not control]  # type: ignore[attr-defined]
    return [(one, style.color, style.bgcolor) for text, style in found for one in text]


def test_styles_are_parsed_again_only_under_other_variables() -> None:
    """A new source is parsed alone; with other colours everything is, and the same colours change nothing."""
    sheet = KeptStylesheet(variables={"one": "red"})
    sheet.add_source("Label { color: $one; }", ("first", ""))
    sheet.reparse()
    first = sheet.rules[0]
    sheet.add_source("Label { height: 1; }", ("second", ""))
    sheet.set_variables({"one": "red"})
    sheet.reparse()
    assert sheet.rules[0] is first
    assert len(sheet.rules) == 2
    sheet.set_variables({"one": "blue"})
    sheet.reparse()
    assert sheet.rules[0].styles.color == Color.parse("blue")
