"""Services: how is my service, and who hurts it? Health by service and day."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import BindingType

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
from tui.widgets.pieces import Line, line, wrap

if TYPE_CHECKING:
    from tui.answers.services import ServiceRow, ServicesAnswer

CHANGE_CELLS = 20
"""For when and what version."""
COLUMNS = (
    Column("service", "service", 20, folds=(Fold(5, 16), Fold(7, 12)), is_flexible=True),
    Column("team", "team", 12, folds=(Fold(6, 9),)),
    Column("days", "days", 14),
    Column("red", "red now", 7, align="right"),
    Column("flaky", "flaky", 5, align="right"),
    Column("change", "last change", CHANGE_CELLS, folds=(Fold(4, 11),)),
    Column("graph", "depends on / used by", 30, folds=(Fold(1, 22), Fold(2, 0)), is_flexible=True),
)


class ServicesView(View["ServicesAnswer"]):
    """The health matrix."""

    NOUN = "the services"
    MAIN = "#services"
    FIELDS = ("service", "owner")
    CSS_PATH: ClassVar[str] = "services.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [picture_binding("services")]

    @property
    def crumb(self) -> str:
        return "Services"

    def question(self) -> Callable[[Answers], ServicesAnswer]:
        query = self.context.query
        return lambda answers: answers.services(query)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="services")
        yield LinesPane(id="service", classes="below")

    def blank(self, answer: ServicesAnswer, width: int) -> Sequence[Line] | None:
        if answer.window is None:
            return states.first_run(self.context, width)
        if not answer.services:
            return no_services()
        if not self._seen(answer):
            return states.nothing_matches("service", self.filter_text, self.FIELDS, width)
        return None

    def _seen(self, answer: ServicesAnswer) -> list[ServiceRow]:
        return [row for row in answer.services if matches(self.filter_text, _fields(row))]

    def show(self, answer: ServicesAnswer) -> None:
        table = self.query_one("#services", LineTable)
        table.set_keys([row.name for row in self._seen(answer)])

    def summary(self, answer: ServicesAnswer) -> tuple[Line, ...]:
        red = sum(bool(row.red_now) for row in answer.services)
        unowned = sum(row.owner is None for row in answer.services)
        left = line((present.count(len(answer.services), "service"), "strong"))
        left += line((f"   {red} with red tests", "bad" if red else "muted"))
        left += line((f"   {unowned} unowned", "unowned")) if unowned else ()
        return left, present.health_legend(self.context.glyphs), ()

    def sort_value(self, key: Key, column: str) -> Any:
        row = self._find(key)
        values = {"red": row.red_now, "change": row.last_change.at_ms if row.last_change else None} if row else {}
        return values[column] if column in values else super().sort_value(key, column)

    def _find(self, key: Key | None) -> ServiceRow | None:
        return next((row for row in self.answer.services if row.name == key), None) if self.answer else None

    def _draw_row(self, key: Key) -> Row | None:
        row = self._find(key)
        window = self.window()
        return None if row is None else service_cells(row, window.now_ms if window else 0, self.context)

    @property
    def selected(self) -> ServiceRow | None:
        """The service under the cursor."""
        return None if self.has_class("-blank") else self._find(self.query_one("#services", LineTable).key)

    @on(LineTable.RowHighlighted, "#services")
    def _explain(self) -> None:
        self.query_one("#service", LinesPane).set_source(self._lines)
        self.refresh_bindings()

    def _lines(self, width: int) -> list[Line]:
        row, window = self.selected, self.window()
        return [] if row is None else service_lines(row, window.now_ms if window else 0, self.context, width)

    @on(LineTable.RowOpened, "#services")
    def _open(self) -> None:
        from tui.screens.service_detail import ServiceView

        if (row := self.selected) is not None:
            self.app.push_screen(ServiceView(self.context, row.name))

    def url(self) -> str | None:
        row = self.selected
        return row.last_change.url if row and row.last_change and row.last_change.url else None

    def fields(self) -> Mapping[str, Sequence[str]]:
        return _fields(self.selected) if self.selected else {}

    def copied(self) -> str:
        row = self.selected
        return row.name if row else ""

    def exported(self) -> Sheet | None:
        table = self.query_one("#services", LineTable)
        rows = [texts for key in table.keys if (texts := table.texts(key)) is not None]
        return Sheet("services", tuple(column.title for column in COLUMNS), rows)

    def action_picture(self) -> None:
        """Draws the services by day, and the graph of all of them."""
        from tui.exports.drawings import services_picture
        from tui.exports.graph_drawing import graph_picture

        answer = self.answer
        if answer is None or self.has_class("-blank"):
            export_pictures(self.app, {})
            return
        drawn = {"services": partial(services_picture, answer), "graph": partial(graph_picture, answer.services)}
        export_pictures(self.app, drawn)


def service_cells(row: ServiceRow, now_ms: int, context: ViewContext) -> Row:
    """A service as a row."""
    glyphs = context.glyphs
    return (
        line(row.name, ("" if row.in_catalog else "  not in catalog", "unowned")),
        (present.owner_piece((row.owner,) if row.owner else ()),),
        lambda width: tuple(present.health_piece(day, glyphs) for day in row.days[-width:]),
        line((present.ratio(row.red_now, row.tests), "bad" if row.red_now else "muted")),
        line((str(row.flaky), "text" if row.flaky else "muted")),
        lambda width: _changed(row, now_ms, context, width),
        line((f"{_list(row.depends_on)} / {_list(row.used_by)}", "muted")),
    )


def _changed(row: ServiceRow, now_ms: int, context: ViewContext, width: int) -> Line:
    """When and what version; how long ago where there is no room."""
    change = row.last_change
    if change is None:
        return line((present.DASH, "muted"))
    if width < CHANGE_CELLS:
        return line(f"{present.age(now_ms - change.at_ms)} ago")
    return line(context.clock(change.at_ms, now_ms), (f" {present.short_version(change.to_version)}", "muted"))


def service_lines(row: ServiceRow, now_ms: int, context: ViewContext, width: int) -> list[Line]:
    """A service in words: neighbours in full, last change with its title."""
    lines = [
        (*line((row.name, "strong"), ("   owner ", "muted")), present.owner_piece((row.owner,) if row.owner else ()))
    ]
    for word, names in (("depends on ", row.depends_on), ("used by ", row.used_by)):
        for index, part in enumerate(wrap(_list(names), max(width - 12, 10))[:2]):
            lines.append(line(((word if index == 0 else "").ljust(12), "muted"), part))
    change = row.last_change
    if change is not None:
        when = context.clock(change.at_ms, now_ms)
        lines.append(
            line(("last change ", "muted"), present.change_word(change), (f"  {when}  {change.title}", "muted"))
        )
    return lines


def no_services() -> list[Line]:
    """No catalog, no declared services, no changes."""
    return [
        (),
        line(("  No service is known yet.", "strong")),
        (),
        line(("  A Backstage catalog, deploys, or services named in reports make them known:", "muted")),
        line("  ", ("crywolf ingest catalog-info.yaml deploys/", "accent")),
    ]


def _list(names: Sequence[str]) -> str:
    return ", ".join(names) or present.DASH


def _fields(row: ServiceRow) -> dict[str, Sequence[str]]:
    return {"service": [row.name], "owner": [row.owner or "unowned"]}
