"""Commands run in a subprocess, away from the person's home, settings, store and CI variables."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.tui.commands.story import write_story

ROOT = Path(__file__).parents[3]
GOLDEN = Path(__file__).parent / "golden"


@dataclass(frozen=True)
class Done:
    """What a command printed and how it ended."""

    out: str
    err: str
    code: int


Run = Callable[..., Done]


def environment(home: Path) -> dict[str, str]:
    """Variables of a subprocess that knows nothing of this machine's person."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "CRYWOLF_DB": str(home / "crywolf.db"),
        "COLUMNS": "80",
    }


@pytest.fixture(scope="session")
def story_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `inputs/` and a store that holds them."""
    folder = tmp_path_factory.mktemp("story")
    write_story(folder / "inputs")
    done = run_in(folder, "ingest", "inputs")
    assert done.code == 0, done.err
    return folder


def run_in(folder: Path, *arguments: str, given: bytes = b"", **more: str) -> Done:
    """Run `crywolf` in a folder that is also its home."""
    done = subprocess.run(
        [sys.executable, "-m", "tui.cli", *arguments],
        cwd=folder,
        env=environment(folder) | more,
        input=given,
        capture_output=True,
        timeout=120,
    )
    return Done(done.stdout.decode(), done.stderr.decode(), done.returncode)


@pytest.fixture
def crywolf(tmp_path: Path) -> Run:
    """Run `crywolf` in an empty folder."""

    def run(*arguments: str, **options: bytes) -> Done:
        return run_in(tmp_path, *arguments, **options)  # type: ignore[arg-type]

    return run


@pytest.fixture
def asked(story_folder: Path) -> Run:
    """Run `crywolf` on the story's store."""

    def run(*arguments: str) -> Done:
        return run_in(story_folder, *arguments)

    return run


def assert_golden(name: str, text: str) -> None:
    """Text equals its golden file; `CRYWOLF_GOLDEN=write` writes it instead."""
    file = GOLDEN / name
    if os.environ.get("CRYWOLF_GOLDEN") == "write":
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    assert text == file.read_text(encoding="utf-8")
