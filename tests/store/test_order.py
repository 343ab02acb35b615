"""Any order of the same inputs, and any number of writers, gives equal facts."""

from __future__ import annotations

import random
import subprocess
import sys
from pathlib import Path

import pytest

from ingest.limits import Limits
from ingest.model import RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import PipelineSettings, Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input
from tests.store.canonical import canonical, differing
from tests.store.making import assert_sound, ingest, reading, run_note, write, write_history, xml

ROOT = Path(__file__).parents[2]


def assert_equal(left: Path, right: Path) -> None:
    """Two stores say the same."""
    with reading(left) as one, reading(right) as other:
        assert differing(one, other) == {}


@pytest.mark.parametrize("seed", range(4))
def test_any_order_gives_equal_facts(tmp_path: Path, seed: int) -> None:
    """Reports, notes, retries across files, failures of one signature in several words."""
    files = write_history(tmp_path / "in", runs=10, seed=seed)
    ingest(tmp_path / "a.db", *files)
    random.Random(seed).shuffle(files)
    ingest(tmp_path / "b.db", *files)
    assert_equal(tmp_path / "a.db", tmp_path / "b.db")
    assert_sound(tmp_path / "b.db")


def _late(folder: Path, early_db: Path, late_db: Path, settings: Settings | None = None) -> None:
    """Ingest a folder with `run.json` first, and once more into another store with every `run.json` written last."""
    ingest(early_db, folder, settings=settings)
    notes = {path: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("run.json"))}
    for path in notes:
        path.unlink()
    ingest(late_db, folder, settings=settings)
    for path, text in notes.items():
        write(path, text)
    ingest(late_db, *notes, settings=settings)


def test_run_notes_that_arrive_last_change_nothing(tmp_path: Path) -> None:
    """Runs, streams, test cases and rollups move; nothing is left under the name that the folder gave."""
    write_history(tmp_path / "in", runs=10)
    _late(tmp_path / "in", tmp_path / "a.db", tmp_path / "b.db")
    assert_equal(tmp_path / "a.db", tmp_path / "b.db")
    assert_sound(tmp_path / "b.db")


def test_a_late_note_places_reports_without_times(tmp_path: Path) -> None:
    """The start that `run.json` gives is the part's start, not the time of the file."""
    place = tmp_path / "in" / "suite" / "r1"
    write(place / "a.xml", xml([("t1", "fail"), ("t2", "pass")], None))
    write(place / "run.json", run_note("1", start_time="2026-03-01T10:00:00Z"))
    _late(tmp_path / "in", tmp_path / "a.db", tmp_path / "b.db")
    assert_equal(tmp_path / "a.db", tmp_path / "b.db")


def test_a_late_note_tells_the_zone(tmp_path: Path) -> None:
    """Times without a zone are of the pipeline's configured one, also where the pipeline is known late."""
    place = tmp_path / "in" / "suite" / "r1"
    write(place / "a.xml", xml([("t1", "fail")], "2026-03-01T00:30:00"))
    write(place / "run.json", run_note("1", "nightly"))
    settings = Settings(pipelines=(PipelineSettings("nightly", timezone="Europe/Berlin"),))
    _late(tmp_path / "in", tmp_path / "a.db", tmp_path / "b.db", settings)
    assert_equal(tmp_path / "a.db", tmp_path / "b.db")


def test_a_late_note_names_the_repository_of_owners(tmp_path: Path) -> None:
    """A CODEOWNERS file belongs to the repository that the `run.json` above it names."""
    write(tmp_path / "in" / "suite" / "r1" / "CODEOWNERS", "* @acme/pay\n")
    write(tmp_path / "in" / "suite" / "r1" / "run.json", run_note("1", vcs__repository__name="shop"))
    _late(tmp_path / "in", tmp_path / "a.db", tmp_path / "b.db")
    assert_equal(tmp_path / "a.db", tmp_path / "b.db")


def test_names_that_another_writer_removed_are_made_again(tmp_path: Path) -> None:
    """A long-running writer remembers ids of test cases; one that moved away for good is looked up anew."""
    database, folder = tmp_path / "store.db", tmp_path / "in" / "suite"
    cases = [("t1", "fail"), ("t2", "pass")]
    first = write(folder / "r1" / "a.xml", xml(cases, peer="pay"))
    late = write(folder / "r2" / "a.xml", xml(cases, "2026-03-02T10:00:00", peer="pay"))
    with Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as lasting:
        lasting.ingest_all(_inputs(first), lambda outcome: None)
        ingest(database, write(folder / "r1" / "run.json", run_note("1", "nightly", vcs__repository__name="shop")))
        with reading(database) as connection:
            assert {row[0] for row in canonical(connection)["test_case"]} == {"shop"}
        ingest(database, write(tmp_path / "in" / "other" / "r1" / "a.xml", xml([("t3", "pass")])))
        lasting.ingest_all(_inputs(late), lambda outcome: None)
    ingest(tmp_path / "straight.db", tmp_path / "in")
    assert_equal(tmp_path / "straight.db", database)
    assert_sound(database)


