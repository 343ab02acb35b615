"""One process of a crew: reads its pieces ahead, waits for its turn, writes, and says what became of each file.

It asks nothing of the person and heeds no interrupt: the process that leads ends it. It ends by itself when that one is
gone, and never writes without a turn.
"""

from __future__ import annotations

import math
import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum, auto
from multiprocessing.connection import Connection
from pathlib import Path

from ingest.limits import Limits
from ingest.model import FileOutcome, RunIdentity
from ingest.pieces import PIECE_FILES, Piece
from ingest.pipeline import Group, Ingestion
from ingest.settings import Settings
from store.write import Access, StoreError, allow

_GROUP = Group(files=PIECE_FILES, seconds=math.inf)
"""A piece is read to its end before the turn: what is left of it would be read while all others wait."""


@dataclass(frozen=True, slots=True)
class Task:
    """What each process of a crew is told at its start: the arguments of `Ingestion`, and how stores may be used."""

    database: Path
    settings: Settings
    options: RunIdentity
    limits: Limits
    environ: RunIdentity
    version: str
    access: Access


class Told(Enum):
    """What a member tells."""

    READY = auto()
    """It waits for its turn to write."""
    FILES = auto()
    """With outcomes: these are committed."""
    DONE = auto()
    """Its piece is in; the next one has its turn."""
    FAILED = auto()
    """With the exception: it cannot go on."""


class _LeaderGone(Exception):
    """Nobody is there to give turns."""


class _Member:
    def __init__(self, link: Connection, ingestion: Ingestion) -> None:
        self._link = link
        self._ingestion = ingestion
        self._has_turn = False
        self._outcomes: list[FileOutcome] = []

    def work(self) -> None:
        """Take pieces until there is none."""
        while (piece := self._hear()) is not None:
            self._has_turn = False
            self._ingestion.ingest_all(piece, self._outcomes.append, group=_GROUP, turn=self._turn)
            with self._turn():
                pass  # a piece of which nothing was written is done in its turn, too
            self._tell(Told.DONE)

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Wait for the turn, which lasts until the piece is done; then tell of what is committed."""
        if not self._has_turn:
            self._tell(Told.READY)
            self._hear()
            self._has_turn = True
        yield
        if self._outcomes:
            self._tell(Told.FILES, tuple(self._outcomes))
            self._outcomes.clear()

    def _hear(self) -> Piece | None:
        try:
            heard: Piece | None = self._link.recv()
        except (EOFError, OSError):
            raise _LeaderGone from None
        return heard

    def _tell(self, kind: Told, content: object = None) -> None:
        try:
            self._link.send((kind, content))
        except OSError:
            raise _LeaderGone from None


def work(link: Connection, inherited: Sequence[Connection], task: Task) -> None:
    """Be a member: what the process runs.

    Args:
        inherited: ends of the other members' links that a fork brought along; as long as they are open, nobody could
            tell that the leader is gone.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    for other in inherited:
        other.close()
    allow(durable=task.access.durable, group=task.access.group, network=task.access.network)
    try:
        try:
            with Ingestion(
                task.database, task.settings, task.options, task.limits, task.environ, version=task.version
            ) as ingestion:
                _Member(link, ingestion).work()
        except _LeaderGone:
            raise
        except Exception as problem:
            if not isinstance(problem, StoreError):
                problem = RuntimeError("".join(traceback.format_exception(problem)))
            link.send((Told.FAILED, problem))
    except (_LeaderGone, OSError):
        sys.exit(1)
