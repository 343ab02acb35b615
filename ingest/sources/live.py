"""The live tail: scan, then follow. Events are hints, a periodic rescan is the truth.

The loop lives at the edge: what is ready is decided by `ingest.sources.tail`, without a clock.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from ingest.errors import IngestError
from ingest.model import FileOutcome, FileStatus
from ingest.sources.directory import is_inside, list_below
from ingest.sources.ending import Ending, look_at_ending
from ingest.sources.hints import Hints
from ingest.sources.inputs import Input, Skip, open_input
from ingest.sources.tail import DOUBT_MS, GRACE_MS, Stamp, Tail

RESCAN_S = 5.0
POLL_S = 0.05
IDLE_S = 2.0
TOGETHER = 20
"""Files of a burst that are committed and told together."""
_UNFINISHED_CODES = frozenset({"empty-file", "permission"})
"""Besides those in `truncated` and `damaged`: how a file looks before its writer has finished, or opened it to us."""

Take = Callable[[Sequence[Input]], Sequence[FileOutcome]]
"""Reads some inputs, commits them, and says what became of each; more outcomes than inputs are fine."""
Tell = Callable[[FileOutcome], None]


@dataclass(frozen=True, slots=True)
class TailStatus:
    """How the tail is."""

    seen: int = 0
    """Files found since the start."""
    taken: int = 0
    """Files whose content is in the store, duplicates included."""
    waiting: int = 0
    """Files that are found and not read for good yet."""
    refused: int = 0
    lag_ms: int = 0
    """Of the file committed last: from the look that found it as it was read to its commit."""

    def sentence(self) -> str:
        """The status line.

        >>> TailStatus(seen=1204, taken=1200, waiting=3, refused=1, lag_ms=1234).sentence()
        'seen 1,204, in 1,200, waiting 3, refused 1, lag 1.2 s'
        """
        lag = f"{self.lag_ms} ms" if self.lag_ms < 1000 else f"{self.lag_ms / 1000:.1f} s"
        return f"seen {self.seen:,}, in {self.taken:,}, waiting {self.waiting:,}, refused {self.refused:,}, lag {lag}"


@dataclass(slots=True)
class Follower:
    """Follows folders; `step` is one turn of the loop.

    Args:
        roots: folders as given on the command line; they may vanish and come back.
        take: reads and commits inputs.
        tell: is told what became of each input once that is final, and what is only listed.
        rest: is called once after inputs were read and nothing came for a while.
        report: is told how the tail is after every turn that changed it.
        use_polling: look by listing only, for file systems without events.
        rescan_s: seconds between full listings.
        grace_ms: how long a file that is cut is waited for.
    """

    roots: tuple[str, ...]
    take: Take
    tell: Tell
    rest: Callable[[], object] | None = None
    report: Callable[[TailStatus], None] | None = None
    use_polling: bool = False
    rescan_s: float = RESCAN_S
    grace_ms: int = GRACE_MS
    _tail: Tail = field(init=False)
    _hints: Hints = field(init=False)
    _inputs: dict[str, Input] = field(init=False, default_factory=dict)
    _told: set[tuple[str, str]] = field(init=False, default_factory=set)
    _next_rescan: float = field(init=False, default=0.0)
    _read_at: float | None = field(init=False, default=None)
    _found_ms: dict[str, int] = field(init=False, default_factory=dict)
    """When the state of a file was found that is not in yet."""
    _locked: dict[str, tuple[int, int, int]] = field(init=False, default_factory=dict)
    """Mode, user and group of files that might not be read."""
    _status: TailStatus = field(init=False, default=TailStatus())
    _reported: TailStatus = field(init=False, default=TailStatus())

    def __post_init__(self) -> None:
        self.roots = _outermost(os.path.normpath(root) for root in self.roots)
        self._tail = Tail(grace_ms=self.grace_ms)
        self._hints = Hints(self.roots, use_polling=self.use_polling)

    @property
    def status(self) -> TailStatus:
        """How the tail is."""
        return self._status

    def follow(self, stop: threading.Event) -> None:
        """Scan, then follow until `stop` is set or the person interrupts."""
        try:
            while not stop.is_set():
                self.step()
        finally:
            self._hints.close()

    def step(self) -> None:
        """One turn: wait for hints, look at what they name, read what is ready."""
        now = time.monotonic()
        if now >= self._next_rescan:
            self._hints.refresh()  # before the listing, so that nothing falls between the two
            self._rescan()
            took = time.monotonic() - now
            self._next_rescan = now + max(self.rescan_s, 10 * took)
        else:
            timeout = POLL_S if self._tail.waiting else min(self._next_rescan - now, 0.5)
            for path in sorted(self._hints.wait(timeout)):
                self._observe_all(self._below(path))
            self._observe_all(self._again())
        self._note(waiting=len(self._tail.waiting))
        self._read(self._tail.take_ready())
        self._note(waiting=len(self._tail.waiting))
        if self._read_at is not None and time.monotonic() - self._read_at >= IDLE_S and not self._tail.waiting:
            self._read_at = None
            if self.rest is not None:
                self.rest()

    def _rescan(self) -> None:
        """Look at everything; what is not found any more is forgotten."""
        seen: set[str] = set()
        for root in self.roots:
            if os.path.isdir(root):
                seen |= self._observe_all(list_below(root, root))
        self._tail.keep_only(seen)
        for path in [path for path in self._inputs if path not in seen]:
            del self._inputs[path]
            self._found_ms.pop(path, None)
            self._locked.pop(path, None)

    def _below(self, path: str) -> Iterable[Input | Skip]:
        """What there is at a hinted path, under the name of the root as it was given."""
        for root in self.roots:
            absolute = os.path.abspath(root)
            if path == absolute or path.startswith(absolute + os.sep):
                yield from list_below(root, _spelled(root, path))
                return

    def _again(self) -> Iterable[Input | Skip]:
        """The files that are waited for, looked at once more."""
        for path in self._tail.waiting:
            root = str(self._inputs[path].root)
            yield from list_below(root, _spelled(root, path))

    def _observe_all(self, found: Iterable[Input | Skip]) -> set[str]:
        """Note what was found; returns the locations of the inputs among it."""
        locations = set()
        for item in found:
            if isinstance(item, Skip):
                self._tell_once(item)
            elif item.location is not None:
                locations.add(str(item.location))
                self._observe(item, str(item.location))
        return locations

    def _observe(self, item: Input, path: str) -> None:
        """Note the state of one file."""
        try:
            status = os.lstat(path)
        except OSError:
            self._tail.forget(path)
            return
        if self._locked.get(path, _access(status)) != _access(status):
            del self._locked[path]
            self._tail.forget(path)
        if path not in self._inputs:
            self._status = replace(self._status, seen=self._status.seen + 1)
        self._inputs[path] = item
        stamp = Stamp(status.st_size, status.st_mtime_ns, status.st_ino)
        is_new, now_ms = self._tail.is_new(path, stamp), time.monotonic_ns() // 1_000_000
        if is_new:
            self._found_ms[path] = now_ms
        self._tail.observe(path, stamp, _ending_of(item) if is_new else None, now_ms)

    def _read(self, paths: Sequence[str]) -> None:
        """Hand over what is ready; what turns out to be cut is waited for once more, and not told yet."""
        for start in range(0, len(paths), TOGETHER):
            self._read_some(paths[start : start + TOGETHER])

    def _read_some(self, paths: Sequence[str]) -> None:
        """Hand over some files and tell of them once they are committed."""
        items = [self._inputs[path] for path in paths]
        by_name = {item.path: path for item, path in zip(items, paths, strict=True)}
        for outcome in self.take(items):
            path = by_name.get(outcome.path) or by_name.get(outcome.path.partition("!")[0])
            self._read_at = time.monotonic()
            if path is None or not self._waits_again(path, outcome):
                self._count(path, outcome)
                self.tell(outcome)

    def _waits_again(self, path: str, outcome: FileOutcome) -> bool:
        """Whether a refused file is looked at once more: its writer may not have finished."""
        if outcome.status is not FileStatus.REJECTED:
            return False
        if (outcome.reason or "").startswith("permission") and (access := _access_of(path)) is not None:
            self._locked[path] = access
        now_ms = time.monotonic_ns() // 1_000_000
        if _is_cut(outcome):
            return self._tail.put_back(path, now_ms)
        return _is_young(path) and self._tail.put_back(path, now_ms, DOUBT_MS)

    def _count(self, path: str | None, outcome: FileOutcome) -> None:
        """Count what is final: an archive as one file, its refused members each."""
        found_ms = self._found_ms.pop(path, None) if path is not None else None
        if outcome.status in (FileStatus.INGESTED, FileStatus.DUPLICATE) and found_ms is not None:
            lag_ms = time.monotonic_ns() // 1_000_000 - found_ms
            self._status = replace(self._status, taken=self._status.taken + 1, lag_ms=lag_ms)
        elif outcome.status is FileStatus.REJECTED:
            self._status = replace(self._status, refused=self._status.refused + 1)

    def _note(self, *, waiting: int) -> None:
        """Report the tail's status where it changed."""
        self._status = replace(self._status, waiting=waiting)
        if self.report is not None and self._status != self._reported:
            self._reported = self._status
            self.report(self._status)

    def _tell_once(self, item: Skip) -> None:
        """Tell of something that is only listed, the first time; ignored names are nobody's news."""
        if (item.path, item.reason) not in self._told and not item.reason.startswith(("ignored-name", "vanished")):
            self._told.add((item.path, item.reason))
            self.tell(FileOutcome(item.path, item.status, reason=item.reason))


