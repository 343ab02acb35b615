"""Test detail: is it this test, and since when? Strips, evidence, suspects, and the failures behind them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widget import Widget

from analysis.handling import Action
from ingest.model import Result
from tui import present
from tui.screens.acting import ActingView, Target
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.evidence import evidence
from tui.screens.failure_diff import failure_diff
from tui.screens.filtering import matches
from tui.screens.incident_rows import STATE_CELLS, state_line
from tui.screens.outside import Sheet
from tui.screens.pictures import export_pictures, picture_binding
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, line

if TYPE_CHECKING:
    from tui.answers.test_detail import AttemptRow, TestDetail

COLUMNS = (
    Column("when", "failed", 12, align="right"),
    Column("run", "run", 14, folds=(Fold(3, 8),), most=34),
    Column("stream", "stream", 22, folds=(Fold(1, 12), Fold(2, 0)), most=40),
    Column("outcome", "outcome", 9, folds=(Fold(4, 1),)),
    Column("took", "took", 8, align="right"),
    Column("message", "message", 24, is_flexible=True),
)


class TestView(ActingView["TestDetail"]):
    """From a test to its failing attempts."""

    NOUN = "the test"
    MAIN = "#failures"
    FIELDS = ("run", "env", "pipeline", "message")
    SIDE = "#evidence"
    CSS_PATH: ClassVar[str] = "test_detail.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab", "other_pane", "Other pane", id="test.pane", show=False),
        Binding("R", "open_run", "The run", id="test.run", show=False),
        picture_binding("test"),
    ]

    __test__ = False

    def __init__(self, context: ViewContext, identity: str, name: str = "", *, to_quarantine: bool = False) -> None:
        """`to_quarantine`: the dialog for that is opened once it is known what was done with the test."""
        super().__init__(context)
        self._identity, self._shown_name = identity, name or identity
        self._to_quarantine = to_quarantine

    @property
    def crumb(self) -> str:
        return self._shown_name

    def question(self) -> Callable[[Answers], TestDetail]:
        query, identity = self.context.query, self._identity
        return lambda answers: answers.test(query, identity)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LinesPane(id="evidence")
        yield LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="failures")
        yield LinesPane(id="difference", classes="below")

    def on_mount(self) -> None:
        self.query_one("#failures").add_class("below")
        self.query_one("#difference").can_focus = False

    def on_resize(self, event: events.Resize) -> None:
        """A low screen has one line for what differs."""
        self.set_class(event.size.height < 32, "-short")

    def show(self, answer: TestDetail) -> None:
        self._shown_name = answer.case.name
        context = self.context
        pane = self.query_one("#evidence", LinesPane)
        pane.set_source(lambda width: evidence(answer, context, width), keep_scroll=True)
        failures = self.query_one("#failures", LineTable)
        seen = [index for index, row in enumerate(answer.failures) if matches(self.filter_text, _fields(row))]
        failures.set_keys(seen)
        failures.forget_rows()
        failures.display = self.query_one("#difference").display = bool(answer.failures)
        if self._to_quarantine:
            self._to_quarantine = False
            self.call_after_refresh(self.action_act, Action.QUARANTINE)

    @property
    def main(self) -> Widget:
        return self.query_one("#failures" if self.answer and self.answer.failures else "#evidence")

    def summary(self, answer: TestDetail) -> tuple[Line, Line]:
        shown = len(answer.failures)
        if not answer.total_failures:
            return (), line(("no failing attempt in this window", "good"))
        number = present.count(answer.total_failures, "failing attempt")
        room = STATE_CELLS[self.size.width >= 100]
        state = (*state_line(answer.state, room, self.context.glyphs), *line("   ")) if answer.state != "new" else ()
        return state, line((number if shown == answer.total_failures else f"newest {shown} of {number}", "muted"))

    @property
    def target(self) -> Target | None:
        return None if self.answer is None else target_of(self.answer)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """There must be a failure whose run there is."""
        return self.selected is not None if action == "open_run" else super().check_action(action, parameters)

    def action_open_run(self) -> None:
        """Goes to the run of the failure under the cursor."""
        from tui.screens.run_detail import RunView

        if (row := self.selected) is not None:
            self.app.push_screen(RunView(self.context, row.run))

    def action_picture(self) -> None:
        """Draws its runs and how long they took, stream by stream, from the answer that is shown."""
        from tui.exports import drawings

        answer, clock = self.answer, self.context.clock
        export_pictures(
            self.app,
            {} if answer is None else {"test": lambda scheme: drawings.test_picture(answer, scheme, clock)},
        )

    def _draw_row(self, key: Key) -> Row | None:
        row = self._failure(key)
        return (
            None if row is None or self.answer is None else failure_cells(row, self.answer.window.now_ms, self.context)
        )

    def _failure(self, key: Key | None) -> AttemptRow | None:
        failures = self.answer.failures if self.answer else ()
        return failures[key] if isinstance(key, int) and key < len(failures) else None

    @property
    def selected(self) -> AttemptRow | None:
        """The failing attempt under the cursor."""
        return None if self.has_class("-blank") else self._failure(self.query_one("#failures", LineTable).key)

    def action_other_pane(self) -> None:
        """Evidence or failures."""
        evidence_pane = self.query_one("#evidence")
        failures = self.query_one("#failures")
        self.set_focus(failures if self.focused is evidence_pane and failures.display else evidence_pane)

    @on(LineTable.RowHighlighted, "#failures")
    def _offer_keys(self) -> None:
        self.query_one("#difference", LinesPane).set_source(self._difference)
        self.refresh_bindings()

    def _difference(self, width: int) -> list[Line]:
        """What the failure under the cursor says that the one before it in its stream did not."""
        row = self.selected
        if row is None:
            return []
        before = self._before(row)
        if before is None:
            return [line(("no failure before it in this window", "muted"))]
        return failure_diff(attempt_text(before), attempt_text(row), present.run_label(before.run), width)

    def _before(self, row: AttemptRow) -> AttemptRow | None:
        """The failure before it in its stream."""
        failures = self.answer.failures if self.answer else ()
        return next((one for one in failures[failures.index(row) + 1 :] if one.scope == row.scope), None)

    @on(LineTable.RowOpened, "#failures")
    def _open(self) -> None:
        from tui.screens.attempt import AttemptView

        row = self.selected
        if row is not None and self.answer is not None:
            self.app.push_screen(AttemptView(self.context, self.answer.case.identity, row, self._before(row)))

    def url(self) -> str | None:
        row = self.selected
        return attempt_url(row) if row else None

    def fields(self) -> Mapping[str, Sequence[str]]:
        row = self.selected
        return {**(_fields(row) if row is not None else {}), "test": [self._identity], "name": [self._shown_name]}

    def copied(self) -> str:
        return self.answer.case.identity if self.answer else ""

    def edited(self) -> str:
        row = self.selected
        return attempt_text(row) if row else ""

    def exported(self) -> Sheet | None:
        failures = self.answer.failures if self.answer else ()
        rows = [
            (row.run.run_id, present.scope_text(row.scope), row.outcome.name.lower(), row.message) for row in failures
        ]
        return Sheet("failures", ("run", "stream", "outcome", "message"), rows)


def target_of(detail: TestDetail) -> Target:
    """A test as what is acted on."""
    hypotheses = detail.suspects.hypotheses if detail.suspects else ()
    suspect = next((one.change for one in hypotheses if one.change is not None), None)
    return Target(
        "test",
        detail.case.test_id,
        detail.case.name,
        detail.state,
        detail.version,
        detail.window.now_ms,
        next(iter((*detail.owners.suspect, *detail.owners.test)), ""),
        suspect.change_id if suspect else "",
        red=detail.red,
        quarantine=detail.quarantine,
        test_owner=next(iter(detail.owners.test), ""),
    )


def failure_cells(row: AttemptRow, now_ms: int, context: ViewContext) -> Row:
    """A failing attempt as a row."""
    glyph = context.glyphs.results[Result(row.outcome)]
    word = present.RESULT_WORDS[Result(row.outcome)]
    at_ms = row.run.started_ms if row.started_ms is None else row.started_ms
    return (
        line(context.clock(at_ms, now_ms)),
        lambda width: line((present.run_label(row.run) if width > 8 else row.run.run_id, "muted")),
        lambda width: line((present.scope_text(row.scope, context.glyphs.dot, width), "muted")),
        lambda width: line((f"{glyph} {word}" if width > 2 else glyph, "bad")),
        line((present.duration(row.duration_ms), "muted")),
        line(row.message or row.type or "(the report says nothing)"),
    )


def attempt_url(row: AttemptRow) -> str | None:
    """The nearest web link: of the attempt, its job, its run."""
    urls = [*(link.url for link in row.links), row.job_url, row.run.url or ""]
    return next((url for url in urls if url.startswith(("http://", "https://"))), None)


def attempt_text(row: AttemptRow) -> str:
    """The failure's whole text."""
    return row.text if row.message and row.text.startswith(row.message) else f"{row.message}\n{row.text}".strip()


def _fields(row: AttemptRow) -> dict[str, Sequence[str]]:
    return {
        "run": [row.run.run_id],
        "env": [row.scope.environment],
        "pipeline": [row.scope.pipeline],
        "message": [row.message, row.type],
    }
