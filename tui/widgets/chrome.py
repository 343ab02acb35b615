"""The lines around every view: tabs and scope on top, the filter and the keys at the bottom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import ClassVar

from rich.cells import cell_len
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal
from textual.content import Content
from textual.message import Message
from textual.widgets import Input, Static

from tui.widgets.lines import TwoEnds
from tui.widgets.tabs import Mode, scope_beside, tab_at, tabs

MAX_KEYS = 8
KEY_GAP = 3


class TopLine(TwoEnds):
    """Name, modes and what is looked at; a click on a mode goes there."""

    DEFAULT_CSS = """
    TopLine { background: $panel; }
    """

    @dataclass
    class ModeClicked(Message):
        """A mode's name was clicked."""

        mode: str

    def __init__(self, modes: Sequence[Mode], current: str) -> None:
        """`current` is the name of the active mode."""
        super().__init__(id="top")
        self._modes, self._current = tuple(modes), current
        self._scope = ("", "")

    def set_scope(self, words: str, dot: str) -> None:
        """What is looked at, its words separated by a dot."""
        self._scope = (words, dot)
        self._arrange()

    def on_resize(self) -> None:
        """Another width may fit another wording."""
        self._arrange()

    def _arrange(self) -> None:
        left = tabs(self._modes, self._current, self.size.width, self._beside)
        self.set_ends(left, scope_beside(left, *self._scope, self.size.width))

    @property
    def _beside(self) -> int:
        """Cells that what is looked at takes, with the gap before it."""
        return cell_len(self._scope[0]) + 2

    def on_click(self, event: events.Click) -> None:
        """Finds the mode under the pointer."""
        mode = tab_at(self._modes, self._current, event.x - 1, self.size.width, self._beside)
        if mode is not None:
            self.post_message(self.ModeClicked(mode))


class FilterLine(Horizontal):
    """Where a filter is typed; shown while it is open or has text."""

    DEFAULT_CSS = """
    FilterLine { height: 1; padding: 0 1; display: none; }
    FilterLine.-open { display: block; }
    FilterLine > Static { width: auto; color: $tone-accent; }
    FilterLine > #filter-hint { color: $tone-muted; margin-left: 2; max-width: 68%; text-wrap: nowrap;
                                text-overflow: ellipsis; }
    FilterLine > #filter-hint.-wrong { color: $tone-unowned; }
    FilterLine > Input { width: 1fr; min-width: 12; height: 1; border: none; padding: 0; background: $background; }
    FilterLine > Input:focus { border: none; background: $background; }
    """
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "clear", "Clear filter", id="filter.clear"),
        Binding("down,enter", "leave", "Back to the list", id="filter.leave"),
    ]

    @dataclass
    class Changed(Message):
        """The filter's text changed."""

        text: str

    class Left(Message):
        """The filter stays, the list has the keys again."""

    class Cleared(Message):
        """The filter is gone."""

    def __init__(self, fields: Sequence[str] = ()) -> None:
        """`fields`: what can be named, as in `owner:tills`."""
        super().__init__()
        self._fields = tuple(fields)

    def compose(self) -> ComposeResult:
        yield Static("/ ", markup=False)
        yield Input(id="filter", compact=True, select_on_focus=False)
        yield Static(self._help(), id="filter-hint", markup=False)

    def _help(self) -> str:
        named = "  " + " ".join(f"{field}:" for field in self._fields) if self._fields else ""
        return f"!word leaves out{named}"

    def tell(self, unknown: str) -> None:
        """Says which fields there are, loudly where the filter names another one."""
        hint = self.query_one("#filter-hint", Static)
        hint.set_class(bool(unknown), "-wrong")
        there = " ".join(f"{field}:" for field in self._fields) or "none"
        hint.update(f"no field {unknown}: here; there are {there}" if unknown else self._help())

    def set_text(self, text: str) -> None:
        """Puts a text in without a word to anyone; the line is there while it has one."""
        with self.prevent(Input.Changed):
            self.input.value = text
        self.show_open(bool(text))

    @property
    def input(self) -> Input:
        """The input itself, to focus it."""
        return self.query_one("#filter", Input)

    def take_keys(self) -> None:
        """Opens the line; `set_focus`, since a message would come after the letters of the same burst."""
        self.show_open(True)
        self.screen.set_focus(self.input)

    def show_open(self, is_open: bool) -> None:
        """Shows or hides the line."""
        self.set_class(is_open, "-open")

    @on(Input.Changed, "#filter")
    def _tell_change(self, event: Input.Changed) -> None:
        event.stop()
        self.post_message(self.Changed(event.value))

    @on(Input.Submitted, "#filter")
    def _leave(self, event: Input.Submitted) -> None:
        event.stop()
        self.post_message(self.Left())

    def action_leave(self) -> None:
        """Keeps the filter."""
        self.post_message(self.Left())

    def action_clear(self) -> None:
        """Takes the filter away."""
        self.input.value = ""
        self.post_message(self.Cleared())


