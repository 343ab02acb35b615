"""Every mode and key of the dashboard, driven as a person would."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.widgets import Input

from store.errors import StoreBusy
from tests.tui.screens import fakes
from tests.tui.screens.driving import SIZES, AppMaker, press, screen_text, settle
from tests.tui.screens.fakes import EMPTY_HEALTH, HEALTHY, FakeAnswers
from tui.app import CrywolfApp
from tui.screens.attempt import AttemptView
from tui.screens.change_detail import ChangeView
from tui.screens.changes import ChangesView
from tui.screens.go_to import GoTo
from tui.screens.incident import IncidentView
from tui.screens.keys import KeysScreen, keys_of
from tui.screens.live import LiveView
from tui.screens.messages import StoreChanged
from tui.screens.services import ServicesView
from tui.screens.test_detail import TestView
from tui.screens.tests import TestsView
from tui.screens.timeline import TimelineView
from tui.screens.triage import TriageView
from tui.screens.view import View
from tui.widgets.chrome import MAX_KEYS, FilterLine, fitting_keys
from tui.widgets.heat_grid import HeatGrid
from tui.widgets.line_table import LineTable
from tui.widgets.lines import LinesPane

MODES = {"1": TriageView, "2": TestsView, "3": ServicesView, "4": TimelineView, "5": ChangesView}


def view(app: CrywolfApp) -> View[object]:
    """The view on top."""
    assert isinstance(app.screen, View)
    return app.screen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("digit", MODES)
async def test_each_mode_opens_at_each_size(make_app: AppMaker, digit: str, size: tuple[int, int]) -> None:
    """A digit opens its mode; no line is wider than the terminal, and the keys name the list of keys."""
    app = make_app()
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, digit)
        assert isinstance(app.screen, MODES[digit])
        text = screen_text(app)
        assert "? keys" in text
        assert "crywolf   1 Triage" in text


async def test_triage_answers_first_in_words(make_app: AppMaker) -> None:
    """The line after the tabs says how many are real and what the answer cannot see."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        answer = screen_text(app).splitlines()[1]
        assert answer.startswith(" 2 real   1 outage   5 flaky   1 cannot tell")
        assert "nightly-mobile stale 26 h · 1 file refused · 6 pipelines" in answer


async def test_argument_follows_the_cursor(make_app: AppMaker) -> None:
    """The lower pane argues for the row under the cursor, without another key."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        assert "last good 02:05 run 6239 ── payments 7f3a91 02:18" in screen_text(app)
        await press(pilot, "j", "j")
        assert "61 tests of 9 services in one run" in screen_text(app)
        await press(pilot, "k", "up")
        assert "upstream" not in screen_text(app)


async def test_triage_to_the_attempt_and_back(make_app: AppMaker) -> None:
    """From an incident to its test, the failing attempt, and its message; esc goes back one level at a time."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        assert isinstance(app.screen, IncidentView)
        await press(pilot, "enter")
        assert isinstance(app.screen, TestView)
        await press(pilot, "enter")
        assert isinstance(app.screen, AttemptView)
        text = screen_text(app)
        assert "Triage › 503 from payments on POST /charge › pays_with_saved_card › run 6246" in text
        assert "CheckoutIT.java:88" in text
        assert "https://ci.example.com/journey/6246/job/1" in text
        for expected in (TestView, IncidentView, TriageView, TriageView):
            await press(pilot, "escape")
            assert isinstance(app.screen, expected)


async def test_modes_keep_their_place(make_app: AppMaker) -> None:
    """A mode that is left keeps its views; its digit pressed again goes to its first one."""
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "j", "enter", "3", "2")
        assert isinstance(app.screen, TestView)
        await press(pilot, "2")
        assert isinstance(app.screen, TestsView)
        assert app.screen.query_one("#tests", LineTable).cursor == 1