def _inputs(path: Path) -> list[Input]:
    return [item for item in list_inputs([str(path)]) if isinstance(item, Input)]


INGEST = """
import sys
from pathlib import Path
from tests.store.making import ingest
ingest(Path(sys.argv[1]), *map(Path, sys.argv[2:]))
"""


def in_child(database: Path, *paths: Path) -> subprocess.Popen[str]:
    """An ingest in a process of its own."""
    arguments = [sys.executable, "-c", INGEST, str(database), *map(str, paths)]
    return subprocess.Popen(arguments, cwd=ROOT, stderr=subprocess.PIPE, text=True)


def assert_done(*children: subprocess.Popen[str]) -> None:
    """All ended well."""
    told = [child.communicate(timeout=120)[1] for child in children]
    assert [child.returncode for child in children] == [0] * len(children), told


def test_two_processes_on_the_same_files(tmp_path: Path) -> None:
    """Both read everything at once, in opposite orders, into a store that neither has made: as if one had read it."""
    files = write_history(tmp_path / "in", runs=12)
    ingest(tmp_path / "one.db", *files)
    shared = tmp_path / "two.db"
    assert_done(in_child(shared, *files), in_child(shared, *reversed(files)))
    with reading(tmp_path / "one.db") as one, reading(shared) as two:
        ours, theirs = canonical(one), canonical(two)
    duplicates = [row for row in theirs.pop("source_file") if "duplicate" not in row]
    assert duplicates == ours.pop("source_file")
    assert ours == theirs
    assert_sound(shared)


def test_two_processes_on_halves(tmp_path: Path) -> None:
    """Each its own half; the notes of one half come late for nobody else."""
    files = write_history(tmp_path / "in", runs=12)
    ingest(tmp_path / "one.db", *files)
    assert_done(in_child(tmp_path / "two.db", *files[::2]), in_child(tmp_path / "two.db", *files[1::2]))
    assert_equal(tmp_path / "one.db", tmp_path / "two.db")
    assert_sound(tmp_path / "two.db")


def test_many_processes_open_a_new_store_at_once(tmp_path: Path) -> None:
    """Nobody takes a store that is just being made for another program's."""
    note = write(tmp_path / "in" / "suite" / "r1" / "run.json", run_note("1"))
    assert_done(*(in_child(tmp_path / "store.db", note) for _ in range(4)))
    assert_sound(tmp_path / "store.db")


def _build(folder: Path, number: int, run: str | None) -> None:
    """A build writes its report, and perhaps what run it is, where the one before wrote its own."""
    write(folder / "a.xml", xml([(f"t{number}", "pass")], None))
    if run is not None:
        write(folder / "run.json", run_note(run, vcs__ref__head__revision=f"r{number}"))


def _runs_of(database: Path) -> list[tuple[str, str, str]]:
    query = "SELECT r.name, r.revision, group_concat(c.name) FROM run r JOIN part p USING (run_id)"
    query += " JOIN result x USING (part_id) JOIN test_case c USING (test_id) GROUP BY r.run_id ORDER BY r.name"
    with reading(database) as connection:
        return [tuple(row) for row in connection.execute(query)]


@pytest.mark.parametrize("is_late", [True, False])
def test_builds_that_write_where_the_last_one_wrote(tmp_path: Path, is_late: bool) -> None:
    """Each is the run that an option names: a later `run.json` says nothing of the former ones."""
    database, folder = tmp_path / "x.db", tmp_path / "ws"
    for number in range(1, 4):
        options = RunIdentity(run_id=str(number))
        if is_late:
            _build(folder, number, None)
            ingest(database, folder, options=options)
        _build(folder, number, "0")
        ingest(database, folder, options=options)
    assert _runs_of(database) == [(str(number), f"r{number}", f"t{number}") for number in range(1, 4)]


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_note_that_is_put_right(tmp_path: Path, is_gone: bool) -> None:
    """Of the run that the file holds results of, or held last and is gone, it is taken back."""
    database, folder = tmp_path / "x.db", tmp_path / "ws"
    for number in (1, 2):
        _build(folder, number, "0")
        ingest(database, folder, options=RunIdentity(run_id=str(number)))
    if is_gone:
        (folder / "a.xml").unlink()
    ingest(database, write(folder / "run.json", run_note("0", vcs__ref__head__revision="right")))
    assert _runs_of(database) == [("1", "r1", "t1"), ("2", "right", "t2")]
