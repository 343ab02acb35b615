"""Where a part belongs: what each source of its identity said, and what they say together."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import RunIdentity


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
