"""How fast files become committed rows, against bare `ElementTree.iterparse` on the same files in the same run.

Beside it, as bare: expat without handlers, junitparser's `fromfile`, and pygixml where it is installed.

    python -m bench.ingest_history [--rounds 3] [--files 1000] [--cases 200] [--huge 900000]

Three inputs: the real history of 602 runs (skipped where it is not), generated runs, and one report of 200 MB. Each
route runs in a process of its own, in turn; medians of the rounds. Times leave out the start of the interpreter and
take in the final checkpoint.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path

from bench.corpora import unpack_history, write_huge, write_runs
from bench.measuring import ROOT, headline, median, table
from bench.parse import is_installed

Told = dict[str, float]
_HEADER = ("route", "s", "results/s", "x iterparse", "processor s", "x iterparse", "MB peak")
_BARE = "ET.iterparse, cleared"
_PEERS = {
    _BARE: "iterparse",
    "expat, no handlers": "expat",
    "junitparser, fromfile": "junitparser",
    **({"pygixml, whole file": "pygixml"} if is_installed("pygixml") else {}),
}


def start(route: str, database: Path, folder: Path, jobs: int = 1) -> subprocess.Popen[str]:
    """One child on its way."""
    command = [sys.executable, "-m", "bench.ingest_child", route, str(database), str(folder), str(jobs)]
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)


def finish(child: subprocess.Popen[str]) -> Told:
    """What a child told."""
    out, _ = child.communicate()
    if child.returncode:
        raise SystemExit(f"{' '.join(map(str, child.args))} ended with {child.returncode}")  # type: ignore[arg-type]
    told: Told = json.loads(out)
    return told | {"seconds": told["ended"] - told["began"]}


def compare(folder: Path, rounds: int, scratch: Path) -> None:
    """All routes over one folder; prints its table and the size of the store."""
    told: dict[str, list[Told]] = {
        name: [] for name in (*_PEERS, "crywolf", "crywolf, again", "crywolf, two processes")
    }
    size = 0
    for number in range(rounds):
        for name, route in _PEERS.items():
            told[name].append(finish(start(route, Path("-"), folder)))
        database = scratch / f"{folder.name}-{number}.db"
        told["crywolf"].append(finish(start("ingest", database, folder)))
        size = database.stat().st_size
        told["crywolf, again"].append(finish(start("ingest", database, folder)))
        shared = scratch / f"{folder.name}-{number}-two.db"
        told["crywolf, two processes"].append(finish(start("ingest", shared, folder, 2)))
        database.unlink()
        shared.unlink()
    print_routes(told)
    one, two = (median([t["seconds"] for t in told[name]]) for name in ("crywolf", "crywolf, two processes"))
    each = size / told["crywolf"][0]["results"]
    print(f"two processes / one: {one / two:.2f}x; {each:.1f} bytes a result in the store; median of {rounds}\n")


def print_routes(told: dict[str, list[Told]]) -> None:
    """A row a route: medians of its rounds, and how it compares with the first."""
    rows = []
    base = {key: median([one[key] for one in told[_BARE]]) for key in ("seconds", "cpu")}
    for name, found in told.items():
        seconds, cpu = (median([one[key] for one in found]) for key in ("seconds", "cpu"))
        rate = told["crywolf"][0]["results"] / seconds
        ratios = f"{base['seconds'] / seconds:.2f}", f"{base['cpu'] / cpu:.2f}"
        peak = max(one["peak"] for one in found)
        rows.append((name, f"{seconds:.2f}", f"{rate:,.0f}", ratios[0], f"{cpu:.2f}", ratios[1], f"{peak:.0f}"))
    table(_HEADER, rows)


def describe(folder: Path) -> str:
    """Files and bytes of a corpus."""
    paths = list(folder.rglob("*.xml"))
    return f"{len(paths):,} reports, {sum(path.stat().st_size for path in paths) / 1e6:.1f} MB"


def history(scratch: Path, rounds: int) -> None:
    """The real history."""
    folder = scratch / "history"
    reason = unpack_history(folder)
    if reason is not None:
        print(f"real history: skipped, {reason}\n")
        return
    print(f"real history: {describe(folder)}")
    compare(folder, rounds, scratch)


def generated(scratch: Path, rounds: int, files: int, cases: int) -> None:
    """Generated runs."""
    folder = scratch / "generated"
    write_runs(folder, files, cases)
    print(f"generated: {describe(folder)}, {cases} cases each, 3 % fail with 2-8 KB of trace, no two alike")
    compare(folder, rounds, scratch)


def huge(scratch: Path, cases: int) -> None:
    """One report that should not be held in memory."""
    folder = scratch / "huge"
    write_huge(folder / "run-1" / "report.xml", cases)
    print(f"one report: {describe(folder)}, {cases:,} cases")
    bare, own = finish(start("iterparse", Path("-"), folder)), finish(start("ingest", scratch / "huge.db", folder))
    print_routes({_BARE: [bare], "crywolf": [own]})


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--files", type=int, default=1000, help="generated reports; 0: none")
    parser.add_argument("--cases", type=int, default=200, help="cases of each")
    parser.add_argument("--huge", type=int, default=900_000, metavar="CASES", help="of the one report; 0: none")
    options = parser.parse_args(arguments)
    headline("Ingest: files to committed rows", f"median of {options.rounds}")
    if not is_installed("pygixml"):
        print("pygixml: not installed, its route is left out (pip install pygixml)\n")
    with tempfile.TemporaryDirectory(prefix="crywolf-bench-") as name:
        scratch = Path(name)
        history(scratch, options.rounds)
        if options.files:
            generated(scratch, options.rounds, options.files, options.cases)
        if options.huge:
            huge(scratch, options.huge)


if __name__ == "__main__":
    main()
