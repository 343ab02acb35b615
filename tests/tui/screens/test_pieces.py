"""Text before it is drawn: safe, and measured in terminal cells."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from tests.tui.screens.hostile import HOSTILE
from tui.widgets.pieces import Piece, clip, clip_line, ends, fit, line, plain, text_of, width_of, wrap, wrap_lines

ANY_TEXT = st.text(max_size=60)
LINES = st.lists(st.tuples(ANY_TEXT, st.sampled_from(["text", "bad"])), max_size=5).map(lambda parts: line(*parts))
WIDTHS = st.integers(0, 80)


def test_plain_leaves_nothing_a_terminal_acts_on() -> None:
    """No control character, bidirectional override or lone surrogate survives, whatever the text."""
    for text in HOSTILE:
        safe = plain(text)
        assert safe.isprintable() or all(not (ord(c) < 32 or 0x7F <= ord(c) < 0xA0) for c in safe)
        safe.encode("utf-8")


@given(LINES, WIDTHS)
def test_fit_is_exact(pieces: tuple[Piece, ...], width: int) -> None:
    """A fitted line has exactly the cells it was given, wide characters included."""
    assert width_of(fit(pieces, width)) == width
    assert width_of(clip_line(pieces, width)) <= width


@given(ANY_TEXT.map(plain), WIDTHS)
def test_clip_never_exceeds(text: str, width: int) -> None:
    """A clipped text fits; one that fits is left alone."""
    clipped = clip(text, width)
    assert cell_len(clipped) <= max(width, 0)
    if cell_len(text) <= width:
        assert clipped == text


@given(LINES, LINES, st.integers(10, 80))
def test_ends_is_exact(left: tuple[Piece, ...], right: tuple[Piece, ...], width: int) -> None:
    """A line with two ends fills its width and no more."""
    assert width_of(ends(left, right, width)) == width


@given(st.text(alphabet="ab 測🙂", max_size=80), st.integers(4, 40))
def test_wrap_loses_no_letter(text: str, width: int) -> None:
    """Wrapping breaks at spaces or in words, keeps every letter and every line within the width."""
    parts = wrap(text, width)
    assert "".join(parts).replace(" ", "") == text.replace(" ", "")
    assert all(cell_len(part) <= width for part in parts)


def test_wrap_lines_breaks_between_items_only() -> None:
    """An item stands on one line; a broken line keeps its separator."""
    items = [line("last good 02:05"), line("payments 7f3a91"), line("first bad 02:10")]
    lines = wrap_lines(items, 37, Piece(" -- "))
    assert text_of(lines[0]) == "last good 02:05 -- payments 7f3a91 --"
    assert text_of(lines[1]) == "  first bad 02:10"
