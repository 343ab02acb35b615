"""Clocks, peak memory and tables, the same for every script."""

from __future__ import annotations

import os
import platform
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from store.connect import SQLITE_VERSION

ROOT = Path(__file__).resolve().parents[1]


def shared_folder(inner: str) -> Path | None:
    """A folder of data that is shared between checkouts: in `CRYWOLF_SHARED`, else in `../shared`; None: absent."""
    folder = Path(os.environ.get("CRYWOLF_SHARED") or ROOT.parent / "shared") / inner
    return folder if folder.is_dir() else None


def headline(title: str, *sizes: str) -> None:
    """The title of a script's tables, how it was called, on what, with which sizes."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    print(f"\n## {title}\n")
    print(f"{Path(sys.argv[0]).name} {' '.join(sys.argv[1:])}".strip(), *sizes, sep="; ")
    print(
        f"{os.cpu_count()} processors, load {load:.1f}, Python {platform.python_version()}, SQLite {SQLITE_VERSION}\n",
        flush=True,
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns, the first to the left, the others to the right."""
    widths = [max(len(row[n]) for row in (header, *rows)) for n in range(len(header))]
    for row in (header, ["-" * width for width in widths], *rows):
        cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        print("  ".join(cells).rstrip())
    print(flush=True)


def narrated(row: list[str]) -> list[str]:
    """The same row, said at once on standard error: some tables take minutes to be full."""
    print("  ".join(row), file=sys.stderr, flush=True)
    return row


def tell_time(began_s: float) -> None:
    """Print how long a script took since `time.monotonic()` was `began_s`, and its processor time with its children."""
    used = os.times()
    processor_s = used.user + used.system + used.children_user + used.children_system
    print(
        f"took {(time.monotonic() - began_s) / 60:.1f} min, {processor_s / 60:.1f} min of processor time\n", flush=True
    )


def milliseconds(call: Callable[[], object], rounds: int) -> list[tuple[float, float]]:
    """How long a call takes by the clock, and its processor time, in every round, after one that does not count."""
    call()
    taken = []
    for _ in range(rounds):
        began, work = time.perf_counter(), time.process_time()
        call()
        taken.append(((time.perf_counter() - began) * 1000, (time.process_time() - work) * 1000))
    return taken


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which a share of all lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def median(values: Sequence[float]) -> float:
    """The middle one."""
    return statistics.median(values)


def peak_megabytes() -> float:
    """Peak memory of this process.

    Of its own memory map where Linux tells it: `ru_maxrss` also knows the map of the process that started this one.
    """
    try:
        for row in Path("/proc/self/status").read_text().splitlines():
            if row.startswith("VmHWM:"):
                return int(row.split()[1]) / 1024
    except OSError:
        pass
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
