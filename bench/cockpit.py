"""The dashboard as a person feels it: on a large store, while a tail writes 200 results a second.

    python -m bench.cockpit [--results 1000000] [--tests 100000] [--seconds 60] [--store FILE] [--as-is]
                            [--traced]

A store is generated, or a copy of one is taken. The dashboard runs in a pseudo-terminal of 120x40 and follows a folder
into which reports arrive; keys are pressed one after the other through all modes, then some are held, much is typed at
once, the terminal changes its size, and nothing is done for a while. Told are: first rows; how long until a key is
answered by anything drawn, by mode; how long questions took; the longest blocks of the event loop, seen by
`bench.watchdog` in the dashboard's process, and where it was meanwhile; which callbacks kept the loop longest, by the
clock and by what its thread computed; drawings a second while nobody does anything; memory over time. Budgets: 600 ms,
100 ms, 50 ms, four drawings, 200 MB.

A machine that is busy otherwise makes all of it slower. So times are also given without what the dashboard waited for a
processor, and beside stands how late a timer of 5 ms came meanwhile in a process that does nothing, and how much of a
processor one that computes was given.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.generated_store import DAY_MS, DAYS, EPOCH_MS, PIPELINES, build, service_of
from bench.measuring import ROOT, headline, median, quantile, table
from bench.terminal import COLUMNS, LINES, Answered, Screen
from bench.watchdog import BLOCK_MS, MEASURED
from tui.answers.keeping import keep_triage
from tui.answers.query import Query

RATE = 200
"""Results a second."""
MOVES = "jjjjkkjGgjj"
PAGES = "\x04\x04\x04\x15"
ENTER, ESCAPE, TAB = "\r", "\x1b", "\t"
ROUND: dict[str, Sequence[str]] = {
    "triage": ["1", *MOVES, ENTER, "j", "J", ESCAPE],
    "tests": ["2", *MOVES, *PAGES, "s", "j", "s", "s", "s", ENTER, "j", TAB, "j", ESCAPE],
    "tests, filter": ["/", *"test_1", ENTER, "j", "/", ESCAPE],
    "services": ["3", *MOVES, ENTER, "j", ESCAPE],
    "timeline": ["4", *"bBcChlhljkjk0$ffF", *PAGES, "-", "h", "-", "h", "+", "+", "w", "j", *PAGES, "w", "n", "p"],
    "changes": ["5", *MOVES, *PAGES],
    "live": ["6", *MOVES, ENTER, "j", ESCAPE],
    "quarantine": ["7", *MOVES],
    "silent": ["8", *MOVES],
    "flows": ["9", *MOVES],
    "go to": [":", *"svc1", ESCAPE, ":", *"test_24", "\x0e", "\x0e", ESCAPE, "?", ESCAPE],
}
HELD = {"tests": ("2", "jjjk"), "timeline": ("4", "hhhl"), "changes": ("5", "jjjk"), "live": ("6", "jjjk")}
"""Mode -> its key, and what is held there."""
SIZES = ((80, 24), (160, 50), (100, 30), (COLUMNS, LINES))


# What arrives


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
    """Writes reports at a rate until it is stopped; or many at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(daemon=True)
        self._folder, self._ended, self._turn = folder, threading.Event(), threading.Lock()
        self.written = 0

    def run(self) -> None:
        """One report a second."""
        while not self._ended.wait(1.0):
            self.burst(1)

    def burst(self, count: int) -> None:
        """So many reports now."""
        with self._turn:
            for _ in range(count):
                arrive(self._folder, self.written, RATE)
                self.written += 1

    def stop(self) -> None:
        """The last one was written."""
        self._ended.set()
        self.join()


# Measuring


@dataclass(slots=True)
class Seen:
    """What the measuring process saw."""

    first_ms: float
    first_computed_ms: float
    keys: dict[str, list[Answered]] = field(default_factory=dict)
    storms: dict[str, list[float]] = field(default_factory=dict)
    """Milliseconds from the last key or size until all was drawn."""
    restful: dict[str, list[float]] = field(default_factory=dict)
    """Mode -> drawings a second while nothing was done."""
    memory: list[tuple[float, float, float]] = field(default_factory=list)
    """(seconds, MB of the dashboard, MB of the process that answers)."""


def measure(database: Path, scratch: Path, seconds: int, *, is_traced: bool) -> None:
    """Drives the dashboard for so long, and prints what was seen."""
    folder, told = scratch / "arriving", scratch / "told.json"
    folder.mkdir()
    child = [str(database), str(folder), str(told), *(["--traced"] if is_traced else [])]
    with beside() as idle:
        screen = Screen([sys.executable, "-m", "bench.watchdog", *child], scratch)
        seen = Seen(screen.wait_for(b"radius"), screen.delays_ms()[1])
        time.sleep(2.0)
        arrivals = Arrivals(folder)
        arrivals.start()
        began = time.monotonic()
        seen.memory.append((0.0, *screen.megabytes()))
        while time.monotonic() - began < seconds:
            go_round(screen, seen, arrivals)
            seen.memory.append((time.monotonic() - began, *screen.megabytes()))
        arrivals.stop()
        screen.leave()
    tell(seen, json.loads(told.read_text()), arrivals.written * RATE)
    tell_machine(idle)


