"""What changed? The feed of all services, with the failures that follow."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import Change
from store.connect import Connection
from tui.answers.query import Query, Window


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change and what followed it."""

    change: Change
    owner: str | None
    """Of the service."""
    failures_after: int
    """Test cases of its environment whose red streak started in the first run after it, within the next 6 hours."""
    exercising_after: int
    """Those of them that exercise the service."""


@dataclass(frozen=True, slots=True)
class ChangesAnswer:
    """Newest first."""

    window: Window | None
    rows: tuple[ChangeRow, ...]


def answer_changes(connection: Connection, query: Query) -> ChangesAnswer:
    """Changes under the filters of `query`."""
    raise NotImplementedError
