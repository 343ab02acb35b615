"""Which runs there are, with their results."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import Counts, RunRef
from store.connect import Connection
from tui.answers.query import Query, Window


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run with its merged counts over all parts and variants."""

    run: RunRef
    counts: Counts
    parts: int
    shards_expected: int | None = None
    is_start_estimated: bool = False


@dataclass(frozen=True, slots=True)
class RunsAnswer:
    """Newest first."""

    window: Window | None
    rows: tuple[RunRow, ...]


def answer_runs(connection: Connection, query: Query) -> RunsAnswer:
    """Runs under the filters of `query`; all triggers and attempts."""
    raise NotImplementedError
