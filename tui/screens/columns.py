"""The dialog of a table's columns: which are shown, and by which one its rows are ordered."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.screens.dialog import Dialog
from tui.widgets.columns import Column, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.pieces import line

if TYPE_CHECKING:
    from tui.present import Glyphs
    from tui.screens.arranging import ArrangedScreen

LAYOUT = (
    Column("shown", "", 3),
    Column("column", "column", 20, is_flexible=True),
    Column("order", "order", 16),
)


class ColumnsScreen(Dialog[None]):
    """Every change is seen at once in the table behind."""

    CSS_PATH: ClassVar[str] = "columns.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("space", "show_or_not", "Show or leave out", id="columns.toggle"),
        Binding("s", "order", "Order by it, again: the other way", id="columns.order"),
        Binding("backspace", "usual", "All columns, usual order", id="columns.usual"),
        Binding("escape,q,vertical_line", "dismiss(None)", "Close", id="columns.close"),
    ]

    def __init__(self, view: ArrangedScreen, glyphs: Glyphs) -> None:
        super().__init__()
        self._view, self._glyphs = view, glyphs

    def compose(self) -> ComposeResult:
        with Vertical(id="columns-box"):
            yield LineTable(
                LAYOUT, self._draw_row, mark=self._glyphs.cursor, ellipsis=self._glyphs.ellipsis, id="columns"
            )
            yield Static("space shows it or not   s orders   backspace all as usual   esc closes", id="help")

    def on_mount(self) -> None:
        """Lists the columns."""
        table = self._list
        table.styles.height = len(self._table.columns) + 1
        table.set_keys([one.key for one in self._table.columns])
        self.set_focus(table)

    @property
    def _list(self) -> LineTable:
        return self.query_one("#columns", LineTable)

    @property
    def _table(self) -> LineTable:
        table = self._view.table
        assert table is not None
        return table

    def _draw_row(self, key: Key) -> Row:
        column = next(one for one in self._table.columns if one.key == key)
        order = self._table.order
        words = "" if order is None or order[0] != key else "largest first" if order[1] else "smallest first"
        is_shown = key not in self._table.hidden
        return (
            line("[x]" if is_shown else "[ ]"),
            line((column.title.strip() or column.key, "text" if is_shown else "muted")),
            line((words, "accent")),
        )

    @on(LineTable.RowOpened)
    def _toggle_opened(self) -> None:
        self.action_show_or_not()

    def action_show_or_not(self) -> None:
        """Shows a column or leaves it out."""
        key = self._list.key
        if isinstance(key, str):
            table = self._table
            table.show_columns(table.hidden ^ {key})
            self._list.forget_rows()

    def action_order(self) -> None:
        """Orders by the column."""
        key = self._list.key
        if isinstance(key, str):
            self._view.set_sort(self._view.turned_sort(key))
            self._list.forget_rows()

    def action_usual(self) -> None:
        """Everything as the view has it."""
        self._view.set_columns(())
        self._view.set_sort("")
        self._list.forget_rows()
