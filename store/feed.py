"""What is known beside results: changes, commits, incidents that monitors saw, catalogs and owner files."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ingest.model import Catalog, Change, Commit, OwnerFile
from store.codec import decode, encode
from store.connect import Connection
from store.dimensions import Dimensions

_KEEP_CHANGE = (
    "INSERT INTO change (change_id, kind, target, service_id, environment, at_ms, status, content, record)"
    " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (change_id) DO UPDATE SET kind = excluded.kind,"
    " target = excluded.target, service_id = excluded.service_id, environment = excluded.environment,"
    " at_ms = excluded.at_ms, status = excluded.status, content = excluded.content, record = excluded.record"
)
_OF_NOTE = "incident, at_ms, environment, service, title, url"
_KEEP_NOTE = (
    f"INSERT INTO incident_note (note_id, state, {_OF_NOTE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE"
    f" SET ({_OF_NOTE}) = (excluded.incident, excluded.at_ms, excluded.environment, excluded.service, excluded.title,"
    f" excluded.url) WHERE (excluded.at_ms, excluded.incident, excluded.environment, excluded.service, excluded.title,"
    " excluded.url) < (at_ms, incident, environment, service, title, url)"
)
Note = tuple[str, str, str, int, str, str, str, str]
"""Columns of `incident_note`."""


class Feed:
    """Rows of `change`, `commit_note`, `incident_note`, `catalog_entry`, `owner_file`; caller holds the transaction."""

    def __init__(self, connection: Connection, dimensions: Dimensions) -> None:
        self._connection = connection
        self._dimensions = dimensions

    def record_changes(self, changes: Iterable[Change], merge: Callable[[Change, Change], Change]) -> int:
        """Keep changes; one that is known already is merged with what is known. How many were given."""
        count = 0
        for change in changes:
            count += 1
            row = self._connection.execute(
                "SELECT record FROM change WHERE change_id = ?", (change.change_id,)
            ).fetchone()
            merged = change if row is None else merge(decode(row[0], Change), change)
            values = (
                merged.change_id,
                merged.kind,
                merged.target,
                self._dimensions.service(merged.service) if merged.service else None,
                merged.environment,
                merged.at_ms,
                merged.status,
                merged.content,
                encode(merged),
            )
            self._connection.execute(_KEEP_CHANGE, values)
        return count

    def record_commits(self, commits: Iterable[Commit], merge: Callable[[Commit, Commit], Commit]) -> int:
        """Keep commits, to attach to the deploys that carried them when read. How many were given."""
        count = 0
        for commit in commits:
            count += 1
            row = self._connection.execute("SELECT record FROM commit_note WHERE sha = ?", (commit.sha,)).fetchone()
            merged = commit if row is None else merge(decode(row[0], Commit), commit)
            self._connection.execute(
                "INSERT INTO commit_note VALUES (?, ?) ON CONFLICT DO UPDATE SET record = excluded.record",
                (commit.sha, encode(merged)),
            )
        return count

    def record_notes(self, notes: Iterable[Note]) -> None:
        """Keep what monitors told of incidents; of two notes of one id and state the earlier, in any order."""
        self._connection.executemany(_KEEP_NOTE, notes)

    def replace_catalog(self, source_id: int, catalog: Catalog) -> None:
        """Keep what a catalog file says, in place of what it said before."""
        self._connection.execute("DELETE FROM catalog_entry WHERE source_id = ?", (source_id,))
        for service in catalog.services:
            self._connection.execute(
                "INSERT INTO catalog_entry VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET record = excluded.record",
                (source_id, self._dimensions.service(service.name), encode(service)),
            )

    def forget(self, source_id: int) -> None:
        """Take out the catalog entries and the owner rules of one file."""
        for table in ("catalog_entry", "owner_file"):
            self._connection.execute(f"DELETE FROM {table} WHERE source_id = ?", (source_id,))

    def place_owners(self, source_id: int, repository: str | None) -> None:
        """Note which repository a CODEOWNERS file belongs to, where that became known late."""
        self._connection.execute("UPDATE owner_file SET repository = ? WHERE source_id = ?", (repository, source_id))

    def replace_owners(self, source_id: int, owners: OwnerFile, repository: str | None) -> None:
        """Keep what a CODEOWNERS file says, in place of what it said before."""
        self._connection.execute(
            "INSERT INTO owner_file VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET repository = excluded.repository,"
            " record = excluded.record",
            (source_id, repository, encode(owners)),
        )
