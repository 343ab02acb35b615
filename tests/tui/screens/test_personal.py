"""What is a person's own: columns and order, saved views, commands, what is remembered, settings read again."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from ingest.settings import Settings, parse_settings
from tests.tui.screens import fakes
from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.hostile import HOSTILE
from tui.answers.query import Query
from tui.app import CrywolfApp
from tui.remembered import Arrangement, Remembered, load_remembered
from tui.screens import changes, quarantine, services, triage
from tui.screens.changes import ChangesView
from tui.screens.columns import ColumnsScreen
from tui.screens.go_to import GoTo, fitting
from tui.screens.own_keys import NoSuchValue, arguments, values_of
from tui.screens.test_detail import TestView
from tui.screens.tests import TestsView
from tui.screens.tour import PAGES, TourScreen
from tui.screens.triage import TriageView
from tui.screens.view import View
from tui.widgets.chrome import FilterLine, KeyLine
from tui.widgets.line_table import LineTable


def settings_of(text: str, path: Path = Path("/p/crywolf.toml")) -> Settings:
    """Settings as a project declares them."""
    return parse_settings(text.encode(), path)


def query_of(text: str) -> Query:
    """A question under such settings."""
    return Query(environment="staging", branch="main", settings=settings_of(text))


def view(app: CrywolfApp) -> View[object]:
    """The view on top."""
    assert isinstance(app.screen, View)
    return app.screen


def table(app: CrywolfApp) -> LineTable:
    """Its table."""
    found = view(app).table
    assert found is not None
    return found


# Columns and order


async def test_order_by_keys_and_title(make_app: AppMaker) -> None:
    """> and < go through the columns, a title orders by its column, a second click turns it; numbers largest first."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        usual = list(table(app).keys)
        await press(pilot, "greater_than_sign", "greater_than_sign")
        assert view(app).sort == "what"
        titles = [app.context.answers.triage(app.context.query).incidents]
        by_id = {one.incident_id: one.title.casefold() for one in titles[0]}
        assert [by_id[str(key)] for key in table(app).keys] == sorted(by_id.values())
        await press(pilot, "less_than_sign", "less_than_sign")
        assert (view(app).sort, list(table(app).keys)) == ("", usual)
        line = screen_text(app).splitlines()[3]
        await pilot.click("#incidents", offset=(line.index("since") + 1, 0))
        await settle(pilot)
        assert view(app).sort == "-since"
        largest = list(table(app).keys)
        await pilot.click("#incidents", offset=(line.index("since") + 1, 0))
        await settle(pilot)
        assert (view(app).sort, list(table(app).keys)) == ("since", largest[::-1])


async def test_another_order_shows_its_first_rows(make_app: AppMaker) -> None:
    """On the first row nothing was chosen yet: the new first row is shown; whoever chose a row keeps it."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        first = table(app).key
        await press(pilot, "greater_than_sign")
        assert table(app).cursor == 0
        assert table(app).key != first
        await press(pilot, "j")
        chosen = table(app).key
        await press(pilot, "greater_than_sign")
        assert table(app).key == chosen


async def test_columns_are_chosen(make_app: AppMaker) -> None:
    """| lists the columns: space leaves one out, s orders by it, backspace puts all back; one column always stays."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "vertical_line")
        assert isinstance(app.screen, ColumnsScreen)
        await press(pilot, "j", "j", "j", "space", "j", "s", "escape")
        header = screen_text(app).splitlines()[3]
        assert "radius" not in header
        assert "top suspect" in header
        assert view(app).sort == "suspect"
        await press(pilot, "vertical_line", "backspace", *("space", "j") * 7, "escape")
        assert len(table(app).columns) - len(table(app).hidden) == 1
        await press(pilot, "vertical_line", "backspace", "q")
        assert (view(app).sort, table(app).hidden) == ("", frozenset())


async def test_tests_are_ordered_by_the_answer(make_app: AppMaker) -> None:
    """100,000 rows are not ordered on the screen: the answer is asked for another order."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "greater_than_sign", "s", "less_than_sign")
        asked = [what[1] for what in answers.asked if what[0] == "test_keys"]
        assert asked == ["red", "flaky", "name", "flaky"]


# Filters


@pytest.mark.parametrize(
    ("module", "shown", "row"),
    [
        (triage, TriageView, fakes.INCIDENTS[0]),
        (changes, ChangesView, FakeAnswers().change_rows[0]),
        (services, services.ServicesView, fakes.services_answer().services[0]),
        (quarantine, quarantine.QuarantineView, fakes.SET_ASIDE[0]),
    ],
    ids=["triage", "changes", "services", "quarantine"],
)
def test_fields_that_are_named_are_those_there_are(module: object, shown: type[View[object]], row: object) -> None:
    """What the filter's line lists is what filters know, no more and no less."""
    assert tuple(module._fields(row)) == shown.FIELDS  # type: ignore[attr-defined]


