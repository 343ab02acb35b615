"""Pictures as shapes, and shapes as SVG: rectangles, lines and texts, nothing else.

Every text is foreign: it goes in as text, never as markup, without a character that XML or a terminal would act on. The
file holds no script, no link, no style sheet and nothing that is loaded from elsewhere. State is shape as well as
colour.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape, quoteattr

from rich.cells import cell_len

from tui.widgets.pieces import clip, plain

FONT_PX = 12
CELL_PX = 7.3
"""Width of a cell of the fixed-width font at that size."""
FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace"
_NO_XML = re.compile("[^\x09\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, filled, or with a border only."""

    x: float
    y: float
    width: float
    height: float
    colour: str
    is_filled: bool = True


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line through some points."""

    points: tuple[tuple[float, float], ...]
    colour: str
    width: float = 1.0


@dataclass(frozen=True, slots=True)
class Words:
    """A line of text; `y` is its base line."""

    x: float
    y: float
    text: str
    colour: str
    anchor: str = "start"
    """`start`, `middle` or `end`."""
    is_bold: bool = False


Shape = Box | Stroke | Words


@dataclass(frozen=True, slots=True)
class Picture:
    """Shapes on a background, later ones over earlier ones."""

    title: str
    width: float
    height: float
    background: str
    shapes: tuple[Shape, ...]


def fitted(text: str, cells: int) -> str:
    """Foreign text as a picture shows it: one line, cut to so many cells."""
    return clip(_NO_XML.sub("", " ".join(plain(text).split())), cells)


def cells_px(text: str) -> float:
    """How wide a text is."""
    return cell_len(text) * CELL_PX


def svg_of(picture: Picture) -> str:
    """A picture as an SVG document."""
    width, height = f"{picture.width:.0f}", f"{picture.height:.0f}"
    lines = [
        '<?xml version="1.0" encoding="UTF-8"?>',
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}"'
        f' font-family={quoteattr(FONTS)} font-size="{FONT_PX}" role="img">',
        f"<title>{_text(picture.title)}</title>",
        f'<rect width="{width}" height="{height}" fill="{picture.background}"/>',
        *(_svg(shape) for shape in picture.shapes),
        "</svg>",
    ]
    return "\n".join(lines) + "\n"


def _svg(shape: Shape) -> str:
    if isinstance(shape, Box):
        place = f'x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" height="{shape.height:.1f}"'
        look = f'fill="{shape.colour}"' if shape.is_filled else f'fill="none" stroke="{shape.colour}"'
        return f"<rect {place} {look}/>"
    if isinstance(shape, Stroke):
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in shape.points)
        return f'<polyline points="{points}" fill="none" stroke="{shape.colour}" stroke-width="{shape.width:g}"/>'
    weight = ' font-weight="bold"' if shape.is_bold else ""
    anchor = "" if shape.anchor == "start" else f' text-anchor="{shape.anchor}"'
    place = f'x="{shape.x:.1f}" y="{shape.y:.1f}" fill="{shape.colour}"'
    return f'<text {place}{anchor}{weight} xml:space="preserve">{_text(shape.text)}</text>'


def _text(text: str) -> str:
    return escape(_NO_XML.sub("", plain(text)))


def bounds(shapes: Sequence[Shape]) -> tuple[float, float]:
    """(right, bottom) of some shapes."""
    right = bottom = 0.0
    for shape in shapes:
        if isinstance(shape, Box):
            right, bottom = max(right, shape.x + shape.width), max(bottom, shape.y + shape.height)
        elif isinstance(shape, Stroke):
            right = max(right, *(x for x, _ in shape.points))
            bottom = max(bottom, *(y for _, y in shape.points))
        else:
            end = {"start": cells_px(shape.text), "middle": cells_px(shape.text) / 2, "end": 0.0}[shape.anchor]
            right, bottom = max(right, shape.x + end), max(bottom, shape.y + 4)
    return right, bottom


def framed(title: str, shapes: Sequence[Shape], background: str, margin: float = 16) -> Picture:
    """A picture as large as its shapes, with a margin."""
    right, bottom = bounds(shapes)
    return Picture(fitted(title, 200), right + margin, bottom + margin, background, tuple(shapes))
