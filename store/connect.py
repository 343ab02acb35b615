"""The only module that names the SQLite driver: opening, pragmas, permissions, health.

One process uses one SQLite library only: two in one process break file locking. `pysqlite3` brings a current one where
its wheels exist; else the standard library's is used.
"""

from __future__ import annotations

import errno
import os
import stat
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from store.access import ACCESS
from store.errors import (
    NewerSchema,
    NotAStore,
    StoreBusy,
    StoreDamaged,
    StoreError,
    StoreFull,
    StoreOnNetwork,
    StoreReadOnly,
)
from store.file_system import is_full, is_mounted_read_only, network_kind
from store.locking import WAIT_S
from store.schema import SCHEMA_VERSION, is_crywolf, migrate, schema_version
from store.sole_writer import become_writer, stop_writing

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
SeveralStatements = sqlite3.Warning
"""What the driver raises when it is given more than one statement."""
SQLITE_VERSION: str = sqlite3.sqlite_version
WAL_RESET_FIXED = (3, 51, 3)
"""From here on two connections that checkpoint at once no longer corrupt a WAL file."""

BUSY_TIMEOUT_MS = 10_000
_ATTACH, _STEPS = 24, 100_000
"""SQLITE_ATTACH, also what `VACUUM INTO` needs; steps of the virtual machine between two looks at signals."""
_STATEMENTS = 256
"""Kept prepared: a file takes some seventy, and with fewer than are used in turn each is prepared anew every time."""
_CACHE_KIB, _SMALL_CACHE_KIB = 32_000, 8_000
_PRAGMAS = ("foreign_keys=ON", "synchronous=NORMAL", "temp_store=MEMORY", f"cache_size=-{_CACHE_KIB}")


class _SoleWriter(sqlite3.Connection):
    """A connection that lets another process write when it closes."""

    def close(self) -> None:
        """Close, once."""
        super().close()
        if (path := self.__dict__.pop("written", None)) is not None:
            stop_writing(path)


def open_reader(path: Path) -> Connection:
    """A read-only connection; one a thread, kept for its life.

    Raises:
        NotAStore: the file does not exist or is no database.
        StoreError: it cannot be read; the narrowest class, with the remedy.
    """
    if not path.exists():
        raise NotAStore(f"{path}: there is no store yet; make one with `crywolf ingest PATH...`")
    connection = _open_to_read(path)
    _check_schema(connection, path)
    if schema_version(connection) < SCHEMA_VERSION:
        connection.close()
        open_writer(path).close()
        connection = _open_to_read(path)
    return connection


def open_as_is(path: Path) -> Connection:
    """A read-only connection to whatever is there, of any schema and perhaps damaged: to examine it."""
    if not path.exists():
        raise NotAStore(f"{path}: there is no store yet; make one with `crywolf ingest PATH...`")
    return _open_to_read(path)


def _open_to_read(path: Path) -> Connection:
    """On a medium that nobody can write, also without the files that SQLite keeps beside a store in use."""
    kind = network_kind(path)
    if kind and not ACCESS.network and _has_log(path):
        raise _on_network(path, kind)
    uri = f"{path.absolute().as_uri()}?mode=ro"
    try:
        return _open(uri, path)
    except StoreReadOnly:
        log = path.with_name(path.name + "-wal")
        if not is_mounted_read_only(path) or (log.exists() and log.stat().st_size):
            raise
        return _open(f"{uri}&immutable=1", path)


def open_writer(path: Path, *, group_access: bool = False) -> Connection:
    """A connection that writes; creates file and directory, for the owner only, if they are missing.

    A store of an older schema is copied beside itself and brought to this version's.

    Raises:
        StoreError: it cannot be written; the narrowest class, with the remedy. What is not ours is left as it is.
    """
    kind = network_kind(path)
    if kind and not ACCESS.network:
        raise _on_network(path, kind)
    mode = 0o660 if group_access or ACCESS.group else 0o600
    _make(path, mode)
    connection = _open(f"{path.absolute().as_uri()}?mode=rw", path, sole=bool(kind))
    try:
        _check_schema(connection, path)
        wanted = "delete" if kind else "wal"
        if connection.execute("PRAGMA journal_mode").fetchone()[0] != wanted:
            connection.execute(f"PRAGMA journal_mode={wanted}")
        if ACCESS.durable:
            connection.execute("PRAGMA synchronous=FULL")
        migrate(connection, lambda number: copy_to(_backup_of(path, number), path, mode))
    except Error as problem:
        connection.close()
        raise translate(problem, path) from problem
    except BaseException:
        connection.close()
        raise
    return connection


def _make(path: Path, mode: int) -> None:
    """Make a store's folder and file where they are missing."""
    folder_mode = mode | stat.S_IXUSR | (stat.S_IXGRP if mode & stat.S_IRGRP else 0)
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=folder_mode)
        if not path.exists():
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode))
    except FileExistsError:
        if path.exists():
            return  # another process was first
        raise StoreReadOnly(f"{path}: {path.parent} is no folder; choose another with --db") from None
    except OSError as problem:
        if problem.errno == errno.ENOSPC:
            raise _full(path) from problem
        raise StoreReadOnly(f"{path}: cannot be created ({problem.strerror}); choose another with --db") from problem


def _backup_of(path: Path, number: int) -> Path:
    """Where the copy of a store goes that is about to leave a schema."""
    return path.with_name(f"{path.name}.schema-{number}.bak")


