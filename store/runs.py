"""Runs as the sum of what their files say: settled again whenever a file comes, goes or moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ingest.model import RunIdentity, RunState
from store.codec import decode
from store.connect import Connection
from store.cut import is_across
from store.dimensions import Dimensions
from store.rollups import Rollups

_KEYS = (
    "branch",
    "start_ms",
    "end_ms",
    "state",
    "trigger",
    "revision",
    "base_revision",
    "repository",
    "url",
    "service",
    "service_version",
    "merge_request",
)
"""What a run takes from what its files say; where they differ, the first file by location decides, key by key."""
_MOST_RUNS = 1000
_PARTS = (
    "SELECT min(s.location), p.resolved, min(p.started_ms), max(p.ended_ms), p.stream_id, count(*) FROM part p"
    " JOIN source_file s ON s.source_id = p.source_id WHERE p.run_id = ? GROUP BY p.resolved, p.stream_id"
)
"""Those of a run that say the same of it, together: a run may have thousands, and is settled over and over."""
_Key = tuple[str, str, int, str]
_Rank = tuple[int, bytes]
"""(0 of a part, 1 of a note; location)."""


@dataclass(frozen=True, slots=True)
class Settled:
    """A run after one more part came to it."""

    started_ms: int
    service_id: int | None
    is_only_part: bool


@dataclass(slots=True)
class _Sum:
    """What the files of a run say together; one more is added to it."""

    parts: int = 0
    said: dict[str, tuple[_Rank, Any]] = field(default_factory=dict)
    first_ms: int | None = None
    """Earliest start of a part."""
    last_ms: int | None = None
    """Latest end of a part."""
    streams: set[int] = field(default_factory=set)
    shards: set[int | None] = field(default_factory=set)
    shard_total: int = 0
    is_refused: bool = False
    """Whether one of its files was refused."""
    stored: tuple[object, ...] = ()
    """The run's row as it was last written."""

    def take_part(
        self,
        location: bytes,
        resolved: RunIdentity,
        started_ms: int,
        ended_ms: int | None,
        stream_id: int,
        count: int = 1,
    ) -> None:
        """Take a part, or all that say the same of the run: the first location, earliest start and latest end."""
        self.parts += count
        self.take((0, location), resolved)
        self.first_ms = started_ms if self.first_ms is None else min(self.first_ms, started_ms)
        if ended_ms is not None:
            self.last_ms = ended_ms if self.last_ms is None else max(self.last_ms, ended_ms)
        self.streams.add(stream_id)
        self.shards.add(resolved.shard_index)
        self.shard_total = max(self.shard_total, resolved.shard_total or 0)

    def take(self, rank: _Rank, identity: RunIdentity) -> None:
        """Take what a file says of the run."""
        for key in _KEYS:
            value = getattr(identity, key)
            if value is not None and (key not in self.said or rank < self.said[key][0]):
                self.said[key] = (rank, value)

    @property
    def before(self) -> tuple[int, int | None]:
        """(start, service) of the run as its row has it."""
        return self.stored[1], self.stored[10]  # type: ignore[return-value]

    def get(self, key: str) -> Any:
        """What is said, or None."""
        return self.said[key][1] if key in self.said else None

    @property
    def state(self) -> RunState:
        """Declared, else no report, else incomplete when a shard is missing or a file was refused."""
        declared: RunState | None = self.get("state")
        if declared is not None:
            return declared
        if not self.shards:
            return RunState.NO_REPORT
        is_whole = len(self.shards) >= self.shard_total and not self.is_refused
        return RunState.COMPLETE if is_whole else RunState.INCOMPLETE


