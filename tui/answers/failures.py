"""What is red, and is it real? One row a red test case and stream."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import Link, Result, RunRef, Scope, TestCase, Verdict
from store.connect import Connection
from tui.answers.query import Query, Window
from tui.answers.triage import ThreeOwners


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A test case whose last complete baseline run in a stream is red, or that was red in the window (`all_runs`)."""

    case: TestCase
    scope: Scope
    run: RunRef
    result: Result
    verdict: Verdict
    age: str
    incident_id: str | None
    signature: str
    owners: ThreeOwners
    message: str
    links: tuple[Link, ...]


@dataclass(frozen=True, slots=True)
class FailuresAnswer:
    """Red rows, ordered by incident, then identity, then scope."""

    window: Window | None
    rows: tuple[FailureRow, ...]


def answer_failures(connection: Connection, query: Query) -> FailuresAnswer:
    """Everything that is red now under the filters of `query`."""
    raise NotImplementedError
