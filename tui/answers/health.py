"""What was looked at, and whether it is enough to say that nothing is red."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import RunRef
from store.connect import Connection
from tui.answers.query import Query


@dataclass(frozen=True, slots=True)
class StalePipeline:
    """A pipeline whose newest run is older than its cadence allows."""

    pipeline: str
    last_run_ms: int
    cadence_ms: int
    age_ms: int
    """Now minus the end of its newest run."""


@dataclass(frozen=True, slots=True)
class Health:
    """State of the store and the pipelines behind every screen."""

    now_ms: int | None
    """None in an empty store."""
    pipelines: int
    runs: int
    tests: int
    results: int
    stale: tuple[StalePipeline, ...]
    incomplete: tuple[RunRef, ...]
    """Newest run of a pipeline and environment that is not complete."""
    refused_files: int
    environments: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()

    @property
    def can_tell(self) -> bool:
        """Whether "nothing is really red" may be said at all."""
        return self.runs > 0 and not self.stale and not self.incomplete and not self.refused_files


def answer_health(connection: Connection, query: Query) -> Health:
    """State of what was looked at, under the filters of `query`."""
    raise NotImplementedError
