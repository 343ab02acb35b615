"""The README's command lines: each is one that crywolf takes, and speaks of what the sample holds."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest

from tui.cli import COMMANDS, cli

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "README.md").read_text(encoding="utf-8")
_SPAN = re.compile(r"`(crywolf [^`]+)`")
_INSIDE = re.compile(r"\$\((crywolf [^)]+)\)")
_BLOCK = re.compile(r"^    (crywolf(?: [^#\n]*)?)", re.MULTILINE)
LINES = sorted({found.strip() for pattern in (_SPAN, _INSIDE, _BLOCK) for found in pattern.findall(TEXT)})
GENERAL = {"COMMAND", "CHECKOUT"}
"""Words that stand for something: such a line is no example."""


def examples() -> list[str]:
    """The lines that are meant to be typed as they are."""
    return [one for one in LINES if not GENERAL & set(one.split())]


def parsed(line: str) -> click.Context:
    """The context of the innermost command, its arguments parsed and checked, nothing run.

    Raises:
        click.UsageError: there is no such command, option or value.
    """
    words = shlex.split(line)[1:]
    context = cli.make_context("crywolf", words)
    while isinstance(context.command, click.Group) and (rest := [*context._protected_args, *context.args]):
        name, command, arguments = context.command.resolve_command(context, rest)
        assert command is not None
        context = command.make_context(name, list(arguments), parent=context)
    return context


@pytest.mark.parametrize("line", examples())
def test_command_lines_are_taken(line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Commands, options and values are those that there are, in the folder of the sample, beside a checkout."""
    (tmp_path / "shop").mkdir()
    (tmp_path / "data").mkdir()
    for entry in (ROOT / "sample_reports" / "data").iterdir():
        (tmp_path / "data" / entry.name).symlink_to(entry)
    monkeypatch.chdir(tmp_path / "data")
    assert parsed(line).command.name


def test_every_command_has_an_example() -> None:
    """None is left out of the README."""
    named = {word for line in LINES for word in line.split()[1:]}
    assert COMMANDS.keys() - named == set()


def test_a_line_that_is_wrong_is_noticed() -> None:
    """Of a command that there is not, or an option that it does not take."""
    for line in ("crywolf flake", "crywolf flakes --sort alphabet", "crywolf runs --nightly"):
        with pytest.raises(click.UsageError):
            parsed(line)
