"""Several processes on one store: each reads its own files ahead, and all write in turn, in the order of the inputs.

Reading is about half of the work and needs no lock. Rows never travel between processes: a member parses and writes,
only inputs and outcomes go through its link. Since pieces are written in the order in which one process would write
them, rows, outcomes and warnings are those of one process, and no run comes late to its day. Turns also keep members
from waiting for SQLite's lock by asking again and again, and from checkpointing at once.

A member that dies is replaced; what it had not told of is read again, each file as a piece of its own, and a file that
ends a second member is refused. Nothing is written that was not to be written when the leader is interrupted or killed:
its members end with it.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from types import TracebackType

from ingest.crew_member import Task, Told, work
from ingest.errors import ReadersLost
from ingest.model import FileOutcome, FileStatus
from ingest.pieces import Piece
from ingest.sources.inputs import Input, Skip

_OnFile = Callable[[FileOutcome], None]
PATIENCE_S = 2.0
"""After an interrupt, for the member that is just writing."""
_MOST_DEATHS = 20
"""One after the other, without a file that was read between them."""


@dataclass(slots=True, eq=False)
class _Member:
    process: BaseProcess
    link: Connection


@dataclass(slots=True, eq=False)
class _Place:
    """A piece in the order of writing."""

    left: deque[Input | Skip]
    """What was not told of; of an archive, not everything was."""
    member: _Member | None = None
    is_ready: bool = False
    has_turn: bool = False
    is_second_try: bool = False
    refusal: FileOutcome | None = None
    """Set where nobody is to read it any more; it is told in its place."""
    told: set[str] = field(default_factory=set)
    """Paths that were told of, of the first that is left."""

    def note(self, outcome: FileOutcome) -> bool:
        """Take an outcome off; whether it is news."""
        while self.left and not _is_of(self.left[0], outcome):
            self.left.popleft()
            self.told.clear()
        is_news = outcome.path not in self.told
        self.told.add(outcome.path)
        return is_news


class Crew:
    """Processes that ingest into one store; a context manager. Start it before any thread and any connection.

    Args:
        task: what each is told.
        jobs: how many.
        note: is told a sentence for the person when a member dies.
    """

    def __init__(self, task: Task, jobs: int, note: Callable[[str], None]) -> None:
        self._task = task
        self._jobs = jobs
        self._note = note
        self._members: list[_Member] = []
        self._order: deque[_Place] = deque()
        self._pieces: Iterator[Piece] = iter(())
        self._on_file: _OnFile = lambda outcome: None
        self._deaths = 0

    def __enter__(self) -> Crew:
        with _without_interrupts():
            for _ in range(self._jobs):
                self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, trace: TracebackType | None
    ) -> None:
        if problem is None:
            for member in self._members:
                self._dismiss(member)
            return
        try:
            if isinstance(problem, KeyboardInterrupt):
                self._let_finish()
        finally:
            for member in self._members:
                member.process.kill()
                member.process.join()
                member.link.close()

    def ingest_all(self, pieces: Iterable[Piece], on_file: _OnFile) -> None:
        """Take pieces in their order; `on_file` is called for each input, in order, once it is committed.

        Raises:
            StoreError: a member cannot write the store.
            ReadersLost: members die one after the other.
        """
        self._pieces, self._on_file = iter(pieces), on_file
        for member in tuple(self._members):
            self._deal(member)
        while self._order:
            by_link = {member.link: member for member in self._members}
            for link in wait(list(by_link)):
                with _without_interrupts():  # what is committed is told, to the last file of a message
                    self._hear(by_link[link])  # type: ignore[index]

    # ------------------------------------------------------------ members
    def _start(self) -> _Member:
        """One more member: a fork where that is safe, for it starts at once."""
        can_fork = sys.platform == "linux" and threading.active_count() == 1
        own, its = multiprocessing.Pipe()
        inherited = [own, *(member.link for member in self._members)] if can_fork else []
        context = multiprocessing.get_context("fork") if can_fork else multiprocessing.get_context("spawn")
        process = context.Process(target=work, args=(its, inherited, self._task), daemon=True)
        process.start()
        its.close()
        member = _Member(process, own)
        self._members.append(member)
        return member

    def _dismiss(self, member: _Member) -> None:
        """End a member that has nothing to do; one after the other, for each may checkpoint."""
        with suppress(OSError):
            member.link.send(None)
        member.process.join()
        member.link.close()

    def _let_finish(self) -> None:
        """Have the member that is just writing commit, and hear of it, while all others end."""
        writing = next((place.member for place in self._order if place.has_turn), None)
        for member in self._members:
            if member is not writing:
                member.process.kill()
        with suppress(EOFError, OSError):
            if writing is not None and writing.link.poll(PATIENCE_S):
                kind, content = writing.link.recv()
                if kind is Told.FILES:
                    self._take(self._order[0], content)

    # ------------------------------------------------------------ pieces and turns
    def _deal(self, member: _Member) -> None:
        """Give a member the first piece that nobody has."""
        place = next((place for place in self._order if place.member is None and place.refusal is None), None)
        if place is None:
            piece = next(self._pieces, None)
            if piece is None:
                return
            place = _Place(deque(piece))
            self._order.append(place)
        place.member = member
        with suppress(OSError):  # it is dead, which is heard next
            member.link.send(tuple(place.left))

    def _hear(self, member: _Member) -> None:
        place = next((place for place in self._order if place.member is member), None)
        try:
            kind, content = member.link.recv()
        except (EOFError, OSError):
            self._replace(member, place)
            return
        if kind is Told.FAILED:
            raise content
        assert place is not None
        if kind is Told.READY:
            place.is_ready = True
            self._give_turn()
        elif kind is Told.FILES:
            self._take(place, content)
        else:
            self._order.remove(place)
            self._give_turn()
            self._deal(member)

    def _give_turn(self) -> None:
        """Let the first of all pieces be written, when it is read."""
        while self._order and (refusal := self._order[0].refusal) is not None:
            self._order.popleft()
            self._on_file(refusal)
        first = self._order[0] if self._order else None
        if first is not None and first.is_ready and not first.has_turn and first.member is not None:
            first.has_turn = True
            with suppress(OSError):
                first.member.link.send(None)

    def _take(self, place: _Place, outcomes: Iterable[FileOutcome]) -> None:
        self._deaths = 0
        for outcome in outcomes:
            if place.note(outcome):
                self._on_file(outcome)

    # ------------------------------------------------------------ deaths
    def _replace(self, member: _Member, place: _Place | None) -> None:
        """A member has died: another one comes, and what was not told of is read again or refused."""
        self._members.remove(member)
        member.process.join()
        member.link.close()
        end = _end_of(member.process)
        self._deaths += 1
        if self._deaths > _MOST_DEATHS:
            raise ReadersLost(f"the processes that read files die one after the other: the last {end}; try `--jobs 1`")
        if place is not None:
            self._note(f"a process that read files {end}; what it held is read again, file by file")
            at = self._order.index(place)
            self._order.remove(place)
            for number, item in enumerate(place.left):
                self._order.insert(at + number, _again(place, item, end))
            self._give_turn()
        self._deal(self._start())


def _again(place: _Place, item: Input | Skip, end: str) -> _Place:
    """The place of one input after its reader died: read once more by itself, or refused."""
    if not place.is_second_try:
        told = place.told if item is place.left[0] else set[str]()
        return _Place(deque([item]), is_second_try=True, told=told)
    reason = f"process-ended: the process that read it {end}, twice; is there enough memory?"
    return _Place(deque(), refusal=FileOutcome(item.path, FileStatus.REJECTED, reason=reason))


def _is_of(item: Input | Skip, outcome: FileOutcome) -> bool:
    """Whether an outcome is of an input, or of a member of that archive."""
    return outcome.path == item.path or outcome.path.startswith(f"{item.path}!")


def _end_of(process: BaseProcess) -> str:
    """How a process ended, in words."""
    code = process.exitcode or 0
    if code >= 0:
        return f"ended with code {code}"
    return f"was ended by signal {-code} ({signal.strsignal(-code)})"


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """An interrupt of the person waits until the members, which heed none, are started."""
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
