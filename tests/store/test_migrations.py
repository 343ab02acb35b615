"""From an empty file to the current schema; what is not ours, too new or damaged is refused and left as it is."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from ingest.model import RunIdentity
from store import connect, schema
from store.connect import Connection, open_reader, open_writer
from store.errors import NewerSchema, NotAStore, StoreDamaged, StoreError, StoreReadOnly
from tests.store.making import ingest, reading, write_history

ROOT = Path(__file__).parents[2]
NOBODY = 65534
_RELEASED = schema.MIGRATIONS


def sha(path: Path) -> str:
    """Digest of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def plain(database: Path) -> Connection:
    """A connection to any SQLite file, made when missing."""
    return connect._open(f"{database.as_uri()}?mode=rwc", database)


def tables(database: Path) -> set[str]:
    """Names of the tables in a file, whatever it is."""
    with closing(plain(database)) as connection:
        return {row[0] for row in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")}


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    """Also one of no bytes that was there before; twice is once."""
    database = tmp_path / "store.db"
    database.touch()
    open_writer(database).close()
    open_writer(database).close()
    with reading(database) as connection:
        assert schema.schema_version(connection) == schema.SCHEMA_VERSION
        assert connection.execute("PRAGMA application_id").fetchone()[0] == schema.APPLICATION_ID
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
        strict = connection.execute("SELECT count(*) FROM pragma_table_list WHERE NOT strict AND schema = 'main'")
        assert strict.fetchone()[0] == 1, "every table but sqlite_schema is STRICT"


def test_each_migration_is_one_transaction(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A migration that fails half-way leaves the schema before it, and the next attempt ends at the new one."""
    database = tmp_path / "store.db"
    open_writer(database).close()
    bad = "CREATE TABLE fresh (a INTEGER) STRICT;\nCREATE TABLE fresh (a INTEGER) STRICT;\n"
    _pretend(monkeypatch, bad)
    with pytest.raises(StoreError, match="already exists"):
        open_writer(database)
    assert "fresh" not in tables(database)
    _pretend(monkeypatch, "CREATE TABLE fresh (a INTEGER) STRICT;\n")
    open_writer(database).close()
    assert "fresh" in tables(database)


def test_a_reader_brings_an_older_store_up_to_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody has to know that a migration exists."""
    database = tmp_path / "store.db"
    ingest(database, write_history(tmp_path / "in", runs=1)[1])
    _pretend(monkeypatch, "CREATE TABLE fresh (a INTEGER) STRICT;\n")
    with reading(database) as connection:
        assert schema.schema_version(connection) == len(_RELEASED) + 1
        assert connection.execute("SELECT count(*) FROM run").fetchone()[0] == 1


def _pretend(monkeypatch: pytest.MonkeyPatch, migration: str) -> None:
    """A version of crywolf that knows one migration more."""
    monkeypatch.setattr(schema, "MIGRATIONS", (*_RELEASED, migration))
    monkeypatch.setattr(schema, "SCHEMA_VERSION", len(_RELEASED) + 1)
    monkeypatch.setattr(connect, "SCHEMA_VERSION", len(_RELEASED) + 1)


KILLED = """
    import os, signal, sys
    from pathlib import Path
    from store import schema
    from store.connect import open_writer
    last, statements = int(sys.argv[2]), schema._statements
    def cut(script):
        for number, statement in enumerate(statements(script)):
            if number == last:
                os.kill(os.getpid(), signal.SIGKILL)
            yield statement
    schema._statements = cut
    open_writer(Path(sys.argv[1]))
"""


@pytest.mark.parametrize("statement", [0, 1, 17, 40])
def test_a_killed_migration_leaves_old_or_new(tmp_path: Path, statement: int) -> None:
    """The process dies between two statements: nothing of the migration is there, and opening again makes all of it."""
    database = tmp_path / "store.db"
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(KILLED), str(database), str(statement)], cwd=ROOT, check=False
    )
    assert done.returncode == -9
    assert tables(database) == set()
    open_writer(database).close()
    assert "triage_event" in tables(database)


def test_a_newer_store_is_refused_untouched(tmp_path: Path) -> None:
    """By readers and writers, with the remedy."""
    database = tmp_path / "store.db"
    ingest(database, *write_history(tmp_path / "in", runs=1))
    with closing(open_writer(database)) as connection:
        connection.execute("PRAGMA user_version = 99")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    before = sha(database)
    for opening in (open_reader, open_writer):
        with pytest.raises(NewerSchema, match=r"newer crywolf \(schema 99.*upgrade"):
            opening(database)
    assert sha(database) == before
    assert [path.name for path in tmp_path.glob("store.db*")] == ["store.db"], "no connection stays open"


def test_a_foreign_database_is_refused_untouched(tmp_path: Path) -> None:
    """Another program's SQLite file is nobody's store."""
    database = tmp_path / "places.sqlite"
    with closing(plain(database)) as connection:
        connection.execute("CREATE TABLE bookmarks (url TEXT)")
    before = sha(database)
    for opening in (open_reader, open_writer):
        with pytest.raises(NotAStore, match="of another program"):
            opening(database)
    assert sha(database) == before


