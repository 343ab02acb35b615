"""What leaves the dashboard: the editor, links, exports, the child that tails."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tui.screens import outside, tail
from tui.screens.live import last_lines


class FakeApp:
    """As much of an app as is needed to hand over a terminal."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self.shown = 0
        self.clipboard = ""
        self.is_aside = False

    @contextmanager
    def suspend(self) -> Iterator[None]:
        """As Textual's (8.2.8): an error within leaves the dashboard out of the way."""
        self.is_aside = True
        yield
        self.is_aside = False

    def clear_notifications(self) -> None:
        self.shown = 0

    def notify(self, text: str, **options: object) -> None:
        assert options["markup"] is False
        self.told.append(text)
        self.shown += 1

    def copy_to_clipboard(self, text: str) -> None:
        self.clipboard = text


@pytest.fixture
def app() -> Any:
    """An app that only listens."""
    return FakeApp()


def test_editor_gets_the_text_and_its_file_is_removed(
    app: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The editor sees the whole text in a private file that does not stay."""
    seen = tmp_path / "seen"
    script = tmp_path / "editor.py"
    script.write_text(
        "import os, stat, sys\n"
        "mode = oct(stat.S_IMODE(os.stat(sys.argv[1]).st_mode))\n"
        "text = open(sys.argv[1], encoding='utf-8').read()\n"
        f"open({str(seen)!r}, 'w').write(f'{{text}}|{{mode}}|{{sys.argv[1]}}')\n"
    )
    monkeypatch.setenv("EDITOR", f"{sys.executable} {script}")
    outside.edit(app, "AssertionError: [/x]\ntrace")
    text, mode, name = seen.read_text().split("|")
    assert text == "AssertionError: [/x]\ntrace"
    assert mode == "0o600"
    assert not Path(name).exists()
    assert app.told == []


@pytest.mark.parametrize(
    ("editor", "said"),
    [
        ("/nowhere/editor --wait", "No such file or directory; set EDITOR"),
        ("editor 'of mine", "No closing quotation; set EDITOR"),
        ("false", "false: exit code 1"),
    ],
)
def test_editor_that_fails_is_told(app: Any, monkeypatch: pytest.MonkeyPatch, editor: str, said: str) -> None:
    """It is said why, nothing is taken from it, and the dashboard is back."""
    monkeypatch.setenv("EDITOR", editor)
    assert outside.edit(app, "text") == ""
    assert said in app.told[0]
    assert not app.is_aside


def test_only_web_links_are_opened(app: Any) -> None:
    """A foreign link with another scheme is never handed to the system."""
    opened: list[str] = []
    for url in ("file:///etc/passwd", "javascript:alert(1)", "-rf", "https://ci.example.com/1"):
        outside.open_url(app, url, lambda u: not opened.append(u))  # type: ignore[func-returns-value]
    assert opened == ["https://ci.example.com/1"]
    assert app.told[0] == "not a web link: file:///etc/passwd"
    assert len(app.told) > app.shown == 1, "one note at a time"


def test_copy_without_a_place_for_the_file(app: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """When the file cannot be written, the copy is still tried and the reason told."""
    blocked = tmp_path / "blocked"
    blocked.write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(blocked))
    outside.copy(app, "a\x1b]52;c;x\x07b")
    assert app.clipboard == "a]52;c;xb"
    assert "if the terminal allows it" in app.told[0]


def test_nothing_selected_is_told(app: Any) -> None:
    """y on nothing says so."""
    outside.copy(app, "")
    assert app.told == ["nothing is selected"]


def test_export_that_cannot_be_written_says_why(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A missing folder is an answer, not an error."""
    folder = tmp_path / "gone"
    folder.mkdir()
    monkeypatch.chdir(folder)
    os.rmdir(folder)
    assert outside.write_export(outside.Sheet("triage", ("a",), [["b"]])).startswith("cannot export: ")


def test_child_is_the_script_beside_this_interpreter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Never `python -m`; the store and every folder are named."""
    python = tmp_path / "python"
    monkeypatch.setattr(sys, "executable", str(python))
    (tmp_path / "crywolf").write_text("")
    found = tail.command(Path("/s.db"), (Path("/a"), Path("/b")), Path("/x/status"))
    parent = ["--parent", str(os.getpid())]
    assert found[:6] == [str(tmp_path / "crywolf"), "--db", "/s.db", "watch", "--status", "/x/status"]
    assert found[6:] == [*parent, "/a", "/b"]
    polling = tail.command(Path("/s.db"), (Path("/a"),), Path("/x/status"), is_polling=True)
    assert polling[3:] == ["watch", "--status", "/x/status", *parent, "--poll", "/a"]


def test_child_ends_with_the_dashboard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the child says goes to a log; leaving ends it."""
    script = tmp_path / "crywolf"
    script.write_text(
        f"#!{sys.executable}\nimport sys, time\nprint('watching', sys.argv[8:], flush=True)\ntime.sleep(600)\n"
    )
    script.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with tail.tailing(tmp_path / "s.db", (tmp_path,)) as log:
        for _ in range(500):
            if last_lines(log):
                break
            time.sleep(0.01)
        assert last_lines(log) == (f"watching ['{tmp_path}']",)
    assert not log.exists()
