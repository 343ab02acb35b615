"""What every view is: a question asked in a worker, its answer shown, kept while a newer one is on its way."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ClassVar, Generic, TypeVar

from rich.cells import cell_len
from textual import events, on, work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import Input
from textual.worker import get_current_worker

from tui.answers.query import Window
from tui.screens import messages, outside, states
from tui.screens.arranging import ArrangedScreen
from tui.screens.asking import Answers, Superseded
from tui.screens.context import ViewContext
from tui.screens.filtering import unknown_field
from tui.screens.turns import Turns
from tui.widgets.chrome import FilterLine, KeyLine, TopLine
from tui.widgets.lines import LinesPane, TwoEnds
from tui.widgets.pieces import Line, clip, joined, line, plain, width_of
from tui.widgets.pieces import Piece as P
from tui.widgets.tabs import shown_modes

_A = TypeVar("_A")

LONG_S = 0.5
"""After an answer that took longer, as long a rest is made before the store's next change is looked at."""
MOST_REST_S = 30.0
QUIET_S = 0.5
"""At least between two looks at the store's changes. An answer is drawn in two steps: four times a second at most."""
TOLD_S = 0.05
"""After a wish that was not answered by then the view says that it reads: no key stays without an answer."""
WRITING = ("act.", "triage.session", "tests.quarantine")
"""Ids of the keys that write into the store begin so."""
CRUMB_CELLS = 36
"""For all views above: where one came from may be cut, where one is may not."""


