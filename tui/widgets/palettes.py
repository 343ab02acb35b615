"""Tones to styles of a theme: the one place where a meaning becomes a colour."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from rich.style import Style

from tui.widgets.pieces import TONES

if TYPE_CHECKING:
    from rich.color import Color

_BOLD = frozenset({"strong", "bad", "outage", "unowned"})

Palette = dict[str, Style]


def palette(variables: Mapping[str, str]) -> Palette:
    """A rich style for every tone, foreground only, from a theme's variables."""
    styles = {"text": Style()}
    for tone in TONES[1:]:
        styles[tone] = Style(color=_colour(variables.get(f"tone-{tone}")), bold=tone in _BOLD or None)
    return styles


def _colour(text: str | None) -> str | Color | None:
    """A theme's colour for rich, which knows none of Textual's own names; the terminal's where it is none."""
    if text is None or text.startswith("#"):
        return text
    from textual.color import Color, ColorParseError  # here: the first frame is drawn without it

    try:
        return Color.parse(text).rich_color
    except ColorParseError:
        return None
