"""The Tests screen: every case, a row a stream. Keys are held in order; visible rows are read by key."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.records import Interval
from ingest.model import Result, Scope, TestCase
from store.connect import Connection
from tui.answers.query import Query, Window

TestKey = tuple[int, int]
"""(stream row, test row) of this store; never leaves the process."""


@dataclass(frozen=True, slots=True)
class TestRow:
    """One test case in one stream."""

    key: TestKey
    case: TestCase
    scope: Scope
    owners: tuple[str, ...]
    runs: int
    failed_runs: int
    flaky_runs: int
    flake_rate: Interval | None
    strip: tuple[Result | None, ...]
    """Newest last; None: absent from that run."""

    __test__ = False


@dataclass(frozen=True, slots=True)
class TestKeys:
    """All keys that match, in the order asked for."""

    window: Window | None
    keys: tuple[TestKey, ...]

    __test__ = False


SORTS = ("flaky", "red", "name", "runs")


def list_test_keys(connection: Connection, query: Query, *, sort: str = "red", text: str = "") -> TestKeys:
    """Keys of every case and stream with a result in the window.

    Args:
        sort: one of `SORTS`; `red` puts cases that are red now first.
        text: words that must all occur in the identity, owner or scope; `!word` must not; `owner:x`, `env:x`,
            `service:x`, `pipeline:x` narrow to a field.
    """
    raise NotImplementedError


def load_test_rows(connection: Connection, window: Window, keys: Sequence[TestKey]) -> tuple[TestRow, ...]:
    """The rows of some keys, in their order; at most some hundreds at a time."""
    raise NotImplementedError
