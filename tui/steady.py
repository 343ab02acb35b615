"""What keeps the dashboard whole when its terminal goes: it ends by itself, says nothing and leaves nothing behind.

A terminal that is closed sends SIGHUP, or is just not there any more, as for a process that ignores it. Textual's
writer ends at the first byte that nobody takes, and whoever writes more then waits for ever (8.2.8).
"""

from __future__ import annotations

import os
import select
import signal
import sys
import threading
from codecs import getincrementaldecoder
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from queue import Empty
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    import socket

    from textual.driver import Driver

ENDING = tuple(getattr(signal, name) for name in ("SIGHUP", "SIGTERM") if hasattr(signal, name))
LOOK_S = 2.0
KEY_LOOK_S, OPEN_LOOK_S = 0.1, 0.01
"""Between two looks whether the terminal is left, and whether an escape is alone."""


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

        def close(self) -> None:
            writer = getattr(self, "_writer_thread", None)
            if writer is not None and not writer.is_alive():
                with suppress(Empty):
                    while True:
                        writer._queue.get_nowait()
            super().close()

    from textual.drivers.linux_driver import LinuxDriver

    return reading_soon(Steady) if issubclass(base, LinuxDriver) else Steady


def reading_soon(base: type[Driver]) -> type[Driver]:
    """A driver for which esc is a key soon, and which waits for no key when it is left.

    Textual's own (8.2.8) looks ten times a second whether an escape is alone, which is all the time that a key may
    take, and makes the app wait twice as long for that when it ends.
    """

    import socket  # here: the first frame is drawn without it

    class Reading(base):  # type: ignore[misc, valid-type]
        _wake: socket.socket | None = None

        def run_input_thread(self) -> None:
            looked_at, self._wake = socket.socketpair()
            with looked_at, self._wake:
                read_keys(self, looked_at)

        def disable_input(self) -> None:
            if self._wake is not None:
                with suppress(OSError):  # who read has ended
                    self._wake.send(b"!")
            super().disable_input()

    return Reading


def read_keys(driver: Any, wake: socket.socket) -> None:
    """Hands over what is typed until the driver is to end, which something to read at `wake` makes it see at once."""
    from textual._xterm_parser import XTermParser

    parser, decode = XTermParser(), getincrementaldecoder("utf-8")().decode
    while not driver.exit_event.is_set():
        is_open = parser._timeout_time is not None
        ready, _, _ = select.select([driver.fileno, wake], [], [], OPEN_LOOK_S if is_open else KEY_LOOK_S)
        typed = os.read(driver.fileno, 4096) if driver.fileno in ready else b""
        if driver.fileno in ready and not typed:  # the terminal is gone: there will always be nothing to read
            driver.exit_event.wait(KEY_LOOK_S)
        text = decode(typed)
        for message in (*(parser.feed(text) if text else ()), *parser.tick()):
            driver.process_message(message)


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
