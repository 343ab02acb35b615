"""The dashboard: modes, theme, global keys. Views live in `tui.screens` and are imported when they are first opened."""

from __future__ import annotations

import gc
from collections.abc import Callable
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui import present, theme
from tui.answers.query import Query
from tui.colours import wanted_theme
from tui.screens.asking import Answers, StoreAnswers
from tui.screens.context import Opener, Opening, ViewContext, may_write
from tui.screens.messages import NameChosen, StoreChanged
from tui.screens.outside import browser_opener
from tui.screens.view import View
from tui.screens.watcher import StoreWatcher
from tui.widgets.chrome import TopLine
from tui.widgets.tabs import LIVE, MODES, shown_modes

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.command import Provider
    from textual.driver import Driver

    from tui.first_frame import Handover


KEY_WORDS = {
    "enter": "enter",
    "escape": "esc",
    "up": "up",
    "down": "down",
    "left": "left",
    "right": "right",
    "pagedown": "pgdn",
    "pageup": "pgup",
}


def _go_provider() -> type[Provider]:
    from tui.screens.palette import NameProvider

    return NameProvider


WARM_S = 1.0
"""From the start until garbage is looked for again."""


def _collect_garbage_again() -> None:
    """What the imports made lives as long as the process: it is set apart, and collection goes on without it."""
    if not gc.isenabled():
        gc.freeze()
        gc.enable()


