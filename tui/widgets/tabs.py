"""The modes, and the line of tabs on top of every view. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from rich.cells import cell_len

from tui.widgets.pieces import Line, Piece, line, width_of

Mode = tuple[str, str, str]
"""Digit, name, title."""

MODES: tuple[Mode, ...] = (
    ("1", "triage", "Triage"),
    ("2", "tests", "Tests"),
    ("3", "services", "Services"),
    ("4", "timeline", "Timeline"),
    ("5", "changes", "Changes"),
    ("7", "quarantine", "Quarantine"),
    ("8", "silent", "Silent"),
    ("9", "flows", "Flows"),
)
LIVE: Mode = ("6", "live", "Live")
_SHORT = {"services": "Serv", "timeline": "Time", "quarantine": "Quar"}


class Folding(NamedTuple):
    """How much room the tabs take: with the program's name or without, cells between them, which titles."""

    name: str
    gap: int
    titles: str


FOLDINGS = (
    Folding("crywolf ", 2, "full"),
    Folding("crywolf ", 1, "full"),
    Folding("", 1, "full"),
    Folding("", 1, "short"),
    Folding("", 1, "current"),
)
"""Widest first."""


def shown_modes(*, is_watching: bool) -> tuple[Mode, ...]:
    """Modes in the order of their digits; Live is there when something is watched."""
    return tuple(sorted((*MODES, LIVE))) if is_watching else MODES


def tabs(modes: Sequence[Mode], current: str, width: int = 1000, beside: int = 0) -> Line:
    """Modes, the current one standing out, in so many cells; the name of the program where there is room for it.

    Args:
        beside: cells for what stands at the other end; it gives way before titles do.
    """
    folding = fold(modes, current, width, beside)
    pieces = [Piece(folding.name, "accent")] if folding.name else []
    for n, (digit, mode, title) in enumerate(_titled(modes, current, folding)):
        is_current = mode == current
        if n or folding.name:
            pieces.append(Piece(" " * folding.gap))
        pieces.append(Piece(digit, "accent" if is_current else "muted"))
        if title:
            pieces += [Piece(" "), Piece(title, "strong" if is_current else "muted")]
    return tuple(pieces)


def fold(modes: Sequence[Mode], current: str, width: int, beside: int) -> Folding:
    """The widest folding that fits with what stands beside, else alone, else the narrowest.

    >>> [fold(MODES, "triage", width, 27).titles for width in (118, 78, 40)]
    ['full', 'full', 'current']
    """
    for room in (width - beside, width):
        for folding in FOLDINGS[:3] if room < width else FOLDINGS:
            if _cells(modes, current, folding) <= room:
                return folding
    return FOLDINGS[-1]


def _titled(modes: Sequence[Mode], current: str, folding: Folding) -> Iterator[Mode]:
    for digit, mode, title in modes:
        if folding.titles == "current" and mode != current:
            title = ""
        yield digit, mode, _SHORT.get(mode, title) if folding.titles == "short" else title


def _cells(modes: Sequence[Mode], current: str, folding: Folding) -> int:
    tabs_cells = [cell_len(f"{digit} {title}".rstrip()) for digit, _, title in _titled(modes, current, folding)]
    gaps = len(tabs_cells) if folding.name else len(tabs_cells) - 1
    return cell_len(folding.name) + sum(tabs_cells) + folding.gap * gaps


def scope_beside(left: Line, words: str, dot: str, width: int) -> Line:
    """What is looked at, at the other end of so many cells; where there is no room, only its last words."""
    separator = f" {dot} "
    room = width - width_of(left) - 2
    wordings = (words, separator.join(words.split(separator)[-2:]))
    return line((next((one for one in wordings if cell_len(one) <= room), ""), "muted"))


def tab_at(modes: Sequence[Mode], current: str, x: int, width: int, beside: int = 0) -> str | None:
    """Name of the mode whose tab covers a cell of the line of tabs."""
    folding = fold(modes, current, width, beside)
    left = cell_len(folding.name) - (0 if folding.name else folding.gap)
    for digit, mode, title in _titled(modes, current, folding):
        size = folding.gap + cell_len(f"{digit} {title}".rstrip())
        if left <= x < left + size:
            return mode
        left += size
    return None
