"""A dialog over a view: it closes once, however often it is told to, and the view is seen through its colour."""

from __future__ import annotations

from functools import lru_cache

from rich.segment import Segment
from rich.style import Style
from textual.app import RenderResult
from textual.await_complete import AwaitComplete
from textual.color import Color
from textual.css.styles import RulesMap
from textual.renderables.background_screen import BackgroundScreen
from textual.screen import ModalScreen, Screen, ScreenResultType
from textual.strip import Strip
from textual.style import Style as VisualStyle
from textual.visual import RenderOptions, Visual

from tui.screens.paced import PacedScreen


class Dialog(PacedScreen[ScreenResultType], ModalScreen[ScreenResultType]):
    """A dialog over a view.

    Textual pops whatever is on top when a screen is dismissed (8.2.8): of two keys that close a dialog, pressed before
    it is gone, the second would close the view beneath, or fail where there is none.
    """

    def dismiss(self, result: ScreenResultType | None = None) -> AwaitComplete:
        """Closes the dialog with a result, unless it is closed already."""
        return super().dismiss(result) if self.is_active else AwaitComplete()

    def render(self) -> RenderResult:  # type: ignore[override]  # of what a widget may render, screens name less
        """What is beneath, tinted."""
        beneath = super().render()
        return Tinted(beneath.screen, beneath.color) if isinstance(beneath, BackgroundScreen) else beneath


class Tinted(Visual):
    """A screen under a translucent colour, each of its styles mixed once; Textual (8.2.8) mixes them for each piece."""

    def __init__(self, screen: Screen[object], tint: Color) -> None:
        self._screen, self._tint = screen, tint

    def render_strips(self, width: int, height: int | None, style: VisualStyle, options: RenderOptions) -> list[Strip]:
        """As wide as the screen is."""
        base, tint = style.rich_style, self._tint
        return [
            Strip([Segment(text, mixed(base, style, tint)) for text, style, _ in strip], strip.cell_length)
            for strip in self._screen._compositor.render_strips()
        ]

    def get_optimal_width(self, rules: RulesMap, container_width: int) -> int:
        """All there is."""
        return container_width

    def get_height(self, rules: RulesMap, width: int) -> int:
        """The screen's."""
        return self._screen.size.height


@lru_cache(maxsize=1024)
def mixed(base: Style, style: Style | None, tint: Color) -> Style:
    """A style on top of a screen's own, its colours under a tint, and without anything that can be clicked."""
    bare = style.clear_meta_and_links() if style is not None else Style()
    under = [
        (Color.from_rich_color(one) + tint).rich_color if one is not None else None
        for one in (bare.color, bare.bgcolor)
    ]
    return base + bare + Style.from_color(*under)
