"""Which files of a watched folder are ready to be read: a state machine without a clock or a file system.

It is fed what was seen of each file and when. A file is ready once it can be taken for finished: at once where its end
mark is there, after a short quiet where that is likely, after a longer one where its kind has no end mark, and after
the grace time where the end is missing; then it is handed over all the same, to be refused with its place. A file that
was read too early is put back, once, whatever its end looks like.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from ingest.sources.ending import Ending


class Stamp(NamedTuple):
    """What changes when a file is written: the same stamp twice means that nobody wrote in between."""

    size: int
    mtime_ns: int
    inode: int


QUIET_MS = {Ending.WHOLE: 0, Ending.LIKELY: 50, Ending.UNKNOWN: 200, Ending.LINES: 1_500}
GRACE_MS = 30_000
DOUBT_MS = 2_000
"""A file that changed less than this ago may be half written, whatever is wrong with it."""


@dataclass(slots=True)
class _Wait:
    """A file that has changed since it was last handed over."""

    stamp: Stamp
    quiet_ms: int
    """How long it has to stay as it is."""
    is_last: bool
    """Whether what is found then is final."""
    changed_ms: int
    """When this stamp was first seen."""
    seen_ms: int


class Tail:
    """The files of a watched folder: what is waited for, what was handed over and as which stamp."""

    def __init__(self, *, grace_ms: int = GRACE_MS) -> None:
        self._grace_ms = grace_ms
        self._waiting: dict[str, _Wait] = {}
        self._taken: dict[str, Stamp] = {}
        self._final: dict[str, Stamp] = {}

    @property
    def waiting(self) -> tuple[str, ...]:
        """Paths that are waited for, oldest first."""
        return tuple(self._waiting)

    def is_new(self, path: str, stamp: Stamp) -> bool:
        """Whether this state of a file was neither handed over nor is waited for: its ending has to be looked at."""
        wait = self._waiting.get(path)
        return wait.stamp != stamp if wait else self._taken.get(path) != stamp

    def observe(self, path: str, stamp: Stamp, ending: Ending | None, now_ms: int) -> None:
        """Take note of a file as it was seen at a moment; `ending` may be None where the stamp is not new."""
        wait = self._waiting.get(path)
        if wait is not None and wait.stamp == stamp:
            wait.seen_ms = now_ms
        elif wait is not None or self._taken.get(path) != stamp:
            quiet_ms = QUIET_MS.get(ending or Ending.UNKNOWN, self._grace_ms)
            self._waiting[path] = _Wait(stamp, quiet_ms, ending is Ending.CUT, now_ms, now_ms)

    def take_ready(self) -> list[str]:
        """Paths to be read now, oldest first; they count as handed over until they change."""
        ready = [path for path, wait in self._waiting.items() if self._is_ready(wait)]
        for path in ready:
            wait = self._waiting.pop(path)
            self._taken[path] = wait.stamp
            if wait.is_last:
                self._final[path] = wait.stamp
        return ready

    def put_back(self, path: str, now_ms: int, quiet_ms: int | None = None) -> bool:
        """Wait once more for a file that turned out to be cut, or otherwise unreadable, when it was read.

        Args:
            quiet_ms: how long; None: the grace time.

        Returns:
            False where it was waited for already: what was found then is final.
        """
        stamp = self._taken.get(path)
        if stamp is None and path in self._waiting:
            return True
        if stamp is None or self._final.get(path) == stamp:
            return False
        del self._taken[path]
        quiet_ms = self._grace_ms if quiet_ms is None else quiet_ms
        self._waiting.setdefault(path, _Wait(stamp, quiet_ms, True, now_ms, now_ms))
        return True

    def keep_only(self, paths: Collection[str]) -> None:
        """Forget every file that is not among these: it is gone, and news when it comes back."""
        for known in (self._waiting, self._taken, self._final):
            for path in [path for path in known if path not in paths]:
                del known[path]

    def forget(self, path: str) -> None:
        """Forget one file that is gone."""
        for known in (self._waiting, self._taken, self._final):
            known.pop(path, None)

    def _is_ready(self, wait: _Wait) -> bool:
        """Whether a file was quiet for long enough, between two looks at it."""
        return wait.seen_ms - wait.changed_ms >= wait.quiet_ms
