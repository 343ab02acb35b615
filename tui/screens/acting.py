"""What can be done with what is selected: one key each, and one that takes the last deed back.

A deed is done on the state that is shown. Where others acted meanwhile nothing is written: it is said what they did and
read again. A store that cannot be written offers none of these keys.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, TypeVar

from textual import on, work
from textual.binding import Binding, BindingType
from textual.message import Message

from analysis.handling import FOR_GOOD, UNTIL_FIXED, Action, Quarantine, Stretch
from store.errors import StoreError
from tui import present
from tui.errors import AnswerError
from tui.screens import outside
from tui.screens.deed_forms import FORMS, note_of, note_template, now_of, problems_of, wish_of
from tui.screens.form import FormScreen, Problems, Values
from tui.screens.view import View

if TYPE_CHECKING:
    from ingest.model import Scope, TestCase
    from tui.answers.acting import Done, Wish
    from tui.answers.query import Query
    from tui.screens.asking import Answers

_A = TypeVar("_A")


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
        Binding("c", "act('claim')", "Claim", id="act.claim", tooltip="Claim until fixed"),
        Binding("C", "act('claim', True)", "Claim for good, also from others", id="act.claim_for_good", show=False),
        Binding("t", "act('assign')", "Assign to a team", id="act.assign", show=False),
        Binding("n", "act('note')", "Note", id="act.note"),
        Binding("N", "note_in_editor", "Note in your editor", id="act.note_in_editor", show=False),
        Binding("s", "act('confirm')", "Confirm the suspect", id="act.confirm", show=False),
        Binding("S", "act('refute')", "Refute the suspect", id="act.refute", show=False),
        Binding("v", "act('reclassify')", "Say what it is", id="act.reclassify", show=False),
        Binding("z", "act('quarantine')", "Quarantine", id="act.quarantine"),
        Binding("Z", "act('unquarantine')", "Lift the quarantine", id="act.unquarantine", show=False),
        Binding("d", "act('resolve')", "Done: resolve", id="act.resolve", show=False),
        Binding("m", "merge", "Merge into another incident", id="act.merge", show=False),
        Binding("M", "split", "Split tests off", id="act.split", show=False),
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
        if action in ("merge", "split"):
            places = self.others if action == "merge" else self.parts
            return bool(places) and not self.context.is_read_only
        if action == "note_in_editor":
            return self.check_action("act", (Action.NOTE.value,))
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
        if action in FORMS:
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
        settings = self.context.query.settings
        title, fields = FORMS[action](target, settings)

        def done(values: Values | None) -> None:
            if values is not None:
                self._write(target, wish_of(action, values, now_of(target), settings))

        def check(values: Values) -> Problems:
            return problems_of(action, values, now_of(target), settings)

        self.app.push_screen(FormScreen(title, fields, check), done)

    def _write(self, target: Target, wish: Wish) -> None:
        self._do(lambda answers, query: answers.act(query, target, wish))

    @work(thread=True, exit_on_error=False, group="act")
    def _do(self, deed: Callable[[Answers, Query], Done]) -> None:
        try:
            done = deed(self.context.answers, self.context.query)
        except (AnswerError, StoreError) as problem:
            self.post_message(ActFailed(problem))
        else:
            self.post_message(Acted(done.words, done.events))

    def action_note_in_editor(self) -> None:
        """Writes a note in the person's editor; an empty one is none."""
        from tui.answers.acting import Wish

        target = self.target
        if target is not None:
            text = note_of(outside.edit(self.app, note_template(target)))
            if text:
                self._write(target, Wish(Action.NOTE, text))
            else:
                outside.tell(self.app, "an empty note is none")

    @property
    def others(self) -> Sequence[Target]:
        """The incidents that what is selected can become a part of."""
        return ()

    @property
    def parts(self) -> Sequence[tuple[TestCase, Scope]]:
        """The red tests of which some can be split off what is selected; none where there is but one."""
        return ()

    def action_merge(self) -> None:
        """Makes what is selected a part of another incident, which is chosen from those that are red."""
        from tui.screens.choosing import Choice, ChooseScreen, Chosen

        target, others = self.target, tuple(self.others)
        choices = [Choice(one.label, one.state) for one in others]

        def done(chosen: Chosen | None) -> None:
            if chosen and target is not None:
                into = others[chosen[0]]
                words = f"{target.label}: merged into {into.label}"
                self._do(lambda answers, query: replace(answers.merge(query, target, into), words=words))

        if target is not None:
            self.app.push_screen(ChooseScreen(f"Merge into: {target.label}", choices, self.context.glyphs), done)

    def action_split(self) -> None:
        """Makes some red tests of what is selected an incident of their own."""
        from tui.screens.choosing import Choice, ChooseScreen, Chosen

        target, parts = self.target, tuple(self.parts)
        choices = [Choice(case.name, present.scope_text(scope, self.context.glyphs.dot)) for case, scope in parts]

        def done(chosen: Chosen | None) -> None:
            if chosen and target is not None:
                members = [(parts[n][0].test_id, parts[n][1]) for n in chosen]
                words = f"{target.label}: {present.count(len(members), 'test')} split off"
                self._do(lambda answers, query: replace(answers.split(query, target, members), words=words))

        if target is not None:
            title = f"Split off: {target.label}"
            self.app.push_screen(ChooseScreen(title, choices, self.context.glyphs, takes_many=True), done)

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
