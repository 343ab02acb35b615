"""Several processes on one store: what they leave and what they tell is what one process does."""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import signal
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.crew import Crew
from ingest.crew_member import Task
from ingest.limits import Limits
from ingest.model import FileOutcome, FileStatus, RunIdentity
from ingest.pieces import Piece
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input, Skip
from store.errors import StoreError
from store.write import ACCESS
from tests.store.canonical import differing
from tests.store.making import assert_sound, reading, run_note, write, write_history, xml

ROOT = Path(__file__).parents[2]
CRYWOLF = Path(sys.executable).parent / "crywolf"
_FILES = 400
needs_signals = pytest.mark.skipif(sys.platform == "win32", reason="POSIX signals")


def by_one(database: Path, found: Iterable[Input | Skip]) -> list[FileOutcome]:
    """In this process."""
    outcomes: list[FileOutcome] = []
    with Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as ingestion:
        ingestion.ingest_all(found, outcomes.append)
    return outcomes


def by_crew(
    database: Path,
    pieces: Sequence[Piece],
    jobs: int = 2,
    note: Callable[[str], None] = pytest.fail,
    on_file: Callable[[FileOutcome], None] = lambda outcome: None,
) -> list[FileOutcome]:
    """In several."""
    outcomes: list[FileOutcome] = []

    def take(outcome: FileOutcome) -> None:
        outcomes.append(outcome)
        on_file(outcome)

    task = Task(database, Settings(), RunIdentity(), Limits(), RunIdentity(), "", ACCESS)
    with Crew(task, jobs, note) as crew:
        crew.ingest_all(pieces, take)
    return outcomes


def cut_at(found: Sequence[Input | Skip], places: Iterable[int]) -> list[Piece]:
    """Pieces between places."""
    bounds = [0, *sorted(place % (len(found) + 1) for place in places), len(found)]
    return [found[start:end] for start, end in pairwise(bounds) if end > start]


def assert_alike(folder: Path, one: list[FileOutcome], crew: list[FileOutcome]) -> None:
    """Equal facts, and equal outcomes in the same order."""
    assert crew == one
    with reading(folder / "one.db") as left, reading(folder / "crew.db") as right:
        assert differing(left, right) == {}
    assert_sound(folder / "crew.db")


def write_odd_things(folder: Path) -> None:
    """Reports that others repeat, refused ones, an archive, a link, a note that comes last, too many new names."""
    place = folder / "odd" / "run-1"
    write(place / "TEST-a.xml", xml([("a1", "fail"), ("a2", "pass")]))
    write(place / "TEST-b.xml", xml([("b1", "pass")]))
    write(place / "TEST-c.xml", xml([("a1", "fail"), ("a2", "pass")]))
    write(place / "TESTS-TestSuites.xml", f"<testsuites>{xml([('a1', 'fail'), ('a2', 'pass')])}</testsuites>")
    write(place / "cut.xml", xml([("c1", "pass")])[:-20])
    write(place / "notes.txt", "nothing to read")
    (place / "link.xml").symlink_to(place / "TEST-a.xml")
    write(folder / "odd" / "run-2" / "names.xml", xml([(f"test_order[{n}]", "pass") for n in range(1_200)]))
    write(folder / "odd" / "run-3" / "names.xml", xml([(f"test_order[{n}]", "pass") for n in range(900, 2_100)]))
    with zipfile.ZipFile(folder / "odd" / "packed.zip", "w") as archive:
        archive.writestr("run.json", run_note("9", "packed"))
        for number in range(3):
            archive.writestr(f"part-{number}.xml", xml([(f"z{number}", "fail")]))