async def test_filter_takes_what_is_typed_in_one_burst(make_app: AppMaker) -> None:
    """Nothing typed right after / is lost; esc takes the filter away, a second one goes back."""
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("slash", *"rounding")
        await settle(pilot)
        assert view(app).filter_text == "rounding"
        table = app.screen.query_one("#incidents", LineTable)
        assert list(table.keys) == ["i-3fa9c2d7"]
        await press(pilot, "enter")
        assert app.focused is table
        assert app.screen.query_one(FilterLine).has_class("-open")
        await press(pilot, "escape")
        assert view(app).filter_text == ""
        assert len(table.keys) == 5
        assert not app.screen.query_one(FilterLine).has_class("-open")


@pytest.mark.parametrize(
    ("text", "kept"),
    [("verdict:flaky", 1), ("!flaky", 4), ("owner:unowned", 0), ("service:pricing", 1), ("nothing-like-it", 0)],
)
async def test_filter_by_field_and_negation(make_app: AppMaker, text: str, kept: int) -> None:
    """`field:word` and `!word` narrow; what leaves nothing says how to get back."""
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "slash")
        app.screen.query_one("#filter", Input).value = text
        await settle(pilot)
        if kept:
            assert len(app.screen.query_one("#incidents", LineTable).keys) == kept
        else:
            assert "esc clears the filter" in screen_text(app)


async def test_slash_can_be_typed_in_the_filter(make_app: AppMaker) -> None:
    """The key that opens the filter is a letter inside it, as are the digits and q."""
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "slash", "slash", "2", "q", "question_mark", "colon")
        assert view(app).filter_text == "/2q?:"
        assert isinstance(app.screen, TriageView)


async def test_tests_ask_the_store_to_filter_and_sort(make_app: AppMaker) -> None:
    """The Tests screen holds keys: order and filter are asked for, rows are read when visible."""
    answers = FakeAnswers(tests_total=100_000)
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "s", "G")
        assert answers.asked.count(("test_keys", "red", "")) == 1
        assert ("test_keys", "flaky", "") in answers.asked
        assert answers.rows_read <= 9 * 30
        assert "numbered_case_099999" in screen_text(app)
        await press(pilot, "slash", "r", "e", "f", "u")
        assert ("test_keys", "flaky", "refu") in answers.asked
        assert "refunds_an_order" in screen_text(app)


async def test_header_click_sorts(make_app: AppMaker) -> None:
    """A click on a title orders by it."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "2")
        await pilot.click("#tests", offset=(4, 0))
        await settle(pilot)
        assert ("test_keys", "name", "") in answers.asked


async def test_service_opens_its_tests(make_app: AppMaker) -> None:
    """Enter on a service lists the tests that exercise it."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "3", "enter")
        assert isinstance(app.screen, TestsView)
        assert ("test_keys", "red", "service:payments") in answers.asked
        assert "Services › payments" in screen_text(app)


async def test_timeline_moves_jumps_and_opens(make_app: AppMaker) -> None:
    """Both ways through the grid; b to the first bad run, B to the last good one; the deploys before it are named."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4")
        grid = app.screen.query_one(HeatGrid)
        assert (grid.row, grid.column) == (0, 59)
        await press(pilot, "b")
        assert grid.column == 53
        assert "just before: payments 7f3a91" in screen_text(app)
        await press(pilot, "B")
        assert grid.column == 52
        await press(pilot, "home", "j", "l", "l", "h", "down", "end", "G", "g", "ctrl+d", "ctrl+u")
        assert (grid.row, grid.column) == (0, 59)
        await press(pilot, "plus", "plus", "minus", "minus", "minus", "minus")
        assert grid.cell_width == 1
        await press(pilot, "enter")
        assert isinstance(app.screen, TestView)


async def test_timeline_goes_through_streams(make_app: AppMaker) -> None:
    """] and [ choose the stream; w asks for the green rows too."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "4", "right_square_bracket")
        assert ("grid", fakes.PREPROD, False) in answers.asked
        await press(pilot, "left_square_bracket", "w")
        assert ("grid", fakes.STAGING, True) in answers.asked


async def test_thousands_of_columns_draw_what_is_visible(make_app: AppMaker) -> None:
    """A grid of 5,000 runs and 500 tests opens at the newest run and goes to the oldest."""
    app = make_app(FakeAnswers(grid_now=fakes.grid(5000, 500)))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "home", "G")
        grid = app.screen.query_one(HeatGrid)
        assert (grid.row, grid.column) == (499, 0)
        assert "numbered_case_000499" in screen_text(app)


