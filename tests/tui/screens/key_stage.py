"""What a key did, for the tests of every key: all that a person, the store or the machine could notice, compared."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from textual.binding import Binding
from textual.geometry import Offset
from textual.screen import Screen
from textual.widgets import Input

from tests.tui.screens.driving import screen_text
from tests.tui.screens.fake_answers import FakeAnswers
from tui.app import CrywolfApp
from tui.present import UNICODE
from tui.widgets.day_input import DayInput
from tui.widgets.heat_grid import HeatGrid
from tui.widgets.line_table import LineTable
from tui.widgets.lines import LinesPane

OWN_ROOMS = ("tui", "tui.screens", "tui.widgets")


def our_classes() -> Iterator[type]:
    """Every class of the dashboard."""
    for room in OWN_ROOMS:
        for found in pkgutil.iter_modules(importlib.import_module(room).__path__):
            module = importlib.import_module(f"{room}.{found.name}")
            yield from (
                one for one in vars(module).values() if isinstance(one, type) and one.__module__ == module.__name__
            )


def our_bindings() -> dict[str, Binding]:
    """Every binding that a class declares, by its id, of which there is but one."""
    found = [binding for one in our_classes() for binding in one.__dict__.get("BINDINGS", ())]
    names = [binding.id for binding in found]
    assert len(set(names)) == len(names), "two bindings of one name"
    return {binding.id or binding.key: binding for binding in found}


def our_screens() -> set[type]:
    """Every screen that is none of which others are made."""
    screens = {one for one in our_classes() if issubclass(one, Screen)}
    return {one for one in screens if not any(issubclass(other, one) for other in screens - {one})}


class Place(NamedTuple):
    """Where the keys stand: what is selected, how far it is scrolled."""

    focus: str
    cursor: Any
    scroll: Offset


@dataclass
class Stage:
    """The dashboard on which keys are pressed, with all that can be seen of what they did."""

    app: CrywolfApp
    answers: FakeAnswers
    opened: list[str] = field(default_factory=list)
    edited: list[str] = field(default_factory=list)
    suspended: list[bool] = field(default_factory=list)

    @property
    def place(self) -> Place:
        one = self.app.screen.focused
        if isinstance(one, LineTable):
            return Place(str(one.id), one.cursor, one.scroll_offset)
        if isinstance(one, HeatGrid):
            return Place(str(one.id), (one.row, one.column, one.cell_width), one.scroll_offset)
        if isinstance(one, DayInput):
            return Place(str(one.id), one.day, Offset())
        if isinstance(one, Input):
            return Place(str(one.id), one.value, Offset())
        return Place(str(one.id) if one else "", None, one.scroll_offset if one else Offset())

    def seen(self) -> Seen:
        """Everything that a key could change."""
        return Seen(
            tuple(type(one) for one in self.app.screen_stack),
            screen_text(self.app),
            self.place,
            tuple(self.answers.asked),
            self.app.clipboard,
            tuple(self.opened),
            tuple(self.edited),
            tuple(sorted(path.name for path in Path.cwd().iterdir())),
            len(self.suspended),
            self.app._exit,
            tuple(side.scroll_offset.y for side in self.app.screen.query(LinesPane)),
            next((one.cursor for one in self.app.screen.query(LineTable)), -1),
        )


class Seen(NamedTuple):
    """What a person, the store or the machine could notice."""

    screens: tuple[type, ...]
    text: str
    place: Place
    asked: tuple[tuple[object, ...], ...]
    clipboard: str
    opened: tuple[str, ...]
    edited: tuple[str, ...]
    files: tuple[str, ...]
    suspended: int
    is_left: bool
    sides: tuple[int, ...]
    choice: int
    """Line of the first list, whatever has the keys."""

    @property
    def top(self) -> type:
        return self.screens[-1]


Check = Callable[[Seen, Seen], bool]


class Effect(NamedTuple):
    """How one comes to where a key works, and what it does: a comparison of what was seen before and after."""

    route: tuple[str, ...]
    does: Check
    size: tuple[int, int] = (120, 40)


def goes_to(screen: type) -> Check:
    """Another screen on top."""
    return lambda before, after: after.top is screen and after.screens != before.screens


def leaves(before: Seen, after: Seen) -> bool:
    """Back to what was below."""
    return after.screens == before.screens[:-1]


def asks(*what: object) -> Check:
    """The store is asked or told just this, anew."""
    return lambda before, after: any(one[: len(what)] == what for one in after.asked[len(before.asked) :])


def asks_with_green(before: Seen, after: Seen) -> bool:
    """The grid is asked for anew, with the rows that were never red."""
    return any(one[0] == "grid" and one[2] is True for one in after.asked[len(before.asked) :])


def acts(action: str) -> Check:
    """A deed of this kind is written."""

    def check(before: Seen, after: Seen) -> bool:
        new = [one for one in after.asked[len(before.asked) :] if one[0] == "act"]
        return [getattr(one[2], "action", "") for one in new] == [action]

    return check


def shows(text: str) -> Check:
    """Words that were not there."""
    return lambda before, after: text in after.text and text not in before.text


def hides(text: str) -> Check:
    """Words that are gone."""
    return lambda before, after: text in before.text and text not in after.text


def sorts(before: Seen, after: Seen) -> bool:
    """The rows stand in another order, with its sign in the titles."""
    is_signed = any(sign in after.text and sign not in before.text for sign in (UNICODE.up, UNICODE.down))
    return is_signed and before.text.splitlines()[4:] != after.text.splitlines()[4:]


def unsorts(before: Seen, after: Seen) -> bool:
    """The rows stand as they are given again."""
    return sorts(after, before)


def cursor(step: int) -> Check:
    """The line below or above, of as many."""
    return lambda before, after: after.place.cursor == before.place.cursor + step


def cursor_at(wanted: object) -> Check:
    """Another line, a known one."""
    return lambda before, after: bool(after.place.cursor == wanted != before.place.cursor)


def cell(rows: int, columns: int) -> Check:
    """Another cell of the grid, so far away."""

    def check(before: Seen, after: Seen) -> bool:
        was, now = before.place.cursor, after.place.cursor
        return (now[0] - was[0], now[1] - was[1]) == (rows, columns)

    return check


def along(direction: int) -> Check:
    """Another column of the same row, to one side."""

    def check(before: Seen, after: Seen) -> bool:
        was, now = before.place.cursor, after.place.cursor
        return bool(now[0] == was[0] and (now[1] - was[1]) * direction > 0)

    return check


def width(step: int) -> Check:
    """Wider or narrower columns."""
    return lambda before, after: bool(after.place.cursor[2] - before.place.cursor[2] == step)


def scrolls(direction: int) -> Check:
    """The pane that has the keys shows what is below or above."""
    return lambda before, after: (after.place.scroll.y - before.place.scroll.y) * direction > 0


def side(direction: int) -> Check:
    """The pane beside shows what is below or above, the selection stays."""
    return lambda before, after: (sum(after.sides) - sum(before.sides)) * direction > 0 and after.place == before.place


def days(step: int) -> Check:
    """So many days later."""
    return lambda before, after: (after.place.cursor - before.place.cursor).days == step


def month(direction: int) -> Check:
    """About a month later."""
    return lambda before, after: 28 <= (after.place.cursor - before.place.cursor).days * direction <= 31


def focuses(name: str) -> Check:
    """Something else has the keys."""
    return lambda before, after: after.place.focus == name != before.place.focus


def copies(text: str) -> Check:
    """A text that has these words is in the clipboard."""
    return lambda before, after: text in after.clipboard and after.clipboard != before.clipboard


def writes(prefix: str) -> Check:
    """A new file."""
    return lambda before, after: any(name.startswith(prefix) for name in set(after.files) - set(before.files))
