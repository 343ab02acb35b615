"""One process that reads files: with crywolf or with a bare parser. Prints what it took as one line of JSON.

    python -m bench.ingest_child ingest DATABASE FOLDER [JOBS]
    python -m bench.ingest_child iterparse|expat|junitparser|pygixml - FOLDER

With more than one job it is the one that leads them; processor time is of all, peak memory of the largest. Times leave
out the start of the interpreter.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from pathlib import Path

from bench.measuring import peak_megabytes


def by_crywolf(database: Path, folder: Path, jobs: int) -> dict[str, float]:
    """Ingest into a store as the command does, checkpoint included, without the answer that it keeps in the end."""
    from ingest.model import FileOutcome, RunIdentity
    from ingest.settings import Settings
    from ingest.sources.directory import list_inputs
    from tui.commands.ingest import ingester
    from tui.locations import Place

    outcomes: list[FileOutcome] = []
    began, cpu = time.monotonic(), processor_seconds()
    place = Place(database, "bench", Settings())
    with ingester(place, list_inputs([str(folder)]), RunIdentity(), {}, jobs) as ingest:
        ingest(outcomes.append)
    ended = time.monotonic()
    kinds = [outcome.status.value for outcome in outcomes]
    return {
        "began": began,
        "ended": ended,
        "cpu": processor_seconds() - cpu,
        "files": len(outcomes),
        "results": sum(outcome.counts.attempts for outcome in outcomes),
        "ingested": kinds.count("ingested"),
        "duplicate": kinds.count("duplicate"),
        "rejected": kinds.count("rejected"),
    }


def processor_seconds() -> float:
    """Of this process and of those that it started and that have ended."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def by_parser(route: str, folder: Path) -> dict[str, float]:
    """A bare parser on the same files, which stores nothing."""
    from bench import parse

    read = {
        "iterparse": parse.by_iterparse,
        "expat": parse.by_expat,
        "junitparser": parse.by_junitparser,
        "pygixml": parse.by_pygixml,
    }[route]
    paths = sorted(folder.rglob("*.xml"))
    began, cpu = time.monotonic(), time.process_time()
    results = sum(read(path) for path in paths)
    ended = time.monotonic()
    return {"began": began, "ended": ended, "cpu": time.process_time() - cpu, "files": len(paths), "results": results}


def main() -> None:
    """Command line."""
    route, database, folder, *rest = sys.argv[1:]
    if route == "ingest":
        told = by_crywolf(Path(database), Path(folder), int(rest[0]) if rest else 1)
    else:
        told = by_parser(route, Path(folder))
    print(
        json.dumps(
            told | {"peak": max(peak_megabytes(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024)}
        )
    )


if __name__ == "__main__":
    main()
