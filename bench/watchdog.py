"""What happens inside of a dashboard that is measured: how late its event loop comes, why, and what grows.

    python -m bench.watchdog STORE FOLDER TOLD [--traced]   the dashboard; without words, a process that does nothing


Every 5 ms the loop is asked to note the time. Of a delay three parts are told: what is left without the loop's thread
waiting for a processor that others had, as the kernel counts it; what all threads of the process computed meanwhile, of
which one at a time may have kept the loop from its turn; and what the loop's thread computed itself. On a machine that
has nothing else to do a delay is between the second and the third.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

from bench.callbacks import Callbacks

TICK_S = 0.005
BLOCK_MS = 50.0
SAMPLE_S = 0.012
"""Between two looks at where a thread is that does not answer."""
NOTE_S = 15.0
"""Between two notes of the memory."""
FIRST_NOTE_S = 120.0
"""From the start until allocations are first counted, so that what is made once is in it."""
MOST_BLOCKS = 200
MEASURED = ("late_ms", "own_ms", "all_ms", "busy_ms")
_WAITING = ("threading.py", "selectors.py", "queue.py", "thread.py", "watchdog.py", "answering.py", "steady.py")


class Delays:
    """How long a thread of this process computed and waited for a processor, as the kernel counts it."""

    def __init__(self, ident: int, native: int) -> None:
        self._clock = time.pthread_getcpuclockid(ident)
        try:
            self._file = os.open(f"/proc/self/task/{native}/schedstat", os.O_RDONLY)
        except OSError:
            self._file = -1

    def now_ms(self) -> tuple[float, float]:
        """Both, from the start of the thread; the second is 0 where the kernel does not tell."""
        queued = int(os.pread(self._file, 100, 0).split()[1]) / 1e6 if self._file >= 0 else 0.0
        return time.clock_gettime(self._clock) * 1000, queued


@dataclass(slots=True)
class Watchdog:
    """Asks the loop for the time, from a thread of its own."""

    loop: asyncio.AbstractEventLoop
    main: int
    native: int
    late_ms: Counter[int] = field(default_factory=Counter)
    """Milliseconds -> how often, and so the next three: an hour of looks must not count as memory."""
    own_ms: Counter[int] = field(default_factory=Counter)
    """Of it, what is left without waiting for a processor."""
    all_ms: Counter[int] = field(default_factory=Counter)
    """Of it, what all threads of the process computed."""
    busy_ms: Counter[int] = field(default_factory=Counter)
    """Of it, what the loop's thread itself computed."""
    blocks: list[dict[str, Any]] = field(default_factory=list)
    notes: list[tuple[float, float, int]] = field(default_factory=list)
    """(seconds since the start, MB, blocks of memory that Python gave out)."""

    def run(self) -> None:
        """Until the process ends."""
        delays, began = Delays(self.main, self.native), time.perf_counter()
        noted = 0.0
        while True:
            done = threading.Event()
            stamp: list[float] = []

            def note(stamp: list[float] = stamp, done: threading.Event = done) -> None:
                stamp.append(time.perf_counter())
                done.set()

            asked, (computed, queued), everything = time.perf_counter(), delays.now_ms(), time.process_time()
            try:
                self.loop.call_soon_threadsafe(note)
            except RuntimeError:
                return
            seen: Counter[str] = Counter()
            while not done.wait(SAMPLE_S):
                seen.update(_places(self.main))
            after, waited = delays.now_ms()
            everything = (time.process_time() - everything) * 1000
            self._take((stamp[0] - asked) * 1000, after - computed, waited - queued, everything, seen, asked - began)
            if asked - began - noted > NOTE_S:
                noted = asked - began
                self.notes.append((noted, resident_megabytes(), sys.getallocatedblocks()))
            time.sleep(TICK_S)

    def _take(
        self, late: float, busy: float, queued: float, everything: float, seen: Counter[str], at_s: float
    ) -> None:
        everything, own = min(everything, late), max(late - queued, 0.0)
        self.late_ms[round(late)] += 1
        self.own_ms[round(own)] += 1
        self.all_ms[round(everything)] += 1
        self.busy_ms[round(min(busy, late))] += 1
        if max(everything, own) > BLOCK_MS:
            where = [f"{count}x {place}" for place, count in seen.most_common(8)]
            block = {"at": at_s, "late": late, "own": own, "all": everything, "busy": min(busy, late), "where": where}
            self.blocks.append(block)
            self.blocks.sort(key=lambda block: -max(block["all"], block["own"]))
            del self.blocks[MOST_BLOCKS:]


def _places(main: int) -> list[str]:
    """Where the loop's thread is, and every other one that does not wait."""
    names = {one.ident: one.name for one in threading.enumerate()}
    found = []
    for ident, frame in sys._current_frames().items():
        if ident == main:
            found.append(f"loop: {_place(frame, 7)}")
        elif Path(frame.f_code.co_filename).name not in _WAITING:
            found.append(f"{names.get(ident, '?')}: {_place(frame, 4)}")
    return found


