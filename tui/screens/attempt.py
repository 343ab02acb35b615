"""One failing attempt and its neighbours in the run: the full message, and the links behind it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from ingest.model import Result
from tui import present
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.failure_diff import failure_diff
from tui.screens.test_detail import attempt_text, attempt_url
from tui.screens.view import View
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, clip, line, wrap, wrap_lines

if TYPE_CHECKING:
    from tui.answers.test_detail import AttemptRow

MOST_LINES = 5000


class AttemptView(View["tuple[AttemptRow, ...]"]):
    """All attempts of the test in that run, in order; the one that was opened is where the view starts."""

    NOUN = "the attempts"
    MAIN = "#attempts"
    HAS_FILTER = False
    CSS_PATH: ClassVar[str] = "attempt.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [Binding("R", "open_run", "Its run", id="attempt.run", show=False)]

    def __init__(
        self, context: ViewContext, identity: str, chosen: AttemptRow, before: AttemptRow | None = None, crumb: str = ""
    ) -> None:
        """Opens a failure; `before` is the one before it in its stream, where that is known; `crumb`: not its run."""
        super().__init__(context)
        self._identity, self._chosen, self._before = identity, chosen, before
        self._crumb = crumb or present.run_label(chosen.run)

    @property
    def crumb(self) -> str:
        return self._crumb

    def question(self) -> Callable[[Answers], tuple[AttemptRow, ...]]:
        identity, run = self._identity, self._chosen.run
        return lambda answers: answers.attempts(identity, run)

    def body(self) -> ComposeResult:
        yield LinesPane(id="attempts")

    def show(self, answer: tuple[AttemptRow, ...]) -> None:
        pane = self.query_one("#attempts", LinesPane)
        rows, context = answer or (self._chosen,), self.context
        pane.set_source(
            lambda width: [*self._difference(width), *attempts_lines(rows, context, width)], keep_scroll=True
        )

    def _difference(self, width: int) -> list[Line]:
        """What it says that the failure before it did not, above what it says."""
        if self._before is None:
            return []
        named = present.run_label(self._before.run)
        return [*failure_diff(attempt_text(self._before), attempt_text(self._chosen), named, width), ()]

    def summary(self, answer: tuple[AttemptRow, ...]) -> tuple[Line, Line]:
        return (), line((present.count(len(answer), "attempt"), "muted"))

    def action_open_run(self) -> None:
        """Goes to the run that it is of."""
        from tui.screens.run_detail import RunView

        self.app.push_screen(RunView(self.context, self._chosen.run))

    def url(self) -> str | None:
        return attempt_url(self._chosen)

    def copied(self) -> str:
        return f"{self._identity}\n{present.run_label(self._chosen.run)}\n{attempt_text(self._chosen)}"

    def edited(self) -> str:
        return attempt_text(self._chosen)


def attempts_lines(rows: tuple[AttemptRow, ...], context: ViewContext, width: int) -> list[Line]:
    """Attempts one below the other, each with everything its report says."""
    lines: list[Line] = []
    for number, row in enumerate(rows, 1):
        lines += attempt_lines(row, f"attempt {number} of {len(rows)}", context, width)
        lines.append(())
    return lines


def attempt_lines(row: AttemptRow, which: str, context: ViewContext, width: int) -> list[Line]:
    """One attempt."""
    result = Result(row.outcome)
    dot = Piece(f" {context.glyphs.dot} ", "muted")
    at_ms = row.run.started_ms if row.started_ms is None else row.started_ms
    head = [
        (present.result_piece(result, context.glyphs), *line((f" {present.RESULT_WORDS[result]}", "strong"))),
        line((which, "muted")),
        line(context.clock(at_ms, None), (f" {present.local(at_ms, context.zone):%d %b %Y}", "muted")),
        line((f"took {present.duration(row.duration_ms)}", "muted")),
        line((present.scope_text(row.scope, context.glyphs.dot), "muted")),
    ]
    lines = wrap_lines(head, width, dot)
    facts = [("written as", row.raw_name or "", "text"), ("job", f"{row.job}  {row.job_url}".strip(), "text")]
    facts += [("run", row.run.url or "", "accent"), *((link.kind, link.url, "accent") for link in row.links)]
    for word, text, tone in (*facts, ("report", row.source, "muted")):
        lines += _fact(word, text, tone, width)
    if row.message or row.text:
        lines.append(())
        lines += _said(row, width)
    return lines


def _fact(word: str, text: str, tone: str, width: int) -> list[Line]:
    """A word and what it names, in full; nothing where there is nothing."""
    parts = wrap(text, width - 12) if text else []
    return [line((clip(word if i == 0 else "", 11).ljust(12), "muted"), (part, tone)) for i, part in enumerate(parts)]


def _said(row: AttemptRow, width: int) -> list[Line]:
    message = [(Piece(part, "strong"),) for part in wrap(row.message, width)] if row.message else []
    rest = row.text.removeprefix(row.message).strip("\n")
    parts = wrap(rest, width, hang=2) if rest else []
    lines: list[Line] = [*message, *((Piece(part),) for part in parts[:MOST_LINES])]
    if len(parts) > MOST_LINES:
        lines.append(
            line((f"{len(parts) - MOST_LINES:,} more lines: ", "muted"), ("e", "accent"), (" opens all", "muted"))
        )
    return lines
