"""How is my service, and who hurts it? Health by service and day."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.records import Interval
from ingest.model import Change
from store.connect import Connection
from tui.answers.query import Query, Window


@dataclass(frozen=True, slots=True)
class DayHealth:
    """Results of the tests that exercise a service on one UTC day."""

    day: int
    """Days since 1970-01-01."""
    executed: int
    failed: int
    flaky: int


@dataclass(frozen=True, slots=True)
class ServiceRow:
    """One service."""

    name: str
    owner: str | None
    in_catalog: bool
    days: tuple[DayHealth | None, ...]
    """One per day of the window, oldest first; None: nothing executed."""
    red_now: int
    tests: int
    """Test cases that exercise it."""
    flaky: int
    """Test cases that exercise it and flaked in the window."""
    last_change: Change | None
    depends_on: tuple[str, ...]
    used_by: tuple[str, ...]
    alarm_precision: Interval | None = None


@dataclass(frozen=True, slots=True)
class ServicesAnswer:
    """Services by red now, then failures in the window, then name."""

    window: Window | None
    days: tuple[int, ...]
    services: tuple[ServiceRow, ...]


def answer_services(connection: Connection, query: Query) -> ServicesAnswer:
    """Health of every service under the filters of `query`."""
    raise NotImplementedError
