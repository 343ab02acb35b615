"""Keys that work in every view: going by name, copying, opening, exporting, and the list of keys itself."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import Input

from tests.tui.screens import fakes
from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tui.screens.change_detail import ChangeView
from tui.screens.go_to import GoTo
from tui.screens.incident import IncidentView
from tui.screens.keys import KeysScreen, keys_of
from tui.screens.services import ServicesView
from tui.screens.test_detail import TestView
from tui.screens.tests import TestsView
from tui.screens.timeline import TimelineView
from tui.screens.view import View
from tui.widgets.chrome import MAX_KEYS, fitting_keys


@pytest.mark.parametrize(
    ("typed", "expected"),
    [("pays_with", TestView), ("order total", IncidentView), ("11ab", ChangeView), ("vices", ServicesView)],
)
async def test_go_to_anything(make_app: AppMaker, typed: str, expected: type[View[object]]) -> None:
    """: finds tests, incidents, changes and modes by name; enter goes there, esc does not."""
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "colon")
        assert isinstance(app.screen, GoTo)
        app.screen.query_one("#name", Input).value = typed
        await settle(pilot)
        await press(pilot, "enter")
        assert isinstance(app.screen, expected)


async def test_go_to_chooses_with_arrows_and_closes(make_app: AppMaker) -> None:
    """Arrows move the choice while letters go on narrowing; esc leaves everything as it was."""
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "colon", "down", "down", "up", "enter")
        assert isinstance(app.screen, TestsView)
        await press(pilot, "colon", "x", "escape")
        assert isinstance(app.screen, TestsView)


async def test_palette_finds_names_and_commands(make_app: AppMaker) -> None:
    """ctrl+p finds a test by name and goes there."""
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "ctrl+p", *"refunds")
        await pilot.pause(0.3)
        await press(pilot, "down", "enter")
        await settle(pilot)
        assert isinstance(app.screen, TestView)


async def test_copy_says_where_it_went(make_app: AppMaker) -> None:
    """y copies by OSC 52 and into a file that only the person can read."""
    app = make_app()
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "y")
        await pilot.pause(0.2)
        copied = app.clipboard
        assert copied.startswith("i-3fa9c2d1\n503 from payments")
        target = next(Path.home().rglob("copied.txt"))
        assert target.read_text() == copied + "\n"
        assert target.stat().st_mode & 0o777 == 0o600
        assert "copied; also in" in screen_text(app)


async def test_open_url_or_copies_it(make_app: AppMaker) -> None:
    """o opens the first web link; without a browser it copies it."""
    opened: list[str] = []

    def no_browser(url: str) -> bool:
        opened.append(url)
        return False

    app = make_app(opener=no_browser)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "o")
        assert opened == ["https://logs.example.com/6240"]
        assert app.clipboard == "https://logs.example.com/6240"


async def test_export_writes_what_is_seen(make_app: AppMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """x writes a CSV that a spreadsheet cannot run, never over another file."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    hostile = replace(fakes.INCIDENTS[0], title="=cmd|'/c calc'!A1")
    app = make_app(FakeAnswers(incidents=(hostile,)))
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "x", "x", "2", "x", "3", "x", "4", "x", "5", "x")
    names = {path.name for path in folder.iterdir()}
    expected = {f"crywolf-{name}.csv" for name in ("triage", "triage-1", "tests", "services", "timeline", "changes")}
    assert names == expected
    text = (folder / "crywolf-triage.csv").read_text()
    rows = list(csv.reader(text.splitlines()))
    assert rows[1][1] == "'=cmd|'/c calc'!A1"
    assert len((folder / "crywolf-tests.csv").read_text().splitlines()) == 41


async def test_edit_opens_the_failure(make_app: AppMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """e without a terminal to hand over says so; the text file does not stay behind."""
    monkeypatch.setenv("EDITOR", "true")
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "e")
    assert not list(tmp_path.glob("crywolf-*.txt"))  # noqa: ASYNC240 - the app has ended


async def test_keys_are_listed_from_the_bindings(make_app: AppMaker) -> None:
    """? lists each key that works here with its word, and every sign."""
    app = make_app()
    async with app.run_test(size=(120, 50)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "question_mark")
        assert isinstance(app.screen, KeysScreen)
        text = screen_text(app)
        for word in ("First bad", "Next stream", "Filter", "Go to", "Quit", "regression", "in a masked outage"):
            assert word in text
        await press(pilot, "escape")
        assert isinstance(app.screen, TimelineView)


async def test_every_binding_is_named_and_few_are_shown(make_app: AppMaker) -> None:
    """Every key has an id and a description; a view shows at most eight; no essential one is a fragile chord."""
    app = make_app(watched=(Path("reports"),))
    async with app.run_test() as pilot:
        await settle(pilot)
        for digit in "1234567":
            await press(pilot, digit)
            ours = [b for node in app.screen.focus_chain for b in own_bindings(node)]
            ours += [*own_bindings(app.screen), *own_bindings(app)]
            assert ours
            assert all(binding.id and binding.description for binding in ours)
            assert not {key for binding in ours for key in binding.key.split(",")} & {"ctrl+b", "ctrl+s", "ctrl+j"}
            assert keys_of(app.screen)


def own_bindings(node: DOMNode) -> list[Binding]:
    """Bindings that our classes declare, not those that come with Textual."""
    ours = [base for base in type(node).__mro__ if base.__module__.startswith("tui.")]
    return [binding for base in ours for binding in base.__dict__.get("BINDINGS", ()) if isinstance(binding, Binding)]


def test_key_line_keeps_the_last_key() -> None:
    """However narrow, the key that lists all keys stays."""
    keys = [(str(i), f"word{i}", str(i)) for i in range(12)] + [("?", "keys", "question_mark")]
    assert fitting_keys(keys, 200)[-1] == keys[-1]
    assert len(fitting_keys(keys, 200)) == MAX_KEYS
    assert fitting_keys(keys, 10) == keys[-1:]
