"""File events as hints: which paths may have changed. Never the truth; a rescan is.

watchfiles misses files of copied and moved folders, never sees a re-created root again, and ends at the first name that
is not UTF-8 (measured with 1.3.0). So it runs in a thread of its own that may end at any time and is started again.
"""

from __future__ import annotations

import os
import queue
import threading
from collections.abc import Sequence

STEP_MS, DEBOUNCE_MS = 10, 100
"""Event to hint 15 ms at the median; a burst of 10,000 files comes in some 30 batches."""
STOP_CHECK_MS = 500


class Hints:
    """Paths under some folders that may have changed, from a thread that watches them."""

    def __init__(self, roots: Sequence[str], *, use_polling: bool = False) -> None:
        self._roots = [os.path.abspath(root) for root in roots]
        self._use_polling = use_polling
        self._queue: queue.SimpleQueue[frozenset[str]] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._watched: tuple[tuple[str, int], ...] = ()

    def refresh(self) -> None:
        """Start watching, or start again where the watch has ended or a root is another folder than before."""
        present = tuple((root, identity) for root in self._roots if (identity := _folder_identity(root)) is not None)
        if self._thread is not None and self._thread.is_alive() and present == self._watched:
            return
        self.close()
        self._watched = present
        if present:
            self._stop = threading.Event()
            arguments = ([root for root, _ in present], self._stop)
            self._thread = threading.Thread(target=self._watch, args=arguments, name="crywolf-hints", daemon=True)
            self._thread.start()

    def wait(self, timeout_s: float) -> frozenset[str]:
        """Paths that may have changed, as soon as there are any; empty after the timeout."""
        try:
            paths = set(self._queue.get(timeout=timeout_s))
        except queue.Empty:
            return frozenset()
        while not self._queue.empty():
            paths |= self._queue.get()
        return frozenset(paths)

    def close(self) -> None:
        """End the thread."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def _watch(self, roots: list[str], stop: threading.Event) -> None:
        """Body of the thread: queue what the watcher says until it stops or fails; `refresh` starts it again."""
        from watchfiles import watch

        # WatchfilesRustInternalError (a name that is not UTF-8) is a RuntimeError; a root may vanish in between.
        try:
            for changes in watch(
                *roots,
                watch_filter=None,
                step=STEP_MS,
                debounce=DEBOUNCE_MS,
                rust_timeout=STOP_CHECK_MS,
                stop_event=stop,
                force_polling=self._use_polling or None,
                raise_interrupt=False,
            ):
                self._queue.put(frozenset(path for _, path in changes))
        except (RuntimeError, OSError, UnicodeError):
            return


def _folder_identity(path: str) -> int | None:
    """The folder's inode; None where there is none now."""
    try:
        return os.stat(path).st_ino
    except OSError:
        return None
