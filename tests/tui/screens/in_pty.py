"""Programs in a terminal of their own: what they send to it, and how they end."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import struct
import subprocess
import termios
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

PATIENCE_S = 120.0
"""Without a byte; loose, since the machine may be busy."""
ROOT = Path(__file__).resolve().parents[3]


class Sent(NamedTuple):
    """What a terminal got, and the program's exit code."""

    code: int
    text: str


class InTerminal:
    """A program that has the other end of a terminal."""

    def __init__(self, terminal: int, child: subprocess.Popen[bytes]) -> None:
        self._terminal, self._child = terminal, child
        self.sent = b""

    def type(self, keys: str) -> None:
        """Keys, as a person types them."""
        os.write(self._terminal, keys.encode())

    def wait_for(self, text: str) -> None:
        """Until the terminal was sent a text."""
        while text.encode() not in self.sent:
            if not self._read():
                raise AssertionError(f"{text!r} was never sent: {self.sent[-2000:]!r}")

    def end(self) -> Sent:
        """All that it still sends, until it ends."""
        while self._read():
            pass
        return Sent(self._child.wait(PATIENCE_S), self.sent.decode("utf-8", "replace"))

    def _read(self) -> bool:
        """Whether something came; nothing does once the other side is closed."""
        if not select.select([self._terminal], [], [], PATIENCE_S)[0]:
            raise AssertionError(f"nothing was sent for {PATIENCE_S} s: {self.sent[-2000:]!r}")
        try:
            block = os.read(self._terminal, 65_536)
        except OSError:
            return False
        self.sent += block
        return bool(block)


@contextmanager
def in_terminal(
    command: Sequence[str], folder: Path, *, width: int = 80, height: int = 24, **more: str
) -> Iterator[InTerminal]:
    """A program in a terminal, with a folder as its home and place; it is gone in the end.

    Args:
        more: variables of its environment.
    """
    ours, theirs = pty.openpty()
    try:
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))
        environ = surroundings(folder) | more
        with subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, cwd=folder, start_new_session=True
        ) as child:
            os.close(theirs)
            try:
                yield InTerminal(ours, child)
            finally:
                child.kill()
    finally:
        os.close(ours)


def surroundings(home: Path) -> dict[str, str]:
    """The environment of a program in a terminal that is able to do everything."""
    environ = {**os.environ, "HOME": str(home), "TERM": "xterm-256color", "COLORTERM": "truecolor", "EDITOR": "true"}
    environ |= {"PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    environ |= {f"XDG_{one}_HOME": str(home / one.lower()) for one in ("STATE", "CONFIG", "DATA", "CACHE")}
    for name in ("COLUMNS", "LINES", "NO_COLOR", "CRYWOLF_DB", "CRYWOLF_ASCII", "VISUAL", "TMUX"):
        environ.pop(name, None)
    return environ
