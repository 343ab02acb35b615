"""What a `crywolf.toml` says of the dashboard: its looks, views with a key each, keys that run commands.

    [dashboard]
    theme = "light"                     # dark, light or the name of a Textual theme
    ascii = true                        # draw with ASCII characters only
    bell = true                         # ring when something becomes really red
    notify = "terminal"                 # by the terminal (OSC 9; terminal-777: OSC 777), or ["notify-send", "{what}"]

    [[view]]
    name = "my reds"
    key = "f2"
    mode = "triage"
    filter = "owner:tills !flaky"
    sort = "-since"                     # a column's key; with - the largest first
    columns = ["verdict", "what"]       # those that are shown

    [[command]]
    name = "ask in the channel"
    key = "f9"
    run = "notify-team \"$CRYWOLF_TEST\"" # for the shell; or a list: ["tool", "{test}"]
    where = ["triage", "tests"]         # modes and views; everywhere without
    terminal = true                     # it has the terminal until it ends

A command given as a text goes to the shell as it is written: values of the selected row are in its environment only.
Given as a list it is run without a shell; a value takes the place of `{name}` inside one argument.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from ingest.settings_values import Reader, Table

MODES = ("triage", "tests", "services", "timeline", "changes", "live", "quarantine", "silent", "flows")
VIEWS = (*MODES, "incident", "test", "attempt", "run", "service", "change", "note")
"""Where a command may be offered: the modes, and the views behind them."""
TABLES = ("dashboard", "view", "command")
_DASHBOARD_KEYS = ("theme", "ascii", "bell", "notify")
_VIEW_KEYS = ("name", "key", "mode", "filter", "sort", "columns")
_COMMAND_KEYS = ("name", "key", "run", "where", "terminal")
_KEY = re.compile(r"((ctrl|shift|alt)\+)*([a-z0-9_]+|[A-Z])", re.ASCII)


@dataclass(frozen=True, slots=True)
class SavedView:
    """A mode with its filter, order and columns, under a name and perhaps a key."""

    name: str
    mode: str
    key: str = ""
    filter: str = ""
    sort: str = ""
    """A column's key, with `-` before it the largest first; empty: as the view has it."""
    columns: tuple[str, ...] = ()
    """Keys of those that are shown; empty: all."""


@dataclass(frozen=True, slots=True)
class KeyCommand:
    """A key that runs a command."""

    name: str
    key: str
    run: tuple[str, ...]
    """Program and arguments; with `is_shell`, the one text for the shell."""
    is_shell: bool
    where: tuple[str, ...] = ()
    has_terminal: bool = False


@dataclass(frozen=True, slots=True)
class DashboardSettings:
    """How the dashboard looks, and what keys it has beyond its own."""

    theme: str = ""
    is_ascii: bool = False
    has_bell: bool = False
    notify: tuple[str, ...] = ()
    """`("terminal",)`, `("terminal-777",)`, a program with its arguments, or nothing."""
    views: tuple[SavedView, ...] = ()
    commands: tuple[KeyCommand, ...] = ()


def read_dashboard(reader: Reader, table: Table) -> DashboardSettings:
    """The settings of the dashboard in a parsed file."""
    row = reader.table(table, "dashboard", _DASHBOARD_KEYS)
    views = tuple(_view(reader, key, one) for key, one in reader.tables(table, "view", _VIEW_KEYS))
    commands = tuple(_command(reader, key, one) for key, one in reader.tables(table, "command", _COMMAND_KEYS))
    reader.distinct("view", [one.name for one in views])
    reader.distinct(
        "view and command keys", [key for key in (*(one.key for one in views), *(one.key for one in commands)) if key]
    )
    return DashboardSettings(
        reader.text(row, "dashboard.theme") or "",
        reader.yes(row, "dashboard.ascii"),
        reader.yes(row, "dashboard.bell"),
        reader.texts(row, "dashboard.notify"),
        views,
        commands,
    )


def given_keys(table: Table) -> Iterator[str]:
    """The keys of `ingest.settings_shown` that a file sets here."""
    yield from (f"dashboard.{key}" for key in table.get("dashboard", {}))
    yield from (name for name in ("view", "command") if name in table)


def _view(reader: Reader, key: str, row: Table) -> SavedView:
    mode = reader.required(row, f"{key}.mode")
    if mode not in MODES:
        reader.fail(f"{key}.mode", f"{ascii(mode)[:80]} is no mode: {', '.join(MODES)}")
    return SavedView(
        reader.required(row, f"{key}.name"),
        mode,
        _key(reader, f"{key}.key", reader.text(row, f"{key}.key")),
        reader.text(row, f"{key}.filter") or "",
        reader.text(row, f"{key}.sort") or "",
        reader.texts(row, f"{key}.columns"),
    )


def _command(reader: Reader, key: str, row: Table) -> KeyCommand:
    run = reader.texts(row, f"{key}.run")
    if not run:
        reader.fail(f"{key}.run", "is missing: a text for the shell, or a list of a program and its arguments")
    if isinstance(row["run"], list) and "{" in run[0]:
        reader.fail(f"{key}.run", "the program itself cannot be a value of the selected row")
    where = reader.texts(row, f"{key}.where")
    for name in where:
        if name not in VIEWS:
            reader.fail(f"{key}.where", f"{ascii(name)[:80]} is no view: {', '.join(VIEWS)}")
    return KeyCommand(
        reader.required(row, f"{key}.name"),
        _key(reader, f"{key}.key", reader.required(row, f"{key}.key")),
        run,
        isinstance(row["run"], str),
        where,
        reader.yes(row, f"{key}.terminal"),
    )


def _key(reader: Reader, key: str, written: str | None) -> str:
    """The name of a key as Textual has it, such as `f2` or `ctrl+g`."""
    if written is None:
        return ""
    if _KEY.fullmatch(written) is None:
        reader.fail(key, f"{ascii(written)[:80]} is no key, such as f2, ctrl+g or V")
    return written
