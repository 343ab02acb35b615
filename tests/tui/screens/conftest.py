"""Every dashboard test runs at a fixed time zone, in a home of its own, with no theme or editor of the machine."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path

import pytest
from textual.css.stylesheet import Stylesheet
from textual.notifications import Notification
from textual.widgets import Input

from tests.tui.screens.driving import AppMaker
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.idle import parse_rules_once, until_idle
from tui.answers.query import Query
from tui.app import CrywolfApp
from tui.screens import view


@pytest.fixture(autouse=True)
def _own_surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    home = tmp_path / "home"
    home.mkdir()
    for variable in ("HOME", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME"):
        monkeypatch.setenv(variable, str(home))
    for variable in ("NO_COLOR", "CRYWOLF_ASCII", "CRYWOLF_THEME", "TEXTUAL_THEME", "EDITOR", "VISUAL", "CRYWOLF_DB"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("TZ", "UTC")
    monkeypatch.setattr(Input, "cursor_blink", False)
    monkeypatch.setattr("textual.app.wait_for_idle", until_idle)
    monkeypatch.setattr("textual.pilot.wait_for_idle", until_idle)
    monkeypatch.setattr(Stylesheet, "_parse_rules", parse_rules_once)
    monkeypatch.setattr(Notification, "time_left", 3600.0)  # else it goes while a busy machine draws
    monkeypatch.setattr(view, "LONG_S", 3600.0)  # else a view rests since the machine is busy
    time.tzset()
    yield
    time.tzset()


@pytest.fixture
def make_app(tmp_path: Path) -> AppMaker:
    """A dashboard over made-up answers."""

    def make(answers: FakeAnswers | None = None, **more: object) -> CrywolfApp:
        options: dict[str, object] = {"zone": UTC, "opener": lambda url: True, **more}
        query = options.pop("query", Query(environment="staging", branch="main"))
        database = options.pop("database", tmp_path / "store.db")
        return CrywolfApp(database, query, answers=answers or FakeAnswers(), **options)  # type: ignore[arg-type]

    return make