async def test_change_opens_in_full(make_app: AppMaker) -> None:
    """Enter on a change shows its files, its link and what turned red after it."""
    app = make_app()
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "5", "enter")
        assert isinstance(app.screen, ChangeView)
        text = screen_text(app)
        assert "9 test cases turned red" in text
        assert "src/main/java/acme/payments/Token.java" in text


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
        for digit in "123456":
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
    keys = [(str(i), f"word{i}") for i in range(12)] + [("?", "keys")]
    assert fitting_keys(keys, 200)[-1] == ("?", "keys")
    assert len(fitting_keys(keys, 200)) == MAX_KEYS
    assert fitting_keys(keys, 10) == [("?", "keys")]


@pytest.mark.parametrize("digit", MODES)
async def test_first_run_names_the_next_command(make_app: AppMaker, digit: str) -> None:
    """An empty store says so on every screen, and how to fill it."""
    app = make_app(FakeAnswers(health_now=EMPTY_HEALTH, incidents=(), counts={}))
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, digit)
        text = screen_text(app)
        assert "crywolf ingest PATH..." in text
        assert "crywolf demo" in text


async def test_nothing_red_only_when_it_can_be_told(make_app: AppMaker) -> None:
    """All pipelines on time and complete: reassuring. One stale: cannot tell, with the list."""
    app = make_app(FakeAnswers(health_now=HEALTHY, incidents=(), counts={}))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "Nothing is really red" in screen_text(app)
    app = make_app(FakeAnswers(incidents=(), counts={}))
    async with app.run_test() as pilot:
        await settle(pilot)
        text = screen_text(app)
        assert "Nothing is really red" not in text
        assert "Cannot tell whether anything is really red" in text
        assert "nightly-mobile has not reported for 26 h" in text
        assert "crywolf rejected" in text


async def test_only_flaky_is_not_called_real(make_app: AppMaker) -> None:
    """With flakes alone the answer line says that nothing is really red, if that can be told."""
    flaky = (fakes.INCIDENTS[3],)
    for health, word in ((HEALTHY, "nothing is really red"), (fakes.HEALTH, "cannot tell")):
        app = make_app(FakeAnswers(health_now=health, incidents=flaky, counts={"flaky": 1}))
        async with app.run_test() as pilot:
            await settle(pilot)
            assert screen_text(app).splitlines()[1].startswith(f" {word}   1 flaky")
    app = make_app(FakeAnswers(health_now=HEALTHY, incidents=fakes.INCIDENTS[4:], counts={"undecided": 1}))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert screen_text(app).splitlines()[1].startswith(" none is known to be real   1 cannot tell")


@pytest.mark.parametrize("digit", MODES)
async def test_errors_are_shown_where_they_belong(make_app: AppMaker, digit: str) -> None:
    """A failing store is named in the view that asked, with the remedy; r tries again and recovers."""
    answers = FakeAnswers(problem=StoreBusy("store.db: another process is writing; try again"))
    app = make_app(answers)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, digit)
        text = screen_text(app)
        assert "The store cannot be read" in text
        assert "crywolf doctor" in text
        answers.problem = None
        await press(pilot, "r")
        assert "cannot be read" not in screen_text(app)


async def test_defects_are_named(make_app: AppMaker) -> None:
    """An unexpected error keeps the dashboard alive and is shown by name."""
    app = make_app(FakeAnswers(problem=ZeroDivisionError("no [/x] runs")))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "ZeroDivisionError: no [/x] runs" in screen_text(app)


