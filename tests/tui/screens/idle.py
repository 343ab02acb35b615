"""When a dashboard in a test is idle, and its styles parsed once a process.

Textual 8.2.8 calls a process idle that used no processor for 20 ms. A busy machine gives it none, so that the answer to
a key may be missing; on another one a test sleeps most of its time. The event loop knows: nothing is ready to run, and
no timer is due soon, such as that of the next frame.
"""

from __future__ import annotations

import asyncio
import time
from typing import Any

from textual import app, pilot
from textual._context import active_app
from textual._wait import wait_for_idle
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.types import CSSLocation

SOON_S = 0.06
"""A timer that is due within it is waited for: the next frame's, and the one that tells that an answer takes long."""
PATIENCE_S = 60
QUIET_TURNS = 3
"""Turns of the event loop in a row in which nothing was ready: what threads send comes in with the next turn."""

READ_RULES = Stylesheet._parse_rules
"""As Textual does."""
_read: dict[tuple[object, ...], list[RuleSet]] = {}


async def until_idle(min_sleep: float = 0, max_sleep: float = 1) -> None:
    """Waits until all that was sent is handled; as long as Textual does for what workers compute in threads."""
    loop: Any = asyncio.get_running_loop()
    began_s = time.monotonic()
    quiet = 0
    while quiet < QUIET_TURNS and time.monotonic() < began_s + PATIENCE_S:
        await asyncio.sleep(0)
        quiet += 1
        if loop._ready:
            quiet = 0
        elif (wait_s := _next_timer_s(loop)) < SOON_S and time.monotonic() < began_s + max_sleep:
            await asyncio.sleep(max(wait_s, 0))
            quiet = 0
    if any(worker.is_running for worker in active_app.get().workers):
        await wait_for_idle(min_sleep, max_sleep)


def ask_the_loop() -> None:
    """In this process, whoever presses keys waits so."""
    app.wait_for_idle = pilot.wait_for_idle = until_idle  # type: ignore[attr-defined]


def _next_timer_s(loop: Any) -> float:
    due_s: float = min((timer.when() for timer in loop._scheduled if not timer.cancelled()), default=float("inf"))
    return due_s - float(loop.time())


def parse_rules_once(
    sheet: Stylesheet,
    css: str,
    read_from: CSSLocation,
    is_default_rules: bool = False,
    tie_breaker: int = 0,
    scope: str = "",
) -> list[RuleSet]:
    """The rules of a style sheet under a theme, which no dashboard changes."""
    key = (css, read_from, is_default_rules, tie_breaker, scope, frozenset(sheet._variables.items()))
    if key not in _read:
        _read[key] = READ_RULES(sheet, css, read_from, is_default_rules, tie_breaker, scope)
    return _read[key]
