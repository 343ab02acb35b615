"""A child process that ingests and is killed on the way: by itself at a numbered statement, or from outside.

    python -m tests.store.ingest_and_die DATABASE FOLDER [STATEMENT]

It says `ready` on standard output before it reads the first file, and the path of each file that is acknowledged.
Without a statement it ends by itself and prints how many statements it issued.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

from ingest.limits import Limits
from ingest.model import RunIdentity
from ingest.pipeline import Ingestion
from ingest.settings import Settings
from ingest.sources.directory import list_inputs
from ingest.sources.inputs import Input


def main(database: Path, folder: Path, last: int | None) -> None:
    """Ingest a folder in one go."""
    issued = 0

    def count(_: str) -> None:
        nonlocal issued
        issued += 1
        if issued == last:
            os.kill(os.getpid(), signal.SIGKILL)

    with Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as ingestion:
        ingestion._writer._connection.set_trace_callback(count)
        print("ready", flush=True)
        found = [item for item in list_inputs([str(folder)]) if isinstance(item, Input)]
        ingestion.ingest_all(found, lambda outcome: print(outcome.path, flush=True))
    print(issued)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]) if len(sys.argv) > 3 else None)
