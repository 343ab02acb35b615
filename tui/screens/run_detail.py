"""Run detail: what it is, whether it can be believed, what was red in it, what was deployed before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from ingest.model import RunRef
from tui import present
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.filtering import matches
from tui.screens.outside import Sheet
from tui.screens.test_detail import attempt_text, attempt_url
from tui.screens.view import View
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, line, wrap, wrap_lines

if TYPE_CHECKING:
    from store.read.run_parts import PartFact
    from tui.answers.run_detail import RunDetail, RunFailure

COLUMNS = (
    Column("result", "result", 9, folds=(Fold(4, 1),), short=" "),
    Column("before", "before", 7, folds=(Fold(5, 0),)),
    Column("test", "test", 24, is_flexible=True),
    Column("class", "class", 20, folds=(Fold(2, 0),)),
    Column("stream", "stream", 20, folds=(Fold(1, 0),), most=40),
    Column("took", "took", 8, align="right", folds=(Fold(3, 0),)),
    Column("message", "message", 30, most=70),
)
MOST_PARTS = 12
LABEL = 10
"""Cells of the word before a fact."""


class RunView(View["RunDetail"]):
    """From a run to its failing attempts."""

    NOUN = "the run"
    MAIN = "#failures"
    SIDE = "#run"
    FIELDS = ("result", "test", "message")
    CSS_PATH: ClassVar[str] = "run_detail.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left_square_bracket,p", "previous", "The run before", id="run.previous", show=False),
        Binding("T", "open_test", "Its test", id="run.test", show=False),
    ]

    def __init__(self, context: ViewContext, run: RunRef) -> None:
        super().__init__(context)
        self._run = run

    @property
    def crumb(self) -> str:
        return present.run_label(self._run)

    def question(self) -> Callable[[Answers], RunDetail]:
        query, run = self.context.query, self._run
        return lambda answers: answers.run(query, run)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LinesPane(id="run")
        table = LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="failures")
        table.add_class("below")
        yield table

    def show(self, answer: RunDetail) -> None:
        context = self.context
        pane = self.query_one("#run", LinesPane)
        pane.set_source(lambda width: run_lines(answer, context, width), keep_scroll=True)
        pane.styles.height = len(run_lines(answer, context, max(self.size.width - 3, 20))) if answer.failures else "1fr"
        table = self.query_one("#failures", LineTable)
        seen = [n for n, one in enumerate(answer.failures) if matches(self.filter_text, _fields(one))]
        table.set_keys(seen)
        table.forget_rows()
        table.display = bool(answer.failures)

    @property
    def main(self) -> Widget:
        return self.query_one("#failures" if self.answer and self.answer.failures else "#run")

    def summary(self, answer: RunDetail) -> tuple[Line, ...]:
        counts = answer.row.counts
        red = counts.failed + counts.errored
        left = line((f"{red} red", "bad") if red else ("nothing red", "good"))
        left += line((f"   {counts.flaky} flaky", "muted"))
        said = f"{counts.passed} passed   {counts.skipped} skipped   "
        doubt = next(iter(answer.doubts), "")
        end = line((doubt, "unowned")) if doubt else line(("complete", "muted"))
        return left, (Piece(said, "muted"), *end), end

    def _draw_row(self, key: Key) -> Row | None:
        one = self._failure(key)
        return None if one is None else failure_cells(one, self.context)

    def _failure(self, key: Key | None) -> RunFailure | None:
        failures = self.answer.failures if self.answer else ()
        return failures[key] if isinstance(key, int) and key < len(failures) else None

    @property
    def selected(self) -> RunFailure | None:
        """The failure under the cursor."""
        return None if self.has_class("-blank") else self._failure(self.query_one("#failures", LineTable).key)

    @on(LineTable.RowHighlighted, "#failures")
    def _offer_keys(self) -> None:
        self.refresh_bindings()

    @on(LineTable.RowOpened, "#failures")
    def _open(self) -> None:
        from tui.screens.attempt import AttemptView

        if (one := self.selected) is not None:
            self.app.push_screen(AttemptView(self.context, one.case.identity, one.attempt, crumb=one.case.name))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A run before it, and a test to go to, where there is one."""
        if action == "previous":
            return self.answer is not None and self.answer.previous is not None
        if action == "open_test":
            return self.selected is not None
        return super().check_action(action, parameters)

    def action_previous(self) -> None:
        """Goes on to the run before it in the same place."""
        if self.answer is not None and self.answer.previous is not None:
            self.app.push_screen(RunView(self.context, self.answer.previous))

    def action_open_test(self) -> None:
        """Goes to the test under the cursor, over all its runs."""
        from tui.screens.test_detail import TestView

        if (one := self.selected) is not None:
            self.app.push_screen(TestView(self.context, one.case.identity, one.case.name))

    def url(self) -> str | None:
        one = self.selected
        return (attempt_url(one.attempt) if one else None) or self._run.url

    def copied(self) -> str:
        run = self._run
        return "\n".join(part for part in (f"{run.pipeline} {present.run_label(run)}", run.url or "") if part)

    def edited(self) -> str:
        return attempt_text(self.selected.attempt) if self.selected else ""

    def exported(self) -> Sheet | None:
        table = self.query_one("#failures", LineTable)
        rows = [texts for key in table.keys if (texts := table.texts(key)) is not None]
        return Sheet("run", tuple(column.title for column in COLUMNS), rows)


