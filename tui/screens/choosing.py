"""Choosing from a list in a dialog: one thing, or several by marking them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.widgets import Static

from tui.present import Glyphs
from tui.screens.dialog import Dialog
from tui.widgets.columns import Column, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.pieces import line, plain

Chosen = tuple[int, ...]
"""Places in the list of choices."""
COLUMNS = (
    Column("mark", "", 1),
    Column("label", "", 30, is_flexible=True),
    Column("hint", "", 30),
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One thing to choose."""

    label: str
    hint: str = ""


class ChooseScreen(Dialog[Chosen | None]):
    """A list under a title. Enter takes what is marked, else what is selected; esc leaves everything as it was."""

    CSS_PATH: ClassVar[str] = "choosing.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave", id="choose.leave"),
        Binding("space", "mark", "Mark", id="choose.mark"),
    ]

    def __init__(self, title: str, choices: Sequence[Choice], glyphs: Glyphs, *, takes_many: bool = False) -> None:
        super().__init__()
        self._title, self._choices, self._glyphs = title, tuple(choices), glyphs
        self._takes_many = takes_many
        self._marked: set[int] = set()

    def compose(self) -> ComposeResult:
        many = "space marks several   " if self._takes_many else ""
        with Vertical(id="choosing"):
            yield Static(plain(self._title), id="title", markup=False)
            yield LineTable(
                COLUMNS, self._draw_row, mark=self._glyphs.cursor, ellipsis=self._glyphs.ellipsis, id="choices"
            )
            yield Static(f"{many}enter takes it   esc leaves it", id="help", markup=False)

    def on_mount(self) -> None:
        """The list has the keys."""
        table = self.query_one("#choices", LineTable)
        table.styles.height = min(len(self._choices), 12) + 1
        table.set_keys(range(len(self._choices)))
        self.set_focus(table)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Marks are for lists of which several may be taken."""
        return self._takes_many if action == "mark" else True

    def _draw_row(self, key: Key) -> Row | None:
        choice = self._choices[key] if isinstance(key, int) else None
        if choice is None:
            return None
        mark = self._glyphs.new if key in self._marked else " "
        return (line((mark, "accent")), line(choice.label), line((choice.hint, "muted")))

    def action_mark(self) -> None:
        """Marks what is selected, or takes the mark away, and goes on to the next."""
        table = self.query_one("#choices", LineTable)
        if isinstance(table.key, int):
            self._marked ^= {table.key}
            table.forget_rows()
            table.cursor += 1

    @on(LineTable.RowOpened, "#choices")
    def _take(self, event: LineTable.RowOpened) -> None:
        if isinstance(event.key, int):
            self.dismiss(tuple(sorted(self._marked)) or (event.key,))
