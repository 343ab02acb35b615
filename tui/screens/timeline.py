"""Timeline: what happened to all of us at 02:10? Tests by runs, with the deploys between the columns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui import present
from tui.screens import states
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.filtering import matches
from tui.screens.outside import Sheet
from tui.screens.view import View
from tui.widgets.heat_grid import GridContent, HeatGrid
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, clip_line, joined, line, wrap_lines

if TYPE_CHECKING:
    from analysis.records import Outage
    from ingest.model import Change, Scope
    from tui.answers.timeline import GridRow, TimelineGrid


class TimelineView(View["TimelineGrid"]):
    """One stream at a time; `[` and `]` go through them."""

    NOUN = "the runs"
    MAIN = "#grid"
    FIELDS = ("test", "owner")
    CSS_PATH: ClassVar[str] = "timeline.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket,p", "stream(-1)", "Previous stream", id="timeline.previous", show=False),
        Binding("right_square_bracket,n", "stream(1)", "Next stream", id="timeline.next"),
        Binding("w", "with_green", "Green too", id="timeline.green"),
    ]

    def __init__(self, context: ViewContext) -> None:
        super().__init__(context)
        self._scope: Scope | None = None
        self._with_green = False
        self._rows: list[GridRow] = []

    @property
    def crumb(self) -> str:
        return "Timeline"

    def question(self) -> Callable[[Answers], TimelineGrid]:
        query, scope, with_green = self.context.query, self._scope, self._with_green
        return lambda answers: answers.grid(query, scope, with_green)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield HeatGrid(through=glyphs.through, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="grid")
        yield LinesPane(id="cell", classes="below")

    def blank(self, answer: TimelineGrid, width: int) -> Sequence[Line] | None:
        if answer.window is None or answer.scope is None:
            return states.first_run(self.context.database, width)
        if not answer.rows:
            return no_rows(answer, self.context)
        if not self._seen(answer):
            return states.nothing_matches("test", self.filter_text)
        return None

    def _seen(self, answer: TimelineGrid) -> list[GridRow]:
        return [row for row in answer.rows if matches(self.filter_text, _fields(row))]

    def show(self, answer: TimelineGrid) -> None:
        grid = self.query_one("#grid", HeatGrid)
        before = self._rows[grid.row].case if grid.row < len(self._rows) else None
        was_newest = grid.column >= grid.content.columns - 1
        self._rows = self._seen(answer)
        row = next((i for i, one in enumerate(self._rows) if one.case == before), 0)
        column = None if was_newest else grid.column
        grid.set_content(grid_content(answer, self._rows, self.context), row=row, column=column)

    def summary(self, answer: TimelineGrid) -> tuple[Line, Line]:
        if answer.scope is None:
            return (), ()
        here = answer.scopes.index(answer.scope) + 1 if answer.scope in answer.scopes else 1
        left = line((present.scope_text(answer.scope, self.context.glyphs.dot), "strong"))
        left += line((f"  stream {here} of {len(answer.scopes)}", "muted"))
        right = [line((present.count(len(answer.runs), "run"), "muted"))]
        if answer.hidden_green:
            right.append(line((f"{answer.hidden_green:,} never red, left out", "muted")))
        if any(answer.masked):
            right.append(line((f"{self.context.glyphs.masked} masked outage", "muted")))
        if answer.outages:
            right.append(line((present.count(len(answer.outages), "outage"), "outage")))
        return left, joined(right, Piece(f" {self.context.glyphs.dot} ", "muted"))

    def action_stream(self, step: int) -> None:
        """The next or previous stream."""
        if self.answer is None or not self.answer.scopes:
            return
        scopes = self.answer.scopes
        here = scopes.index(self.answer.scope) if self.answer.scope in scopes else 0
        self._scope = scopes[(here + step) % len(scopes)]
        self._rows = []
        self.reload()

    def action_with_green(self) -> None:
        """Rows that were never red come and go."""
        self._with_green = not self._with_green
        self.reload()

    @on(HeatGrid.CellHighlighted)
    def _explain(self) -> None:
        self.query_one("#cell", LinesPane).set_source(self._lines)
        self.refresh_bindings()

    def _lines(self, width: int) -> list[Line]:
        grid = self.query_one("#grid", HeatGrid)
        if self.answer is None or grid.row >= len(self._rows):
            return []
        return cell_lines(self.answer, self._rows[grid.row], grid.column, self.context, width)

    @property
    def selected(self) -> GridRow | None:
        """The row under the cursor."""
        row = self.query_one("#grid", HeatGrid).row
        return self._rows[row] if row < len(self._rows) and not self.has_class("-blank") else None

    @on(HeatGrid.RowOpened)
    def _open(self) -> None:
        from tui.screens.test_detail import TestView

        if (row := self.selected) is not None:
            self.app.push_screen(TestView(self.context, row.case.identity, row.case.name))

    def url(self) -> str | None:
        if self.answer is None or self.has_class("-blank"):
            return None
        column = self.query_one("#grid", HeatGrid).column
        return self.answer.runs[column].url if column < len(self.answer.runs) else None

    def fields(self) -> Mapping[str, Sequence[str]]:
        return _fields(self.selected) if self.selected else {}

    def copied(self) -> str:
        row = self.selected
        return row.case.identity if row else ""

    def exported(self) -> Sheet | None:
        if self.answer is None:
            return None
        heads = tuple(f"{run.pipeline} {run.run_id}" for run in self.answer.runs)
        rows = [[row.case.identity, *(present.RESULT_WORDS[result] for result in row.results)] for row in self._rows]
        return Sheet("timeline", ("test", *heads), rows)


def grid_content(answer: TimelineGrid, rows: Sequence[GridRow], context: ViewContext) -> GridContent:
    """The grid of an answer, asked cell by cell."""
    glyphs = context.glyphs
    letters = {mark.before: _letter(mark.changes) for mark in answer.marks if mark.changes}

    def head(column: int, before: int) -> str:
        text = context.clock(answer.runs[column].started_ms, answer.runs[before].started_ms)
        return text.rsplit(" ", 1)[0][-6:].strip()

    return GridContent(
        rows=len(rows),
        columns=len(answer.runs),
        label=lambda row: line(rows[row].case.name),
        cell=lambda row, column: present.result_piece(rows[row].results[column], glyphs, answer.masked[column]),
        head=head,
        marks=letters,
        onsets={index: row.onset for index, row in enumerate(rows) if row.onset is not None},
        corner="deploys",
    )


def _letter(changes: Sequence[Change]) -> str:
    """A change's service by its first letter; of several, their number."""
    return str(min(len(changes), 9)) if len(changes) > 1 else (changes[0].service or "e")[:1].lower()


