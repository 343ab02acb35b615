"""Driving the dashboard in tests: keys with their answers drawn, and what stands on the screen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from tui.app import CrywolfApp

AppMaker = Callable[..., CrywolfApp]
SIZES = ((80, 24), (120, 30), (160, 50))


async def settle(pilot: Pilot[None]) -> None:
    """Waits until every answer is drawn."""
    for _ in range(3):
        with suppress(WorkerCancelled):  # an answer that nobody waits for any more
            await pilot.app.workers.wait_for_complete()
        await pilot.pause()


async def press(pilot: Pilot[None], *keys: str) -> None:
    """Presses keys one by one, each with its answer drawn."""
    for key in keys:
        await pilot.press(key)
        await settle(pilot)


def screen_text(app: CrywolfApp) -> str:
    """What stands on the screen, line by line."""
    strips = app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip).rstrip() for strip in strips)
