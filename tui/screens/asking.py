"""How screens get their answers: read-only, one question at a time a lane; a newer one stops the one it replaces."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from tui.screens.lanes import Lane as Lane
from tui.screens.lanes import Superseded as Superseded

if TYPE_CHECKING:
    from analysis.records import ResultMatrix
    from ingest.model import RunRef, Scope
    from store.connect import Connection
    from store.read.regrouping import Member
    from tui.answers.acting import Done, Wish
    from tui.answers.cell_facts import CellFacts
    from tui.answers.changes import ChangesAnswer
    from tui.answers.flows import FlowsAnswer
    from tui.answers.handover import Handover
    from tui.answers.health import Health
    from tui.answers.live import LiveAnswer
    from tui.answers.quarantine import QuarantineAnswer
    from tui.answers.query import Query, Window
    from tui.answers.rejected import RefusedRow
    from tui.answers.run_detail import RunDetail
    from tui.answers.search import Hit
    from tui.answers.service_detail import ServiceDetail
    from tui.answers.services import ServicesAnswer
    from tui.answers.silent import SilentAnswer
    from tui.answers.test_detail import AttemptRow, TestDetail
    from tui.answers.tests import TestKey, TestKeys, TestRow
    from tui.answers.timeline import DayCell, TimelineGrid
    from tui.answers.triage import TriageAnswer
    from tui.screens.acting import Target

NEWEST = 40
"""Runs of which one holds a case that has not vanished."""
Days = tuple[int, int]
"""First and last UTC day."""
_NAMES_HOLD_S = 10.0


class Answers(Protocol):
    """Every question that a screen asks, in worker threads. May raise `StoreError`, `AnswerError` or `Superseded`."""

    def triage(self, query: Query) -> TriageAnswer: ...
    def health(self, query: Query) -> Health: ...
    def test_keys(self, query: Query, sort: str, text: str) -> TestKeys: ...
    def test_rows(self, window: Window, keys: Sequence[TestKey]) -> tuple[TestRow, ...]: ...
    def test(self, query: Query, name: str) -> TestDetail: ...
    def attempts(self, test: str, run: RunRef) -> tuple[AttemptRow, ...]: ...
    def run(self, query: Query, run: RunRef) -> RunDetail: ...
    def service(self, query: Query, name: str) -> ServiceDetail: ...
    def services(self, query: Query) -> ServicesAnswer: ...
    def grid(self, query: Query, scope: Scope | None, with_green: bool) -> TimelineGrid: ...
    def grid_cells(self, grid: TimelineGrid, columns: range, test_rows: Sequence[int]) -> ResultMatrix: ...
    def grid_days(self, grid: TimelineGrid, days: Days, test_rows: Sequence[int]) -> dict[int, dict[int, DayCell]]: ...
    def grid_cell(self, grid: TimelineGrid, column: int, test_row: int) -> CellFacts: ...
    def changes(self, query: Query, since_green: bool = False) -> ChangesAnswer: ...
    def silent(self, query: Query) -> SilentAnswer: ...
    def flows(self, query: Query) -> FlowsAnswer: ...
    def live(self, query: Query) -> LiveAnswer: ...
    def refused(self) -> tuple[RefusedRow, ...]: ...
    def search(self, text: str) -> tuple[Hit, ...]: ...
    def reds(self, query: Query) -> tuple[tuple[str, str], ...]: ...
    def quarantined(self, query: Query) -> QuarantineAnswer: ...
    def handover(self, query: Query) -> Handover: ...
    def act(self, query: Query, target: Target, wish: Wish) -> Done: ...
    def merge(self, query: Query, target: Target, into: Target) -> Done: ...
    def split(self, query: Query, target: Target, members: Sequence[Member]) -> Done: ...
    def begin_session(self, query: Query, name: str) -> Done: ...
    def end_session(self, query: Query, name: str) -> Done: ...
    def undo(self, query: Query, events: Sequence[int]) -> Done: ...
    def version(self) -> object: ...
    def close(self) -> None: ...


class StoreAnswers:
    """Answers from a store; each module is imported when its question is first asked, to paint early."""

    def __init__(self, path: Path) -> None:
        from store.connect import open_reader

        self._path = path
        self._views, self._rows, self._alarms, self._red = (Lane(path, open_reader) for _ in range(4))
        self._names, self._lists = (Lane(path, open_reader) for _ in range(2))
        self._lanes = (self._views, self._rows, self._alarms, self._red, self._names, self._lists)
        self._watch: Connection | None = None
        self._inode: int | None = None
        self._acting = threading.Lock()
        self._own: dict[str, int] = {}
        self._early: tuple[Query, Future[TriageAnswer]] | None = None
        self._known: tuple[float, tuple[Hit, ...]] | None = None
        """When names were read, and which; in the lane of names."""

    def start_early(self, query: Query) -> None:
        """Asks for the first screen's answer while the screen is still being built."""
        future: Future[TriageAnswer] = Future()
        self._early = (query, future)

        def work() -> None:
            try:
                future.set_result(self._triage(query))
            except BaseException as problem:
                future.set_exception(problem)

        threading.Thread(target=work, name="first-answer", daemon=True).start()

    def kept_triage(self, query: Query) -> TriageAnswer | None:
        """The first screen's answer as the last writer kept it, which may be old; None where there is none."""
        from tui.answers.kept import load_kept, load_last_kept

        return self._red.ask(lambda connection: load_kept(connection, query) or load_last_kept(connection, query))

    def triage(self, query: Query) -> TriageAnswer:
        early, self._early = self._early, None
        if early is not None and early[0] == query:
            return early[1].result()
        return self._triage(query)

    def _triage(self, query: Query) -> TriageAnswer:
        from tui.answers.triage import answer_triage

        return self._red.ask(lambda connection: answer_triage(connection, query))

    def health(self, query: Query) -> Health:
        from tui.answers.health import answer_health

        return self._views.ask(lambda connection: answer_health(connection, query))

    def test_keys(self, query: Query, sort: str, text: str) -> TestKeys:
        from tui.answers.tests import list_test_keys

        return self._views.ask(lambda connection: list_test_keys(connection, query, sort=sort, text=text))

    def test_rows(self, window: Window, keys: Sequence[TestKey]) -> tuple[TestRow, ...]:
        from tui.answers.tests import load_test_rows

        return self._rows.ask(lambda connection: load_test_rows(connection, window, keys))

    def test(self, query: Query, name: str) -> TestDetail:
        from tui.answers.test_detail import answer_test

        return self._views.ask(lambda connection: answer_test(connection, query, name))

    def attempts(self, test: str, run: RunRef) -> tuple[AttemptRow, ...]:
        from tui.answers.test_detail import list_attempts

        return self._views.ask(lambda connection: list_attempts(connection, test, run))

    def run(self, query: Query, run: RunRef) -> RunDetail:
        from tui.answers.run_detail import answer_run

        return self._views.ask(lambda connection: answer_run(connection, query, run))

    def service(self, query: Query, name: str) -> ServiceDetail:
        from tui.answers.service_detail import answer_service

        return self._views.ask(lambda connection: answer_service(connection, query, name))

    def services(self, query: Query) -> ServicesAnswer:
        from tui.answers.services import answer_services

        return self._views.ask(lambda connection: answer_services(connection, query))

    def grid(self, query: Query, scope: Scope | None, with_green: bool) -> TimelineGrid:
        from tui.answers.timeline import answer_grid

        return self._views.ask(lambda connection: answer_grid(connection, query, scope, with_green=with_green))

    def grid_cells(self, grid: TimelineGrid, columns: range, test_rows: Sequence[int]) -> ResultMatrix:
        return self.cells(grid.stream_id, grid.run_rows[columns.start : columns.stop], test_rows)

    def cells(self, stream_id: int, run_rows: Sequence[int], test_rows: Sequence[int]) -> ResultMatrix:
        """Results of some tests in some runs of a stream."""
        from tui.answers.timeline import answer_cells

        return self._rows.ask(lambda connection: answer_cells(connection, stream_id, run_rows, test_rows))

    def grid_days(self, grid: TimelineGrid, days: Days, test_rows: Sequence[int]) -> dict[int, dict[int, DayCell]]:
        return self.day_cells(grid.stream_id, days, test_rows)

    def day_cells(self, stream_id: int, days: Days, test_rows: Sequence[int]) -> dict[int, dict[int, DayCell]]:
        """Sums of some tests by day in a stream."""
        from tui.answers.timeline import answer_days

        return self._rows.ask(lambda connection: answer_days(connection, stream_id, days, test_rows))

    def grid_cell(self, grid: TimelineGrid, column: int, test_row: int) -> CellFacts:
        return self.cell(grid.stream_id, grid.run_rows[column], test_row, grid.run_rows[-NEWEST:])

    def cell(self, stream_id: int, run_row: int, test_row: int, newest: Sequence[int]) -> CellFacts:
        """What happened to a test in a run of a stream, or why nothing did by its newest runs."""
        from tui.answers.cell_facts import answer_cell

        return self._names.ask(lambda connection: answer_cell(connection, stream_id, run_row, test_row, newest))

    def changes(self, query: Query, since_green: bool = False) -> ChangesAnswer:
        from tui.answers.changes import answer_changes

        return self._views.ask(lambda connection: answer_changes(connection, query, since_green=since_green))

    def silent(self, query: Query) -> SilentAnswer:
        from tui.answers.silent import answer_silent

        return self._views.ask(lambda connection: answer_silent(connection, query))

    def flows(self, query: Query) -> FlowsAnswer:
        from tui.answers.flows import answer_flows

        return self._views.ask(lambda connection: answer_flows(connection, query))

    def live(self, query: Query) -> LiveAnswer:
        from tui.answers.live import answer_live

        return self._views.ask(lambda connection: answer_live(connection, query))

    def refused(self) -> tuple[RefusedRow, ...]:
        from tui.answers.rejected import list_refused

        return self._views.ask(list_refused)

    def reds(self, query: Query) -> tuple[tuple[str, str], ...]:
        """Ids and titles of the incidents that somebody must act on, beside whatever the screen asks."""
        from tui.alarms import REAL
        from tui.answers.triage import answer_triage

        answer = self._alarms.ask(lambda connection: answer_triage(connection, query))
        return tuple((one.incident_id, one.title) for one in answer.incidents if one.verdict in REAL)

    def search(self, text: str) -> tuple[Hit, ...]:
        from tui.answers.search import search

        return self._names.ask(lambda connection: search(connection, text, names=self._all_names()))

    def _all_names(self) -> tuple[Hit, ...]:
        """As they were some seconds ago: there may be 100,000. The next letter typed does not stop their reading."""
        from tui.answers.search import list_names

        self.forget_names()
        known = self._known = self._known or (time.monotonic(), self._lists.ask(list_names))
        return known[1]

    def forget_names(self) -> None:
        """Names that were read too long ago are of no use."""
        known = self._known
        if known is not None and time.monotonic() - known[0] > _NAMES_HOLD_S:
            self._known = None

    def quarantined(self, query: Query) -> QuarantineAnswer:
        from tui.answers.quarantine import answer_quarantine

        return self._views.ask(lambda connection: answer_quarantine(connection, query))

    def handover(self, query: Query) -> Handover:
        """The report of the session that is open, else of the last one, else of the window."""
        from tui.answers.handover import answer_handover
        from tui.answers.sessions import find_session

        return self._names.ask(
            lambda connection: answer_handover(connection, query, find_session(connection, query.settings))
        )

    def act(self, query: Query, target: Target, wish: Wish) -> Done:
        """Does something on top of what the person sees and of what was done here since; one deed after the other."""
        from tui.answers.acting import Subject, act

        with self._acting:
            done = act(
                self._path,
                query.settings,
                Subject(target.kind, target.key, target.label),
                wish,
                clock_ms=int(time.time() * 1000),
                seen=self._seen(target),
                members=target.members,
                red=target.red,
            )
            self._remember(done, target)
        return done

    def merge(self, query: Query, target: Target, into: Target) -> Done:
        """Makes one incident a part of another, on top of what the person sees of both."""
        from tui.answers.acting import Subject
        from tui.answers.merging import merge

        with self._acting:
            first, second = (Subject(one.kind, one.key, one.label) for one in (target, into))
            seen = max(self._seen(target), self._seen(into))
            clock_ms = int(time.time() * 1000)
            done = merge(self._path, query.settings, first, second, clock_ms=clock_ms, seen=seen)
            self._remember(done, target, into)
        return done

    def split(self, query: Query, target: Target, members: Sequence[Member]) -> Done:
        """Makes some of an incident's tests another one."""
        from tui.answers.acting import Subject
        from tui.answers.merging import split

        with self._acting:
            subject = Subject(target.kind, target.key, target.label)
            clock_ms, seen = int(time.time() * 1000), self._seen(target)
            done = split(self._path, query.settings, subject, members, clock_ms=clock_ms, seen=seen)
            self._remember(done, target)
        return done

    def _seen(self, target: Target) -> int:
        return max(target.version, self._own.get(target.key, 0))

    def _remember(self, done: Done, *targets: Target) -> None:
        """What was done here is known here, before it was read again."""
        for one in targets:
            self._own[one.key] = max(done.events, default=self._own.get(one.key, 0))

    def begin_session(self, query: Query, name: str) -> Done:
        """Begins a session on call."""
        from tui.answers.sessions import start_session

        return start_session(self._path, query.settings, name, clock_ms=int(time.time() * 1000))

    def end_session(self, query: Query, name: str) -> Done:
        """Ends one."""
        from tui.answers.sessions import end_session

        return end_session(self._path, query.settings, name, clock_ms=int(time.time() * 1000))

    def undo(self, query: Query, events: Sequence[int]) -> Done:
        """Takes a deed back."""
        from tui.answers.undoing import undo

        with self._acting:
            return undo(self._path, query.settings, events, clock_ms=int(time.time() * 1000))

    def version(self) -> object:
        """Something that differs after every commit of another process; None while there is no store."""
        from store.connect import Error, open_reader
        from store.errors import StoreError
        from store.read.streams import data_version

        try:
            inode = self._path.stat().st_ino
            if self._watch is None or inode != self._inode:
                self._forget_watch()
                self._watch, self._inode = open_reader(self._path), inode
            return (inode, data_version(self._watch))
        except (OSError, StoreError, Error):
            return None

    def give_back(self) -> None:
        """Keeps no more memory than the next question needs; pages are read again from the system's."""
        self.forget_names()
        for lane in self._lanes:
            lane.give_back()

    def close(self) -> None:
        """Closes every connection."""
        for lane in self._lanes:
            lane.close()
        self._forget_watch()

    def _forget_watch(self) -> None:
        if self._watch is not None:
            self._watch.close()
            self._watch = None
