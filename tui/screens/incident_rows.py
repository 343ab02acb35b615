"""The list of incidents before it is drawn: columns, rows, the line above it, what is said when it is empty. Pure."""

from __future__ import annotations

import re
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING

from rich.cells import cell_len

from ingest.model import Verdict
from tui import present
from tui.answers.health import silence_ms
from tui.present import Glyphs
from tui.screens import argument, health_lines, states
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.pieces import Line, Piece, line

if TYPE_CHECKING:
    from tui.answers.triage import IncidentRow, SessionNow, TriageAnswer
    from tui.screens.context import ViewContext

COLUMNS = (
    Column("verdict", "verdict", 13, folds=(Fold(6, 1),)),
    Column("what", "what", 34, folds=(Fold(4, 22),), is_flexible=True),
    Column("since", "since", 7, align="right"),
    Column("radius", "radius", 10, folds=(Fold(2, 5),), short="tests"),
    Column("suspect", "top suspect", 23, folds=(Fold(3, 12), Fold(5, 0))),
    Column("chance", "P", 4, align="right"),
    Column("state", "state", 13, folds=(Fold(1, 1),), short=" "),
)

STATE_CELLS = (16, 60)
"""For what people did with one incident or test: on a narrow screen, on a wide one."""
AGAIN = "failing again"
"""The state of what was fixed and is red once more."""
DOUBT = 0.2
"""P(someone must act) of one incident from which on nothing is called harmless: a flake at .5 is a doubt."""


def summary(answer: TriageAnswer, context: ViewContext) -> tuple[Line, ...]:
    """Left and right end of the line above: how many are real, and what was looked at, in shorter and shorter forms."""
    if answer.health.now_ms is None:
        return (), ()
    counted = argument.counts_line(answer.counts)
    if not any(answer.counts.get(verdict) for verdict in (*argument.MUST_ACT, Verdict.ENVIRONMENT)):
        counted = (_no_real(answer, context), Piece("   "), *counted)
    to_sort = sum(bool(is_to_sort(one)) for one in answer.incidents)
    if to_sort:
        counted += line("   ", ("f", "accent"), (f" {to_sort} to sort", "muted"))
    if answer.is_old:
        return counted, line((f"as of {context.clock(answer.health.now_ms, 0)}, reading on", "unowned"))
    return counted, *health_lines.health_line(answer.health, context)


def _no_real(answer: TriageAnswer, context: ViewContext) -> Piece:
    """Reassuring only when everything was looked at and nothing is left open; what is resolved is red still."""
    if answer.counts.get(Verdict.UNDECIDED) or any(one.act_probability >= DOUBT for one in answer.incidents):
        return Piece("none is known to be real", "unowned")
    can_tell = answer.health.can_tell and silence_ms(answer.health, context.query, int(time.time() * 1000)) is None
    said = "nothing is left to act on" if answer.counts.get("resolved") else "nothing is really red"
    return Piece(said, "good") if can_tell else Piece("cannot tell", "unowned")


def is_to_sort(incident: IncidentRow) -> list[str]:
    """Why an incident is in the queue of what nobody has sorted: nobody owns its tests, or nothing could be told."""
    is_taken = incident.state.startswith(("claimed", "assigned", "quarantined", "resolved"))
    unowned = [] if incident.owners.test or is_taken else ["unowned"]
    unclassified = ["unclassified"] if incident.verdict is Verdict.UNDECIDED and not is_taken else []
    found = [*unowned, *unclassified]
    return ["sort", *found] if found else []


def session_line(session: SessionNow, now_ms: int | None, context: ViewContext, width: int = 120) -> tuple[Line, Line]:
    """The session on call that goes on: since when, and how much was handled in it; whose it is where there is room."""
    since = context.clock(session.since_ms, now_ms)
    dot = f" {context.glyphs.dot} "
    whose = f"{dot}{session.actor}" if width >= 100 else ""
    said = f"{whose}{dot}since {since}{dot}{session.handled} handled"
    left = line(("session ", "muted"), (session.name, "strong"), (said, "muted"))
    writes = " writes its hand-over   " if width >= 100 else " hand-over   "
    ends = () if context.is_read_only else line(("b", "accent"), (" ends it", "muted"))
    return left, line(("H", "accent"), (writes, "muted")) + ends


def blank(answer: TriageAnswer, context: ViewContext, width: int) -> Sequence[Line] | None:
    """What to say instead of a list that is empty; None when it is not."""
    if answer.health.now_ms is None:
        return states.outside_filters(context, width) if answer.health.runs else states.first_run(context, width)
    return None if answer.incidents else health_lines.nothing_red(answer.health, context, width)


def cells(incident: IncidentRow, now_ms: int, glyphs: Glyphs) -> Row:
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


def state_line(state: str, width: int, glyphs: Glyphs) -> Line:
    """What people did; shorter words, or one letter, where there is no room."""
    is_new, is_again = state == "new", state == AGAIN
    if width < 4:
        return line((glyphs.new, "strong") if is_new else ("!", "bad") if is_again else (state[:1], "muted"))
    if cell_len(state) > width:
        for word, short in _STATE_WORDS:
            state = state.replace(word, short)
        if width >= STATE_CELLS[0] and _ISO_DATE.match(state):
            state = f"until {state}"
        state = _ISO_DATE.sub(lambda found: f"{int(found[3])} {_MONTHS[int(found[2]) - 1]}", state)
    return line((state, "strong" if is_new else "bad" if is_again else "muted"))


_STATE_WORDS = (
    ("acknowledged by", "ack"),
    ("claimed by", "claim"),
    ("assigned to", "to"),
    ("resolved by", "done"),
    ("quarantined until ", ""),
)
_ISO_DATE = re.compile(r"(\d{4})-(0\d|1[0-2])-(\d\d)")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
