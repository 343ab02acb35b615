"""An incident of another monitor: all that it told of it, and what it leads to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.app import ComposeResult

from tui.errors import NoMatch
from tui.screens.argument import as_text
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.seen_incidents import ONLY_SHOWN, key_of, note_fields
from tui.screens.view import View
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, line, wrap

if TYPE_CHECKING:
    from store.read.changes import SeenIncident
    from tui.answers.changes import ChangesAnswer


class NoteView(View["ChangesAnswer"]):
    """What a monitor told, in full."""

    NOUN = "the incident"
    MAIN = "#note"
    HAS_FILTER = False
    CSS_PATH: ClassVar[str] = "note.tcss"

    def __init__(self, context: ViewContext, note: SeenIncident) -> None:
        super().__init__(context)
        self._note = note

    @property
    def crumb(self) -> str:
        return self._note.title or self._note.incident

    def question(self) -> Callable[[Answers], ChangesAnswer]:
        query, wanted = self.context.query, key_of(self._note)

        def ask(answers: Answers) -> ChangesAnswer:
            answer = answers.changes(query)
            if all(key_of(note) != wanted for note in answer.notes):
                raise NoMatch("incident of a monitor in this window", wanted)
            return answer

        return ask

    def body(self) -> ComposeResult:
        yield LinesPane(id="note")

    def show(self, answer: ChangesAnswer) -> None:
        pane = self.query_one("#note", LinesPane)
        pane.set_source(lambda width: self._lines(answer, width), keep_scroll=True)

    def _lines(self, answer: ChangesAnswer, width: int) -> list[Line]:
        now_ms = answer.window.now_ms if answer.window else self._note.at_ms
        return note_lines(self._note, answer.notes, now_ms, self.context, width)

    def url(self) -> str | None:
        return self._note.url or None

    def fields(self) -> Mapping[str, Sequence[str]]:
        return note_fields(self._note)

    def copied(self) -> str:
        notes = self.answer.notes if self.answer else ()
        return as_text(note_lines(self._note, notes, self._note.at_ms, self.context, 100))


def note_lines(
    note: SeenIncident, notes: Sequence[SeenIncident], now_ms: int, context: ViewContext, width: int
) -> list[Line]:
    """Title, facts, link, and everything else that was told of the same incident, oldest first."""
    lines: list[Line] = [(Piece(part, "strong"),) for part in wrap(note.title or note.incident, width)]
    facts = (
        ("service", note.service or "(the whole environment)", "text"),
        ("environment", note.environment or "every environment", "text"),
        ("state", note.state, "text"),
        ("when", context.clock(note.at_ms, now_ms), "text"),
        ("incident", note.incident, "text"),
        ("link", note.url, "accent"),
    )
    lines.append(())
    for word, text, tone in facts:
        for n, part in enumerate(wrap(text, max(width - 13, 10)) if text else ()):
            lines.append(line((f"{'' if n else word:<12} ", "muted"), (part, tone)))
    same = [one for one in reversed(notes) if note.incident and one.incident == note.incident]
    if len(same) > 1:
        lines += [(), line(("What was told of it", "muted"))]
        lines += [line((f"  {context.clock(one.at_ms, now_ms):>12}  ", "muted"), one.state) for one in same]
    return [*lines, (), *((Piece(part, "muted"),) for part in wrap(ONLY_SHOWN, width))]
