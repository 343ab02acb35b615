"""Stores of every released schema go on: whole, copied before, and never between two schemas."""

from __future__ import annotations

import random
import subprocess
import sys
import textwrap
from contextlib import closing
from pathlib import Path

import pytest

from ingest.model import FileStatus
from store import connect, schema
from store.connect import open_writer
from store.errors import StoreError
from store.write import Writer
from tests.store.making import assert_sound, ingest, reading, write_history
from tests.store.stores_of_old import RELEASED, columns_of, facts_of, make_store, plain
from tui.answers.failures import answer_failures
from tui.answers.query import Query

ROOT = Path(__file__).parents[2]
KILLS = 20


def test_every_released_schema_has_its_store() -> None:
    """One for each migration but the last, which is not released yet, or for all of them."""
    assert list(RELEASED) == [number + 1 for number in range(len(RELEASED))]
    assert len(RELEASED) in (schema.SCHEMA_VERSION - 1, schema.SCHEMA_VERSION)


@pytest.mark.parametrize("number", RELEASED)
def test_an_older_store_goes_on(tmp_path: Path, number: int) -> None:
    """A reader is enough: every row is as it was, the rollups too, and the store answers and takes more."""
    database = make_store(number, tmp_path / "store.db")
    with closing(plain(database)) as connection:
        before = facts_of(connection, number)
    assert before["triage_event"]
    assert before["result"]
    with reading(database) as connection:
        assert schema.schema_version(connection) == schema.SCHEMA_VERSION
        assert facts_of(connection, number) == before
        assert [row.case.name for row in answer_failures(connection, Query()).rows] == ["t1", "t1"]
    outcomes = ingest(database, *write_history(tmp_path / "in", runs=2))
    assert {outcome.status for outcome in outcomes} == {FileStatus.INGESTED}
    with closing(Writer(database, lambda failure: (1, "", ""))) as writer:
        writer.pack_rest()
    assert_sound(database)


@pytest.mark.parametrize("number", [number for number in RELEASED if number < schema.SCHEMA_VERSION])
def test_a_copy_is_kept_beside_the_store(tmp_path: Path, number: int) -> None:
    """Of the schema that it leaves, for the owner only; opening a store that needs nothing makes none."""
    database = make_store(number, tmp_path / "store.db")
    with closing(plain(database)) as connection:
        before = facts_of(connection, number)
    open_writer(database).close()
    copy = tmp_path / f"store.db.schema-{number}.bak"
    assert oct(copy.stat().st_mode & 0o777) == "0o600"
    with closing(plain(copy)) as connection:
        assert schema.schema_version(connection) == number
        assert facts_of(connection, number) == before
    copy.unlink()
    open_writer(database).close()
    open_writer(tmp_path / "new.db").close()
    assert [path.name for path in tmp_path.iterdir() if ".bak" in path.name] == []


def test_no_copy_no_migration(tmp_path: Path) -> None:
    """Where the copy cannot be written the store stays of its schema, and the message says why."""
    database = make_store(1, tmp_path / "store.db")
    (tmp_path / "store.db.schema-1.bak.part").mkdir()
    with pytest.raises(StoreError, match="not changed without a copy"):
        open_writer(database)
    with closing(plain(database)) as connection:
        assert schema.schema_version(connection) == 1


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from store import connect
    last, issued, opened = int(sys.argv[2]), 0, connect._open
    def count(_):
        global issued
        issued += 1
        if issued == last:
            os.kill(os.getpid(), signal.SIGKILL)
    def traced(*args, **options):
        connection = opened(*args, **options)
        connection.set_trace_callback(count)
        return connection
    connect._open = traced
    connect.open_writer(Path(sys.argv[1])).close()
    print(issued)
"""


def open_killed(database: Path, statement: int) -> subprocess.CompletedProcess[str]:
    """Open a store for writing in a process that dies before a numbered statement; 0: it lives."""
    command = [sys.executable, "-c", textwrap.dedent(KILLED), str(database), str(statement)]
    return subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)


@pytest.mark.parametrize("number", [number for number in RELEASED if number < schema.SCHEMA_VERSION])
def test_a_migration_killed_at_twenty_points_is_of_one_schema(tmp_path: Path, number: int) -> None:
    """Whole rows of one schema, at every point, and the next opening ends at the new one; the copy too is whole."""
    statements = int(open_killed(make_store(number, tmp_path / "whole.db"), 0).stdout)
    with closing(plain(make_store(number, tmp_path / "old.db"))) as connection:
        before = facts_of(connection, number)
    rng, seen = random.Random(7), set()
    points = sorted({*rng.sample(range(1, statements), min(KILLS, statements) - 1), statements})
    for kill, statement in enumerate(points):
        database = make_store(number, tmp_path / f"store-{kill}.db")
        assert open_killed(database, statement).returncode == -9
        copy = Path(f"{database}.schema-{number}.bak")
        for path in (database, copy):
            if path.exists():
                with closing(plain(path)) as connection:
                    found = schema.schema_version(connection)
                    assert found in (range(number, schema.SCHEMA_VERSION + 1) if path == database else (number,))
                    assert connect.find_damage(connection) == ()
                    assert facts_of(connection, number) == before
                    rows = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'").fetchall()
                    tables = {row[0] for row in rows if not row[0].startswith("sqlite_")}
                    assert (tables == set(columns_of(number))) == (found == number)
                    assert ("test_day" in tables) == (found < 3)
                    seen.add(found)
        open_writer(database).close()
        assert copy.exists()
        with reading(database) as connection:
            assert connect.find_damage(connection) == ()
            assert facts_of(connection, number) == before
    assert seen >= {number, schema.SCHEMA_VERSION}
