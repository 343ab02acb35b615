"""Triage: do I have to act, and where? The incidents that are red now, worst first, and the argument for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.cells import cell_len
from textual import on
from textual.app import ComposeResult

from ingest.model import Verdict
from tui import present
from tui.screens import argument, health_lines, states
from tui.screens.asking import Answers
from tui.screens.filtering import matches
from tui.screens.outside import Sheet
from tui.screens.view import View
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, line

if TYPE_CHECKING:
    from tui.answers.triage import IncidentRow, TriageAnswer

COLUMNS = (
    Column("verdict", "verdict", 13, folds=(Fold(6, 1),)),
    Column("what", "what", 34, folds=(Fold(4, 22),), is_flexible=True),
    Column("since", "since", 7, align="right"),
    Column("radius", "radius", 10, folds=(Fold(2, 5),), short="tests"),
    Column("suspect", "top suspect", 23, folds=(Fold(3, 12), Fold(5, 0))),
    Column("chance", "P", 4, align="right"),
    Column("state", "state", 12, folds=(Fold(1, 1),), short=" "),
)


class TriageView(View["TriageAnswer"]):
    """The first screen."""

    NOUN = "what is red"
    MAIN = "#incidents"
    SIDE = "#argument"
    CSS_PATH: ClassVar[str] = "triage.tcss"

    @property
    def crumb(self) -> str:
        return "Triage"

    def question(self) -> Callable[[Answers], TriageAnswer]:
        query = self.context.query
        return lambda answers: answers.triage(query)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="incidents")
        yield LinesPane(id="argument", classes="below")

    def blank(self, answer: TriageAnswer, width: int) -> Sequence[Line] | None:
        if answer.health.now_ms is None:
            return states.first_run(self.context.database, width)
        if not answer.incidents:
            return health_lines.nothing_red(answer.health, self.context, width)
        if not self._seen(answer):
            return states.nothing_matches("incident", self.filter_text)
        return None

    def show(self, answer: TriageAnswer) -> None:
        table = self.query_one("#incidents", LineTable)
        table.styles.height = len(answer.incidents) + 2
        table.set_keys([incident.incident_id for incident in self._seen(answer)])
        table.forget_rows()

    def summary(self, answer: TriageAnswer) -> tuple[Line, Line]:
        counted = argument.counts_line(answer.counts)
        must_act = any(answer.counts.get(verdict) for verdict in (*argument.MUST_ACT, Verdict.ENVIRONMENT))
        if answer.health.now_ms is None:
            return (), ()
        if not must_act:
            counted = (self._no_real(answer), Piece("   "), *counted)
        return counted, health_lines.health_line(answer.health, self.context)

    def _no_real(self, answer: TriageAnswer) -> Piece:
        """Reassuring only when everything was looked at and nothing is left open."""
        if answer.counts.get(Verdict.UNDECIDED):
            return Piece("none is known to be real", "unowned")
        return Piece("nothing is really red", "good") if answer.health.can_tell else Piece("cannot tell", "unowned")

    def _seen(self, answer: TriageAnswer) -> list[IncidentRow]:
        if not self.filter_text.strip():
            return list(answer.incidents)
        return [one for one in answer.incidents if matches(self.filter_text, _fields(one))]

    def _draw_row(self, key: Key) -> Row | None:
        incident = self._incident(key)
        if incident is None or self.answer is None:
            return None
        now_ms = self.answer.health.now_ms or incident.since_ms
        return incident_cells(incident, now_ms, self.context.glyphs)

    def _incident(self, key: Key | None) -> IncidentRow | None:
        incidents = self.answer.incidents if self.answer else ()
        return next((one for one in incidents if one.incident_id == key), None)

    @property
    def selected(self) -> IncidentRow | None:
        """The incident under the cursor."""
        if self.answer is None or self.has_class("-blank"):
            return None
        return self._incident(self.query_one("#incidents", LineTable).key)

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
        return Sheet("triage", tuple(column.title for column in COLUMNS), rows)


def incident_cells(incident: IncidentRow, now_ms: int, glyphs: present.Glyphs) -> Row:
    """An incident as a row; each cell knows what to leave out where there is no room."""
    quiet = "muted" if incident.verdict is Verdict.FLAKY else "text"
    return (
        lambda width: present.verdict_pieces(incident.verdict, glyphs, has_word=width > 3),
        line((incident.title, quiet)),
        line((present.age(now_ms - incident.since_ms), quiet)),
        lambda width: present.radius(incident.radius, width),
        lambda width: argument.suspect_words(incident, width),
        line(argument.suspect_chance(incident)),
        lambda width: state_line(incident.state, width, glyphs),
    )


def state_line(state: str, width: int, glyphs: present.Glyphs) -> Line:
    """What people did; shorter words, or one letter, where there is no room."""
    is_new = state == "new"
    if width < 4:
        return line((glyphs.new, "strong") if is_new else (state[:1], "muted"))
    if cell_len(state) > width:
        for word, short in _STATE_WORDS:
            state = state.replace(word, short)
        state = _ISO_DATE.sub(lambda found: f"{int(found[3])} {_MONTHS[int(found[2]) - 1]}", state)
    return line((state, "strong" if is_new else "muted"))


_STATE_WORDS = (("acknowledged by", "ack"), ("claimed by", "claim"), ("assigned to", "to"), ("quarantined until ", ""))
_ISO_DATE = re.compile(r"(\d{4})-(0\d|1[0-2])-(\d\d)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def incident_url(incident: IncidentRow | None) -> str | None:
    """The first web link of an incident: its failure's, its run's, its suspect's."""
    if incident is None:
        return None
    suspect = incident.suspect.change if incident.suspect else None
    run = incident.onset.first_bad
    links = [link.url for link in incident.links]
    links += [(run.url or "") if run else "", suspect.url if suspect else ""]
    return next((url for url in links if url.startswith(("http://", "https://"))), None)


def _fields(incident: IncidentRow) -> dict[str, Sequence[str]]:
    """What the filter can name."""
    suspect = incident.suspect
    owners = incident.owners
    return {
        "verdict": [present.VERDICT_WORDS[incident.verdict]],
        "what": [incident.title, incident.incident_id],
        "test": [case.identity for case, _ in incident.tests],
        "env": [scope.environment for _, scope in incident.tests],
        "pipeline": [scope.pipeline for _, scope in incident.tests],
        "owner": [*owners.test, *owners.environment, *owners.suspect] or ["unowned"],
        "service": [suspect.service or ""] if suspect else [],
        "state": [incident.state],
    }
