"""The command line killed in the middle of a real history: nothing acknowledged is lost, running again completes it."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.corpora.test_real_history import counted, unpacked
from tests.store.canonical import differing
from tests.store.making import assert_sound, reading
from tests.store.test_kill import assert_acknowledged, paths_in, start

ROOT = Path(__file__).resolve().parents[2]


def command(database: Path, folder: Path) -> subprocess.Popen[bytes]:
    """`crywolf ingest` in a process of its own."""
    arguments = [sys.executable, "-m", "tui.cli", "--db", str(database), "ingest", str(folder)]
    hidden = {key: value for key, value in os.environ.items() if not key.startswith(("CI", "GIT"))}
    return subprocess.Popen(arguments, cwd=ROOT, env=hidden, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def survive(tmp_path: Path, folder: Path, kills: int, seed: int) -> None:
    """Kill ingests of a history at random moments, every second one through the command line, then let one finish."""
    whole = tmp_path / "whole.db"
    began = time.perf_counter()
    assert command(whole, folder).wait(timeout=600) == 0
    seconds, rng = time.perf_counter() - began, random.Random(seed)
    database, number, lost = tmp_path / "store-0.db", 0, 0
    for kill in range(kills):
        if kill % 2:
            child = command(database, folder)
            time.sleep(rng.uniform(0.3, seconds))
            child.send_signal(signal.SIGKILL)
            lost += child.wait() == -signal.SIGKILL
        else:
            acknowledging = start(database, folder)
            time.sleep(rng.uniform(0, seconds))
            acknowledging.kill()
            assert_acknowledged(database, paths_in(acknowledging.communicate()[0]))
            lost += acknowledging.returncode == -signal.SIGKILL
        if database.exists() and database.stat().st_size:
            with reading(database) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        if kill % 4 == 3 or kill == kills - 1:
            assert command(database, folder).wait(timeout=600) == 0
            with reading(whole) as one, reading(database) as other:
                assert differing(one, other) == {}
            assert_sound(database)
            number += 1
            database = tmp_path / f"store-{number}.db"
    print(f"{kills} kills, {lost} before the end, of ingests of {len(counted(folder))} runs in {seconds:.1f} s each")


def test_two_kills(tmp_path: Path) -> None:
    """Of three pipelines."""
    survive(tmp_path, unpacked(tmp_path / "history", "full-regression.serial", "unit-tests.windows"), 2, seed=1)


@pytest.mark.soak
def test_two_hundred_kills(tmp_path: Path) -> None:
    """Of the whole history."""
    survive(tmp_path, unpacked(tmp_path / "history"), 200, seed=2)
