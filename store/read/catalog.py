"""Services, their graph and the owner files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ingest.model import OwnerFile, Service
from store.codec import decode
from store.connect import Connection
from store.read.rows import marks

DayTotals = tuple[int, int, int, int]
"""(UTC day, executed, failed, flaky) of the cases that exercise a service."""


@dataclass(frozen=True, slots=True)
class OwnerSource:
    """A CODEOWNERS file as stored."""

    path: str
    repository: str | None
    file: OwnerFile


def list_services(connection: Connection) -> tuple[tuple[str, ...], tuple[Service, ...]]:
    """(names of all services ever seen, entries of all catalogs by location of the catalog)."""
    names = connection.execute("SELECT name FROM service ORDER BY name").fetchall()
    entries = connection.execute(
        "SELECT c.record FROM catalog_entry c JOIN source_file o ON o.source_id = c.source_id"
        " JOIN service s ON s.service_id = c.service_id ORDER BY o.location, s.name"
    )
    return tuple(row[0] for row in names), tuple(decode(row[0], Service) for row in entries)


def list_service_rows(connection: Connection) -> tuple[tuple[int, str], ...]:
    """(row, name) of every service ever seen."""
    return tuple(connection.execute("SELECT service_id, name FROM service ORDER BY service_id").fetchall())


def list_owner_files(connection: Connection) -> tuple[OwnerSource, ...]:
    """Every CODEOWNERS file, by location."""
    rows = connection.execute(
        "SELECT o.path, w.repository, w.record FROM owner_file w CROSS JOIN source_file o ON o.source_id = w.source_id"
        " ORDER BY o.location"
    )
    return tuple(OwnerSource(row[0], row[1], decode(row[2], OwnerFile)) for row in rows)


def list_service_days(
    connection: Connection,
    stream_ids: Sequence[int],
    first_day: int,
    last_day: int,
    service_rows: Sequence[int] | None = None,
) -> dict[str, list[DayTotals]]:
    """Day totals of some services (None: of all) over some streams in [first_day, last_day], by name, then day."""
    (every,) = connection.execute("SELECT count(*) FROM stream").fetchone()
    chosen = f" AND stream_id IN ({marks(len(stream_ids))})" if len(stream_ids) < every else ""
    query = (
        "SELECT day, sum(executed), sum(failed), sum(flaky) FROM service_day INDEXED BY service_day_order"
        f" WHERE service_id = ? AND day BETWEEN ? AND ?{chosen} GROUP BY day"
    )
    wanted = None if service_rows is None else frozenset(service_rows)
    found: dict[str, list[DayTotals]] = {}
    for service, name in connection.execute("SELECT service_id, name FROM service ORDER BY name").fetchall():
        if wanted is None or service in wanted:
            values = (service, first_day, last_day, *(stream_ids if chosen else ()))
            found[name] = connection.execute(query, values).fetchall()
    return found
