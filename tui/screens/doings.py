"""Everything that can be done or gone to without the store, by name: for the dialog behind `:` and ctrl+p."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from textual.dom import DOMNode
from textual.screen import Screen

from tui import theme
from tui.screens.go_to import Entry
from tui.widgets.tabs import shown_modes

if TYPE_CHECKING:
    from tui.personal import PersonalApp

_MOVES = frozenset({"table", "grid", "pane", "filter", "mode", "own"})
_HIDDEN = frozenset({"app.go_to", "app.palette", "view.back", "view.side_down", "view.side_up"})


@dataclass(frozen=True, slots=True)
class Doing:
    """An action that works now."""

    label: str
    keys: str
    action: str
    node: DOMNode


def doings(screen: Screen[Any], app: PersonalApp) -> list[Doing]:
    """What can be done here, in the order of the bindings; moving about is no doing."""
    found: dict[str, Doing] = {}
    for active in screen.active_bindings.values():
        binding = active.binding
        kind = (binding.id or "").partition(".")[0]
        if not binding.id or binding.id in _HIDDEN or kind in _MOVES or not active.enabled:
            continue
        found.setdefault(
            binding.id,
            Doing(binding.tooltip or binding.description, app.get_key_display(binding), binding.action, active.node),
        )
    own = [
        Doing(command.name, command.key, f"run_own({number})", app)
        for number, command in enumerate(app.own_commands)
        if app.may_run(number)
    ]
    return [*own, *found.values(), Doing("tour", "", "tour", app), Doing("quit", "q", "quit", app)]


def entries(app: PersonalApp, here: list[Doing]) -> list[Entry]:
    """Modes, saved views, what can be done here, themes."""
    modes = shown_modes(is_watching=bool(app.context.watched))
    result = [Entry("mode", name, title, f"key {digit}") for digit, name, title in modes]
    for view in app.saved_views:
        words = " ".join(part for part in (view.mode, view.filter) if part)
        result.append(Entry("view", view.name, view.name, f"key {view.key}   {words}" if view.key else words))
    result += [
        Entry("do", str(number), doing.label, f"key {doing.keys}" if doing.keys else "")
        for number, doing in enumerate(here)
    ]
    ours = (theme.DARK.name, theme.LIGHT.name)
    others = sorted(name for name in app.available_themes if name not in ours)
    return result + [Entry("theme", name, name, "now" if name == app.theme else "") for name in (*ours, *others)]
