"""Questions to a large store are answered in a process of their own, so that no computing keeps a key waiting.

Python computes in one thread at a time: while a verdict over 100,000 tests is worked out in a thread, every key would
wait for its turn. When the process has answered everything it gives back the memory that this took; it allocates as C
does for that, since Python's own allocator keeps a megabyte for the sake of one object. If it still holds much it is
ended and begun anew. It only reads: it may be ended at any moment, and a question that it did not answer is asked
again. What is written, what is known already and what is asked all the time stays here; so does everything of a small
store, which answers faster than a process starts.

Both ends send pickles, (number, what), over pipes that nobody else holds.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, cast

from tui.screens.asking import NEWEST, StoreAnswers
from tui.screens.lanes import Superseded

if TYPE_CHECKING:
    import subprocess

    from analysis.records import ResultMatrix
    from tui.answers.cell_facts import CellFacts
    from tui.answers.query import Query
    from tui.answers.timeline import DayCell, TimelineGrid
    from tui.answers.triage import TriageAnswer
    from tui.screens.asking import Answers, Days

LARGE_BYTES = 4_000_000
"""Of a store: from here on a process of its own pays."""
MOST_BYTES = 90_000_000
"""Of memory, above which a process that has nothing to do is begun anew."""
LARGE_BLOCK_BYTES = 131_072
"""Of memory, from here on got from the system and given back alone; else the C library learns to keep larger ones."""
_ALLOCATION = {"PYTHONMALLOC": "malloc", "MALLOC_ARENA_MAX": "1", "MALLOC_MMAP_THRESHOLD_": str(LARGE_BLOCK_BYTES)}
"""Environment of the process; what it has freed goes back to the system when asked to."""
_MMAP_THRESHOLD, _ARENA_MAX = -3, -8
"""What `mallopt` knows the same by."""
_NOBODY = 0
"""Number of what answers no question: how much memory is left when all are answered."""
_TRIES = 2
_START = "import sys; sys.path[:] = sys.argv[2:]; from tui.screens.answering import answer_all; answer_all(sys.argv[1])"
_BESIDE = (
    *("triage", "health", "reds", "test_keys", "test_rows", "test", "attempts", "run", "live", "service", "services"),
    *("grid", "cells", "day_cells", "cell", "changes", "silent", "flows", "refused", "search", "quarantined"),
    "handover",
)
"""Questions that are answered beside."""


class Ended(Exception):
    """The process ended before it answered."""


class AnsweringProcess:
    """The dashboard's end. The process is started by the first question."""

    def __init__(self, database: Path) -> None:
        self._database = database
        self._turn = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting: dict[int, Future[Any]] = {}
        self._number = 0
        self._is_closed = False

    def ask(self, name: str, *args: object) -> Any:
        """The answer, whatever the question raises, or `Ended`."""
        return self.begin(name, *args).result()

    def begin(self, name: str, *args: object) -> Future[Any]:
        """Asks, and waits for nothing."""
        future: Future[Any] = Future()
        with self._turn:
            if self._is_closed:
                raise Superseded
            process = self._process = self._process or self._start()
            self._number += 1
            self._waiting[self._number] = future
            with suppress(OSError, ValueError):  # it has just ended: who listens to it says so
                assert process.stdin is not None
                process.stdin.write(pickle.dumps((self._number, name, args), pickle.HIGHEST_PROTOCOL))
                process.stdin.flush()
        return future

    def _start(self) -> subprocess.Popen[bytes]:
        import subprocess  # here: the first frame is drawn without it

        command = [sys.executable, "-c", _START, str(self._database), *sys.path]
        pipe, environ = subprocess.PIPE, os.environ | _ALLOCATION
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, env=environ)
        threading.Thread(target=self._listen, args=(process,), name="answers", daemon=True).start()
        return process

    def _listen(self, process: subprocess.Popen[bytes]) -> None:
        assert process.stdout is not None
        stream = cast("IO[bytes]", _Frames(process.stdout))
        with suppress(EOFError, OSError, ValueError, pickle.UnpicklingError):
            while True:
                number, is_answer, found = pickle.load(stream)
                with self._turn:
                    future = self._waiting.pop(number, None)
                    if number == _NOBODY and found > MOST_BYTES and not self._waiting:
                        self._end(process)
                if future is None:  # it was in the pipe when nobody waited any more
                    continue
                if is_answer:
                    future.set_result(found)
                else:
                    future.set_exception(found)
        with self._turn:
            self._end(process)
        process.stdout.close()
        process.wait()

    def _end(self, process: subprocess.Popen[bytes]) -> None:
        """In the turn: nobody asks this process any more, and who waits for it need not."""
        assert process.stdin is not None
        with suppress(OSError):
            process.kill()
        with suppress(OSError):
            process.stdin.close()
        if self._process is process:
            self._process = None
            waiting, self._waiting = self._waiting, {}
            for future in waiting.values():
                future.set_exception(Ended())

    def close(self) -> None:
        """Ends the process; what is asked from now on is superseded."""
        with self._turn:
            self._is_closed = True
            if self._process is not None:
                self._end(self._process)


