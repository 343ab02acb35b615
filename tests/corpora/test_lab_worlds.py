"""Simulated incidents are emitted, ingested through the command line and scored without an error."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SHARED = Path(__file__).resolve().parents[3] / "shared"


def crywolf() -> str:
    """The command beside this interpreter."""
    beside = Path(sys.executable).parent / "crywolf"
    found = str(beside) if beside.is_file() else shutil.which("crywolf")
    if found is None:
        pytest.skip("the crywolf command is not installed")
    return found


def test_two_worlds_are_scored_without_an_error(tmp_path: Path) -> None:
    """`lab.score` asks about every world; none fails, and every answer keeps the documented shape."""
    if not (SHARED / "lab").is_dir():
        pytest.skip("the shared lab is not beside this checkout")
    environment = {**os.environ, "PYTHONPATH": str(SHARED), "XDG_DATA_HOME": str(tmp_path)}
    lab = [sys.executable, "-m"]
    worlds = str(tmp_path / "worlds")
    emit = [*lab, "lab.emit", worlds, "--preset", "easy", "--seed", "910001", "--count", "2", "--environments", "2"]
    subprocess.run(emit, check=True, env=environment, capture_output=True)
    score = [*lab, "lab.score", worlds, "--crywolf", crywolf(), "--json", "--jobs", "1"]
    done = subprocess.run(score, check=True, env=environment, capture_output=True, text=True)
    result = json.loads(done.stdout)
    assert result["worlds"] == 2
    assert result["failed"] == 0, done.stderr
    assert all(answer["top_kind"] != "none" for answer in result["answers"])
