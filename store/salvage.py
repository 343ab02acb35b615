"""What can still be read of a damaged store: where its files came from, and what no file says again.

Nothing here writes to the damaged file. Reading goes on from the other end of a table where it breaks off, so that one
bad page costs little more than its rows. A header that is gone is put back into a copy: all of it is known or follows
from the file.
"""

from __future__ import annotations

import shutil
import struct
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.model import RunIdentity
from store.codec import decode
from store.connect import Connection, Error, open_as_is, open_writer
from store.errors import StoreError
from store.locking import begin_writing
from store.schema import APPLICATION_ID, SCHEMA_VERSION

_PAGE = 4096
_MAGIC = b"SQLite format 3\x00"
_SCOPE = "l.name, s.environment, s.branch, s.variant, t.stable"
_SCOPES = (
    "JOIN stream s ON s.stream_id = x.stream_id JOIN pipeline l ON l.pipeline_id = s.pipeline_id"
    " JOIN test_case t ON t.test_id = x.{}"
)
_FIND_STREAM = (
    "SELECT s.stream_id, t.test_id FROM stream s JOIN pipeline l ON l.pipeline_id = s.pipeline_id, test_case t"
    " WHERE l.name = ? AND s.environment = ? AND s.branch = ? AND s.variant = ? AND t.stable = ?"
)
_TABLES = {
    "sources": "SELECT location, given, environ FROM part p JOIN source_file x ON x.source_id = p.source_id",
    "others": "SELECT location, '', '' FROM source_file x WHERE status <> 'skipped'",
    "triage": "SELECT event_id, at_ms, actor, subject_kind, subject, action, old_value, new_value FROM triage_event x",
    "incidents": (
        f"SELECT incident_id, ident, {_SCOPE}, title, onset_ms, last_red_ms, is_open FROM incident x"
        f" {_SCOPES.format('lead_test_id')}"
    ),
    "members": f"SELECT incident_id, {_SCOPE} FROM incident_member x {_SCOPES.format('test_id')}",
    "names": "SELECT ident, incident_id FROM incident_alias x",
    "renames": (
        "SELECT a.stable, b.stable FROM alias x JOIN test_case a ON a.test_id = x.old_test_id"
        " JOIN test_case b ON b.test_id = x.new_test_id"
    ),
    "changes": (
        "SELECT x.change_id, x.kind, x.target, v.name, x.environment, x.at_ms, x.status, x.content, x.record"
        " FROM change x LEFT JOIN service v ON v.service_id = x.service_id"
    ),
    "commits": "SELECT sha, record FROM commit_note x",
}

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Source:
    """A file that was read, and what was said of its run by options and by the CI server."""

    location: bytes
    given: RunIdentity
    environ: RunIdentity


@dataclass(frozen=True, slots=True)
class Salvage:
    """What could be read."""

    sources: tuple[Source, ...]
    rows: dict[str, list[Row]]
    broken: tuple[str, ...]
    """What could be read in part or not at all."""

    def count(self, name: str) -> int:
        """Rows of a kind: `triage`, `incidents`, `changes`, `renames`."""
        return len(self.rows[name])


NOTHING = Salvage((), {name: [] for name in _TABLES}, ("everything",))
"""Of a file that was no store, or is none any more."""


def salvage(path: Path) -> Salvage:
    """Read what can be read of a damaged store.

    Raises:
        StoreError: not even its table of contents can be read.
    """
    rows: dict[str, list[Row]] = {}
    broken: list[str] = []
    with _readable(path) as connection:
        for name, query in _TABLES.items():
            rows[name], is_whole = _read(connection, query)
            if not is_whole:
                broken.append(name)
    return Salvage(_sources(rows["sources"], rows["others"]), rows, tuple(broken))


def restore(database: Path, saved: Salvage) -> None:
    """Put into a new store, after its files were read again, what no file says: triage, incidents, changes, renames."""
    with closing(open_writer(database)) as connection:
        begin_writing(connection)
        connection.executemany(
            "INSERT OR IGNORE INTO triage_event VALUES (?, ?, ?, ?, ?, ?, ?, ?)", saved.rows["triage"]
        )
        connection.executemany("INSERT OR IGNORE INTO commit_note VALUES (?, ?)", saved.rows["commits"])
        _restore_changes(connection, saved.rows["changes"])
        _restore_incidents(connection, saved)
        connection.execute("UPDATE state SET value = value + 1 WHERE name = 'revision'")
        connection.execute("COMMIT")


