"""Silent: what is not tested any more, without anything being red."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult

from analysis.silent import LossKind
from tui import present
from tui.screens import states
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.filtering import matches
from tui.screens.outside import Sheet
from tui.screens.view import View
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, clip_line, joined, line, wrap

if TYPE_CHECKING:
    from tui.answers.silent import SilentAnswer, SilentRow

COLUMNS = (
    Column("lost", "lost", 9),
    Column("test", "test", 34, folds=(Fold(6, 24),), is_flexible=True),
    Column("since", "since", 12, align="right", folds=(Fold(7, 7),)),
    Column("runs", "runs", 6, align="right", folds=(Fold(4, 5),)),
    Column("owner", "owner", 14, folds=(Fold(5, 10),)),
    Column("environment", "environment", 12, folds=(Fold(3, 9),), short="env"),
    Column("why", "why", 34, folds=(Fold(1, 18), Fold(2, 0)), most=60),
    Column("flow", "flow", 12, folds=(Fold(1, 0),)),
)
WORDS = {LossKind.SKIPPED: "skipped", LossKind.VANISHED: "vanished", LossKind.ELSEWHERE: "not here"}


class SilentView(View["SilentAnswer"]):
    """What nobody would miss by looking at what is red."""

    NOUN = "what the runs hold"
    MAIN = "#silent"
    FIELDS = ("lost", "test", "owner", "env", "flow", "pipeline")
    CSS_PATH: ClassVar[str] = "silent.tcss"

    @property
    def crumb(self) -> str:
        return "Silent"

    def question(self) -> Callable[[Answers], SilentAnswer]:
        query = self.context.query
        return lambda answers: answers.silent(query)

    def body(self) -> ComposeResult:
        signs = self.context.glyphs
        yield LineTable(COLUMNS, self._draw_row, mark=signs.cursor, ellipsis=signs.ellipsis, id="silent")
        yield LinesPane(id="lost", classes="below")

    def blank(self, answer: SilentAnswer, width: int) -> Sequence[Line] | None:
        if answer.window is None:
            return states.first_run(self.context, width)
        if not answer.rows:
            return nothing_lost(answer, self.context)
        if not self._seen(answer):
            return states.nothing_matches("test", self.filter_text, self.FIELDS, width)
        return None

    def _seen(self, answer: SilentAnswer) -> dict[Key, SilentRow]:
        rows = {(row.case.identity, row.scope): row for row in answer.rows}
        return {key: row for key, row in rows.items() if matches(self.filter_text, _fields(row))}

    def show(self, answer: SilentAnswer) -> None:
        self.query_one("#silent", LineTable).set_keys(list(self._seen(answer)))

    def summary(self, answer: SilentAnswer) -> tuple[Line, Line]:
        kinds = Counter(row.kind for row in answer.rows)
        left = joined(
            [line((f"{kinds[kind]} {WORDS[kind]}", "strong" if kinds[kind] else "muted")) for kind in LossKind],
            Piece("   "),
        )
        since = self.context.clock(answer.since_ms, answer.window.now_ms if answer.window else None)
        return left, line((f"of {present.count(answer.tests, 'test')} seen since {since}", "muted"))

    def _find(self, key: Key | None) -> SilentRow | None:
        rows = self.answer.rows if self.answer else ()
        return next((row for row in rows if (row.case.identity, row.scope) == key), None)

    def _draw_row(self, key: Key) -> Row | None:
        row, window = self._find(key), self.window()
        return None if row is None or window is None else silent_cells(row, window.now_ms, self.context)

    def sort_value(self, key: Key, column: str) -> Any:
        row = self._find(key)
        values = {"since": row.since_ms, "runs": row.missed} if row else {}
        return values[column] if column in values else super().sort_value(key, column)

    @property
    def selected(self) -> SilentRow | None:
        """The row under the cursor."""
        return None if self.has_class("-blank") else self._find(self.query_one("#silent", LineTable).key)

    @on(LineTable.RowHighlighted, "#silent")
    def _explain(self) -> None:
        self.query_one("#lost", LinesPane).set_source(self._lines)
        self.refresh_bindings()

    def _lines(self, width: int) -> list[Line]:
        row, window = self.selected, self.window()
        return [] if row is None or window is None else silent_lines(row, window.now_ms, self.context, width)

    @on(LineTable.RowOpened, "#silent")
    def _open(self) -> None:
        from tui.screens.test_detail import TestView

        if (row := self.selected) is not None:
            self.app.push_screen(TestView(self.context, row.case.identity, row.case.name))

    def url(self) -> str | None:
        row = self.selected
        return row.last_run.url if row and row.last_run else None

    def fields(self) -> Mapping[str, Sequence[str]]:
        return _fields(self.selected) if self.selected else {}

    def copied(self) -> str:
        row = self.selected
        return row.case.identity if row else ""

    def exported(self) -> Sheet | None:
        table = self.query_one("#silent", LineTable)
        rows = [texts for key in table.keys if (texts := table.texts(key)) is not None]
        return Sheet("silent", tuple(column.title for column in COLUMNS), rows)


def silent_cells(row: SilentRow, now_ms: int, context: ViewContext) -> Row:
    """A lost case as a row."""
    why = row.reason or (f"runs in {', '.join(row.runs_in)}" if row.runs_in else present.DASH)
    since = context.clock(row.since_ms, now_ms)
    return (
        line((WORDS[row.kind], "strong" if row.criticality > 1 else "text")),
        present.case_line(row.case),
        lambda width: line((since if len(since) <= width else present.age(now_ms - row.since_ms), "muted")),
        line((f"{row.missed:,}", "muted")),
        (present.owner_piece(row.owners),),
        line((row.scope.environment or present.DASH, "muted")),
        line((" ".join(why.split()), "muted")),
        line((", ".join(row.flows), "accent")),
    )


def silent_lines(row: SilentRow, now_ms: int, context: ViewContext, width: int) -> list[Line]:
    """A lost case in words: where, since when, why, and what to do about it."""
    dot = Piece(f" {context.glyphs.dot} ", "muted")
    names = joined(
        [
            (*line((row.case.name, "strong")), *line((f"  {present.short_class(row.case.classname)}", "muted"))),
            (present.owner_piece(row.owners),),
            line((present.scope_text(row.scope, context.glyphs.dot), "muted")),
        ],
        dot,
    )
    since = f"{context.clock(row.since_ms, now_ms)}, {present.age(now_ms - row.since_ms)} ago"
    last = f" in {present.run_label(row.last_run)}" if row.last_run else ""
    runs = present.count(row.missed, "run")
    said = {
        LossKind.SKIPPED: f"skipped in {runs} since it last ran{last}, {since}",
        LossKind.VANISHED: f"in no report of {runs} since it last ran{last}, {since}",
        LossKind.ELSEWHERE: f"never ran here in {runs}; runs in {', '.join(row.runs_in)} since {since}",
    }[row.kind]
    if row.kind is LossKind.SKIPPED and row.last_run is None:
        said = f"skipped in all {runs} that hold it, first seen {since}"
    lines = [clip_line(names, width), line(said)]
    if row.reason:
        lines += [line(part) for part in wrap(" ".join(row.reason.split()), max(width, 10))[:2]]
    if row.flows:
        lines.append(line(("flows ", "muted"), (", ".join(row.flows), "accent")))
    if row.kind is LossKind.VANISHED:
        lines.append(line(("renamed? ", "muted"), ("crywolf tests suggest", "accent")))
    return [clip_line(one, width) for one in lines]


def nothing_lost(answer: SilentAnswer, context: ViewContext) -> list[Line]:
    """All that was seen still runs."""
    now_ms = answer.window.now_ms if answer.window else None
    looked = f"{present.count(answer.tests, 'test')} seen since {context.clock(answer.since_ms, now_ms)}"
    return [
        (),
        line(("  Nothing was lost silently", "good")),
        (),
        line((f"    {looked}: each still runs where it ran, and in the environments that run", "muted")),
        line(("    its pipeline; none is skipped for longer than a week", "muted")),
    ]


def _fields(row: SilentRow) -> dict[str, Sequence[str]]:
    return {
        "lost": [WORDS[row.kind]],
        "test": [row.case.identity, row.reason],
        "owner": list(row.owners) or ["unowned"],
        "env": [row.scope.environment, *row.runs_in],
        "flow": row.flows,
        "pipeline": [row.scope.pipeline],
    }