async def test_a_wrong_field_says_which_there_are(make_app: AppMaker) -> None:
    """The filter's line lists the fields; one that is not there is told with those that are."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "slash")
        assert "!word leaves out  verdict: what: test: env:" in screen_text(app)
        await press(pilot, *"onwer:pay")
        assert "no field onwer: here; there are verdict: what: test: env:" in screen_text(app)
        await press(pilot, "escape", "slash", *"!owner:pay")
        assert "no field" not in screen_text(app)


# Mouse


async def test_keys_and_crumbs_are_clicked(make_app: AppMaker) -> None:
    """A click on a key of the line at the bottom presses it; one on a name in the path goes back there."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        keys = screen_text(app).splitlines()[-1]
        await pilot.click(KeyLine, offset=(keys.index("enter open") + 2, 0))
        await settle(pilot)
        await press(pilot, "enter")
        assert isinstance(app.screen, TestView)
        path = screen_text(app).splitlines()[1]
        await pilot.click("#answer", offset=(path.index("Triage") + 2, 0))
        await settle(pilot)
        assert isinstance(app.screen, TriageView)


# The dialog behind : and ctrl+p


async def test_dialog_does_what_has_a_key(make_app: AppMaker) -> None:
    """Commands, themes and modes by name; letters in their order are enough."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        for typed, seen in (("crywolf-light", lambda: app.theme == "crywolf-light"), ("clmns", lambda: None)):
            await press(pilot, "ctrl+p")
            assert isinstance(app.screen, GoTo)
            app.screen.query_one("#name", Input).value = typed
            await settle(pilot)
            await press(pilot, "enter")
            assert seen() is not False
        assert isinstance(app.screen, ColumnsScreen)


async def test_tab_completes(make_app: AppMaker) -> None:
    """The beginning of a kind becomes the kind, which leaves other kinds out; then the name that is chosen."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "colon", *"serv", "tab")
        name = app.screen.query_one("#name", Input)
        assert name.value == "service "
        await press(pilot, "backspace", "backspace", *"e", "escape")
        await press(pilot, "colon", *"mode timel", "tab")
        assert app.screen.query_one("#name", Input).value == "Timeline"
        await press(pilot, "escape")


def test_best_entries_come_first() -> None:
    """What begins with the text before what contains it; a kind before it leaves the others out."""
    from tui.screens.go_to import Entry

    entries = [Entry("mode", "live", "Live"), Entry("do", "1", "Deliver"), Entry("theme", "x", "live-dark")]
    for typed, whole, loose in (
        ("live", ["Live", "live-dark", "Deliver"], []),
        ("theme l", ["live-dark"], []),
        ("theme", ["live-dark"], []),
        ("lvr", [], ["Deliver", "live-dark"]),
        ("service live", [], []),
    ):
        assert [[one.label for one in some] for some in fitting(entries, typed)] == [whole, loose], typed


async def test_names_come_before_what_holds_the_letters_only(make_app: AppMaker) -> None:
    """Whoever types the beginning of a service's name finds it, and no theme that happens to have these letters."""
    app = make_app()
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "colon", "p", "a")
        table = app.screen.query_one("#hits", LineTable)
        kinds = [key[0] for key in table.keys if isinstance(key, tuple)]
        assert kinds[0] != "theme"
        assert kinds.index("service") < kinds.index("theme")


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
        shown = view(app)
        assert (shown.filter_text, shown.sort) == ("service:payments", "-after")
        assert table(app).hidden >= {"author", "kind"}
        assert screen_text(app).splitlines()[-2].startswith(" / service:payments")
        await press(pilot, "question_mark")
        assert "F4" in screen_text(app) or "f4" in screen_text(app)


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
        assert view(app).filter_text == "owner:pay"
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
        expected = values_of(view(app))["what"]
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


# What is remembered


