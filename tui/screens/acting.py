"""What can be done with what is selected: one key each, and one that takes the last deed back.

A deed is done on the state that is shown. Where others acted meanwhile nothing is written: it is said what they did and
read again. A store that cannot be written offers none of these keys.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message

from analysis.handling import FOR_GOOD, UNTIL_FIXED, Action, Quarantine, Stretch
from store.errors import StoreError
from tui.answers.query import DAY_MS
from tui.errors import AnswerError
from tui.screens import outside
from tui.screens.form import Field, FormScreen, Values
from tui.screens.view import View
from tui.times import iso

if TYPE_CHECKING:
    from tui.answers.acting import Wish

_A = TypeVar("_A")
USUAL_DAYS = 14
"""Of a quarantine, as the dialog proposes it."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is acted on, as it is shown."""

    kind: str
    """`incident` or `test`."""
    key: str
    label: str
    state: str
    version: int
    """Last triage event that is shown."""
    now_ms: int
    owner: str = ""
    """Whom the dialogs propose."""
    suspect: str = ""
    """Id of the top suspect."""
    members: tuple[str, ...] = ()
    """`test_id`s of an incident's tests."""
    red: Stretch | None = None
    quarantine: Quarantine | None = None
    test_owner: str = ""
    """Who mends the test, as the dialog of a quarantine proposes."""


@dataclass
class Acted(Message):
    """A deed was written, or was not needed; `events` are what can be taken back."""

    words: str
    events: tuple[int, ...] = ()
    is_undo: bool = False


@dataclass
class ActFailed(Message):
    """A deed was refused."""

    problem: Exception


