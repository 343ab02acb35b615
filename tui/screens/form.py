"""A small dialog of a few lines to fill in; what is wrong is said when its line is left; nothing is lost."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Input, Static

from tui.screens.dialog import Dialog
from tui.widgets.calendar import day_words, month_lines
from tui.widgets.day_input import DayInput, Days
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, line, plain, wrap

Values = Mapping[str, str]
Problems = Mapping[str, str]
"""What is wrong, by the name of its line."""


@dataclass(frozen=True, slots=True)
class Field:
    """One line to fill in."""

    name: str
    label: str
    value: str = ""
    hint: str = ""
    days: Days | None = None
    """Of a line for a day: a calendar is shown with it."""


_HELP, _LAST_HELP = "enter next   esc leaves it", "enter does it   esc leaves it"
_DAY_HELP = "arrows: days and weeks   pgup pgdn: months   or type +7d, 2w, a date   enter next   esc leaves it"


def _input(field: Field) -> Input:
    if field.days is not None:
        return DayInput(plain(field.value), field.days, placeholder=plain(field.hint), id=field.name)
    return Input(plain(field.value), placeholder=plain(field.hint), id=field.name, compact=True)


def _day_lines(one: DayInput, width: int) -> list[Line]:
    """The day that is written in words, and its month; or why it is none."""
    days, chosen = one.days, one.day
    if chosen is None:
        return [line((part, "bad")) for part in wrap(one.problem, width)]
    return [line((day_words(chosen, days.today), "muted")), (), *month_lines(chosen, days.first, days.last)]


class FormScreen(Dialog[Values | None]):
    """Fields under a title. Enter goes to the next and, from the last, sends; esc leaves everything as it was."""

    CSS_PATH: ClassVar[str] = "form.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "go_on", "Next line, on the last: done", id="form.go_on", priority=True),
        Binding("escape", "dismiss(None)", "Leave", id="form.leave"),
        Binding("down", "app.focus_next", "Next line", id="form.next", show=False),
        Binding("up", "app.focus_previous", "Line before", id="form.previous", show=False),
    ]

    def __init__(self, title: str, fields: Sequence[Field], check: Callable[[Values], Problems]) -> None:
        """`check` says what is wrong with some values, and in which lines."""
        super().__init__()
        self._title, self._fields, self._check = title, tuple(fields), check

    def compose(self) -> ComposeResult:
        with Vertical(id="form"):
            yield Static(plain(self._title), id="title", markup=False)
            for field in self._fields:
                with Horizontal(classes="field"):
                    yield Static(field.label, classes="label", markup=False)
                    yield _input(field)
                if field.days is not None:
                    yield LinesPane(id="calendar")
            yield Static(id="problem", markup=False)
            yield Static(id="help", markup=False)

    def on_mount(self) -> None:
        """The calendar is no line to fill in."""
        for pane in self.query(LinesPane):
            pane.can_focus = False
        self._show_day()

    @on(Input.Changed)
    @on(events.DescendantFocus)
    def _show_day(self) -> None:
        """The month, while its line has the keys; else the day in words alone."""
        for one in self.query(DayInput):
            pane = self.query_one("#calendar", LinesPane)
            lines = _day_lines(one, max(one.size.width, 40))
            lines = lines if one.has_focus or one.day is None else lines[:1]
            pane.styles.height = len(lines)
            pane.set_source(lambda _, lines=lines: lines)  # type: ignore[misc]
        is_last = self.focused is not None and self.focused.id == self._fields[-1].name
        is_day = isinstance(self.focused, DayInput)
        self.query_one("#help", Static).update(_DAY_HELP if is_day else _LAST_HELP if is_last else _HELP)

    @on(Input.Changed)
    def _forget_problem(self) -> None:
        """What was wrong is being mended."""
        self.query_one("#problem", Static).update("")

    @property
    def values(self) -> Values:
        """What stands in the lines."""
        return {field.name: self.query_one(f"#{field.name}", Input).value.strip() for field in self._fields}

    def action_go_on(self) -> None:
        """The next line; from the last, sends. No message, which would come after what is typed in the same burst."""
        lines = [self.query_one(f"#{field.name}", Input) for field in self._fields]
        if self.focused is None or self.focused.id != self._fields[-1].name:
            if isinstance(self.focused, Input):
                self.focused.call_later(self._look_at, self.focused)
            self.focus_next()
        else:
            self._send_after(lines)

    def _look_at(self, left: Input) -> None:
        """Goes back to a line that was left with something wrong in it."""
        if problem := self._check(self.values).get(left.id or ""):
            self._tell(left, problem)

    def _send_after(self, lines: Sequence[Input]) -> None:
        """Sends once every line has taken the letters that were typed before."""
        if lines:
            lines[0].call_later(self._send_after, lines[1:])
        elif problems := self._check(self.values):
            name = next(field.name for field in self._fields if field.name in problems)
            self._tell(self.query_one(f"#{name}", Input), problems[name])
        elif self.is_current:
            self.dismiss(self.values)

    def _tell(self, wrong: Input, problem: str) -> None:
        """The line that is wrong has the keys; a day says itself what is wrong with it."""
        self.set_focus(wrong)
        if not isinstance(wrong, DayInput):
            self.query_one("#problem", Static).update(plain(problem))
