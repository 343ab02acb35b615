"""How is this service, what does it need, who needs it, what changed, and which tests exercise it?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from store.connect import Connection
from tui.answers.changes import ChangeRow, answer_changes
from tui.answers.query import Query, Window
from tui.answers.services import ServiceRow, answer_services
from tui.answers.tests import TestRow, list_test_keys, load_test_rows
from tui.errors import NoMatch

SHOWN_TESTS = 200


@dataclass(frozen=True, slots=True)
class ServiceDetail:
    """One service and what is around it."""

    window: Window | None
    row: ServiceRow
    others: Mapping[str, ServiceRow]
    """Every service by its name, itself too."""
    changes: tuple[ChangeRow, ...]
    """Its changes in the window, newest first."""
    tests: tuple[TestRow, ...]
    """Tests that exercise it, a row a stream: what is red now first."""
    total_tests: int


def answer_service(connection: Connection, query: Query, name: str) -> ServiceDetail:
    """Detail of a service.

    Raises:
        NoMatch: there is no such service.
    """
    everything = replace(query, service=None, owner=None)
    services = answer_services(connection, everything)
    rows = {row.name: row for row in services.services}
    row = next((row for row in rows.values() if row.name.casefold() == name.casefold()), None)
    if row is None:
        raise NoMatch("service", name, tuple(sorted(rows)))
    mine = replace(everything, service=row.name)
    keys = list_test_keys(connection, mine, sort="red")
    tests = load_test_rows(connection, keys.window, keys.keys[:SHOWN_TESTS], mine) if keys.window else ()
    changes = answer_changes(connection, mine)
    return ServiceDetail(services.window, row, rows, changes.rows, tests, len(keys.keys))