def test_no_database_is_refused_untouched(tmp_path: Path) -> None:
    """A text file, a folder, nothing at all."""
    text = tmp_path / "notes.txt"
    text.write_text("these are not rows\n" * 500)
    before = sha(text)
    for opening in (open_reader, open_writer):
        with pytest.raises(NotAStore, match="not a SQLite database"):
            opening(text)
        with pytest.raises(StoreError):
            opening(tmp_path)
    assert sha(text) == before
    with pytest.raises(NotAStore, match="crywolf ingest"):
        open_reader(tmp_path / "absent.db")
    assert not (tmp_path / "absent.db").exists()


@pytest.mark.parametrize("share", [0.02, 0.3, 0.9])
def test_a_truncated_store_is_damaged(tmp_path: Path, share: float) -> None:
    """Opening or using it says so by name; it never passes for an empty store."""
    database = tmp_path / "store.db"
    history = write_history(tmp_path / "in", runs=6)
    ingest(database, *history)
    os.truncate(database, int(database.stat().st_size * share))
    with pytest.raises(StoreError) as caught:
        ingest(database, *history, options=RunIdentity(run_id="again"))
    assert isinstance(caught.value, StoreDamaged | NotAStore), caught.value


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may enter, unlike `tmp_path`."""
    folder = Path(tempfile.mkdtemp(prefix="crywolf-test-"))
    folder.chmod(0o755)
    yield folder
    folder.chmod(0o755)
    shutil.rmtree(folder)


def test_a_read_only_folder_is_named(open_folder: Path) -> None:
    """Neither a new store nor an old one can be written there; the message says what to do."""
    inner = open_folder / "results"
    inner.mkdir()
    open_writer(inner / "old.db").close()
    inner.chmod(0o555)
    (inner / "old.db").chmod(0o444)
    for name in ("new.db", "old.db"):
        told = _as_nobody(inner / name)
        assert told.startswith("StoreReadOnly"), told
        assert "--db" in told


def _as_nobody(database: Path) -> str:
    """What `open_writer` says to a user without rights, in a forked process; as ourselves where we are no root."""
    receiving, sending = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Python 3.12 on: forked beside threads
        child = os.fork()
    if child == 0:
        try:
            if os.geteuid() == 0:
                os.setegid(NOBODY)
                os.seteuid(NOBODY)
            open_writer(database)
            told = "opened"
        except StoreReadOnly as problem:
            told = f"StoreReadOnly {problem}"
        except BaseException as problem:
            told = repr(problem)
        os.write(sending, told.encode())
        os._exit(0)
    os.close(sending)
    os.waitpid(child, 0)
    with os.fdopen(receiving) as stream:
        return stream.read()


@pytest.mark.parametrize("umask", [0o022, 0o000])
def test_only_the_owner_reads_the_store(tmp_path: Path, umask: int) -> None:
    """The file and, while it is in use, its log and index: 0600, the folder that was made for them 0700."""
    before = os.umask(umask)
    try:
        database = tmp_path / "data" / "store.db"
        with closing(open_writer(database)) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("INSERT INTO service (name) VALUES ('pay')")
            connection.execute("COMMIT")
            found = {path.name: oct(path.stat().st_mode & 0o777) for path in database.parent.iterdir()}
    finally:
        os.umask(before)
    assert found == {"store.db": "0o600", "store.db-wal": "0o600", "store.db-shm": "0o600"}
    assert oct(database.parent.stat().st_mode & 0o777) == "0o700"


def test_a_group_may_share_a_store(tmp_path: Path) -> None:
    """By option: 0660, the log too."""
    database = tmp_path / "shared" / "store.db"
    before = os.umask(0o002)
    try:
        with closing(open_writer(database, group_access=True)):
            found = {path.name: oct(path.stat().st_mode & 0o777) for path in database.parent.iterdir()}
    finally:
        os.umask(before)
    assert set(found.values()) == {"0o660"}


def test_triage_events_are_append_only(tmp_path: Path) -> None:
    """Neither update nor delete nor replacement gets past the triggers."""
    with closing(open_writer(tmp_path / "store.db")) as connection:
        columns = "at_ms, actor, subject_kind, subject, action, old_value, new_value"
        connection.execute(
            f"INSERT INTO triage_event ({columns}) VALUES (1, 'ada', 'incident', 'i-1', 'ack', NULL, 'x')"
        )
        for statement in (
            "UPDATE triage_event SET actor = 'eve'",
            "DELETE FROM triage_event",
            f"INSERT OR REPLACE INTO triage_event (event_id, {columns}) VALUES (1, 1, 'eve', 'a', 'b', 'c', 'd', 'e')",
            f"REPLACE INTO triage_event (event_id, {columns}) VALUES (1, 1, 'eve', 'a', 'b', 'c', 'd', 'e')",
        ):
            with pytest.raises(connect.Error, match="append-only"):
                connection.execute(statement)
        assert connection.execute("SELECT actor FROM triage_event").fetchall() == [("ada",)]


def test_a_store_that_is_just_being_made_is_ours(tmp_path: Path) -> None:
    """Between two looks at a file another process commits the schema."""
    database = tmp_path / "store.db"
    with closing(plain(database)) as connection:

        class Interrupted:
            """Another process is faster, right after the first question."""

            asked = False

            def execute(self, query: str) -> object:
                """As the connection does."""
                answer = connection.execute(query).fetchall()
                if not self.asked:
                    self.asked = True
                    open_writer(database).close()
                return connection.execute(f"SELECT {answer[0][0]}")

        assert schema.is_crywolf(Interrupted())  # type: ignore[arg-type]
