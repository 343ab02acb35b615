"""Commands and dashboard on a store that strangers wrote past `clean()`: nothing acts on a terminal, nothing breaks."""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path

import pytest

from tests.tui.poisoned_store import poisoned_store
from tests.tui.screens.in_pty import in_terminal
from tests.tui.screens.terminal_bytes import copied, foreign, sequences, unbalanced
from tests.tui.screens.test_every_key import OPENED

OWN = re.compile(r"\x1b\[[0-9;]*m|\r")
"""What a table in a terminal is drawn with: tones, and a terminal's line ends."""


@pytest.fixture
def database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One for all that look at it."""
    return poisoned_store(tmp_path_factory)


def test_no_command_lets_anything_through(database: Path, tmp_path: Path) -> None:
    """In a terminal: text, documents, errors and files hold nothing that acts, and no command ends by a defect."""
    command = [sys.executable, "-m", "tests.tui.commands.hostile_commands", str(database), str(tmp_path)]
    with in_terminal(command, tmp_path) as program:
        ended = program.end()
    told = json.loads((tmp_path / "codes.json").read_text())
    assert ended.code == 0
    assert told["missing"] == []
    assert [call for call, code in told["codes"] if code not in (0, 1, 2, 3, 4)] == []
    assert {code for _, code in told["codes"]} >= {0, 2}
    assert [one for one in sequences(ended.text) if not OWN.fullmatch(one)] == []
    assert sequences(ended.text), "tables have tones"
    written = [path for path in tmp_path.glob("*.*") if path.name != "codes.json"]
    assert len(written) == 6
    assert {
        path.name: sequences(path.read_text("utf-8")) for path in written if sequences(path.read_text("utf-8"))
    } == {}


def walk(database: Path, folder: Path, how: str) -> list[str]:
    """Walks through the dashboard over a copy of a store, `quick` or `whole`; names of the screens that were open."""
    report = folder / "report.json"
    mine = shutil.copy(database, folder / "\x1b]0;t\x07[@click=app.quit].db")
    command = [sys.executable, "-m", "tests.tui.screens.hostile_store_walk", str(mine), str(report), how]
    with in_terminal(command, folder) as program:
        ended = program.end()
    told = json.loads(report.read_text())
    assert (ended.code, told["failed"]) == (0, []), ended.text[-3000:]
    assert foreign(ended.text) == []
    assert unbalanced(ended.text) <= {"25"}
    assert ended.text.rindex("\x1b[?25h") > ended.text.rindex("\x1b[?25l"), "the cursor is there again"
    assert copied(ended.text), "y copies"
    assert [text for text in copied(ended.text) if sequences(text)] == []
    assert [sequences(path.read_text("utf-8").replace("\r\n", "")) for path in folder.glob("*.csv")] == [[]]
    return list(told["screens"])


def test_the_dashboard_lets_nothing_through(database: Path, tmp_path: Path) -> None:
    """From the first frame on, on the screens that show most of what strangers wrote."""
    shown = {"AttemptView", "RunView", "ServiceView", "ChangeView", "NoteView", "IncidentView"}
    assert set(walk(database, tmp_path, "quick")) >= shown


@pytest.mark.soak
def test_no_screen_lets_anything_through(database: Path, tmp_path: Path) -> None:
    """All that a store can fill."""
    shown = {one.__name__ for one in OPENED} - {"LiveView"}
    assert set(walk(database, tmp_path, "whole")) >= shown
