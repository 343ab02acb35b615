"""What happened to all of us at 02:10? Tests by runs with the deploys between the columns."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import Change, Result, RunRef, Scope, TestCase
from store.connect import Connection
from tui.answers.query import Query, Window
from tui.answers.test_detail import StreamStrip


@dataclass(frozen=True, slots=True)
class GridMark:
    """Changes between two columns: they stand before column `before` (n: after the last one)."""

    before: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class GridRow:
    """One test case of the grid."""

    case: TestCase
    results: tuple[Result | None, ...]
    """One per column; None: absent."""
    onset: int | None
    """Column of the first bad run of the current red streak."""
    owners: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TimelineGrid:
    """One stream: columns are baseline runs, oldest first; rows that changed together stand together."""

    window: Window | None
    scope: Scope | None
    scopes: tuple[Scope, ...]
    """All streams there are to choose from, most red first."""
    runs: tuple[RunRef, ...]
    masked: tuple[bool, ...]
    marks: tuple[GridMark, ...]
    rows: tuple[GridRow, ...]
    hidden_green: int
    """Rows left out because they never failed in the window."""


@dataclass(frozen=True, slots=True)
class TestTimeline:
    """`crywolf timeline TEST`: one strip a stream."""

    case: TestCase
    window: Window | None
    streams: tuple[StreamStrip, ...]

    __test__ = False


def answer_grid(
    connection: Connection, query: Query, scope: Scope | None = None, *, with_green: bool = False
) -> TimelineGrid:
    """The grid of one stream; without `scope`, of the one with most red tests now."""
    raise NotImplementedError


def answer_timeline(connection: Connection, query: Query, test: str) -> TestTimeline:
    """Segments, change points and results of one test case.

    Raises:
        tui.errors.NoMatch: nothing, or more than one thing, matches; holds the nearest names.
    """
    raise NotImplementedError
