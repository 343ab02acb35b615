"""The Timeline's keys: both ways through time, closer and farther, to what matters; cells are read when seen."""

from __future__ import annotations

from dataclasses import replace

import pytest

from store.read.changes import SeenIncident
from tests.tui.screens import fake_histories, fakes
from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fakes import CASES, MESSAGE, NOW_MS, run
from tui.answers.query import DAY_MS
from tui.answers.timeline import TimelineGrid
from tui.screens.grid_cells import BLOCK, Cells, Span, Zoom, spans_of
from tui.screens.run_detail import RunView
from tui.screens.test_detail import TestView
from tui.screens.timeline import PAUSE_S, TimelineView
from tui.widgets.heat_grid import HeatGrid


def grid_of(app: object) -> HeatGrid:
    """The grid on the screen."""
    return app.screen.query_one(HeatGrid)  # type: ignore[attr-defined, no-any-return]


async def test_jumps(make_app: AppMaker) -> None:
    """b and B: first bad, last good; c and C: changes that concern the row; f and F: red cells; 0 and $: the ends."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4")
        grid = grid_of(app)
        places = []
        for key in ("b", "B", "c", "F", "f", "f", "F", "C", "0", "c", "f", "dollar_sign", "C", "home", "end"):
            await press(pilot, key)
            places.append(grid.column)
        # Row 0 exercises payments: pricing's change before column 30 is none of its own.
        assert places == [53, 52, 53, 53, 54, 55, 54, 53, 0, 53, 54, 59, 53, 0, 59]
        await press(pilot, "j", "0", "c")
        assert grid.column == 30
        await press(pilot, "G", "f")
        assert (grid.row, grid.column) == (9, 30)


async def test_zoom(make_app: AppMaker) -> None:
    """- goes from runs to days to weeks and + back, with the cursor on the same time; each end stands still."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "b", "minus")
        view = app.screen
        assert isinstance(view, TimelineView)
        assert f"{view.zoom}" == "day"
        assert grid_of(app).content.columns == 15
        text = screen_text(app)
        assert "a column is a day" in text
        assert "7/52 red, 1 flaky" in text
        assert "19 Nov UTC" in text
        assert "changes: payments 7f3a91 02:18" in text
        await press(pilot, "h")
        assert "0/96 red, 2 flaky" in screen_text(app)
        await press(pilot, "minus", "minus")
        assert f"{view.zoom}" == "week"
        assert "a column is a week" in screen_text(app)
        assert "16 Nov to 22 Nov UTC" in screen_text(app)
        assert "7/238 red, 3 flaky" in screen_text(app)
        await press(pilot, "plus", "plus", "equals_sign")
        assert f"{view.zoom}" == "run"
        assert grid_of(app).content.columns == 60
        asked = [what for what in answers.asked if what[0] == "grid_days"]
        assert len(asked) == 1


async def test_the_cursor_stays_in_its_time(make_app: AppMaker) -> None:
    """From a run to its day and back is the last run of that day."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "b", "h", "h", "minus", "plus")
        assert grid_of(app).column == 59
        await press(pilot, "0", "minus", "plus")
        runs = fake_histories.grid().runs
        day = runs[0].started_ms // DAY_MS
        assert grid_of(app).column == max(n for n, one in enumerate(runs) if one.started_ms // DAY_MS == day)


async def test_widths(make_app: AppMaker) -> None:
    """> and < make columns wider and narrower."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "greater_than_sign")
        assert grid_of(app).cell_width == 3
        await press(pilot, "less_than_sign", "less_than_sign", "less_than_sign")
        assert grid_of(app).cell_width == 1


