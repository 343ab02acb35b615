"""The dashboard as a person feels it: on a large store, while a tail writes 200 results a second.

    python -m bench.cockpit [--results 1000000] [--tests 100000] [--seconds 60] [--store FILE]

A store is generated, or a copy of one is taken. The dashboard runs in a pseudo-terminal of 120x40 and follows a folder
into which reports arrive; keys are pressed one after the other through all modes. Told are: first rows; how long until
a key is answered by anything drawn; the longest blocks of the event loop, seen by a watchdog in the dashboard's process
that has itself called every 5 ms, and where the dashboard was meanwhile; memory over time. Budgets: 600 ms, 100 ms,
50 ms, 200 MB.
"""

from __future__ import annotations

import argparse
import asyncio
import fcntl
import json
import os
import pty
import random
import select
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.generated_store import DAY_MS, DAYS, EPOCH_MS, PIPELINES, build, service_of
from bench.measuring import ROOT, headline, median, quantile, table

COLUMNS, LINES = 120, 40
TICK_S = 0.005
BLOCK_MS = 50.0
RATE = 200
"""Results a second."""
MOVES = "jjjjkkjGgjj"
ROUND = ["1", *MOVES, "2", *MOVES, "\x04", "\x04", "3", *MOVES, "4", "b", "h", "l", "j", "k", "5", *MOVES]
ROUND += [
    "6",
    *MOVES,
    "1",
    "\r",
    "j",
    "\x1b",
    "2",
    "/",
    *"test_1",
    "\r",
    "/",
    "\x1b",
    ":",
    *"svc1",
    "\x1b",
    "?",
    "\x1b",
]
PATIENCE_S = 60.0


# In the dashboard's process


@dataclass(slots=True)
class Watchdog:
    """Notes how late the event loop comes to what it is asked for, and where the process was meanwhile."""

    loop: asyncio.AbstractEventLoop
    main: int
    late_ms: list[float] = field(default_factory=list)
    busy_ms: list[float] = field(default_factory=list)
    """Of it, what the loop's thread itself computed: what a machine that is busy otherwise does not add to."""
    blocks: list[tuple[float, float, str]] = field(default_factory=list)

    def run(self) -> None:
        """Until the process ends."""
        clock = time.pthread_getcpuclockid(self.main)
        while True:
            done = threading.Event()
            asked, computed = time.perf_counter(), time.clock_gettime(clock)
            try:
                self.loop.call_soon_threadsafe(done.set)
            except RuntimeError:
                return
            where = ""
            while not done.wait(BLOCK_MS / 2000):
                where = where or self._place()
            late, busy = (time.perf_counter() - asked) * 1000, (time.clock_gettime(clock) - computed) * 1000
            self.late_ms.append(late)
            self.busy_ms.append(busy)
            if busy > BLOCK_MS:
                self.blocks.append((busy, late, where))
            time.sleep(TICK_S)

    def _place(self) -> str:
        frame = sys._current_frames().get(self.main)
        ours = [one for one in traceback.extract_stack(frame) if "/asyncio/" not in one.filename]
        return " < ".join(f"{Path(one.filename).name}:{one.lineno} {one.name}" for one in reversed(ours[-7:]))


def dashboard(database: Path, folder: Path, told: Path) -> None:
    """Runs the dashboard with a watchdog, and writes down in the end what it saw."""
    from tui import personal
    from tui.answers.query import Query
    from tui.start import run_dashboard

    dogs: list[Watchdog] = []
    begin = personal.PersonalApp.begin_personal

    def begin_watched(self: personal.PersonalApp) -> None:
        begin(self)
        dog = Watchdog(asyncio.get_running_loop(), threading.get_ident())
        dogs.append(dog)
        threading.Thread(target=dog.run, daemon=True).start()

    personal.PersonalApp.begin_personal = begin_watched  # type: ignore[method-assign]  # it is measured, not changed
    code = run_dashboard(database, Query(), watch=(folder,), is_kept_in_mind=False)
    blocks = sorted((block for dog in dogs for block in dog.blocks), reverse=True)
    late, busy = ([one for dog in dogs for one in getattr(dog, name)] for name in ("late_ms", "busy_ms"))
    told.write_text(json.dumps({"late_ms": late, "busy_ms": busy, "blocks": blocks[:20]}))
    sys.exit(code)


# In the process that measures


