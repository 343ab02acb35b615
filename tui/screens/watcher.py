"""Looks whether the store has changed, at most four times a second, and says so.

A thread of its own and no Textual worker: it runs as long as the dashboard, and workers are waited for.
"""

from __future__ import annotations

import threading
from collections.abc import Callable

INTERVAL_S = 0.25
NOT_LOOKED = object()
"""The version where nobody has looked yet; None is one of its own: there was no store."""


class StoreWatcher(threading.Thread):
    """Calls `changed` after every commit of another process; `version` is asked in this thread only."""

    def __init__(
        self,
        version: Callable[[], object],
        changed: Callable[[], object],
        interval_s: float = INTERVAL_S,
        *,
        seen: object = NOT_LOOKED,
    ) -> None:
        """`seen`: the version that is shown already; NOT_LOOKED: the one at the start of the thread."""
        super().__init__(name="store-watcher", daemon=True)
        self._version, self._changed, self._interval_s = version, changed, interval_s
        self._seen = seen
        self._ended = threading.Event()

    def run(self) -> None:
        """Until `stop`."""
        last = self._version() if self._seen is NOT_LOOKED else self._seen
        while not self._ended.wait(self._interval_s):
            now = self._version()
            if now != last:
                last = now
                self._changed()

    def stop(self) -> None:
        """Ends the thread and waits for it."""
        self._ended.set()
        if self.is_alive():
            self.join(timeout=5)
