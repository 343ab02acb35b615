"""A terminal that goes, signals, keys in storms, stopping and going on: no traceback, nothing left behind."""

from __future__ import annotations

import fcntl
import os
import pty
import random
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.tui.screens.test_terminal import Tmux, needs_tmux, tmux  # noqa: F401 - a fixture

ROOT = Path(__file__).resolve().parents[3]
CRYWOLF = Path(sys.executable).with_name("crywolf")
PATIENCE_S = 60.0


class Terminal:
    """A pseudo terminal with a dashboard that follows a folder; what it says on standard error goes to a file."""

    def __init__(self, folder: Path, *, is_controlling: bool = True) -> None:
        self.ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        (folder / "reports").mkdir()
        command = [str(CRYWOLF), "--db", str(folder / "s.db"), "dashboard", "--watch", str(folder / "reports")]
        environ = {**os.environ, "HOME": str(folder), "TERM": "xterm-256color"}
        for name in ("COLUMNS", "LINES"):
            environ.pop(name, None)

        def take_terminal() -> None:
            os.setsid()
            if is_controlling:
                fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.child = subprocess.Popen(
            command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, cwd=folder, preexec_fn=take_terminal
        )
        os.close(theirs)
        self.sent = b""
        try:
            self.read_until(b"Nothing has arrived yet")
        except BaseException:
            self.end()
            raise

    def read_until(self, wanted: bytes) -> None:
        """Reads what is drawn until it holds something."""
        end = time.monotonic() + PATIENCE_S
        while wanted not in self.sent:
            assert time.monotonic() < end, self.sent[-2000:]
            self.read()

    def read(self, wait_s: float = 0.1) -> bool:
        """Takes what is drawn now; false where there is nothing."""
        if not select.select([self.ours], [], [], wait_s)[0]:
            return False
        try:
            self.sent += os.read(self.ours, 65_536)
        except OSError:
            return False
        return True

    def type(self, keys: bytes) -> None:
        """Types, while somebody reads what is drawn."""
        for start in range(0, len(keys), 256):
            os.write(self.ours, keys[start : start + 256])
            self.read(0.0)

    def resize(self, width: int, height: int) -> None:
        """Another size, as when a window is dragged."""
        fcntl.ioctl(self.ours, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, 0, 0))

    def children(self) -> list[int]:
        """Processes that the dashboard has started."""
        listed = Path(f"/proc/{self.child.pid}/task/{self.child.pid}/children").read_text()
        return [int(one) for one in listed.split()]

    def wait(self) -> int:
        """The exit code, with the terminal read meanwhile."""
        end = time.monotonic() + PATIENCE_S
        while self.child.poll() is None:
            assert time.monotonic() < end, "it does not end"
            with suppress(OSError, ValueError):
                self.read()
            time.sleep(0.02)
        return self.child.returncode

    def close(self) -> None:
        """The window is closed."""
        if self.ours >= 0:
            os.close(self.ours)
            self.ours = -1

    def end(self) -> None:
        """Nothing of it is left."""
        self.close()
        if self.child.poll() is None:
            self.child.kill()
            self.child.wait()


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    """A dashboard in a terminal of its own."""
    opened = Terminal(tmp_path)
    yield opened
    opened.end()


def assert_gone(processes: list[int]) -> None:
    """None of them is there any more."""
    end = time.monotonic() + PATIENCE_S
    while any(Path(f"/proc/{one}").exists() for one in processes):
        assert time.monotonic() < end, processes
        time.sleep(0.05)


@pytest.mark.parametrize(("number", "code"), [(signal.SIGHUP, 129), (signal.SIGTERM, 143)])
def test_signals_end_it_tidily(terminal: Terminal, number: int, code: int) -> None:
    """The terminal gets its screen and cursor back; the child that follows the folder ends too."""
    children = terminal.children()
    assert children
    terminal.child.send_signal(number)
    assert terminal.wait() == code
    while terminal.read():
        pass
    assert b"\x1b[?1049l" in terminal.sent
    assert b"Traceback" not in terminal.sent
    assert_gone(children)


def test_closed_window(terminal: Terminal) -> None:
    """The terminal goes away in the middle of a burst of keys."""
    children = terminal.children()
    terminal.type(b"12345jjkk:pay")
    terminal.close()
    assert terminal.wait() == 129
    assert_gone(children)


def test_terminal_that_goes_without_a_signal(tmp_path: Path) -> None:
    """A process that no SIGHUP reaches sees by itself that nobody is there any more."""
    terminal = Terminal(tmp_path, is_controlling=False)
    children = terminal.children()
    terminal.close()
    try:
        assert terminal.wait() in (0, 129)
    finally:
        terminal.end()
    assert_gone(children)


def test_killed_dashboard_leaves_no_child(terminal: Terminal) -> None:
    """Even without a chance to tidy up."""
    children = terminal.children()
    terminal.child.kill()
    terminal.child.wait()
    assert_gone(children)


def test_storm_of_keys_and_sizes(terminal: Terminal) -> None:
    """2,000 keys and 60 sizes at once, sizes without room for anything among them; then it still leaves by its key."""
    rng = random.Random(5)
    keys = [
        b"j",
        b"k",
        b"1",
        b"2",
        b"3",
        b"4",
        b"5",
        b"/",
        b"x\x7f",
        b"\x1b[A",
        b"\x1b[B",
        b":",
        b"\r",
        b"?",
        b"|",
        b"<",
    ]
    for _ in range(60):
        terminal.resize(rng.choice((1, 2, 20, 80, 160, 300)), rng.choice((1, 2, 5, 24, 50)))
        terminal.type(b"".join(rng.choice(keys) for _ in range(33)))
        terminal.type(b"\x1b")
        terminal.read(0.02)
    terminal.resize(80, 24)
    for _ in range(20):
        terminal.type(b"\x1b")
        while terminal.read(0.3):
            pass
    assert terminal.child.poll() is None, terminal.sent[-3000:]
    terminal.type(b"\x11")  # ctrl+q, from everywhere
    assert terminal.wait() == 0
    assert b"Traceback" not in terminal.sent


@pytest.mark.tmux
@needs_tmux
def test_suspended_and_resumed(tmux: Tmux, tmp_path: Path) -> None:  # noqa: F811 - the fixture
    """ctrl+z gives the shell back, fg the dashboard as it was, also in another size."""
    tmux.type(f"HOME={tmp_path} {CRYWOLF} --db {tmp_path / 's.db'}", "Enter")
    tmux.wait(lambda text: "There is nothing here yet" in text and "? keys" in text)
    tmux.type("C-z")
    tmux.wait(lambda text: "There is nothing here yet" not in text)
    tmux.type("echo in-the-shell", "Enter")
    tmux.wait(lambda text: text.count("in-the-shell") == 2)
    tmux.type("fg", "Enter")
    tmux.wait(lambda text: "There is nothing here yet" in text)
    tmux.type("C-z")
    tmux.wait(lambda text: "There is nothing here yet" not in text)
    tmux.resize(100, 30)
    tmux.type("fg", "Enter")
    tmux.wait(lambda text: "There is nothing here yet" in text and len(text.splitlines()) == 30)
    tmux.type("2")
    tmux.type("q")
    tmux.wait(lambda text: "There is nothing here yet" not in text and text.rstrip().endswith("ready>"))