class _Frames:
    """Reads in Python, so that other threads have their turn between two frames of a large answer."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream

    def read(self, size: int) -> bytes:
        """So many bytes."""
        return self._stream.read(size)

    def readline(self) -> bytes:
        """A line."""
        return self._stream.readline()


class DividedAnswers:
    """Answers from a store: of a large one, what takes long is answered by a process beside."""

    def __init__(self, database: Path) -> None:
        self._database, self._here = database, StoreAnswers(database)
        self._beside = AnsweringProcess(database)
        self._early: tuple[Query, Future[TriageAnswer]] | None = None

    def __getattr__(self, name: str) -> Any:
        return partial(self._ask, name) if name in _BESIDE and self._is_large() else getattr(self._here, name)

    def _is_large(self) -> bool:
        try:
            return self._database.stat().st_size >= LARGE_BYTES
        except OSError:
            return False

    def _ask(self, name: str, *args: object) -> Any:
        for _ in range(_TRIES):
            with suppress(Ended):
                return self._beside.ask(name, *args)
        return getattr(self._here, name)(*args)

    @property
    def for_screens(self) -> Answers:
        """These, as every question of a screen: what is not written here is found by its name."""
        return cast("Answers", self)

    def start_early(self, query: Query) -> None:
        """Asks for the first screen's answer while the screen is still being built."""
        if self._is_large():
            self._early = (query, self._beside.begin("triage", query))
        else:
            self._here.start_early(query)

    def triage(self, query: Query) -> TriageAnswer:
        """What is red; the first time as it was asked early."""
        early, self._early = self._early, None
        if early is not None and early[0] == query:
            with suppress(Ended):
                return early[1].result()
        answer: TriageAnswer = self._ask("triage", query) if self._is_large() else self._here.triage(query)
        return answer

    def grid_cells(self, grid: TimelineGrid, columns: range, test_rows: Sequence[int]) -> ResultMatrix:
        """Results of some tests in some runs; the grid itself stays here."""
        found: ResultMatrix = self.cells(grid.stream_id, grid.run_rows[columns.start : columns.stop], test_rows)
        return found

    def grid_days(self, grid: TimelineGrid, days: Days, test_rows: Sequence[int]) -> dict[int, dict[int, DayCell]]:
        """Sums of some tests by day."""
        found: dict[int, dict[int, DayCell]] = self.day_cells(grid.stream_id, days, test_rows)
        return found

    def grid_cell(self, grid: TimelineGrid, column: int, test_row: int) -> CellFacts:
        """What happened in a cell."""
        facts: CellFacts = self.cell(grid.stream_id, grid.run_rows[column], test_row, grid.run_rows[-NEWEST:])
        return facts

    def close(self) -> None:
        """Ends everything."""
        self._beside.close()
        self._here.close()


# In the process


def answer_all(database: str) -> None:
    """Answers until nobody asks any more; standard input and output are the pipes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_RDWR), 1)
    answers, turn, running = StoreAnswers(Path(database)), threading.Lock(), set[int]()

    def reply(told: bytes) -> None:
        with turn:
            try:
                replies.write(told)
                replies.flush()
            except OSError:
                os._exit(0)

    def work(number: int, name: str, args: tuple[object, ...]) -> None:
        reply(_told(answers, number, name, args))
        running.discard(number)
        if not running:
            reply(pickle.dumps((_NOBODY, True, _give_back(answers)), pickle.HIGHEST_PROTOCOL))

    with suppress(EOFError, OSError, pickle.UnpicklingError):
        while True:
            question = pickle.load(sys.stdin.buffer)
            running.add(question[0])
            threading.Thread(target=work, args=question, daemon=True).start()
    os._exit(0)


def _told(answers: StoreAnswers, number: int, name: str, args: tuple[object, ...]) -> bytes:
    """(number, whether it is an answer, the answer or what was raised) as a pickle."""
    try:
        return pickle.dumps((number, True, getattr(answers, name)(*args)), pickle.HIGHEST_PROTOCOL)
    except Exception as problem:  # it is raised again where the question came from
        try:
            told = pickle.dumps((number, False, problem), pickle.HIGHEST_PROTOCOL)
            pickle.loads(told)
        except Exception:  # one that cannot be sent is told by its name
            told = pickle.dumps((number, False, RuntimeError(f"{type(problem).__name__}: {problem}")))
        return told


def _give_back(answers: StoreAnswers) -> int:
    """Gives the system what is not needed between two questions; bytes that are left, 0 where it does not tell."""
    answers.give_back()
    trim_memory()
    try:
        return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return 0


def spare_memory() -> None:
    """From now on threads share what they have freed, and large blocks go back at once, where the C library can."""
    import ctypes  # as below

    with suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_ARENA_MAX, 1)
        library.mallopt(_MMAP_THRESHOLD, LARGE_BLOCK_BYTES)


def trim_memory() -> None:
    """Gives whole pages that were freed back to the system, where the C library can."""
    import ctypes  # here: the first frame is drawn without it

    with suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)
