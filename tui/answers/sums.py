"""Day sums under the filters of a question: who failed or flaked, of the streams, services and owners asked for."""

from __future__ import annotations

from collections.abc import Sequence

from store.read import catalog, day_sums, tests
from store.read.rows import DaySums, ServiceTests, StreamRow
from tui.answers.basis import Basis
from tui.answers.owner_book import owns
from tui.answers.query import DAY_MS


def list_red(basis: Basis, stream: StreamRow | None = None) -> tuple[DaySums, ...]:
    """Every case and stream with a failed or flaky run on the UTC days that the window touches.

    Args:
        stream: the only one asked for; None: all in scope.
    """
    first, last = days_of(basis)
    streams, of_service = _places(basis, stream)
    rows = day_sums.list_red_sums(basis.connection, first, last, streams, of_service)
    if basis.query.owner is None:
        return rows
    owned = frozenset(_owned(basis, sorted({row.test_row for row in rows})))
    return tuple(row for row in rows if row.test_row in owned)


def days_of(basis: Basis) -> tuple[int, int]:
    """First and last UTC day that the window touches, since 1970."""
    return basis.window.since_ms // DAY_MS, basis.window.until_ms // DAY_MS


def filters_of(basis: Basis) -> tuple[list[int] | None, ServiceTests | None, tuple[int, ...] | None]:
    """(streams, what touches the service, the owner's test cases that failed or flaked); None: all."""
    streams, of_service = _places(basis)
    if basis.query.owner is None:
        return streams, of_service, None
    red = day_sums.list_red_tests(basis.connection, *days_of(basis), streams, of_service)
    return streams, of_service, _owned(basis, red)


def _places(basis: Basis, stream: StreamRow | None = None) -> tuple[list[int] | None, ServiceTests | None]:
    """(streams, what touches the service); None: all."""
    query = basis.query
    chosen = basis.streams if stream is None else (stream,)
    is_all = stream is None and query.pipeline is None and query.environment is None and query.branch is None
    of_service = None if query.service is None else _of_service(basis, query.service)
    return None if is_all else [row.stream_id for row in chosen], of_service


def _of_service(basis: Basis, service: str) -> ServiceTests:
    """As `Basis.passes` has it."""
    asked = service.casefold()
    own = [row.stream_id for row in basis.streams if (basis.entries.get(row.scope.pipeline) or "").casefold() == asked]
    rows = catalog.list_service_rows(basis.connection)
    return ServiceTests(tuple(row for row, name in rows if name.casefold() == asked), tuple(own))


def _owned(basis: Basis, test_rows: Sequence[int]) -> tuple[int, ...]:
    """Those of some test cases that belong to the owner asked for."""
    owner = basis.query.owner
    assert owner is not None
    if any(rule.tests for rule in basis.query.settings.owners):
        infos = basis.infos(test_rows)
        return tuple(row for row in test_rows if owns(owner, basis.owners.of_test(infos[row].case).owners))
    basis.owners.recall(basis.connection)
    found: list[int] = []
    accepted: dict[tuple[str, ...], bool] = {}
    for place, rows in tests.by_place(basis.connection, test_rows).items():
        owners = basis.owners.of_place(*place).owners
        if owners not in accepted:
            accepted[owners] = owns(owner, owners)
        if accepted[owners]:
            found += rows
    return tuple(found)
