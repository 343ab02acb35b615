"""Pictures: what they show, that nothing in them acts, and what PNG needs."""

from __future__ import annotations

import importlib.util
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hostile_names import HOSTILE_NAMES
from tests.tui.commands.conftest import run_in
from tui.errors import NeedsExtra
from tui.exports.graph_drawing import layers_of
from tui.exports.pictures import Box, Picture, Shape, Stroke, Words, fitted, framed, svg_of
from tui.exports.png import png_of

SVG = "{http://www.w3.org/2000/svg}"
HAS_PILLOW = importlib.util.find_spec("PIL") is not None
ALLOWED = {
    *("x", "y", "width", "height", "fill", "stroke", "stroke-width", "points", "text-anchor", "font-weight"),
    *("viewBox", "font-family", "font-size", "role", "{http://www.w3.org/XML/1998/namespace}space"),
}


def picture(*shapes: Shape) -> Picture:
    """Some shapes on white."""
    return framed("a picture", shapes, "#ffffff")


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=range(len(HOSTILE_NAMES)))
def test_no_name_acts(name: str) -> None:
    """As title and as text: parsed back there are our elements and attributes only, and no character that acts."""
    text = svg_of(framed(name, [Words(0, 10, fitted(name, 40), "#000000"), Words(0, 30, name, "#000000")], "#ffffff"))
    root = ET.fromstring(text)
    for one in root.iter():
        assert one.tag.removeprefix(SVG) in {"svg", "title", "rect", "text"}
        assert set(one.attrib) <= ALLOWED
    assert not [c for c in text if (ord(c) < 32 and c != "\n") or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E]
    assert "<!" not in text


@given(st.text(max_size=60))
def test_any_text_parses(text: str) -> None:
    """Whatever is written, the document is XML, and its title is one line."""
    root = ET.fromstring(svg_of(framed(text, [Words(0, 0, fitted(text, 20), "#000000")], "#ffffff")))
    assert "\n" not in (root.find(f"{SVG}title").text or "")  # type: ignore[union-attr]


def test_a_picture_is_as_large_as_what_is_in_it() -> None:
    """With the margin, to the right and below."""
    made = picture(Box(10, 10, 80, 20, "#111111"), Stroke(((0, 0), (50, 70)), "#222222"))
    assert (made.width, made.height) == (106, 86)


@pytest.mark.skipif(not HAS_PILLOW, reason="Pillow is not installed: the extra `pictures` brings it")
def test_png() -> None:
    """The same shapes, twice as many pixels, in their places and colours; any name can be drawn."""
    from io import BytesIO

    from PIL import Image

    names = [Words(0, 100 + 16 * n, fitted(name, 30), "#000000") for n, name in enumerate(HOSTILE_NAMES)]
    made = picture(Box(10, 10, 80, 20, "#b34700"), Stroke(((0, 60), (50, 60)), "#005ea8", 2), *names)
    image = Image.open(BytesIO(png_of(made)))
    assert image.size == (round(made.width * 2), round(made.height * 2))
    assert image.getpixel((60, 40)) == (0xB3, 0x47, 0x00)
    assert image.getpixel((40, 120)) == (0x00, 0x5E, 0xA8)
    assert image.getpixel((image.width - 1, 0)) == (255, 255, 255)


@pytest.fixture
def _without_pillow(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra was not installed."""
    monkeypatch.setitem(sys.modules, "PIL", None)


@pytest.mark.usefixtures("_without_pillow")
def test_png_without_pillow_names_the_remedy() -> None:
    """One sentence, with the command."""
    with pytest.raises(NeedsExtra, match="pipx inject crywolf pillow"):
        png_of(picture(Box(0, 0, 1, 1, "#000000")))


@pytest.mark.parametrize("what", ["timeline", "services", "graph", "test"])
def test_command(story_folder: Path, what: str) -> None:
    """SVG by default, the same bytes every time, from facts alone."""
    arguments = ["export", "picture", what, *(["sends_receipt"] if what == "test" else [])]
    first = run_in(story_folder, *arguments)
    assert first.code == 0, first.err
    assert ET.fromstring(first.out).tag == f"{SVG}svg"
    assert run_in(story_folder, *arguments).out == first.out
    dark = run_in(story_folder, *arguments, "--theme", "dark")
    assert dark.out != first.out


def test_command_says_what_is_wrong(story_folder: Path) -> None:
    """A test without its name, a name that is not wanted, a file that ends otherwise, nothing to draw."""
    assert "name the test" in run_in(story_folder, "export", "picture", "test").err
    assert "takes no name" in run_in(story_folder, "export", "picture", "graph", "x").err
    assert "neither .svg nor .png" in run_in(story_folder, "export", "picture", "graph", "-o", "x.jpg").err
    nothing = run_in(story_folder, "export", "picture", "flows")
    assert (nothing.code, nothing.out) == (0, "")
    assert "nothing to draw" in nothing.err


def test_layers() -> None:
    """A service stands right of all that call it, however long the way; circles are cut; alone it stands left."""
    calls = {"web": ["pay", "cart"], "cart": ["stock"], "stock": ["pay"], "pay": [], "mail": []}
    assert layers_of(calls) == {"web": 0, "cart": 1, "stock": 2, "pay": 3, "mail": 0}
    assert layers_of({"a": ["b"], "b": ["a"]}) == {"a": 0, "b": 1}
    assert layers_of({}) == {}
