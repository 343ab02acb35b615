"""The only module that names the SQLite driver: opening, pragmas, permissions, health.

One process uses one SQLite library only: two in one process break file locking. `pysqlite3` brings a current one where
its wheels exist; else the standard library's is used.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.errors import NewerSchema, NotAStore, StoreBusy, StoreDamaged, StoreError, StoreFull, StoreReadOnly
from store.locking import WAIT_S
from store.schema import SCHEMA_VERSION, is_crywolf, migrate, schema_version

if TYPE_CHECKING:
    import sqlite3
else:
    try:
        import pysqlite3 as sqlite3
    except ImportError:
        import sqlite3

Connection = sqlite3.Connection
Row = sqlite3.Row
Error = sqlite3.Error
SQLITE_VERSION: str = sqlite3.sqlite_version
WAL_RESET_FIXED = (3, 51, 3)
"""From here on two connections that checkpoint at once no longer corrupt a WAL file."""

BUSY_TIMEOUT_MS = 10_000
_PRAGMAS = ("foreign_keys=ON", "synchronous=NORMAL", "temp_store=MEMORY", "cache_size=-32000")


def open_reader(path: Path) -> Connection:
    """A read-only connection; one a thread, kept for its life.

    Raises:
        NotAStore: the file does not exist or is no database.
    """
    if not path.exists():
        raise NotAStore(f"{path}: there is no store yet; make one with `crywolf ingest PATH...`")
    connection = _open(f"{path.absolute().as_uri()}?mode=ro", path)
    _check_schema(connection, path)
    if schema_version(connection) < SCHEMA_VERSION:
        connection.close()
        open_writer(path).close()
        connection = _open(f"{path.absolute().as_uri()}?mode=ro", path)
    return connection


def open_writer(path: Path, *, group_access: bool = False) -> Connection:
    """A connection that writes; creates file and directory, for the owner only, if they are missing."""
    mode = 0o660 if group_access else 0o600
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=mode | stat.S_IXUSR | (stat.S_IXGRP if group_access else 0))
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode))
    except FileExistsError:
        pass  # another process was first
    except OSError as problem:
        raise StoreReadOnly(f"{path}: cannot be created ({problem.strerror}); choose another with --db") from problem
    connection = _open(f"{path.absolute().as_uri()}?mode=rw", path)
    try:
        _check_schema(connection, path)
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
            connection.execute("PRAGMA journal_mode=WAL")
        migrate(connection)
    except Error as problem:
        raise translate(problem, path) from problem
    return connection


def translate(problem: Error, path: Path | str) -> StoreError:
    """The store's own error for one of the driver's, with the remedy."""
    text = str(problem)
    name = getattr(problem, "sqlite_errorname", "") or ""
    if "FULL" in name:
        return StoreFull(f"{path}: no space left; free some and run the same command again, nothing is lost")
    if "BUSY" in name or "LOCKED" in name or "locked" in text:
        return StoreBusy(f"{path}: another process is writing for longer than {WAIT_S:.0f} s; try again")
    if "READONLY" in name or "CANTOPEN" in name or "PERM" in name:
        return StoreReadOnly(f"{path}: may not be written ({text}); check its permissions or choose another with --db")
    if "NOTADB" in name:
        return NotAStore(f"{path}: is not a SQLite database; choose another with --db")
    if "CORRUPT" in name or "malformed" in text:
        return StoreDamaged(f"{path}: is damaged ({text}); run `crywolf doctor`")
    return StoreError(f"{path}: {text}")


def _check_schema(connection: Connection, path: Path) -> None:
    """Refuse what is not ours or too new, and leave it untouched."""
    if not is_crywolf(connection):
        raise NotAStore(f"{path}: is a SQLite database of another program; choose another with --db")
    if (found := schema_version(connection)) > SCHEMA_VERSION:
        raise NewerSchema(
            f"{path}: was made by a newer crywolf (schema {found}, this one knows {SCHEMA_VERSION}); upgrade crywolf"
        )


def _open(uri: str, path: Path) -> Connection:
    """A connection in autocommit mode: transactions are begun and ended by hand."""
    options: dict[str, Any] = {"uri": True, "isolation_level": None, "timeout": BUSY_TIMEOUT_MS / 1000}
    try:
        connection: Connection = sqlite3.connect(uri, check_same_thread=False, **options)
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except Error as problem:
        raise translate(problem, path) from problem
    return connection


def find_damage(connection: Connection) -> tuple[str, ...]:
    """What SQLite's quick check finds wrong with the file; empty when it is sound."""
    found = tuple(str(row[0]) for row in connection.execute("PRAGMA quick_check"))
    return () if found == ("ok",) else found


@contextmanager
def one_state(connection: Connection) -> Iterator[None]:
    """Everything read inside is of one state of the store, whatever others write meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
