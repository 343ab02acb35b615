"""Text with tones before it is drawn: pure, measured in terminal cells, safe for any foreign string.

A tone names what a colour means (`bad`, `muted`); the theme decides how it looks. Foreign text enters through `plain`,
which leaves nothing that a terminal could act on; nothing here is ever parsed as markup.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import NamedTuple

from rich.cells import cell_len, get_character_cell_size, set_cell_size

TONES = ("text", "strong", "muted", "faint", "bad", "outage", "unowned", "good", "accent")

_UNSAFE = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
_SPACES = {"\n": " ", "\t": " ", "\r": " ", "\u2028": " ", "\u2029": " "}


class Piece(NamedTuple):
    """A stretch of text in one tone."""

    text: str
    tone: str = "text"


Line = tuple[Piece, ...]
"""One line of pieces; never holds a line break."""

Cell = Line | Callable[[int], Line]
"""What stands in a table's cell: a line, or a line that depends on the width it gets."""


def plain(text: str) -> str:
    """Foreign text with every control, bidirectional override and lone surrogate removed; line breaks become spaces.

    >>> plain("a\\x1b[2Jb\\nc")
    'a[2Jb c'
    """
    if _UNSAFE.search(text) is None:
        return text
    return _UNSAFE.sub(lambda match: _SPACES.get(match.group(), ""), text)


def line(*parts: str | tuple[str, str]) -> Line:
    """A line from strings and (text, tone) pairs; every text is made plain, empty ones are dropped.

    >>> line("a", ("b", "bad"))
    (Piece(text='a', tone='text'), Piece(text='b', tone='bad'))
    """
    pieces = (Piece(plain(p)) if isinstance(p, str) else Piece(plain(p[0]), p[1]) for p in parts)
    return tuple(piece for piece in pieces if piece.text)


def width_of(pieces: Line) -> int:
    """Cells that a line takes."""
    return sum(cell_len(piece.text) for piece in pieces)


def text_of(pieces: Line) -> str:
    """A line without its tones."""
    return "".join(piece.text for piece in pieces)


_USUAL = ContextVar("ellipsis", default="…")


@contextmanager
def using_ellipsis(ellipsis: str) -> Iterator[None]:
    """What stands where a text is cut and nothing else is said, in the block and in tasks that it begins."""
    token = _USUAL.set(ellipsis)
    try:
        yield
    finally:
        _USUAL.reset(token)


def clip(text: str, width: int, ellipsis: str = "") -> str:
    """Text cut to so many cells, with an ellipsis where something is lost.

    >>> clip("checkout", 5), clip("checkout", 8), clip("測試測試", 4)
    ('chec…', 'checkout', '測 …')
    """
    if width <= 0:
        return ""
    ellipsis = ellipsis or _USUAL.get()
    head = text if len(text) <= 4 * width else text[: 4 * width]
    if len(head) == len(text) and cell_len(text) <= width:
        return text
    if width <= len(ellipsis):
        return ellipsis[:width]
    return set_cell_size(head, width - len(ellipsis)) + ellipsis


def clip_line(pieces: Line, width: int, ellipsis: str = "") -> Line:
    """A line cut to so many cells; the piece that crosses the edge gets the ellipsis."""
    if width_of(pieces) <= width:
        return pieces
    kept: list[Piece] = []
    left = width
    for index, piece in enumerate(pieces):
        size = cell_len(piece.text)
        is_last = index == len(pieces) - 1
        if size < left or (size == left and is_last):
            kept.append(piece)
            left -= size
            continue
        kept.append(Piece(clip(piece.text + ("" if is_last else " "), left, ellipsis), piece.tone))
        break
    return tuple(piece for piece in kept if piece.text)


def fit(pieces: Line, width: int, align: str = "left", ellipsis: str = "") -> Line:
    """A line of exactly so many cells: cut, or padded on the side away from `align`."""
    clipped = clip_line(pieces, width, ellipsis)
    blank = width - width_of(clipped)
    if blank <= 0:
        return clipped
    pad = (Piece(" " * blank),)
    return pad + clipped if align == "right" else clipped + pad


