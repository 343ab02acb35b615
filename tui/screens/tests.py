"""Tests: how often does it cry wolf? Every case, a row a stream; only the visible rows are read."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.worker import get_current_worker

from tui import present
from tui.screens import states
from tui.screens.asking import Answers, Superseded
from tui.screens.context import ViewContext
from tui.screens.outside import Sheet
from tui.screens.view import View
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.pieces import Line, line

if TYPE_CHECKING:
    from tui.answers.query import Window
    from tui.answers.tests import TestKeys, TestRow

SORTS = {
    "red": ("red", "red"),
    "flaky": ("flaky", "flake rate, lower bound"),
    "name": ("test", "name"),
    "runs": ("runs", "runs"),
}
"""Order -> (column that carries the sign, its word); the keys are those of `tui.answers.tests.SORTS`."""

COLUMNS = (
    Column("test", "test", 36, folds=(Fold(9, 26),), is_flexible=True),
    Column("strip", "last runs", 30, align="right", folds=(Fold(3, 20), Fold(6, 10))),
    Column("red", "red", 8, align="right"),
    Column("flaky", "flake rate", 16, align="right", folds=(Fold(2, 7),), short="flaky"),
    Column("runs", "runs", 6, align="right", folds=(Fold(1, 0),)),
    Column("owner", "owner", 14, folds=(Fold(4, 10), Fold(8, 0))),
    Column("stream", "stream", 26, folds=(Fold(5, 16), Fold(7, 0)), most=40),
)
_EXPORT_CHUNK = 500


@dataclass
class TestRowsLoaded(Message):
    """Visible rows arrived."""

    request: int
    rows: tuple[TestRow, ...]

    __test__ = False


class TestsView(View["TestKeys"]):
    """Every test case in every stream."""

    NOUN = "the tests"
    MAIN = "#tests"
    FIELDS = ("owner", "env", "service", "pipeline", "branch", "flow")
    CSS_PATH: ClassVar[str] = "tests.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "sort", "Sort", id="tests.sort"),
        Binding("z", "quarantine", "Quarantine", id="tests.quarantine"),
    ]

    __test__ = False

    def __init__(self, context: ViewContext, preset: str = "", crumb: str = "Tests") -> None:
        """All tests, or those that a preset filter such as `service:payments` leaves."""
        super().__init__(context)
        self._preset, self._crumb = preset, crumb
        self._order = "red"
        self._rows: dict[Key, TestRow] = {}
        self._opened_early: Key | None = None
        """A row that was opened before it was loaded."""

    @property
    def crumb(self) -> str:
        return self._crumb

    def question(self) -> Callable[[Answers], TestKeys]:
        query, order = self.context.query, self._order
        text = " ".join(part for part in (self._preset, self.filter_text.strip()) if part)
        return lambda answers: answers.test_keys(query, order, text)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="tests")

    def blank(self, answer: TestKeys, width: int) -> Sequence[Line] | None:
        if answer.keys:
            return None
        if answer.window is None:
            return states.first_run(self.context, width)
        text = " ".join((self._preset, self.filter_text)).strip() or "this window"
        return states.nothing_matches("test", text, self.FIELDS, width)

    def show(self, answer: TestKeys) -> None:
        self._rows.clear()
        table = self.query_one("#tests", LineTable)
        table.sorted_by = (SORTS[self._order][0], self.context.glyphs.down)
        table.set_keys(answer.keys)

    def summary(self, answer: TestKeys) -> tuple[Line, Line]:
        number = present.count(len(answer.keys), "test and stream", "tests and streams")
        order = line(("by ", "muted"), SORTS[self._order][1], ("  newest run at the right", "muted"))
        return line((number, "strong")), order

    def wished(self) -> Line:
        return line(("by ", "muted"), SORTS[self._order][1])

    def filter_changed(self) -> None:
        self.reload()

    def action_sort(self) -> None:
        """The next order."""
        self.action_order(1)

    @property
    def sort(self) -> str:
        return "" if self._order == next(iter(SORTS)) else SORTS[self._order][0]

    def take_sort(self, sort: str) -> None:
        """Orders are those of the answer: 100,000 rows are not ordered here."""
        wanted = sort.removeprefix("-") or SORTS[next(iter(SORTS))][0]
        self._order = next((order for order, (column, _) in SORTS.items() if column == wanted), self._order)

    def order_changed(self) -> None:
        self.reload()

    def action_order(self, step: int) -> None:
        orders = list(SORTS)
        self.set_sort(SORTS[orders[(orders.index(self._order) + step) % len(orders)]][0])

    def _draw_row(self, key: Key) -> Row | None:
        row = self._rows.get(key)
        return None if row is None else test_cells(row, self.context.glyphs)

    @on(LineTable.RowsWanted)
    def _fetch_rows(self, event: LineTable.RowsWanted) -> None:
        window = self.window()
        if window is not None:
            self._load_rows(self.turns.request, window, tuple(k for k in event.keys if k not in self._rows))

    @work(thread=True, exclusive=True, exit_on_error=False, group="rows")
    def _load_rows(self, request: int, window: Window, keys: tuple[Key, ...]) -> None:
        try:
            rows = self.context.answers.test_rows(window, keys)  # type: ignore[arg-type]  # keys came from the answer
        except Superseded:
            rows = ()
        except Exception as problem:  # shown by name in this view
            from tui.screens.messages import AnswerFailed

            self.post_message(AnswerFailed(request, problem))
            return
        if not get_current_worker().is_cancelled:
            self.post_message(TestRowsLoaded(request, rows))

    @on(TestRowsLoaded)
    def _take_rows(self, event: TestRowsLoaded) -> None:
        if event.request != self.turns.request:
            return
        if len(self._rows) > 5000:
            self._rows.clear()
        self._rows.update({row.key: row for row in event.rows})
        self.query_one("#tests", LineTable).forget_rows()
        if self._opened_early is not None and self._opened_early == self.query_one("#tests", LineTable).key:
            self._open()

    @property
    def selected(self) -> TestRow | None:
        """The row under the cursor, once it is loaded."""
        return None if self.has_class("-blank") else self._rows.get(self.query_one("#tests", LineTable).key)

    @on(LineTable.RowOpened, "#tests")
    def _open(self) -> None:
        self._open_test(to_quarantine=False)

    def _open_test(self, *, to_quarantine: bool) -> None:
        from tui.screens.test_detail import TestView

        row = self.selected
        self._opened_early = self.query_one("#tests", LineTable).key if row is None else None
        if row is not None:
            self.app.push_screen(TestView(self.context, row.case.identity, row.case.name, to_quarantine=to_quarantine))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A test is set aside where the store can be written."""
        if action == "quarantine":
            return self.selected is not None and not self.context.is_read_only
        return super().check_action(action, parameters)

    def action_quarantine(self) -> None:
        """Goes to the test and asks there: what others did with it is seen before it is set aside."""
        self._open_test(to_quarantine=True)

    def fields(self) -> Mapping[str, Sequence[str]]:
        row = self.selected
        return (
            {
                "test": [row.case.identity],
                "name": [row.case.name],
                "class": [row.case.classname],
                "owner": row.owners,
                "env": [row.scope.environment],
                "pipeline": [row.scope.pipeline],
                "branch": [row.scope.branch],
            }
            if row
            else {}
        )

    def copied(self) -> str:
        row = self.selected
        return row.case.identity if row else ""

    def exported(self) -> Sheet | None:
        window, answer = self.window(), self.answer
        if window is None or answer is None:
            return None
        return Sheet("tests", ("test", "stream", "owners", "runs", "red", "flaky", "rate"), self._all_rows(window))

    def _all_rows(self, window: Window) -> Iterator[Sequence[str]]:
        keys = self.answer.keys if self.answer else ()
        for start in range(0, len(keys), _EXPORT_CHUNK):
            for row in self.context.answers.test_rows(window, keys[start : start + _EXPORT_CHUNK]):
                counts = (row.runs, row.failed_runs, row.flaky_runs)
                where = (row.case.identity, present.scope_text(row.scope), present.owners_text(row.owners))
                yield (*where, *(str(number) for number in counts), present.interval(row.flake_rate))


def test_cells(row: TestRow, glyphs: present.Glyphs) -> Row:
    """A test case in a stream as a row."""
    red = (present.ratio(row.failed_runs, row.runs), _red_tone(row.is_red_now, row.failed_runs))
    return (
        present.case_line(row.case),
        lambda width: present.strip_line(row.strip[-width:], glyphs),
        line(red),
        lambda width: line(_rate(row, width)),
        line((f"{row.runs:,}", "muted")),
        (present.owner_piece(row.owners),),
        lambda width: line((present.scope_text(row.scope, glyphs.dot, width), "muted")),
    )


test_cells.__test__ = False  # type: ignore[attr-defined]  # pytest must not collect it


def _red_tone(is_red: bool, failed_runs: int) -> str:
    return "bad" if is_red else "text" if failed_runs else "muted"


def _rate(row: TestRow, width: int) -> tuple[str, str]:
    tone = "text" if row.flaky_runs else "muted"
    if width < 12:
        return (present.percent(row.flake_rate.estimate) if row.flake_rate else present.DASH), tone
    return present.interval(row.flake_rate), tone
