"""How many new names of one base name came in a day: what is counted as it comes, for a warning, not as a fact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from store.connect import Connection


@dataclass(frozen=True, slots=True)
class NewNames:
    """New test cases of one base name that one part brought."""

    namespace: str
    classname: str
    base: str
    names: int
    pattern: str
    """The names with a mark where they differ."""


class Names:
    """Rows of `name_day`; the caller holds the transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(
        self, day: int, found: Iterable[NewNames], join: Callable[[str, str], str], least: int
    ) -> tuple[NewNames, ...]:
        """Count new names of a UTC day; the sums of those bases that have just passed `least`, or a multiple of it.

        Args:
            join: one pattern for two.
        """
        many = []
        for one in found:
            key = (one.namespace, one.classname, one.base, day)
            row = self._connection.execute(
                "SELECT names, pattern FROM name_day WHERE namespace = ? AND classname = ? AND base = ? AND day = ?",
                key,
            ).fetchone()
            before, pattern = (0, one.pattern) if row is None else (row[0], join(row[1], one.pattern))
            names = before + one.names
            self._connection.execute(
                "INSERT OR REPLACE INTO name_day VALUES (?, ?, ?, ?, ?, ?)", (*key, names, pattern)
            )
            if (names - 1) // least > max(before - 1, 0) // least:
                many.append(NewNames(one.namespace, one.classname, one.base, names, pattern))
        return tuple(many)
