"""Failures by signature, from the day rollup."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from store.connect import Connection
from store.read.chosen import chosen
from store.read.numbers import concatenated, numbers_of
from store.read.rows import ServiceTests

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

_FAILED = """
SELECT day, count(*), {} FROM signature_day t WHERE day BETWEEN ?1 AND ?2{} GROUP BY day
"""
_NAMES = "SELECT signature_id, key, title FROM signature"


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
    import numpy as np

    condition, values = chosen(stream_ids, of_service, test_rows)
    query = _FAILED.format(concatenated("signature_id", "stream_id", "test_id", "failures"), condition)
    rows = connection.execute(query, (first_day, last_day, *values)).fetchall()
    signatures, streams, tests, failures = (numbers_of(row[2 + n] for row in rows) for n in range(4))
    days = np.repeat([row[0] for row in rows], [row[1] for row in rows]) if rows else signatures
    found = np.unique(signatures)
    first, last = np.zeros((2, found[-1] + 1 if len(found) else 1), dtype=np.int64)
    first[signatures[::-1]], last[signatures] = days[::-1], days
    columns = (
        np.bincount(signatures, failures).astype(np.int64),
        _count_distinct(signatures, tests),
        _count_distinct(signatures, streams),
        first,
        last,
    )
    names = {row: (key, title) for row, key, title in connection.execute(_NAMES)}
    sums = zip(found.tolist(), *(column[found].tolist() for column in columns), strict=True)
    ordered = sorted((SignatureSums(*names[row], *one) for row, *one in sums), key=lambda one: (-one.failures, one.key))
    return tuple(ordered[:limit] if limit >= 0 else ordered)


def _count_distinct(rows: Ints, values: Ints) -> Ints:
    """How many different values stand beside each row, by row; both from 0 up."""
    import numpy as np

    pairs = np.sort(rows << 32 | values)
    return np.bincount(pairs[np.diff(pairs, prepend=-1) != 0] >> 32)


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