def set_aside(path: Path) -> Path:
    """Give a damaged store and its log another name; the name."""
    number = 1
    while (aside := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    for suffix in ("-wal", "-shm", ""):
        part = path.with_name(path.name + suffix)
        if part.exists():
            part.rename(aside.with_name(aside.name + suffix))
    return aside


@contextmanager
def _readable(path: Path) -> Iterator[Connection]:
    try:
        connection = open_as_is(path)
    except StoreError:
        with _mended(path) as connection:
            yield connection
        return
    with closing(connection):
        yield connection


@contextmanager
def _mended(path: Path) -> Iterator[Connection]:
    """A copy with a header that follows from the file, or with the pages that it lacks, all empty."""
    copy = path.with_name(path.name + ".salvage")
    try:
        shutil.copyfile(path, copy)
        with copy.open("r+b") as stream:
            head = stream.read(100)
            if head.startswith(_MAGIC):
                stream.truncate(max(path.stat().st_size, int.from_bytes(head[28:32], "big") * _PAGE))
            else:
                stream.seek(0)
                stream.write(_header(path.stat().st_size // _PAGE))
        try:
            connection = open_as_is(copy)
        except StoreError as problem:
            raise StoreError(f"{path}: is damaged, and what its tables are cannot be read") from problem
        with closing(connection):
            yield connection
    finally:
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _header(pages: int) -> bytes:
    """The first 100 bytes of a store of `pages` pages, see "The Database Header" of sqlite.org/fileformat2.html."""
    numbers = (1, pages, 0, 0, 1, 4, 0, 0, 1, SCHEMA_VERSION, 0, APPLICATION_ID)
    return (
        _MAGIC
        + struct.pack(">H6B", _PAGE, 1, 1, 0, 64, 32, 32)
        + struct.pack(">12I", *numbers)
        + bytes(20)
        + struct.pack(">2I", 1, 3_045_000)
    )


def _read(connection: Connection, query: str) -> tuple[list[Row], bool]:
    """(rows, whether all of them): from the start to where it breaks, then from the end to there."""
    rows: dict[Row, None] = {}
    for order in ("", " ORDER BY x.rowid DESC"):
        try:
            for row in connection.execute(query + order):
                rows[tuple(row)] = None
            return list(rows), not order
        except Error:
            continue
    return list(rows), False


def _sources(reports: list[Row], others: list[Row]) -> tuple[Source, ...]:
    """Files by location; standard input has none."""
    found: dict[tuple[bytes, RunIdentity, RunIdentity], Source] = {}
    located = {row[0] for row in reports}
    for location, given, environ in (*reports, *(row for row in others if row[0] not in located)):
        if location.startswith(b"/"):
            said = decode(given, RunIdentity) if given else RunIdentity()
            served = decode(environ, RunIdentity) if environ else RunIdentity()
            found.setdefault((location, said, served), Source(location, said, served))
    return tuple(sorted(found.values(), key=lambda source: source.location))


def _restore_changes(connection: Connection, changes: list[Row]) -> None:
    """Changes that no file said again: recorded by hand, or from files that are gone."""
    for change_id, kind, target, service, *rest in changes:
        service_id = None
        if service is not None:
            connection.execute("INSERT OR IGNORE INTO service (name) VALUES (?)", (service,))
            service_id = connection.execute("SELECT service_id FROM service WHERE name = ?", (service,)).fetchone()[0]
        connection.execute(
            "INSERT OR IGNORE INTO change (change_id, kind, target, service_id, environment, at_ms, status, content,"
            " record) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (change_id, kind, target, service_id, *rest),
        )


def _restore_incidents(connection: Connection, saved: Salvage) -> None:
    """Incidents whose stream and first test case are there again, with their members and former ids."""
    members: dict[int, list[Row]] = {}
    for incident, *scope in saved.rows["members"]:
        members.setdefault(incident, []).append(tuple(scope))
    new_rows: dict[int, int] = {}
    for incident, ident, *scope, title, onset_ms, last_red_ms, is_open in saved.rows["incidents"]:
        lead = connection.execute(_FIND_STREAM, scope).fetchone()
        if lead is None:
            continue
        cursor = connection.execute(
            "INSERT OR IGNORE INTO incident (ident, stream_id, lead_test_id, title, onset_ms, last_red_ms, is_open)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            (ident, *lead, title, onset_ms, last_red_ms, is_open),
        )
        if not cursor.rowcount:
            continue
        row = new_rows[incident] = int(cursor.lastrowid or 0)
        found = [connection.execute(_FIND_STREAM, member).fetchone() for member in members.get(incident, ())]
        connection.executemany(
            "INSERT OR IGNORE INTO incident_member VALUES (?, ?, ?)", [(row, *key) for key in found if key]
        )
    names = [(ident, new_rows[incident]) for ident, incident in saved.rows["names"] if incident in new_rows]
    connection.executemany("INSERT OR IGNORE INTO incident_alias VALUES (?, ?)", names)
