"""Lines of pieces as Textual draws them: segments and strips."""

from __future__ import annotations

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.widgets.palettes import Palette
from tui.widgets.pieces import Line


def to_segments(pieces: Line, styles: Palette, base: Style) -> list[Segment]:
    """Segments for the line API; each has a style, since blank ones get no background by themselves."""
    return [Segment(piece.text, base + styles[piece.tone]) for piece in pieces]


def to_strip(pieces: Line, styles: Palette, base: Style, width: int) -> Strip:
    """A line as a strip of exactly so many cells."""
    return Strip(to_segments(pieces, styles, base)).adjust_cell_length(width, base)
