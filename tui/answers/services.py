"""How is my service, and who hurts it? Health by service and day."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from analysis.records import Interval
from ingest.model import Change, ChangeTarget
from store.connect import Connection
from store.read import catalog, tests
from tui.answers.basis import Basis, load_basis
from tui.answers.owner_book import owns
from tui.answers.query import DAY_MS, Query, Window


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
    basis = load_basis(connection, query)
    if basis is None:
        return ServicesAnswer(None, (), ())
    days = tuple(range(basis.window.since_ms // DAY_MS, basis.window.until_ms // DAY_MS + 1))
    health = _health(basis, days)
    red, flaky = _red_and_flaky(basis, days)
    exercising = tests.count_exercising(connection)
    last = _last_changes(basis)
    used_by = _used_by(basis)
    rows = [
        ServiceRow(
            name,
            owner,
            name not in basis.graph.uncatalogued,
            tuple(health.get((name, day)) for day in days),
            red.get(name, 0),
            exercising.get(name, 0),
            flaky.get(name, 0),
            last.get(name),
            basis.graph.calls.get(name, ()),
            used_by.get(name, ()),
        )
        for name, owner in basis.graph.owners.items()
        if _is_asked_for(name, owner, query)
    ]
    rows.sort(key=lambda row: (-row.red_now, -sum(day.failed for day in row.days if day), row.name))
    return ServicesAnswer(basis.window, days, tuple(rows))


def _is_asked_for(name: str, owner: str | None, query: Query) -> bool:
    if query.service is not None and query.service.casefold() != name.casefold():
        return False
    return query.owner is None or owns(query.owner, (owner,) if owner else ())


def _health(basis: Basis, days: tuple[int, ...]) -> dict[tuple[str, int], DayHealth]:
    """Day sums over the baseline streams in scope."""
    streams = {row.stream_id for row in basis.baseline}
    sums: dict[tuple[str, int], list[int]] = {}
    for total in catalog.list_service_days(basis.connection, days[0], days[-1]):
        if total.stream_id in streams:
            entry = sums.setdefault((total.service, total.day), [0, 0, 0])
            for n, value in enumerate((total.executed, total.failed, total.flaky)):
                entry[n] += value
    return {key: DayHealth(key[1], *entry) for key, entry in sums.items()}


def _red_and_flaky(basis: Basis, days: tuple[int, ...]) -> tuple[Counter[str], Counter[str]]:
    """(cases red now, cases that flaked in the window) by service they declare."""
    streams = {row.stream_id for row in basis.baseline}
    red_keys = {row for stream, row in tests.list_red_at_end(basis.connection, days[0], days[-1]) if stream in streams}
    sums = tests.list_red_sums(basis.connection, days[0], days[-1])
    flaky_keys = {s.test_row for s in sums if s.flaky and s.stream_id in streams}
    infos = tests.load_tests(basis.connection, red_keys | flaky_keys)
    red = Counter(name for row in red_keys for name in infos[row].declared)
    flaky = Counter(name for row in flaky_keys for name in infos[row].declared)
    return red, flaky


def _last_changes(basis: Basis) -> dict[str, Change]:
    return {
        change.service: change
        for change in basis.feed.changes
        if change.service and change.target is ChangeTarget.SERVICE and _is_here(basis, change)
    }


def _is_here(basis: Basis, change: Change) -> bool:
    asked = basis.query.environment
    return asked is None or change.environment.casefold() in ("", asked.casefold())


def _used_by(basis: Basis) -> dict[str, tuple[str, ...]]:
    callers: dict[str, list[str]] = {}
    for name, targets in basis.graph.calls.items():
        for target in targets:
            callers.setdefault(target, []).append(name)
    return {name: tuple(sorted(found)) for name, found in callers.items()}
