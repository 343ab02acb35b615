"""Refused inputs as the ledger has them."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import RunIdentity
from store.codec import decode
from store.connect import Connection


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """One refused input."""

    number: int
    path: str
    reason: str
    line: int | None
    size_bytes: int
    first_seen_ms: int
    last_seen_ms: int
    attempts: int
    location: bytes
    """Absolute path as the file system has it, `archive!member`, or `-` and a digest for standard input."""
    digest: str
    """SHA-256 in hex; empty where the input could not be read at all."""
    format: str | None
    version: str
    """Of the crywolf that refused it last; empty where it is not known."""
    given: RunIdentity
    """What options said when it was read."""
    environ: RunIdentity
    """What the CI server's variables said then."""
    column: int | None
    excerpt: str


def list_refused(connection: Connection) -> tuple[RefusedFile, ...]:
    """Every refused input, newest first."""
    rows = connection.execute(
        "SELECT s.source_id, s.path, coalesce(s.reason, ''), s.line, s.size_bytes, s.first_seen_ms, s.last_seen_ms,"
        " s.attempts, s.location, lower(hex(s.digest)), s.format, coalesce(f.version, ''), coalesce(f.given, '{}'),"
        " coalesce(f.environ, '{}'), f.line_column, coalesce(f.excerpt, '')"
        " FROM source_file s LEFT JOIN refusal f ON f.source_id = s.source_id"
        " WHERE s.status = 'rejected' ORDER BY s.last_seen_ms DESC, s.path"
    )
    return tuple(
        RefusedFile(*(*row[:12], *(decode(text, RunIdentity) for text in row[12:14]), *row[14:])) for row in rows
    )


def list_digests(connection: Connection, location: bytes) -> frozenset[bytes]:
    """SHA-256 of all that was read at a location."""
    return frozenset(
        row[0] for row in connection.execute("SELECT digest FROM source_file WHERE location = ?", (location,))
    )


def count_refused(connection: Connection) -> int:
    """How many inputs are refused now."""
    row = connection.execute("SELECT count(*) FROM source_file WHERE status = 'rejected'").fetchone()
    return int(row[0])
