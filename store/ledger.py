"""The ledger of inputs: what was read, refused, replaced; idempotence rests on it."""

from __future__ import annotations

from dataclasses import dataclass

import msgspec

from ingest.model import Counts, FileStatus, RunIdentity
from store.codec import decode, decode_strings, encode, encode_strings
from store.connect import Connection

_COLUMNS = "source_id, location, path, digest, kind, format, status, reason, line, warnings, counts, run_id, mtime_ms"


@dataclass(frozen=True, slots=True)
class SourceFile:
    """One input as the ledger takes it."""

    location: bytes
    """Absolute path as the file system has it, `archive!member`, or `-` for standard input."""
    path: str
    """As the person wrote it, for display."""
    folder: bytes
    """Folder whose `run.json` speaks for it, with a trailing separator."""
    digest: bytes
    size_bytes: int
    mtime_ms: int | None
    kind: str
    """report, run, changes, catalog, owners or unknown."""
    format: str | None = None


@dataclass(frozen=True, slots=True)
class LedgerRow:
    """One input as the ledger has it."""

    source_id: int
    location: bytes
    path: str
    digest: bytes
    kind: str
    format: str | None
    status: FileStatus
    reason: str | None
    line: int | None
    warnings: tuple[str, ...]
    counts: Counts
    run_id: int | None
    mtime_ms: int | None


@dataclass(frozen=True, slots=True)
class Refusal:
    """What a refused input was read with, and what it looks like there."""

    version: str
    """Of the crywolf that refused it."""
    given: RunIdentity
    """What options said."""
    environ: RunIdentity
    """What the CI server's variables said."""
    column: int | None
    excerpt: str
    """Clean lines around the place; empty where there are none."""