def go_round(screen: Screen, seen: Seen, arrivals: Arrivals) -> None:
    """Through all modes, key by key; then what is held, typed at once, resized; then nothing for a while."""
    for mode, keys in ROUND.items():
        for n, key in enumerate(keys):
            if (answered := screen.press(key)) is not None:
                seen.keys.setdefault(mode, []).append(answered)
            time.sleep(0.5 if n == 0 else 0.05)
    for mode, (key, held) in HELD.items():
        screen.press(key)
        time.sleep(0.5)
        hold(screen, held * 15)
        seen.storms.setdefault(f"{mode}, a key held", []).append(screen.settle())
        seen.restful.setdefault(mode, []).append(screen.rest(3.0) / 3.0)
    arrivals.burst(10)
    seen.restful.setdefault("live, ten reports at once", []).append(screen.rest(3.0) / 3.0)
    screen.press("2")
    screen.write("/test_24")
    seen.storms.setdefault("tests, a filter typed at once", []).append(screen.settle(0.5))
    screen.write("\r/\x1b")
    screen.settle()
    for _ in range(5):
        for size in SIZES:
            screen.resize(*size)
            screen.read(0.03)
    seen.storms.setdefault("tests, twenty sizes", []).append(screen.settle())


def hold(screen: Screen, keys: str) -> None:
    """Thirty keys a second, whatever is drawn meanwhile."""
    for key in keys:
        screen.write(key)
        screen.read(1 / 30)


@contextmanager
def beside() -> Iterator[dict[str, Any]]:
    """Runs the process that does nothing; what it tells is there afterwards."""
    told: dict[str, Any] = {}
    command = [sys.executable, "-m", "bench.watchdog"]
    child = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        yield told
    finally:
        told.update(json.loads(child.communicate()[0]))


# Telling


