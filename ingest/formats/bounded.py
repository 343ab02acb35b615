"""Text that arrives in pieces, kept within bounds: its head, its tail, and how much is missing between them."""

from __future__ import annotations

from ingest.clean import left_out


class BoundedText:
    """Collects pieces of one text; keeps at most `room` characters from its start and as many from its end."""

    __slots__ = ("_dropped", "_head", "_room", "_size", "_tail", "_tail_size")

    def __init__(self, room: int) -> None:
        self._room = room
        self._head: list[str] = []
        self._size = 0
        self._tail: list[str] = []
        self._tail_size = 0
        self._dropped = 0

    def add(self, piece: str) -> None:
        """Take the next piece."""
        free = self._room - self._size
        if free >= len(piece):
            self._head.append(piece)
            self._size += len(piece)
            return
        if free > 0:
            self._head.append(piece[:free])
            self._size = self._room
            piece = piece[free:]
        self._tail.append(piece)
        self._tail_size += len(piece)
        if self._tail_size > 2 * self._room:
            self._shorten()

    def text(self) -> str:
        """The text, or its head and tail with a marker between them that says how many characters were left out."""
        self._shorten()
        head, tail = "".join(self._head), "".join(self._tail)
        return f"{head}{left_out(self._dropped)}{tail}" if self._dropped else head + tail

    def _shorten(self) -> None:
        excess = self._tail_size - self._room
        if excess <= 0:
            return
        tail = "".join(self._tail)[excess:]
        self._tail, self._tail_size = [tail], len(tail)
        self._dropped += excess
