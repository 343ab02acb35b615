"""What a screen looks like, as text: its lines, and below them the tones of each line, by name and not by colour.

So one file is the picture of a screen in every theme of ours: where it is light, the same names must come out.
"""

from __future__ import annotations

from itertools import groupby

from rich.color import Color as RichColor
from rich.style import Style
from textual.color import Color
from textual.strip import Strip

from tests.tui.screens.driving import screen_text
from tui.app import CrywolfApp
from tui.colours import Scheme

DIMMED = "dimmed"
"""A colour that is none of the theme's: it shines through a dialog's ground."""


def names_of(scheme: Scheme) -> dict[str, str]:
    """A theme's colours by what they are for; where two are alike, the first of these."""
    variables = scheme.variables
    names = {variables[one]: one.removeprefix("tone-") for one in reversed(variables)}
    grounds = {"background": scheme.background, "panel": scheme.panel, "cursor-row": variables["cursor-row"]}
    return names | {scheme.foreground: "text"} | {colour: name for name, colour in grounds.items()}


def look(app: CrywolfApp, scheme: Scheme) -> str:
    """The screen: its lines, then `row: cells tone/ground, ...` for every row; blanks have no tone."""
    names = names_of(scheme)
    lines = [
        f"{row:>2}: " + ", ".join(f"{width} {name}" for name, width in _runs(strip, names))
        for row, strip in enumerate(app.screen._compositor.render_strips())
    ]
    return "\n".join([screen_text(app), "", *lines, ""])


def colours(app: CrywolfApp) -> set[tuple[int, int, int]]:
    """Every colour on the screen, as red, green and blue."""
    styles = [one.style for strip in app.screen._compositor.render_strips() for one in strip if one.style]
    found = [colour for style in styles for colour in (style.color, style.bgcolor) if colour is not None]
    return {Color.from_rich_color(colour).rgb for colour in found}


def _runs(strip: Strip, names: dict[str, str]) -> list[tuple[str, int]]:
    """Neighbours of one look, with their cells."""
    found: list[tuple[str, int]] = []
    for segment in strip:
        style = segment.style or Style()
        ground = _name(style.bgcolor, names)
        tone = "" if segment.text.isspace() else _name(style.color, names) + ("+" if style.bold else "")
        found.append((f"{tone}/{ground}" if tone else ground, segment.cell_length))
    return [(name, sum(width for _, width in runs)) for name, runs in groupby(found, key=lambda run: run[0])]


def _name(colour: RichColor | None, names: dict[str, str]) -> str:
    if colour is None:
        return "none"
    return names.get(Color.from_rich_color(colour).hex.lower(), DIMMED)
