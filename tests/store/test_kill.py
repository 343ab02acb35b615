"""An ingest that is killed leaves a whole store; run again, it completes: nothing twice, nothing half."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.store.canonical import differing
from tests.store.making import assert_sound, ingest, reading, write_history

ROOT = Path(__file__).parents[2]
RUNS, FILES = 16, 4
KILLED = -9


def start(database: Path, folder: Path, *statement: int) -> subprocess.Popen[str]:
    """The child, once it is ready to read."""
    command = [sys.executable, "-m", "tests.store.ingest_and_die", str(database), str(folder), *map(str, statement)]
    child = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    return child


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int, float]:
    """(inputs, a store that read them undisturbed, statements that took, seconds that took)."""
    folder = tmp_path_factory.mktemp("whole")
    write_history(folder / "in", runs=RUNS, files=FILES)
    child = start(folder / "whole.db", folder / "in")
    began = time.perf_counter()
    told, _ = child.communicate(timeout=120)
    return folder / "in", folder / "whole.db", int(told.split()[-1]), time.perf_counter() - began


def kill_at_random(database: Path, whole: tuple[Path, Path, int, float], rng: random.Random) -> list[str]:
    """Kill an ingest at a statement or, every second time, at a moment; the files that it acknowledged."""
    folder, _, statements, seconds = whole
    if rng.random() < 0.5:
        child = start(database, folder, rng.randint(1, statements))
        told, _ = child.communicate(timeout=120)
        assert child.returncode in (KILLED, 0), "what is in already takes fewer statements"
        return paths_in(told)
    child = start(database, folder)
    time.sleep(rng.uniform(0, seconds))
    child.kill()
    return paths_in(child.communicate(timeout=120)[0])


def paths_in(told: str) -> list[str]:
    """Whole lines that name a file."""
    return [line for line in told.split("\n")[:-1] if "/" in line]


def assert_acknowledged(database: Path, paths: Sequence[str]) -> None:
    """Every file that was acknowledged is in."""
    if paths:
        with reading(database) as connection:
            known = {row[0] for row in connection.execute("SELECT path FROM source_file WHERE status = 'ingested'")}
        assert set(paths) <= known


def assert_survives(folder: Path, whole: tuple[Path, Path, int, float], rng: random.Random, kills: int) -> None:
    """Kill some ingests into one store, each time looking whether it is sound; then complete it."""
    database = folder / "store.db"
    for _ in range(kills):
        acknowledged = kill_at_random(database, whole, rng)
        assert_sound(database)
        assert_acknowledged(database, acknowledged)
    ingest(database, whole[0])
    assert_sound(database)
    with reading(whole[1]) as one, reading(database) as other:
        assert differing(one, other) == {}


@pytest.mark.parametrize("seed", range(5))
def test_a_killed_ingest_is_completed(tmp_path: Path, whole: tuple[Path, Path, int, float], seed: int) -> None:
    """Twice in a row, at ten points in all."""
    assert_survives(tmp_path, whole, random.Random(seed), kills=2)


@pytest.mark.soak
@pytest.mark.parametrize("seed", range(100, 150))
def test_many_killed_ingests_are_completed(tmp_path: Path, whole: tuple[Path, Path, int, float], seed: int) -> None:
    """Four in a row, at two hundred points in all."""
    assert_survives(tmp_path, whole, random.Random(seed), kills=4)
