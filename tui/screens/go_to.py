"""`:` and ctrl+p: one dialog that goes to anything by name, and does anything that has a key.

What the dashboard knows by itself (modes, saved views, what can be done here, themes) is there at once; tests,
services, owners, pipelines, changes and incidents come from the store, asked in a thread. Tab completes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from tui.screens.asking import Superseded
from tui.screens.context import ViewContext
from tui.screens.dialog import Dialog
from tui.screens.fuzzy import score
from tui.screens.messages import AnswerFailed, AnswerLoaded
from tui.screens.view import View
from tui.widgets.columns import Column, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.pieces import line, plain

if TYPE_CHECKING:
    from tui.answers.search import Hit

COLUMNS = (
    Column("kind", "kind", 9),
    Column("label", "name", 30, is_flexible=True),
    Column("hint", "", 26),
)
Target = tuple[str, str]
"""(kind, key)."""
NAMED = ("incident", "service", "owner", "pipeline", "test", "change")
"""Kinds that the store knows."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that is known without the store."""

    kind: str
    """mode, view, do or theme."""
    key: str
    label: str
    hint: str = ""


class GoTo(Dialog[Target | None]):
    """An input over a list of names; enter goes there."""

    CSS_PATH: ClassVar[str] = "go_to.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="go_to.back"),
        Binding("down,ctrl+n", "move(1)", "Down", id="go_to.down", show=False, priority=True),
        Binding("up,ctrl+p", "move(-1)", "Up", id="go_to.up", show=False, priority=True),
        Binding("tab", "complete", "Complete", id="go_to.complete", priority=True),
    ]

    def __init__(self, context: ViewContext, entries: Sequence[Entry]) -> None:
        """`entries`: what is known without the store, the most usual first."""
        super().__init__()
        self.context = context
        self._entries = tuple(entries)
        self._request = 0
        self._hits: tuple[Hit, ...] = ()
        self._hints: dict[Target, tuple[str, str]] = {}

    def compose(self) -> ComposeResult:
        glyphs = self.context.glyphs
        with Vertical(id="go-to"):
            yield Input(
                placeholder="a test, service, owner, change, incident, view or command", id="name", compact=True
            )
            yield LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="hits")
            yield Static("enter goes there   tab completes   service pay: services only", id="help", markup=False)
            yield Static(id="problem", markup=False)

    def on_mount(self) -> None:
        """Offers what is known first."""
        self.query_one("#hits", LineTable).can_focus = False
        self.set_focus(self.query_one("#name"))
        self._show()
        self._search(-1, "")  # so that the names are there when the first letter is

    @property
    def _typed(self) -> str:
        return self.query_one("#name", Input).value.strip()

    @on(Input.Changed, "#name")
    def _ask(self) -> None:
        self._request += 1
        self._hits = ()
        if self._typed:
            self._search(self._request, self._typed)
        self._show()

    @work(thread=True, exclusive=True, exit_on_error=False, group="names")
    def _search(self, request: int, text: str) -> None:
        try:
            hits = self.context.answers.search(text)
        except Superseded:
            return
        except Exception as problem:  # shown by name in this dialog
            self.post_message(AnswerFailed(request, problem))
            return
        if not get_current_worker().is_cancelled:
            self.post_message(AnswerLoaded(request, hits))

    @on(AnswerLoaded)
    def _take_hits(self, event: AnswerLoaded) -> None:
        if event.request == self._request:
            self._hits = event.answer
            self._show()

    @on(AnswerFailed)
    def _take_failure(self, event: AnswerFailed) -> None:
        if event.request == self._request:
            problem = plain(f"{type(event.problem).__name__}: {event.problem}"[:200])
            self.query_one("#problem", Static).update(problem)

    def _show(self) -> None:
        whole, loose = fitting(self._entries, self._typed)
        found = {(one.kind, one.key): (one.label, one.hint) for one in whole}
        found |= {(hit.kind, hit.key): (hit.label, hit.hint) for hit in self._hits}
        found |= {(one.kind, one.key): (one.label, one.hint) for one in loose}
        self._hints = found
        table = self.query_one("#hits", LineTable)
        table.set_keys(list(found))
        table.cursor = 0
        table.forget_rows()

    def _draw_row(self, key: Key) -> Row | None:
        label, hint = self._hints[key]  # type: ignore[index]  # keys are targets
        kind: str = key[0]  # type: ignore[index]
        return (line((kind, "muted")), line(label), line((hint, "muted")))

    def action_move(self, step: int) -> None:
        """Moves the choice while the input keeps the focus."""
        self.query_one("#hits", LineTable).cursor += step

    def action_complete(self) -> None:
        """Puts the whole of the name that is chosen into the input; the beginning of a kind becomes the kind."""
        typed, name = self._typed.lower(), self.query_one("#name", Input)
        kinds = [kind for kind in NAMED if typed and kind.startswith(typed)]
        key = self.query_one("#hits", LineTable).key
        if len(kinds) == 1 and " " not in typed:
            name.value = f"{kinds[0]} "
        elif key is not None:
            name.value = plain(self._hints[key][0])  # type: ignore[index]  # as above
        name.cursor_position = len(name.value)

    @on(Input.Submitted, "#name")
    def _choose(self) -> None:
        key = self.query_one("#hits", LineTable).key
        if key is not None:
            self.dismiss(key)  # type: ignore[arg-type]  # as above

    @on(LineTable.RowHighlighted, "#hits")
    def _stay(self, event: LineTable.RowHighlighted) -> None:
        event.stop()

    @on(LineTable.RowOpened)
    def _choose_clicked(self, event: LineTable.RowOpened) -> None:
        self.dismiss(event.key)  # type: ignore[arg-type]  # as above


def fitting(entries: Sequence[Entry], typed: str) -> tuple[list[Entry], list[Entry]]:
    """The entries that hold what was typed, best first, and those that hold its letters only: names come between.

    With nothing typed all of them, with a kind alone all of the kind.
    """
    kind, _, rest = typed.partition(" ")
    if kind in NAMED and rest:
        return [], []
    if kind in {one.kind for one in entries}:
        entries, typed = [one for one in entries if one.kind == kind], rest
    scored = [(score(typed, one.label) or score(typed, f"{one.kind} {one.label}"), one) for one in entries]
    found = [(points, one) for points, one in scored if points is not None]
    found.sort(key=lambda pair: -pair[0])
    return [one for points, one in found if points >= 1], [one for points, one in found if points < 1]


def view_of(context: ViewContext, kind: str, key: str) -> View[Any]:
    """The view that shows a thing of this kind."""
    if kind == "test":
        from tui.screens.test_detail import TestView

        return TestView(context, key, key.rsplit("::", 1)[-1])
    if kind == "incident":
        from tui.screens.incident import IncidentView

        return IncidentView(context, key)
    if kind == "change":
        from tui.screens.change_detail import ChangeView

        return ChangeView(context, key)
    if kind == "service":
        from tui.screens.service_detail import ServiceView

        return ServiceView(context, key)
    from tui.screens.tests import TestsView

    return TestsView(context, f"{kind}:{key.removeprefix('@')}", key)
