"""Live: what arrives in the watched folders, newest on top, and whether the tail is well."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ingest.model import Result
from tui import present
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.filtering import matches
from tui.screens.outside import Sheet
from tui.screens.tail import status_of
from tui.screens.view import View
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, line, wrap_lines

if TYPE_CHECKING:
    from ingest.model import RunRef, TestCase
    from tui.answers.live import LiveAnswer
    from tui.answers.runs import RunRow, RunsAnswer

COLUMNS = (
    Column("when", "ended", 12, align="right"),
    Column("pipeline", "pipeline", 18, is_flexible=True),
    Column("run", "run", 18, folds=(Fold(3, 10),)),
    Column("environment", "environment", 12, folds=(Fold(2, 0),)),
    Column("counts", "results", 24, folds=(Fold(4, 20),)),
    Column("new", "new red", 9, align="right", folds=(Fold(6, 6),), short="new"),
    Column("state", "state", 11, folds=(Fold(5, 0),)),
    Column("took", "took", 9, align="right", folds=(Fold(1, 0),)),
)
ROOMY = 110
"""Cells from which on there is room for what can be seen anyway."""
SHOWN_NAMES = 12
_TAIL_BYTES = 4096
_LOOK_S = 1.0


class LiveSeen(NamedTuple):
    """What arrived, and the last words of the child that follows the folders."""

    runs: RunsAnswer
    said: tuple[str, ...]
    status: str = ""
    """How the tail is: files seen, in, waiting, refused, and its lag."""
    rows: Mapping[RunRef, RunRow] = {}
    new_red: Mapping[RunRef, tuple[TestCase, ...]] = {}


class LiveView(View[LiveSeen]):
    """The tail of the watched folders."""

    NOUN = "what arrived"
    MAIN = "#runs"
    FIELDS = ("pipeline", "run", "env", "branch", "state")
    CSS_PATH: ClassVar[str] = "live.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("space", "pause", "Pause", id="live.pause")]

    def __init__(self, context: ViewContext) -> None:
        super().__init__(context)
        self._is_paused = False

    @property
    def crumb(self) -> str:
        return "Live"

    def question(self) -> Callable[[Answers], LiveSeen]:
        query, log = self.context.query, self.context.log
        return lambda answers: live_seen(answers.live(query), log)

    def on_mount(self) -> None:
        self.set_interval(_LOOK_S, self._look_at_tail)

    def _look_at_tail(self) -> None:
        """Read again when the tail has something new to say of itself; most of that is no commit."""
        if self.is_current and self.answer is not None and last_status(self.context.log) != self.answer.status:
            self.reload(is_quiet=True)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="runs")
        yield LinesPane(id="said", classes="below")

    def blank(self, answer: LiveSeen, width: int) -> Sequence[Line] | None:
        if answer.runs.rows:
            return None
        folders = ", ".join(str(folder) for folder in self.context.watched)
        return [
            (),
            line(("  Nothing has arrived yet.", "strong")),
            line((f"  watching {folders}", "muted")),
            line((f"  {answer.status}", "muted")),
            (),
            *(line((f"  {text}", "muted")) for text in answer.said),
        ]

    def show(self, answer: LiveSeen) -> None:
        table = self.query_one("#runs", LineTable)
        was_on_top = table.cursor == 0
        table.set_keys([row.run for row in answer.runs.rows if matches(self.filter_text, _fields(row))])
        table.forget_rows()
        if was_on_top:
            table.cursor = 0
        self._tell()

    def reload(self, *, is_quiet: bool = False) -> None:
        """While paused, only a wish of the person reads again."""
        if not (is_quiet and self._is_paused and self.answer is not None):
            super().reload(is_quiet=is_quiet)

    def summary(self, answer: LiveSeen) -> tuple[Line, Line]:
        newly = sum(1 for row in answer.runs.rows if answer.new_red.get(row.run))
        left = line((present.count(len(answer.runs.rows), "run"), "strong"))
        left += line(("  newest on top", "muted")) if self.size.width >= ROOMY else ()
        left += line((f"   {newly} with new red", "bad")) if newly else ()
        if self._is_paused:
            return left, line(("paused: space goes on", "unowned"))
        folders = ", ".join(folder.name or str(folder) for folder in self.context.watched)
        return left, line((answer.status or f"watching {folders}", "muted"))

    def action_pause(self) -> None:
        """The list stands still, or goes on."""
        self._is_paused = not self._is_paused
        self.reload()

    def _draw_row(self, key: Key) -> Row | None:
        row = self._find(key)
        newly = self.answer.new_red.get(row.run, ()) if row is not None and self.answer else ()
        return None if row is None else run_cells(row, len(newly), self.window_end(), self.context)

    def _find(self, key: Key | None) -> RunRow | None:
        return self.answer.rows.get(key) if self.answer is not None else None  # type: ignore[call-overload]

    def sort_value(self, key: Key, column: str) -> Any:
        row = self._find(key)
        if row is None or self.answer is None:
            return None
        ended = row.run.ended_ms or row.run.started_ms
        red = row.counts.failed + row.counts.errored
        values = {
            "when": ended,
            "counts": red,
            "new": len(self.answer.new_red.get(row.run, ())) or None,
            "took": ended - row.run.started_ms,
        }
        return values[column] if column in values else super().sort_value(key, column)

    def window_end(self) -> int:
        """Now, as the answer has it."""
        window = self.answer.runs.window if self.answer else None
        return window.now_ms if window else 0

    @property
    def selected(self) -> RunRef | None:
        """The run under the cursor."""
        row = None if self.has_class("-blank") else self._find(self.query_one("#runs", LineTable).key)
        return row.run if row is not None else None

    @on(LineTable.RowHighlighted, "#runs")
    def _offer_keys(self) -> None:
        self._tell()
        self.refresh_bindings()

    def _tell(self) -> None:
        """Below the list: what is newly red in the run under the cursor, and the last words of the tail."""
        self.query_one("#said", LinesPane).set_source(self._words)

    def _words(self, width: int) -> list[Line]:
        said = [line((text, "muted")) for text in (self.answer.said if self.answer else ())]
        newly = self.answer.new_red.get(self.selected, ()) if self.answer and self.selected else ()
        if not newly:
            return said
        names = [line((case.name, "text")) for case in newly[:SHOWN_NAMES]]
        names += [line((f"{len(newly) - SHOWN_NAMES} more", "muted"))] if len(newly) > SHOWN_NAMES else []
        names[0] = (Piece("new red  ", "bad"), *names[0])
        return [*wrap_lines(names, width, Piece(f" {self.context.glyphs.dot} ", "muted"), 9), *said]

    @on(LineTable.RowOpened, "#runs")
    def _open_run(self) -> None:
        from tui.screens.run_detail import RunView

        if (run := self.selected) is not None:
            self.app.push_screen(RunView(self.context, run))

    def url(self) -> str | None:
        return self.selected.url if self.selected else None

    def fields(self) -> Mapping[str, Sequence[str]]:
        row = None if self.has_class("-blank") else self._find(self.query_one("#runs", LineTable).key)
        return _fields(row) if row is not None else {}

    def exported(self) -> Sheet:
        table = self.query_one("#runs", LineTable)
        rows = [texts for key in table.keys if (texts := table.texts(key)) is not None]
        return Sheet("live", tuple(column.title for column in COLUMNS), rows)

    def copied(self) -> str:
        return f"{self.selected.pipeline} {self.selected.run_id}" if self.selected else ""


def live_seen(arrived: LiveAnswer, log: Path | None) -> LiveSeen:
    """What arrived, and how the tail is."""
    rows = {row.run: row for row in arrived.runs.rows}
    return LiveSeen(arrived.runs, last_lines(log), last_status(log), rows, arrived.new_red)


def _red(row: RunRow) -> int:
    return row.counts.failed + row.counts.errored


def run_cells(row: RunRow, more_red: int, now_ms: int, context: ViewContext) -> Row:
    """A run as a row."""
    run, counts = row.run, row.counts
    ended = run.ended_ms or run.started_ms
    return (
        line((context.clock(ended, now_ms), "muted")),
        line(run.pipeline),
        line((present.run_label(run), "muted")),
        line((run.environment or present.DASH, "muted")),
        _counts(row, context),
        line((f"+{more_red}", "bad") if more_red else (present.DASH, "faint")),
        line((str(run.state), "muted" if run.state == "complete" else "unowned")),
        line((present.duration(ended - run.started_ms if counts.tests else None), "muted")),
    )


def _counts(row: RunRow, context: ViewContext) -> Line:
    marks = context.glyphs.results
    counts = row.counts
    red = counts.failed + counts.errored
    parts = [Piece(f"{counts.passed:>5} {marks[Result.PASSED]}", "muted")]
    parts.append(Piece(f"{red:>5} {marks[Result.FAILED]}", "bad" if red else "faint"))
    parts.append(Piece(f"{counts.flaky:>4} {marks[Result.FLAKY]}", "text" if counts.flaky else "faint"))
    return tuple(parts)


def last_lines(log: Path | None, most: int = 4) -> tuple[str, ...]:
    """The last lines of a log; none while there is none."""
    if log is None or not log.exists():
        return ()
    with log.open("rb") as file:
        file.seek(max(log.stat().st_size - _TAIL_BYTES, 0))
        return tuple(file.read().decode("utf-8", "replace").splitlines()[-most:])


def last_status(log: Path | None) -> str:
    """What the child that follows the folders says of itself now; empty while it has said nothing."""
    if log is None:
        return ""
    try:
        return status_of(log).read_text(encoding="utf-8")
    except OSError:
        return ""


def _fields(row: RunRow) -> dict[str, Sequence[str]]:
    run = row.run
    return {
        "pipeline": [run.pipeline],
        "run": [run.run_id],
        "env": [run.environment],
        "branch": [run.branch or ""],
        "state": [str(run.state), "red" if _red(row) else "green"],
    }