class ActingView(View[_A]):
    """A view with something selected that people act on. Subclasses say what that is."""

    ACTIONS: ClassVar[frozenset[Action]] = frozenset(Action)
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("a", "act('ack')", "Ack", id="act.ack"),
        Binding("c", "act('claim')", "Claim until fixed", id="act.claim", show=False),
        Binding("C", "act('claim', True)", "Claim for good, also from others", id="act.claim_for_good", show=False),
        Binding("t", "act('assign')", "Assign to a team", id="act.assign", show=False),
        Binding("n", "act('note')", "Note", id="act.note", show=False),
        Binding("s", "act('confirm')", "Confirm the suspect", id="act.confirm", show=False),
        Binding("S", "act('refute')", "Refute the suspect", id="act.refute", show=False),
        Binding("v", "act('reclassify')", "Say what it is", id="act.reclassify", show=False),
        Binding("z", "act('quarantine')", "Quarantine", id="act.quarantine"),
        Binding("Z", "act('unquarantine')", "Lift the quarantine", id="act.unquarantine", show=False),
        Binding("d", "act('resolve')", "Done: resolve", id="act.resolve", show=False),
        Binding("u", "undo", "Undo", id="act.undo", show=False),
    ]

    @property
    def target(self) -> Target | None:
        """What is selected."""
        raise NotImplementedError

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Deeds need a store that can be written, something that is selected, and a suspect to speak of."""
        if action == "undo":
            return bool(self.context.deeds) and not self.context.is_read_only
        if action != "act":
            return super().check_action(action, parameters)
        if self.context.is_read_only or Action(str(parameters[0])) not in self.ACTIONS:
            return False
        target = self.target
        needs_suspect = parameters[0] in ("confirm", "refute")
        return target is not None and (not needs_suspect or bool(target.suspect))

    def action_act(self, name: str, for_good: bool = False) -> None:
        """Does it, or asks for what it needs first; what one did oneself is taken back by the same key."""
        from tui.answers.acting import Wish, actor_name

        target, action = self.target, Action(name)
        if target is None:
            return
        me = actor_name(self.context.query.settings)
        if action in _FORMS:
            self._ask(target, action)
        elif action is Action.ACK and target.state == f"acknowledged by {me}":
            self._write(target, Wish(Action.UNACK))
        elif action is Action.CLAIM and not for_good and target.state == f"claimed by {me}":
            self._write(target, Wish(Action.RELEASE))
        elif action is Action.CLAIM:
            self._write(target, Wish(action, FOR_GOOD if for_good else UNTIL_FIXED, takes_over=for_good))
        else:
            self._write(target, Wish(action, target.suspect if action in (Action.CONFIRM, Action.REFUTE) else ""))

    def _ask(self, target: Target, action: Action) -> None:
        title, fields = _FORMS[action](target)

        def done(values: Values | None) -> None:
            if values is not None:
                self._write(target, _wish(action, values, now_of(target)))

        self.app.push_screen(FormScreen(title, fields, lambda values: _problem(action, values, now_of(target))), done)

    @work(thread=True, exit_on_error=False, group="act")
    def _write(self, target: Target, wish: Wish) -> None:
        try:
            done = self.context.answers.act(self.context.query, target, wish)
        except (AnswerError, StoreError) as problem:
            self.post_message(ActFailed(problem))
        else:
            self.post_message(Acted(done.words, done.events))

    def action_undo(self) -> None:
        """Takes back what was done last in this dashboard."""
        if self.context.deeds:
            self._take_back(self.context.deeds[-1])

    @work(thread=True, exit_on_error=False, group="act")
    def _take_back(self, events: tuple[int, ...]) -> None:
        try:
            done = self.context.answers.undo(self.context.query, events)
        except (AnswerError, StoreError) as problem:
            self.post_message(ActFailed(problem))
        else:
            self.post_message(Acted(done.words, events, is_undo=True))

    @on(Acted)
    def _tell(self, event: Acted) -> None:
        if event.is_undo:
            self.context.deeds[:] = [one for one in self.context.deeds if one != event.events]
        elif event.events:
            self.context.deeds.append(event.events)
        outside.tell(self.app, event.words)
        self.reload()
        self.refresh_bindings()

    @on(ActFailed)
    def _tell_failure(self, event: ActFailed) -> None:
        outside.tell(self.app, str(event.problem), is_problem=True)
        self.reload()


def now_of(target: Target) -> int:
    """The moment from which an end is counted: the wall clock, unless the newest run is later."""
    return max(int(time.time() * 1000), target.now_ms)


def _wish(action: Action, values: Values, now_ms: int) -> Wish:
    """The wish that a filled-in dialog means.

    Raises:
        AnswerError: it cannot be meant.
    """
    from tui.answers.acting import VERDICTS, ActRefused, Wish, parse_expiry

    if action is Action.QUARANTINE:
        if not values["reason"] or not values["owner"]:
            raise ActRefused("a quarantine needs a reason and an owner")
        until_ms = parse_expiry(values["until"], now_ms)
        return Wish(action, "", until_ms, values["reason"], values["owner"], values["issue"])
    if not values["value"]:
        raise ActRefused("there is nothing in it yet")
    if action is Action.RECLASSIFY and values["value"] not in VERDICTS:
        raise ActRefused(f"it is one of {', '.join(VERDICTS)}")
    return Wish(action, values["value"])


def _problem(action: Action, values: Values, now_ms: int) -> str:
    try:
        _wish(action, values, now_ms)
    except AnswerError as problem:
        return str(problem)
    return ""


def _quarantine_form(target: Target) -> tuple[str, tuple[Field, ...]]:
    held = target.quarantine
    until = iso(now_of(target) + USUAL_DAYS * DAY_MS)[:10]
    how_many = f" ({len(target.members)} tests)" if len(target.members) > 1 else ""
    return (
        f"Quarantine: {target.label}{how_many}",
        (
            Field("until", "until", until, "2026-12-03, 14d or 2w; there is none for ever"),
            Field("reason", "reason", held.reason if held else "", "why its failures must not count"),
            Field("owner", "owner", held.owner if held else target.test_owner, "who mends it by then"),
            Field("issue", "issue", held.issue if held else "", "URL, if there is one"),
        ),
    )


def _verdict_form(target: Target) -> tuple[str, tuple[Field, ...]]:
    from tui.answers.acting import VERDICTS

    return f"What is it? {target.label}", (Field("value", "verdict", "", ", ".join(VERDICTS)),)


_FORMS: dict[Action, Callable[[Target], tuple[str, tuple[Field, ...]]]] = {
    Action.NOTE: lambda target: (
        f"Note on {target.label}",
        (Field("value", "note", "", "what the next one should know"),),
    ),
    Action.ASSIGN: lambda target: (f"Assign {target.label}", (Field("value", "team", target.owner, "@acme/payments"),)),
    Action.RECLASSIFY: _verdict_form,
    Action.QUARANTINE: _quarantine_form,
}
