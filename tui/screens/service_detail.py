"""Service detail: health, the services around it as a graph, what changed, and the tests that exercise it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
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
from tui.screens.service_graph import service_graph
from tui.screens.tests import COLUMNS as TEST_COLUMNS
from tui.screens.tests import test_cells
from tui.screens.view import View
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, clip_line, line

if TYPE_CHECKING:
    from tui.answers.changes import ChangeRow
    from tui.answers.service_detail import ServiceDetail
    from tui.answers.tests import TestRow

CHANGE_COLUMNS = (
    Column("when", "changed", 12, align="right"),
    Column("what", "what", 22),
    Column("title", "title", 30, is_flexible=True),
    Column("author", "author", 16, folds=(Fold(1, 0),)),
    Column("after", "red after", 9, align="right", folds=(Fold(2, 0),)),
)
MOST_CHANGES = 6


class ServiceView(View["ServiceDetail"]):
    """From a service to its neighbours, changes and tests."""

    NOUN = "the service"
    MAIN = "#tests"
    SIDE = "#about"
    FIELDS = ("test", "owner", "env")
    CSS_PATH: ClassVar[str] = "service_detail.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "other_list", "Changes or tests", id="service.other", show=False),
        Binding(
            "D",
            "neighbour",
            "Neighbour",
            id="service.neighbour",
            tooltip="Go to a service that it needs or that needs it",
        ),
    ]

    def __init__(self, context: ViewContext, name: str) -> None:
        super().__init__(context)
        self._service = name

    @property
    def crumb(self) -> str:
        return self._service

    def question(self) -> Callable[[Answers], ServiceDetail]:
        query, name = self.context.query, self._service
        return lambda answers: answers.service(query, name)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LinesPane(id="about")
        changes = LineTable(
            CHANGE_COLUMNS, self._draw_change, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="changes"
        )
        changes.add_class("below")
        yield changes
        tests = LineTable(TEST_COLUMNS, self._draw_test, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="tests")
        tests.add_class("below")
        yield tests

    def show(self, answer: ServiceDetail) -> None:
        context, pane = self.context, self.query_one("#about", LinesPane)
        pane.set_source(lambda width: about_lines(answer, context, width), keep_scroll=True)
        pane.styles.height = len(about_lines(answer, context, max(self.size.width - 3, 20)))
        changes, tests = self.query_one("#changes", LineTable), self.query_one("#tests", LineTable)
        changes.set_keys(range(len(answer.changes)))
        changes.styles.height = min(len(answer.changes), MOST_CHANGES) + 2
        changes.display = bool(answer.changes)
        tests.set_keys([n for n, row in enumerate(answer.tests) if matches(self.filter_text, _fields(row))])
        for table in (changes, tests):
            table.forget_rows()

    def summary(self, answer: ServiceDetail) -> tuple[Line, Line]:
        row = answer.row
        red = present.ratio(row.red_now, row.tests)
        left = line((f"{red} tests red", "bad" if row.red_now else "good"), (f"   {row.flaky} flaky", "muted"))
        shown = present.count(answer.total_tests, "test and stream", "tests and streams")
        if len(answer.tests) < answer.total_tests:
            shown = f"first {len(answer.tests)} of {shown}"
        return left, line((shown, "muted"))

    def _draw_change(self, key: Key) -> Row | None:
        answer = self.answer
        if answer is None or not isinstance(key, int) or key >= len(answer.changes):
            return None
        return change_cells(answer.changes[key], answer.window.now_ms if answer.window else None, self.context)

    def _draw_test(self, key: Key) -> Row | None:
        row = self._test(key)
        return None if row is None else test_cells(row, self.context.glyphs)

    def _test(self, key: Key | None) -> TestRow | None:
        rows = self.answer.tests if self.answer else ()
        return rows[key] if isinstance(key, int) and key < len(rows) else None

    @property
    def selected(self) -> TestRow | None:
        """The test under the cursor."""
        return None if self.has_class("-blank") else self._test(self.query_one("#tests", LineTable).key)

    @property
    def chosen_change(self) -> ChangeRow | None:
        """The change under the cursor."""
        key = self.query_one("#changes", LineTable).key
        rows = self.answer.changes if self.answer else ()
        return rows[key] if isinstance(key, int) and key < len(rows) else None

    def action_other_list(self) -> None:
        """The keys go to the other list."""
        changes, tests = self.query_one("#changes"), self.query_one("#tests")
        self.set_focus(changes if self.focused is tests and changes.display else tests)

    def action_neighbour(self) -> None:
        """Asks which of the services around it, and goes there."""
        from tui.screens.choosing import Choice, ChooseScreen, Chosen

        if self.answer is None:
            return
        row = self.answer.row
        names = [*row.used_by, *row.depends_on]
        hints = ["uses it"] * len(row.used_by) + ["it depends on it"] * len(row.depends_on)
        choices = [Choice(name, hint) for name, hint in zip(names, hints, strict=True)]

        def done(chosen: Chosen | None) -> None:
            if chosen:
                self.app.push_screen(ServiceView(self.context, names[chosen[0]]))

        self.app.push_screen(ChooseScreen(f"Beside {row.name}", choices, self.context.glyphs), done)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There must be a service beside it to go to."""
        if action == "neighbour":
            return self.answer is not None and bool(self.answer.row.used_by or self.answer.row.depends_on)
        return super().check_action(action, parameters)

    @on(LineTable.RowHighlighted)
    def _offer_keys(self) -> None:
        self.refresh_bindings()

    @on(LineTable.RowOpened, "#tests")
    def _open_test(self) -> None:
        from tui.screens.test_detail import TestView

        if (row := self.selected) is not None:
            self.app.push_screen(TestView(self.context, row.case.identity, row.case.name))

    @on(LineTable.RowOpened, "#changes")
    def _open_change(self) -> None:
        from tui.screens.change_detail import ChangeView

        if (row := self.chosen_change) is not None:
            self.app.push_screen(ChangeView(self.context, row.change.change_id))

    def blank(self, answer: ServiceDetail, width: int) -> Sequence[Line] | None:
        if answer.tests and not any(matches(self.filter_text, _fields(row)) for row in answer.tests):
            return states.nothing_matches("test", self.filter_text, self.FIELDS, width)
        return None

    def url(self) -> str | None:
        row = self.chosen_change
        return row.change.url if row is not None and row.change.url else None

    def copied(self) -> str:
        return self._service

    def exported(self) -> Sheet | None:
        rows = [
            (row.case.identity, present.scope_text(row.scope), "red" if row.is_red_now else "", *row.owners[:1])
            for row in (self.answer.tests if self.answer else ())
        ]
        return Sheet("service", ("test", "stream", "now", "owner"), rows)


