"""One incident: the whole argument, and every test that is red in it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui import present
from tui.errors import NoMatch
from tui.screens import argument
from tui.screens.acting import ActingView, Target
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.filtering import matches
from tui.screens.incident_rows import STATE_CELLS, state_line
from tui.screens.outside import Sheet
from tui.screens.triage import Targets, incident_url
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, line

if TYPE_CHECKING:
    from ingest.model import RunRef, Scope, TestCase
    from tui.answers.triage import IncidentRow, TriageAnswer

COLUMNS = (
    Column("test", "red test", 30, is_flexible=True),
    Column("class", "class", 24, folds=(Fold(1, 0),)),
    Column("stream", "stream", 34, folds=(Fold(2, 24),), most=48),
)


class IncidentView(ActingView["TriageAnswer"]):
    """From an incident to its tests."""

    NOUN = "the incident"
    MAIN = "#tests"
    FIELDS = ("test", "env", "pipeline")
    SIDE = "#argument"
    CSS_PATH: ClassVar[str] = "incident.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("R", "open_run", "The first bad run", id="incident.run", show=False),
        Binding("L", "open_last_good", "The last good run", id="incident.last_good", show=False),
        Binding("i", "open_change", "Suspect", id="incident.change"),
    ]

    def __init__(self, context: ViewContext, incident_id: str, title: str = "") -> None:
        super().__init__(context)
        self._incident_id, self._title = incident_id, title or incident_id
        self._targets = Targets()

    @property
    def crumb(self) -> str:
        return self._title

    def question(self) -> Callable[[Answers], TriageAnswer]:
        query, wanted = self.context.query, self._incident_id

        def ask(answers: Answers) -> TriageAnswer:
            answer = answers.triage(query)
            if all(one.incident_id != wanted for one in answer.incidents):
                raise NoMatch("incident that is red now", wanted)
            return answer

        return ask

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LinesPane(id="argument")
        with_tests = LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="tests")
        with_tests.add_class("below")
        yield with_tests

    @property
    def incident(self) -> IncidentRow | None:
        """The incident, as last answered."""
        incidents = self.answer.incidents if self.answer else ()
        return next((one for one in incidents if one.incident_id == self._incident_id), None)

    @property
    def target(self) -> Target | None:
        return self._targets.of(self.incident, self.answer)

    @property
    def others(self) -> Sequence[Target]:
        return self._targets.others(self.incident, self.answer)

    @property
    def parts(self) -> Sequence[tuple[TestCase, Scope]]:
        return self.incident.tests if self.incident is not None and len(self.incident.tests) > 1 else ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """What there is to go to."""
        incident = self.incident
        if action == "open_run":
            return incident is not None and incident.onset.first_bad is not None
        if action == "open_last_good":
            return incident is not None and incident.onset.last_good is not None
        if action == "open_change":
            return incident is not None and incident.suspect is not None
        return super().check_action(action, parameters)

    def action_open_run(self) -> None:
        """Goes to the first bad run."""
        self._open_run(self.incident.onset.first_bad if self.incident else None)

    def action_open_last_good(self) -> None:
        """Goes to the last good run."""
        self._open_run(self.incident.onset.last_good if self.incident else None)

    def _open_run(self, run: RunRef | None) -> None:
        from tui.screens.run_detail import RunView

        if run is not None:
            self.app.push_screen(RunView(self.context, run))

    def action_open_change(self) -> None:
        """Goes to the change that most likely did it."""
        from tui.screens.change_detail import ChangeView

        suspect = self.incident.suspect if self.incident else None
        if suspect is not None and suspect.change is not None:
            self.app.push_screen(ChangeView(self.context, suspect.change.change_id))

    def show(self, answer: TriageAnswer) -> None:
        self.query_one("#argument", LinesPane).set_source(self._lines, keep_scroll=True)
        incident = self.incident
        if incident is not None:
            self._title = incident.title
            self.query_one("#tests", LineTable).set_keys(
                [pair for pair in incident.tests if matches(self.filter_text, _fields(pair))]
            )

    def summary(self, answer: TriageAnswer) -> tuple[Line, Line]:
        incident = self.incident
        if incident is None:
            return (), ()
        age = present.age((answer.health.now_ms or incident.since_ms) - incident.since_ms)
        word = present.verdict_pieces(incident.verdict, self.context.glyphs)
        said = f"says {incident.called_by}" if incident.model else ""
        chance = line((f" {said or present.probability(incident.probability)}  {age}  ", "muted"))
        chance += state_line(incident.state, STATE_CELLS[self.size.width >= 100], self.context.glyphs)
        return (), (*word, *chance)

    def _lines(self, width: int) -> list[Line]:
        if self.incident is None or self.answer is None:
            return []
        now_ms = self.answer.health.now_ms or self.incident.since_ms
        return argument.argument(self.incident, now_ms, self.context, width, is_full=True)

    def _draw_row(self, key: Key) -> Row | None:
        pair = self._pair(key)
        if pair is None:
            return None
        case, scope = pair
        return (
            line(case.name),
            line((present.short_class(case.classname), "muted")),
            line((present.scope_text(scope, self.context.glyphs.dot), "muted")),
        )

    def _pair(self, key: Key | None) -> tuple[TestCase, Scope] | None:
        tests = self.incident.tests if self.incident else ()
        return next((pair for pair in tests if pair == key), None)

    @property
    def selected(self) -> TestCase | None:
        """The test under the cursor."""
        pair = None if self.has_class("-blank") else self._pair(self.query_one("#tests", LineTable).key)
        return None if pair is None else pair[0]

    @on(LineTable.RowOpened, "#tests")
    def _open(self) -> None:
        from tui.screens.test_detail import TestView

        if (case := self.selected) is not None:
            self.app.push_screen(TestView(self.context, case.identity, case.name))

    def url(self) -> str | None:
        return incident_url(self.incident)

    def fields(self) -> Mapping[str, Sequence[str]]:
        pair = None if self.has_class("-blank") else self._pair(self.query_one("#tests", LineTable).key)
        of_test = _fields(pair) if pair is not None else {}
        return {**of_test, "what": [self._title], "incident": [self._incident_id]}

    def copied(self) -> str:
        return f"{self._incident_id}\n{argument.as_text(self._lines(100))}" if self.incident else ""

    def edited(self) -> str:
        return f"{self.incident.message}\n{self.incident.text}".strip() if self.incident else ""

    def exported(self) -> Sheet | None:
        tests = self.incident.tests if self.incident else ()
        return Sheet(
            "incident", ("test", "stream"), [(case.identity, present.scope_text(scope)) for case, scope in tests]
        )


def _fields(pair: tuple[TestCase, Scope]) -> dict[str, Sequence[str]]:
    case, scope = pair
    return {"test": [case.identity], "env": [scope.environment], "pipeline": [scope.pipeline]}
