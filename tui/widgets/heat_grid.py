"""Rows by columns that scroll both ways: only what is visible is drawn, so thousands of columns cost nothing.

Between columns stand marks; one that matters to the row under the cursor is drawn through the whole grid.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from tui.widgets.palettes import Palette, palette
from tui.widgets.pieces import Line, Piece, fit
from tui.widgets.tones import to_segments

HEADER_LINES = 2
WIDEST = 4
LABEL_LEAST, LABEL_MOST = 12, 36
"""Cells of the names of rows; on a wide screen a third of it may be theirs."""
_LABEL_CELLS = 8


@dataclass(frozen=True, slots=True)
class GridContent:
    """What a grid shows, asked cell by cell."""

    rows: int = 0
    columns: int = 0
    label: Callable[[int], Line] = lambda row: ()
    label_cells: int = LABEL_MOST
    """Of the longest label."""
    cell: Callable[[int, int], Piece | None] = lambda row, column: Piece(" ")
    """None: it is not known yet, and is asked for."""
    head: Callable[[int, int], str] = lambda column, before: ""
    """Short text over a column, such as its time, given the column that has one before it."""
    marks: Mapping[int, str] = field(default_factory=dict)
    """Column -> letter of what stands before it."""
    is_near: Callable[[int, int], bool] = lambda row, column: True
    """Whether what stands before a column concerns a row."""
    alarms: frozenset[int] = frozenset()
    """Columns that stand under a sign of their own, where no letter does."""
    onsets: Mapping[int, int] = field(default_factory=dict)
    """Row -> column where its red streak began."""
    reds: Callable[[int], Sequence[int]] = lambda row: ()
    """Columns in which a row is red, ascending."""
    corner: str = ""


class HeatGrid(ScrollView, can_focus=True):
    """A grid with a cursor on one cell."""

    DEFAULT_CSS = """
    HeatGrid { height: 1fr; width: 1fr; overflow: auto auto; scrollbar-size: 1 1; }
    HeatGrid > .heat-grid--header { color: $tone-muted; }
    HeatGrid > .heat-grid--row { background: $cursor-row-blurred; }
    HeatGrid > .heat-grid--cursor { background: $tone-accent; color: $background; text-style: bold; }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"heat-grid--header", "heat-grid--row", "heat-grid--cursor"}
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", id="grid.open"),
        Binding("down,j", "move(1, 0)", "Down", id="grid.down", show=False),
        Binding("up,k", "move(-1, 0)", "Up", id="grid.up", show=False),
        Binding("left,h", "move(0, -1)", "Earlier", id="grid.left", show=False),
        Binding("right,l", "move(0, 1)", "Later", id="grid.right", show=False),
        Binding("ctrl+d,pagedown", "page(1)", "Page down", id="grid.page_down", show=False),
        Binding("ctrl+u,pageup", "page(-1)", "Page up", id="grid.page_up", show=False),
        Binding("g", "to_row(0)", "First row", id="grid.first_row", show=False),
        Binding("G", "to_row(-1)", "Last row", id="grid.last_row", show=False),
        Binding("home,0", "to_column(0)", "Oldest", id="grid.oldest", show=False),
        Binding("end,dollar_sign", "to_column(-1)", "Newest", id="grid.newest", show=False),
        Binding("b", "onset(0)", "First bad", id="grid.first_bad"),
        Binding("B", "onset(-1)", "Last good", id="grid.last_good", show=False),
        Binding("c", "mark(1)", "Next change", id="grid.next_change"),
        Binding("C", "mark(-1)", "Change before", id="grid.change_before", show=False),
        Binding("f", "red(1)", "Next red", id="grid.next_red"),
        Binding("F", "red(-1)", "Red before", id="grid.red_before", show=False),
        Binding("plus,equals_sign", "zoom(1)", "Days, runs", id="grid.closer", show=False),
        Binding("minus", "zoom(-1)", "Days, weeks", id="grid.farther"),
        Binding("greater_than_sign", "widen(1)", "Wider columns", id="grid.wider", show=False),
        Binding("less_than_sign", "widen(-1)", "Narrower columns", id="grid.narrower", show=False),
    ]

    @dataclass
    class CellHighlighted(Message):
        """The cursor came to stand on a cell."""

        row: int
        column: int

    @dataclass
    class RowOpened(Message):
        """A row was opened at a column."""

        row: int
        column: int

    @dataclass
    class ZoomWanted(Message):
        """Columns of another length of time are wanted: closer (1) or farther (-1)."""

        step: int

    @dataclass
    class CellsWanted(Message):
        """Visible cells are not known yet."""

        rows: range
        columns: range

        def can_replace(self, message: Message) -> bool:
            """Only what is visible last counts."""
            return isinstance(message, HeatGrid.CellsWanted)

    def __init__(
        self, *, through: str = "│", mark: str = "▌", ellipsis: str = "…", alarm: str = "▲", id: str | None = None
    ) -> None:
        super().__init__(id=id)
        self.content = GridContent()
        self.row, self.column, self.cell_width = 0, 0, 2
        self._through, self._mark, self._ellipsis, self._alarm = through, mark, ellipsis, alarm
        self._styles: Palette | None = None
        self._looks: dict[Style, Palette] = {}
        self._lines_through: frozenset[int] = frozenset()
        self._missing: set[int] = set()

    def set_content(self, content: GridContent, *, row: int | None = None, column: int | None = None) -> None:
        """Another grid; the cursor goes where it is told, else to the newest column of the first row."""
        self.content = content
        self._lines_through = frozenset(content.onsets.values()) & content.marks.keys()
        self.row = min(self.row if row is None else row, max(content.rows - 1, 0))
        self.column = min(content.columns - 1 if column is None else column, max(content.columns - 1, 0))
        self._resize()
        self._moved()

    def _resize(self) -> None:
        width = self._label_width() + self.content.columns * self.cell_width
        self.virtual_size = Size(width, self.content.rows + HEADER_LINES)

    def _label_width(self) -> int:
        """Cells of the names with their mark: what they need, never more than leaves most of it to the columns."""
        most = max(min(LABEL_MOST, self.size.width * 2 // 5), self.size.width // 3)
        return max(min(self.content.label_cells + 3, most), LABEL_LEAST)

    def _room(self) -> int:
        """Cells beside the labels that no scroll bar takes."""
        return max(self.scrollable_content_region.width - self._label_width(), self.cell_width)

    # Moving

    def move_to(self, row: int, column: int) -> None:
        """Puts the cursor on a cell, never off the grid."""
        self.row = max(0, min(row, self.content.rows - 1))
        self.column = max(0, min(column, self.content.columns - 1))
        self._moved()

    def _moved(self) -> None:
        rows, room = max(self.scrollable_content_region.height - HEADER_LINES, 1), self._room()
        top, left = self.scroll_offset.y, self.scroll_offset.x
        y = min(top, self.row) if self.row < top else max(top, self.row - rows + 1)
        start, end = self.column * self.cell_width, (self.column + 1) * self.cell_width
        x = start if start < left else max(left, end - room)
        self.scroll_to(x=x, y=y, animate=False, force=True, immediate=True)
        # Textual tells a bar only while it is shown (8.2.8); it may be shown once this is laid out.
        self.horizontal_scrollbar.position, self.vertical_scrollbar.position = self.scroll_x, self.scroll_y
        self.refresh()
        if self.content.rows and self.content.columns:
            self.post_message(self.CellHighlighted(self.row, self.column))

    def action_move(self, rows: int, columns: int) -> None:
        """Moves the cursor."""
        self.move_to(self.row + rows, self.column + columns)

    def action_page(self, pages: int) -> None:
        """Moves by what is visible."""
        rows = max(self.scrollable_content_region.height - HEADER_LINES - 1, 1)
        self.move_to(self.row + pages * rows, self.column)

    def action_to_row(self, row: int) -> None:
        """To the first or last row."""
        self.move_to(self.content.rows - 1 if row < 0 else row, self.column)

    def action_to_column(self, column: int) -> None:
        """To the oldest or newest column."""
        self.move_to(self.row, self.content.columns - 1 if column < 0 else column)

    def action_onset(self, offset: int) -> None:
        """To where the row's red streak began, or just before."""
        onset = self.content.onsets.get(self.row)
        if onset is not None:
            self.move_to(self.row, onset + offset)

    def action_mark(self, step: int) -> None:
        """To the next, or the last, change that concerns the row."""
        near = [column for column in sorted(self.content.marks) if self.content.is_near(self.row, column)]
        self._jump(near, step)

    def action_red(self, step: int) -> None:
        """To the next, or the last, red cell of the row."""
        self._jump(self.content.reds(self.row), step)

    def _jump(self, columns: Sequence[int], step: int) -> None:
        place = bisect_right(columns, self.column) if step > 0 else bisect_left(columns, self.column) - 1
        if 0 <= place < len(columns):
            self.move_to(self.row, columns[place])

    def action_zoom(self, step: int) -> None:
        """Asks for columns of another length of time."""
        self.post_message(self.ZoomWanted(step))

    def action_widen(self, step: int) -> None:
        """Wider or narrower columns."""
        self.cell_width = max(1, min(self.cell_width + step, WIDEST))
        self._resize()
        self._moved()

    def action_open(self) -> None:
        """Opens the row under the cursor."""
        if self.content.rows:
            self.post_message(self.RowOpened(self.row, self.column))

    def on_click(self, event: events.Click) -> None:
        """A click moves the cursor, a second one opens."""
        row = event.y - HEADER_LINES + self.scroll_offset.y
        if event.y < HEADER_LINES or row >= self.content.rows:
            return
        x = event.x - self._label_width()
        column = self.column if x < 0 else self.visible_columns().start + x // self.cell_width
        self.move_to(row, column)
        if event.chain > 1:
            self.action_open()

    # Drawing

    def on_resize(self) -> None:
        """Another width."""
        self._resize()
        self._moved()

    def notify_style_update(self) -> None:
        """A new theme means new colours."""
        super().notify_style_update()
        self._styles = None
        self._looks.clear()

    def render_line(self, y: int) -> Strip:
        """A header line, or the row that is scrolled to this line."""
        width = self.size.width
        if y < HEADER_LINES:
            base = self.get_component_rich_style("heat-grid--header")
            pieces = self._marks_line() if y == 0 else self._ruler_line()
            return self._strip(pieces, base, width)
        row = self.scroll_offset.y + y - HEADER_LINES
        if row >= self.content.rows:
            return Strip.blank(width, self.rich_style)
        is_current = row == self.row
        base = self.get_component_rich_style("heat-grid--row") if is_current else self.rich_style
        mark = Piece(f"{self._mark} ", "accent") if is_current else Piece("  ")
        label = (mark, *fit(self.content.label(row), self._label_width() - 3, "left", self._ellipsis), Piece(" "))
        return self._row_strip(row, label, base, width)

    def _strip(self, pieces: Line, base: Style, width: int) -> Strip:
        return Strip(to_segments(pieces, self._palette(), base)).adjust_cell_length(width, base)

    def _palette(self) -> Palette:
        if self._styles is None:
            self._styles = palette(self.app.theme_variables)
        return self._styles

    def visible_columns(self) -> range:
        """Columns that are whole on the screen: one that is scrolled half away makes room for the newest."""
        first = -(-self.scroll_offset.x // self.cell_width)
        return range(first, min(first + self._room() // self.cell_width, self.content.columns))

    def _row_strip(self, row: int, label: Line, base: Style, width: int) -> Strip:
        """A row; neighbours of one look are one segment, and blanks take on any look."""
        looks = self._looks_on(base)
        texts, styles = [piece.text for piece in label], [looks[piece.tone] for piece in label]
        own = self.content.onsets.get(self.row)
        cursor = self.get_component_rich_style("heat-grid--cursor")

        def add(text: str, style: Style) -> None:
            if styles[-1] is style or text.isspace():
                texts[-1] += text
            else:
                texts.append(text)
                styles.append(style)

        for column in self.visible_columns():
            if self.cell_width > 1:
                is_through = column in self._lines_through
                text = (self._through if is_through else " ").rjust(self.cell_width - 1)
                add(text, looks["accent" if column == own else "faint"])
            piece = self.content.cell(row, column) or self._wanting(row)
            if row == self.row and column == self.column:
                texts += [piece.text, ""]
                styles += [cursor, base]
            else:
                add(piece.text, looks[piece.tone])
        segments = [Segment(text, style) for text, style in zip(texts, styles, strict=True) if text]
        return Strip(segments).adjust_cell_length(width, base)

    def _looks_on(self, base: Style) -> Palette:
        """Tones on a background, added up once."""
        if base not in self._looks:
            self._looks[base] = {tone: base + style for tone, style in self._palette().items()}
        return self._looks[base]

    def _wanting(self, row: int) -> Piece:
        """A blank in the place of a cell that is asked for, once the whole screen is drawn."""
        if not self._missing:
            self.call_after_refresh(self._ask)
        self._missing.add(row)
        return Piece(" ")

    def _ask(self) -> None:
        if self._missing:
            self.post_message(
                self.CellsWanted(range(min(self._missing), max(self._missing) + 1), self.visible_columns())
            )
        self._missing.clear()

    def _marks_line(self) -> Line:
        pieces = [Piece("  "), *fit((Piece(self.content.corner, "muted"),), self._label_width() - 2)]
        own = self.content.onsets.get(self.row)
        for column in self.visible_columns():
            letter, is_own = self.content.marks.get(column, ""), column == own
            text = letter.upper() if is_own else letter
            tone = "accent" if is_own else "text" if self.content.is_near(self.row, column) else "faint"
            if not letter and column in self.content.alarms:
                # Over the column, not before it.
                pieces.append(Piece(self._alarm.rjust(self.cell_width), "outage"))
                continue
            pieces.append(Piece(text[:1].rjust(max(self.cell_width - 1, 1)), tone))
            if self.cell_width > 1:
                pieces.append(Piece("!" if is_own and letter else " ", "accent"))
        return tuple(pieces)

    def _ruler_line(self) -> Line:
        step = -(-_LABEL_CELLS // self.cell_width)
        text = ""
        for column in self.visible_columns():
            start = (column - self.visible_columns().start) * self.cell_width + self.cell_width - 1
            if column % step == 0 and len(text) <= start:
                head = self.content.head(column, max(column - step, 0))
                text = text.ljust(start) + head if start + len(head) <= self._room() else text
        return (Piece(" " * self._label_width()), Piece(text, "muted"))
