"""In a real terminal: bursts of keys, resizing, leaving, and the bytes that strangers' names send."""

from __future__ import annotations

import os
import pty
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
PROGRAM = [sys.executable, "-m", "tests.tui.screens.in_terminal"]
PATIENCE_S = 60
"""Loose: the machine may be busy; every wait ends as soon as what is waited for is there."""

needs_tmux = pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")


class Tmux:
    """A tmux server of its own with one window."""

    def __init__(self, socket: Path, width: int = 80, height: int = 24) -> None:
        self._base = ["tmux", "-S", str(socket), "-f", os.devnull]
        self._run("new-session", "-d", "-s", "t", "-x", str(width), "-y", str(height), "env", "PS1=ready>", "sh")

    def _run(self, *arguments: str) -> str:
        # COLUMNS and LINES, which test runners set, would pin the size of whatever runs inside.
        env = {name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES", "TMUX")}
        done = subprocess.run([*self._base, *arguments], capture_output=True, text=True, check=True, cwd=ROOT, env=env)
        return done.stdout

    def type(self, *keys: str) -> None:
        """Sends keys in one burst."""
        self._run("send-keys", "-t", "t", *keys)

    def resize(self, width: int, height: int) -> None:
        """Another size, as when a window is dragged."""
        self._run("resize-window", "-t", "t", "-x", str(width), "-y", str(height))

    def screen(self) -> str:
        """What a person sees."""
        return self._run("capture-pane", "-p", "-t", "t")

    def wait(self, seen: Callable[[str], bool]) -> str:
        """The screen, once it shows what is waited for."""
        end = time.monotonic() + PATIENCE_S
        while not seen(text := self.screen()):
            assert time.monotonic() < end, text
            time.sleep(0.05)
        return text

    def end(self) -> None:
        """Ends the server."""
        subprocess.run([*self._base, "kill-server"], capture_output=True, check=False)


@pytest.fixture
def tmux(tmp_path: Path) -> Iterator[Tmux]:
    """A shell in a terminal of 80 by 24."""
    terminal = Tmux(tmp_path / "tmux")
    yield terminal
    terminal.end()


@pytest.mark.tmux
@needs_tmux
def test_burst_and_exit(tmux: Tmux) -> None:
    """Nothing typed right after / is lost, and leaving gives the shell back as it was."""
    tmux.type("echo before-the-dashboard", "Enter")
    tmux.wait(lambda text: text.count("before-the-dashboard") == 2)
    _open(tmux)
    tmux.type("/rounding")
    tmux.wait(lambda text: "/ rounding" in text and "order total off" in text and "503 from payments" not in text)
    tmux.type("Escape")
    tmux.wait(lambda text: "connection refused" in text)
    tmux.type("q")
    text = tmux.wait(lambda text: "before-the-dashboard" in text)
    assert "Triage" not in text
    tmux.type("echo still-a-shell", "Enter")
    tmux.wait(lambda text: text.count("still-a-shell") == 2)


@pytest.mark.tmux
@needs_tmux
def test_resize(tmux: Tmux) -> None:
    """Smaller and larger: everything is laid out anew, and the keys still work."""
    _open(tmux)
    tmux.resize(60, 12)
    tmux.wait(lambda text: len(text.splitlines()) == 12 and "? keys" in text)
    tmux.resize(130, 40)
    text = tmux.wait(lambda text: "top suspect" in text and "radius" in text and "? keys" in text)
    assert len(text.splitlines()) == 40
    tmux.type("2")
    tmux.wait(lambda text: "pays_with_saved_card" in text and "last runs" in text)
    tmux.type("q")
    tmux.wait(lambda text: text.rstrip().endswith("ready>"))


def _open(tmux: Tmux) -> None:
    tmux.type(" ".join(PROGRAM), "Enter")
    tmux.wait(lambda text: "2 real   1 outage" in text and "503 from payments" in text)


def test_no_byte_of_a_strangers_name_acts(tmp_path: Path) -> None:
    """Of all that goes to the terminal, nothing writes its clipboard or title, or comes from a name."""
    sent = _bytes_of([*PROGRAM, "hostile"], tmp_path, keys=(b"2", b"3", b"4", b"5", b"1", b"\r", b"\r", b"\r"))
    assert b"crywolf" in sent
    for forbidden in (b"\x1b]52;", b"\x1b]0;title", b"\x1b[2J\x1b[Hcleared", b"\xc2\x9b31m", b"nul\x00"):
        assert forbidden not in sent


def _bytes_of(command: list[str], home: Path, keys: tuple[bytes, ...]) -> bytes:
    """Everything that a program writes to its terminal while keys are pressed, until it ends."""
    ours, theirs = pty.openpty()
    environment = {**os.environ, "HOME": str(home), "TERM": "xterm-256color", "COLUMNS": "100", "LINES": "30"}
    child = subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=ROOT, env=environment)
    os.close(theirs)
    sent = _read_until_quiet(ours, first_s=PATIENCE_S)
    for key in keys:
        os.write(ours, key)
        sent += _read_until_quiet(ours, first_s=5)
    os.write(ours, b"\x11")
    sent += _read_until_quiet(ours, first_s=5)
    assert child.wait(PATIENCE_S) == 0
    os.close(ours)
    return sent


def _read_until_quiet(terminal: int, first_s: float) -> bytes:
    """What arrives until nothing does for half a second; waits longer for the first byte."""
    sent, patience_s = b"", first_s
    while select.select([terminal], [], [], patience_s)[0]:
        try:
            sent += os.read(terminal, 65536)
        except OSError:
            break
        patience_s = 0.5
    return sent
