"""The dashboard: modes, theme, global keys. Views live in `tui.screens` and are imported when they are first opened."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import Screen

from tui import present, theme
from tui.answers.query import Query
from tui.screens.asking import Answers, StoreAnswers
from tui.screens.context import Opener, ViewContext
from tui.screens.messages import NameChosen, StoreChanged
from tui.screens.outside import browser_opener
from tui.screens.view import LIVE, MODES, View
from tui.screens.watcher import StoreWatcher
from tui.widgets.chrome import TopLine

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.command import Provider


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
    ) -> None:
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
        )
        self._watcher = StoreWatcher(self.context.answers.version, lambda: self.post_message(StoreChanged()))
        for one in (theme.DARK, theme.LIGHT):
            self.register_theme(one)
        # Without its watcher: that would have the style sheets parsed a second time before the first paint.
        self.set_reactive(App.theme, _theme_name(theme_name))
        for name, factory in _mode_factories(self.context).items():
            self.add_mode(name, factory)

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
        for digit, name, title in (*MODES, *((LIVE,) if self.context.watched else ())):
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

    def live() -> Screen[Any]:
        from tui.screens.live import LiveView

        return LiveView(context)

    makers: dict[str, Callable[[], Screen[Any]]] = {
        "triage": triage,
        "tests": tests,
        "services": services,
        "timeline": timeline,
        "changes": changes,
    }
    return {**makers, "live": live} if context.watched else makers


def _theme_name(wanted: str | None) -> str:
    """`dark`, `light`, or the name of any Textual theme."""
    from textual.theme import BUILTIN_THEMES

    name = wanted or os.environ.get("CRYWOLF_THEME") or "dark"
    ours = {"dark": theme.DARK.name, "light": theme.LIGHT.name}
    name = ours.get(name, name)
    return name if name in (*ours.values(), *BUILTIN_THEMES) else theme.DARK.name


def run_dashboard(
    database: Path,
    query: Query,
    *,
    watch: tuple[Path, ...] = (),
    ascii_only: bool = False,
    theme: str | None = None,
) -> int:
    """Opens the dashboard until the person leaves it; tails directories in a child process meanwhile.

    Returns:
        The exit code: 0, or Textual's own when the app ended by an error.
    """
    answers = StoreAnswers(database)
    answers.start_early(query)
    with _watching(database, watch) as log:
        app = CrywolfApp(
            database,
            query,
            answers=answers,
            ascii_only=ascii_only or bool(os.environ.get("CRYWOLF_ASCII")),
            theme_name=theme,
            watched=watch,
            log=log,
        )
        app.run()
    return app.return_code or 0


@contextmanager
def _watching(database: Path, folders: tuple[Path, ...]) -> Iterator[Path | None]:
    if not folders:
        yield None
        return
    from tui.screens.tail import tailing

    with tailing(database, folders) as log:
        yield log
