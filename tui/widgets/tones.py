"""Tones to styles of the current theme: the one place where a meaning becomes a colour."""

from __future__ import annotations

from collections.abc import Mapping

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from tui.widgets.pieces import TONES, Line

_BOLD = frozenset({"strong", "bad", "outage", "unowned"})

Palette = dict[str, Style]


def palette(variables: Mapping[str, str]) -> Palette:
    """A rich style for every tone, foreground only, from an app's theme variables."""
    styles = {"text": Style()}
    for tone in TONES[1:]:
        styles[tone] = Style(color=variables.get(f"tone-{tone}"), bold=tone in _BOLD or None)
    return styles


def to_segments(pieces: Line, styles: Palette, base: Style) -> list[Segment]:
    """Segments for the line API; each has a style, since blank ones get no background by themselves."""
    return [Segment(piece.text, base + styles[piece.tone]) for piece in pieces]


def to_strip(pieces: Line, styles: Palette, base: Style, width: int) -> Strip:
    """A line as a strip of exactly so many cells."""
    return Strip(to_segments(pieces, styles, base)).adjust_cell_length(width, base)
