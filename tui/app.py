"""The dashboard: modes, theme, global keys. Views live in `tui.screens` and are imported when they are first opened."""

from __future__ import annotations

import asyncio
import gc
import os
from contextlib import contextmanager
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar

from textual import constants, on
from textual.app import App, ScreenStackError
from textual.binding import Binding, BindingType
from textual.css.query import NoMatches
from textual.driver import Driver
from textual.screen import Screen

from tui import present, theme
from tui.answers.query import Query
from tui.colours import wanted_theme
from tui.modes import MAKERS, is_there, maker
from tui.personal import PersonalApp
from tui.remembered import Remembered
from tui.screens.answering import trim_memory
from tui.screens.asking import Answers, StoreAnswers
from tui.screens.context import Opener, Opening, ViewContext, may_write
from tui.screens.messages import AnswerLoaded, StoreChanged
from tui.screens.outside import browser_opener, tell
from tui.screens.paced import PacedMessages
from tui.screens.view import View
from tui.screens.watcher import StoreWatcher
from tui.steady import LOOK_S, end_by_signals, is_terminal_gone, steady
from tui.warming import KeptStylesheet, import_screens, parse_styles, take_styles
from tui.widgets.chrome import TopLine
from tui.widgets.pieces import using_ellipsis
from tui.widgets.plain_bar import using_bars
from tui.widgets.tabs import LIVE, MODES

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping, Sequence

    from textual.actions import ActionParseResult
    from textual.dom import DOMNode

    from tui.first_frame import Handover
    from tui.screens.doings import Doing


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


ESCAPE_S = 0.05
"""After which esc is the key and not the beginning of another; what Textual waits is all that a key may take."""
WARM_S = 1.0
"""From the start until garbage is looked for again."""
COLLECT_S = 5.0
"""Between two looks for old garbage."""
TRIM_S = 60.0
"""Between two times that freed memory is given back."""


YOUNG = 5_000
"""New objects after which garbage is looked for among them: most of what one picture is drawn with is gone by then."""


def _collect_garbage_again() -> bool:
    """What the imports made lives as long as the process: it is set apart, and collection goes on without it.

    What is older than a picture is looked through now and then by the clock, and not in the middle of a key.
    """
    if gc.isenabled():
        return False
    gc.freeze()
    gc.set_threshold(YOUNG, 2**30, 2**30)
    gc.enable()
    return True


def is_whole(node: DOMNode) -> bool:
    """Whether a widget has all that it is made of: it is mounted, and is not being removed (8.2.8)."""
    return node._is_mounted and not node._pruning