@pytest.mark.parametrize("jobs", [2, 3])
def test_each_file_a_piece(tmp_path: Path, jobs: int) -> None:
    """The smallest pieces: neighbours of one run are always read by different processes."""
    write_history(tmp_path / "in", runs=8)
    write_odd_things(tmp_path / "in")
    found = list(list_inputs([str(tmp_path / "in")]))
    assert any(isinstance(item, Skip) for item in found)
    one = by_one(tmp_path / "one.db", found)
    assert {outcome.status for outcome in one} == set(FileStatus)
    assert_alike(tmp_path, one, by_crew(tmp_path / "crew.db", [[item] for item in found], jobs))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 1000), places=st.lists(st.integers(0, 10_000), max_size=12))
def test_any_pieces_in_any_order(tmp_path_factory: pytest.TempPathFactory, seed: int, places: list[int]) -> None:
    """Late notes, runs out of their order, parts of a run in several pieces."""
    folder = tmp_path_factory.mktemp("crew")
    paths = write_history(folder / "in", runs=6, seed=seed)
    random.Random(seed).shuffle(paths)
    found = list(list_inputs([str(path) for path in paths]))
    one = by_one(folder / "one.db", found)
    assert_alike(folder, one, by_crew(folder / "crew.db", cut_at(found, places)))


def test_what_is_known_is_not_read_again(tmp_path: Path) -> None:
    """A second time everything is a duplicate, with the counts of the first."""
    write_history(tmp_path / "in", runs=4)
    found = list(list_inputs([str(tmp_path / "in")]))
    first = by_crew(tmp_path / "crew.db", [[item] for item in found])
    again = by_crew(tmp_path / "crew.db", [[item] for item in found])
    assert {outcome.status for outcome in again} == {FileStatus.DUPLICATE}
    assert [outcome.counts for outcome in again] == [outcome.counts for outcome in first]


@needs_signals
def test_a_process_that_dies_is_replaced(tmp_path: Path) -> None:
    """What it held is read by another one; nothing is lost, nothing is there twice, and the person is told."""
    write_history(tmp_path / "in", runs=8)
    found = list(list_inputs([str(tmp_path / "in")]))
    notes: list[str] = []
    killed: list[int] = []

    def kill_all_once(outcome: FileOutcome) -> None:
        if not killed:
            killed.extend(child.pid or 0 for child in multiprocessing.active_children())
            for pid in killed:
                os.kill(pid, signal.SIGKILL)

    outcomes = by_crew(tmp_path / "crew.db", cut_at(found, range(0, 99, 4)), 2, notes.append, kill_all_once)
    one = by_one(tmp_path / "one.db", found)
    assert [outcome.path for outcome in outcomes] == [outcome.path for outcome in one]
    assert {outcome.status for outcome in outcomes} <= {FileStatus.INGESTED, FileStatus.DUPLICATE}
    assert len(notes) == len(killed) == 2
    assert all("signal 9" in note for note in notes)
    with reading(tmp_path / "one.db") as left, reading(tmp_path / "crew.db") as right:
        assert differing(left, right) == {}
    assert_sound(tmp_path / "crew.db")


