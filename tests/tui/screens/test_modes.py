"""Every mode and key of the dashboard, driven as a person would."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.tui.screens import fake_histories, fakes
from tests.tui.screens.driving import SIZES, AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tui.app import CrywolfApp
from tui.screens.attempt import AttemptView
from tui.screens.change_detail import ChangeView
from tui.screens.changes import ChangesView
from tui.screens.flows import FlowsView
from tui.screens.incident import IncidentView
from tui.screens.live import LiveView
from tui.screens.messages import StoreChanged
from tui.screens.quarantine import QuarantineView
from tui.screens.service_detail import ServiceView
from tui.screens.services import ServicesView
from tui.screens.silent import SilentView
from tui.screens.tail import status_of
from tui.screens.test_detail import TestView
from tui.screens.tests import TestsView
from tui.screens.timeline import TimelineView
from tui.screens.triage import TriageView
from tui.screens.view import View
from tui.widgets.chrome import FilterLine
from tui.widgets.heat_grid import HeatGrid
from tui.widgets.line_table import LineTable
from tui.widgets.lines import LinesPane

MODES = {
    "1": TriageView,
    "2": TestsView,
    "3": ServicesView,
    "4": TimelineView,
    "5": ChangesView,
    "7": QuarantineView,
    "8": SilentView,
    "9": FlowsView,
}


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
        top = text.splitlines()[0]
        assert [word for word in top.split() if word in MODES] == list(MODES)
        assert "9 Flows" in top


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
        text = screen_text(app)
        assert "payments-5d8f: upstream token version 2 not supported" in text
        assert "CheckoutIT.java:88" not in text


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
        assert "Triage › 503 from pa… › pays_with_s… › run 6246" in text
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


async def test_the_path_is_that_of_its_own_mode(make_app: AppMaker) -> None:
    """An answer that comes while another mode is shown, or a view above it, leaves the path as it is."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        triage = app.screen
        await press(pilot, "3", "enter", "enter")
        assert isinstance(triage, TriageView)
        service = app.screen_stack[1]
        assert isinstance(service, ServiceView)
        for view in (triage, service):
            view._show_summary()
        await press(pilot, "escape")
        assert "Services › payments" in screen_text(app).splitlines()[1]
        assert " › " not in screen_text(app).splitlines()[1].replace("Services › payments", "")
        await press(pilot, "1")
        assert screen_text(app).splitlines()[1].startswith(" 2 real")


async def test_a_row_is_opened_before_it_is_read(make_app: AppMaker) -> None:
    """Enter on a row that is still on its way opens it when it is there."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "2")
        view = app.screen
        assert isinstance(view, TestsView)
        view._rows.clear()
        view.query_one("#tests", LineTable).forget_rows()
        assert view.selected is None
        view.query_one("#tests", LineTable).action_open()
        await settle(pilot)
        assert isinstance(app.screen, TestView)


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


async def test_service_opens_in_detail(make_app: AppMaker) -> None:
    """Enter on a service goes to what is around it and to the tests that exercise it."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, "3", "enter")
        assert isinstance(app.screen, ServiceView)
        assert ("service", "payments") in answers.asked
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
        assert "just before: payments 7f3a91 02:18 Mira Patel · catalog 11ab 02:19 renovate" in screen_text(app)
        await press(pilot, "B")
        assert grid.column == 52
        await press(pilot, "home", "j", "l", "l", "h", "down", "end", "G", "g", "ctrl+d", "ctrl+u")
        assert (grid.row, grid.column) == (0, 59)
        await press(pilot, "greater_than_sign", *["less_than_sign"] * 3)
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
    app = make_app(FakeAnswers(grid_now=fake_histories.grid(5000, 500)))
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


async def test_test_without_failures_shows_its_evidence(make_app: AppMaker) -> None:
    """A green test has strips and no empty table."""
    green = replace(fake_histories.detail(), failures=(), total_failures=0, suspects=None)
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
        assert "watching reports" in screen_text(app)
        status_of(log).write_text("seen 7, in 5, waiting 1, refused 1, lag 40 ms")
        app.screen._look_at_tail()
        await settle(pilot)
        assert "seen 7, in 5, waiting 1, refused 1, lag 40 ms" in screen_text(app)
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
