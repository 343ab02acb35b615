"""Quarantine: whose failures do not count, until when, and do they still fail?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult

from analysis.handling import Action
from ingest.model import Verdict
from tui import present
from tui.screens import states
from tui.screens.acting import ActingView, Target
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.filtering import matches
from tui.screens.outside import Sheet
from tui.times import iso
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, clip_line, hanging, line, wrap_lines

if TYPE_CHECKING:
    from tui.answers.quarantine import QuarantineAnswer, QuarantineRow
    from tui.present import Glyphs

COLUMNS = (
    Column("test", "test", 26, is_flexible=True),
    Column("until", "until", 10),
    Column("left", "left", 9, align="right"),
    Column("now", "now", 16, folds=(Fold(3, 1),), short=" "),
    Column("owner", "owner", 14),
    Column("reason", "reason", 24, folds=(Fold(2, 14),)),
    Column("issue", "issue", 20, folds=(Fold(1, 0),)),
)

MOST_SAID = 3
"""Lines for a reason."""


class QuarantineView(ActingView["QuarantineAnswer"]):
    """What was set aside, and must not be forgotten."""

    NOUN = "the quarantine"
    MAIN = "#quarantined"
    FIELDS = ("test", "owner", "reason", "issue", "state")
    CSS_PATH: ClassVar[str] = "quarantine.tcss"
    ACTIONS = frozenset({Action.QUARANTINE, Action.UNQUARANTINE, Action.NOTE})

    @property
    def crumb(self) -> str:
        return "Quarantine"

    def question(self) -> Callable[[Answers], QuarantineAnswer]:
        query = self.context.query
        return lambda answers: answers.quarantined(query)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="quarantined")
        yield LinesPane(id="held", classes="below")

    def blank(self, answer: QuarantineAnswer, width: int) -> Sequence[Line] | None:
        if answer.window is None:
            return states.first_run(self.context, width)
        if not answer.rows:
            return nothing_quarantined()
        if not self._seen(answer):
            return states.nothing_matches("test", self.filter_text, self.FIELDS, width)
        return None

    def _seen(self, answer: QuarantineAnswer) -> list[QuarantineRow]:
        return [row for row in answer.rows if matches(self.filter_text, _fields(row))]

    def show(self, answer: QuarantineAnswer) -> None:
        table = self.query_one("#quarantined", LineTable)
        table.set_keys([row.case.test_id for row in self._seen(answer)])
        table.forget_rows()

    def summary(self, answer: QuarantineAnswer) -> tuple[Line, Line]:
        held = [row for row in answer.rows if row.left_ms > 0]
        over = len(answer.rows) - len(held)
        left = line((f"{len(held)} in quarantine", "strong"))
        left += line((f"   {sum(not row.is_red for row in held)} not failing now", "muted"))
        left += line((f"   {over} over", "unowned")) if over else ()
        return left, ()

    def _draw_row(self, key: Key) -> Row | None:
        row = self._row(key)
        return None if row is None else cells(row, self.context.glyphs)

    def _row(self, key: Key | None) -> QuarantineRow | None:
        rows = self.answer.rows if self.answer else ()
        return next((row for row in rows if row.case.test_id == key), None)

    @property
    def selected(self) -> QuarantineRow | None:
        """The test under the cursor."""
        if self.answer is None or self.has_class("-blank"):
            return None
        return self._row(self.query_one("#quarantined", LineTable).key)

    @property
    def target(self) -> Target | None:
        row = self.selected
        if row is None or self.answer is None:
            return None
        held, name = row.quarantine, row.case.name
        state = "quarantined"
        return Target(
            "test", row.case.test_id, name, state, row.version, self.answer.now_ms, held.owner, quarantine=held
        )

    @on(LineTable.RowHighlighted, "#quarantined")
    def _explain(self) -> None:
        self.query_one("#held", LinesPane).set_source(self._lines)
        self.refresh_bindings()

    def _lines(self, width: int) -> list[Line]:
        row = self.selected
        return [] if row is None or self.answer is None else held_lines(row, self.answer.now_ms, self.context, width)

    @on(LineTable.RowOpened, "#quarantined")
    def _open(self) -> None:
        from tui.screens.test_detail import TestView

        if (row := self.selected) is not None:
            self.app.push_screen(TestView(self.context, row.case.identity, row.case.name))

    def url(self) -> str | None:
        issue = self.selected.quarantine.issue if self.selected else ""
        return issue if issue.startswith(("http://", "https://")) else None

    def fields(self) -> Mapping[str, Sequence[str]]:
        return _fields(self.selected) if self.selected else {}

    def copied(self) -> str:
        row = self.selected
        if row is None:
            return ""
        held = row.quarantine
        said = (row.case.identity, f"until {iso(held.until_ms)}", held.reason, f"owner {held.owner}", held.issue)
        return "\n".join(part for part in said if part)

    def exported(self) -> Sheet | None:
        table = self.query_one("#quarantined", LineTable)
        rows = [texts for key in table.keys if (texts := table.texts(key)) is not None]
        return Sheet("quarantine", tuple(column.title for column in COLUMNS), rows)


def cells(row: QuarantineRow, glyphs: Glyphs) -> Row:
    """A test in quarantine as a row: what is over stands out, for it counts again."""
    held = row.quarantine
    is_over = row.left_ms <= 0
    days = f"over {present.age(-row.left_ms)}" if is_over else present.age(row.left_ms)
    return (
        line(row.case.name, (f"  {present.short_class(row.case.classname)}", "muted")),
        line((iso(held.until_ms)[:10], "muted")),
        line((days, "unowned" if is_over else "text")),
        lambda width: _now_cell(row.is_red, glyphs, has_word=width > 3),
        line((present.owners_text((held.owner,)), "text")),
        line((held.reason, "text")),
        line((held.issue, "muted")),
    )


def held_lines(row: QuarantineRow, now_ms: int, context: ViewContext, width: int) -> list[Line]:
    """A test in quarantine in words: until when and whose, who set it aside and when, why, its issue."""
    held, dot = row.quarantine, Piece(f" {context.glyphs.dot} ", "muted")
    name = (*line((row.case.name, "strong")), *line((f"  {present.short_class(row.case.classname)}", "muted")))
    over = f"over since {iso(held.until_ms)[:10]}: it counts again"
    until = line((over, "unowned")) if row.left_ms <= 0 else line(f"until {iso(held.until_ms)[:10]}")
    facts = [name, _now_cell(row.is_red, context.glyphs, has_word=True), until, (present.owner_piece((held.owner,)),)]
    said = line((f"{held.actor} {context.clock(held.at_ms, now_ms)}  ", "muted"), " ".join(held.reason.split()))
    issue = line((held.issue, "accent"))
    return [
        *wrap_lines(facts, width, dot),
        *hanging(said, width)[:MOST_SAID],
        *([clip_line(issue, width)] if issue else []),
    ]


def _now_cell(is_red: bool, glyphs: Glyphs, *, has_word: bool) -> Line:
    """Whether it still fails."""
    sign = glyphs.verdicts[Verdict.REGRESSION if is_red else Verdict.PASSING]
    word = " still failing" if is_red else " not failing"
    return line((f"{sign}{word if has_word else ''}", "text" if is_red else "good"))


def nothing_quarantined() -> list[Line]:
    """Nobody has set anything aside."""
    return [
        (),
        line(("  Nothing is in quarantine: every failure counts.", "strong")),
        (),
        line("  ", ("z", "accent"), (" on an incident sets its tests aside until a date, or", "muted")),
        line("  ", ("crywolf triage quarantine TEST --until DATE --reason TEXT --owner TEAM", "accent")),
    ]


def _fields(row: QuarantineRow) -> dict[str, Sequence[str]]:
    held = row.quarantine
    return {
        "test": [row.case.identity],
        "owner": [held.owner],
        "reason": [held.reason],
        "issue": [held.issue],
        "state": ["over" if row.left_ms <= 0 else "quarantined", "failing" if row.is_red else "not failing"],
    }
