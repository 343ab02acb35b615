"""How is my service, and who hurts it? Health by service and day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingest.model import Change, ChangeTarget, Result
from store.connect import Connection
from store.read import catalog, day_sums, tests
from store.read.streams import services_of_pipelines
from tui.answers.basis import Basis, load_basis
from tui.answers.owner_book import owns
from tui.answers.query import DAY_MS, Query, Window
from tui.answers.red import list_red_now
from tui.answers.whole_streams import load_whole


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
    exercising = _exercising(basis)
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
    streams = [row.stream_id for row in basis.baseline]
    counted = services_of_pipelines(basis.connection)
    owned = {
        row.stream_id: basis.entries[row.scope.pipeline]
        for row in basis.baseline
        if row.scope.pipeline in basis.entries and row.scope.pipeline not in counted
    }
    sums: dict[tuple[str, int], list[int]] = {}

    def add(service: str, day: int, values: Sequence[int]) -> None:
        entry = sums.setdefault((service, day), [0, 0, 0])
        for n, value in enumerate(values):
            entry[n] += value

    is_cut = basis.query.at is not None or basis.query.until is not None
    last = days[-1] - 1 if is_cut else days[-1]
    owners = basis.graph.owners
    rows = catalog.list_service_rows(basis.connection)
    chosen = [row for row, name in rows if _is_asked_for(name, owners.get(name), basis.query)]
    for name, totals in catalog.list_service_days(basis.connection, streams, days[0], last, chosen).items():
        for day, *counts in totals:
            add(name, day, counts)
    for stream, day, *counts in tests.list_undeclared_days(basis.connection, list(owned), days[0], last):
        add(owned[stream], day, counts)
    for name, counts in _part_of_day(basis, days[-1]) if last < days[-1] else ():
        add(name, days[-1], counts)
    return {key: DayHealth(key[1], *entry) for key, entry in sums.items() if entry[0]}


def _part_of_day(basis: Basis, day: int) -> Iterator[tuple[str, list[int]]]:
    """(service, (executed, failed, flaky)) of a day that the window's end cuts, from the rows."""
    for stream in basis.baseline:
        whole = load_whole(basis, stream, day * DAY_MS, basis.window.until_ms)
        test_rows = whole.test_rows.tolist()
        infos = basis.infos(test_rows)
        for column, row in enumerate(test_rows):
            found = Counter(whole.results[:, column].tolist())
            failed, flaky = found[Result.FAILED] + found[Result.ERRORED], found[Result.FLAKY]
            counts = [found[Result.PASSED] + failed + flaky, failed, flaky]
            for name in basis.touched(infos[row], stream.scope.pipeline):
                yield name, counts


def _own_streams(basis: Basis) -> dict[int, str]:
    """Service by baseline stream of a service's own pipeline: what declares nothing there exercises that service."""
    pipelines = basis.entries
    return {row.stream_id: pipelines[row.scope.pipeline] for row in basis.baseline if row.scope.pipeline in pipelines}


def _exercising(basis: Basis) -> Counter[str]:
    """Test cases by service: those that declare it, and of its own pipeline those that declare nothing."""
    owned = _own_streams(basis)
    pairs = {(owned[stream], test) for stream, test in tests.list_undeclared(basis.connection, list(owned))}
    return Counter(tests.count_exercising(basis.connection)) + Counter(service for service, _ in pairs)


def _red_and_flaky(basis: Basis, days: tuple[int, ...]) -> tuple[Counter[str], Counter[str]]:
    """(cases red now, cases that flaked in the window) by service they touch."""
    scopes = {row.stream_id: row.scope for row in basis.baseline}
    red = sorted(list_red_now(basis))
    sums = day_sums.list_red_sums(basis.connection, days[0], days[-1])
    flaky = [(s.stream_id, s.test_row) for s in sums if s.flaky and s.stream_id in scopes]
    infos = tests.load_tests(basis.connection, {row for _, row in (*red, *flaky)})

    def count(keys: list[tuple[int, int]]) -> Counter[str]:
        pairs = {(name, row) for stream, row in keys for name in basis.touched(infos[row], scopes[stream].pipeline)}
        return Counter(name for name, _ in pairs)

    return count(red), count(flaky)


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
