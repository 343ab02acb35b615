"""Runs as the sum of what their files say: settled again whenever a file comes, goes or moves."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import RunIdentity, RunState
from store.codec import decode
from store.connect import Connection
from store.cut import is_across
from store.dimensions import Dimensions
from store.rollups import Rollups


@dataclass(frozen=True, slots=True)
class _PartView:
    text: str
    resolved: RunIdentity
    started_ms: int
    ended_ms: int | None
    stream_id: int
    shard: tuple[int | None, int | None]


@dataclass(slots=True)
class _Settled:
    """What a run was settled to, so that one more part that says the same costs nothing."""

    said: set[str]
    """Identities of its parts, as stored."""
    started_ms: int
    is_start_declared: bool
    ended_ms: int | None
    is_end_declared: bool
    has_shards: bool


class Runs:
    """Rows of `run`."""

    def __init__(self, connection: Connection, dimensions: Dimensions, rollups: Rollups) -> None:
        self._connection = connection
        self._dimensions = dimensions
        self._rollups = rollups
        self._settled: dict[int, _Settled] = {}

    def forget(self) -> None:
        """Drop what is cached: after a rollback, or when another process has written."""
        self._settled.clear()

    def find(self, resolved: RunIdentity) -> int | None:
        """Id of the run an identity names, if it is there."""
        pipeline_id = self._dimensions.pipeline(resolved.pipeline or "")
        row = self._connection.execute(
            "SELECT run_id FROM run WHERE pipeline_id = ? AND name = ? AND attempt = ? AND environment = ?",
            (pipeline_id, resolved.run_id or "", resolved.run_attempt or 1, resolved.environment or ""),
        ).fetchone()
        return None if row is None else int(row[0])

    def find_or_add(self, resolved: RunIdentity, started_ms: int) -> int:
        """Id of the run an identity names; `settle` fills in the rest."""
        found = self.find(resolved)
        if found is not None:
            return found
        cursor = self._connection.execute(
            "INSERT INTO run (pipeline_id, name, attempt, environment, branch, started_ms, is_start_estimated, state)"
            " VALUES (?, ?, ?, ?, '', ?, 1, ?)",
            (
                self._dimensions.pipeline(resolved.pipeline or ""),
                resolved.run_id or "",
                resolved.run_attempt or 1,
                resolved.environment or "",
                started_ms,
                RunState.NO_REPORT,
            ),
        )
        return int(cursor.lastrowid or 0)

    def settle_added(self, run_id: int, part_id: int) -> int:
        """As `settle`, when all that happened is one more part; the start of the run in ms."""
        resolved, started_ms, ended_ms, shard = self._connection.execute(
            "SELECT resolved, started_ms, ended_ms, shard_index FROM part WHERE part_id = ?", (part_id,)
        ).fetchone()
        known = self._settled.get(run_id)
        says_nothing_new = (
            known is not None
            and resolved in known.said
            and shard is None
            and not known.has_shards
            and (known.is_start_declared or started_ms >= known.started_ms)
        )
        if known is None or not says_nothing_new:
            settled_ms = self.settle(run_id)
            assert settled_ms is not None
            return settled_ms
        if ended_ms is not None and not known.is_end_declared and ended_ms > (known.ended_ms or 0):
            known.ended_ms = ended_ms
            self._connection.execute("UPDATE run SET ended_ms = ? WHERE run_id = ?", (ended_ms, run_id))
        return known.started_ms

    def settle(self, run_id: int) -> int | None:
        """Work a run out from its parts and notes; its start in ms, or None when nothing is left of it."""
        self._settled.pop(run_id, None)
        parts = self._parts(run_id)
        notes = self._notes(run_id)
        if not parts and not notes:
            self._connection.execute("UPDATE source_file SET run_id = NULL WHERE run_id = ?", (run_id,))
            self._connection.execute("DELETE FROM run WHERE run_id = ?", (run_id,))
            return None
        merged = RunIdentity()
        for identity in (*(part.resolved for part in parts), *notes):
            merged = merged.over(identity)
        declared = merged.start_ms
        started_ms = declared if declared is not None else min((part.started_ms for part in parts), default=0)
        ends = [part.ended_ms for part in parts if part.ended_ms is not None]
        ended_ms = merged.end_ms if merged.end_ms is not None else max(ends, default=None)
        before = self._connection.execute(
            "SELECT started_ms, service_id FROM run WHERE run_id = ?", (run_id,)
        ).fetchone()
        if is_across(self._connection, before[0], started_ms):
            started_ms = before[0]
        service_id = self._dimensions.service(merged.service) if merged.service else None
        self._connection.execute(
            "UPDATE run SET branch = ?, started_ms = ?, ended_ms = ?, is_start_estimated = ?, state = ?,"
            " run_trigger = ?, revision = ?, base_revision = ?, repository = ?, url = ?, service_id = ?, version = ?,"
            " merge_request = ? WHERE run_id = ?",
            (
                merged.branch or "",
                started_ms,
                ended_ms,
                int(declared is None),
                self._state(run_id, merged, parts),
                merged.trigger,
                merged.revision,
                merged.base_revision,
                merged.repository,
                merged.url,
                service_id,
                merged.service_version,
                merged.merge_request,
                run_id,
            ),
        )
        if before[0] != started_ms or before[1] != service_id:
            for stream_id in {part.stream_id for part in parts}:
                if self._is_counted(run_id, stream_id):
                    self._rollups.mark(stream_id, before[0])
                    self._rollups.mark(stream_id, started_ms)
        self._settled[run_id] = _Settled(
            {part.text for part in parts},
            started_ms,
            declared is not None,
            ended_ms,
            merged.end_ms is not None,
            any(part.shard != (None, None) for part in parts),
        )
        return started_ms

    def _state(self, run_id: int, merged: RunIdentity, parts: list[_PartView]) -> RunState:
        """Declared, else no report, else incomplete when a shard is missing or a file was refused."""
        if merged.state is not None:
            return merged.state
        if not parts:
            return RunState.NO_REPORT
        totals = [part.shard[1] for part in parts if part.shard[1] is not None]
        shards = {part.shard[0] for part in parts}
        if totals and len(shards) < max(totals):
            return RunState.INCOMPLETE
        refused = self._connection.execute(
            "SELECT 1 FROM source_file WHERE run_id = ? AND status = 'rejected' LIMIT 1", (run_id,)
        ).fetchone()
        return RunState.INCOMPLETE if refused else RunState.COMPLETE

    def _is_counted(self, run_id: int, stream_id: int) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM run_total WHERE run_id = ? AND stream_id = ?", (run_id, stream_id)
        ).fetchone()
        return row is not None

    def _parts(self, run_id: int) -> list[_PartView]:
        rows = self._connection.execute(
            "SELECT p.resolved, p.started_ms, p.ended_ms, p.stream_id, p.shard_index, p.shard_total FROM part p"
            " JOIN source_file s ON s.source_id = p.source_id WHERE p.run_id = ? ORDER BY s.location",
            (run_id,),
        )
        return [
            _PartView(row[0], decode(row[0], RunIdentity), row[1], row[2], row[3], (row[4], row[5])) for row in rows
        ]

    def _notes(self, run_id: int) -> list[RunIdentity]:
        rows = self._connection.execute(
            "SELECT n.identity FROM run_note n JOIN source_file s ON s.source_id = n.source_id WHERE n.run_id = ?"
            " ORDER BY s.location",
            (run_id,),
        )
        return [decode(row[0], RunIdentity) for row in rows]
