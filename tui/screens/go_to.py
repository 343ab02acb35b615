"""`:` goes to anything by name: modes, tests, services, owners, pipelines, changes, incidents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static
from textual.worker import get_current_worker

from tui.screens.asking import Superseded
from tui.screens.context import ViewContext
from tui.screens.messages import AnswerFailed, AnswerLoaded
from tui.screens.view import View
from tui.widgets.columns import Column, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.pieces import line
from tui.widgets.tabs import shown_modes

if TYPE_CHECKING:
    from tui.answers.search import Hit

COLUMNS = (
    Column("kind", "kind", 9),
    Column("label", "name", 30, is_flexible=True),
    Column("hint", "", 26),
)
Target = tuple[str, str]
"""(kind, key)."""


class GoTo(ModalScreen[Target | None]):
    """An input over a list of names; enter goes there."""

    CSS_PATH: ClassVar[str] = "go_to.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Back", id="go_to.back"),
        Binding("down", "move(1)", "Down", id="go_to.down", show=False, priority=True),
        Binding("up", "move(-1)", "Up", id="go_to.up", show=False, priority=True),
    ]

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self.context = context
        self._request = 0
        self._hints: dict[Target, tuple[str, str]] = {}

    def compose(self) -> ComposeResult:
        glyphs = self.context.glyphs
        with Vertical(id="go-to"):
            yield Input(placeholder="go to a test, service, owner, pipeline, change, incident", id="name", compact=True)
            yield LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="hits")
            yield Static(id="problem", markup=False)

    def on_mount(self) -> None:
        """Offers the modes first."""
        self.query_one("#hits", LineTable).can_focus = False
        self.set_focus(self.query_one("#name"))
        self._show(())

    @on(Input.Changed, "#name")
    def _ask(self, event: Input.Changed) -> None:
        self._request += 1
        if event.value.strip():
            self._search(self._request, event.value.strip())
        else:
            self._show(())

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
            self._show(event.answer)

    @on(AnswerFailed)
    def _take_failure(self, event: AnswerFailed) -> None:
        if event.request == self._request:
            self.query_one("#problem", Static).update(f"{type(event.problem).__name__}: {event.problem}"[:200])

    def _show(self, hits: tuple[Hit, ...]) -> None:
        text = self.query_one("#name", Input).value.strip().lower()
        modes = shown_modes(is_watching=bool(self.context.watched))
        found = {("mode", name): (title, f"key {digit}") for digit, name, title in modes if text in title.lower()}
        found |= {(hit.kind, hit.key): (hit.label, hit.hint) for hit in hits}
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

    @on(Input.Submitted, "#name")
    def _choose(self) -> None:
        key = self.query_one("#hits", LineTable).key
        if key is not None:
            self.dismiss(key)  # type: ignore[arg-type]  # as above

    @on(LineTable.RowOpened)
    def _choose_clicked(self, event: LineTable.RowOpened) -> None:
        self.dismiss(event.key)  # type: ignore[arg-type]  # as above


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
    from tui.screens.tests import TestsView

    return TestsView(context, f"{kind}:{key.removeprefix('@')}", key)
