"""A child process that ingests a folder and kills itself at a point on the way.

    python -m tests.corpora.dying_ingest DATABASE FOLDER POINT FILES DELAY

POINT is one of `POINTS`. FILES new files are taken before (`opening` takes none). DELAY is in seconds: where the point
is something that lasts, the process dies that long after its beginning, wherever it is by then. The path of each file
that is acknowledged is printed. A process that finds nothing left to do ends by itself.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.sources.inputs import Input

POINTS = ("opening", "reading", "writing", "committing", "checkpointing", "closing", "closed")
STATEMENTS = {"committing": "COMMIT", "checkpointing": "PRAGMA wal_checkpoint", "closing": "PRAGMA optimize"}
_STATEMENTS_A_FILE = 12
"""Of those that write, about."""


def die() -> None:
    """As if the power went."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_soon(seconds: float) -> None:
    """Meanwhile the process goes on."""
    thread = threading.Timer(seconds, die)
    thread.daemon = True
    thread.start()


class Dying:
    """Counts what happens in an ingest and dies at its point."""

    def __init__(self, point: str, files: int, delay: float) -> None:
        self.point = point
        self.files = files
        self.delay = delay
        self.taken = 0
        self._written = 0
        """Statements that write."""

    def statement(self, sql: str) -> None:
        """Before a statement is executed."""
        self._written += sql.startswith(("INSERT", "UPDATE", "DELETE"))
        if self._written < self.files * _STATEMENTS_A_FILE:
            return
        if self.point == "writing":
            die()
        if sql.startswith(STATEMENTS.get(self.point, "never")):
            die_soon(self.delay)

    def inputs(self, folder: Path) -> Iterator[Input]:
        """The files of a folder, until enough new ones are in."""
        from ingest.sources.directory import list_inputs
        from ingest.sources.inputs import Input

        for item in list_inputs([str(folder)]):
            if isinstance(item, Input):
                if self.point == "reading" and self.taken >= self.files:
                    die_soon(self.delay)
                    self.point = "dead"
                if self.taken >= self.files and self.point in ("checkpointing", "closing", "closed"):
                    return
                yield item


def main(database: Path, folder: Path, point: str, files: int, delay: float) -> None:
    """Ingest until the point comes."""
    if point == "opening":
        die_soon(delay)
    from ingest.limits import Limits
    from ingest.model import FileOutcome, FileStatus, RunIdentity
    from ingest.pipeline import Ingestion
    from ingest.settings import Settings

    dying = Dying(point, files, delay)

    def acknowledge(outcome: FileOutcome) -> None:
        if outcome.status is FileStatus.INGESTED:
            dying.taken += 1
            print(outcome.path, flush=True)

    with Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as ingestion:
        ingestion._writer._connection.set_trace_callback(dying.statement)
        ingestion.ingest_all(dying.inputs(folder), acknowledge)
    if point == "closed" and dying.taken >= files:
        die()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]), float(sys.argv[5]))
