"""Reports that repeat what other reports of their run hold, like Ant's `TESTS-TestSuites.xml` beside its `TEST-*.xml`.

Such a report says so of itself (`RunIdentity.is_merged`). While other parts of the same run and stream, none of them
merged, hold every one of its attempts with the same outcome and duration, its part is taken out and its file is a
duplicate; else it counts like any report. That is decided when it is read and when parts come to its run, so that the
order of arrival does not matter. When one of the others leaves the run, its merged files are forgotten: the next
reading decides anew.
"""

from __future__ import annotations

from collections.abc import Iterator

from ingest.model import FileStatus
from store.connect import Connection

MERGED = "merged: other reports of the run hold everything in it"

_IS_MERGED = "instr(p.identity, '\"is_merged\":true')"
"""As the index `part_merged` has it."""
_ATTEMPTS = "SELECT x.test_id, x.ordinal, x.outcome, x.duration_ms FROM part p JOIN result x ON x.part_id = p.part_id"
_OTHERS = f"p.run_id = ?1 AND p.stream_id = ?2 AND NOT {_IS_MERGED}"


class Merged:
    """Finds merged parts that others cover; the caller holds the transaction and takes them out."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._touched: set[tuple[int, int]] = set()
        self._packed: dict[bytes, set[bytes]] = {}
        self._version = -1

    def came(self, run_id: int, stream_id: int) -> None:
        """Note that a part came to a run."""
        self._touched.add((run_id, stream_id))

    def left(self, run_id: int, part_id: int) -> None:
        """Forget the merged files of a run that a part, unless it is merged itself, is about to leave."""
        is_merged = f"SELECT 1 FROM part p WHERE p.part_id = ? AND {_IS_MERGED}"
        if self._connection.execute(is_merged, (part_id,)).fetchone() is None:
            self._connection.execute(
                "DELETE FROM source_file WHERE run_id = ? AND status = ? AND reason = ?",
                (run_id, FileStatus.DUPLICATE, MERGED),
            )

    def packed_in(self, folder: bytes) -> tuple[bytes, ...]:
        """Locations of the merged parts that count and are in archives in a folder, not below it."""
        version = int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        if version != self._version:  # another process may have brought some
            self._version = version
            self._packed.clear()
            for (location,) in self._connection.execute(
                "SELECT o.location FROM part p INDEXED BY part_merged CROSS JOIN source_file o"
                f" ON o.source_id = p.source_id WHERE {_IS_MERGED}"
            ):
                self.note_place(location)
        return tuple(sorted(self._packed.get(folder, ())))

    def note_place(self, location: bytes) -> None:
        """Note where a merged part lies; it may be taken out again."""
        archive, is_inside, _ = location.partition(b"!/")
        if is_inside:
            self._packed.setdefault(archive[: archive.rfind(b"/") + 1], set()).add(location)

    def covered(self) -> Iterator[int]:
        """Sources of the merged parts that others cover, in the runs that parts came to since the last call."""
        touched, self._touched = sorted(self._touched), set()
        for run_id, stream_id in touched:
            rows = self._connection.execute(
                f"SELECT p.part_id, p.source_id FROM part p WHERE p.run_id = ? AND p.stream_id = ? AND {_IS_MERGED}"
                " ORDER BY p.part_id",
                (run_id, stream_id),
            ).fetchall()
            for part_id, source_id in rows:
                if self.is_covered(part_id):
                    yield int(source_id)

    def is_covered(self, part_id: int) -> bool:
        """Whether a part is merged, holds anything, and others of its run and stream hold all of that."""
        place = self._connection.execute(
            f"SELECT p.run_id, p.stream_id FROM part p WHERE p.part_id = ? AND {_IS_MERGED}", (part_id,)
        ).fetchone()
        if place is None or not self._may_be_covered(part_id, *place):
            return False
        alone = self._connection.execute(
            f"{_ATTEMPTS} WHERE p.part_id = ?3 EXCEPT {_ATTEMPTS} WHERE {_OTHERS} LIMIT 1", (*place, part_id)
        ).fetchone()
        return alone is None

    def _may_be_covered(self, part_id: int, run_id: int, stream_id: int) -> bool:
        """Whether the others hold as many attempts: cheap, for ten thousand parts that come one by one."""
        attempts = "SELECT coalesce(sum(json_extract(o.counts, '$.attempts')), 0) FROM part p"
        attempts += " JOIN source_file o ON o.source_id = p.source_id WHERE "
        own = self._connection.execute("SELECT count(*) FROM result WHERE part_id = ?", (part_id,)).fetchone()[0]
        others = self._connection.execute(attempts + _OTHERS, (run_id, stream_id)).fetchone()[0]
        return 0 < int(own) <= int(others)

    def note(self, source_id: int) -> None:
        """Make the file of a part that was taken out a duplicate."""
        self._connection.execute(
            "UPDATE source_file SET status = ?, reason = ? WHERE source_id = ?",
            (FileStatus.DUPLICATE, MERGED, source_id),
        )