class Ledger:
    """Rows of `source_file` and `refusal`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._read: tuple[bytes, int, tuple[LedgerRow, ...]] | None = None
        """(location, changes of the connection before, rows) that were looked up last in this transaction."""

    def forget_read(self) -> None:
        """Drop what was looked up: at the begin of a transaction, and when something is rolled back."""
        self._read = None

    def at(self, location: bytes) -> tuple[LedgerRow, ...]:
        """All rows of a location: one a run it held results of, and at most one that belongs to no run."""
        changes = self._connection.total_changes
        if self._read is not None and self._read[:2] == (location, changes):
            return self._read[2]
        rows = self._select("location = ? ORDER BY source_id", location)
        if self._connection.in_transaction:
            self._read = (location, changes, rows)
        return rows

    def report_with(self, digest: bytes, run_id: int | None = None, location: bytes = b"") -> LedgerRow | None:
        """A report with the same bytes that is in; of one run where asked for, the one at `location` if there is."""
        if run_id is None:
            found = self._select("digest = ? AND status = 'ingested' AND kind = 'report' LIMIT 1", digest)
        else:
            found = self._select(
                "digest = ? AND status = 'ingested' AND kind = 'report' AND run_id = ?"
                " ORDER BY location <> ?, source_id LIMIT 1",
                digest,
                run_id,
                location,
            )
        return found[0] if found else None

    def has_report(self, folder: bytes, before: bytes, after: bytes) -> bool:
        """Whether a report came from a folder, its name starting and ending so; it may not lie there any more."""
        start = folder + before
        first = self._connection.execute(
            "SELECT 1 FROM source_file WHERE location >= ? AND location < ? AND folder = ? AND kind = 'report'"
            " AND status <> 'rejected' AND substr(location, ?) = ? LIMIT 1",
            (start, start[:-1] + bytes([start[-1] + 1]), folder, -len(after), after),
        ).fetchone()
        return first is not None

    def twins_of(self, source_id: int) -> tuple[LedgerRow, ...]:
        """Files with the bytes of the one that holds a part, in its run, by location."""
        of_run = "(digest, run_id) = (SELECT digest, run_id FROM source_file WHERE source_id = ?)"
        return self._select(f"{of_run} AND status = 'duplicate' ORDER BY location", source_id)

    def equals_of(self, source_id: int) -> tuple[LedgerRow, ...]:
        """Files that each hold a part with the same bytes in one run, by location: one, unless a part was moved."""
        of_run = "(digest, run_id) = (SELECT digest, run_id FROM source_file WHERE source_id = ?)"
        where = f"{of_run} AND status = 'ingested' AND kind = 'report' ORDER BY location, source_id DESC"
        return self._select(where, source_id)

    def inside(self, archive: bytes) -> tuple[LedgerRow, ...]:
        """All rows of the members of an archive."""
        return self._select("location >= ? AND location < ? ORDER BY location", archive + b"!/", archive + b"!0")

    def has_any_below(self, folder: bytes) -> bool:
        """Whether anything but run identities was read in a folder and the folders below it."""
        where = "folder >= ? AND folder < ? AND kind <> 'run' LIMIT 1"
        found = self._connection.execute(f"SELECT 1 FROM source_file WHERE {where}", (folder, _end_of(folder)))
        return found.fetchone() is not None

    def reports_below(self, folder: bytes) -> tuple[LedgerRow, ...]:
        """Reports in a folder and the folders below it that are in."""
        return self._below(folder, "report")

    def duplicates_below(self, folder: bytes) -> tuple[LedgerRow, ...]:
        """Reports in a folder and the folders below it that another file holds the results of."""
        return self._below(folder, "report", FileStatus.DUPLICATE)

    def owners_below(self, folder: bytes) -> tuple[LedgerRow, ...]:
        """CODEOWNERS files in a folder and the folders below it that are in."""
        return self._below(folder, "owners")

    def _below(self, folder: bytes, kind: str, status: FileStatus = FileStatus.INGESTED) -> tuple[LedgerRow, ...]:
        where = "folder >= ? AND folder < ? AND kind = ? AND status = ? ORDER BY location"
        return self._select(where, folder, _end_of(folder), kind, status)

    def add(self, source: SourceFile, status: FileStatus, now_ms: int) -> int:
        """A new row; its outcome is noted by `close`."""
        cursor = self._connection.execute(
            "INSERT INTO source_file (location, path, folder, digest, size_bytes, mtime_ms, kind, format, status,"
            " warnings, counts, first_seen_ms, last_seen_ms, attempts)"
            " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '[]', '{}', ?, ?, 1)",
            (
                source.location,
                source.path,
                source.folder,
                source.digest,
                source.size_bytes,
                source.mtime_ms,
                source.kind,
                source.format,
                status,
                now_ms,
                now_ms,
            ),
        )
        return int(cursor.lastrowid or 0)

    def refresh(self, source_id: int, source: SourceFile, now_ms: int) -> None:
        """Note that a row's file was read again, perhaps with other bytes."""
        self._connection.execute(
            "UPDATE source_file SET path = ?, folder = ?, digest = ?, size_bytes = ?, mtime_ms = ?, kind = ?,"
            " format = ?, last_seen_ms = ?, attempts = attempts + 1 WHERE source_id = ?",
            (
                source.path,
                source.folder,
                source.digest,
                source.size_bytes,
                source.mtime_ms,
                source.kind,
                source.format,
                now_ms,
                source_id,
            ),
        )

    def close(
        self,
        source_id: int,
        status: FileStatus,
        *,
        reason: str | None = None,
        line: int | None = None,
        warnings: tuple[str, ...] = (),
        counts: Counts | None = None,
        run_id: int | None = None,
    ) -> None:
        """Note what became of a row's file."""
        self._connection.execute(
            "UPDATE source_file SET status = ?, reason = ?, line = ?, warnings = ?, counts = ?, run_id = ?"
            " WHERE source_id = ?",
            (status, reason, line, encode_strings(warnings), _counted(counts or Counts()), run_id, source_id),
        )

    def seen_again(self, source_id: int, now_ms: int) -> None:
        """Note that a file came once more with the bytes it had."""
        self._connection.execute("UPDATE source_file SET last_seen_ms = ? WHERE source_id = ?", (now_ms, source_id))

    def note_refusal(self, source_id: int, refusal: Refusal) -> None:
        """Keep what is worth knowing of a refused input beside its row."""
        self._connection.execute(
            "INSERT OR REPLACE INTO refusal VALUES (?, ?, ?, ?, ?, ?)",
            (
                source_id,
                refusal.version,
                encode(refusal.given),
                encode(refusal.environ),
                refusal.column,
                refusal.excerpt,
            ),
        )

    def forget(self, source_id: int) -> None:
        """Remove a row: its file is in now under another row, or gone with its run."""
        self._connection.execute("DELETE FROM refusal WHERE source_id = ?", (source_id,))
        self._connection.execute("DELETE FROM source_file WHERE source_id = ?", (source_id,))

    def _select(self, where: str, *values: object) -> tuple[LedgerRow, ...]:
        rows = self._connection.execute(f"SELECT {_COLUMNS} FROM source_file WHERE {where}", values).fetchall()
        return tuple(
            LedgerRow(
                row[0],
                row[1],
                row[2],
                row[3],
                row[4],
                row[5],
                FileStatus(row[6]),
                row[7],
                row[8],
                decode_strings(row[9]),
                decode(row[10], Counts),
                row[11],
                row[12],
            )
            for row in rows
        )


def _counted(counts: Counts) -> str:
    """JSON of what a file held, without zeros."""
    return msgspec.json.encode({name: count for name, count in msgspec.to_builtins(counts).items() if count}).decode()


def _end_of(folder: bytes) -> bytes:
    """What comes after all that is in a folder."""
    return folder[:-1] + bytes([folder[-1] + 1])
