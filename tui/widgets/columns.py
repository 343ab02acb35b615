"""Columns of a table: which fit into a width, in which order they fold away, and a row laid out in them. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from tui.widgets.pieces import Cell, Line, Piece, fit

Row = Sequence[Cell]
GAP = 2


@dataclass(frozen=True, slots=True)
class Fold:
    """One step of giving up room: in the order of `rank` over all columns, to this width; 0 leaves the column out."""

    rank: int
    width: int


@dataclass(frozen=True, slots=True)
class Column:
    """A column; the one that is flexible takes what the others leave."""

    key: str
    title: str
    width: int
    align: str = "left"
    folds: tuple[Fold, ...] = ()
    is_flexible: bool = False
    short: str = ""
    """The title where the full one does not fit."""
    most: int = 0
    """It grows to this width once the flexible ones have twice theirs."""

    def heading(self, width: int, sign: str = "") -> Line:
        """The title for a width, with the sign of the order."""
        tail = f" {sign}" if sign else ""
        is_full = cell_len(self.title + tail) <= width or not self.short
        return (Piece((self.title if is_full else self.short) + tail),)


def place(columns: Sequence[Column], available: int) -> tuple[int, ...]:
    """A width for each column so that all fit into `available` cells, folding in order of rank; 0 is left out.

    What is spare goes to the flexible ones that are there, the same to each, and in between to those that grow; what is
    missing is the first one's.

    >>> columns = (Column("a", "A", 10, is_flexible=True), Column("b", "B", 8, folds=(Fold(1, 3), Fold(2, 0))))
    >>> place(columns, 30), place(columns, 16), place(columns, 12)
    ((20, 8), (11, 3), (12, 0))
    >>> columns = (Column("a", "A", 10, is_flexible=True), Column("b", "B", 8, most=12))
    >>> place(columns, 30), place(columns, 32), place(columns, 40)
    ((20, 8), (20, 10), (26, 12))
    """
    widths = [column.width for column in columns]
    steps = sorted((fold.rank, index, fold.width) for index, column in enumerate(columns) for fold in column.folds)
    for _, index, width in steps:
        if _taken(widths) <= available:
            break
        widths[index] = width
    spare = available - _taken(widths)
    flexible = [index for index, column in enumerate(columns) if column.is_flexible and widths[index]]
    beyond = spare - sum(columns[index].width for index in flexible)
    for index, column in enumerate(columns):
        if widths[index] and column.most > widths[index] and beyond > 0:
            more = min(column.most - widths[index], beyond)
            widths[index] += more
            beyond, spare = beyond - more, spare - more
    for place_of, index in enumerate(flexible[: 1 if spare < 0 else None]):
        share = spare if spare < 0 else (spare + place_of) // len(flexible)
        widths[index] = max(widths[index] + share, 0)
    return tuple(widths)


def _taken(widths: Sequence[int]) -> int:
    shown = [width for width in widths if width]
    return sum(shown) + GAP * max(len(shown) - 1, 0)


def column_at(columns: Sequence[Column], widths: Sequence[int], x: int) -> str | None:
    """Key of the column at a cell of the row."""
    left = 0
    for column, width in zip(columns, widths, strict=True):
        if width and left <= x < left + width + GAP:
            return column.key
        left += width + GAP if width else 0
    return None


def row_line(row: Row, columns: Sequence[Column], widths: Sequence[int], mark: Piece, ellipsis: str) -> Line:
    """A row's cells side by side behind its mark."""
    pieces: list[Piece] = [mark]
    for cell, column, size in zip(row, columns, widths, strict=False):
        if not size:
            continue
        if len(pieces) > 1:
            pieces.append(Piece(" " * GAP))
        pieces += fit(cell(size) if callable(cell) else cell, size, column.align, ellipsis)
    return tuple(pieces)


def natural(text: str) -> tuple[tuple[int, float, str], ...]:
    """Text as a sort key: ages and numbers by their size, letters regardless of case; nothing and a dash have no key.

    >>> natural("run 9") < natural("Run 10"), natural("50 min") < natural("4 h 20") < natural("1 d"), natural("-")
    (True, True, ())
    """
    if text.strip() in ("", "-", "\u2013", "\u2014", "\u2212"):
        return ()
    if (age := _AGE.fullmatch(text.strip())) is not None:
        return ((0, int(age[1]) * _SECONDS[age[2]] + int(age[3] or 0) * _SECONDS[age[2]] / 60, ""),)
    parts = _NUMBER.split(text.casefold().replace(",", ""))
    return tuple((0, float(part), "") if _NUMBER.fullmatch(part) else (1, 0.0, part) for part in parts if part)


_NUMBER = re.compile(r"(\d+(?:\.\d+)?|(?<!\d)\.\d+)", re.ASCII)
_AGE = re.compile(r"(\d+) (s|min|h|d|w)(?: (\d\d))?", re.ASCII)
_SECONDS = {"s": 1, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