def copy_to(target: Path, path: Path, mode: int = 0o600) -> None:
    """Copy a store as its last commit left it, whole or not at all.

    Raises:
        StoreError: there is no room for it, or it may not be written; the store is as it was.
    """
    part = target.with_name(target.name + ".part")
    try:
        part.unlink(missing_ok=True)
        os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_RDWR, mode))
        # A connection of its own: one that holds the write lock is never let read for a backup.
        with (
            closing(_open(f"{path.absolute().as_uri()}?mode=ro", path)) as source,
            closing(sqlite3.connect(part)) as copy,
        ):
            source.backup(copy)
        part.replace(target)
    except (Error, OSError, StoreError) as problem:
        with suppress(OSError):
            part.unlink(missing_ok=True)
        raise StoreError(
            f"{path}: cannot be copied to {target} ({problem}), and is not changed without a copy; free some space or "
            "let the folder be written"
        ) from problem


def _on_network(path: Path, kind: str) -> StoreOnNetwork:
    return StoreOnNetwork(
        f"{path}: lies on a network file system ({kind}), where SQLite's log breaks the store; put it on a local disk "
        "(--db), or use `crywolf --allow-network-fs COMMAND`: slower, one writer at a time"
    )


def _has_log(path: Path) -> bool:
    """Whether a database's header says that it is used with a log."""
    try:
        with path.open("rb") as stream:
            return stream.read(20)[18:19] == b"\x02"
    except OSError:
        return False


def _full(path: Path | str) -> StoreFull:
    return StoreFull(f"{path}: no space left on its disk; free some and run the same command again, nothing is lost")


def translate(problem: Error, path: Path | str) -> StoreError:
    """The store's own error for one of the driver's, with the remedy."""
    text = str(problem)
    name = getattr(problem, "sqlite_errorname", "") or ""
    if "FULL" in name or ("IOERR" in name and is_full(Path(path))):
        return _full(path)
    if "BUSY" in name or "LOCKED" in name or "locked" in text:
        return StoreBusy(f"{path}: another process is writing for longer than {WAIT_S:.0f} s; try again")
    if "READONLY" in name or "CANTOPEN" in name or "PERM" in name:
        return StoreReadOnly(f"{path}: may not be written ({text}); check its permissions or choose another with --db")
    if "NOTADB" in name:
        return NotAStore(
            f"{path}: is not a SQLite database; choose another with --db, or run `crywolf doctor` if it was a store"
        )
    if text.startswith("Could not decode"):  # only UTF-8 is ever written; what is there instead is not repeated
        text = "a text in it is not UTF-8"
    if "CORRUPT" in name or "malformed" in text or "not UTF-8" in text:
        return StoreDamaged(f"{path}: is damaged ({text}); `crywolf doctor` says what can be done")
    return StoreError(f"{path}: {text}")


def _check_schema(connection: Connection, path: Path) -> None:
    """Refuse what is not ours or too new, and leave it untouched."""
    try:
        is_ours, found = is_crywolf(connection), schema_version(connection)
    except Error as problem:
        connection.close()
        raise translate(problem, path) from problem
    if not is_ours:
        connection.close()
        raise NotAStore(f"{path}: is a SQLite database of another program; choose another with --db")
    if found > SCHEMA_VERSION:
        connection.close()
        raise NewerSchema(
            f"{path}: was made by a newer crywolf (schema {found}, this one knows {SCHEMA_VERSION}); upgrade crywolf"
        )


def _open(uri: str, path: Path, *, sole: bool = False) -> Connection:
    """A connection in autocommit mode: transactions are begun and ended by hand."""
    options: dict[str, Any] = {
        "cached_statements": _STATEMENTS,
        "uri": True,
        "isolation_level": None,
        "timeout": BUSY_TIMEOUT_MS / 1000,
    }
    if sole:
        become_writer(path)
        options["factory"] = _SoleWriter
    try:
        connection: Connection = sqlite3.connect(uri, check_same_thread=False, **options)
    except BaseException as problem:
        if sole:
            stop_writing(path)
        if isinstance(problem, Error):
            raise translate(problem, path) from problem
        raise
    if sole:
        connection.__dict__["written"] = path
    try:
        for pragma in _PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("SELECT count(*) FROM sqlite_schema").fetchone()
    except Error as problem:
        connection.close()
        raise translate(problem, path) from problem
    return connection


def hold_pages(connection: Connection, *, few: bool) -> None:
    """How much of the store a connection may hold in memory from here on."""
    connection.execute(f"PRAGMA cache_size=-{_SMALL_CACHE_KIB if few else _CACHE_KIB}")


def find_damage(connection: Connection) -> tuple[str, ...]:
    """What SQLite's quick check finds wrong with the file; empty when it is sound."""
    found = tuple(str(row[0]) for row in connection.execute("PRAGMA quick_check"))
    return () if found == ("ok",) else found


def only_read(connection: Connection) -> None:
    """Let a stranger's statement read this store and touch nothing else: no other file is opened or written."""
    connection.set_authorizer(lambda action, *_: sqlite3.SQLITE_DENY if action == _ATTACH else sqlite3.SQLITE_OK)
    connection.set_progress_handler(lambda: 0, _STEPS)  # so that ctrl+c ends a long one


@contextmanager
def one_state(connection: Connection) -> Iterator[None]:
    """Everything read inside is of one state of the store, whatever others write meanwhile."""
    connection.execute("BEGIN")
    try:
        yield
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
