"""Driving the dashboard in tests: keys with their answers drawn, and what stands on the screen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from textual.pilot import Pilot
from textual.worker import WorkerCancelled

from ingest.settings import Settings, parse_settings
from tui.answers.query import Query
from tui.app import CrywolfApp
from tui.screens.view import View
from tui.widgets.line_table import LineTable

AppMaker = Callable[..., CrywolfApp]
PROJECT = Path("/p/crywolf.toml")
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


def settings_of(text: str, path: Path = PROJECT) -> Settings:
    """Settings as a project declares them."""
    return parse_settings(text.encode(), path)


def query_of(text: str) -> Query:
    """A question under such settings."""
    return Query(environment="staging", branch="main", settings=settings_of(text))


def top_view(app: CrywolfApp) -> View[object]:
    """The view on top."""
    assert isinstance(app.screen, View)
    return app.screen


def top_table(app: CrywolfApp) -> LineTable:
    """Its table."""
    found = top_view(app).table
    assert found is not None
    return found
