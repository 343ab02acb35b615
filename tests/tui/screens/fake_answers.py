"""Answers without a store, for the dashboard: they remember what was asked, and can fail or be pushed aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from analysis.records import ResultMatrix
from ingest.model import Counts, Outcome, RunRef, Scope, TestCase
from store.read.changes import SeenIncident
from store.read.regrouping import Member
from tests.tui.screens import fakes
from tests.tui.screens.fake_details import run_detail
from tests.tui.screens.fake_histories import SERVICES, detail, grid, grid_cells, services_answer, test_row
from tests.tui.screens.fake_losses import flows_answer, silent_answer
from tests.tui.screens.fakes import (
    CASES,
    CHANGES,
    COUNTS,
    HEALTH,
    HOUR,
    INCIDENTS,
    MIN,
    NOW_MS,
    PAYMENTS,
    PAYS,
    SET_ASIDE,
    WINDOW,
    run,
)
from tui.alarms import REAL
from tui.answers.acting import Done, Wish
from tui.answers.cell_facts import CellAttempt, CellFacts
from tui.answers.changes import ChangeRow, ChangesAnswer
from tui.answers.flows import FlowsAnswer
from tui.answers.handover import Handover, OpenItem
from tui.answers.health import Health
from tui.answers.live import LiveAnswer
from tui.answers.quarantine import QuarantineAnswer, QuarantineRow
from tui.answers.query import Query, Window
from tui.answers.rejected import RefusedRow
from tui.answers.run_detail import RunDetail
from tui.answers.runs import RunRow, RunsAnswer
from tui.answers.search import Hit
from tui.answers.service_detail import ServiceDetail
from tui.answers.services import ServicesAnswer
from tui.answers.silent import SilentAnswer
from tui.answers.test_detail import AttemptRow, TestDetail
from tui.answers.tests import TestKey, TestKeys, TestRow
from tui.answers.timeline import DayCell, TimelineGrid
from tui.answers.triage import IncidentRow, SessionNow, TriageAnswer
from tui.errors import NoMatch
from tui.screens.acting import Target
from tui.screens.asking import Days, Superseded


@dataclass
class FakeAnswers:
    """Answers without a store. What is asked is kept in `asked`; `problem` is raised instead of any answer."""

    incidents: tuple[IncidentRow, ...] = INCIDENTS
    health_now: Health = HEALTH
    counts: dict[str, int] = field(default_factory=lambda: dict(COUNTS))
    tests_total: int = 40
    detail_now: TestDetail = field(default_factory=detail)
    grid_now: TimelineGrid = field(default_factory=grid)
    services_now: ServicesAnswer = field(default_factory=services_answer)
    silent_now: SilentAnswer = field(default_factory=silent_answer)
    flows_now: FlowsAnswer = field(default_factory=flows_answer)
    notes: tuple[SeenIncident, ...] = ()
    change_rows: tuple[ChangeRow, ...] = tuple(
        ChangeRow(
            change,
            "pay" if change is PAYMENTS else None,
            9 if change is PAYMENTS else 0,
            9 if change is PAYMENTS else 0,
            0.91 if change is PAYMENTS else None,
            INCIDENTS[0].title if change is PAYMENTS else "",
        )
        for change in CHANGES
    )
    set_aside: tuple[QuarantineRow, ...] = SET_ASIDE
    continuation: TestCase | None = None
    """What a case that vanished may be called now."""
    deeds: int = 0
    session: SessionNow | None = None
    problem: Exception | None = None
    asked: list[tuple[object, ...]] = field(default_factory=list)
    rows_read: int = 0
    beats: int = 0
    superseded: int = 0
    """So many answers are pushed aside first."""

    def _note(self, *what: object) -> None:
        self.asked.append(what)
        if self.superseded:
            self.superseded -= 1
            raise Superseded
        if self.problem is not None:
            raise self.problem

    @property
    def _is_empty(self) -> bool:
        return self.health_now.now_ms is None

    def triage(self, query: Query) -> TriageAnswer:
        self._note("triage", query)
        window = None if self._is_empty else WINDOW
        return TriageAnswer(window, self.incidents, self.health_now, self.counts, self.session)

    def health(self, query: Query) -> Health:
        self._note("health", query)
        return self.health_now

    def test_keys(self, query: Query, sort: str, text: str) -> TestKeys:
        self._note("test_keys", sort, text)
        if self._is_empty:
            return TestKeys(None, ())
        words = [word for word in text.lower().split() if ":" not in word]
        keys = (i for i in range(self.tests_total) if not words or _has(i, words))
        return TestKeys(WINDOW, tuple((1, index) for index in keys))

    def test_rows(self, window: Window, keys: Sequence[TestKey]) -> tuple[TestRow, ...]:
        self._note("test_rows", len(keys))
        self.rows_read += len(keys)
        return tuple(test_row(index) for _, index in keys)

    def test(self, query: Query, name: str) -> TestDetail:
        self._note("test", name)
        if name == "nowhere":
            raise NoMatch("test", name, (PAYS.identity,))
        return self.detail_now

    def attempts(self, test: str, run: RunRef) -> tuple[AttemptRow, ...]:
        self._note("attempts", test, run.run_id)
        return tuple(one for one in self.detail_now.failures if one.run.run_id == run.run_id)

    def run(self, query: Query, run: RunRef) -> RunDetail:
        self._note("run", run.run_id)
        return run_detail(run)

    def service(self, query: Query, name: str) -> ServiceDetail:
        self._note("service", name)
        rows = {row.name: row for row in self.services_now.services}
        if name not in rows:
            raise NoMatch("service", name)
        changes = tuple(row for row in self.change_rows if row.change.service == name)
        return ServiceDetail(WINDOW, rows[name], rows, changes, tuple(test_row(n) for n in range(12)), 40)

    def services(self, query: Query) -> ServicesAnswer:
        self._note("services", query)
        return ServicesAnswer(None, (), ()) if self._is_empty else self.services_now

    def grid(self, query: Query, scope: Scope | None, with_green: bool) -> TimelineGrid:
        self._note("grid", scope, with_green)
        if self._is_empty:
            return TimelineGrid(None, None, (), (), (), (), (), 0)
        return replace(self.grid_now, scope=scope or self.grid_now.scope)

    def grid_cells(self, grid: TimelineGrid, columns: range, test_rows: Sequence[int]) -> ResultMatrix:
        self._note("grid_cells", columns, len(test_rows))
        return grid_cells(columns, test_rows, len(grid.runs))

    def grid_days(self, grid: TimelineGrid, days: Days, test_rows: Sequence[int]) -> dict[int, dict[int, DayCell]]:
        self._note("grid_days", days, len(test_rows))
        return {row: {days[1]: (52, 7, 1), days[1] - 1: (96, 0, 2), days[1] - 2: (90, 0, 0)} for row in test_rows}

    def grid_cell(self, grid: TimelineGrid, column: int, test_row: int) -> CellFacts:
        self._note("grid_cell", column, test_row)
        outcome = Outcome.FAILED if column >= len(grid.runs) - 7 else Outcome.PASSED
        message = fakes.MESSAGE if outcome is Outcome.FAILED else ""
        return CellFacts((CellAttempt(outcome, 4000, message, "shard-1"),), (), self.continuation)

    def silent(self, query: Query) -> SilentAnswer:
        self._note("silent", query)
        return SilentAnswer(None, 0, 0, (), ()) if self._is_empty else self.silent_now

    def flows(self, query: Query) -> FlowsAnswer:
        self._note("flows", query)
        return FlowsAnswer(None, (), (), True) if self._is_empty else self.flows_now

    def changes(self, query: Query, since_green: bool = False) -> ChangesAnswer:
        self._note("changes", query, since_green)
        if self._is_empty:
            return ChangesAnswer(None, ())
        rows = tuple(row for row in self.change_rows if not since_green or row.change.at_ms > NOW_MS - 8 * HOUR)
        green = run(6212, NOW_MS - 8 * HOUR)
        return ChangesAnswer(WINDOW, rows, green, since_green, self.notes)

    def runs(self, query: Query) -> RunsAnswer:
        self._note("runs", query)
        counts = Counts(tests=136, attempts=137, passed=126, failed=9, flaky=1)
        rows = tuple(RunRow(run(6246 - i, NOW_MS - i * 15 * MIN), counts, 4) for i in range(20))
        return RunsAnswer(WINDOW, rows)

    def live(self, query: Query) -> LiveAnswer:
        """Of a run that has more red ones than the one before it, the first cases are newly red."""
        runs = self.runs(query)
        rows = runs.rows
        red = [row.counts.failed + row.counts.errored for row in rows]
        more = {row.run: red[n] - before for n, (row, before) in enumerate(zip(rows, red[1:], strict=False))}
        return LiveAnswer(runs, {run: CASES[:number] for run, number in more.items() if number > 0})

    def refused(self) -> tuple[RefusedRow, ...]:
        self._note("refused")
        return (RefusedRow(17, "nightly/out.xml", "truncated: ends inside <testcase>", 4211, 9000, NOW_MS, NOW_MS, 1),)

    def search(self, text: str) -> tuple[Hit, ...]:
        self._note("search", text)
        hits = [Hit("test", one.name, one.identity, one.classname) for one in CASES]
        hits += [Hit("service", name, name, owner or "") for name, owner, *_ in SERVICES]
        hits += [Hit("change", f"{c.service} {c.to_version}", c.change_id, c.title) for c in CHANGES]
        hits += [Hit("incident", one.title, one.incident_id) for one in self.incidents]
        hits += [Hit("owner", "@acme/journeys", "@acme/journeys"), Hit("pipeline", "journey", "journey")]
        return tuple(hit for hit in hits if text.lower() in hit.label.lower())

    def reds(self, query: Query) -> tuple[tuple[str, str], ...]:
        self._note("reds", query)
        return tuple((one.incident_id, one.title) for one in self.incidents if one.verdict in REAL)

    def quarantined(self, query: Query) -> QuarantineAnswer:
        self._note("quarantined", query)
        return QuarantineAnswer(None, 0, ()) if self._is_empty else QuarantineAnswer(WINDOW, NOW_MS, self.set_aside)

    def handover(self, query: Query) -> Handover:
        self._note("handover", query)
        items = tuple(OpenItem(one, "@acme/journeys", is_taken=False, is_new=True) for one in self.incidents)
        return Handover(None, WINDOW, ("ada",), items, (), (), (), (), (), (), self.health_now)

    def act(self, query: Query, target: Target, wish: Wish) -> Done:
        self._note("act", target.key, wish)
        self.deeds += 1
        return Done(f"{target.label}: {wish.action} {wish.value}", (self.deeds,))

    def merge(self, query: Query, target: Target, into: Target) -> Done:
        self._note("merge", target.key, into.key)
        self.deeds += 1
        return Done("merged", (self.deeds,))

    def split(self, query: Query, target: Target, members: Sequence[Member]) -> Done:
        self._note("split", target.key, tuple(members))
        self.deeds += 1
        return Done("split", (self.deeds,))

    def begin_session(self, query: Query, name: str) -> Done:
        self._note("begin_session", name)
        self.session = SessionNow(name, "ada", NOW_MS - 2 * HOUR, 3)
        return Done(f"{name}: ada began the session", ())

    def end_session(self, query: Query, name: str) -> Done:
        self._note("end_session", name)
        self.session = None
        return Done(f"{name}: ada ended the session", ())

    def undo(self, query: Query, events: Sequence[int]) -> Done:
        self._note("undo", tuple(events))
        return Done("took back")

    def version(self) -> object:
        return self.beats

    def close(self) -> None:
        self.asked.append(("close",))


def _has(index: int, words: Sequence[str]) -> bool:
    name = (CASES[index].identity if index < len(CASES) else f"numbered_case_{index:06}").lower()
    return all((word[1:] not in name) if word.startswith("!") else word in name for word in words)