class CrywolfApp(PacedMessages, PersonalApp):
    """The dashboard over one store."""

    TITLE = "crywolf"
    DEFAULT_MODE = "triage"
    ENABLE_COMMAND_PALETTE = False
    CSS_PATH = "screens/view.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(digit, f"mode('{name}')", title, id=f"mode.{name}", show=False) for digit, name, title in MODES),
        Binding(LIVE[0], "mode('live')", LIVE[2], id="mode.live", show=False),
        Binding("colon", "go_to", "Go to", id="app.go_to"),
        Binding("ctrl+p", "go_to", "Find anything, do anything", id="app.palette", show=False),
        Binding("W", "save_view", "Save this view", id="app.save_view", show=False),
        Binding("question_mark,f1", "show_keys", "Keys", id="app.keys"),
        Binding("q", "quit", "Quit", id="app.quit", show=False),
        Binding("ctrl+z", "suspend_process", "Suspend; fg comes back", id="app.suspend", show=False),
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
        remembered: Remembered | None = None,
        is_read_only: bool = False,
    ) -> None:
        """A dashboard. `opening`: what its first view shows at once; `handover`: the frame that is on the screen."""
        self._handover = handover
        self._put_back_signals: Callable[[], None] = lambda: None
        self._set_apart = 0
        """Of how many modes the first views are."""
        super().__init__()
        self.stylesheet = KeptStylesheet(variables=self.stylesheet._variables)
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
            remembered=remembered or Remembered(is_toured=True),
            is_read_only=is_read_only or not may_write(database),
        )
        self.set_class(ascii_only, "-ascii")
        if self.is_web and opener is None:
            self.context.opener = self._open_in_browser
        self._watcher = StoreWatcher(
            self.context.answers.version, lambda: self.post_message(StoreChanged()), seen=self.context.opening.version
        )
        for one in (theme.DARK, theme.LIGHT):
            self.register_theme(one)
        # Without its watcher: that would have the style sheets parsed a second time before the first paint.
        self.set_reactive(App.theme, theme.name_of(wanted_theme(theme_name)))
        for name in MAKERS:
            if is_there(self.context, name):
                self.add_mode(name, maker(self.context, name, self.firsts))

    def get_driver_class(self) -> type[Driver]:
        """The terminal's, which leaves the first frame on the screen until it draws over it."""
        if "ESCDELAY" not in os.environ:
            constants.ESCAPE_DELAY = ESCAPE_S  # type: ignore[misc]  # read for every key
        return steady(super().get_driver_class(), self._handover.swallows if self._handover is not None else None)

    @contextmanager
    def _context(self) -> Generator[None, None, None]:
        """All that it does and draws is done and drawn within: there may be several apps in a process (8.2.8)."""
        glyphs = self.context.glyphs
        with super()._context(), using_ellipsis(glyphs.ellipsis), using_bars(is_plain=glyphs is present.ASCII):
            yield

    def get_theme_variable_defaults(self) -> dict[str, str]:
        """Tones for themes that know none of ours."""
        return theme.tone_defaults(self.current_theme.to_color_system().generate())

    def get_key_display(self, binding: Binding) -> str:
        """Keys by the words that are printed on them."""
        return KEY_WORDS.get(binding.key) or super().get_key_display(binding).replace("^", "ctrl+")

    def on_load(self) -> None:
        """Ends by signals as by its key, from before the terminal is taken."""
        self._put_back_signals = end_by_signals(lambda number: self.exit(return_code=128 + number))

    def on_mount(self) -> None:
        """Starts looking for changes, where one left."""
        self._watcher.start()
        self.set_timer(WARM_S, self._warm)
        self.begin_personal()
        if not self.is_headless:
            parent = os.getppid()
            is_left: Callable[[], bool] = (lambda: os.getppid() != parent) if self.is_web else is_terminal_gone
            self.set_interval(LOOK_S, lambda: self.exit() if is_left() else None)
        mode = self.context.remembered.mode
        if mode != self.DEFAULT_MODE and is_there(self.context, mode):
            self.switch_mode(mode)
        self.call_after_refresh(self._tour_once)

    def _warm(self) -> None:
        if _collect_garbage_again():
            self.set_interval(COLLECT_S, self._collect_garbage)
            self.set_interval(TRIM_S, trim_memory)
        if not self.is_headless:
            import_screens(self._warm_styles)

    def _collect_garbage(self) -> None:
        """What a mode's first view is made of stays as long as the process: it is set apart, once, when it is alone.

        To look through it keeps a key waiting. If that were done more often, more of what goes later would stay.
        """
        gc.collect()
        there = sum(isinstance(node, Screen) for node in self._registry)
        if there == len(self.firsts) > self._set_apart:
            self._set_apart = there
            gc.freeze()

    def _warm_styles(self) -> None:
        """In the thread that imports."""
        self.call_later(take_styles, self, parse_styles(self.stylesheet))

    def _handle_exception(self, error: Exception) -> None:
        """No news while the dashboard is left: screens are then without their widgets, and gone at last (8.2.8)."""
        is_left = self._exit or not self._running
        if not (is_left and isinstance(error, (NoMatches, ScreenStackError))):
            super()._handle_exception(error)

    async def on_unmount(self) -> None:
        """Ends the watchers, what runs in the background, and the connections; it waits for them in a thread."""
        self._put_back_signals()
        await asyncio.to_thread(self._end_threads)

    def _end_threads(self) -> None:
        self.end_personal()
        self._watcher.stop()
        self.context.answers.close()

    @on(Driver.SignalResume)
    def _draw_again(self) -> None:
        """Comes back from ctrl+z to an empty screen, of which Textual draws only what changes (8.2.8)."""
        self.refresh(layout=True)

    def _open_in_browser(self, url: str) -> bool:
        self.open_url(url)
        return True

    @on(StoreChanged)
    def _reload_active(self) -> None:
        self.context.pulse.beats += 1
        self.look_for_red()
        if isinstance(self.screen, View):
            self.screen.reload(is_quiet=True)

    # Keys

    def _check_action_state(self, action: str, default_namespace: DOMNode) -> bool | None:
        """What a view cannot tell without widgets, which it has not yet or no more, it does not offer (8.2.8)."""
        try:
            return super()._check_action_state(action, default_namespace)
        except NoMatches:
            if is_whole(default_namespace):
                raise
            return False

    async def run_action(
        self,
        action: str | ActionParseResult,
        default_namespace: DOMNode | None = None,
        namespaces: Mapping[str, DOMNode] | None = None,
    ) -> bool:
        """A key of a view that has no widgets, yet or any more, does nothing where it needs them."""
        try:
            return await super().run_action(action, default_namespace, namespaces)
        except NoMatches:
            if default_namespace is None or is_whole(default_namespace):
                raise
            return False

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The Live mode is there when something is watched; modes change under no dialog."""
        if action == "mode":
            return isinstance(self.screen, View) and (parameters != ("live",) or bool(self.context.watched))
        if action == "run_own":
            return isinstance(parameters[0], int) and self.may_run(parameters[0])
        if action in ("go_to", "show_keys", "save_view", "open_saved"):
            return isinstance(self.screen, View)
        return True

    def action_help_quit(self) -> None:
        """Whoever expects ctrl+c to end the dashboard is told which key does."""
        tell(self, "q quits; ctrl+z suspends, fg comes back")

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
        """Goes to anything, and does anything, by name."""
        from tui.screens.doings import doings, entries
        from tui.screens.go_to import GoTo

        here = doings(self.screen, self)
        self.push_screen(GoTo(self.context, entries(self, here)), lambda target: self._go(target, here))

    @on(AnswerLoaded)
    def _tour_once(self) -> None:
        """The first time, once there is something that it can tell of: an empty store says itself what comes next."""
        if not self.context.remembered.is_toured and isinstance(self.screen, View) and self.screen.window() is not None:
            self.action_tour()

    def action_tour(self) -> None:
        """What one has to know, on four pages; shown by itself once."""
        from tui.screens.tour import TourScreen

        self.context.remembered.is_toured = True
        self.context.remembered.save()
        self.push_screen(TourScreen())

    def action_show_keys(self) -> None:
        """All keys of this view."""
        from tui.screens.keys import KeysScreen, keys_of

        self.push_screen(KeysScreen(keys_of(self.screen), self.context.glyphs))

    async def _go(self, target: tuple[str, str] | None, here: Sequence[Doing]) -> None:
        if target is None:
            return
        from tui.screens.go_to import view_of

        kind, key = target
        if kind == "mode":
            self.action_mode(key)
        elif kind == "view":
            self.open_saved(key)
        elif kind == "theme":
            self.choose_theme(key)
        elif kind == "do":
            doing = here[int(key)]
            await self.run_action(doing.action, doing.node)
        else:
            self.push_screen(view_of(self.context, kind, key))
