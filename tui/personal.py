"""What is a person's own in the dashboard: how it was left, saved views, keys that run commands, theme, settings.

Settings are read again when their file is saved. A file that cannot be used changes nothing: it is said what is wrong
in it, on which line, and everything goes on as it was.
"""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual import on, work
from textual.app import App, SuspendNotSupported
from textual.binding import Binding
from textual.timer import Timer

from ingest.settings_dashboard import KeyCommand, SavedView
from ingest.settings_user import files_of, load_layers
from tui import theme
from tui.alarms import RedSeen, run_program, sequence, words
from tui.answers.query import Query
from tui.modes import is_there
from tui.remembered import Arrangement, with_view
from tui.screens import outside
from tui.screens.messages import CommandEnded, SettingsLoaded, SettingsRefused, TurnedRed
from tui.screens.own_keys import NoSuchValue, Running, arguments, fits, run_in_terminal, values_of
from tui.screens.view import View
from tui.screens.watcher import StoreWatcher

if TYPE_CHECKING:
    from tui.screens.context import ViewContext
    from tui.screens.form import Problems, Values

SETTINGS_LOOK_S = 1.0
RED_LOOK_S = 3.0
"""Between the first change of the store and the look for what turned red."""
VIEW_KEYS = tuple(f"f{number}" for number in range(2, 13))
"""Proposed for saved views, in this order."""


