"""Pictures as PNG, drawn by Pillow: an extra, since few want it. `pipx inject crywolf pillow` brings it."""

from __future__ import annotations

from io import BytesIO
from typing import Any

from tui.errors import NeedsExtra
from tui.exports.pictures import FONT_PX, Box, Picture, Stroke, Words, cells_px

SCALE = 2
"""Pixels for each of the picture's, for sharp text."""
_FONTS = ("DejaVuSansMono.ttf", "Menlo.ttc", "consola.ttf", "LiberationMono-Regular.ttf", "NotoSansMono-Regular.ttf")


def png_of(picture: Picture) -> bytes:
    """A picture as PNG.

    Raises:
        tui.errors.NeedsExtra: Pillow is not installed; with what installs it.
    """
    try:
        from PIL import Image, ImageDraw
    except ImportError as problem:
        raise NeedsExtra("PNG", "pillow") from problem
    size = (round(picture.width * SCALE), round(picture.height * SCALE))
    image = Image.new("RGB", size, picture.background)
    draw, font = ImageDraw.Draw(image), _font()
    for shape in picture.shapes:
        if isinstance(shape, Box):
            corners = _scaled(shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
            look = {"fill": shape.colour} if shape.is_filled else {"outline": shape.colour, "width": SCALE}
            draw.rectangle(_inside(corners), **look)
        elif isinstance(shape, Stroke):
            points = [(x * SCALE, y * SCALE) for x, y in shape.points]
            draw.line(points, fill=shape.colour, width=max(round(shape.width * SCALE), 1))
        else:
            _write(draw, font, shape)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _scaled(*numbers: float) -> list[float]:
    return [number * SCALE for number in numbers]


def _inside(corners: list[float]) -> list[float]:
    """Pillow draws the last row and column too."""
    left, top, right, bottom = corners
    return [left, top, max(right - 1, left), max(bottom - 1, top)]


def _write(draw: Any, font: Any, words: Words) -> None:
    """Text in the cells that the layout gave it, whatever the font's own width is."""
    width = cells_px(words.text)
    x = words.x - {"start": 0.0, "middle": width / 2, "end": width}[words.anchor]
    draw.text((x * SCALE, words.y * SCALE), words.text, fill=words.colour, font=font, anchor="ls")


def _font() -> Any:
    """A fixed-width font of the machine, else the one that Pillow brings."""
    from PIL import ImageFont

    for name in _FONTS:
        try:
            return ImageFont.truetype(name, FONT_PX * SCALE)
        except OSError:
            continue
    return ImageFont.load_default(FONT_PX * SCALE)
