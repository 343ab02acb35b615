"""One lasting read-only connection and a turn: only the newest question of a lane is answered."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from store.connect import Connection

_T = TypeVar("_T")
_CACHE_PRAGMA = "PRAGMA cache_size=-4000"
"""4 MB a lane: six lanes and the watcher must not eat the memory budget; with twice as much nothing is faster."""
_SHRINK_PRAGMA = "PRAGMA shrink_memory"
_STEPS_BETWEEN_LOOKS = 20_000


class Superseded(Exception):
    """A newer question took the place of this one."""


class Lane:
    """One lasting connection and a turn: only the newest question of a lane is answered."""

    def __init__(self, path: Path, opener: Callable[[Path], Connection]) -> None:
        self._path, self._opener = path, opener
        self._connection: Connection | None = None
        self._one_at_a_time = threading.Lock()
        self._turns = threading.Lock()
        self._turn = 0
        self._is_running = False

    def ask(self, question: Callable[[Connection], _T]) -> _T:
        """The answer, all of it from one state of the store.

        Raises:
            Superseded: a newer question came meanwhile.
            store.errors.StoreError: the store cannot be read.
        """
        from store.connect import Error, translate

        mine = self._take_turn()
        with self._one_at_a_time:
            if mine != self._turn:
                raise Superseded
            try:
                return self._answer(question, mine)
            except Error as problem:
                if mine != self._turn:
                    raise Superseded from problem
                raise translate(problem, self._path) from problem

    def _take_turn(self) -> int:
        with self._turns:
            self._turn += 1
            if self._is_running and self._connection is not None:
                self._connection.interrupt()
            return self._turn

    def _answer(self, question: Callable[[Connection], _T], mine: int) -> _T:
        from store.connect import one_state

        if self._connection is None:
            self._connection = self._opener(self._path)
            self._connection.execute(_CACHE_PRAGMA)
        connection = self._connection
        connection.set_progress_handler(lambda: mine != self._turn, _STEPS_BETWEEN_LOOKS)
        self._set_running(True)
        try:
            with one_state(connection):
                return question(connection)
        finally:
            self._set_running(False)
            connection.set_progress_handler(None, 0)

    def _set_running(self, is_running: bool) -> None:
        with self._turns:
            self._is_running = is_running

    def give_back(self) -> None:
        """Gives back the pages of the store that are kept in memory, unless a question is being answered."""
        if self._one_at_a_time.acquire(blocking=False):
            try:
                if self._connection is not None:
                    self._connection.execute(_SHRINK_PRAGMA)
            finally:
                self._one_at_a_time.release()

    def close(self) -> None:
        """Stops what runs and closes the connection."""
        self._take_turn()
        with self._one_at_a_time:
            if self._connection is not None:
                self._connection.close()
                self._connection = None
