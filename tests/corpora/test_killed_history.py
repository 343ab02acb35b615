"""An ingest of a real history killed again and again in one store: nothing acknowledged is lost, nothing is half in.

Each ingest goes on in the store that the one before it left behind. After each kill the file is whole, every file that
was ever acknowledged is in with all its results. When a store has the whole history it equals one that was never
disturbed, and the next kill begins a new one.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from store.errors import StoreError
from tests.corpora.dying_ingest import POINTS
from tests.corpora.test_real_history import counted, unpacked
from tests.store.canonical import differing
from tests.store.making import assert_sound, reading
from tests.store.test_company import HALF_IN
from tests.store.test_kill import KILLED, paths_in

ROOT = Path(__file__).resolve().parents[2]
COMMAND = "command"
"""`crywolf ingest` with whatever processes it starts, killed from outside at a moment."""
MOST_FILES = 40
"""New files between two kills."""
LONGEST_S = 0.03
"""From the beginning of a commit, a checkpoint or a read to the kill."""
KILLS_A_STORE = 25


def environment() -> dict[str, str]:
    """Without what a CI server says."""
    return {key: value for key, value in os.environ.items() if not key.startswith(("CI", "GIT"))}


def command(database: Path, folder: Path) -> subprocess.Popen[bytes]:
    """`crywolf ingest` in a process group of its own."""
    arguments = [sys.executable, "-m", "tui.cli", "--db", str(database), "ingest", str(folder)]
    silent = subprocess.DEVNULL
    return subprocess.Popen(
        arguments, cwd=ROOT, env=environment(), stdout=silent, stderr=silent, start_new_session=True
    )


def complete(database: Path, folder: Path) -> float:
    """Ingest to the end; seconds it took."""
    began = time.perf_counter()
    assert command(database, folder).wait(timeout=900) == 0
    return time.perf_counter() - began


class Killer:
    """Kills ingests of one folder.

    Args:
        opening_s: how long it takes until an ingest reads its first file.
    """

    def __init__(self, folder: Path, seed: int, opening_s: float) -> None:
        self._folder = folder
        self._rng = random.Random(seed)
        self._opening_s = opening_s
        self.killed = Counter[str]()
        self.acknowledged: set[str] = set()

    def kill(self, database: Path, point: str) -> bool:
        """Start an ingest and kill it; False when there was nothing left to do."""
        ended = self._kill_command(database) if point == COMMAND else self._kill_child(database, point)
        assert ended in (KILLED, 0), f"{point}: {ended}"
        self.killed[point] += ended == KILLED
        return ended == KILLED

    def _kill_child(self, database: Path, point: str) -> int:
        files = self._rng.randint(1, MOST_FILES)
        delay = self._rng.uniform(0, self._opening_s if point == "opening" else LONGEST_S)
        arguments = [str(database), str(self._folder), point, str(files), str(delay)]
        done = subprocess.run(
            [sys.executable, "-m", "tests.corpora.dying_ingest", *arguments],
            cwd=ROOT, env=environment(), stdout=subprocess.PIPE, text=True, check=False, timeout=900,
        )  # fmt: skip
        self.acknowledged.update(paths_in(done.stdout))
        return done.returncode

    def _kill_command(self, database: Path) -> int:
        """Every third time its main process alone: the others end by themselves."""
        child = command(database, self._folder)
        time.sleep(self._rng.uniform(0, 4 * self._opening_s))
        if self._rng.random() < 1 / 3:
            child.kill()
        else:
            os.killpg(child.pid, signal.SIGKILL)
        ended = child.wait()
        assert is_gone(child.pid), "a process that nobody waits for goes on"
        return ended

    def check(self, database: Path) -> None:
        """The store is whole, what was acknowledged is in, nothing is half in."""
        try:
            with reading(database) as connection:
                assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
                known = {row[0] for row in connection.execute("SELECT path FROM source_file WHERE status = 'ingested'")}
                assert connection.execute(HALF_IN).fetchone() == (0,)
        except StoreError:
            assert not self.acknowledged, "what was in can be read"
            return
        assert self.acknowledged <= known


def is_gone(group: int, patience_s: float = 60) -> bool:
    """Whether the processes of a group end within some time."""
    until = time.monotonic() + patience_s
    while time.monotonic() < until:
        try:
            os.killpg(group, 0)
        except ProcessLookupError:
            return True
        time.sleep(0.05)
    return False


def survive(tmp_path: Path, folder: Path, kills: int, seed: int) -> None:
    """Kill ingests of a history at random points, in one store after the other, until each has the whole history."""
    whole = tmp_path / "whole.db"
    seconds = complete(whole, folder)
    began = time.perf_counter()
    empty = tmp_path / "empty"
    empty.mkdir()
    complete(tmp_path / "empty.db", empty)
    killer = Killer(folder, seed, time.perf_counter() - began)
    order, stores, in_store, most = (*POINTS, COMMAND), 0, 0, 0
    tried = 0
    while killer.killed.total() < kills:
        database = tmp_path / f"store-{stores}.db"
        was_killed = killer.kill(database, order[tried % len(order)])
        tried += 1
        in_store += was_killed
        killer.check(database)
        if was_killed and in_store < KILLS_A_STORE and killer.killed.total() < kills:
            continue
        complete(database, folder)
        with reading(whole) as one, reading(database) as other:
            assert differing(one, other) == {}
        assert_sound(database)
        killer.acknowledged.clear()
        stores, most, in_store = stores + 1, max(most, in_store), 0
    places = ", ".join(f"{point} {killer.killed[point]}" for point in order)
    print(f"{kills} kills of ingests of {len(counted(folder))} runs ({seconds:.1f} s undisturbed): {places}")
    print(f"{stores} stores, up to {most} kills in one, each complete and equal to the undisturbed one in the end")


def test_eight_kills(tmp_path: Path) -> None:
    """At every point once, of three pipelines."""
    survive(tmp_path, unpacked(tmp_path / "history", "full-regression.serial", "unit-tests.windows"), 8, seed=1)


@pytest.mark.soak
def test_two_hundred_kills(tmp_path: Path) -> None:
    """Of the whole history."""
    survive(tmp_path, unpacked(tmp_path / "history"), 200, seed=2)
