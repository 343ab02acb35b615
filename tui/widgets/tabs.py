"""The modes, and the line of tabs on top of every view. Pure."""

from __future__ import annotations

from collections.abc import Sequence

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
)
LIVE: Mode = ("6", "live", "Live")


def shown_modes(*, is_watching: bool) -> tuple[Mode, ...]:
    """Modes in the order of their digits; Live is there when something is watched."""
    return tuple(sorted((*MODES, LIVE))) if is_watching else MODES


def tabs(modes: Sequence[Mode], current: str) -> Line:
    """Name and modes; the current one stands out."""
    pieces = [Piece("crywolf", "accent"), Piece(" ")]
    for digit, mode, title in modes:
        tone = "strong" if mode == current else "muted"
        pieces += [Piece("  "), Piece(digit, "accent" if mode == current else "muted"), Piece(" ")]
        pieces.append(Piece(title, tone))
    return tuple(pieces)


def scope_beside(left: Line, words: str, dot: str, width: int) -> Line:
    """What is looked at, at the other end of so many cells; where there is no room, only its last words."""
    separator = f" {dot} "
    room = width - width_of(left) - 2
    wordings = (words, separator.join(words.split(separator)[-2:]))
    return line((next((one for one in wordings if cell_len(one) <= room), ""), "muted"))


def tab_at(modes: Sequence[Mode], x: int) -> str | None:
    """Name of the mode whose tab covers a cell of the line."""
    left = cell_len("crywolf ")
    for digit, mode, title in modes:
        width = 2 + cell_len(f"{digit} {title}")
        if left <= x < left + width:
            return mode
        left += width
    return None