def arrive(folder: Path, number: int, count: int) -> None:
    """One run of so many results, newer than everything in the store; one in twenty of them is red."""
    rng = random.Random(number)
    pipeline = number % PIPELINES
    began = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime((EPOCH_MS + DAYS * DAY_MS) // 1000 + number))
    cases = []
    for place in range(count):
        inner = '<failure message="expected 1 but was 2">trace</failure>' if rng.random() < 0.05 else ""
        name = f'classname="acme.svc{pipeline:02d}.Suite{place // 25}" name="test_{place}"'
        cases.append(f'<testcase {name} time="0.{place:03d}">{inner}</testcase>')
    target = folder / f"run-{number}"
    target.mkdir()
    run = {"pipeline": service_of(pipeline), "run_id": f"live-{number}", "environment": "staging", "branch": "main"}
    (target / "run.json").write_text(json.dumps(run))
    text = f'<testsuite name="svc{pipeline:02d}" timestamp="{began}">{"".join(cases)}</testsuite>'
    (target / "report.xml.part").write_text(text)
    (target / "report.xml.part").rename(target / "report.xml")


class Arrivals(threading.Thread):
    """Writes reports at a rate until it is stopped."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder, self._ended, self.written = folder, threading.Event(), 0

    def run(self) -> None:
        """One report a second."""
        while not self._ended.wait(1.0):
            arrive(self._folder, self.written, RATE)
            self.written += 1

    def stop(self) -> None:
        """The last one was written."""
        self._ended.set()
        self.join()


class Screen:
    """The dashboard's end of a pseudo-terminal."""

    def __init__(self, command: Sequence[str], folder: Path) -> None:
        self.began = time.perf_counter()
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.chdir(ROOT)
            environ = {**os.environ, "TERM": "xterm-256color", "COLORTERM": "truecolor", "XDG_STATE_HOME": str(folder)}
            os.execve(command[0], list(command), environ)
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))

    def read(self, wait_s: float) -> bytes:
        """What is drawn within a time; empty: nothing."""
        if not select.select([self.terminal], [], [], wait_s)[0]:
            return b""
        return os.read(self.terminal, 65_536)

    def wait_for(self, mark: bytes) -> float:
        """Milliseconds from the start until something is drawn."""
        seen = b""
        while mark not in seen:
            seen += self.read(1.0)
            if time.perf_counter() - self.began > PATIENCE_S:
                raise SystemExit(f"the dashboard does not show {mark.decode()}: {seen[-500:]!r}")
        return (time.perf_counter() - self.began) * 1000

    def press(self, key: str) -> float | None:
        """Milliseconds until anything is drawn after a key; None: nothing was, as for a move at the end of a list."""
        while self.read(0.0):
            pass
        began = time.perf_counter()
        os.write(self.terminal, key.encode())
        drawn = self.read(1.0)
        taken = (time.perf_counter() - began) * 1000
        while self.read(0.02):
            pass
        return taken if drawn else None

    def megabytes(self) -> float:
        """Memory of the dashboard's process now."""
        rows = Path(f"/proc/{self.pid}/status").read_text().splitlines()
        return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("VmRSS:"))

    def leave(self) -> None:
        """By its key; what does not listen is killed."""
        os.write(self.terminal, b"\x1b\x1b\x11")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            try:
                self.read(0.1)
            except OSError:
                break
        if not os.waitpid(self.pid, os.WNOHANG)[0]:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)


def measure(database: Path, scratch: Path, seconds: int) -> None:
    """Drives the dashboard for so long, and prints what was seen."""
    folder, told = scratch / "arriving", scratch / "told.json"
    folder.mkdir()
    command = [sys.executable, "-m", "bench.cockpit", "--child", str(database), str(folder), str(told)]
    screen = Screen(command, scratch)
    first_ms = screen.wait_for(b"radius")
    time.sleep(2.0)
    arrivals = Arrivals(folder)
    arrivals.start()
    end, answered, memory = time.monotonic() + seconds, list[tuple[float, str]](), [(0.0, screen.megabytes())]
    began = time.monotonic()
    while time.monotonic() < end:
        for key in ROUND:
            taken = screen.press(key)
            if taken is not None:
                answered.append((taken, key))
            time.sleep(0.05)
        memory.append((time.monotonic() - began, screen.megabytes()))
    arrivals.stop()
    screen.leave()
    _tell(first_ms, answered, memory, json.loads(told.read_text()), arrivals.written * RATE)


def _tell(
    first_ms: float,
    answered: list[tuple[float, str]],
    memory: list[tuple[float, float]],
    told: dict[str, Any],
    written: int,
) -> None:
    keys = [taken for taken, _ in answered]
    late = told["late_ms"]
    rows = [
        ("first rows, ms (with the bench's own imports)", "", "", f"{first_ms:.0f}", "600"),
        ("key answered, ms", *_figures(keys), "p95 100"),
        ("event loop late, ms", *_figures(late), "max 50"),
        ("of it computing itself, ms", *_figures(told["busy_ms"]), "max 50"),
        ("memory, MB", f"{memory[0][1]:.0f}", f"{memory[len(memory) // 2][1]:.0f}", f"{memory[-1][1]:.0f}", "200"),
    ]
    table((f"{len(keys):,} keys, {written:,} results arrived", "median/first", "p95/half", "max/last", "budget"), rows)
    print("slowest keys:", ", ".join(f"{key!r} {taken:.0f}" for taken, key in sorted(answered, reverse=True)[:8]))
    print(f"later than {BLOCK_MS:.0f} ms: {sum(one > BLOCK_MS for one in late)}; by its own computing, with the place:")
    for busy, late_ms, where in told["blocks"][:12]:
        print(f"  {busy:.0f} of {late_ms:.0f}  {where}")


def _figures(values: Sequence[float]) -> tuple[str, str, str]:
    return f"{median(values):.0f}", f"{quantile(values, 0.95):.0f}", f"{max(values):.0f}"


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=int, default=1_000_000)
    parser.add_argument("--tests", type=int, default=100_000, help="test cases, in forty pipelines")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--store", type=Path, help="a store that was generated before; a copy of it is used")
    parser.add_argument("--child", nargs=3, type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.child:
        dashboard(*options.child)
    headline("The cockpit", f"{options.results:,} results of {options.tests:,} test cases", f"{RATE} results/s")
    with tempfile.TemporaryDirectory(prefix="crywolf-bench-") as name:
        scratch = Path(name)
        database = scratch / "cockpit.db"
        if options.store:
            shutil.copyfile(options.store, database)
        else:
            build(database, options.results, options.tests // PIPELINES)
        subprocess.run([sys.executable, "-c", "import tui.app"], cwd=ROOT, check=True)
        measure(database, scratch, options.seconds)


if __name__ == "__main__":
    main()
