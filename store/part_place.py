"""Where a part belongs: what each source of its identity said, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import RunIdentity
from store.codec import encode


@dataclass(frozen=True, slots=True)
class PartHeader:
    """Where a part belongs."""

    own: RunIdentity
    """What the report itself says of its run."""
    given: RunIdentity
    """What options said when it was read."""
    environ: RunIdentity
    """What the CI server's variables said when it was read."""
    resolved: RunIdentity
    """What all sources together say; pipeline and run id are known."""
    namespace: str
    started_ms: int

    def columns(self) -> tuple[object, ...]:
        """As `part` holds it: from `namespace` to `started_ms`, then `job` to `shard_total`."""
        resolved = self.resolved
        return (
            self.namespace,
            encode(self.own),
            encode(self.given),
            encode(self.environ),
            encode(resolved),
            self.started_ms,
            resolved.job or "",
            resolved.job_url or "",
            resolved.shard_index,
            resolved.shard_total,
        )


@dataclass(frozen=True, slots=True)
class PartPlace:
    """A stored part as its identity has it."""

    part_id: int
    source_id: int
    run_id: int
    own: RunIdentity
    given: RunIdentity
    environ: RunIdentity
    resolved: RunIdentity
    namespace: str
    started_ms: int