def ends(left: Line, right: Line, width: int, gap: int = 2) -> Line:
    """One line with two ends; where both do not fit, each is cut, the right one to two fifths at most.

    >>> text_of(ends(line("left"), line("right"), 12)), text_of(ends(line("a long left end"), line("right end"), 16))
    ('left   right', 'a long …  right…')
    """
    if not right:
        return fit(left, width)
    room = max(width - width_of(left) - gap, width * 2 // 5)
    kept = clip_line(right, min(room, width))
    return (*fit(left, max(width - width_of(kept) - gap, 0)), Piece(" " * gap), *kept)


def ends_of(left: Line, rights: Sequence[Line], width: int, gap: int = 2) -> Line:
    """One line with two ends: of the right ones the first that fits beside the left one, else the shortest.

    >>> text_of(ends_of(line("2 real"), (line("6 pipelines"), line("6")), 18))
    '2 real           6'
    """
    room = width - width_of(left) - gap
    return ends(left, next((one for one in rights if width_of(one) <= room), min(rights, key=width_of)), width, gap)


def joined(lines: Iterable[Line], separator: Piece) -> Line:
    """Lines one after the other with a separator between."""
    result: list[Piece] = []
    for pieces in lines:
        if not pieces:
            continue
        if result:
            result.append(separator)
        result.extend(pieces)
    return tuple(result)


def wrap(text: str, width: int, hang: int = 0) -> list[str]:
    """Foreign text as lines of at most `width` cells, broken at spaces where there are any.

    Args:
        hang: cells by which what goes on stands further right than what it goes on from.

    >>> wrap("expected 200 but was 503", 12), wrap("  at Checkout.pays", 12, hang=2)
    (['expected 200', 'but was 503'], ['  at Checkou', '    t.pays'])
    """
    result: list[str] = []
    width = max(width, 4)
    for raw in text.splitlines() or [""]:
        one = plain(raw.expandtabs(4))
        lines = _wrap_one(one, width)
        if hang and len(lines) > 1:
            indent = min(len(one) - len(one.lstrip(" ")) + hang, width // 2)
            rest = _wrap_one(one[len(lines[0]) :].lstrip(), width - indent)
            lines = [lines[0], *(" " * indent + part for part in rest)]
        result.extend(lines)
    return result


def _wrap_one(text: str, width: int) -> list[str]:
    lines: list[str] = []
    while cell_len(text[: width + 1]) > width or len(text) > width:
        cut = _cut_at(text, width)
        space = text.rfind(" ", 0, cut + 1)
        if space > width // 3:
            lines.append(text[:space].rstrip())
            text = text[space:].lstrip()
        else:
            lines.append(text[:cut])
            text = text[cut:]
    return [*lines, text] if text or not lines else lines


def hanging(one: Line, width: int, indent: int = 2) -> list[Line]:
    """A line in as many as it takes: its last piece is broken at spaces, and what goes on is indented.

    >>> [text_of(part) for part in hanging(line(("4 s  ", "muted"), "expected 200 but was 503"), 18)]
    ['4 s  expected 200', '  but was 503']
    """
    if width_of(one) <= width:
        return [one]
    *before, (text, tone) = one
    first, *rest = wrap(text, width - width_of(tuple(before)))
    later = wrap(" ".join(rest), width - indent) if rest else []
    return [(*before, Piece(first, tone)), *((Piece(" " * indent), Piece(part, tone)) for part in later)]


def _cut_at(text: str, width: int) -> int:
    """Index of the first character that no longer fits; at least 1."""
    used = 0
    for index, character in enumerate(text):
        used += get_character_cell_size(character)
        if used > width:
            return max(index, 1)
    return len(text)


def wrap_lines(items: Sequence[Line], width: int, separator: Piece, indent: int = 2) -> list[Line]:
    """Items flowed into lines of at most `width` cells, broken only between items; later lines are indented."""
    lines: list[Line] = []
    current: Line = ()
    for item in items:
        candidate = (*current, separator, *item) if current else item
        if current and width_of(candidate) > width:
            lines.append((*current, Piece(separator.text.rstrip(), separator.tone)))
            current = (Piece(" " * indent), *item)
        else:
            current = candidate
    return [clip_line(one, width) for one in (*lines, current) if one]