POISON = """
import json, os, sys
from pathlib import Path
import ingest.preparing
open_input = ingest.preparing.open_input
def deadly(item):
    if "poison" in item.path:
        os.kill(os.getpid(), 9)
    return open_input(item)
ingest.preparing.open_input = deadly
from tests.store.test_crew import by_crew
from ingest.sources.directory import list_inputs
found = list(list_inputs([sys.argv[2]]))
outcomes = by_crew(Path(sys.argv[1]), [found[:4], found[4:8], found[8:]], 2, note=lambda text: None)
print(json.dumps([[outcome.path, outcome.status.value, outcome.reason] for outcome in outcomes]))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs a fork")
def test_a_file_that_ends_its_readers_is_refused(tmp_path: Path) -> None:
    """It takes two of them along; all other files are in, in their order."""
    paths = [write(tmp_path / "in" / f"r{n}" / "a.xml", xml([("t", "pass")])) for n in range(10)]
    write(tmp_path / "in" / "r5" / "poison.xml", xml([("t", "fail")]))
    arguments = [sys.executable, "-c", POISON, str(tmp_path / "crew.db"), str(tmp_path / "in")]
    done = subprocess.run(arguments, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    refused = [row for row in told if row[1] != "ingested"]
    assert [row[0] for row in refused] == [str(tmp_path / "in" / "r5" / "poison.xml")]
    assert refused[0][1] == "rejected"
    assert refused[0][2].startswith("process-ended: the process that read it was ended by signal 9")
    assert [row[0] for row in told if row[1] == "ingested"] == [str(path) for path in paths]
    assert [row[0] for row in told].index(refused[0][0]) == 6
    assert_sound(tmp_path / "crew.db")


def test_a_store_that_cannot_be_used_is_told(tmp_path: Path) -> None:
    """By the error of the process that met it; the others end."""
    write_history(tmp_path / "in", runs=2)
    found = list(list_inputs([str(tmp_path / "in")]))
    (tmp_path / "crew.db").mkdir()
    with pytest.raises(StoreError, match=r"crew\.db"):
        by_crew(tmp_path / "crew.db", [[item] for item in found])
    assert multiprocessing.active_children() == []


@contextmanager
def _started(folder: Path, database: Path) -> Iterator[subprocess.Popen[str]]:
    """The command on many files, with its own process group, when some of them are in; nobody of it is left."""
    for number in range(_FILES):
        cases = [(f"test_{n}", "pass") for n in range(400)]
        write(
            folder / f"run-{number:03d}" / "a.xml",
            xml(cases, f"2026-03-{1 + number // 24:02d}T{number % 24:02d}:00:00"),
        )
    command = [str(CRYWOLF), "--db", str(database), "ingest", "--jobs", "2", str(folder)]
    child = subprocess.Popen(
        command, cwd=folder, env=os.environ | {"CI": ""}, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and child.poll() is None and not (database.exists() and _files_in(database)):
            time.sleep(0.01)
        yield child
    finally:
        if not _is_alone(child.pid):
            os.killpg(child.pid, signal.SIGKILL)
        child.communicate()


def _files_in(database: Path) -> int:
    try:
        with reading(database) as connection:
            return int(connection.execute("SELECT count(*) FROM source_file").fetchone()[0])
    except StoreError:  # just being made
        return 0


def _is_alone(group: int) -> bool:
    """Whether no process of a group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def _wait_until_alone(group: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and not _is_alone(group):
        time.sleep(0.02)
    assert _is_alone(group)


@needs_signals
def test_an_interrupt_keeps_what_is_committed_and_tells_it(tmp_path: Path) -> None:
    """Ctrl+C reaches all processes of the terminal: exit code 130, and the number told is the number stored."""
    with _started(tmp_path / "in", tmp_path / "store.db") as child:
        os.killpg(child.pid, signal.SIGINT)
        _, err = child.communicate(timeout=60)
        assert child.returncode == 130, err
        stored = _files_in(tmp_path / "store.db")
        assert 0 < stored < _FILES
        assert f"{stored} files are stored; the same command goes on with the rest" in err
        _wait_until_alone(child.pid)
    assert_sound(tmp_path / "store.db")


@needs_signals
def test_processes_end_with_the_one_that_is_killed(tmp_path: Path) -> None:
    """What they had committed stays, and reading it again, and some that come after, makes it whole."""
    with _started(tmp_path / "in", tmp_path / "crew.db") as child:
        child.kill()
        child.communicate(timeout=60)
        _wait_until_alone(child.pid)
    stored = _files_in(tmp_path / "crew.db")
    assert 0 < stored < _FILES
    found = list(list_inputs([str(tmp_path / "in")]))[: stored + 40]
    by_one(tmp_path / "crew.db", found)
    by_one(tmp_path / "one.db", found)
    with reading(tmp_path / "one.db") as left, reading(tmp_path / "crew.db") as right:
        assert differing(left, right) == {}
    assert_sound(tmp_path / "crew.db")
