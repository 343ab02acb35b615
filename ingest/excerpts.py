"""What stands around the place where an input was refused: clean, without secrets, short; for a person to look at."""

from __future__ import annotations

import codecs
import io
import zlib
from collections import deque
from typing import IO, BinaryIO, cast

from ingest.clean import clean_line
from ingest.errors import Refused
from ingest.redact import redact

BEFORE, AFTER = 2, 1
"""Lines shown around the place."""
LINE_CHARS = 160
"""Of a longer line only so much is shown, around the column."""
_PIECE_CHARS = 65_536
_MOST_CHARS = 32 * 1024 * 1024
"""How far a place is looked for."""
_BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def excerpt_around(stream: BinaryIO, line: int | None, column: int | None = None) -> str:
    """Lines around a place with their numbers, `>` before the refused one; empty where it cannot be read.

    Args:
        stream: the input, decompressed; its position is moved.
        line: 1-based; None: how the input begins.
        column: 1-based.
    """
    try:
        stream.seek(0)
        start = stream.read(4)
        stream.seek(0)
        codec = next((name for bom, name in _BOMS if start.startswith(bom)), "utf-8")
        text = io.TextIOWrapper(cast(IO[bytes], stream), encoding=codec, errors="backslashreplace")
        try:
            return _numbered(_lines(text, line or 1, column or 1), line)
        finally:
            text.detach()
    except (Refused, OSError, EOFError, ValueError, zlib.error):
        return ""


def _lines(text: io.TextIOWrapper, line: int, column: int) -> list[tuple[int, str]]:
    """(number, what is shown of it) of the lines around a place."""
    kept: deque[tuple[int, str]] = deque(maxlen=BEFORE + 1 + AFTER)
    number, offset, read = 1, 0, 0
    shown = ""
    while number <= line + AFTER and read < _MOST_CHARS:
        piece = text.readline(_PIECE_CHARS)
        if not piece:
            break
        read += len(piece)
        if offset == 0 or (number == line and offset < column):
            shown = _around(piece, column - offset if number == line else 1)
        offset += len(piece)
        if piece.endswith("\n"):
            kept.append((number, shown))
            number, offset, shown = number + 1, 0, ""
    if offset:
        kept.append((number, shown))
    return [(at, words) for at, words in kept if line - BEFORE <= at <= line + AFTER]


def _around(piece: str, column: int) -> str:
    """The part of a line that stands around a column."""
    words = redact(clean_line(piece.rstrip("\r\n")))
    if len(words) <= LINE_CHARS:
        return words
    start = min(max(0, column - LINE_CHARS // 2), len(words) - LINE_CHARS)
    end = start + LINE_CHARS
    return ("..." if start else "") + words[start:end] + ("..." if end < len(words) else "")


def _numbered(lines: list[tuple[int, str]], refused: int | None) -> str:
    width = len(str(lines[-1][0])) if lines else 1
    return "\n".join(f"{'>' if number == refused else ' '} {number:>{width}} | {words}" for number, words in lines)