async def test_everything_is_there_again(make_app: AppMaker, tmp_path: Path) -> None:
    """Mode, filter, order, columns, selection and theme come back; of another store nothing does but the theme."""
    file = tmp_path / "dashboard.json"
    database = tmp_path / "store.db"
    app = make_app(remembered=load_remembered(file, database))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, TourScreen)
        await press(pilot, "escape", "j", "j", "2", "j", "5", "slash", *"service:pay", "enter", "greater_than_sign")
        app.choose_theme("light")
        await press(pilot, "q")
    again = make_app(remembered=load_remembered(file, database), theme_name=load_remembered(file, database).theme)
    async with again.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        assert isinstance(again.screen, ChangesView)
        assert (view(again).filter_text, view(again).sort, again.theme) == ("service:pay", "-when", "crywolf-light")
        assert again.screen.query_one(FilterLine).has_class("-open")
        await press(pilot, "1")
        assert table(again).cursor == 2
        await press(pilot, "2")
        assert isinstance(again.screen, TestsView)
        assert table(again).cursor == 1
    other = load_remembered(file, tmp_path / "other.db")
    assert (other.mode, other.arranged, other.theme, other.is_toured) == ("", {}, "crywolf-light", True)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b'{"stores": 3, "views": [{"name": 3}, 4]}', b"\xff\xfe", b"[" * 9]
)
def test_damaged_memory_is_no_memory(tmp_path: Path, content: bytes) -> None:
    """Whatever stands in the file, the dashboard opens; and what is remembered next is there again."""
    file = tmp_path / "dashboard.json"
    file.write_bytes(content)
    remembered = load_remembered(file, Path("s.db"))
    assert (remembered.mode, remembered.arranged) == ("", {})
    remembered.arranged["triage"] = Arrangement("a", "-since", ("what",), (1, 2))
    remembered.save()
    assert load_remembered(file, Path("s.db")).arranged == remembered.arranged
    assert not list(tmp_path.glob(".*"))


async def test_tour_goes_through_its_pages_once(make_app: AppMaker, tmp_path: Path) -> None:
    """Shown at the first start, page by page; never again unless asked for by its name."""
    file = tmp_path / "dashboard.json"
    app = make_app(remembered=load_remembered(file, tmp_path / "s.db"))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        for title, _ in PAGES:
            assert title in screen_text(app)
            await press(pilot, "enter")
        assert isinstance(app.screen, TriageView)
        await press(pilot, "colon", *"tour", "enter")
        assert isinstance(app.screen, TourScreen)
        await press(pilot, "right", "left", "q", "q")
    assert load_remembered(file, tmp_path / "s.db").is_toured


async def test_tour_waits_until_there_is_something(make_app: AppMaker) -> None:
    """An empty store says itself what comes next, q leaves it; the tour comes with the first reports."""
    answers = FakeAnswers(health_now=fakes.EMPTY_HEALTH, incidents=(), counts={})
    app = make_app(answers, remembered=Remembered())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert isinstance(app.screen, TriageView)
        assert "crywolf demo" in screen_text(app)
        answers.health_now, answers.incidents = fakes.HEALTH, fakes.INCIDENTS
        await press(pilot, "r")
        assert isinstance(app.screen, TourScreen)
        await press(pilot, "escape", "r")
        assert isinstance(app.screen, TriageView)


# Settings and read-only


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


async def test_read_only_offers_no_deeds(make_app: AppMaker) -> None:
    """Asked for it, nothing that writes is offered or done, and the screen says so."""
    answers = FakeAnswers()
    app = make_app(answers, is_read_only=True)
    async with app.run_test(size=(120, 30), notifications=True) as pilot:
        await settle(pilot)
        await press(pilot, *"acCtnsSvzZdu")
        assert not [what for what in answers.asked if what[0] in ("act", "undo")]
        assert "read only" in screen_text(app)
        for mode, keys in (("1", "acCtnNsSvzZdmMub"), ("2", "z")):
            await press(pilot, mode)
            for key in keys:
                app.clear_notifications()
                await press(pilot, key)
                assert "read only: started with --read-only" in screen_text(app), key


async def test_commands_know_what_is_gone_into(make_app: AppMaker) -> None:
    """In an incident and a test the values are theirs, and of what is selected in them."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        values = values_of(view(app))
        assert (values["view"], values["incident"]) == ("incident", fakes.INCIDENTS[0].incident_id)
        assert values["test"] == fakes.INCIDENTS[0].tests[0][0].identity
        await press(pilot, "enter")
        values = values_of(view(app))
        assert values["view"] == "test"
        assert values["name"] == fakes.INCIDENTS[0].tests[0][0].name
        assert {"run", "env", "message", "db", "url"} <= set(values)
