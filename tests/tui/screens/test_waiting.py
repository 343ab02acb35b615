"""Keys that come before a view is ready, wishes that take long, and two dashboards in one process."""

from __future__ import annotations

import os
import socket
import threading
import time
from dataclasses import dataclass, field

import pytest
from textual import events
from textual.css.query import NoMatches
from textual.message import Message
from textual.pilot import Pilot

from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tui.answers.query import Query
from tui.answers.tests import TestKeys
from tui.screens.messages import StoreChanged
from tui.screens.test_detail import TestView
from tui.screens.view import View
from tui.steady import read_keys

PATIENCE_S = 60


@dataclass
class HeldAnswers(FakeAnswers):
    """The Tests screen's answer comes when it may."""

    may_come: threading.Event = field(default_factory=threading.Event)

    def test_keys(self, query: Query, sort: str, text: str) -> TestKeys:
        assert self.may_come.wait(PATIENCE_S)
        return super().test_keys(query, sort, text)


async def shown(pilot: Pilot[None], words: str) -> bool:
    """Whether something comes to stand on the screen."""
    ended_s = time.monotonic() + PATIENCE_S
    while words not in screen_text(pilot.app) and time.monotonic() < ended_s:  # type: ignore[arg-type]  # it is ours
        await pilot.pause(0.01)
    return words in screen_text(pilot.app)  # type: ignore[arg-type]  # as above


async def test_wish_that_takes_long_is_answered_at_once(make_app: AppMaker) -> None:
    """What is there stays and says that another answer is on its way, until that has come."""
    answers = HeldAnswers()
    answers.may_come.set()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        try:
            await settle(pilot)
            await press(pilot, "2")
            answers.may_come.clear()
            await pilot.press("s")
            assert await shown(pilot, "reading\u2026 by flake rate")
            await pilot.press("s")
            assert await shown(pilot, "reading\u2026 by name")
            assert "tests and streams" in screen_text(app)
        finally:
            answers.may_come.set()
        await settle(pilot)
        assert "reading" not in screen_text(app)


async def test_news_of_the_store_is_read_without_a_word(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody asked for it: while a tail writes nothing flickers."""
    soon: list[object] = []
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        monkeypatch.setattr(View, "set_timer", lambda *words: soon.append(words))
        app.post_message(StoreChanged())
        await settle(pilot)
        assert not soon
        await press(pilot, "r")
        assert len(soon) == 1


async def test_key_may_come_before_the_widgets(make_app: AppMaker) -> None:
    """A view that is not built yet offers what it can tell of, and a key that needs its widgets does nothing."""
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        view = TestView(app.context, "shop::pays", "pays")
        mounted = app.push_screen(view)
        assert {"y", "r"} <= view.active_bindings.keys()
        assert "o" not in view.active_bindings
        assert not await app.run_action("open_url", view)
        await mounted
        await settle(pilot)
        await press(pilot, "o", "escape")


async def test_view_that_is_built_hides_no_mistake(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """Later a widget that is not there is a fault of the program."""
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        monkeypatch.setattr(app.screen, "url", lambda: app.screen.query_one("#nothing-such"))
        with pytest.raises(NoMatches):
            app._check_action_state("open_url", app.screen)
        with pytest.raises(NoMatches):
            await app.run_action("open_url", app.screen)
        monkeypatch.undo()


async def test_news_that_comes_while_it_is_left_is_no_fault(make_app: AppMaker) -> None:
    """The screens are gone by then; later, or before, a screen that is not there is a fault."""
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        app._running = False
        for stack in app._screen_stacks.values():
            await app._prune(*stack)
            stack.clear()
        app.post_message(StoreChanged())
        assert app.screen_stack == []
    assert app._exception is None


async def test_each_dashboard_of_a_process_draws_with_what_its_terminal_has(make_app: AppMaker) -> None:
    """One in ASCII changes nothing in another, whichever was made or drawn last."""
    plain, usual = make_app(ascii_only=True), make_app()
    async with plain.run_test(size=(80, 24)) as first, usual.run_test(size=(80, 24)) as second:
        for _ in range(2):
            for pilot, key in ((first, "2"), (second, "2"), (second, "1"), (first, "1")):
                await press(pilot, key)
        with plain._context():
            assert screen_text(plain).isascii()
        with usual._context():
            assert "\u2026" in screen_text(usual)


class Typed:
    """A driver that reads a pipe, and notes the keys."""

    def __init__(self, fileno: int) -> None:
        self.fileno, self.exit_event, self.keys = fileno, threading.Event(), list[str]()

    def process_message(self, message: Message) -> None:
        """One of what was read."""
        assert isinstance(message, events.Key)
        self.keys.append(message.key)

    def has(self, *keys: str) -> bool:
        """Whether these keys have come, and no other."""
        ended_s = time.monotonic() + PATIENCE_S
        while self.keys != list(keys) and time.monotonic() < ended_s:
            time.sleep(0.01)
        return self.keys == list(keys)


def test_escape_alone_is_a_key_and_before_others_a_sequence() -> None:
    """Nothing must be typed after it; and who reads sees at once that it is to end."""
    (terminal, typing), (wake, waking) = os.pipe(), socket.socketpair()
    driver = Typed(terminal)
    reader = threading.Thread(target=read_keys, args=(driver, wake), daemon=True)
    reader.start()
    try:
        os.write(typing, b"\x1b")
        assert driver.has("escape")
        os.write(typing, b"\x1b[A\xc3")
        os.write(typing, b"\xa9j")
        assert driver.has("escape", "up", "\u00e9", "j")
    finally:
        waking.send(b"!")
        driver.exit_event.set()
        reader.join(PATIENCE_S)
        for end in (wake, waking):
            end.close()
        for one in (terminal, typing):
            os.close(one)
    assert not reader.is_alive()
