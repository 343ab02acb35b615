"""Waiting for the one write lock of a SQLite file, without starving beside a busy writer.

SQLite's own waiting asks ever more rarely, and a writer that commits back to back leaves gaps of a millisecond: beside
such a one it would wait in vain. So the lock is asked for every few milliseconds, and a writer that sees others commit
leaves them a gap (`YIELD_S`), four times a second at most: the processes of a crew need none among themselves.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from store.connect import Connection

ASK_MS = 20
"""SQLite asks at 0, 1, 3, 8 and 18 ms and gives up; then it is asked again."""
WAIT_S = 60.0
YIELD_S, YIELD_EVERY_S = 0.005, 0.25


def begin_writing(connection: Connection, *, wait_s: float = WAIT_S) -> None:
    """`BEGIN IMMEDIATE`, waiting for other writers.

    Raises:
        Error: the driver's own, when the lock was not to be had in `wait_s` seconds.
    """
    until = time.monotonic() + wait_s
    before = int(connection.execute("PRAGMA busy_timeout").fetchone()[0])
    connection.execute(f"PRAGMA busy_timeout = {ASK_MS}")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except Exception as problem:
                if "locked" not in str(problem) or time.monotonic() > until:
                    raise
    finally:
        connection.execute(f"PRAGMA busy_timeout = {before}")
