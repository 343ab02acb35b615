"""Every payload on every screen and in every dialog, in a real terminal: nothing goes through, is done or breaks."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import subprocess
import sys
import termios
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.tui.screens.hostile_walk import CANARY
from tests.tui.screens.terminal_bytes import copied, foreign, sequences, unbalanced
from tests.tui.screens.test_every_key import OPENED

ROOT = Path(__file__).resolve().parents[3]
PATIENCE_S = 60


class Walked(NamedTuple):
    """What the terminal was sent, and what the program says of itself."""

    code: int
    sent: str
    report: dict[str, Any]
    files: tuple[str, ...]


def walk(folder: Path, rounds: int, how: str) -> Walked:
    """Walks through the dashboard in a terminal; `how`: quick or whole."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
    work, report = folder / "work", folder / "report.json"
    work.mkdir()
    environ = {**os.environ, "HOME": str(folder), "TERM": "xterm-256color", "COLORTERM": "truecolor", "EDITOR": "true"}
    environ |= {"PYTHONPATH": str(ROOT), "XDG_STATE_HOME": str(folder / "state")}
    for name in ("COLUMNS", "LINES", "NO_COLOR"):
        environ.pop(name, None)
    command = [sys.executable, "-m", "tests.tui.screens.hostile_walk", str(report), str(rounds), how]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, env=environ, cwd=work) as child:
        os.close(theirs)
        sent = b""
        try:
            while block := _read(ours):
                sent += block
            code = child.wait(PATIENCE_S)
        finally:
            child.kill()
            os.close(ours)
    told = json.loads(report.read_text()) if report.exists() else {}
    return Walked(code, sent.decode(), told, tuple(path.name for path in work.iterdir()))


def _read(terminal: int) -> bytes:
    """What arrives next; nothing once the other side is closed."""
    try:
        return os.read(terminal, 65_536)
    except OSError:
        return b""


def assert_nothing_acted(walked: Walked) -> None:
    """No sequence of a stranger's, no crash, nothing opened or run; what was copied is text."""
    assert (walked.code, walked.report.get("failed")) == (0, []), walked.sent[-3000:]
    assert "Traceback" not in walked.sent
    assert foreign(walked.sent) == []
    assert unbalanced(walked.sent) == set()
    assert walked.report["opened"] == []
    assert [text for text in copied(walked.sent) if sequences(text)] == []
    assert CANARY not in walked.files
    assert {one.__name__ for one in OPENED} <= set(walked.report["screens"])


def test_payloads_on_every_screen(tmp_path: Path) -> None:
    """Each screen and dialog, a payload for every text of every record."""
    walked = walk(tmp_path, 1, "quick")
    assert_nothing_acted(walked)
    assert copied(walked.sent), "y copies"


@pytest.mark.soak
def test_every_key_among_payloads(tmp_path: Path) -> None:
    """Every key of every screen, with other payloads for every text in each round."""
    assert_nothing_acted(walk(tmp_path, 5, "whole"))
