"""A line for a day: arrows go by days and weeks, pages by months, and whatever means a moment can be typed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.widgets import Input

from tui.widgets.calendar import day_of, moved


@dataclass(frozen=True, slots=True)
class Days:
    """Which days there are to choose from."""

    parse: Callable[[str], int]
    """Epoch milliseconds that a text means; raises what says why it means none."""
    today: date
    first: date
    last: date


class DayInput(Input):
    """An input whose arrows change the day."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left", "move(-1)", "A day earlier", id="day.earlier", show=False),
        Binding("right", "move(1)", "A day later", id="day.later", show=False),
        Binding("up", "move(-7)", "A week earlier", id="day.week_earlier", show=False),
        Binding("down", "move(7)", "A week later", id="day.week_later", show=False),
        Binding("pageup", "move(0, -1)", "A month earlier", id="day.month_earlier", show=False),
        Binding("pagedown", "move(0, 1)", "A month later", id="day.month_later", show=False),
    ]

    def __init__(self, value: str, days: Days, *, placeholder: str = "", id: str | None = None) -> None:
        super().__init__(value, placeholder=placeholder, id=id, compact=True)
        self.days = days

    @property
    def day(self) -> date | None:
        """The day that is written; None where it means none."""
        return self._read()[0]

    @property
    def problem(self) -> str:
        """Why what is written means no day; nothing where it means one."""
        return self._read()[1]

    def _read(self) -> tuple[date | None, str]:
        try:
            return day_of(self.days.parse(self.value)), ""
        except Exception as problem:  # whatever the one who asks for a day refuses
            return None, str(problem)

    def action_move(self, days: int, months: int = 0) -> None:
        """Writes another day; from what means none, the first one."""
        at = self.day
        target = self.days.first if at is None else moved(at, days, months, self.days.first, self.days.last)
        self.value = target.isoformat()
        self.cursor_position = len(self.value)
