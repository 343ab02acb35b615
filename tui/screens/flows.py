"""Flows: how the journeys are that the business lives on, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

from analysis.flows import FlowState
from ingest.model import Verdict
from tui import present
from tui.screens import states
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.filtering import matches
from tui.screens.outside import Sheet
from tui.screens.pictures import export_pictures, picture_binding
from tui.screens.view import View
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, clip_line, joined, line

if TYPE_CHECKING:
    from tui.answers.flows import FlowRow, FlowsAnswer, RedInFlow

COLUMNS = (
    Column("state", "state", 10),
    Column("flow", "flow", 14, is_flexible=True),
    Column("weight", "weight", 8, folds=(Fold(4, 0),)),
    Column("days", "days", 14),
    Column("red", "red now", 7, align="right"),
    Column("since", "since", 12, align="right", folds=(Fold(6, 8),)),
    Column("owner", "owner", 14, folds=(Fold(5, 10),)),
    Column("worst", "worst", 64, folds=(Fold(1, 44), Fold(2, 24), Fold(3, 0)), most=100),
)
TONES = {
    FlowState.BROKEN: "bad",
    FlowState.OUTAGE: "outage",
    FlowState.UNCLEAR: "strong",
    FlowState.EMPTY: "unowned",
    FlowState.SILENT: "unowned",
}
_VERDICTS = {
    FlowState.BROKEN: Verdict.REGRESSION,
    FlowState.OUTAGE: Verdict.ENVIRONMENT,
    FlowState.UNCLEAR: Verdict.UNDECIDED,
    FlowState.HEALTHY: Verdict.PASSING,
}
MEANS = {
    FlowState.SILENT: "none of its tests ran in the window",
    FlowState.EMPTY: "no test fits its patterns: mend them in crywolf.toml",
    FlowState.HEALTHY: "nothing of it is red",
}


class FlowsView(View["FlowsAnswer"]):
    """The journeys of `crywolf.toml`."""

    NOUN = "the flows"
    MAIN = "#flows"
    FIELDS = ("flow", "state", "owner", "test")
    CSS_PATH: ClassVar[str] = "flows.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [picture_binding("flows")]

    @property
    def crumb(self) -> str:
        return "Flows"

    def question(self) -> Callable[[Answers], FlowsAnswer]:
        query = self.context.query
        return lambda answers: answers.flows(query)

    def body(self) -> ComposeResult:
        signs = self.context.glyphs
        yield LineTable(COLUMNS, self._draw_row, mark=signs.cursor, ellipsis=signs.ellipsis, id="flows")
        yield LinesPane(id="flow", classes="below")

    def blank(self, answer: FlowsAnswer, width: int) -> Sequence[Line] | None:
        if not answer.has_any:
            return no_flows()
        if answer.window is None:
            return states.first_run(self.context, width)
        if not self._seen(answer):
            return states.nothing_matches("flow", self.filter_text, self.FIELDS, width)
        return None

    def _seen(self, answer: FlowsAnswer) -> list[FlowRow]:
        return [row for row in answer.flows if matches(self.filter_text, _fields(row))]

    def show(self, answer: FlowsAnswer) -> None:
        self.query_one("#flows", LineTable).set_keys([row.name for row in self._seen(answer)])

    def summary(self, answer: FlowsAnswer) -> tuple[Line, ...]:
        found = Counter(row.state for row in answer.flows)
        words = [line((f"{found[one]} {one}", TONES.get(one, "muted"))) for one in FlowState if found[one]]
        left = joined([line((present.count(len(answer.flows), "flow"), "strong")), *words], Piece("   "))
        return left, present.health_legend(self.context.glyphs), ()

    def _find(self, key: Key | None) -> FlowRow | None:
        return next((row for row in self.answer.flows if row.name == key), None) if self.answer else None

    def _draw_row(self, key: Key) -> Row | None:
        row, window = self._find(key), self.window()
        return None if row is None or window is None else flow_cells(row, window.now_ms, self.context)

    def sort_value(self, key: Key, column: str) -> Any:
        row = self._find(key)
        values = {"weight": row.criticality, "red": len(row.red), "since": row.since_ms} if row else {}
        return values[column] if column in values else super().sort_value(key, column)

    @property
    def selected(self) -> FlowRow | None:
        """The flow under the cursor."""
        return None if self.has_class("-blank") else self._find(self.query_one("#flows", LineTable).key)

    @on(LineTable.RowHighlighted, "#flows")
    def _explain(self) -> None:
        self.query_one("#flow", LinesPane).set_source(self._lines)
        self.refresh_bindings()

    def _lines(self, width: int) -> list[Line]:
        row, window = self.selected, self.window()
        return [] if row is None or window is None else flow_lines(row, window.now_ms, self.context, width)

    @on(LineTable.RowOpened, "#flows")
    def _open(self) -> None:
        from tui.screens.tests import TestsView

        if (row := self.selected) is not None:
            self.app.push_screen(TestsView(self.context, f"flow:{row.name.replace(' ', '-')}", row.name))

    def fields(self) -> Mapping[str, Sequence[str]]:
        return _fields(self.selected) if self.selected else {}

    def copied(self) -> str:
        row = self.selected
        if row is None:
            return ""
        red = [f"{present.VERDICT_WORDS[one.verdict]}  {one.case.identity}  {one.title}" for one in row.red]
        return "\n".join([f"{row.name}: {row.state}", *red])

    def exported(self) -> Sheet | None:
        table = self.query_one("#flows", LineTable)
        rows = [texts for key in table.keys if (texts := table.texts(key)) is not None]
        return Sheet("flows", tuple(column.title for column in COLUMNS), rows)

    def action_picture(self) -> None:
        """Draws the flows by day."""
        from tui.exports.drawings import flows_picture

        answer = None if self.has_class("-blank") else self.answer
        export_pictures(self.app, {} if answer is None else {"flows": partial(flows_picture, answer)})


def state_line(state: FlowState, glyphs: present.Glyphs) -> Line:
    """Sign and word of a state."""
    sign = glyphs.verdicts[_VERDICTS[state]] if state in _VERDICTS else glyphs.dot
    return line((f"{sign} {state}", TONES.get(state, "muted")))


def flow_cells(row: FlowRow, now_ms: int, context: ViewContext) -> Row:
    """A flow as a row."""
    cases = len({one.case for one in row.red})
    since = context.clock(row.since_ms, now_ms) if row.since_ms is not None else present.DASH
    ago = present.age(now_ms - row.since_ms) if row.since_ms is not None else present.DASH
    worst = row.red[0] if row.red else None
    title = (worst.title or worst.case.name) if worst else MEANS.get(row.state, "")
    return (
        state_line(row.state, context.glyphs),
        line((row.name, "strong" if row.red else "text")),
        line((weight_word(row.criticality), "muted")),
        lambda width: tuple(present.health_piece(day, context.glyphs) for day in row.days[-width:]),
        line((present.ratio(cases, row.tests), "bad" if cases else "muted")),
        lambda width: line((since if len(since) <= width else ago, "muted")),
        (present.owner_piece(row.owners),),
        line((" ".join(title.split()), "text" if worst else "muted")),
    )


def weight_word(criticality: float) -> str:
    """A criticality as `crywolf.toml` has it.

    >>> weight_word(4.0), weight_word(1.5)
    ('critical', '1.5')
    """
    words = {0.5: "low", 1.0: "normal", 2.0: "high", 4.0: "critical"}
    return words.get(criticality, f"{criticality:g}")


def flow_lines(row: FlowRow, now_ms: int, context: ViewContext, width: int) -> list[Line]:
    """A flow in words, and what is red in it: verdict, test, where, since when, what it says."""
    dot = Piece(f" {context.glyphs.dot} ", "muted")
    facts = [
        line((row.name, "strong"), f"  {weight_word(row.criticality)}"),
        (present.owner_piece(row.owners),),
        line((present.count(row.tests, "test"), "muted")),
        line((MEANS[row.state], "muted")) if row.state in MEANS else (),
    ]
    lines = [clip_line(joined(facts, dot), width)]
    return lines + [clip_line(_red_line(one, now_ms, context), width) for one in row.red]


def _red_line(one: RedInFlow, now_ms: int, context: ViewContext) -> Line:
    return (
        *present.verdict_pieces(one.verdict, context.glyphs),
        Piece("  "),
        *line(
            one.case.name,
            (f"  {one.scope.environment}  since {context.clock(one.since_ms, now_ms)}  ", "muted"),
            " ".join(one.title.split()),
        ),
    )


def no_flows() -> list[Line]:
    """No journey is named."""
    return [
        (),
        line(("  No flow is named yet.", "strong")),
        (),
        line(
            ("  A flow is a journey that the business lives on, and the tests that walk it. In crywolf.toml:", "muted")
        ),
        (),
        line("  ", ("[[flow]]", "accent")),
        line("  ", ('name = "checkout"', "accent")),
        line("  ", ('tests = ["*Checkout*"]', "accent")),
        line("  ", ('criticality = "critical"      # low, normal, high, critical or a number', "accent")),
        (),
        line(("  What is red in it then comes first in triage.", "muted")),
    ]


def _fields(row: FlowRow) -> dict[str, Sequence[str]]:
    return {
        "flow": [row.name],
        "state": [row.state],
        "owner": list(row.owners) or ["unowned"],
        "test": [one.case.identity for one in row.red],
    }
