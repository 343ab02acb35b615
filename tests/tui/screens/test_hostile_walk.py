"""Every payload on every screen and in every dialog, in a real terminal: nothing goes through, is done or breaks."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.tui.screens.hostile_walk import CANARY
from tests.tui.screens.in_pty import in_terminal
from tests.tui.screens.terminal_bytes import copied, foreign, sequences, unbalanced
from tests.tui.screens.test_every_key import OPENED


class Walked(NamedTuple):
    """What the terminal was sent, and what the program says of itself."""

    code: int
    sent: str
    report: dict[str, Any]
    files: tuple[str, ...]


def walk(folder: Path, rounds: int, how: str) -> Walked:
    """Walks through the dashboard in a terminal; `how`: quick or whole."""
    work, report = folder / "work", folder / "report.json"
    work.mkdir()
    command = [sys.executable, "-m", "tests.tui.screens.hostile_walk", str(report), str(rounds), how]
    with in_terminal(command, work, XDG_STATE_HOME=str(folder / "state")) as program:
        ended = program.end()
    told = json.loads(report.read_text()) if report.exists() else {}
    return Walked(ended.code, ended.text, told, tuple(path.name for path in work.iterdir()))


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
