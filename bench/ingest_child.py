"""One process that reads files: with crywolf or with bare ElementTree. Prints what it took as one line of JSON.

    python -m bench.ingest_child ingest DATABASE FOLDER [PART/PARTS]
    python -m bench.ingest_child iterparse - FOLDER

Times are of the monotonic clock, which all processes share, and leave out the start of the interpreter.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

from bench.measuring import peak_megabytes


def inputs_of(folder: Path, part: int, parts: int) -> Iterator[object]:
    """Every so many-th file, where every file but `run.json` counts; a `run.json` goes to all."""
    from ingest.sources.directory import list_inputs
    from ingest.sources.inputs import Input

    number = 0
    for item in list_inputs([str(folder)]):
        if not isinstance(item, Input):
            continue
        if item.path.endswith("run.json"):
            yield item
            continue
        if number % parts == part:
            yield item
        number += 1


def by_crywolf(database: Path, folder: Path, part: int, parts: int) -> dict[str, float]:
    """Ingest into a store, checkpoint included."""
    from ingest.limits import Limits
    from ingest.model import FileOutcome, RunIdentity
    from ingest.pipeline import Ingestion
    from ingest.settings import Settings

    outcomes: list[FileOutcome] = []
    began, cpu = time.monotonic(), time.process_time()
    with Ingestion(database, Settings(), RunIdentity(), Limits(), {}) as ingestion:
        ingestion.ingest_all(inputs_of(folder, part, parts), outcomes.append)  # type: ignore[arg-type]
    ended = time.monotonic()
    kinds = [outcome.status.value for outcome in outcomes]
    return {
        "began": began,
        "ended": ended,
        "cpu": time.process_time() - cpu,
        "files": len(outcomes),
        "results": sum(outcome.counts.attempts for outcome in outcomes),
        "ingested": kinds.count("ingested"),
        "duplicate": kinds.count("duplicate"),
        "rejected": kinds.count("rejected"),
    }


def by_iterparse(folder: Path) -> dict[str, float]:
    """Bare ElementTree on the same files, cleared per suite."""
    from bench.parse import by_iterparse as read

    paths = sorted(folder.rglob("*.xml"))
    began, cpu = time.monotonic(), time.process_time()
    results = sum(read(path) for path in paths)
    ended = time.monotonic()
    return {"began": began, "ended": ended, "cpu": time.process_time() - cpu, "files": len(paths), "results": results}


def main() -> None:
    """Command line."""
    route, database, folder, *rest = sys.argv[1:]
    if route == "iterparse":
        told = by_iterparse(Path(folder))
    else:
        part, parts = map(int, rest[0].split("/")) if rest else (0, 1)
        told = by_crywolf(Path(database), Path(folder), part, parts)
    print(json.dumps(told | {"peak": peak_megabytes()}))


if __name__ == "__main__":
    main()
