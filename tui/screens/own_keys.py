"""Keys that people add: commands of `crywolf.toml`, with the selected row's values.

A value never becomes part of a shell's text: a command for the shell has it in its environment only, a command given
as a list has it inside one argument, without a shell. So no name of a test can be run. What is started in the
background is a process group of its own, which is ended when the dashboard ends.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from tui.widgets.pieces import plain

if TYPE_CHECKING:
    from ingest.settings_dashboard import KeyCommand
    from tui.screens.view import View

VARIABLE = "CRYWOLF_"
SHELL = "/bin/sh"
_MOST_CHARACTERS = 16_000
_MOST_OUTPUT = 64_000
_PATIENCE_S = 2
_PLACE = re.compile(r"\{([a-z_]+)\}")


class NoSuchValue(Exception):
    """A command names a value that the selected row does not have."""


def kind_of(view: object) -> str:
    """The word by which `where` names a view: `triage`, `tests`, `test`, `incident` and so on."""
    return type(view).__name__.removesuffix("View").lower()


def fits(command: KeyCommand, view: object) -> bool:
    """Whether a command is for this view."""
    return not command.where or kind_of(view) in command.where


def values_of(view: View[Any]) -> dict[str, str]:
    """What is selected, as text by name: every field that filters know, and the view, the store and the link."""
    values = {name: "\n".join(plain(one) for one in found)[:_MOST_CHARACTERS] for name, found in view.fields().items()}
    return {
        **values,
        "view": kind_of(view),
        "db": str(view.context.database.absolute()),
        "url": plain(view.url() or ""),
    }


def arguments(command: KeyCommand, values: Mapping[str, str]) -> list[str]:
    """What is run: the shell with the command's own text, or a program with values in its arguments.

    Raises:
        NoSuchValue: with the names that there are.
    """
    if command.is_shell:
        return [SHELL, "-c", command.run[0]]

    def value(found: re.Match[str]) -> str:
        if found[1] not in values:
            raise NoSuchValue(f"{command.name}: no {{{found[1]}}} here; there are {', '.join(sorted(values))}")
        return values[found[1]]

    program, *rest = command.run
    return [program, *(_PLACE.sub(value, one) for one in rest)]


def surroundings(values: Mapping[str, str]) -> dict[str, str]:
    """The environment of a command: ours, and each value as `CRYWOLF_NAME`."""
    return {**os.environ, **{f"{VARIABLE}{name.upper()}": value for name, value in values.items()}}


class Running:
    """The commands that run in the background."""

    def __init__(self) -> None:
        self._children: set[subprocess.Popen[bytes]] = set()

    def run(self, command: Sequence[str], values: Mapping[str, str]) -> tuple[int, str]:
        """Run a command to its end, in a worker's thread.

        Returns:
            Its exit code and the last line that it wrote.

        Raises:
            OSError: it cannot be started.
        """
        child = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=surroundings(values),
            start_new_session=True,
        )
        self._children.add(child)
        said = b""
        with child:
            assert child.stdout is not None
            while block := os.read(child.stdout.fileno(), _MOST_OUTPUT):
                said = (said + block)[-_MOST_OUTPUT:]
            code = child.wait()
        self._children.discard(child)
        lines = [one for one in said.decode("utf-8", "replace").splitlines() if one.strip()]
        return code, plain(lines[-1])[:200] if lines else ""

    def end(self) -> None:
        """Ends what still runs, politely first."""
        children = list(self._children)
        for how in (signal.SIGTERM, signal.SIGKILL):
            for child in children:
                with suppress(OSError):
                    os.killpg(child.pid, how)
            for child in children:
                with suppress(subprocess.TimeoutExpired):
                    child.wait(_PATIENCE_S)
            children = [child for child in children if child.poll() is None]


def run_in_terminal(command: Sequence[str], values: Mapping[str, str]) -> int:
    """Run a command that has the terminal, and wait until the person has seen its end; its exit code."""
    code = subprocess.run(command, env=surroundings(values), check=False).returncode
    with suppress(EOFError, KeyboardInterrupt):
        input(f"\n[{code}] enter goes back to crywolf ")
    return code
