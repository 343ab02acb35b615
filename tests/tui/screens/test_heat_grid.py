"""The grid of tests by runs: what the cursor stands on is on the screen."""

from __future__ import annotations

import pytest
from textual.app import App, ComposeResult

from tests.tui.screens.driving import press
from tui.theme import DARK, tone_defaults
from tui.widgets.heat_grid import HEADER_LINES, GridContent, HeatGrid
from tui.widgets.pieces import Piece, line


class GridApp(App[None]):
    """More rows and columns than fit; the newest column is drawn as `N`."""

    def __init__(self) -> None:
        super().__init__()
        self.register_theme(DARK)
        self.theme = DARK.name

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return tone_defaults({})

    def compose(self) -> ComposeResult:
        yield HeatGrid(id="grid")

    def on_mount(self) -> None:
        """A grid of 40 tests and 350 runs."""
        self.query_one(HeatGrid).set_content(
            GridContent(
                40,
                350,
                label=lambda row: line(f"test {row}"),
                cell=lambda row, column: Piece("N" if column == 349 else "."),
            )
        )


@pytest.mark.parametrize("width", range(120, 126))
async def test_the_newest_column_is_on_the_screen(width: int) -> None:
    """At any width, also wider columns, beside the scroll bar and not below it."""
    app = GridApp()
    async with app.run_test(size=(width, 24)) as pilot:
        await pilot.pause()
        grid = app.query_one(HeatGrid)
        for key in ("", "greater_than_sign", "greater_than_sign", "less_than_sign", "less_than_sign", "less_than_sign"):
            if key:
                await press(pilot, key)
            free = grid.scrollable_content_region.width
            assert "N" in grid.render_line(HEADER_LINES).text[:free]


async def test_bars_stand_where_the_grid_does() -> None:
    """A grid that fits, then one that does not: the bar is told where the newest columns are before it is shown."""
    app = GridApp()
    async with app.run_test(size=(120, 24)) as pilot:
        await pilot.pause()
        grid = app.query_one(HeatGrid)
        large = grid.content
        grid.set_content(GridContent(3, 3, label=large.label, cell=large.cell))
        await pilot.pause()
        assert not grid.show_horizontal_scrollbar
        grid.set_content(large, row=0, column=349)
        await pilot.pause()
        assert grid.show_horizontal_scrollbar
        assert grid.horizontal_scrollbar.position == grid.scroll_x > large.columns