class PersonalApp(App[None]):
    """The part of the dashboard that differs from person to person."""

    context: ViewContext

    def __init__(self) -> None:
        super().__init__()
        self.firsts: dict[str, View[Any]] = {}
        """First view of each mode that was opened."""
        self._usual_bindings = self._bindings.copy()
        self._behind = Running()
        self._settings_watcher: StoreWatcher | None = None
        self._red_seen = RedSeen()
        self._red_look: Timer | None = None

    def begin_personal(self) -> None:
        """Binds the keys of views and commands, and looks after the settings' file."""
        self.bind_own_keys()
        self.look_for_red()
        if any(files_of(self.context.query.settings)):
            self._settings_watcher = StoreWatcher(self._settings_version, self._read_settings, SETTINGS_LOOK_S)
            self._settings_watcher.start()

    def end_personal(self) -> None:
        """Ends what was started here."""
        if self._settings_watcher is not None:
            self._settings_watcher.stop()
        self._behind.end()

    # What is remembered

    def exit(self, *args: Any, **more: Any) -> None:
        """Leaves, with everything noted down for the next time."""
        self.remember()
        super().exit(*args, **more)

    def remember(self) -> None:
        """Notes down how everything stands."""
        remembered = self.context.remembered
        if remembered.file is None:
            return
        remembered.mode = self.current_mode
        remembered.arranged |= {mode: view.arranged() for mode, view in self.firsts.items() if view.is_mounted}
        remembered.save()

    def choose_theme(self, name: str) -> None:
        """Another theme, now and next time."""
        self.theme = theme.name_of(name)
        self.context.remembered.theme = self.theme

    # Saved views

    @property
    def saved_views(self) -> tuple[SavedView, ...]:
        """Those of `crywolf.toml`, then those that were saved here under other names."""
        declared = self.context.query.settings.dashboard.views
        names = {view.name for view in declared}
        return (*declared, *(view for view in self.context.remembered.views if view.name not in names))

    def open_saved(self, name: str) -> None:
        """Shows a saved view."""
        view = next((one for one in self.saved_views if one.name == name), None)
        if view is None:
            return
        if not is_there(self.context, view.mode):
            outside.tell(self, f"{view.name}: nothing is watched, so there is no Live view", is_problem=True)
            return
        if view.mode != self.current_mode:
            self.switch_mode(view.mode)
        while len(self.screen_stack) > 1:
            self.pop_screen()
        if isinstance(self.screen, View):
            self.screen.visit(Arrangement(view.filter, view.sort, view.columns))

    def action_open_saved(self, name: str) -> None:
        """Shows a saved view by its key."""
        self.open_saved(name)

    def action_save_view(self) -> None:
        """Asks for a name and a key, and saves what is seen under them."""
        from tui.screens.form import Field, FormScreen

        view = self.screen
        if not isinstance(view, View) or not view.mode:
            outside.tell(self, "what a mode shows first can be saved; esc goes back there")
            return
        arranged, mode = view.arranged(), view.mode
        free = next((key for key in VIEW_KEYS if self.owner_of_key(key) is None), "")
        fields = (
            Field("name", "name", "", "such as: reds of my team"),
            Field("key", "key", free, "f2 to f12, or any key that is free; none is fine"),
        )

        def done(values: Values | None) -> None:
            if values is not None:
                saved = SavedView(values["name"], mode, values["key"], arranged.filter, arranged.sort, arranged.columns)
                self._save_view(saved)

        title = f"Save this view: {mode}{f', filter {arranged.filter}' if arranged.filter else ''}"
        self.push_screen(FormScreen(title, fields, self._wrong_with_view), done)

    def _wrong_with_view(self, values: Values) -> Problems:
        wrong = {}
        if not values["name"]:
            wrong["name"] = "it needs a name"
        elif any(one.name == values["name"] for one in self.context.query.settings.dashboard.views):
            wrong["name"] = "crywolf.toml has a view of this name"
        if values["key"] and (owner := self.owner_of_key(values["key"], but_for=values["name"])):
            wrong["key"] = f"{values['key']} is taken: {owner}"
        return wrong

    def _save_view(self, view: SavedView) -> None:
        remembered = self.context.remembered
        remembered.views = with_view(remembered.views, view)
        self.bind_own_keys()
        self.remember()
        where = f"; key {view.key}" if view.key else "; found by its name with :"
        kept = "" if remembered.file else ", until the dashboard ends"
        outside.tell(self, f"saved: {view.name}{where}{kept}")

    # Keys

    def bind_own_keys(self) -> None:
        """Binds the keys of saved views and commands; one that is taken is told."""
        self._bindings = self._usual_bindings.copy()
        taken = []
        for key, action, name in self._wanted_keys():
            if (owner := self.owner_of_key(key)) is not None:
                taken.append(f"{key} of {name} is taken: {owner}")
                continue
            binding = Binding(key, action, name, id=f"own.{action}", show=False)
            self._bindings.key_to_bindings.setdefault(key, []).append(binding)
        if taken:
            outside.tell(self, "; ".join(taken), is_problem=True)
        self.refresh_bindings_of_screen()

    def refresh_bindings_of_screen(self) -> None:
        """Has the line of keys drawn anew."""
        if self.is_running and self.screen_stack:
            self.screen.refresh_bindings()

    def _wanted_keys(self) -> Sequence[tuple[str, str, str]]:
        views = [(one.key, f"open_saved({one.name!r})", one.name) for one in self.saved_views if one.key]
        commands = enumerate(self.context.query.settings.dashboard.commands)
        return [*views, *((one.key, f"run_own({number})", one.name) for number, one in commands)]

    def owner_of_key(self, key: str, but_for: str = "") -> str | None:
        """What a key does already, everywhere or in the view that is seen; None where it is free."""
        found = [binding for binding in self._bindings.key_to_bindings.get(key, ()) if binding.description != but_for]
        views = [screen for screen in self.screen_stack if isinstance(screen, View)] if self.is_running else []
        for view in views[-1:]:
            nodes = (view.main, view) if view.is_mounted else (view,)
            found += [binding for node in nodes for binding in node._bindings.key_to_bindings.get(key, ())]
        return next((binding.description or binding.action for binding in found), None)

    # Commands

    @property
    def own_commands(self) -> tuple[KeyCommand, ...]:
        """Those of `crywolf.toml`; in a browser there are none, for they would run on the machine that serves it."""
        return () if self.is_web else self.context.query.settings.dashboard.commands

    def may_run(self, number: int) -> bool:
        """Whether a command is for what is seen now."""
        commands = self.own_commands
        return number < len(commands) and isinstance(self.screen, View) and fits(commands[number], self.screen)

    def action_run_own(self, number: int) -> None:
        """Runs a command with the values of what is selected."""
        if not self.may_run(number) or not isinstance(self.screen, View):
            return
        command, values = self.own_commands[number], values_of(self.screen)
        try:
            parts = arguments(command, values)
            if not command.has_terminal:
                self._run_behind(command.name, parts, values)
                return
            with outside.aside(self):
                run_in_terminal(parts, values)
        except NoSuchValue as problem:
            outside.tell(self, str(problem), is_problem=True)
        except SuspendNotSupported:
            outside.tell(self, "this terminal cannot be handed to a command", is_problem=True)
        except OSError as problem:
            outside.tell(self, f"{command.name}: {problem.strerror}", is_problem=True)

    @work(thread=True, exit_on_error=False, group="commands")
    def _run_behind(self, name: str, parts: Sequence[str], values: dict[str, str]) -> None:
        try:
            code, said = self._behind.run(parts, values)
        except OSError as problem:
            code, said = -1, str(problem.strerror)
        self.post_message(CommandEnded(name, code, said))

    @on(CommandEnded)
    def _tell_end(self, event: CommandEnded) -> None:
        ended = "done" if event.code == 0 else f"exit code {event.code}"
        outside.tell(self, f"{event.name}: {event.said or ended}", is_problem=event.code != 0)

    # News

    def look_for_red(self) -> None:
        """Asks for what is red, if the person wants to be told, and not more often than every few seconds."""
        wished = self.context.query.settings.dashboard
        if (wished.has_bell or wished.notify) and self._red_look is None:
            self._red_look = self.set_timer(RED_LOOK_S, self._ask_for_red)

    def _ask_for_red(self) -> None:
        self._red_look = None
        self._load_reds(self.context.query)

    @work(thread=True, exclusive=True, exit_on_error=False, group="alarms")
    def _load_reds(self, query: Query) -> None:
        from store.errors import StoreError
        from tui.errors import AnswerError
        from tui.screens.asking import Superseded

        try:
            titles = self._red_seen.news(self.context.answers.reds(query))
        except (StoreError, AnswerError, Superseded):  # the view that is seen tells what is wrong with the store
            return
        if titles:
            self.post_message(TurnedRed(titles))
            notify = query.settings.dashboard.notify
            if notify and not sequence(notify[0], ""):
                self._notify_by_program(notify, words(titles))

    def _notify_by_program(self, command: Sequence[str], text: str) -> None:
        try:
            run_program(command, text)
        except (OSError, subprocess.SubprocessError) as problem:
            self.post_message(CommandEnded(f"notify {command[0]}", -1, str(problem)))

    @on(TurnedRed)
    def _ring(self, event: TurnedRed) -> None:
        wished = self.context.query.settings.dashboard
        if wished.has_bell:
            self.bell()
        sent = sequence(wished.notify[0], words(event.titles)) if wished.notify else ""
        if sent and self._driver is not None:
            self._driver.write(sent)
        outside.tell(self, words(event.titles), is_problem=True)

    # Settings

    def _settings_version(self) -> object:
        try:
            found = [path.stat() for path in files_of(self.context.query.settings)]
        except OSError:  # an editor may be about to put it in place
            return None
        return tuple((one.st_mtime_ns, one.st_size, one.st_ino) for one in found)

    def _read_settings(self) -> None:
        """In the watcher's thread."""
        from ingest.errors import SettingsError

        settings = self.context.query.settings
        if not all(path.exists() for path in files_of(settings)):
            return
        try:
            self.post_message(SettingsLoaded(load_layers(settings.path, settings.user_path)))
        except SettingsError as problem:
            self.post_message(SettingsRefused(str(problem)))

    @on(SettingsLoaded)
    def _take_settings(self, event: SettingsLoaded) -> None:
        before = self.context.query.settings
        self.context.query = replace(self.context.query, settings=event.settings)
        wanted = event.settings.dashboard.theme
        if wanted and wanted != before.dashboard.theme:
            self.theme = theme.name_of(wanted)
            self.context.remembered.theme = ""
        self.bind_own_keys()
        outside.tell(self, "settings read again")
        self.context.pulse.beats += 1
        if isinstance(self.screen, View):
            self.screen.reload(is_quiet=True)

    @on(SettingsRefused)
    def _tell_refusal(self, event: SettingsRefused) -> None:
        outside.tell(self, f"{event.problem}; everything goes on as it was", is_problem=True)
