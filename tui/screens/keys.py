"""`?`: the keys of what has the focus, made from the bindings, and what the signs mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen

from ingest.model import Result
from tui import present
from tui.screens.dialog import Dialog
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, ends, fit, line, width_of

KEY_CELLS, GAP = 16, 3


@dataclass(frozen=True, slots=True)
class KeyHelp:
    """One action with all its keys; `is_local` when it belongs to the view and not to every one."""

    keys: str
    description: str
    is_local: bool
    rank: int = 0
    """What this view alone can do, what several can, what moves."""


def keys_of(screen: Screen[Any]) -> list[KeyHelp]:
    """What works now, one entry an action, what only this view can do first and what moves last."""
    found: dict[str, tuple[list[str], str, bool, int]] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        if not binding.description or not binding.id:
            continue
        is_local = active.node is not screen.app
        keys = found.setdefault(binding.id, ([], binding.tooltip or binding.description, is_local, _rank(binding.id)))[
            0
        ]
        keys.append(screen.app.get_key_display(binding))
    listed = [KeyHelp("  ".join(dict.fromkeys(keys)), text, local, rank) for keys, text, local, rank in found.values()]
    return sorted(listed, key=lambda one: one.rank)


def _rank(name: str) -> int:
    if name == "table.open":
        return 0
    kind = name.partition(".")[0]
    return {"act": 1, "view": 2, "table": 3, "grid": 3, "pane": 3}.get(kind, 0)


class KeysScreen(Dialog[None]):
    """The list of keys; any of the closing keys closes it."""

    CSS_PATH: ClassVar[str] = "keys.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,q,question_mark,enter", "dismiss(None)", "Close", id="keys.close"),
    ]

    def __init__(self, keys: list[KeyHelp], glyphs: present.Glyphs) -> None:
        super().__init__()
        self._keys, self._glyphs = keys, glyphs

    def compose(self) -> ComposeResult:
        with Vertical(id="keys-box"):
            yield LinesPane(id="keys-list")

    def on_mount(self) -> None:
        """Writes the list."""
        pane = self.query_one("#keys-list", LinesPane)
        pane.set_source(lambda width: keys_lines(self._keys, self._glyphs, width))
        self.set_focus(pane)


def keys_lines(keys: list[KeyHelp], glyphs: present.Glyphs, width: int) -> list[Line]:
    """Keys of this view, keys of every view, legend; in two columns where there is room for both."""
    here = [_key_line(one) for one in keys if one.is_local]
    everywhere = [_key_line(one) for one in keys if not one.is_local]
    widest = max((width_of(one) for one in (*here, *everywhere)), default=0)
    room = widest + GAP if 2 * widest + GAP <= width else 0
    return [
        ends(line(("this view", "strong")), line(("esc closes", "muted")), width),
        *_columns(here, room),
        (),
        line(("everywhere", "strong")),
        *_columns(everywhere, room),
        (),
        line(("signs", "strong")),
        *_columns(_legend(glyphs), room),
    ]


def _key_line(one: KeyHelp) -> Line:
    return (*fit(line((one.keys, "accent")), max(KEY_CELLS, width_of(line(one.keys)) + 1)), *line(one.description))


def _legend(glyphs: present.Glyphs) -> list[Line]:
    lines = [present.verdict_pieces(verdict, glyphs) for verdict in glyphs.verdicts]
    for result in (Result.SKIPPED, None):
        lines.append(line(f"{glyphs.results[result]} {present.RESULT_WORDS[result]}"))
    lines.append(line(f"{glyphs.masked} in a masked outage"))
    lines.append(line(f"{glyphs.new} new; ! failing again; else a letter: acknowledged, claimed..."))
    return lines


def _columns(items: list[Line], room: int) -> list[Line]:
    """Items below each other, or in two columns of which the left one takes `room` cells."""
    if not room:
        return items
    half = (len(items) + 1) // 2
    rights = [*items[half:], ()]
    return [(*fit(left, room), *rights[index]) for index, left in enumerate(items[:half])]
