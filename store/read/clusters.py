"""Failures by signature, from the day rollup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from store.connect import Connection
from store.read.chosen import chosen
from store.read.rows import ServiceTests

_TOP = """
SELECT g.key, g.title, c.failures, c.tests, c.streams, c.first_day, c.last_day
FROM (
    SELECT signature_id, sum(failures) AS failures, count(DISTINCT test_id) AS tests,
        count(DISTINCT stream_id) AS streams, min(day) AS first_day, max(day) AS last_day
    FROM signature_day t WHERE day BETWEEN ?1 AND ?2{} GROUP BY signature_id
) c
JOIN signature g ON g.signature_id = c.signature_id
ORDER BY c.failures DESC, g.key LIMIT {}
"""


@dataclass(frozen=True, slots=True)
class SignatureSums:
    """One signature's failing attempts over whole UTC days, of first run attempts."""

    key: str
    title: str
    failures: int
    tests: int
    streams: int
    first_day: int
    """Days since 1970, of those looked at."""
    last_day: int


def list_top_signatures(
    connection: Connection,
    first_day: int,
    last_day: int,
    limit: int = -1,
    stream_ids: Sequence[int] | None = None,
    of_service: ServiceTests | None = None,
    test_rows: Sequence[int] | None = None,
) -> tuple[SignatureSums, ...]:
    """Signatures that failed in [first_day, last_day], most failures first.

    Args:
        limit: at most so many; -1: all of them.
        stream_ids, of_service, test_rows: failures of such only; None: of all.
    """
    condition, values = chosen(stream_ids, of_service, test_rows)
    rows = connection.execute(_TOP.format(condition, int(limit)), (first_day, last_day, *values))
    return tuple(SignatureSums(*row) for row in rows)


_ALL = """
SELECT g.key, g.version, g.title, d.first_day
FROM (SELECT signature_id, min(day) AS first_day FROM signature_day WHERE day <= ? GROUP BY signature_id) d
JOIN signature g ON g.signature_id = d.signature_id ORDER BY g.key
"""
_PLACES = """
SELECT g.key, t.stream_id, t.test_id, sum(t.failures), min(t.day), max(t.day)
FROM signature_day t JOIN signature g ON g.signature_id = t.signature_id
WHERE t.day BETWEEN ?1 AND ?2{} GROUP BY t.signature_id, t.stream_id, t.test_id ORDER BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class SignaturePlace:
    """Failing attempts of one signature in one test case and stream, over whole UTC days of first run attempts."""

    key: str
    stream_id: int
    test_row: int
    failures: int
    first_day: int
    last_day: int


def list_signatures(connection: Connection, last_day: int) -> tuple[tuple[str, int, str, int], ...]:
    """(key, version, title, first day) of every signature seen up to a day, by key."""
    return tuple((row[0], row[1], row[2], row[3]) for row in connection.execute(_ALL, (last_day,)))


def list_places(
    connection: Connection,
    first_day: int,
    last_day: int,
    stream_ids: Sequence[int] | None = None,
    of_service: ServiceTests | None = None,
    test_rows: Sequence[int] | None = None,
) -> tuple[SignaturePlace, ...]:
    """Where every signature failed in [first_day, last_day].

    Args:
        stream_ids, of_service, test_rows: only such; None: all.
    """
    condition, values = chosen(stream_ids, of_service, test_rows)
    rows = connection.execute(_PLACES.format(condition), (first_day, last_day, *values))
    return tuple(SignaturePlace(*row) for row in rows)
