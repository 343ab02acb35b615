"""What keeps the dashboard whole when its terminal goes: it ends by itself, says nothing and leaves nothing behind.

A terminal that is closed sends SIGHUP, or is just not there any more, as for a process that ignores it. Textual's
writer ends at the first byte that nobody takes, and whoever writes more then waits for ever (8.2.8); its reader goes
round and round.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from textual.driver import Driver

ENDING = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name))
LOOK_S = 2.0


def steady(base: type[Driver], swallows: Callable[[str], bool] | None) -> type[Driver]:
    """A driver that never waits for a terminal that is gone.

    Args:
        swallows: which sequences are not sent, for what stands on the screen already.
    """

    class Steady(base):  # type: ignore[misc, valid-type]
        def write(self, data: str) -> None:
            writer = getattr(self, "_writer_thread", None)
            if (writer is None or writer.is_alive()) and not (swallows is not None and swallows(data)):
                super().write(data)

        def stop_reading(self) -> None:
            """Ends the thread that reads keys; the app waits for it in its own thread if it is there yet (8.2.8)."""
            if (reader := getattr(self, "_key_thread", None)) is not None:
                self.exit_event.set()
                reader.join()
                self._key_thread = None
                self.exit_event.clear()

        def close(self) -> None:
            writer = getattr(self, "_writer_thread", None)
            if writer is not None and not writer.is_alive():
                with suppress(Empty):
                    while True:
                        writer._queue.get_nowait()
            super().close()

    return Steady


def is_terminal_gone() -> bool:
    """Whether what was a terminal at the start is none any more."""
    try:
        return sys.__stdin__ is not None and not os.isatty(sys.__stdin__.fileno())
    except (OSError, ValueError):
        return True


def end_by_signals(end: Callable[[int], object]) -> Callable[[], None]:
    """Calls `end` with a signal's number when one asks the process to end; gives what puts that back."""
    import asyncio  # here: the first frame is drawn without it

    loop = asyncio.get_running_loop()
    before = {one: signal.getsignal(one) for one in ENDING}
    for one in ENDING:
        loop.add_signal_handler(one, end, int(one))

    def put_back() -> None:
        for one, handler in before.items():
            loop.remove_signal_handler(one)
            signal.signal(one, handler)

    return put_back


@contextmanager
def tidy_ending() -> Iterator[None]:
    """While the block runs, signals that end the process do so through every `finally`; a dead terminal is no news."""
    before = {one: signal.signal(one, _leave) for one in ENDING}
    usual = threading.excepthook
    threading.excepthook = lambda args: None if _is_of_terminal(args) else usual(args)
    try:
        yield
    finally:
        threading.excepthook = usual
        for one, handler in before.items():
            signal.signal(one, handler)


def _is_of_terminal(args: threading.ExceptHookArgs) -> bool:
    return isinstance(args.exc_value, OSError) and args.thread is not None and args.thread.name.startswith("textual-")


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    raise SystemExit(128 + number)