def cell_lines(answer: TimelineGrid, row: GridRow, column: int, context: ViewContext, width: int) -> list[Line]:
    """What stands under the cursor: test, result, run, and the changes just before it."""
    run, result = answer.runs[column], row.results[column]
    now_ms = answer.window.now_ms if answer.window else run.started_ms
    glyph = present.result_piece(result, context.glyphs)
    word = "unknown: the run is not complete" if result is None and run.state != "complete" else ""
    outcome = line((f"{glyph.text} {word or present.RESULT_WORDS[result]}", glyph.tone))
    masked = line(("  in a masked outage", "muted")) if answer.masked[column] else ()
    when = line(f"{present.run_label(run)}", (f"  {context.clock(run.started_ms, now_ms)}", "muted"))
    dot = Piece(f" {context.glyphs.dot} ", "muted")
    lines = [
        clip_line(joined([line((row.case.name, "strong")), (present.owner_piece(row.owners),)], dot), width),
        (*outcome, *masked, Piece("   "), *when),
    ]
    for outage in answer.outages:
        if outage.start.started_ms <= run.started_ms and (
            outage.end is None or run.started_ms <= outage.end.started_ms
        ):
            lines.append(clip_line(outage_line(outage, now_ms, context), width))
    changes = [change for mark in answer.marks if mark.before == column for change in mark.changes]
    title = f"  {changes[0].title}" if len(changes) == 1 else ""
    items = [
        line(
            present.change_label(one),
            (f" {context.clock(one.at_ms, now_ms)}", "muted"),
            (title, "muted"),
        )
        for one in reversed(changes)
    ]
    if items:
        items[0] = (Piece("just before: ", "accent"), *items[0])
        lines += wrap_lines(items, width, dot, indent=13)
    return lines


def outage_line(outage: Outage, now_ms: int, context: ViewContext) -> Line:
    """From when to when, how much of what was red."""
    span = context.clock(outage.start.started_ms, now_ms)
    if outage.end is not None:
        span += f"-{context.clock(outage.end.started_ms, outage.start.started_ms)}"
    what = f"tests of {outage.service}" if outage.service else "everything"
    return line((f"outage {span}", "outage"), (f"  {outage.failed.k}/{outage.failed.n} red, of {what}", "muted"))


def no_rows(answer: TimelineGrid, context: ViewContext) -> list[Line]:
    """A stream where nothing failed in the window."""
    scope = present.scope_text(answer.scope, context.glyphs.dot) if answer.scope else ""
    seen = f"{present.count(answer.hidden_green, 'test')} in {present.count(len(answer.runs), 'run')}"
    return [
        (),
        line((f"  Nothing failed in {scope}", "good")),
        (),
        line((f"    {seen}    ", "muted"), ("w", "accent"), (" shows them    ", "muted"), ("]", "accent")),
    ]


def _fields(row: GridRow) -> dict[str, Sequence[str]]:
    return {"test": [row.case.identity], "owner": list(row.owners) or ["unowned"]}
