"""A small dialog of a few lines to fill in; what is wrong is said in it, and nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from tui.widgets.pieces import plain

Values = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Field:
    """One line to fill in."""

    name: str
    label: str
    value: str = ""
    hint: str = ""


class FormScreen(ModalScreen[Values | None]):
    """Fields under a title. Enter goes to the next and, from the last, sends; esc leaves everything as it was."""

    CSS_PATH: ClassVar[str] = "form.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss(None)", "Leave", id="form.leave"),
        Binding("down", "app.focus_next", "Next line", id="form.next", show=False),
        Binding("up", "app.focus_previous", "Line before", id="form.previous", show=False),
    ]

    def __init__(self, title: str, fields: Sequence[Field], check: Callable[[Values], str]) -> None:
        """`check` says what is wrong with some values; an empty text: nothing."""
        super().__init__()
        self._title, self._fields, self._check = title, tuple(fields), check

    def compose(self) -> ComposeResult:
        with Vertical(id="form"):
            yield Static(plain(self._title), id="title", markup=False)
            for field in self._fields:
                with Horizontal(classes="field"):
                    yield Static(field.label, classes="label", markup=False)
                    yield Input(plain(field.value), placeholder=plain(field.hint), id=field.name, compact=True)
            yield Static(id="problem", markup=False)
            yield Static("enter next, on the last line: done   esc leaves it", id="help", markup=False)

    @property
    def values(self) -> Values:
        """What stands in the lines."""
        return {field.name: self.query_one(f"#{field.name}", Input).value.strip() for field in self._fields}

    @on(Input.Submitted)
    def _go_on(self, event: Input.Submitted) -> None:
        if event.input.id != self._fields[-1].name:
            self.focus_next()
            return
        problem = self._check(self.values)
        if problem:
            self.query_one("#problem", Static).update(plain(problem))
        else:
            self.dismiss(self.values)