class Runs:
    """Rows of `run`."""

    def __init__(self, connection: Connection, dimensions: Dimensions, rollups: Rollups) -> None:
        self._connection = connection
        self._dimensions = dimensions
        self._rollups = rollups
        self._sums: dict[int, _Sum] = {}
        self._ids: dict[_Key, int] = {}

    def forget(self) -> None:
        """Drop what is cached: after a rollback, or when another process has written."""
        self._sums.clear()
        self._ids.clear()

    def find(self, resolved: RunIdentity) -> int | None:
        """Id of the run an identity names, if it is there."""
        key = _key_of(resolved)
        known = self._ids.get(key)
        if known is not None:
            return known
        row = self._connection.execute(
            "SELECT run_id FROM run WHERE pipeline_id = ? AND name = ? AND attempt = ? AND environment = ?",
            (self._dimensions.pipeline(key[0]), *key[1:]),
        ).fetchone()
        return None if row is None else self._know(key, int(row[0]))

    def _know(self, key: _Key, run_id: int) -> int:
        if len(self._ids) >= _MOST_RUNS:
            self._ids.clear()
        self._ids[key] = run_id
        return run_id

    def find_or_add(self, resolved: RunIdentity, started_ms: int) -> int:
        """Id of the run an identity names; `settle` fills in the rest."""
        found = self.find(resolved)
        if found is not None:
            return found
        key = _key_of(resolved)
        cursor = self._connection.execute(
            "INSERT INTO run (pipeline_id, name, attempt, environment, branch, started_ms, is_start_estimated, state)"
            " VALUES (?, ?, ?, ?, '', ?, 1, ?)",
            (self._dimensions.pipeline(key[0]), *key[1:], started_ms, RunState.NO_REPORT),
        )
        run_id = self._know(key, int(cursor.lastrowid or 0))
        self._keep(run_id, _Sum(stored=("", started_ms, None, 1, RunState.NO_REPORT, *[None] * 8)))
        return run_id

    def _keep(self, run_id: int, known: _Sum) -> None:
        if len(self._sums) >= _MOST_RUNS:
            self._sums.clear()
        self._sums[run_id] = known

    def settle_added(
        self, run_id: int, location: bytes, resolved: RunIdentity, started_ms: int, ended_ms: int | None, stream_id: int
    ) -> Settled:
        """As `settle`, when all that happened is one more part."""
        known = self._sums.get(run_id)
        if known is None:
            self.settle(run_id)
            known = self._sums[run_id]
        else:
            known.take_part(location, resolved, started_ms, ended_ms, stream_id)
            self._write(run_id, known)
        return Settled(*known.before, known.parts == 1)

    def settle_noted(self, run_id: int, location: bytes, identity: RunIdentity) -> None:
        """As `settle`, when all that happened is one more note."""
        known = self._sums.get(run_id)
        if known is None:
            self.settle(run_id)
        else:
            known.take((1, location), identity)
            self._write(run_id, known)

    def settle(self, run_id: int) -> int | None:
        """Work a run out from its parts and notes; its start in ms, or None when nothing is left of it."""
        former = self._sums.pop(run_id, None)
        known = _Sum(stored=former.stored if former else ())
        for location, resolved, *rest in self._connection.execute(_PARTS, (run_id,)):
            known.take_part(location, decode(resolved, RunIdentity), *rest)
        notes = self._connection.execute(
            "SELECT s.location, n.identity FROM run_note n JOIN source_file s ON s.source_id = n.source_id"
            " WHERE n.run_id = ?",
            (run_id,),
        ).fetchall()
        for location, identity in notes:
            known.take((1, location), decode(identity, RunIdentity))
        if not known.shards and not notes:
            self._connection.execute("UPDATE source_file SET run_id = NULL WHERE run_id = ?", (run_id,))
            self._connection.execute("DELETE FROM run WHERE run_id = ?", (run_id,))
            self._ids.clear()
            return None
        refused = self._connection.execute(
            "SELECT 1 FROM source_file WHERE run_id = ? AND status = 'rejected' LIMIT 1", (run_id,)
        ).fetchone()
        known.is_refused = refused is not None
        self._keep(run_id, known)
        return self._write(run_id, known)

    def _write(self, run_id: int, known: _Sum) -> int:
        """Put a run's row where its sum differs from it; its start in ms."""
        started_ms, service_id = before = known.before if known.stored else self._before(run_id)
        declared_ms, service, end_ms = known.get("start_ms"), known.get("service"), known.get("end_ms")
        wanted_ms = declared_ms if declared_ms is not None else known.first_ms or 0
        if wanted_ms != started_ms and not is_across(self._connection, started_ms, wanted_ms):
            started_ms = wanted_ms
        service_id = self._dimensions.service(service) if service else None
        row = (
            known.get("branch") or "",
            started_ms,
            known.last_ms if end_ms is None else end_ms,
            int(declared_ms is None),
            known.state,
            known.get("trigger"),
            known.get("revision"),
            known.get("base_revision"),
            known.get("repository"),
            known.get("url"),
            service_id,
            known.get("service_version"),
            known.get("merge_request"),
        )
        if row != known.stored:
            self._connection.execute(
                "UPDATE run SET branch = ?, started_ms = ?, ended_ms = ?, is_start_estimated = ?, state = ?,"
                " run_trigger = ?, revision = ?, base_revision = ?, repository = ?, url = ?, service_id = ?,"
                " version = ?, merge_request = ? WHERE run_id = ?",
                (*row, run_id),
            )
            known.stored = row
        if before != (started_ms, service_id):
            self._mark(run_id, known.streams, before, (started_ms, service_id))
        return started_ms

    def _before(self, run_id: int) -> tuple[int, int | None]:
        """(start, service) of a run as its row has it."""
        started_ms, service_id = self._connection.execute(
            "SELECT started_ms, service_id FROM run WHERE run_id = ?", (run_id,)
        ).fetchone()
        return started_ms, service_id

    def _mark(
        self, run_id: int, streams: Iterable[int], before: tuple[int, int | None], now: tuple[int, int | None]
    ) -> None:
        """Have the days counted again that a run has left, came to or exercises another service on."""
        for stream_id in streams:
            if not (self._is_counted(run_id, stream_id) or self._rollups.is_marked(stream_id, before[0])):
                continue
            if before[1] == now[1]:
                self._rollups.mark_moved(run_id, stream_id, before[0], now[0])
            else:
                self._rollups.mark(stream_id, before[0])
                self._rollups.mark(stream_id, now[0])

    def _is_counted(self, run_id: int, stream_id: int) -> bool:
        row = self._connection.execute(
            "SELECT 1 FROM run_total WHERE run_id = ? AND stream_id = ?", (run_id, stream_id)
        ).fetchone()
        return row is not None


def _key_of(resolved: RunIdentity) -> _Key:
    """What tells runs apart."""
    return resolved.pipeline or "", resolved.run_id or "", resolved.run_attempt or 1, resolved.environment or ""