def about_lines(detail: ServiceDetail, context: ViewContext, width: int) -> list[Line]:
    """Owner, health by day, and the graph."""
    row, glyphs = detail.row, context.glyphs
    owner = present.owner_piece((row.owner,) if row.owner else ())
    known = () if row.in_catalog else line(("   not in the catalog", "unowned"))
    head = (*line((row.name, "strong"), ("   owner ", "muted")), owner, *known)
    days = tuple(present.health_piece(day, glyphs) for day in row.days)
    worst = max((day.failed / day.executed for day in row.days if day and day.executed), default=0.0)
    said = line((f"   {len(row.days)} days, worst {present.percent(worst)} red", "muted"))
    others = detail.others

    def around(name: str, *, uses: bool) -> Sequence[str]:
        one = others.get(name)
        return () if one is None else one.used_by if uses else one.depends_on

    graph = service_graph(
        row.name,
        lambda name: around(name, uses=True),
        lambda name: around(name, uses=False),
        lambda name: others[name].red_now if name in others else 0,
        width,
        is_plain=glyphs.rule == "-",
    )
    return [
        clip_line(head, width),
        clip_line((*line(("health  ", "muted")), *days, *said), width),
        (),
        *graph,
    ]


def change_cells(row: ChangeRow, now_ms: int | None, context: ViewContext) -> Row:
    """A change as a row."""
    change = row.change
    after = "-" if row.exercising_after is None else str(row.exercising_after)
    return (
        line(context.clock(change.at_ms, now_ms)),
        line(" ".join(part for part in (str(change.kind), present.short_version(change.to_version)) if part)),
        line((change.title, "muted")),
        line((present.person(change.author), "muted")),
        line((after, "bad" if row.exercising_after else "muted")),
    )


def _fields(row: TestRow) -> dict[str, Sequence[str]]:
    return {"test": [row.case.identity], "owner": row.owners or ("unowned",), "env": [row.scope.environment]}
