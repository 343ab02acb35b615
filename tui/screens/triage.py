"""Triage: do I have to act, and where? The incidents that are red now, worst first, and the argument for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from analysis.handling import Stretch
from tui import present
from tui.screens import argument, incident_rows, states
from tui.screens.acting import ActingView, Target
from tui.screens.asking import Answers
from tui.screens.filtering import matches
from tui.screens.form import Field, FormScreen, Values
from tui.screens.outside import Sheet, write_text
from tui.widgets.chrome import FilterLine
from tui.widgets.columns import Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane, TwoEnds
from tui.widgets.pieces import Line

if TYPE_CHECKING:
    from ingest.model import Scope, TestCase
    from tui.answers.triage import IncidentRow, TriageAnswer
    from tui.screens.context import ViewContext


QUEUE = "queue:sort"
"""The filter that leaves what nobody has sorted; `queue:unowned` and `queue:unclassified` leave half of it."""

SESSION_TITLE = "Begin a session on call: what is done in it stands in its hand-over"


class TriageView(ActingView["TriageAnswer"]):
    """The first screen."""

    NOUN = "what is red"
    MAIN = "#incidents"
    FIELDS = ("verdict", "what", "test", "env", "pipeline", "owner", "service", "state", "flow", "queue")
    SIDE = "#argument"
    CSS_PATH: ClassVar[str] = "triage.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("b", "session", "Begin or end a session", id="triage.session", show=False),
        Binding("H", "handover", "Write the hand-over", id="triage.handover", show=False),
        Binding("f", "queue", "What nobody owns or could tell", id="triage.queue", show=False),
    ]

    def __init__(self, context: ViewContext) -> None:
        super().__init__(context)
        self._targets = Targets()

    @property
    def crumb(self) -> str:
        return "Triage"

    def question(self) -> Callable[[Answers], TriageAnswer]:
        query = self.context.query
        return lambda answers: answers.triage(query)

    def opening(self) -> TriageAnswer | None:
        return self.context.opening.take()

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LineTable(
            incident_rows.COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="incidents"
        )
        yield LinesPane(id="argument", classes="below")
        yield TwoEnds(id="session")

    def blank(self, answer: TriageAnswer, width: int) -> Sequence[Line] | None:
        if answer.incidents and not self._seen(answer):
            return states.nothing_matches("incident", self.filter_text, self.FIELDS, width)
        return incident_rows.blank(answer, self.context, width)

    def show(self, answer: TriageAnswer) -> None:
        table = self.query_one("#incidents", LineTable)
        table.styles.height = len(answer.incidents) + 2
        table.set_keys([incident.incident_id for incident in self._seen(answer)])
        table.forget_rows()
        self._show_session(answer)

    def _show_session(self, answer: TriageAnswer) -> None:
        """The session on call, while one goes on."""
        session, ends = answer.session, self.query_one("#session", TwoEnds)
        ends.display = session is not None
        if session is not None:
            ends.set_ends(*incident_rows.session_line(session, answer.health.now_ms, self.context, self.size.width))

    def action_queue(self) -> None:
        """Leaves only what nobody has sorted; again, everything."""
        self.filter_text = "" if self.filter_text == QUEUE else QUEUE
        self.query_one(FilterLine).set_text(self.filter_text)
        self.filter_changed()

    def action_session(self) -> None:
        """Ends the session that goes on; begins one where there is none."""
        session = self.answer.session if self.answer else None
        if session is not None:
            name = session.name
            self._do(lambda answers, query: answers.end_session(query, name))
            return

        def done(values: Values | None) -> None:
            if values is not None:
                wanted = values["name"]
                self._do(lambda answers, query: answers.begin_session(query, wanted))

        field = Field("name", "name", "", "such as night; may be empty")
        self.app.push_screen(FormScreen(SESSION_TITLE, (field,), lambda values: {}), done)

    def action_handover(self) -> None:
        """Writes the shift report, the same as `crywolf export handover`."""
        answers, query = self.context.answers, self.context.query

        def text() -> str:
            from tui.exports.handover import handover_markdown

            return handover_markdown(answers.handover(query))

        write_text(self.app, "handover", "md", text)

    @property
    def others(self) -> Sequence[Target]:
        return self._targets.others(self.selected, self.answer)

    @property
    def parts(self) -> Sequence[tuple[TestCase, Scope]]:
        incident = self.selected
        return incident.tests if incident is not None and len(incident.tests) > 1 else ()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """A session needs a store that can be written, with something in it; its report needs only that."""
        if action == "handover":
            return self.window() is not None
        if action == "session":
            return not self.context.is_read_only and self.window() is not None
        return super().check_action(action, parameters)

    def summary(self, answer: TriageAnswer) -> tuple[Line, ...]:
        return incident_rows.summary(answer, self.context)

    def _seen(self, answer: TriageAnswer) -> list[IncidentRow]:
        if not self.filter_text.strip():
            return list(answer.incidents)
        return [one for one in answer.incidents if matches(self.filter_text, _fields(one))]

    def _draw_row(self, key: Key) -> Row | None:
        incident = self._incident(key)
        if incident is None or self.answer is None:
            return None
        now_ms = self.answer.health.now_ms or incident.since_ms
        return incident_rows.cells(incident, now_ms, self.context.glyphs)

    def _incident(self, key: Key | None) -> IncidentRow | None:
        incidents = self.answer.incidents if self.answer else ()
        return next((one for one in incidents if one.incident_id == key), None)

    @property
    def selected(self) -> IncidentRow | None:
        """The incident under the cursor."""
        if self.answer is None or self.has_class("-blank"):
            return None
        return self._incident(self.query_one("#incidents", LineTable).key)

    @property
    def target(self) -> Target | None:
        return self._targets.of(self.selected, self.answer)

    def _lines(self, width: int) -> list[Line]:
        incident = self.selected
        if incident is None or self.answer is None:
            return []
        now_ms = self.answer.health.now_ms or incident.since_ms
        return argument.argument(incident, now_ms, self.context, width)

    @on(LineTable.RowHighlighted, "#incidents")
    def _argue(self) -> None:
        self.query_one("#argument", LinesPane).set_source(self._lines)
        self.refresh_bindings()

    @on(LineTable.RowOpened, "#incidents")
    def _open(self) -> None:
        from tui.screens.incident import IncidentView

        if (incident := self.selected) is not None:
            self.app.push_screen(IncidentView(self.context, incident.incident_id, incident.title))

    def url(self) -> str | None:
        return incident_url(self.selected)

    def fields(self) -> Mapping[str, Sequence[str]]:
        incident = self.selected
        return {**_fields(incident), **named_fields(incident)} if incident is not None else {}

    def copied(self) -> str:
        incident = self.selected
        return f"{incident.incident_id}\n{argument.as_text(self._lines(100))}" if incident else ""

    def edited(self) -> str:
        incident = self.selected
        return f"{incident.message}\n{incident.text}".strip() if incident else ""

    def exported(self) -> Sheet | None:
        if self.answer is None:
            return None
        table = self.query_one("#incidents", LineTable)
        rows = [texts for key in table.keys if (texts := table.texts(key)) is not None]
        return Sheet("triage", tuple(column.title for column in incident_rows.COLUMNS), rows)


class Targets:
    """Incidents of an answer as what is acted on, each made once: every key asks for it before it is offered."""

    def __init__(self) -> None:
        self._answer: TriageAnswer | None = None
        self._made: dict[str, Target] = {}

    def of(self, incident: IncidentRow | None, answer: TriageAnswer | None) -> Target | None:
        """One of them."""
        if incident is None or answer is None:
            return None
        if answer is not self._answer:
            self._answer, self._made = answer, {}
        made = self._made.get(incident.incident_id)
        if made is None:
            made = self._made[incident.incident_id] = target_of(incident, answer)
        return made

    def others(self, incident: IncidentRow | None, answer: TriageAnswer | None) -> list[Target]:
        """All that are red but one."""
        if incident is None or answer is None:
            return []
        found = (self.of(one, answer) for one in answer.incidents if one.incident_id != incident.incident_id)
        return [one for one in found if one is not None]


def target_of(incident: IncidentRow, answer: TriageAnswer) -> Target:
    """An incident as what is acted on."""
    suspect = incident.suspect.change if incident.suspect else None
    return Target(
        "incident",
        incident.incident_id,
        incident.title,
        incident.state,
        incident.version,
        answer.health.now_ms or incident.since_ms,
        next(iter((*incident.owners.suspect, *incident.owners.test)), ""),
        suspect.change_id if suspect else "",
        tuple(dict.fromkeys(case.test_id for case, _ in incident.tests)),
        Stretch(incident.since_ms, incident.last_red_ms),
        test_owner=next(iter(incident.owners.test), ""),
    )


def incident_url(incident: IncidentRow | None) -> str | None:
    """The first web link of an incident: its failure's, its run's, its suspect's."""
    if incident is None:
        return None
    suspect = incident.suspect.change if incident.suspect else None
    run = incident.onset.first_bad
    links = [link.url for link in incident.links]
    links += [(run.url or "") if run else "", suspect.url if suspect else ""]
    return next((url for url in links if url.startswith(("http://", "https://"))), None)


def named_fields(incident: IncidentRow) -> dict[str, Sequence[str]]:
    """What commands get of an incident, apart: its title is one line, its id another value."""
    return {"what": [incident.title], "incident": [incident.incident_id]}


def _fields(incident: IncidentRow) -> dict[str, Sequence[str]]:
    """What the filter can name."""
    owners = incident.owners
    broke = {one.service for one in (incident.suspect, *incident.hypotheses[:1]) if one and one.service}
    return {
        "verdict": [present.VERDICT_WORDS[incident.verdict]],
        "what": [incident.title, incident.incident_id],
        "test": [case.identity for case, _ in incident.tests],
        "env": [scope.environment for _, scope in incident.tests],
        "pipeline": [scope.pipeline for _, scope in incident.tests],
        "owner": [*owners.test, *owners.environment, *owners.suspect] or ["unowned"],
        "service": sorted(broke),
        "state": [incident.state],
        "flow": incident.flows,
        "queue": incident_rows.is_to_sort(incident),
    }