async def test_what_a_failing_cell_said_is_read_when_the_cursor_rests(make_app: AppMaker) -> None:
    """Time and message of the attempt, who changed what; once for each cell."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "b")
        await pilot.pause(PAUSE_S * 3)
        await settle(pilot)
        text = screen_text(app)
        assert f"4.0 s  {MESSAGE}" in text
        assert "exercises payments, vault" in text
        assert "just before: payments 7f3a91 02:18 Mira Patel" in text
        read = answers.asked.count(("grid_cell", 53, 0))
        await press(pilot, "h", "l")
        await pilot.pause(PAUSE_S * 3)
        await settle(pilot)
        assert answers.asked.count(("grid_cell", 53, 0)) == read == 1


async def test_a_case_that_vanished_may_go_on_as_another(make_app: AppMaker) -> None:
    """The hint names it, and the command that settles it."""
    app = make_app(FakeAnswers(continuation=CASES[1]))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4")
        await pilot.pause(PAUSE_S * 3)
        await settle(pilot)
        assert "looks renamed to RefundIT refunds_an_order   crywolf tests suggest" in screen_text(app)


async def test_only_what_is_seen_is_read(make_app: AppMaker) -> None:
    """Of 20,000 tests by 5,000 runs, a block of columns and a screen of rows, after each jump."""
    answers = FakeAnswers(grid_now=_large(5_000, 20_000))
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4")
        await press(pilot, "G", "0", "g", "dollar_sign", "pagedown", "ctrl+d", "l", "h")
        pieces = [what for what in answers.asked if what[0] == "grid_cells"]
        assert 0 < len(pieces) <= 8
        assert all(len(columns) <= 2 * BLOCK and rows <= 120 for _, columns, rows in pieces)  # type: ignore[arg-type, operator]
        assert "✓" in screen_text(app)


def _large(columns: int, rows: int) -> TimelineGrid:
    small = fake_histories.grid(columns)
    more = [replace(small.rows[5], case=fakes.case(f"numbered_{n:05}"), test_row=5) for n in range(rows - 10)]
    return replace(small, rows=(*small.rows, *more))


async def test_wheel_and_click(make_app: AppMaker) -> None:
    """The wheel scrolls rows, with shift columns; a click moves the cursor to the cell, a second one opens the test."""
    app = make_app(FakeAnswers(grid_now=_large(400, 200)))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4")
        grid = grid_of(app)
        top, left = grid.scroll_offset
        await pilot._post_mouse_events([_wheel("down")], "#grid", offset=(60, 6))
        await settle(pilot)
        assert grid.scroll_offset.y > 0
        await pilot._post_mouse_events([_wheel("left")], "#grid", offset=(60, 6))
        await settle(pilot)
        assert grid.scroll_offset.x < top + left
        await pilot.click("#grid", offset=(60, 6))
        await settle(pilot)
        assert grid.row == grid.scroll_offset.y + 4
        await pilot.click("#grid", offset=(60, 6), times=2)
        await settle(pilot)
        assert isinstance(app.screen, TestView)


def _wheel(direction: str) -> type:
    from textual import events

    return {"down": events.MouseScrollDown, "left": events.MouseScrollLeft}[direction]


async def test_streams_and_green_rows(make_app: AppMaker) -> None:
    """] and [ go through the streams, w asks for rows that were never red."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "right_square_bracket", "left_square_bracket", "n", "p", "w")
        scopes = [what[1] for what in answers.asked if what[0] == "grid"]
        assert scopes == [None, fakes.PREPROD, fakes.STAGING, fakes.PREPROD, fakes.STAGING, fakes.STAGING]
        assert ("grid", fakes.STAGING, True) in answers.asked


async def test_export_reads_all_of_it(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    """x writes every run of every row, whatever is on the screen."""
    monkeypatch.chdir(tmp_path)  # type: ignore[arg-type]
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "x")
        lines = (tmp_path / "crywolf-timeline.csv").read_text().splitlines()  # type: ignore[operator]
    assert len(lines) == 11
    assert lines[0].startswith("test,journey 6187,")
    assert lines[1].count(",failed") == 7


def test_weeks_begin_on_monday() -> None:
    """Columns of days have no gap; a week that the window cuts is one all the same."""
    runs = [run(n, NOW_MS - (3 - n) * 2 * DAY_MS) for n in range(4)]
    days = (NOW_MS // DAY_MS - 6, NOW_MS // DAY_MS)
    assert [span.stop - span.start for span in spans_of(runs, days, Zoom.DAY)] == [1, 0, 1, 0, 1, 0, 1]
    weeks = spans_of(runs, days, Zoom.WEEK)
    # NOW is Thursday 19 November 2026: the week before ends on the 15th.
    assert [(span.last - span.first, span.start, span.stop) for span in weeks] == [(6, 0, 2), (6, 2, 4)]
    assert (weeks[0].first + 3) % 7 == 0


def test_old_pieces_are_shown_until_the_new_ones_are_there() -> None:
    """After an answer with one run more, a cell is what it was, under its new column; a new run is not known."""
    old, new = fake_histories.grid(60, 3), fake_histories.grid(61, 3)
    new = replace(new, run_rows=(*old.run_rows, 60))
    first = Cells(old)
    first.take([0, 1, 2], range(60), fake_histories.grid_cells(range(60), [0, 1, 2], 60))
    second = Cells(new, first)
    assert [second.result(0, n) for n in (0, 59, 60)] == [first.result(0, 0), first.result(0, 59), None]
    assert second.missing([0, 1], range(10)) == ((0, 1), range(61))
    assert Cells(replace(new, stream_id=2), first).result(0, 0) is None
    assert second.sums(0, Span(1, 2, 0, 0)) is None


async def test_the_filter_leaves_rows_by_word_and_field(make_app: AppMaker) -> None:
    """By name, owner or exercised service; esc brings all back, with the cursor on its row."""
    app = make_app()
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "j", "j")
        for text, rows in (("refund", 1), ("service:pricing", 5), ("!service:pricing", 5), ("owner:nobody", 0)):
            await press(pilot, "slash", *text, "enter")
            shown = 0 if app.screen.has_class("-blank") else grid_of(app).content.rows
            assert shown == rows, text
            await press(pilot, "escape")
        assert grid_of(app).content.rows == 10
        await press(pilot, "g", "j", "slash", *"refund", "enter", "escape")
        assert grid_of(app).row == 1


async def test_what_monitors_told_and_the_run(make_app: AppMaker) -> None:
    """A sign stands where another monitor told of an incident, in runs and in days; R opens the column's run."""
    made, column = fake_histories.grid(60), 3
    at_ms = made.runs[column].started_ms - 1
    told = SeenIncident("n1", "detected", "INC-7", at_ms, "staging", "mail", "queue is full", "")
    answers = FakeAnswers(grid_now=replace(made, notes=(told,)))
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4")
        shown = app.screen.query_one(HeatGrid)
        assert shown.content.marks[column] == "*"
        await press(pilot, "home", *["l"] * column)
        assert "a monitor told: incident detected" in screen_text(app)
        assert "queue is full" in screen_text(app)
        await press(pilot, "R")
        assert isinstance(app.screen, RunView)
        await press(pilot, "escape", "minus")
        assert "a monitor told: incident detected" in screen_text(app)
        await press(pilot, "R")
        assert not isinstance(app.screen, RunView)
    assert [what[1] for what in answers.asked if what[0] == "run"] == [made.runs[column].run_id]
