"""How often does it cry wolf? Every case with a failed or flaky run in the window, a row a stream."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.records import Interval
from ingest.model import Scope, TestCase, Verdict
from store.connect import Connection
from tui.answers.query import Query, Window


@dataclass(frozen=True, slots=True)
class FlakeRow:
    """Flakiness of one test case in one stream within a window."""

    case: TestCase
    scope: Scope
    owners: tuple[str, ...]
    runs: int
    """Runs that executed it, before outage masking."""
    masked_runs: int
    failed_runs: int
    """Red in the end."""
    flaky_runs: int
    """Runs with a flake of either kind, each once."""
    flake_rate: Interval | None
    """None below the minimum number of runs."""
    retry_pass: tuple[int, int] | None
    """k of n runs; None: retries not observed in this suite."""
    same_code: tuple[int, int] | None
    """k of n runs; None: the change feed does not cover it."""
    flips: int
    flip_rate: float | None
    verdict: Verdict
    age: str
    lost_seconds: float


@dataclass(frozen=True, slots=True)
class FlakesAnswer:
    """Rows by lower bound of the flake rate, largest first, then identity and scope."""

    window: Window | None
    rows: tuple[FlakeRow, ...]


def answer_flakes(connection: Connection, query: Query) -> FlakesAnswer:
    """Flakiness under the filters of `query`."""
    raise NotImplementedError