def _outermost(roots: Iterable[str]) -> tuple[str, ...]:
    """The folders that lie in no other of them, each once, so that no file is read under two names."""
    found: dict[str, str] = {}
    for root in roots:
        found.setdefault(os.path.abspath(root), root)
    return tuple(
        root for place, root in found.items() if not any(is_inside(place, other) for other in found if other != place)
    )


def _access(status: os.stat_result) -> tuple[int, int, int]:
    """What decides who may read a file."""
    return status.st_mode, status.st_uid, status.st_gid


def _access_of(path: str) -> tuple[int, int, int] | None:
    try:
        return _access(os.lstat(path))
    except OSError:
        return None


def _is_young(path: str) -> bool:
    """Whether a file changed so lately that it may be half written."""
    try:
        return time.time_ns() - os.lstat(path).st_mtime_ns < DOUBT_MS * 1_000_000
    except OSError:
        return False


def _spelled(root: str, path: str) -> str:
    """A path below a root as a listing of the root spells it, so that one file has one name."""
    inner = os.path.relpath(path, root)
    return root if inner == os.curdir else os.path.join(root, inner)


def _ending_of(item: Input) -> Ending:
    """How a file ends now; unknown where it cannot be read, which the reading itself will say."""
    try:
        with open_input(item) as stream:
            return look_at_ending(stream)
    except (IngestError, OSError):
        return Ending.UNKNOWN


def _is_cut(outcome: FileOutcome) -> bool:
    """Whether a refusal may be due to a writer that has not finished."""
    code = (outcome.reason or "").partition(":")[0]
    return outcome.status is FileStatus.REJECTED and (
        code.endswith(("truncated", "damaged")) or code in _UNFINISHED_CODES
    )