class View(ArrangedScreen, Generic[_A]):
    """A view over one answer. Subclasses say what is asked, how it is shown and what can be taken from it."""

    NOUN: ClassVar[str] = "the store"
    SIDE: ClassVar[str] = ""
    """Selector of the pane that argues for what is selected, if there is one."""
    HAS_FILTER: ClassVar[bool] = True
    AUTO_FOCUS = None

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "filter", "Filter", id="view.filter", priority=True),
        Binding("escape", "back", "Back", id="view.back"),
        Binding("J,shift+down", "side(1)", "Scroll the other pane down", id="view.side_down", show=False),
        Binding("K,shift+up", "side(-1)", "Scroll the other pane up", id="view.side_up", show=False),
        Binding("y", "copy", "Copy", id="view.copy"),
        Binding("o", "open_url", "Open link", id="view.open_url"),
        Binding("e", "edit", "Editor", id="view.edit"),
        Binding("r", "reload", "Refresh", id="view.reload", show=False),
        Binding("x", "export", "Export", id="view.export", show=False),
    ]

    def __init__(self, context: ViewContext) -> None:
        super().__init__()
        self.context = context
        self.answer: _A | None = None
        self.turns = Turns()
        self._asked_s = 0.0
        self._told = 0
        """The newest request of which the view said that it reads."""
        self._rests = False
        self._quiet_s = -QUIET_S
        self._crumbs: list[Line] = []

    # What a view says about itself

    @property
    def crumb(self) -> str:
        """Its name in the path of views."""
        raise NotImplementedError

    def question(self) -> Callable[[Answers], _A]:
        """What to ask, with everything it depends on taken along; runs in a thread."""
        raise NotImplementedError

    def show(self, answer: _A) -> None:
        """Draws an answer, keeping scroll and selection."""
        raise NotImplementedError

    def body(self) -> ComposeResult:
        """The widgets between the answer line and the keys."""
        raise NotImplementedError

    def blank(self, answer: _A, width: int) -> Sequence[Line] | None:
        """What to say instead of an answer that holds nothing; None when it holds something."""
        return None

    def summary(self, answer: _A) -> tuple[Line, ...]:
        """Left and right end of the answer line; more are shorter forms of the right one, for where it does not fit."""
        return (), ()

    def wished(self) -> Line:
        """What the answer that is on its way will be of, where keys choose that."""
        return ()

    def window(self) -> Window | None:
        """The window that the answer looked at."""
        return getattr(self.answer, "window", None)

    def url(self) -> str | None:
        """The link behind what is selected."""
        return None

    def opening(self) -> _A | None:
        """An answer that is known before it is asked for."""
        return None

    @property
    def main(self) -> Widget:
        """The widget that has the keys when nothing else was chosen."""
        return self.query_one(self.MAIN)

    def copied(self) -> str:
        """What `y` takes."""
        return ""

    def edited(self) -> str:
        """What `e` opens."""
        return ""

    def exported(self) -> outside.Sheet | None:
        """What `x` writes."""
        return None

    # Building

    def compose(self) -> ComposeResult:
        modes = shown_modes(is_watching=bool(self.context.watched))
        yield TopLine(modes, self.app.current_mode)
        yield TwoEnds(id="answer")
        yield LinesPane(id="state")
        with Vertical(id="body"):
            yield from self.body()
        yield FilterLine(self.FIELDS)
        yield KeyLine("read only" if self.context.is_read_only else "")

    def on_mount(self) -> None:
        """Says that it is reading, and reads."""
        self.set_class(self.context.glyphs.rule == "-", "-ascii")
        self.set_up()
        if (answer := self.opening()) is None:
            self._show_blank(lambda _: states.loading(self.NOUN, self.context.glyphs))
            self._show_summary()
        elif self.turns.begin(self.context.pulse.beats, is_quiet=False) and self.turns.end(self.turns.request):
            self.answer = answer
            self._draw()
            self.call_after_refresh(self._give_keys)
            if getattr(answer, "is_old", False):
                self.reload(is_quiet=True)

    def _give_keys(self) -> None:
        """What is shown from the start has the keys, unless something else has taken them."""
        if self.focused in (None, self.query_one("#state")) and not self.has_class("-blank"):
            self.set_focus(self.main)

    @on(events.ScreenResume)
    def _catch_up(self) -> None:
        if self.turns.is_behind(self.context.pulse.beats, has_answer=self.answer is not None):
            self.reload(is_quiet=True)

    # Asking

    def reload(self, *, is_quiet: bool = False) -> None:
        """Asks again. A quiet one waits for the answer that is on its way and for its rest, another one stops it."""
        if is_quiet and (self._rests or self._is_too_soon()):
            return
        if self.turns.begin(self.context.pulse.beats, is_quiet=is_quiet):
            self._asked_s = time.monotonic()
            self._load(self.turns.request, self.question())
            if not is_quiet and self.answer is not None:
                self.set_timer(TOLD_S, partial(self._tell_reading, self.turns.request))

    def _is_too_soon(self) -> bool:
        """Whether the store's last change was looked at just now: then this one is looked at after a rest."""
        if self.answer is None:
            return False
        now_s = time.monotonic()
        left_s = self._quiet_s + QUIET_S - now_s
        if left_s <= 0:
            self._quiet_s = now_s
            return False
        self._rests = True
        self.set_timer(left_s, self._end_rest)
        return True

    def _tell_reading(self, request: int) -> None:
        """What is shown is not what was wished for; it stays until that is there."""
        if self.turns.is_loading and self.turns.request == request:
            self._told = request
            self._show_summary()

    @work(thread=True, exclusive=True, exit_on_error=False, group="answer")
    def _load(self, request: int, question: Callable[[Answers], _A]) -> None:
        message: messages.AnswerLoaded | messages.AnswerFailed | messages.AnswerSuperseded
        try:
            message = messages.AnswerLoaded(request, question(self.context.answers))
        except Superseded:
            message = messages.AnswerSuperseded(request)
        except Exception as problem:  # shown by name in this view
            message = messages.AnswerFailed(request, problem)
        if not get_current_worker().is_cancelled:
            self.post_message(message)

    @on(messages.AnswerLoaded)
    def _take_answer(self, event: messages.AnswerLoaded) -> None:
        if self.turns.end(event.request):
            self.answer = event.answer
            self._draw()
            took_s = time.monotonic() - self._asked_s
            if took_s > LONG_S:
                self._rests = True
                self.set_timer(min(took_s, MOST_REST_S), self._end_rest)
            elif self.turns.is_due_again:
                self.reload(is_quiet=True)

    def _end_rest(self) -> None:
        """While a tail writes, a question that takes long is worked out half of the time, not all of it."""
        self._rests = False
        if self.is_current and self.turns.is_behind(self.context.pulse.beats, has_answer=True):
            self.reload(is_quiet=True)

    @on(messages.AnswerFailed)
    def _take_failure(self, event: messages.AnswerFailed) -> None:
        if self.turns.end(event.request, event.problem):
            if self.answer is None:
                self._show_blank(lambda width: states.failed(event.problem, self.context, width))
            self._show_summary()

    @on(messages.AnswerSuperseded)
    def _ask_later(self, event: messages.AnswerSuperseded) -> None:
        if self.turns.push_aside(event.request) and self.is_current:
            self.reload(is_quiet=True)

    # Drawing

    def _draw(self) -> None:
        answer = self.answer
        if answer is None:
            return
        if self.blank(answer, self.size.width) is None:
            was_blank = self.has_class("-blank")
            self.remove_class("-blank")
            self.show(answer)
            if was_blank and not isinstance(self.focused, Input):
                self.set_focus(self.main)
        else:
            self._show_blank(lambda width: self.blank(answer, width) or ())
        self._show_summary()
        self.refresh_bindings()

    def _show_blank(self, source: Callable[[int], Sequence[Line]]) -> None:
        self.add_class("-blank")
        self.query_one("#state", LinesPane).set_source(source)

    def _show_summary(self) -> None:
        self.query_one(TopLine).set_scope(self.context.scope_words(self.window()), self.context.glyphs.dot)
        left, *rights = self.summary(self.answer) if self.answer is not None else ((), ())
        if self.turns.problem is not None and self.answer is not None:
            rights = [states.failed_short(self.turns.problem)]
        if self.turns.is_loading and self._told == self.turns.request:
            rights = [joined([line((f"reading{self.context.glyphs.ellipsis}", "muted")), self.wished()], P(" "))]
        stack = self.app.screen_stack
        if self in stack:  # else another mode is shown, and this one keeps its path
            self._crumbs = crumbs(stack[: stack.index(self) + 1]) if self.is_drilled else []
        path = joined(self._crumbs, P(f" {self.context.glyphs.arrow} ", "muted"))
        both = joined([path, left], P("   "))
        self.query_one("#answer", TwoEnds).set_ends(both, *rights)

    @property
    def is_drilled(self) -> bool:
        """Whether there is a view to go back to."""
        return self in self.app.screen_stack[1:]

    # Keys

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Keys that would do nothing here are not offered."""
        if action == "filter":
            return self.HAS_FILTER and not isinstance(self.focused, Input)
        if action == "side":
            return bool(self.SIDE)
        if action == "back":
            return self.is_drilled or bool(self.filter_text) or self.is_visiting
        if action == "open_url":
            return bool(self.url())
        if action == "edit":
            return bool(self.edited())
        return super().check_action(action, parameters)

    def on_key(self, event: events.Key) -> None:
        """A key that would write says why it does not, where nothing is written."""
        found = self._bindings.key_to_bindings.get(event.key, ())
        if self.context.is_read_only and any((one.id or "").startswith(WRITING) for one in found):
            outside.tell(self.app, "read only: started with --read-only, or the store may not be written")

    def action_filter(self) -> None:
        """Opens the filter; what is typed in the same burst goes into it."""
        self.query_one(FilterLine).take_keys()

    @on(FilterLine.Changed)
    def _apply_filter(self, event: FilterLine.Changed) -> None:
        self.query_one(FilterLine).tell(unknown_field(event.text, self.FIELDS))
        if event.text != self.filter_text:
            self.filter_text = event.text
            self.filter_changed()

    def filter_changed(self) -> None:
        """Draws what the filter leaves; a view whose answer depends on it asks again."""
        self._draw()

    @on(FilterLine.Left)
    def _leave_filter(self) -> None:
        self.query_one(FilterLine).show_open(bool(self.filter_text))
        self.set_focus(self.main)

    @on(FilterLine.Cleared)
    def _clear_filter(self) -> None:
        if not self.go_home():
            self._apply_filter(FilterLine.Changed(""))
        self._leave_filter()

    def action_back(self) -> None:
        """Clears the filter, and with it what a saved view arranged; else goes back one view."""
        if self.filter_text:
            self.query_one(FilterLine).action_clear()
        elif self.go_home():
            return
        elif self.is_drilled and self.is_active:
            self.app.pop_screen()

    @on(events.Click, "#answer")
    def _go_to_crumb(self, event: events.Click) -> None:
        """A click on a view's name in the path goes back to it."""
        left, gap = 1, 2 + cell_len(self.context.glyphs.arrow)
        for above, crumb in zip(range(len(self._crumbs) - 1, 0, -1), self._crumbs, strict=False):
            if left <= event.x < left + width_of(crumb):
                for _ in range(above):
                    self.app.pop_screen()
                return
            left += width_of(crumb) + gap

    def action_side(self, direction: int) -> None:
        """Scrolls the pane beside the list, with the keys left where they are."""
        self.query_one(self.SIDE, LinesPane).scroll_relative(y=3 * direction, animate=False)

    def action_reload(self) -> None:
        """Reads again now."""
        self.reload()

    def action_copy(self) -> None:
        """Copies what is selected, and says where else it went."""
        outside.copy(self.app, self.copied())

    def action_open_url(self) -> None:
        """Opens the link of what is selected."""
        outside.open_url(self.app, self.url() or "", self.context.opener)

    def action_edit(self) -> None:
        """Opens the failure's text in the person's editor."""
        outside.edit(self.app, self.edited())

    def action_export(self) -> None:
        """Writes what is seen to a file, in a thread."""
        outside.export(self.app, self.exported())


def crumbs(screens: Sequence[Screen[Any]]) -> list[Line]:
    """The path from a mode's first view to the one that is seen."""
    views = [screen for screen in screens if isinstance(screen, View)]
    room = max(CRUMB_CELLS // max(len(views) - 1, 1), 8)
    names = [line((clip(plain(view.crumb), room), "muted")) for view in views[:-1]]
    return names + [line((plain(view.crumb), "strong")) for view in views[-1:]]