class CrywolfApp(App[None]):
    """The dashboard over one store."""

    TITLE = "crywolf"
    DEFAULT_MODE = "triage"
    COMMANDS = App.COMMANDS | {_go_provider}
    COMMAND_PALETTE_DISPLAY = "ctrl+p"
    CSS_PATH = "screens/view.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(digit, f"mode('{name}')", title, id=f"mode.{name}", show=False) for digit, name, title in MODES),
        Binding(LIVE[0], "mode('live')", LIVE[2], id="mode.live", show=False),
        Binding("colon", "go_to", "Go to", id="app.go_to"),
        Binding("question_mark,f1", "show_keys", "Keys", id="app.keys"),
        Binding("q", "quit", "Quit", id="app.quit", show=False),
    ]

    def __init__(
        self,
        database: Path,
        query: Query,
        *,
        answers: Answers | None = None,
        opener: Opener | None = None,
        ascii_only: bool = False,
        theme_name: str | None = None,
        zone: tzinfo | None = None,
        watched: tuple[Path, ...] = (),
        log: Path | None = None,
        opening: Opening | None = None,
        handover: Handover | None = None,
    ) -> None:
        """A dashboard. `opening`: what its first view shows at once; `handover`: the frame that is on the screen."""
        self._handover = handover
        super().__init__()
        self.context = ViewContext(
            answers=answers if answers is not None else StoreAnswers(database),
            query=query,
            glyphs=present.ASCII if ascii_only else present.UNICODE,
            database=database,
            opener=opener or browser_opener,
            zone=zone,
            watched=watched,
            log=log,
            opening=opening or Opening(),
            is_read_only=not may_write(database),
        )
        self._watcher = StoreWatcher(
            self.context.answers.version, lambda: self.post_message(StoreChanged()), seen=self.context.opening.version
        )
        for one in (theme.DARK, theme.LIGHT):
            self.register_theme(one)
        # Without its watcher: that would have the style sheets parsed a second time before the first paint.
        self.set_reactive(App.theme, theme.name_of(wanted_theme(theme_name)))
        for name, factory in _mode_factories(self.context).items():
            self.add_mode(name, factory)

    def get_driver_class(self) -> type[Driver]:
        """The terminal's, which leaves the first frame on the screen until it draws over it."""
        base = super().get_driver_class()
        if self._handover is None:
            return base
        swallows = self._handover.swallows

        class TakingOver(base):  # type: ignore[misc, valid-type]
            def write(self, data: str) -> None:
                if not swallows(data):
                    super().write(data)

        return TakingOver

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Tones for themes that know none of ours."""
        return theme.tone_defaults(self.current_theme.to_color_system().generate())

    def get_key_display(self, binding: Binding) -> str:
        """Keys by the words that are printed on them."""
        return KEY_WORDS.get(binding.key) or super().get_key_display(binding).replace("^", "ctrl+")

    def on_mount(self) -> None:
        """Starts looking for changes."""
        self._watcher.start()
        self.set_timer(WARM_S, _collect_garbage_again)

    def on_unmount(self) -> None:
        """Ends the watcher and the connections."""
        self._watcher.stop()
        self.context.answers.close()

    @on(StoreChanged)
    def _reload_active(self) -> None:
        self.context.pulse.beats += 1
        if isinstance(self.screen, View):
            self.screen.reload(is_quiet=True)

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The Live mode is there when something is watched; modes change under no dialog."""
        if action == "mode":
            return isinstance(self.screen, View) and (parameters != ("live",) or bool(self.context.watched))
        if action in ("go_to", "show_keys"):
            return isinstance(self.screen, View)
        return True

    def action_mode(self, mode: str) -> None:
        """Another mode; pressed again, the mode's first view."""
        if mode == self.current_mode:
            while len(self.screen_stack) > 1:
                self.pop_screen()
        else:
            self.switch_mode(mode)

    @on(TopLine.ModeClicked)
    def _click_mode(self, event: TopLine.ModeClicked) -> None:
        self.action_mode(event.mode)

    def action_go_to(self) -> None:
        """Goes to anything by name."""
        from tui.screens.go_to import GoTo

        self.push_screen(GoTo(self.context), self._go)

    def action_show_keys(self) -> None:
        """All keys of this view."""
        from tui.screens.keys import KeysScreen, keys_of

        self.push_screen(KeysScreen(keys_of(self.screen), self.context.glyphs))

    @on(NameChosen)
    def _go_chosen(self, event: NameChosen) -> None:
        self._go((event.kind, event.key))

    def _go(self, target: tuple[str, str] | None) -> None:
        if target is None:
            return
        from tui.screens.go_to import view_of

        kind, key = target
        if kind == "mode":
            self.action_mode(key)
        else:
            self.push_screen(view_of(self.context, kind, key))

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """Everything that has a key, by name as well."""
        yield from super().get_system_commands(screen)
        for digit, name, title in shown_modes(is_watching=bool(self.context.watched)):
            yield SystemCommand(title, f"Go to mode {digit}", lambda name=name: self.action_mode(name))
        if isinstance(screen, View):
            yield SystemCommand("Refresh", "Read again now", screen.action_reload)
            yield SystemCommand("Export", "Write what is seen to a CSV file", screen.action_export)
            yield SystemCommand("Copy", "Copy what is selected", screen.action_copy)


def _mode_factories(context: ViewContext) -> dict[str, Callable[[], Screen[Any]]]:
    """A maker for each mode; each imports its screen when the mode is first opened."""

    def triage() -> Screen[Any]:
        from tui.screens.triage import TriageView

        return TriageView(context)

    def tests() -> Screen[Any]:
        from tui.screens.tests import TestsView

        return TestsView(context)

    def services() -> Screen[Any]:
        from tui.screens.services import ServicesView

        return ServicesView(context)

    def timeline() -> Screen[Any]:
        from tui.screens.timeline import TimelineView

        return TimelineView(context)

    def changes() -> Screen[Any]:
        from tui.screens.changes import ChangesView

        return ChangesView(context)

    def quarantine() -> Screen[Any]:
        from tui.screens.quarantine import QuarantineView

        return QuarantineView(context)

    def live() -> Screen[Any]:
        from tui.screens.live import LiveView

        return LiveView(context)

    makers: dict[str, Callable[[], Screen[Any]]] = {
        "triage": triage,
        "tests": tests,
        "services": services,
        "timeline": timeline,
        "changes": changes,
        "quarantine": quarantine,
    }
    return {**makers, "live": live} if context.watched else makers
