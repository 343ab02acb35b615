"""How a person arranges what is seen: columns and order, filters, mouse, the dialog that does everything by name."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from tests.tui.screens import fake_histories, fakes
from tests.tui.screens.driving import AppMaker, press, screen_text, settle, top_table, top_view
from tests.tui.screens.fake_answers import FakeAnswers
from tui.screens import changes, quarantine, services, triage
from tui.screens.changes import ChangesView
from tui.screens.columns import ColumnsScreen
from tui.screens.go_to import GoTo, fitting
from tui.screens.test_detail import TestView
from tui.screens.triage import TriageView
from tui.screens.view import View
from tui.widgets.chrome import KeyLine
from tui.widgets.line_table import LineTable

# Columns and order


async def test_order_by_keys_and_title(make_app: AppMaker) -> None:
    """> and < go through the columns, a title orders by its column, a second click turns it; numbers largest first."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        usual = list(top_table(app).keys)
        await press(pilot, "greater_than_sign", "greater_than_sign")
        assert top_view(app).sort == "what"
        titles = [app.context.answers.triage(app.context.query).incidents]
        by_id = {one.incident_id: one.title.casefold() for one in titles[0]}
        assert [by_id[str(key)] for key in top_table(app).keys] == sorted(by_id.values())
        await press(pilot, "less_than_sign", "less_than_sign")
        assert (top_view(app).sort, list(top_table(app).keys)) == ("", usual)
        line = screen_text(app).splitlines()[3]
        await pilot.click("#incidents", offset=(line.index("since") + 1, 0))
        await settle(pilot)
        assert top_view(app).sort == "-since"
        largest = list(top_table(app).keys)
        await pilot.click("#incidents", offset=(line.index("since") + 1, 0))
        await settle(pilot)
        assert (top_view(app).sort, list(top_table(app).keys)) == ("since", largest[::-1])


async def test_another_order_shows_its_first_rows(make_app: AppMaker) -> None:
    """On the first row nothing was chosen yet: the new first row is shown; whoever chose a row keeps it."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        first = top_table(app).key
        await press(pilot, "greater_than_sign")
        assert top_table(app).cursor == 0
        assert top_table(app).key != first
        await press(pilot, "j")
        chosen = top_table(app).key
        await press(pilot, "greater_than_sign")
        assert top_table(app).key == chosen


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
        assert top_view(app).sort == "suspect"
        await press(pilot, "vertical_line", "backspace", *("space", "j") * 7, "escape")
        assert len(top_table(app).columns) - len(top_table(app).hidden) == 1
        await press(pilot, "vertical_line", "backspace", "q")
        assert (top_view(app).sort, top_table(app).hidden) == ("", frozenset())


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
        (services, services.ServicesView, fake_histories.services_answer().services[0]),
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
