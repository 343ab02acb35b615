"""Timeline: what happened to all of us at 02:10? Tests by runs, with the deploys between the columns."""

from __future__ import annotations

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from analysis.records import ABSENT
from tui import present
from tui.answers.query import DAY_MS
from tui.screens import grid_drawing, states
from tui.screens.asking import Answers, Superseded
from tui.screens.context import ViewContext
from tui.screens.filtering import matches
from tui.screens.grid_cells import Cells, Span, Zoom, spans_of
from tui.screens.messages import AnswerFailed, CellExplained, CellsLoaded
from tui.screens.outside import Sheet
from tui.screens.pictures import export_pictures, picture_binding
from tui.screens.view import View
from tui.widgets.heat_grid import HeatGrid
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, joined, line

if TYPE_CHECKING:
    from ingest.model import RunRef, Scope
    from tui.answers.cell_facts import CellFacts
    from tui.answers.timeline import GridRow, TimelineGrid
    from tui.colours import Scheme
    from tui.exports.pictures import Picture

MARGIN = 32
"""Rows above and below the visible ones that are read with them."""
PAUSE_S = 0.12
"""How long the cursor rests on a cell before its failure is read."""


class TimelineView(View["TimelineGrid"]):
    """One stream at a time; `[` and `]` go through them, `+` and `-` from weeks to days to runs."""

    NOUN = "the runs"
    MAIN = "#grid"
    FIELDS = ("test", "owner", "service")
    CSS_PATH: ClassVar[str] = "timeline.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket,p", "stream(-1)", "Previous stream", id="timeline.previous", show=False),
        Binding("right_square_bracket,n", "stream(1)", "Next stream", id="timeline.next"),
        Binding("w", "with_green", "Green too", id="timeline.green"),
        Binding("R", "open_run", "The run", id="timeline.run", show=False),
        picture_binding("timeline"),
    ]

    def __init__(self, context: ViewContext) -> None:
        super().__init__(context)
        self._scope: Scope | None = None
        self._with_green = False
        self._rows: list[GridRow] = []
        self._cells: Cells | None = None
        self._facts: dict[tuple[int, int], CellFacts] = {}
        """(test row, column) -> what is known of the cell."""
        self._left: tuple[TimelineGrid, str, list[GridRow]] | None = None
        """(answer, filter, rows that it leaves)."""
        self._absent: dict[int, CellFacts] = {}
        """test row -> what is known of any cell without it."""
        self._shown: TimelineGrid | None = None
        self.zoom = Zoom.RUN
        self.spans: tuple[Span, ...] = ()
        """Columns of days or weeks; none while columns are runs."""

    @property
    def crumb(self) -> str:
        return "Timeline"

    def question(self) -> Callable[[Answers], TimelineGrid]:
        query, scope, with_green = self.context.query, self._scope, self._with_green
        return lambda answers: answers.grid(query, scope, with_green)

    def body(self) -> ComposeResult:
        signs = self.context.glyphs
        alarm = grid_drawing.alarm_sign(signs)
        yield HeatGrid(through=signs.through, mark=signs.cursor, ellipsis=signs.ellipsis, alarm=alarm, id="grid")
        yield LinesPane(id="cell", classes="below")

    def blank(self, answer: TimelineGrid, width: int) -> Sequence[Line] | None:
        if answer.window is None or answer.scope is None:
            return states.first_run(self.context, width)
        if not answer.rows:
            return grid_drawing.no_rows(answer, self.context)
        if not self._seen(answer):
            return states.nothing_matches("test", self.filter_text, self.FIELDS, width)
        return None

    def _seen(self, answer: TimelineGrid) -> list[GridRow]:
        """Rows that the filter leaves; of thousands they are sought once for each letter typed."""
        if not self.filter_text:
            return list(answer.rows)
        if self._left is None or self._left[0] is not answer or self._left[1] != self.filter_text:
            found = [row for row in answer.rows if matches(self.filter_text, _fields(row))]
            self._left = (answer, self.filter_text, found)
        return list(self._left[2])

    # Showing

    def show(self, answer: TimelineGrid) -> None:
        grid, at = self.query_one("#grid", HeatGrid), self._moment()
        before = self._rows[grid.row].test_row if grid.row < len(self._rows) else None
        if self._cells is None or self._cells.answer is not answer:
            self._cells = Cells(answer, self._cells)
            self._facts.clear()
            self._absent.clear()
        self._rows = self._seen(answer)
        row = next((n for n, one in enumerate(self._rows) if one.test_row == before), 0)
        self._show_grid(row, at)

    def _show_grid(self, row: int, at_ms: int | None) -> None:
        """Shows rows and columns with the cursor on a row, at what holds a moment; None: at the newest column."""
        answer, cells, window = self.answer, self._cells, self.window()
        if answer is None or cells is None or window is None:
            return
        self.spans = ()
        if self.zoom is not Zoom.RUN:
            self.spans = spans_of(answer.runs, (window.since_ms // DAY_MS, window.until_ms // DAY_MS), self.zoom)
        self._shown = answer
        content = grid_drawing.content_of(answer, self._rows, cells, self.spans, self.context)
        column = None if at_ms is None else self._column_at(at_ms)
        self.query_one("#grid", HeatGrid).set_content(content, row=row, column=column)

    def _moment(self) -> int | None:
        """When that was, on which the cursor stands; None where it stands on the newest column."""
        grid = self.query_one("#grid", HeatGrid)
        if self._shown is None or grid.column >= grid.content.columns - 1:
            return None
        if not self.spans:
            return self._shown.runs[grid.column].started_ms
        span = self.spans[grid.column]
        return self._shown.runs[span.stop - 1].started_ms if span.stop > span.start else span.first * DAY_MS

    def _column_at(self, at_ms: int) -> int:
        """The last column that began by then."""
        if self.spans:
            return bisect_right(self.spans, at_ms // DAY_MS, key=lambda span: span.first) - 1
        assert self._shown is not None
        return max(bisect_right(self._shown.runs, at_ms, key=lambda run: run.started_ms) - 1, 0)

    def summary(self, answer: TimelineGrid) -> tuple[Line, ...]:
        if answer.scope is None:
            return (), ()
        signs = self.context.glyphs
        here = answer.scopes.index(answer.scope) + 1 if answer.scope in answer.scopes else 1
        left = line((present.scope_text(answer.scope, signs.dot), "strong"))
        left += line((f"  stream {here}/{len(answer.scopes)}", "muted"))
        column = line((f"a column is a {self.zoom}", "accent")) if self.spans else ()
        outages = line((present.count(len(answer.outages), "outage"), "outage")) if answer.outages else ()
        runs = line((present.count(len(answer.runs), "run"), "muted"))
        hidden = line((f"{answer.hidden_green:,} green hidden", "muted")) if answer.hidden_green else ()
        masked = line((f"{signs.masked} masked outage", "muted")) if answer.closed or any(answer.mostly_red) else ()
        unsought = () if answer.has_sought else line(("too many results to look for outages", "muted"))
        forms = ((column, outages, runs, hidden, masked, unsought), (column, outages, runs, hidden), (column, outages))
        dot = Piece(f" {signs.dot} ", "muted")
        return left, *(joined(form, dot) for form in forms)

    def wished(self) -> Line:
        return line(present.scope_text(self._scope, self.context.glyphs.dot)) if self._scope is not None else ()

    # Keys

    def action_stream(self, step: int) -> None:
        """The next or previous stream."""
        if self.answer is None or not self.answer.scopes:
            return
        scopes = self.answer.scopes
        here = scopes.index(self.answer.scope) if self.answer.scope in scopes else 0
        self._scope = scopes[(here + step) % len(scopes)]
        self._rows, self._shown = [], None
        self.reload()

    def action_with_green(self) -> None:
        """Rows that were never red come and go."""
        self._with_green = not self._with_green
        self.reload()

    @on(HeatGrid.ZoomWanted)
    def _zoom(self, event: HeatGrid.ZoomWanted) -> None:
        levels = list(Zoom)
        at = max(0, min(levels.index(self.zoom) - event.step, len(levels) - 1))
        if levels[at] is not self.zoom:
            at_ms, row = self._moment(), self.query_one("#grid", HeatGrid).row
            self.zoom = levels[at]
            self._show_grid(row, at_ms)
            self._show_summary()

    # Reading cells

    @on(HeatGrid.CellsWanted)
    def _read(self, event: HeatGrid.CellsWanted) -> None:
        if self._cells is None or not self._rows:
            return
        near = self._rows[max(event.rows.start - MARGIN, 0) : event.rows.stop + MARGIN]
        rows = [row.test_row for row in near]
        if self.spans:
            if missing := self._cells.missing_days(rows):
                self._read_days(self._cells, (self.spans[0].first, self.spans[-1].last), missing)
            return
        missing, columns = self._cells.missing(rows, event.columns)
        if missing:
            self._read_cells(self._cells, missing, columns)

    @work(thread=True, exclusive=True, exit_on_error=False, group="cells", description="cells")
    def _read_cells(self, cells: Cells, test_rows: tuple[int, ...], columns: range) -> None:
        self._read_piece(
            cells,
            lambda answers: answers.grid_cells(cells.answer, columns, test_rows),
            lambda found: cells.take(test_rows, columns, found),
        )

    @work(thread=True, exclusive=True, exit_on_error=False, group="cells", description="cells")
    def _read_days(self, cells: Cells, days: tuple[int, int], test_rows: tuple[int, ...]) -> None:
        self._read_piece(cells, lambda answers: answers.grid_days(cells.answer, days, test_rows), cells.take_days)

    def _read_piece(self, cells: Cells, ask: Callable[[Answers], Any], take: Callable[[Any], None]) -> None:
        """Reads, in a thread, and hands over how to keep it; what cannot be read is told like any answer."""
        try:
            found = ask(self.context.answers)
            self.post_message(CellsLoaded(cells, lambda: take(found)))
        except Superseded:
            self.post_message(CellsLoaded(cells, None))
        except Exception as problem:  # shown by name in this view
            self.post_message(AnswerFailed(self.turns.request, problem))

    @on(CellsLoaded)
    def _take_cells(self, event: CellsLoaded) -> None:
        if event.cells is self._cells:
            if event.take is not None:
                event.take()
            self.query_one("#grid", HeatGrid).refresh()
            self._explain()

    # What the cursor stands on

    @on(HeatGrid.CellHighlighted)
    def _highlight(self) -> None:
        self._explain()
        self.refresh_bindings()
        row, column, answer = self.selected, self.query_one("#grid", HeatGrid).column, self._shown
        if row is None or answer is None or self.spans or column >= len(answer.runs):
            return
        key = (row.test_row, column)
        absent = self._absent.get(row.test_row)
        if absent is not None and self._cells is not None and self._cells.result(*key) == ABSENT:
            self._facts[key] = absent
        if key not in self._facts:
            self._read_cell(answer, column, row.test_row)

    def _explain(self) -> None:
        self.query_one("#cell", LinesPane).set_source(self._lines)

    @work(exclusive=True, exit_on_error=False, group="cell", description="cell")  # else Textual writes out the answer
    async def _read_cell(self, answer: TimelineGrid, column: int, test_row: int) -> None:
        """Reads what happened in a cell, once the cursor rests there; the next cell ends it."""
        await asyncio.sleep(PAUSE_S)
        try:
            facts = await asyncio.to_thread(self.context.answers.grid_cell, answer, column, test_row)
        except Superseded:
            return
        except Exception as problem:  # shown by name in this view
            self.post_message(AnswerFailed(self.turns.request, problem))
            return
        self.post_message(CellExplained((test_row, column), facts))

    @on(CellExplained)
    def _take_facts(self, event: CellExplained) -> None:
        self._facts[event.key] = event.facts
        if not event.facts.attempts:
            self._absent[event.key[0]] = event.facts
        self._explain()

    def _lines(self, width: int) -> list[Line]:
        grid, row = self.query_one("#grid", HeatGrid), self.selected
        if self._shown is None or row is None or self._cells is None or grid.column >= grid.content.columns:
            return []
        if self.spans:
            span = self.spans[grid.column]
            return grid_drawing.span_lines(self._shown, row, span, self._cells, self.context, width, self.spans)
        facts = self._facts.get((row.test_row, grid.column))
        return grid_drawing.cell_lines(self._shown, row, grid.column, self._cells, facts, self.context, width)

    @property
    def selected(self) -> GridRow | None:
        """The row under the cursor."""
        row = self.query_one("#grid", HeatGrid).row
        return self._rows[row] if row < len(self._rows) and not self.has_class("-blank") else None

    @property
    def selected_run(self) -> RunRef | None:
        """The run of the column under the cursor; none where columns are days or weeks."""
        column = self.query_one("#grid", HeatGrid).column
        if self._shown is None or self.spans or self.has_class("-blank") or column >= len(self._shown.runs):
            return None
        return self._shown.runs[column]

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There must be a run in the column."""
        return self.selected_run is not None if action == "open_run" else super().check_action(action, parameters)

    def action_open_run(self) -> None:
        """Goes to the run of the column under the cursor."""
        from tui.screens.run_detail import RunView

        if (run := self.selected_run) is not None:
            self.app.push_screen(RunView(self.context, run))

    @on(HeatGrid.RowOpened)
    def _open(self) -> None:
        from tui.screens.test_detail import TestView

        if (row := self.selected) is not None:
            self.app.push_screen(TestView(self.context, row.case.identity, row.case.name))

    # What can be taken along

    def url(self) -> str | None:
        return self.selected_run.url if self.selected_run else None

    def copied(self) -> str:
        row = self.selected
        return row.case.identity if row else ""

    def exported(self) -> Sheet | None:
        if self.answer is None or self.answer.scope is None:
            return None
        answer, shown, answers = self.answer, list(self._rows), self.context.answers
        heads = tuple(f"{run.pipeline} {run.run_id}" for run in answer.runs)
        return Sheet("timeline", ("test", *heads), grid_drawing.sheet_rows(answer, shown, answers))

    def action_picture(self) -> None:
        """Draws the rows and runs that are seen, with what fits beside them into a picture."""
        from tui.exports import drawings

        answer, answers, clock = self.answer, self.context.answers, self.context.clock
        if answer is None or self.has_class("-blank") or not answer.runs:
            export_pictures(self.app, {})
            return
        grid = self.query_one("#grid", HeatGrid)
        rows = self._rows[grid.scroll_offset.y :][: drawings.MOST_ROWS]
        stop = len(answer.runs) if self.spans else max(grid.visible_columns().stop, 1)
        columns = range(max(stop - drawings.MOST_COLUMNS, 0), stop)

        def draw(scheme: Scheme) -> Picture:
            cells = answers.grid_cells(answer, columns, [row.test_row for row in rows])
            return drawings.timeline_picture(answer, rows, columns, cells, scheme, clock)

        export_pictures(self.app, {"timeline": draw})


def _fields(row: GridRow) -> dict[str, Sequence[str]]:
    return {"test": [row.case.identity], "owner": list(row.owners) or ["unowned"], "service": row.services}
