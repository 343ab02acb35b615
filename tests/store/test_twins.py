"""Files with equal bytes in one run: whatever happens to one of them, the others still say what they said."""

from __future__ import annotations

import random
import shutil
import zipfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ingest.model import FileStatus, RunIdentity
from tests.store.canonical import canonical
from tests.store.making import assert_sound, ingest, reading, run_note, write, xml

FOLDERS = ("one", "two")
NAMES = ("a.xml", "b.xml", "c.xml")
CONTENTS = tuple(xml([("t1", first), ("t2", "pass")]) for first in ("pass", "fail", "flaky"))


def facts(database: Path) -> dict[str, list[object]]:
    """What a store says, but for what it has learnt from content that is gone: names of failures."""
    with reading(database) as connection:
        found = canonical(connection)
    return {name: list(rows) for name, rows in found.items() if name != "signature"}


def attempts(database: Path) -> list[tuple[str, int]]:
    """(file name, outcome) of every stored result of t1."""
    with reading(database) as connection:
        rows = connection.execute(
            "SELECT o.path, x.outcome FROM result x JOIN part p ON p.part_id = x.part_id"
            " JOIN source_file o ON o.source_id = p.source_id JOIN test_case t ON t.test_id = x.test_id"
            " WHERE t.name = 't1' ORDER BY o.path, x.ordinal"
        )
        return [(Path(row[0]).name, row[1]) for row in rows]


def test_a_twin_takes_over_when_the_first_is_rewritten(tmp_path: Path) -> None:
    """Two files hold equal bytes, the first is written anew: both are in, without reading the second again."""
    database, place = tmp_path / "store.db", tmp_path / "suite" / "r1"
    first, second = (write(place / name, CONTENTS[1]) for name in NAMES[:2])
    assert [outcome.status for outcome in ingest(database, first, second)] == ["ingested", "duplicate"]
    ingest(database, write(first, CONTENTS[0]))
    assert attempts(database) == [("a.xml", 0), ("b.xml", 1)]
    assert ingest(database, second)[0].status is FileStatus.DUPLICATE
    assert_sound(database)


def test_a_file_that_becomes_a_twin_loses_what_it_held(tmp_path: Path) -> None:
    """It is written anew with the bytes of another: its former results are out."""
    database, place = tmp_path / "store.db", tmp_path / "suite" / "r1"
    ingest(database, write(place / "a.xml", CONTENTS[0]), write(place / "b.xml", CONTENTS[1]))
    assert ingest(database, write(place / "b.xml", CONTENTS[0]))[0].status is FileStatus.DUPLICATE
    assert attempts(database) == [("a.xml", 0)]
    ingest(database, write(place / "a.xml", CONTENTS[2]))
    assert attempts(database) == [("a.xml", 1), ("a.xml", 0), ("b.xml", 0)], "the flaky one has two attempts"
    assert_sound(database)


def test_a_late_note_parts_twins(tmp_path: Path) -> None:
    """Equal reports of two folders are duplicates under one run id, until a `run.json` says that one is of another."""
    database = tmp_path / "store.db"
    for folder in FOLDERS:
        write(tmp_path / "in" / folder / "r1" / "a.xml", CONTENTS[1])
        write(tmp_path / "in" / folder / "run.json", run_note("1", "p"))
    ingest(database, tmp_path / "in")
    assert attempts(database) == [("a.xml", 1)]
    for folder in reversed(FOLDERS):
        shutil.copytree(tmp_path / "in", tmp_path / "copy", dirs_exist_ok=True)
        ingest(database, write(tmp_path / "in" / folder / "run.json", run_note(f"of-{folder}", "p")))
        assert attempts(database) == [("a.xml", 1)] * 2, folder
        assert_sound(database)


def test_a_member_of_an_archive_is_a_twin_like_any_file(tmp_path: Path) -> None:
    """Under one run id the loose file and the packed one are the same; when one is written anew the other stays."""
    database, options = tmp_path / "store.db", RunIdentity(pipeline="p", run_id="1")
    loose, archive = write(tmp_path / "in" / "a.xml", CONTENTS[1]), tmp_path / "in" / "b.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("c.xml", CONTENTS[1])
    told = ingest(database, archive, loose, options=options)
    assert [outcome.status for outcome in told] == ["ingested", "duplicate"]
    ingest(database, write(loose, CONTENTS[0]), options=options)
    assert attempts(database) == [("a.xml", 0), ("b.zip!c.xml", 1)]
    assert_sound(database)


STEP = st.tuples(
    st.sampled_from(FOLDERS), st.sampled_from((*NAMES, "run.json")), st.integers(0, len(CONTENTS) - 1), st.booleans()
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=st.lists(STEP, min_size=3, max_size=14), seed=st.integers(0, 1000))
def test_any_history_of_writing_ends_in_what_is_there(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, str, int, bool]], seed: int
) -> None:
    """Files and notes written again and again, equal bytes among them, in any order: as if read once at the end."""
    base = tmp_path_factory.mktemp("twins")
    waiting: set[Path] = set()
    rng = random.Random(seed)
    for folder, name, number, reads in steps:
        content = run_note(str(number), "p") if name == "run.json" else CONTENTS[number]
        waiting.add(write(base / "in" / folder / "r" / name, content))
        if reads:
            ingest(base / "late.db", *rng.sample(sorted(waiting), len(waiting)))
            waiting.clear()
    ingest(base / "late.db", *rng.sample(sorted(waiting), len(waiting)))
    ingest(base / "once.db", base / "in")
    assert facts(base / "late.db") == facts(base / "once.db")
    assert_sound(base / "late.db")