def tell(seen: Seen, told: dict[str, Any], written: int) -> None:
    """Prints what was seen."""
    every = [one for keys in seen.keys.values() for one in keys]
    for name in MEASURED:
        told[name] = _each(told[name])
    callbacks = told["callbacks"]
    memory = seen.memory
    rows = [
        ("first rows, ms", "", "", f"{seen.first_ms:.0f}", "600"),
        ("  computed until then", "", "", f"{seen.first_computed_ms:.0f}", ""),
        ("key answered, ms", *_figures([one.taken_ms for one in every]), "p95 100"),
        ("  without waiting for a processor", *_figures([one.taken_ms - one.queued_ms for one in every]), ""),
        ("  computed meanwhile", *_figures([one.computed_ms for one in every]), ""),
        ("event loop late, ms", *_figures(told["late_ms"]), "max 50"),
        ("  without waiting for a processor", *_figures(told["own_ms"]), ""),
        ("  computed meanwhile by all threads", *_figures(told["all_ms"]), ""),
        ("  computed by its own", *_figures(told["busy_ms"]), ""),
        ("one callback of the loop, ms", *_figures(_each(callbacks["clock"])), ""),
        ("  computed by its thread", *_figures(_each(callbacks["own"])), "max 50"),
        ("memory of the dashboard, MB", *_course([one[1] for one in memory]), "200"),
        ("  of the process that answers", *_course([one[2] for one in memory]), "200"),
        ("  of both together", *_course([one[1] + one[2] for one in memory]), ""),
    ]
    table((f"{len(every):,} keys, {written:,} results arrived", "median/first", "p95/half", "max/last", "budget"), rows)
    by_mode = []
    for mode, keys in seen.keys.items():
        worst = max(keys, key=lambda one: one.taken_ms)
        slow = sum(one.taken_ms > 100 for one in keys)
        taken, computed = _figures([one.taken_ms for one in keys]), _figures([one.computed_ms for one in keys])
        by_mode.append((mode, f"{len(keys)}", *taken, repr(worst.key), f"{slow}", *computed[1:]))
    header = ("key answered, ms", "keys", "median", "p95", "max", "slowest", "> 100", "computed p95", "max")
    table(header, by_mode)
    storms = [(name, f"{len(found)}", *_figures(found)) for name, found in seen.storms.items()]
    table(("all drawn after the last of many, ms", "times", "median", "p95", "max"), storms)
    print("drawings a second while nothing is done:", _list(seen.restful))
    _tell_questions(told["asked"])
    _tell_blocks(told)
    print("callbacks of the loop for which its thread computed longest:")
    for one in callbacks["longest"][:25]:
        print(f"  {one['own']:.0f} of {one['clock']:.0f} ms after {one['at']:.0f} s: {one['what']}")
    step = max(len(told["notes"]) // 12, 1)
    course = [f"{at:.0f} s {here:.0f}+{beside:.0f}" for at, here, beside in memory[:: max(len(memory) // 20, 1)]]
    print("MB of the dashboard and the process that answers:", "; ".join(course))
    notes = [f"{at:.0f} s {size:.0f} MB {blocks / 1e6:.2f}" for at, size, blocks in told["notes"][::step]]
    print("memory, with millions of blocks that Python gave out:", "; ".join(notes))
    print(*told["growth"], sep="\n")


def _tell_questions(asked: dict[str, list[tuple[float, float]]]) -> None:
    rows = []
    for name, found in sorted(asked.items(), key=lambda pair: -sum(one[1] for one in pair[1])):
        taken, computed = [one[0] for one in found], [one[1] for one in found]
        rows.append((name, f"{len(found)}", *_figures(taken), f"{median(computed):.0f}", f"{max(computed):.0f}"))
    table(("question answered, ms", "times", "median", "p95", "max", "computed", "at most"), rows)


def _tell_blocks(told: dict[str, Any]) -> None:
    late, own, computed = told["late_ms"], told["own_ms"], told["all_ms"]
    print(f"later than {BLOCK_MS:.0f} ms: {sum(one > BLOCK_MS for one in late)} of {len(late):,} looks;", end=" ")
    print(f"{sum(one > BLOCK_MS for one in own)} without waiting for a processor;", end=" ")
    print(f"{sum(one > BLOCK_MS for one in computed)} by what all threads computed. The longest of both:")
    for block in told["blocks"][:15]:
        print(f"  {block['own']:.0f} of {block['late']:.0f} ms after {block['at']:.0f} s;", end=" ")
        print(f"computed {block['all']:.0f}, of that its own {block['busy']:.0f}")
        print(*(f"      {place}" for place in block["where"]), sep="\n")


def tell_machine(idle: dict[str, Any]) -> None:
    """Prints how busy the machine was otherwise."""
    slept, shares = idle["slept_ms"], idle["shares"]
    over = sum(one > BLOCK_MS for one in slept)
    print(f"\nmachine meanwhile: load {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors; ", end="")
    middle, most, worst = _figures(slept)
    print(
        f"a timer of 5 ms in an idle process late by {middle}, p95 {most}, max {worst} ms ({over} times > 50); ", end=""
    )
    print(f"a process that computes had {median(shares):.0%} of a processor, at worst {min(shares):.0%}")


def _each(counted: list[tuple[int, int]]) -> list[int]:
    """What was counted, each as often as it was."""
    return [ms for ms, count in counted for _ in range(count)]


def _list(found: dict[str, list[float]]) -> str:
    return ", ".join(f"{name} {median(rates):.1f} (max {max(rates):.1f})" for name, rates in found.items())


def _course(values: Sequence[float]) -> tuple[str, str, str]:
    return f"{values[0]:.0f}", f"{values[len(values) // 2]:.0f}", f"{values[-1]:.0f}"


def _figures(values: Sequence[float]) -> tuple[str, str, str]:
    return f"{median(values):.0f}", f"{quantile(values, 0.95):.0f}", f"{max(values):.0f}"


def main(arguments: list[str] | None = None) -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--results", type=int, default=1_000_000)
    parser.add_argument("--tests", type=int, default=100_000, help="test cases, in forty pipelines")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--store", type=Path, help="a store that was generated before; a copy of it is used")
    parser.add_argument("--traced", action="store_true", help="tell what allocated that which grows; all is slower")
    parser.add_argument("--as-is", action="store_true", help="the first Triage answer is not kept beforehand")
    options = parser.parse_args(arguments)
    headline("The cockpit", f"{options.results:,} results of {options.tests:,} test cases", f"{RATE} results/s")
    with tempfile.TemporaryDirectory(prefix="crywolf-bench-") as name:
        scratch = Path(name)
        database = scratch / "cockpit.db"
        if options.store:
            shutil.copyfile(options.store, database)
        else:
            build(database, options.results, options.tests // PIPELINES)
        if not options.as_is:
            began = time.process_time()
            keep_triage(database, Query())
            print(f"first Triage answer kept in {time.process_time() - began:.1f} s of processor time\n", flush=True)
        subprocess.run([sys.executable, "-c", "import tui.app"], cwd=ROOT, check=True)
        measure(database, scratch, options.seconds, is_traced=options.traced)


if __name__ == "__main__":
    main()
