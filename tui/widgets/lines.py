"""Lines of pieces on the screen: one line with two ends, and a pane of many that scrolls."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widget import Widget

from tui.widgets.palettes import Palette, palette
from tui.widgets.pieces import Line, ends_of
from tui.widgets.tones import to_strip

LineSource = Callable[[int], Sequence[Line]]
"""Lines for a width in cells."""


class TwoEnds(Widget):
    """One line with a left and a right end, of which shorter forms may be given; both are cut where none fits."""

    DEFAULT_CSS = """
    TwoEnds { height: 1; width: 1fr; padding: 0 1; }
    """

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.left: Line = ()
        self.rights: tuple[Line, ...] = ((),)

    def set_ends(self, left: Line, *rights: Line) -> None:
        """Shows two new ends, of the right ones the first that fits beside the left one; draws only what is new."""
        if (left, rights or ((),)) != (self.left, self.rights):
            self.left, self.rights = left, rights or ((),)
            self.refresh()

    def render_line(self, y: int) -> Strip:
        """The one line."""
        width = self.size.width
        base = self.rich_style
        if y != 0 or width <= 0:
            return Strip.blank(max(width, 0), base)
        return to_strip(ends_of(self.left, self.rights, width), palette(self.app.theme_variables), base, width)


class LinesPane(ScrollView, can_focus=True):
    """Lines made for the pane's width; only the visible ones are drawn."""

    DEFAULT_CSS = """
    LinesPane { height: 1fr; width: 1fr; padding: 0 1; overflow-x: hidden; overflow-y: auto;
                scrollbar-size-vertical: 1; scrollbar-gutter: stable; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("down,j", "scroll_down", "Down", id="pane.down", show=False),
        Binding("up,k", "scroll_up", "Up", id="pane.up", show=False),
        Binding("ctrl+d,pagedown", "page_down", "Page down", id="pane.page_down", show=False),
        Binding("ctrl+u,pageup", "page_up", "Page up", id="pane.page_up", show=False),
        Binding("g,home", "scroll_home", "Top", id="pane.top", show=False),
        Binding("G,end", "scroll_end", "Bottom", id="pane.bottom", show=False),
    ]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._source: LineSource | None = None
        self._lines: Sequence[Line] = ()
        self._made_for = -1
        self._styles: Palette | None = None

    @property
    def lines(self) -> Sequence[Line]:
        """The lines as last made."""
        return self._lines

    def set_source(self, source: LineSource, *, keep_scroll: bool = False) -> None:
        """Shows new lines, from the top unless the scroll position is to be kept."""
        self._source = source
        self._made_for = -1
        if not keep_scroll:
            self.scroll_to(y=0, animate=False, force=True)
        self._remake()

    def _remake(self) -> None:
        width = self.scrollable_content_region.width
        if self._source is None or width <= 0 or width == self._made_for:
            return
        self._made_for = width
        self._lines = self._source(width)
        self.virtual_size = Size(width, len(self._lines))
        self.refresh()

    def on_resize(self) -> None:
        """Lines are made anew for a new width."""
        self._remake()

    def notify_style_update(self) -> None:
        """A new theme means new colours."""
        super().notify_style_update()
        self._styles = None

    def render_line(self, y: int) -> Strip:
        """One visible line."""
        if self._styles is None:
            self._styles = palette(self.app.theme_variables)
        width, base = self.size.width, self.rich_style
        index = self.scroll_offset.y + y
        if not 0 <= index < len(self._lines):
            return Strip.blank(width, base)
        return to_strip(self._lines[index], self._styles, base, width)
