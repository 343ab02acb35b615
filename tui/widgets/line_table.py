"""A table drawn line by line: holds keys only, asks for the visible rows, folds columns away where there is no room.

Nothing is measured or formatted on insert, so 100,000 rows cost what the visible ones cost.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, ClassVar

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.columns import Column, Row, column_at, place, row_line
from tui.widgets.palettes import Palette, palette
from tui.widgets.pieces import Piece, text_of
from tui.widgets.tones import to_strip

Key = Hashable


class LineTable(ScrollView, can_focus=True):
    """Rows by key: `draw` gives a key's cells, or None while they are not loaded; then `RowsWanted` asks."""

    DEFAULT_CSS = """
    LineTable { height: 1fr; width: 1fr; overflow-x: hidden; overflow-y: auto; scrollbar-size-vertical: 1; }
    LineTable > .line-table--header { color: $tone-muted; }
    LineTable > .line-table--cursor { background: $cursor-row-blurred; }
    LineTable:focus > .line-table--cursor { background: $cursor-row; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"line-table--header", "line-table--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="table.open"),
        Binding("down,j", "move(1)", "Down", id="table.down", show=False),
        Binding("up,k", "move(-1)", "Up", id="table.up", show=False),
        Binding("ctrl+d,pagedown", "page(1)", "Page down", id="table.page_down", show=False),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", id="table.page_up", show=False),
        Binding("g,home", "first", "First", id="table.first", show=False),
        Binding("G,end", "last", "Last", id="table.last", show=False),
    ]

    cursor: reactive[int] = reactive(0, repaint=False)

    @dataclass
    class RowHighlighted(Message):
        """The cursor came to stand on a row."""

        table: LineTable
        key: Key

        @property
        def control(self) -> LineTable:
            """The table."""
            return self.table

    @dataclass
    class RowOpened(Message):
        """A row was opened."""

        table: LineTable
        key: Key

        @property
        def control(self) -> LineTable:
            """The table."""
            return self.table

    @dataclass
    class RowsWanted(Message):
        """Visible rows are not loaded yet."""

        table: LineTable
        keys: tuple[Key, ...]

        def can_replace(self, message: Message) -> bool:
            """Only what is visible last counts."""
            return isinstance(message, LineTable.RowsWanted) and message.table is self.table

    @dataclass
    class HeaderClicked(Message):
        """A column's title was clicked."""

        table: LineTable
        column: str

    def __init__(
        self,
        columns: Sequence[Column],
        draw: Callable[[Key], Row | None],
        *,
        mark: str = "▌",
        ellipsis: str = "…",
        id: str | None = None,
    ) -> None:
        super().__init__(id=id)
        self.columns = tuple(columns)
        self.keys: Sequence[Key] = ()
        self.sorted_by: tuple[str, str] | None = None
        """(column key, sign) of the column that decides the order."""
        self.order: tuple[str, bool] | None = None
        """(column key, whether the largest comes first) by which rows are put in order; None: as they are given."""
        self.sort_value: Callable[[Key, str], Any] | None = None
        """What a row is ordered by in a column; empty and None come last."""
        self.hidden: frozenset[str] = frozenset()
        """Keys of columns that are left out."""
        self.wanted: Key | None = None
        """Where the cursor is to stand as soon as there is such a row."""
        self.stays_on_top = False
        """Whether the cursor goes to the first of the next rows: another order was chosen from there."""
        self._draw, self._mark, self._ellipsis = draw, mark, ellipsis
        self._strips: dict[tuple[Key, bool], Strip] = {}
        self._styles: Palette | None = None
        self._missing: set[Key] = set()

    # What it holds

    @property
    def key(self) -> Key | None:
        """The key under the cursor."""
        return self.keys[self.cursor] if 0 <= self.cursor < len(self.keys) else None

    def set_keys(self, keys: Sequence[Key]) -> None:
        """Other rows; the cursor stays on its key, and that on its place on the screen, where it is still there."""
        keys = self._ordered(keys)
        before, top = self.key, self.scroll_offset.y
        offset = self.cursor - top
        if self.wanted is not None and self.wanted in keys:
            before, offset, self.wanted = self.wanted, max(self.size.height, 1), None
        elif self.stays_on_top:
            before = None
        self.stays_on_top = False
        self.keys = keys
        self.forget_rows()
        self.virtual_size = Size(self.size.width, len(keys) + 1)
        try:
            place_now = keys.index(before) if before is not None else 0
        except ValueError:
            place_now = min(self.cursor, max(len(keys) - 1, 0))
        self.set_reactive(LineTable.cursor, place_now)
        self.scroll_to(y=max(place_now - offset, 0), animate=False, force=True, immediate=True)
        self._into_view()
        if keys:
            self.post_message(self.RowHighlighted(self, keys[place_now]))

    def _ordered(self, keys: Sequence[Key]) -> Sequence[Key]:
        if self.order is None or self.sort_value is None:
            return keys
        column, is_falling = self.order
        values = [(self.sort_value(key, column), key) for key in keys]
        known = [pair for pair in values if pair[0] not in (None, ())]
        known.sort(key=lambda pair: pair[0], reverse=is_falling)
        return [key for _, key in known] + [key for value, key in values if value in (None, ())]

    def forget_rows(self) -> None:
        """What was drawn is no longer true; rows are drawn again."""
        self._strips.clear()
        self._missing.clear()
        self.refresh()

    def show_columns(self, hidden: frozenset[str]) -> None:
        """Leaves columns out; one at least stays."""
        if len(hidden & {column.key for column in self.columns}) < len(self.columns):
            self.hidden = hidden
            self.forget_rows()

    def select(self, key: Key) -> None:
        """Puts the cursor on a key, if it is there."""
        if key in self.keys:
            self.cursor = self.keys.index(key)

    # Moving

    def watch_cursor(self, before: int, now: int) -> None:
        """Draws the two lines that changed and tells who listens."""
        for row in (before, now):
            self.refresh_line(row + 1)
        self._into_view()
        if (key := self.key) is not None:
            self.post_message(self.RowHighlighted(self, key))

    def validate_cursor(self, value: int) -> int:
        """Never off the ends."""
        return max(0, min(value, len(self.keys) - 1))

    def _into_view(self) -> None:
        rows = max(self.scrollable_content_region.height - 1, 1)
        top = self.scroll_offset.y
        if self.cursor < top:
            self.scroll_to(y=self.cursor, animate=False, force=True, immediate=True)
        elif self.cursor >= top + rows:
            self.scroll_to(y=self.cursor - rows + 1, animate=False, force=True, immediate=True)

    def action_move(self, step: int) -> None:
        """Moves the cursor by rows."""
        self.cursor += step

    def action_page(self, pages: int) -> None:
        """Moves the cursor by what is visible."""
        self.cursor += pages * max(self.scrollable_content_region.height - 2, 1)

    def action_first(self) -> None:
        """To the first row."""
        self.cursor = 0

    def action_last(self) -> None:
        """To the last row."""
        self.cursor = len(self.keys) - 1

    def action_open(self) -> None:
        """Opens the row under the cursor."""
        if (key := self.key) is not None:
            self.post_message(self.RowOpened(self, key))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens; a click on a title asks for its order."""
        if event.y == 0:
            if (column := self._column_at(event.x)) is not None:
                self.post_message(self.HeaderClicked(self, column))
            return
        index = self.scroll_offset.y + event.y - 1
        if index < len(self.keys):
            self.cursor = index
            if event.chain > 1:
                self.action_open()

    def _column_at(self, x: int) -> str | None:
        return column_at(self.columns, self._widths(), x - 2)

    # Drawing

    def on_resize(self) -> None:
        """Other widths, other folds."""
        self._strips.clear()
        self.virtual_size = Size(self.size.width, len(self.keys) + 1)
        self._into_view()

    def notify_style_update(self) -> None:
        """A new theme means new colours."""
        super().notify_style_update()
        self._strips.clear()
        self._styles = None

    def _widths(self) -> tuple[int, ...]:
        """A width for every column, 0 for those that are left out."""
        if not self.hidden:
            return place(self.columns, self.size.width - 3)
        shown = [column for column in self.columns if column.key not in self.hidden]
        widths = dict(zip((column.key for column in shown), place(shown, self.size.width - 3), strict=True))
        return tuple(widths.get(column.key, 0) for column in self.columns)

    def _palette(self) -> Palette:
        if self._styles is None:
            self._styles = palette(self.app.theme_variables)
        return self._styles

    def render_line(self, y: int) -> Strip:
        """The header, or the row that is scrolled to this line."""
        width = self.size.width
        if y == 0:
            base = self.get_component_rich_style("line-table--header")
            return self._strip(self._header(), Piece("  "), base, width)
        index = self.scroll_offset.y + y - 1
        if not 0 <= index < len(self.keys):
            return Strip.blank(width, self.rich_style)
        return self._row_strip(self.keys[index], index == self.cursor, width)

    def _header(self) -> Row:
        by, sign = self.sorted_by or ("", "")
        return [partial(c.heading, sign=sign if c.key == by else "") for c in self.columns]

    def _row_strip(self, key: Key, is_selected: bool, width: int) -> Strip:
        cached = self._strips.get((key, is_selected))
        if cached is not None:
            return cached
        base = self.get_component_rich_style("line-table--cursor") if is_selected else self.rich_style
        mark = Piece(f"{self._mark} ", "accent") if is_selected else Piece("  ")
        row = self._draw(key)
        if row is None:
            self._want(key)
            return self._strip([(Piece(self._ellipsis, "faint"),)], mark, base, width)
        strip = self._strip(row, mark, base, width)
        if len(self._strips) > 1000:
            self._strips.clear()
        self._strips[(key, is_selected)] = strip
        return strip

    def _want(self, key: Key) -> None:
        if not self._missing:
            self.call_after_refresh(self._ask)
        self._missing.add(key)

    def _ask(self) -> None:
        if self._missing:
            self._missing = set()
            top, rows = self.scroll_offset.y, self.size.height
            ahead = self.keys[max(top - rows, 0) : top + 2 * rows]
            # After a refresh the active pump is whoever caused it; a message never bubbles past its sender.
            self.post_message(self.RowsWanted(self, tuple(ahead)).set_sender(self))

    def _strip(self, row: Row, mark: Piece, base: Style, width: int) -> Strip:
        pieces = row_line(row, self.columns, self._widths(), mark, self._ellipsis)
        return to_strip(pieces, self._palette(), base, width)

    def texts(self, key: Key) -> tuple[str, ...] | None:
        """The cells of a row as text at full width, for copying and export; None while it is not loaded."""
        row = self._draw(key)
        return None if row is None else tuple(text_of(cell(200) if callable(cell) else cell) for cell in row)