def _place(frame: FrameType | None, most: int) -> str:
    """The innermost places that are not asyncio's; no lines of code are read, which would stay in memory."""
    places: list[str] = []
    while frame is not None and len(places) < most:
        code = frame.f_code
        if "/asyncio/" not in code.co_filename:
            places.append(f"{Path(code.co_filename).name}:{frame.f_lineno} {code.co_name}")
        frame = frame.f_back
    return " < ".join(places)


def resident_megabytes(pid: int | str = "self") -> float:
    """Memory of a process now."""
    rows = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(row.split()[1]) / 1024 for row in rows if row.startswith("VmRSS:"))


def dashboard(database: Path, folder: Path, told: Path, *, is_traced: bool = False) -> int:
    """Runs the dashboard with a watchdog, and writes down in the end what it saw; the exit code."""
    from tui import personal
    from tui.answers.query import Query
    from tui.start import run_dashboard

    dogs: list[Watchdog] = []
    callbacks = Callbacks()
    callbacks.watch()
    growth: list[str] = []
    asked: dict[str, list[tuple[float, float]]] = {}
    _timed(asked)
    begin = personal.PersonalApp.begin_personal

    def begin_watched(self: personal.PersonalApp) -> None:
        begin(self)
        dog = Watchdog(asyncio.get_running_loop(), threading.get_ident(), threading.get_native_id())
        dogs.append(dog)
        threading.Thread(target=dog.run, daemon=True, name="watchdog").start()
        if is_traced:
            threading.Thread(target=_trace, args=(growth,), daemon=True, name="tracing").start()

    personal.PersonalApp.begin_personal = begin_watched  # type: ignore[method-assign]  # it is measured, not changed
    gc.disable()  # as `tui.cli` does
    code = run_dashboard(database, Query(), watch=(folder,), is_kept_in_mind=False)
    seen = {name: [*sum((getattr(dog, name) for dog in dogs), Counter()).items()] for name in MEASURED}
    kept = {name: [one for dog in dogs for one in getattr(dog, name)] for name in ("blocks", "notes")}
    each = {"clock": [*callbacks.clock_ms.items()], "own": [*callbacks.own_ms.items()], "longest": callbacks.longest}
    told.write_text(json.dumps({**seen, **kept, "callbacks": each, "asked": asked, "growth": growth[-1:]}))
    return code


def _timed(asked: dict[str, list[tuple[float, float]]]) -> None:
    """Notes for every question how long it took, and how much of that its thread computed."""
    from tui.screens.answering import AnsweringProcess

    ask = AnsweringProcess.ask

    def ask_timed(self: AnsweringProcess, name: str, *args: object) -> Any:
        began, computed = time.perf_counter(), time.thread_time()
        try:
            return ask(self, name, *args)
        except Superseded:
            name += " (pushed aside)"
            raise
        finally:
            times = (time.perf_counter() - began) * 1000, (time.thread_time() - computed) * 1000
            asked.setdefault(name, []).append(times)

    from tui.screens.lanes import Superseded

    AnsweringProcess.ask = ask_timed  # type: ignore[method-assign]  # it is measured, not changed


def _trace(growth: list[str]) -> None:
    """Compares allocations with those of some time after the start, again and again."""
    time.sleep(FIRST_NOTE_S)
    tracemalloc.start(8)
    time.sleep(FIRST_NOTE_S)
    gc.collect()
    first = tracemalloc.take_snapshot()
    while True:
        time.sleep(FIRST_NOTE_S)
        gc.collect()
        rows = tracemalloc.take_snapshot().compare_to(first, "traceback")[:15]
        growth.append("\n".join("\n".join((str(row), *row.traceback.format(4))) for row in rows))


def sleep_idly() -> None:
    """A process that does nothing: how late a timer of 5 ms comes, until standard input ends; then tells it.

    Between sleeps it now and then computes for some milliseconds, and tells how much of the time it had a processor.
    """
    slept: list[float] = []
    shares: list[float] = []
    ended = threading.Event()

    def wait() -> None:
        sys.stdin.read()
        ended.set()

    threading.Thread(target=wait, daemon=True).start()
    while not ended.is_set():
        for _ in range(100):
            began = time.perf_counter()
            time.sleep(TICK_S)
            slept.append((time.perf_counter() - began - TICK_S) * 1000)
        began, computed = time.perf_counter(), time.thread_time()
        while time.thread_time() - computed < 0.02:
            pass
        shares.append(0.02 / (time.perf_counter() - began))
    print(json.dumps({"slept_ms": slept, "shares": shares}))


if __name__ == "__main__":
    if len(sys.argv) == 1:
        sleep_idly()
    else:
        sys.exit(dashboard(*(Path(word) for word in sys.argv[1:4]), is_traced="--traced" in sys.argv))
