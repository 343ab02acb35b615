"""Standard output and error of a command: whatever is written there, nothing acts on the terminal that shows it.

Foreign text is made safe before it is stored; who has the file of a store may have written something else into it. So
it is looked at once more where it leaves: colours disappear, every other character that a terminal would act on is
written as its number, `\\u001b`, which in a JSON document means the same character. What draws with sequences of its
own (tables in colour, progress, the line that `watch` writes anew) makes its texts inert itself and asks for `drawing`.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import TextIO, cast

_COLOURS = re.compile(r"\x1b\[[0-9;:]*m")
_ACTING = re.compile(
    r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f"  # C0 but newline and tab, DEL, C1
    r"\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]"  # bidirectional controls
    r"|\r(?!\n)"
)


def inert(text: str) -> str:
    """Text on which no terminal acts; line breaks and tabs stay.

    >>> inert("\\x1b[31mred\\x1b[0m \\x1b[2Jb\\r\\n")
    'red \\\\u001b[2Jb\\r\\n'
    """
    if _ACTING.search(text) is None:
        return text
    return _ACTING.sub(lambda found: f"\\u{ord(found[0]):04x}", _COLOURS.sub("", text))


class InertStream:
    """A stream of which nothing acts; all but writing is the stream's own."""

    def __init__(self, stream: TextIO) -> None:
        self.drawing = stream

    def write(self, text: str) -> int:
        """Write text, made inert; the number of characters that it had."""
        self.drawing.write(inert(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        """Write several texts."""
        for text in lines:
            self.write(text)

    def __getattr__(self, name: str) -> object:
        return getattr(self.drawing, name)


def drawing(stream: TextIO) -> TextIO:
    """The stream below an inert one, for those who send sequences of their own."""
    return stream.drawing if isinstance(stream, InertStream) else stream


def prepare_streams() -> None:
    """Standard streams of the `crywolf` script: open, in UTF-8 whatever the locale, and inert."""
    _open_streams()
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")
        setattr(sys, name, cast(TextIO, InertStream(stream)))


def _open_streams() -> None:
    """Standard streams that were closed lead nowhere, so that no file of ours takes their place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            descriptor = os.open(os.devnull, os.O_RDWR)  # the lowest that is free: its own
            os.set_inheritable(descriptor, True)
            setattr(sys, name, open(descriptor, mode, closefd=False))  # noqa: SIM115 - as long as the process is there
