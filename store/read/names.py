"""Base names of which very many new names came in a day."""

from __future__ import annotations

from dataclasses import dataclass

from store.connect import Connection


@dataclass(frozen=True, slots=True)
class GrownName:
    """One base name on the newest of its days with too many new names."""

    namespace: str
    classname: str
    pattern: str
    day: int
    """UTC, days since 1970."""
    names: int
    days: int
    """Such days since `list_grown` looked from."""


def list_grown(connection: Connection, since_day: int) -> tuple[GrownName, ...]:
    """Base names with more than 1,000 new names on a day, the most on one day first."""
    rows = connection.execute(
        "SELECT namespace, classname, pattern, max(day), names, count(*) FROM name_day INDEXED BY name_day_many"
        " WHERE names > 1000 AND day >= ? GROUP BY namespace, classname, base ORDER BY names DESC, 1, 2, 3",
        (since_day,),
    )
    return tuple(GrownName(*row) for row in rows)


def newest_day(connection: Connection) -> int | None:
    """The newest UTC day with too many new names of a base name."""
    row = connection.execute("SELECT max(day) FROM name_day INDEXED BY name_day_many WHERE names > 1000").fetchone()
    return None if row[0] is None else int(row[0])