async def test_stale_answers_stay_and_say_so(make_app: AppMaker) -> None:
    """When reading again fails, what was read stays on the screen, marked."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        answers.problem = StoreBusy("busy")
        await press(pilot, "r")
        text = screen_text(app)
        assert "not up to date: StoreBusy" in text
        assert "503 from payments" in text


async def test_change_in_the_store_keeps_scroll_and_selection(make_app: AppMaker) -> None:
    """A commit reloads the view that is seen; the cursor stays on its key; other modes read when they are seen."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "5", "1", "j", "j")
        table = app.screen.query_one("#incidents", LineTable)
        newest = replace(fakes.INCIDENTS[0], incident_id="i-new")
        answers.incidents = (newest, *fakes.INCIDENTS)
        changes_before = answers.asked.count(("changes", app.context.query))
        app.post_message(StoreChanged())
        await settle(pilot)
        assert table.key == "i-3fa9c2d5"
        assert table.cursor == 3
        assert answers.asked.count(("changes", app.context.query)) == changes_before
        await press(pilot, "5")
        assert answers.asked.count(("changes", app.context.query)) == changes_before + 1


async def test_superseded_answers_are_asked_again(make_app: AppMaker) -> None:
    """An answer that another question pushed aside is asked for again by the view that is still seen."""
    answers = FakeAnswers(superseded=3)
    app = make_app(answers)
    async with app.run_test() as pilot:
        while answers.superseded:
            await pilot.pause()
        await settle(pilot)
        assert "503 from payments" in screen_text(app)


async def test_test_without_failures_shows_its_evidence(make_app: AppMaker) -> None:
    """A green test has strips and no empty table."""
    green = replace(fakes.detail(), failures=(), total_failures=0, suspects=None)
    app = make_app(FakeAnswers(detail_now=green))
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter")
        assert "no failing attempt in this window" in screen_text(app)
        assert isinstance(app.focused, LinesPane)
        await press(pilot, "tab", "j", "k", "G", "g")


async def test_detail_panes_take_the_keys_in_turn(make_app: AppMaker) -> None:
    """tab goes between evidence and failures."""
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter")
        assert isinstance(app.focused, LineTable)
        await press(pilot, "tab")
        assert isinstance(app.focused, LinesPane)
        await press(pilot, "tab")
        assert isinstance(app.focused, LineTable)


async def test_live_is_there_when_something_is_watched(make_app: AppMaker, tmp_path: Path) -> None:
    """6 exists with --watch only; space lets the list stand still while data arrives."""
    log = tmp_path / "watch.log"
    log.write_text("watching reports\nrefused nightly/out.xml [/x]\n")
    answers = FakeAnswers()
    app = make_app(answers, watched=(Path("reports"),), log=log)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "6")
        assert isinstance(app.screen, LiveView)
        assert "refused nightly/out.xml [/x]" in screen_text(app)
        await press(pilot, "space")
        asked = len(answers.asked)
        app.post_message(StoreChanged())
        await settle(pilot)
        assert len(answers.asked) == asked
    app = make_app()
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "6")
        assert isinstance(app.screen, TriageView)
        assert "6 Live" not in screen_text(app)


async def test_tabs_can_be_clicked(make_app: AppMaker) -> None:
    """The mouse reaches what the keys reach."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        top = screen_text(app).splitlines()[0]
        await pilot.click("#top", offset=(top.index("Timeline") + 2, 0))
        await settle(pilot)
        assert isinstance(app.screen, TimelineView)


async def test_quit_ends_the_watcher_and_the_connections(make_app: AppMaker) -> None:
    """q leaves nothing running."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test() as pilot:
        await settle(pilot)
        await pilot.press("q")
    assert answers.asked[-1] == ("close",)
    assert app.return_code == 0


async def test_resizing_while_open(make_app: AppMaker) -> None:
    """Narrower and wider again, on every mode, down to a size where little is left."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        for digit in MODES:
            await press(pilot, digit)
            for size in ((80, 24), (40, 10), (20, 5), (160, 50)):
                await pilot.resize_terminal(*size)
                await settle(pilot)
