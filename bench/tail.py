"""How soon a closed file is in the store, with `crywolf watch` as a process of its own; and a burst of files.

    python -m bench.tail [--files 200] [--burst 10000]

A file is written and closed; the store is polled read-only every 2 ms until its row is there. The burst is written as
fast as this process can: every file must be in, the time is from the first and from the last of them.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.measuring import headline, median, quantile, table
from store.connect import Connection, open_reader

CRYWOLF = str(Path(sys.executable).parent / "crywolf")
POLL_S = 0.002
PATIENCE_S = 180.0
_COUNT = "SELECT count(*) FROM source_file WHERE kind = 'report' AND status = 'ingested'"


def report(number: int) -> str:
    """A small report of three cases, no two files alike."""
    cases = "".join(
        f'<testcase classname="shop.Suite{number % 100}" name="test_{n}" time="0.{number:05d}"/>' for n in range(3)
    )
    return f'<testsuite name="s{number % 100}" timestamp="2026-03-01T10:00:00">{cases}</testsuite>\n'


def path_of(folder: Path, number: int) -> Path:
    """Runs of 100 files each."""
    path = folder / "tail" / f"run-{number // 100}" / f"suite-{number % 100:02d}.xml"
    path.parent.mkdir(parents=True, exist_ok=True)
    return path


@dataclass(frozen=True, slots=True)
class Watched:
    """A reader of the store that a watching process fills."""

    connection: Connection
    child: subprocess.Popen[bytes]

    def count(self) -> int:
        """Reports that are in."""
        return int(self.connection.execute(_COUNT).fetchone()[0])

    def wait_for(self, count: int) -> float | None:
        """The moment at which so many reports are in; None: not in time, or the process has ended."""
        deadline = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline and self.child.poll() is None:
            if self.count() >= count:
                return time.monotonic()
            time.sleep(POLL_S)
        return None


@contextmanager
def watching(folder: Path, database: Path) -> Iterator[Watched]:
    """`crywolf watch` on a folder until the block ends, and a reader of its store."""
    path_of(folder, 0).write_text(report(0), encoding="utf-8")
    command = [CRYWOLF, "--db", str(database), "watch", str(folder)]
    log = database.with_suffix(".log")
    with log.open("wb") as stream:
        child = subprocess.Popen(command, stdout=stream, stderr=stream, env=os.environ | {"CI": ""})
    try:
        while not (database.exists() and database.stat().st_size) and child.poll() is None:
            time.sleep(0.05)
        time.sleep(0.5)
        if child.poll() is not None:
            raise SystemExit(f"crywolf watch has ended: {log.read_text(encoding='utf-8')[-500:]}")
        with closing(open_reader(database)) as connection:
            watched = Watched(connection, child)
            if watched.wait_for(1) is None:
                raise SystemExit(f"crywolf watch does not read: {log.read_text(encoding='utf-8')[-500:]}")
            yield watched
    finally:
        child.send_signal(signal.SIGINT)
        try:
            child.wait(20)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def single(folder: Path, scratch: Path, files: int) -> list[tuple[str, ...]]:
    """Latencies of files one after the other, with pauses in which the tail goes idle."""
    rng = random.Random(1)
    taken, lost = [], 0
    with watching(folder, scratch / "single.db") as watched:
        for number in range(1, files + 1):
            time.sleep(rng.uniform(0.02, 0.2))
            path = path_of(folder, number)
            with path.open("w", encoding="utf-8") as out:
                out.write(report(number))
            closed = time.monotonic()
            there = watched.wait_for(number + 1)
            if there is None:
                lost += 1
                break
            taken.append((there - closed) * 1000)
    if not taken:
        return [("closed to committed, ms", "never", "", "", str(lost))]
    figures = (median(taken), quantile(taken, 0.95), max(taken))
    return [("closed to committed, ms", *(f"{one:.0f}" for one in figures), str(lost))]


def burst(folder: Path, scratch: Path, files: int) -> None:
    """Many files at once."""
    with watching(folder, scratch / "burst.db") as watched:
        paths = [path_of(folder, number) for number in range(1, files + 1)]
        began = time.monotonic()
        for number, path in enumerate(paths, 1):
            path.write_text(report(number), encoding="utf-8")
        written = time.monotonic()
        there = watched.wait_for(files + 1)
        count = watched.count() - 1
    ended = there or time.monotonic()
    row = (f"{files:,} files", f"{written - began:.1f}", f"{ended - began:.1f}", f"{ended - written:.1f}")
    table(
        ("burst", "s to write", "s to the last row", "s after the last write", "lost"), [(*row, f"{files - count:,}")]
    )


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--files", type=int, default=200)
    parser.add_argument("--burst", type=int, default=10_000)
    options = parser.parse_args(arguments)
    headline("Live tail: `crywolf watch`", f"{options.files} single files, a burst of {options.burst:,}")
    with tempfile.TemporaryDirectory(prefix="crywolf-bench-") as name:
        scratch = Path(name)
        rows = single(scratch / "single", scratch, options.files)
        table((f"{options.files} files, one at a time", "p50", "p95", "max", "lost"), rows)
        burst(scratch / "burst", scratch, options.burst)


if __name__ == "__main__":
    main()
