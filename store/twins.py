"""Files with equal bytes in one run: one holds the part, the others are its twins and take over when it leaves.

The part belongs to the twin whose location is first in the alphabet, so that any order of arrival gives equal rows.
"""

from __future__ import annotations

from ingest.model import FileStatus
from store.connect import Connection
from store.rollups import Rollups

_PART_COLUMNS = (
    "run_id, stream_id, namespace, identity, given, environ, resolved, started_ms, ended_ms, job, job_url,"
    " shard_index, shard_total"
)
_ROWS = {
    "result": "test_id, ordinal, took, start_offset_ms, failure_id",
    "result_name": "test_id, ordinal, name",
    "result_link": "test_id, ordinal, position, kind, url",
    "continued": "test_id, old_test_id",
    "packed_part": "set_id, specials",
}
"""What belongs to a part, beside its `part_id`."""


class Twins:
    """Parts that change hands; the caller holds the transaction."""

    def __init__(self, connection: Connection, rollups: Rollups) -> None:
        self._connection = connection
        self._rollups = rollups

    def hand_over(self, source_id: int, heir_id: int) -> None:
        """Give a source's part to a twin; the former holder is the twin now."""
        part_id, run_id, stream_id, started_ms = self._connection.execute(
            "SELECT p.part_id, p.run_id, p.stream_id, r.started_ms FROM part p JOIN run r ON r.run_id = p.run_id"
            " WHERE p.source_id = ?",
            (source_id,),
        ).fetchone()
        self._connection.execute("UPDATE part SET source_id = ? WHERE part_id = ?", (heir_id, part_id))
        self._place(heir_id, FileStatus.INGESTED, run_id)
        self._place(source_id, FileStatus.DUPLICATE, run_id)
        self._rollups.mark(stream_id, started_ms)  # attempts of one run are merged in the order of locations

    def copy(self, source_id: int, twin_id: int) -> None:
        """Give a twin a part of its own, equal to the source's; the caller moves it where it belongs."""
        part_id, run_id = self._connection.execute(
            "SELECT part_id, run_id FROM part WHERE source_id = ?", (source_id,)
        ).fetchone()
        cursor = self._connection.execute(
            f"INSERT INTO part (source_id, {_PART_COLUMNS}) SELECT ?, {_PART_COLUMNS} FROM part WHERE part_id = ?",
            (twin_id, part_id),
        )
        for table, columns in _ROWS.items():
            self._connection.execute(
                f"INSERT INTO {table} (part_id, {columns}) SELECT ?, {columns} FROM {table} WHERE part_id = ?",
                (cursor.lastrowid, part_id),
            )
        self._place(twin_id, FileStatus.INGESTED, run_id)

    def follow(self, twin_id: int, run_id: int) -> None:
        """Make a source a twin of what a run holds; its row goes where the run knows its file already."""
        known = self._connection.execute(
            "SELECT 1 FROM source_file o JOIN source_file t ON t.location = o.location AND t.digest = o.digest"
            " WHERE t.source_id = ?1 AND o.source_id <> ?1 AND o.run_id = ?2 AND o.status IN ('ingested', 'duplicate')",
            (twin_id, run_id),
        ).fetchone()
        if known is None:
            self._place(twin_id, FileStatus.DUPLICATE, run_id)
        else:
            self._connection.execute("DELETE FROM source_file WHERE source_id = ?", (twin_id,))

    def _place(self, source_id: int, status: FileStatus, run_id: int) -> None:
        self._connection.execute(
            "UPDATE source_file SET status = ?, run_id = ? WHERE source_id = ?", (status, run_id, source_id)
        )
