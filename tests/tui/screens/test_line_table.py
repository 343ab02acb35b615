"""The table: keys only, visible rows only, selection kept by key, columns folding in order."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import App, ComposeResult

from tests.tui.screens.driving import press
from tui.theme import DARK, tone_defaults
from tui.widgets.columns import Column, Fold, Row, column_at, place
from tui.widgets.line_table import Key, LineTable
from tui.widgets.pieces import line

COLUMNS = (
    Column("name", "name", 20, is_flexible=True),
    Column("count", "count", 8, align="right", folds=(Fold(2, 4),), short="n"),
    Column("note", "note", 30, folds=(Fold(1, 0),)),
)


class TableApp(App[None]):
    """A table over numbers; remembers which rows were drawn and which wanted."""

    def __init__(self, keys: Sequence[Key], loaded: bool = True) -> None:
        super().__init__()
        self.keys, self.loaded = keys, loaded
        self.drawn: set[Key] = set()
        self.wanted: list[tuple[Key, ...]] = []
        self.opened: list[Key] = []
        self.register_theme(DARK)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return tone_defaults({})

    def compose(self) -> ComposeResult:
        yield LineTable(COLUMNS, self.draw_row, id="table")

    def draw_row(self, key: Key) -> Row | None:
        self.drawn.add(key)
        return (line(f"row {key}"), line(str(key)), line("[/x] note")) if self.loaded else None

    def on_mount(self) -> None:
        self.table.set_keys(self.keys)
        self.table.focus()

    @property
    def table(self) -> LineTable:
        return self.query_one("#table", LineTable)

    def on_line_table_rows_wanted(self, event: LineTable.RowsWanted) -> None:
        self.wanted.append(event.keys)

    def on_line_table_row_opened(self, event: LineTable.RowOpened) -> None:
        self.opened.append(event.key)


async def test_100_000_rows_cost_what_is_visible() -> None:
    """Opening, jumping to the end and coming back read some screens of rows, not the table."""
    app = TableApp(range(100_000))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "G", "ctrl+u", "g", "ctrl+d", "j")
        assert app.table.key == 22 + 1
        assert len(app.drawn) < 6 * 24


async def test_rows_not_loaded_are_asked_for_once_a_screen() -> None:
    """What is missing is asked for with the screens around it, not row by row."""
    app = TableApp(range(100_000), loaded=False)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "G")
        assert app.wanted
        assert all(len(keys) <= 3 * 24 for keys in app.wanted)
        assert 99_999 in app.wanted[-1]
        assert len(app.wanted) <= 4


async def test_selection_and_place_survive_other_rows() -> None:
    """New rows above push the selected key down; the cursor stays on it, at its place on the screen."""
    app = TableApp([f"k{i}" for i in range(200)])
    async with app.run_test(size=(80, 24)) as pilot:
        app.table.select("k100")
        await press(pilot, "k")
        before = app.table.cursor - app.table.scroll_offset.y
        app.table.set_keys(["new1", "new2", "new3", *app.keys])
        await pilot.pause()
        assert app.table.key == "k99"
        assert app.table.cursor - app.table.scroll_offset.y == before


async def test_selection_falls_to_the_neighbour_when_its_key_is_gone() -> None:
    """A vanished row leaves the cursor where it was, never off the end."""
    app = TableApp(["a", "b", "c"])
    async with app.run_test() as pilot:
        await press(pilot, "G")
        app.table.set_keys(["a", "b"])
        await pilot.pause()
        assert app.table.key == "b"
        app.table.set_keys([])
        await pilot.pause()
        assert app.table.key is None
        await press(pilot, "enter", "j", "k", "G", "g", "ctrl+d")


async def test_mouse_selects_and_opens() -> None:
    """A click moves the cursor, a double click opens, one below the last row does nothing."""
    app = TableApp(["a", "b", "c"])
    async with app.run_test() as pilot:
        await pilot.click("#table", offset=(4, 2))
        assert app.table.cursor == 1
        await pilot.click("#table", offset=(4, 3), times=2)
        assert app.opened == ["c"]
        await pilot.click("#table", offset=(4, 15))
        assert app.table.cursor == 2


def test_columns_fold_in_order() -> None:
    """What ranks first goes first; what is left over goes to the flexible column."""
    assert place(COLUMNS, 100) == (58, 8, 30)
    assert place(COLUMNS, 50) == (40, 8, 0)
    assert place(COLUMNS, 27) == (21, 4, 0)
    assert place(COLUMNS, 20) == (14, 4, 0)


def test_columns_grow_where_there_is_room() -> None:
    """Not before the flexible one has twice its width, and no further than they want; the rest goes to that one."""
    columns = (Column("a", "A", 10, is_flexible=True), Column("b", "B", 8, most=12))
    assert [place(columns, width) for width in (30, 32, 40)] == [(20, 8), (20, 10), (26, 12)]


def test_column_under_the_pointer() -> None:
    """Columns that are folded away cannot be hit."""
    widths = place(COLUMNS, 50)
    assert [column_at(COLUMNS, widths, x) for x in (0, 41, 42, 49, 60)] == ["name", "name", "count", "count", None]
