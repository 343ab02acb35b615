"""A terminal that cannot place text, `TERM=dumb`, as in an editor's shell: no dashboard, and plain answers."""

from __future__ import annotations

import sys
from pathlib import Path

from store.connect import open_writer
from tests.tui.screens.in_pty import in_terminal
from tests.tui.screens.terminal_bytes import sequences

CRYWOLF = str(Path(sys.executable).with_name("crywolf"))


def test_no_dashboard_where_text_cannot_be_placed(tmp_path: Path) -> None:
    """It says what to ask instead, exit code 2; not one sequence is sent."""
    open_writer(tmp_path / "crywolf.db").close()
    with in_terminal((CRYWOLF, "--db", "crywolf.db"), tmp_path, TERM="dumb") as program:
        ended = program.end()
    assert ended.code == 2
    assert "the dashboard needs a terminal" in ended.text
    assert "crywolf failures" in ended.text
    assert {*sequences(ended.text)} <= {"\r"}
