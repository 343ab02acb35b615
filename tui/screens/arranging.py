"""How a view is arranged: filter, order of rows, columns that are shown; by keys, by mouse or by a saved view.

A view that is the first of its mode is put as it was left, and notes down how it is left.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.binding import Binding, BindingType

from tui.remembered import Arrangement
from tui.screens.paced import PacedScreen
from tui.widgets.chrome import FilterLine
from tui.widgets.columns import natural
from tui.widgets.line_table import Key, LineTable
from tui.widgets.pieces import plain

if TYPE_CHECKING:
    from tui.screens.context import ViewContext


class ArrangedScreen(PacedScreen[None]):
    """A screen over one table, or none."""

    MAIN: ClassVar[str] = "LineTable"
    """Selector of what has the keys."""
    FIELDS: ClassVar[tuple[str, ...]] = ()
    """What a filter can name: `owner:tills`."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("greater_than_sign", "order(1)", "Order by the next column", id="view.order_next", show=False),
        Binding("less_than_sign", "order(-1)", "Order by the column before", id="view.order_before", show=False),
        Binding("vertical_line", "columns", "Columns and order", id="view.columns", show=False),
    ]

    context: ViewContext
    mode: str = ""
    """Name of the mode whose first view this is; empty: of none."""
    filter_text: str = ""
    _wanted: Arrangement | None = None
    _home: Arrangement | None = None
    """How it was before a saved view was opened; None where none is."""

    # What a view says of itself

    def filter_changed(self) -> None:
        """Shows what the filter leaves."""
        raise NotImplementedError

    def fields(self) -> Mapping[str, Sequence[str]]:
        """What is selected, by the names that filters know it by; for commands."""
        return {}

    def sort_value(self, key: Key, column: str) -> Any:
        """What a row is ordered by in a column: what it shows there, unless a view knows better."""
        table = self.table
        texts = table.texts(key) if table is not None else None
        if table is None or texts is None:
            return None
        place = next((n for n, one in enumerate(table.columns) if one.key == column), -1)
        return natural(texts[place]) if 0 <= place < len(texts) else None

    def order_changed(self) -> None:
        """Puts the rows in the order that was chosen; a view whose answer depends on it asks again."""
        if (table := self.table) is not None:
            table.set_keys(table.keys if table.order else self.given_keys())

    def given_keys(self) -> Sequence[Key]:
        """Rows in the order of the answer; redrawn by the view."""
        self.filter_changed()
        table = self.table
        return table.keys if table is not None else ()

    # The table

    @property
    def table(self) -> LineTable | None:
        """The table that has the keys, if there is one."""
        return next(iter(self.query(self.MAIN).results(LineTable)), None)

    @property
    def sort(self) -> str:
        """The order in words: a column's key, with `-` before it the largest first; empty: as the view has it."""
        order = self.table.order if self.table is not None else None
        return f"{'-' if order[1] else ''}{order[0]}" if order else ""

    def set_sort(self, sort: str) -> None:
        """Another order; one by a column that is not there is none. Who stands on the first row sees the new first."""
        if (table := self.table) is not None:
            table.stays_on_top = table.cursor == 0
        self.take_sort(sort)
        self.order_changed()

    def take_sort(self, sort: str) -> None:
        """Notes an order, with its sign beside the column's title; rows are put in it when they are next set."""
        if (table := self.table) is None:
            return
        column, is_falling = sort.removeprefix("-"), sort.startswith("-")
        is_known = any(one.key == column for one in table.columns)
        table.order = (column, is_falling) if is_known else None
        glyphs = self.context.glyphs
        table.sorted_by = (column, glyphs.down if is_falling else glyphs.up) if is_known else None

    def set_columns(self, shown: Sequence[str]) -> None:
        """Shows these columns only; all of them where none of them is there."""
        if (table := self.table) is None:
            return
        known = {one.key for one in table.columns}
        table.show_columns(frozenset(known - set(shown)) if known & set(shown) else frozenset())

    # Keys and mouse

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Order and columns are for views with a table."""
        if action in ("order", "columns"):
            return self.table is not None and not self.has_class("-blank")
        return True

    def action_order(self, step: int) -> None:
        """Orders by the next column that is shown; past the last one, as the view has it."""
        if (table := self.table) is None:
            return
        shown = ["", *(one.key for one in table.columns if one.key not in table.hidden)]
        here = shown.index(table.order[0]) if table.order and table.order[0] in shown else 0
        self.set_sort(self.usual_sort(shown[(here + step) % len(shown)]))

    def usual_sort(self, column: str) -> str:
        """An order as one wants it first: numbers from the largest, words from the first."""
        found = next((one for one in self.table.columns if one.key == column), None) if self.table else None
        return f"-{column}" if found is not None and found.align == "right" else column

    def turned_sort(self, column: str) -> str:
        """The order that choosing a column means: its usual one, the other way round if it has it already."""
        usual = self.usual_sort(column)
        if self.sort != usual:
            return usual
        return usual.removeprefix("-") if usual.startswith("-") else f"-{usual}"

    @on(LineTable.HeaderClicked)
    def _order_by_title(self, event: LineTable.HeaderClicked) -> None:
        if event.table is self.table:
            self.set_sort(self.turned_sort(event.column))

    def action_columns(self) -> None:
        """Chooses columns and order in a dialog."""
        from tui.screens.columns import ColumnsScreen

        if self.table is not None:
            self.app.push_screen(ColumnsScreen(self, self.context.glyphs))

    # As it was left

    def arranged(self) -> Arrangement:
        """How this view is arranged now."""
        table = self.table
        if table is None:
            return Arrangement(self.filter_text)
        shown = tuple(one.key for one in table.columns if one.key not in table.hidden) if table.hidden else ()
        key = table.key if table.cursor else None
        is_kept = isinstance(key, str) or (isinstance(key, tuple) and all(type(part) is int for part in key))
        selected = key if is_kept else None
        return Arrangement(self.filter_text, self.sort, shown, selected)  # type: ignore[arg-type]  # checked above

    def put_as(self, wanted: Arrangement) -> None:
        """Puts the view as somebody left or saved it; before it is mounted, as soon as it is."""
        if not self.is_mounted:
            self._wanted, self.filter_text = wanted, plain(wanted.filter)
            return
        self.set_columns(wanted.columns)
        self.query_one(FilterLine).set_text(plain(wanted.filter))
        if (table := self.table) is not None:
            table.wanted = wanted.selected
        self.filter_text = plain(wanted.filter)
        self.set_sort(wanted.sort)
        self.filter_changed()

    def visit(self, saved: Arrangement) -> None:
        """Puts the view as it was saved; `go_home` puts it back as it was before the first of these."""
        if self._home is None:
            self._home = replace(self.arranged() if self.is_mounted else self._wanted or Arrangement(), filter="")
        self.put_as(saved)

    def go_home(self) -> bool:
        """Puts the view as it was before a saved one was opened, without a filter; whether one was."""
        before, self._home = self._home, None
        if before is not None:
            self.put_as(before)
        return before is not None

    @property
    def is_visiting(self) -> bool:
        """Whether what is seen was saved under a name."""
        return self._home is not None

    def set_up(self) -> None:
        """Gives the table its rules, and what was wanted of it; before anything is shown."""
        table = self.table
        if table is not None:
            table.sort_value = self.sort_value
        wanted, self._wanted = self._wanted, None
        if wanted is None:
            return
        if wanted.filter:
            self.query_one(FilterLine).set_text(self.filter_text)
        if table is not None:
            self.set_columns(wanted.columns)
            table.wanted = wanted.selected
            self.take_sort(wanted.sort)
