"""What importing a module drags in. The linter sees which room imports which, but not when; this does."""

from __future__ import annotations

import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCREENS = ("textual",)
SLOW = (*SCREENS, "httpx", "sqlite_utils", "watchfiles", "pandas")
DRIVERS = ("sqlite3", "pysqlite3")
SLOWER_THAN_HELP = (*SLOW, *DRIVERS, "junitparser", "numpy", "scipy", "rapidfuzz", "rich", "msgspec", "yaml")

FORBIDDEN = {
    "tui.cli": SLOWER_THAN_HELP,
    "ingest": (*SLOW, "numpy", "scipy", "rich", "click", "asyncio"),
    "store": (*SLOW, "numpy", "scipy", "rich", "click", "junitparser", "asyncio"),
    "analysis": (*SLOW, "scipy", "rapidfuzz", "rich", "click", *DRIVERS, "junitparser"),
    "tui.answers": (*SLOW, "rich", "click", "junitparser"),
    "tui.commands": SLOW,
    "tui.exports": SLOW,
}
"""Module, or package with all its modules -> what it may not import at module scope."""


def modules_of(name: str) -> Iterator[str]:
    """A module itself, or every module of a package."""
    folder = ROOT.joinpath(*name.split("."))
    if not folder.is_dir():
        yield name
        return
    yield from (found.name for found in pkgutil.walk_packages([str(folder)], f"{name}."))


def imported_by(names: list[str]) -> set[str]:
    """Top-level names in `sys.modules` of a fresh interpreter that has imported some modules."""
    code = f"import sys, importlib\nfor name in {names!r}: importlib.import_module(name)\nprint(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    return {name.partition(".")[0] for name in done.stdout.split()}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_nothing_heavy_is_imported_at_module_scope(name: str) -> None:
    """Deferred imports stay deferred."""
    assert imported_by(list(modules_of(name))) & set(FORBIDDEN[name]) == set()


def test_help_touches_nothing_heavy() -> None:
    """`crywolf --help` is answered from the table of commands alone."""
    code = "import sys\nfrom tui.cli import run\nassert run(['--help']) == 0\nprint(*sys.modules, file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT, check=True)
    assert {name.partition(".")[0] for name in done.stderr.split()} & set(SLOWER_THAN_HELP) == set()
    assert "tui.commands.flakes" not in done.stderr
