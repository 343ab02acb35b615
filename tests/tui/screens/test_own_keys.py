"""What a person has keys for: saved views, and commands that get what is selected and run nothing of it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.screens import fakes
from tests.tui.screens.driving import AppMaker, press, query_of, screen_text, settings_of, settle, top_table, top_view
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.hostile import HOSTILE
from tui.answers.query import Query
from tui.remembered import Remembered, load_remembered
from tui.screens.changes import ChangesView
from tui.screens.own_keys import NoSuchValue, arguments, values_of
from tui.screens.triage import TriageView

# Saved views

VIEWS = """
[[view]]
name = "pay"
key = "f4"
mode = "changes"
filter = "service:payments"
sort = "-after"
columns = ["service", "after"]
"""


async def test_declared_view_by_its_key(make_app: AppMaker) -> None:
    """Mode, filter, order and columns as declared; in the dialog and the list of keys too."""
    app = make_app(query=query_of(VIEWS))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "f4")
        # In a view that was gone into it works as well: it goes to its mode's first view.
        assert isinstance(app.screen, ChangesView)
        shown = top_view(app)
        assert (shown.filter_text, shown.sort) == ("service:payments", "-after")
        assert top_table(app).hidden >= {"author", "kind"}
        assert screen_text(app).splitlines()[-2].startswith(" / service:payments")
        await press(pilot, "question_mark")
        assert "F4" in screen_text(app) or "f4" in screen_text(app)
        await press(pilot, "escape", "escape")
        assert (shown.filter_text, shown.sort, top_table(app).hidden) == ("", "", frozenset()), "as it was before"
        await press(pilot, "5", "less_than_sign", "f4", "f4", "escape")
        assert (shown.filter_text, shown.sort) == ("", "-suspicion"), "as somebody put it before"


async def test_view_is_saved_with_a_key(make_app: AppMaker, tmp_path: Path) -> None:
    """W asks for a name and a key; a key that is taken is refused with who has it; the next start knows the view."""
    file = tmp_path / "state" / "dashboard.json"
    app = make_app(remembered=Remembered(file, "s", is_toured=True), query=query_of(VIEWS))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "slash", *"owner:pay", "enter", "W", *"mine", "enter")
        assert app.screen.query_one("#key", Input).value == "f2"
        app.screen.query_one("#key", Input).value = "f4"
        await press(pilot, "enter")
        assert "f4 is taken: pay" in screen_text(app)
        app.screen.query_one("#key", Input).value = "j"
        await press(pilot, "enter")
        assert "j is taken: Down" in screen_text(app)
        app.screen.query_one("#key", Input).value = "f2"
        await press(pilot, "enter", "3", "f2")
        assert isinstance(app.screen, TriageView)
        assert top_view(app).filter_text == "owner:pay"
    again = load_remembered(file, Path("elsewhere.db"))
    assert [(one.name, one.key, one.filter) for one in again.views] == [("mine", "f2", "owner:pay")]


# Commands

COMMANDS = """
[[command]]
name = "by the shell"
key = "f8"
run = 'printf "%s" "$CRYWOLF_WHAT" > "$OUT"; echo "wrote it"'
where = ["triage"]

[[command]]
name = "as a list"
key = "f9"
run = ["sh", "-c", 'printf "%s|" "$@" > "$OUT"', "sh", "<{what}>", "{db}"]
where = ["triage"]

[[command]]
name = "elsewhere"
key = "f10"
run = "exit 3"
where = ["changes"]
"""
ATTACKS = (
    "$(touch pwned)",
    "`touch pwned`",
    "'; touch pwned; '",
    '"; touch pwned; "',
    "| touch pwned",
    "\n touch pwned",
)


@pytest.mark.parametrize("title", [*ATTACKS, *HOSTILE[:12]])
async def test_no_name_is_executed(
    make_app: AppMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, title: str
) -> None:
    """Whatever a name says, it reaches a command as one value and is never part of a shell's text."""
    out = tmp_path / "out"
    monkeypatch.setenv("OUT", str(out))
    monkeypatch.chdir(tmp_path)
    incident = replace(fakes.INCIDENTS[0], title=title)
    app = make_app(FakeAnswers(incidents=(incident,)), query=query_of(COMMANDS))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        expected = values_of(top_view(app))["what"]
        await press(pilot, "f8")
        assert out.read_text() == expected
        await press(pilot, "f9")
        assert out.read_text() == f"<{expected}>|{tmp_path / 'store.db'}|"
    assert "pwned" not in os.listdir(tmp_path)


async def test_commands_say_how_they_ended(make_app: AppMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The last line that was written, or the exit code; a command is there in its views only."""
    monkeypatch.setenv("OUT", str(tmp_path / "out"))
    app = make_app(query=query_of(COMMANDS))
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, "f10", "f8")
        await pilot.pause(0.2)
        text = screen_text(app)
        assert "by the shell: wrote it" in text
        assert "elsewhere" not in text
        await press(pilot, "5", "f10")
        await pilot.pause(0.2)
        assert "elsewhere: exit code 3" in screen_text(app)


async def test_values_that_are_not_there_are_named(make_app: AppMaker) -> None:
    """A placeholder without a value runs nothing."""
    settings = settings_of('[[command]]\nname = "x"\nkey = "f9"\nrun = ["echo", "{nothing}"]\n')
    with pytest.raises(NoSuchValue, match=r"no \{nothing\} here; there are db, what"):
        arguments(settings.dashboard.commands[0], {"what": "a", "db": "b"})


async def test_key_that_is_taken_is_told(make_app: AppMaker) -> None:
    """A command on a key of the dashboard does not take it away."""
    app = make_app(query=query_of('[[command]]\nname = "mine"\nkey = "q"\nrun = "true"\n'))
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await settle(pilot)
        await pilot.pause(0.2)
        assert "q of mine is taken: Quit" in screen_text(app)


# Read again


async def test_settings_are_read_again(make_app: AppMaker, tmp_path: Path) -> None:
    """A saved file has effect at once; a broken one changes nothing, and says which line."""
    file = tmp_path / "crywolf.toml"
    file.write_text(COMMANDS)
    app = make_app(query=Query(settings=settings_of(COMMANDS, file)))
    async with app.run_test(size=(160, 30), notifications=True) as pilot:
        await settle(pilot)
        file.write_text('[[view]]\nname = "x"\nmode = "tirage"\n')
        app._read_settings()
        await settle(pilot)
        await pilot.pause(0.2)
        text = " ".join(screen_text(app).split())
        assert "crywolf.toml:3: view[1].mode: 'tirage' is no mode" in text
        assert app.own_commands
        file.write_text('[dashboard]\ntheme = "light"\n' + VIEWS)
        app._read_settings()
        await settle(pilot)
        assert app.theme == "crywolf-light"
        assert not app.own_commands
        await press(pilot, "f4")
        assert isinstance(app.screen, ChangesView)


async def test_commands_know_what_is_gone_into(make_app: AppMaker) -> None:
    """In an incident and a test the values are theirs, and of what is selected in them."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        values = values_of(top_view(app))
        assert (values["view"], values["incident"]) == ("incident", fakes.INCIDENTS[0].incident_id)
        assert values["test"] == fakes.INCIDENTS[0].tests[0][0].identity
        await press(pilot, "enter")
        values = values_of(top_view(app))
        assert values["view"] == "test"
        assert values["name"] == fakes.INCIDENTS[0].tests[0][0].name
        assert {"run", "env", "message", "db", "url"} <= set(values)