def failure_cells(one: RunFailure, context: ViewContext) -> Row:
    """A failure as a row; what was not red in the run before stands out."""
    glyph, word = context.glyphs.results[one.result], present.RESULT_WORDS[one.result]
    tone = "bad" if one.result.is_red else "text"
    before = "-" if one.was_red is None else "red" if one.was_red else "new"
    return (
        lambda width: line((f"{glyph} {word}" if width > 2 else glyph, tone)),
        line((before, "strong" if before == "new" and one.result.is_red else "muted")),
        line(one.case.name),
        line((present.short_class(one.case.classname), "muted")),
        lambda width: line((present.scope_text(one.scope, context.glyphs.dot, width), "muted")),
        line((present.duration(one.attempt.duration_ms), "muted")),
        line((one.attempt.message or one.attempt.type or "(the report says nothing)", "muted")),
    )


def run_lines(detail: RunDetail, context: ViewContext, width: int) -> list[Line]:
    """Identity, what to doubt, the deploys since the run before, and the files it was read from."""
    run, dot = detail.row.run, Piece(f" {context.glyphs.dot} ", "muted")
    took = f"took {present.duration(run.ended_ms - run.started_ms)}" if run.ended_ms else "no end"
    trigger = run.trigger.value if run.trigger else ""
    parts = [
        line((f"{run.pipeline} {present.run_label(run)}", "strong")),
        *(line((word, "muted")) for word in (run.environment, run.branch, trigger) if word),
        line(
            context.clock(run.started_ms, None), (f" {present.local(run.started_ms, context.zone):%d %b %Y}", "muted")
        ),
        line((took, "muted")),
    ]
    lines = wrap_lines(parts, width, dot)
    for word, text, tone in (("revision", run.revision or "", "text"), ("link", run.url or "", "accent")):
        lines += [line((word.ljust(LABEL), "muted"), (part, tone)) for part in wrap(text, width - LABEL)[:2] if text]
    lines += [line(("doubt".ljust(LABEL), "muted"), (one, "unowned")) for one in detail.doubts]
    lines += _before_lines(detail, context, width)
    lines += _part_lines(detail.parts, width)
    if detail.is_cut:
        lines.append(line(("there are more failures than are shown", "unowned")))
    return lines


def _before_lines(detail: RunDetail, context: ViewContext, width: int) -> list[Line]:
    """The run before it and what was deployed since."""
    run, previous = detail.row.run, detail.previous
    if previous is None:
        items = [line(("before".ljust(LABEL) + "no run in this place", "muted"))]
    else:
        at = context.clock(previous.started_ms, run.started_ms)
        items = [line(("before".ljust(LABEL), "muted"), f"{at} ", (present.run_label(previous), "muted"))]
    for change in detail.changes:
        at = context.clock(change.at_ms, run.started_ms)
        items.append(line(present.change_label(change), (f" {at}", "muted")))
    if not detail.changes:
        items.append(line(("no recorded change", "muted")))
    items.append(line((f"{context.clock(run.started_ms, run.started_ms)} this run", "muted")))
    return wrap_lines(items, width, Piece(f" {context.glyphs.between} ", "faint"))


def _part_lines(parts: Sequence[PartFact], width: int) -> list[Line]:
    """Report files, each with what was odd about it."""
    lines: list[Line] = []
    for part in parts[:MOST_PARTS]:
        index, total = part.shard
        shard = f"shard {index} of {total}" if index and total else ""
        about = "  ".join(word for word in (part.format, shard, part.job) if word)
        counts = f"  {present.count(part.counts.tests, 'test')}"
        text = wrap(part.path, max(width - 12, 20))[:2]
        lines += [line(("report    " if n == 0 else " " * 10, "muted"), one) for n, one in enumerate(text)]
        lines.append(line((f"          {about}{counts}", "muted")))
        lines += [line(("          warning  ", "unowned"), (word, "text")) for word in part.warnings[:3]]
    if len(parts) > MOST_PARTS:
        lines.append(line((f"          and {len(parts) - MOST_PARTS} more files", "muted")))
    return lines


def _fields(one: RunFailure) -> dict[str, Sequence[str]]:
    return {
        "result": [present.RESULT_WORDS[one.result], "new" if one.was_red is False else "before"],
        "test": [one.case.identity],
        "message": [one.attempt.message, one.attempt.type],
    }
