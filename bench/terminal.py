"""The end of a pseudo-terminal in which a dashboard that is measured runs: keys go in, drawings come out."""

from __future__ import annotations

import fcntl
import os
import pty
import select
import signal
import struct
import termios
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import ROOT
from bench.watchdog import resident_megabytes

COLUMNS, LINES = 120, 40
PATIENCE_S = 120.0
APART_S = 0.03
"""What comes later than this after what came before is another drawing."""


@dataclass(frozen=True, slots=True)
class Answered:
    """A key that something was drawn after."""

    key: str
    taken_ms: float
    queued_ms: float
    """Of it, what the dashboard's first thread waited for a processor."""
    computed_ms: float
    """What all threads of the dashboard computed meanwhile."""


class Screen:
    """A pseudo-terminal in which the dashboard runs."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.began, self.frames, self._drawn = time.perf_counter(), 0, 0.0
        self._last = b""
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_STATE_HOME": str(folder)}
            environ |= {"EDITOR": "true", "VISUAL": "true"}  # one that a late key opens would wait for ever
            os.execve(command[0], list(command), environ)
        self.resize(COLUMNS, LINES)

    def resize(self, columns: int, lines: int) -> None:
        """Another size; the kernel tells the dashboard."""
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))

    def read(self, wait_s: float) -> bytes:
        """What is drawn within a time; empty: nothing."""
        if not select.select([self.terminal], [], [], wait_s)[0]:
            return b""
        try:
            found, now = os.read(self.terminal, 65_536), time.perf_counter()
        except OSError as problem:
            raise SystemExit(f"the dashboard has ended: {self._last[-3000:].decode(errors='replace')}") from problem
        self._last = (self._last + found)[-20_000:]
        self.frames += now - self._drawn > APART_S
        self._drawn = now
        return found

    def wait_for(self, mark: bytes) -> float:
        """Milliseconds from the start until something is drawn."""
        seen = b""
        while mark not in seen:
            seen += self.read(1.0)
            if time.perf_counter() - self.began > PATIENCE_S:
                raise SystemExit(f"the dashboard does not show {mark.decode()}: {seen[-500:]!r}")
        return (time.perf_counter() - self.began) * 1000

    def write(self, keys: str) -> None:
        """Types."""
        os.write(self.terminal, keys.encode())

    def press(self, key: str) -> Answered | None:
        """Until anything is drawn after a key; None: nothing was, as for a move at the end of a list."""
        while self.read(0.0):
            pass
        (queued, computed), began = self.delays_ms(), time.perf_counter()
        self.write(key)
        drawn = self.read(1.0)
        taken, (queued_then, computed_then) = (time.perf_counter() - began) * 1000, self.delays_ms()
        while self.read(0.02):
            pass
        return Answered(key, taken, queued_then - queued, computed_then - computed) if drawn else None

    def rest(self, seconds: float) -> int:
        """Drawings while nothing is done."""
        before, end = self.frames, time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.read(left)
        return self.frames - before

    def settle(self, quiet_s: float = 0.15) -> float:
        """Milliseconds until nothing is drawn any more for a while, that while left out."""
        began = last = time.perf_counter()
        while self.read(quiet_s) and last - began < 10:
            last = time.perf_counter()
        return (last - began) * 1000

    def delays_ms(self) -> tuple[float, float]:
        """How long the first thread waited for a processor, and all of them computed."""
        try:
            queued = int(Path(f"/proc/{self.pid}/schedstat").read_text().split()[1]) / 1e6
        except OSError:
            queued = 0.0
        return queued, time.clock_gettime((~self.pid << 3) | 2) * 1000

    def megabytes(self) -> tuple[float, float]:
        """Memory of the dashboard, and of the process that answers for it."""
        beside = 0.0
        for children in Path(f"/proc/{self.pid}/task").glob("*/children"):
            with suppress(OSError, StopIteration):
                for child in children.read_text().split():
                    if b"answer_all" in Path(f"/proc/{child}/cmdline").read_bytes():
                        beside += resident_megabytes(int(child))
        return resident_megabytes(self.pid), beside

    def leave(self) -> None:
        """By its key; what does not listen is killed."""
        self.write("\x1b\x1b\x11")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                self.read(0.1)
            except SystemExit:
                break
        if not os.waitpid(self.pid, os.WNOHANG)[0]:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
