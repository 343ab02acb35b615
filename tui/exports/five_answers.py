"""The five answers as text: what is red and is it real, whose, since when, what changed, what to do now."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.records import Hypothesis
from ingest.model import Verdict
from tui.answers.triage import IncidentRow, TriageAnswer
from tui.commands.card import Pieces, evidence_line, hypothesis_name, onset_lines, owners_sentence
from tui.commands.said import doubts, nothing_red, readable_age
from tui.present import UNICODE, VERDICT_WORDS, called_words, count, owners_text, probability, scope_text
from tui.widgets.pieces import plain

SHOWN = 8
"""Incidents that are argued; the rest is counted."""
_REASONS = 3


def five_answers(answer: TriageAnswer) -> Iterator[Pieces]:
    """All lines, a section a question."""
    shown = answer.incidents[:SHOWN]
    yield from _what(answer, shown)
    if not shown:
        return
    for title, section in (
        ("2. Whose is it?", _whose),
        ("3. Since when?", _since),
        ("4. What changed?", _changed),
        ("5. What do I do now?", _do),
    ):
        yield ("",)
        yield ((title, "bold"),)
        for number, incident in enumerate(shown, 1):
            yield from section(number, incident)


def _what(answer: TriageAnswer, shown: tuple[IncidentRow, ...]) -> Iterator[Pieces]:
    """The incidents with verdict and reach, and what casts doubt on the whole."""
    yield (("1. What is red, and is it real?", "bold"),)
    if not shown:
        yield from ((f"   {line}",) for line in nothing_red(answer.health).splitlines())
        return
    real = answer.counts.get("real", 0)
    others = (f"{number} {kind}" for kind, number in sorted(answer.counts.items()) if kind != "real" and number)
    yield (f"   {count(len(answer.incidents), 'incident')}, {real} real: " + ", ".join(others),)
    for number, incident in enumerate(shown, 1):
        reach = incident.radius
        yield (
            f"   {number}. ",
            (f"{UNICODE.verdicts[incident.verdict]} {VERDICT_WORDS[incident.verdict]}", "bold"),
            f"  {_chance(incident)}  {plain(incident.title)}",
        )
        yield (
            f"      {count(reach.tests, 'test')}, {count(reach.services, 'service')}, {count(reach.teams, 'team')}"
            f"; {plain(incident.lead.identity)} in {scope_text(incident.scope)}",
        )
    if left := len(answer.incidents) - len(shown):
        yield (f"   and {left} more; `crywolf failures` lists them",)
    for doubt in doubts(answer.health):
        yield (f"   note: {doubt}",)


def _chance(incident: IncidentRow) -> str:
    """How probable the verdict is, a dash where there is none, or whose word."""
    if incident.model is None:
        return f"P {probability(None if incident.verdict is Verdict.UNDECIDED else incident.probability)}"
    return f"({called_words(incident.called_by, incident.model)})"


def _whose(number: int, incident: IncidentRow) -> Iterator[Pieces]:
    """Owners of the test, the environment and the suspected service."""
    yield (f"   {number}. {owners_sentence(incident.owners)}",)


def _since(number: int, incident: IncidentRow) -> Iterator[Pieces]:
    """Age, last good, first bad and the changes between."""
    yield (f"   {number}. {readable_age(incident.age)}; red in {count(incident.red_runs, 'run')}",)
    yield from onset_lines(incident.onset.last_good, incident.onset.first_bad, incident.between, indent="      ")


def _changed(number: int, incident: IncidentRow) -> Iterator[Pieces]:
    """The two most probable explanations with their strongest reasons."""
    for place, hypothesis in enumerate(incident.hypotheses[:2]):
        lead = f"{number}." if place == 0 else "  "
        yield (f"   {lead} {probability(hypothesis.probability):>4}  ", (hypothesis_name(hypothesis), "cyan"))
        strongest = sorted(hypothesis.evidence, key=lambda e: -abs(e.log_odds))[:_REASONS]
        yield from ((f"            {evidence_line(evidence)}",) for evidence in strongest)


def _do(number: int, incident: IncidentRow) -> Iterator[Pieces]:
    """One sentence that names who does what."""
    yield (f"   {number}. {advice(incident)}",)


def advice(incident: IncidentRow) -> str:
    """What to do about an incident, by its verdict."""
    owner = owners_text(incident.owners.test) or "nobody owns the test: find an owner, then ask them"
    if incident.verdict is Verdict.REGRESSION:
        return _regression(incident, incident.suspect)
    if incident.verdict is Verdict.ENVIRONMENT:
        keeper = owners_text(incident.owners.environment) or "whoever runs the environment"
        return f"tell {keeper}: the environment is down; leave tests and services alone, run again when it is back"
    if incident.verdict is Verdict.FLAKY:
        return f"nothing tonight; it cries wolf. For working hours: {owner}"
    if incident.verdict is Verdict.TEST:
        return f"the test itself is at fault; for {owner}"
    if incident.verdict is Verdict.UNRECORDED:
        return "something changed that nobody recorded: ask who changed what, then `crywolf record deploy`"
    if incident.onset.last_good is None and incident.red_runs > 1:
        return f"it was never seen to pass: to mend or to quarantine. For working hours: {owner}"
    return "too little is known: let it run once more, then look again"


def _regression(incident: IncidentRow, suspect: Hypothesis | None) -> str:
    """Whom to ask about which change."""
    who = owners_text(incident.owners.suspect) or "the owner of the suspected service"
    what = hypothesis_name(suspect) if suspect else "the changes above"
    return f"ask {who} to roll back or mend: {what}"