class KeyLine(Static):
    """The keys of what has the focus: at most eight, made from the bindings; a click presses one. A note ends it."""

    DEFAULT_CSS = """
    KeyLine { height: 1; padding: 0 1; color: $tone-muted; background: $panel; }
    KeyLine { text-wrap: nowrap; text-overflow: ellipsis; }
    """

    def __init__(self, note: str = "") -> None:
        """`note`: what holds for all keys, such as that nothing is written."""
        super().__init__(id="keys", markup=False)
        self._note = note
        self._shown: list[tuple[str, str, str]] = []
        self._drawn: tuple[object, int] | None = None
        self._is_due = False

    def on_mount(self) -> None:
        """Follows the bindings of its screen."""
        self.screen.bindings_updated_signal.subscribe(self, lambda _: self._show_soon())
        self.call_after_refresh(self.show_keys)

    def _show_soon(self) -> None:
        """Once, however often a key changes what works: every binding is asked whether it does."""
        if not self._is_due:
            self._is_due = True
            self.call_next(self.show_keys)

    def show_keys(self) -> None:
        """Writes the keys that work now, if others stand there: none under a dialog, which tells its own."""
        self._is_due = False
        shown = dict[str, tuple[str, str, str]]()
        active = () if self.app.screen.is_modal else self.screen.active_bindings.values()
        for binding in sorted((one.binding for one in active), key=_rank):
            if binding.show and binding.description:
                key = self.app.get_key_display(binding)
                shown.setdefault(binding.action, (key, binding.description.lower(), binding.key))
        room = self.size.width - 2
        keys = fitting_keys(list(shown.values()), room - (cell_len(self._note) + KEY_GAP if self._note else 0))
        drawn = (keys, room)
        if drawn != self._drawn:
            self._drawn, self._shown = drawn, keys
            self.update(_keys_content(keys, self._note, room), layout=False)

    def on_click(self, event: events.Click) -> None:
        """Presses the key under the pointer."""
        left = 1
        for key, word, pressed in self._shown:
            right = left + cell_len(f"{key} {word}")
            if left <= event.x < right:
                self.app.simulate_key(pressed)
                return
            left = right + KEY_GAP

    def on_resize(self) -> None:
        """Another width has room for others."""
        self.show_keys()


def _rank(binding: Binding) -> int:
    """What opens and what acts, then what this view alone can do, then what takes things along."""
    kind = (binding.id or "").partition(".")[0]
    if kind in ("table", "grid", "pane", "form", "keys", "filter", "go_to"):
        return 0
    return {"act": 1, "view": 3, "app": 4}.get(kind, 2)


def fitting_keys(keys: Sequence[tuple[str, str, str]], width: int) -> list[tuple[str, str, str]]:
    """As many as fit, eight at most; the last, which lists them all, is always among them."""
    kept = list(keys) if len(keys) <= MAX_KEYS else [*keys[: MAX_KEYS - 1], keys[-1]]
    while len(kept) > 1 and sum(cell_len(f"{key} {word}") + KEY_GAP for key, word, _ in kept) - KEY_GAP > width:
        del kept[-2]
    return kept


def _keys_content(keys: Iterable[tuple[str, str, str]], note: str, room: int) -> Content:
    parts = [Content.assemble((key, "bold $tone-accent"), " ", (word, "")) for key, word, _ in keys]
    content = Content(" " * KEY_GAP).join(parts)
    if not note:
        return content
    return Content.assemble(content, " " * max(room - content.cell_length - cell_len(note), 1), (note, "$tone-unowned"))
