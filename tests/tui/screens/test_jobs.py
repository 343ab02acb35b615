"""The four jobs on call, in a terminal and with the command itself: each ends where it should, in so many keys.

The keys are those that a person presses from the first screen on, letters that are typed into a line not counted; a job
that needs more of them than here has become worse.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store.making import run_note, write, xml
from tests.story.stores import sample_store
from tests.story.truth import SAMPLE
from tests.tui.screens.test_terminal import Tmux, needs_tmux, tmux

CRYWOLF = Path(sys.executable).parent / "crywolf"

__all__ = ["tmux"]  # a fixture


class OnCall:
    """Somebody at the dashboard, whose keys are counted."""

    def __init__(self, tmux: Tmux, folder: Path) -> None:
        self.tmux, self.folder, self.keys = tmux, folder, 0

    def begin(self, *arguments: str, seen: str) -> None:
        """Opens the dashboard; the tour, which comes once, is left."""
        tmux = self.tmux
        tmux.resize(120, 40)
        tmux.type(f"cd {shlex.quote(str(self.folder))} && clear && {CRYWOLF} {' '.join(arguments)}", "Enter")
        tmux.wait(lambda text: seen in text or "esc skips the tour" in text)

    def skip_tour(self, seen: str) -> None:
        """Leaves the tour."""
        self.tmux.wait(lambda text: "esc skips the tour" in text)
        self.tmux.type("Escape")
        self.see(lambda text: seen in text and "esc skips the tour" not in text)

    def press(self, key: str, seen: str) -> None:
        """One key, and what is to be seen then."""
        self.keys += 1
        self.tmux.type(key)
        self.see(lambda text: seen in text)

    def write(self, text: str) -> None:
        """Letters into a line; shown before anything else is pressed."""
        self.tmux.type(text)
        self.see(lambda screen: text in screen)

    def see(self, what: Callable[[str], bool]) -> str:
        """The screen, once it is so."""
        return self.tmux.wait(what)

    def leave(self) -> None:
        """Back to the shell."""
        self.tmux.type("q")
        self.see(lambda text: text.rstrip().endswith("ready>"))

    def run(self, *arguments: str) -> str:
        """A command after it."""
        command = [str(CRYWOLF), *arguments]
        return subprocess.run(command, cwd=self.folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture
def on_call(tmux: Tmux, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> OnCall:
    """Ada, with a copy of the sample's store."""
    folder = tmp_path / "on-call"
    folder.mkdir()
    shutil.copy(sample_store(tmp_path_factory).database, folder / "crywolf.db")
    settings = (SAMPLE / "data" / "crywolf.toml").read_text(encoding="utf-8")
    (folder / "crywolf.toml").write_text(settings.replace("[project]", '[project]\nactor = "ada"', 1), encoding="utf-8")
    return OnCall(tmux, folder)


def culprit() -> dict[str, str]:
    """Who did it, by the story that the sample was made from."""
    document = json.loads((SAMPLE / "truth.json").read_text(encoding="utf-8"))
    found = [one for one in _values(document, "culprit") if one and one["service"] == "vault"]
    return found[0]


def _values(node: object, name: str) -> list[dict[str, str]]:
    if isinstance(node, dict):
        here = [node[name]] if name in node else []
        return here + [one for value in node.values() for one in _values(value, name)]
    return [one for value in node for one in _values(value, name)] if isinstance(node, list) else []


@pytest.mark.tmux
@needs_tmux
def test_find_the_culprit(on_call: OnCall) -> None:
    """The first screen names it with its owner; two keys more show the change itself."""
    on_call.begin("--db", "crywolf.db", seen="2 real")
    on_call.skip_tour("2 real")
    wanted = culprit()
    text = on_call.see(lambda text: f"{wanted['service']} {wanted['version']}" in text)
    assert f"suspect: {wanted['owner']}" in text
    assert wanted["title"] in text
    on_call.press("Enter", "Triage ›")
    on_call.press("i", wanted["author"])
    on_call.see(lambda text: wanted["title"] in text)
    assert on_call.keys == 2
    on_call.leave()


@pytest.mark.tmux
@needs_tmux
def test_quarantine_the_worst_flake(on_call: OnCall) -> None:
    """The test that flakes most often is set aside with owner, reason and end; list and log say so."""
    on_call.begin("--db", "crywolf.db", seen="2 real")
    on_call.skip_tour("2 real")
    on_call.press("2", "by red")
    on_call.press("s", "by flake rate")
    on_call.see(lambda text: "sends_receipt" in text.splitlines()[4] and "8 %" in text.splitlines()[4])
    on_call.press("Enter", "Tests › sends_receipt")
    on_call.see(lambda text: "8 %" in text and "5-11 %" in text)
    on_call.press("z", "Mo Tu We Th Fr Sa Su")
    on_call.press("Enter", "why its failures must not count")
    on_call.write("retried until green")
    on_call.press("Enter", "groundwork")
    on_call.press("Enter", "URL, if there is one")
    on_call.press("Enter", "quarantined")
    assert on_call.keys == 8
    on_call.press("7", "retried until green")
    on_call.leave()
    log = on_call.run("--db", "crywolf.db", "triage", "log")
    assert "ada" in log
    assert "sends_receipt" in log
    assert "retried until green" in log


@pytest.mark.tmux
@needs_tmux
def test_work_a_shift(on_call: OnCall) -> None:
    """A session with an acknowledgement, a claim and a note; the hand-over tells all three, and whose shift it was."""
    on_call.begin("--db", "crywolf.db", seen="2 real")
    on_call.skip_tour("2 real")
    on_call.press("b", "Begin a session")
    on_call.write("night")
    on_call.press("Enter", "session night")
    on_call.press("a", "1 handled")
    on_call.press("j", "assert Decimal")
    on_call.press("c", "2 handled")
    on_call.press("j", "element [data-test")
    on_call.press("n", "what the next one should know")
    on_call.write("asked the shelf team")
    on_call.press("Enter", "3 handled")
    on_call.tmux.type("b")
    on_call.keys += 1
    on_call.see(lambda text: "3 handled" not in text)
    assert on_call.keys == 9
    on_call.leave()
    report = on_call.run("--db", "crywolf.db", "export", "handover")
    for words in ("night", "ada", "acknowledged", "claimed", "asked the shelf team"):
        assert words in report, report


@pytest.mark.tmux
@needs_tmux
def test_watch_a_folder_turn_red(tmux: Tmux, tmp_path: Path) -> None:
    """A run that comes in red stands on top within one look, with how many are newly red; Triage names the test."""
    folder = tmp_path / "on-call"
    reports = folder / "reports"
    for number in range(4):
        add_run(reports, number, "pass")
    on_call = OnCall(tmux, folder)
    on_call.begin("--db", "crywolf.db", "dashboard", "--watch", "reports", seen="6 Live")
    on_call.skip_tour("6 Live")
    on_call.press("6", "4 runs")
    add_run(reports, 4, "fail")
    on_call.see(lambda text: "5 runs" in text and "1 with new red" in text and "+1" in text)
    on_call.press("1", "AssertionError: expected <n>")
    assert on_call.keys == 2
    on_call.leave()


def add_run(reports: Path, number: int, outcome: str) -> None:
    """A run of two tests, complete before it is there."""
    made = reports.parent / f"made-{number}"
    write(made / "run.json", run_note(str(number), start_time=f"2026-03-01T{number:02}:00:00Z"))
    write(made / "a.xml", xml([("pays", outcome), ("shows", "pass")]))
    reports.mkdir(exist_ok=True)
    made.rename(reports / str(number))
