"""One change: what it holds, whose it is, and what failed after it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from ingest.model import ChangeTarget
from tui import present
from tui.errors import NoMatch
from tui.screens.argument import as_text
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.view import View
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, joined, line, wrap, wrap_lines

if TYPE_CHECKING:
    from tui.answers.changes import ChangeRow, ChangesAnswer


class ChangeView(View["ChangesAnswer"]):
    """A change in full."""

    NOUN = "the change"
    MAIN = "#change"
    HAS_FILTER = False
    CSS_PATH: ClassVar[str] = "change_detail.tcss"

    def __init__(self, context: ViewContext, change_id: str, name: str = "") -> None:
        super().__init__(context)
        self._change_id, self._shown_name = change_id, name or change_id

    @property
    def crumb(self) -> str:
        return self._shown_name

    def question(self) -> Callable[[Answers], ChangesAnswer]:
        query, wanted = self.context.query, self._change_id

        def ask(answers: Answers) -> ChangesAnswer:
            answer = answers.changes(query)
            if all(row.change.change_id != wanted for row in answer.rows):
                raise NoMatch("change in this window", wanted)
            return answer

        return ask

    def body(self) -> ComposeResult:
        yield LinesPane(id="change")

    @property
    def row(self) -> ChangeRow | None:
        """The change, as last answered."""
        rows = self.answer.rows if self.answer else ()
        return next((row for row in rows if row.change.change_id == self._change_id), None)

    def show(self, answer: ChangesAnswer) -> None:
        row = self.row
        if row is not None:
            self._shown_name = present.change_label(row.change)
            now_ms, context = answer.window.now_ms if answer.window else row.change.at_ms, self.context
            pane = self.query_one("#change", LinesPane)
            pane.set_source(lambda width: change_lines(row, now_ms, context, width), keep_scroll=True)

    def url(self) -> str | None:
        return self.row.change.url if self.row and self.row.change.url else None

    def copied(self) -> str:
        if self.row is None:
            return ""
        return f"{self._change_id}\n{as_text(change_lines(self.row, self.row.change.at_ms, self.context, 100))}"


def change_lines(row: ChangeRow, now_ms: int, context: ViewContext, width: int) -> list[Line]:
    """A change as lines: heading, facts, what followed, commits, files."""
    change = row.change
    lines: list[Line] = [(Piece(part, "strong"),) for part in wrap(change.title or present.change_word(change), width)]
    lines.append(())
    took = None
    if change.started_ms is not None and change.finished_ms is not None:
        took = present.duration(change.finished_ms - change.started_ms)
    old, new = present.short_version(change.from_version), present.short_version(change.to_version)
    is_of_tests = change.target is ChangeTarget.TEST
    facts = (
        ("service", change.service or ("" if is_of_tests else "(the whole environment)")),
        ("of", "the tests themselves" if is_of_tests else ""),
        ("owner", row.owner or ""),
        ("kind", f"{change.kind}, {change.content}, {change.status}"),
        ("environment", change.environment or "every environment"),
        ("version", f"{old} -> {new}" if old and new else new),
        ("when", context.clock(change.at_ms, now_ms) + (f", took {took}" if took else "")),
        ("author", change.author),
        ("size", present.count(change.lines, "line") if change.lines is not None else ""),
        ("link", change.url),
        ("id", change.change_id),
    )
    lines += [
        line((f"{word:<12} ", "muted"), (text, "accent" if word == "link" else "text")) for word, text in facts if text
    ]
    if not row.owner and change.service:
        lines.append(line((f"{'owner':<12} ", "muted"), ("unowned", "unowned")))
    return [*lines, (), *_after(row, width), *_commits(row, width), *_files(change.files)]


def _after(row: ChangeRow, width: int) -> list[Line]:
    if row.failures_after is None:
        return [line(("What followed it was pruned.", "muted"))]
    if not row.failures_after:
        return [line(("Nothing turned red in the first run after it.", "muted"))]
    number = present.count(row.failures_after, "test case")
    said = [line((f"{number} turned red", "bad")), line("in the first run after it, within 6 hours")]
    if row.change.service:
        said.append(line(f"{row.exercising_after} of them exercise {row.change.service}"))
    return wrap_lines([said[0], joined(said[1:], Piece(", "))], width, Piece(" "))


def _commits(row: ChangeRow, width: int) -> list[Line]:
    commits = row.change.commits
    if not commits:
        return []
    lines: list[Line] = [(), line((present.count(len(commits), "commit"), "muted"))]
    for commit in commits:
        lines.append(line((f"  {commit.sha[:7]}  ", "muted"), commit.title, (f"  {commit.author}", "muted")))
    return lines


def _files(files: Sequence[str]) -> list[Line]:
    if not files:
        return []
    return [(), line((present.count(len(files), "file"), "muted")), *(line(f"  {file}") for file in files)]
