"""The entry point: commands by table, exit codes by table, a reader that goes away."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest

from ingest.errors import Refused, SettingsError
from store.errors import NotAStore, StoreBusy, StoreDamaged, StoreFull
from tests.tui.commands.conftest import ROOT, Run, environment
from tui.cli import COMMANDS, ReaderGone, cli, exit_code
from tui.errors import NoMatch


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help(name: str) -> None:
    """A docstring for --help, and the name of the table."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    assert command.name == name
    assert command.help


@pytest.mark.parametrize("name", ["failures", "flakes", "timeline", "suspects", "changes", "runs"])
def test_reading_commands_take_the_same_options(name: str) -> None:
    """Filters, time window and --json everywhere."""
    command = cli.get_command(click.Context(cli), name)
    assert command is not None
    options = {option for parameter in command.params for option in parameter.opts}
    filters = {"--pipeline", "--environment", "--branch", "--service", "--owner"}
    assert {"--json", "--since", "--until", "--at"} | filters <= options


@pytest.mark.parametrize(
    ("problem", "code"),
    [
        (NoMatch("test", "x"), 2),
        (click.UsageError("x"), 2),
        (click.FileError("x"), 2),
        (SettingsError("x"), 2),
        (Refused("code", "x"), 2),
        (NotAStore("x"), 4),
        (StoreBusy("x"), 4),
        (StoreDamaged("x"), 4),
        (StoreFull("x"), 4),
        (KeyboardInterrupt(), 130),
        (click.Abort(), 130),
        (ReaderGone(), 0),
        (ValueError("a defect"), None),
    ],
)
def test_exit_codes(problem: BaseException, code: int | None) -> None:
    """One table; a defect is no answer and keeps its traceback."""
    assert exit_code(problem) == code


def test_help_lists_every_command(crywolf: Run) -> None:
    """Summaries come from the table."""
    done = crywolf("--help")
    assert done.code == 0
    assert done.err == ""
    assert all(entry.name in done.out and entry.summary in done.out for entry in COMMANDS.values())


def test_version(crywolf: Run) -> None:
    """One line."""
    assert crywolf("--version").out.startswith("crywolf ")


def test_without_a_terminal_the_dashboard_says_what_to_do(crywolf: Run) -> None:
    """A pipe or a CI log gets a usage error that names the headless commands."""
    for arguments in ((), ("dashboard",)):
        done = crywolf(*arguments)
        assert (done.out, done.code) == ("", 2)
        assert "crywolf failures" in done.err


def test_an_unknown_command_and_a_bad_time(crywolf: Run) -> None:
    """Usage errors go to standard error with exit code 2."""
    assert crywolf("frobnicate").code == 2
    assert "Did you mean 'flakes'?" in crywolf("flake").err
    done = crywolf("flakes", "--since", "yesterday")
    assert done.code == 2
    assert "--since" in done.err
    assert "write 90m, 36h" in done.err


def test_no_store_yet(crywolf: Run) -> None:
    """Exit code 4, and the command that makes one."""
    for name in ("flakes", "failures", "runs", "changes", "rejected", "doctor"):
        done = crywolf(name)
        assert (done.out, done.code) == ("", 4), name
        assert "crywolf ingest" in done.err


def test_a_file_that_is_no_store(crywolf: Run, tmp_path: Path) -> None:
    """It is left untouched."""
    (tmp_path / "crywolf.db").write_text("not a database " * 100)
    done = crywolf("flakes")
    assert done.code == 4
    assert "not a SQLite database" in done.err
    assert (tmp_path / "crywolf.db").read_text().startswith("not a database")


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    """`crywolf config | head -0`: no traceback, exit code 0."""
    command = [sys.executable, "-m", "tui.cli", "config"]
    reading, writing = os.pipe()
    os.close(reading)
    process = subprocess.Popen(
        command, stdout=writing, stderr=subprocess.PIPE, cwd=tmp_path, env=environment(tmp_path) | {"A": str(ROOT)}
    )
    os.close(writing)
    _, told = process.communicate(timeout=60)
    assert (told, process.returncode) == (b"", 0)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_scripts(crywolf: Run, shell: str) -> None:
    """Each names the variable that click answers to."""
    assert "_CRYWOLF_COMPLETE" in crywolf("completion", shell).out


def test_output_does_not_depend_on_the_locale(tmp_path: Path) -> None:
    """Names beyond ASCII are UTF-8 under any locale."""
    (tmp_path / "CODEOWNERS").write_text("* @équipe/straße\n", encoding="utf-8")
    outputs = set()
    for locale in ("C", "C.UTF-8", "en_US.ISO-8859-1"):
        done = subprocess.run(
            [sys.executable, "-m", "tui.cli", "owners", "ü.py", "--codeowners", "CODEOWNERS", "--json"],
            cwd=tmp_path,
            env=environment(tmp_path) | {"LC_ALL": locale, "PYTHONIOENCODING": "latin-1" if "8859" in locale else ""},
            capture_output=True,
            check=True,
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1
    assert "ü.py".encode() in outputs.pop()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full on this system")
def test_full_disk_behind_standard_output(tmp_path: Path) -> None:
    """An answer that cannot be written is no answer "problem": one sentence, no traceback, an exit code of its own."""
    with open("/dev/full", "wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "tui.cli", "config"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            cwd=tmp_path,
            env=environment(tmp_path),
        )
    assert done.returncode == 4
    assert "standard output cannot be written" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_standard_streams(tmp_path: Path, closed: str) -> None:
    """A stream that is closed leads nowhere: no traceback, and no file of ours takes its place."""
    command = f"'{sys.executable}' -c 'from tui.cli import main; main()' config {closed}"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment(tmp_path)
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_dashboard_without_a_terminal_says_what_to_do(tmp_path: Path) -> None:
    """With nobody's keys to read, the commands that answer as text are named."""
    command = f"'{sys.executable}' -c 'from tui.cli import main; main()' dashboard <&-"
    done = subprocess.run(
        ["sh", "-c", command], capture_output=True, text=True, check=False, cwd=tmp_path, env=environment(tmp_path)
    )
    assert done.returncode == 2
    assert "the dashboard needs a terminal; here, try `crywolf failures`" in done.stderr
    assert "Traceback" not in done.stderr
