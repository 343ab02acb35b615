"""The suspects of a red test as a readable card: verdict, last good and first bad, hypotheses with their evidence."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.records import Evidence, Hypothesis
from ingest.model import Change, RunRef, Verdict
from tui.answers.suspects import SuspectsAnswer
from tui.answers.triage import ThreeOwners
from tui.commands.said import readable_age
from tui.output import print_rich, styled
from tui.present import (
    UNICODE,
    VERDICT_WORDS,
    called_words,
    change_word,
    evidence_sign,
    owners_text,
    probability,
    ratio,
    run_label,
    scope_text,
)
from tui.times import minute
from tui.widgets.pieces import plain

Pieces = tuple[str | tuple[str, str], ...]
"""A line as plain and (text, style) pieces."""

SHOWN_ABOVE = 0.01
"""Hypotheses below it are counted, not listed."""
_KINDS = {
    "environment": "the environment: an outage, not a change",
    "unrecorded": "a change that nobody recorded",
    "flake": "no cause: the test is flaky",
    "change": "a change",
}
_WHO_ACTS = frozenset({Verdict.REGRESSION, Verdict.UNRECORDED, Verdict.TEST})


def print_card(answer: SuspectsAnswer) -> None:
    """Print the card on standard output."""
    print_rich(*(styled(*pieces) for pieces in card_lines(answer)))


def card_lines(answer: SuspectsAnswer) -> Iterator[Pieces]:
    """The card, line by line."""
    yield ((plain(answer.case.identity), "bold"),)
    yield (scope_text(answer.scope),)
    yield ("",)
    style = "bold red" if answer.verdict in _WHO_ACTS else "bold"
    verdict = f"{UNICODE.verdicts[answer.verdict]} {VERDICT_WORDS[answer.verdict]}"
    chance = f"P {probability(None if answer.verdict is Verdict.UNDECIDED else answer.probability)}"
    said = called_words(answer.called.actor, answer.model) if answer.called else chance
    why = f": {answer.reason}" if answer.reason and not answer.called else ""
    yield ((verdict, style), f"{why}  {said}  {readable_age(answer.age)}")
    if answer.onset.first_bad is not None:
        yield from onset_lines(answer.onset.last_good, answer.onset.first_bad, answer.between)
        yield (f"owners     {owners_sentence(answer.owners)}",)
    yield ("",)
    yield from _hypotheses(answer.hypotheses)
    for scope, verdict_there, age in answer.other_scopes:
        said = ", ".join(word for word in (VERDICT_WORDS[verdict_there], readable_age(age)) if word)
        yield (f"also {scope_text(scope)}: {said}",)
    if answer.before_merge is not None:
        yield (f"also before merges: {ratio(*answer.before_merge)} red since; it weighs in nothing above",)


def owners_sentence(owners: ThreeOwners) -> str:
    """Three different answers to "whose is it?" in a line."""
    source = f" ({plain(owners.test_source)})" if owners.test_source else ""
    return (
        f"test: {owners_text(owners.test) or 'unowned'}{source}"
        f" · environment: {owners_text(owners.environment) or 'nobody known'}"
        f" · suspect: {owners_text(owners.suspect) or 'none'}"
    )


def onset_lines(
    last_good: RunRef | None, first_bad: RunRef | None, between: tuple[Change, ...], *, indent: str = ""
) -> Iterator[Pieces]:
    """Last good run, the changes after it, first bad run."""
    yield (f"{indent}last good  {_run_text(last_good)}",)
    for change in between:
        title = f"  {plain(change.title)}" if change.title else ""
        yield (f"{indent}           {minute(change.at_ms)}  ", (change_word(change), "cyan"), title)
    yield (f"{indent}first bad  {_run_text(first_bad)}",)


def hypothesis_name(hypothesis: Hypothesis) -> str:
    """What a hypothesis says, in one line."""
    change = hypothesis.change
    if change is None:
        if hypothesis.target == "test":
            return "a change of the test itself, of which no commit is known"
        return _KINDS.get(hypothesis.kind, plain(hypothesis.kind))
    parts = (change_word(change), plain(change.title), plain(change.author))
    return "  ".join(part for part in parts if part)


def evidence_line(evidence: Evidence) -> str:
    """One reason with its sign: for, against, or a fact that hardly weighs, or is weighed in another term."""
    return f"{evidence_sign(evidence.log_odds)} {plain(evidence.text)}"


def _hypotheses(hypotheses: tuple[Hypothesis, ...]) -> Iterator[Pieces]:
    """The probable ones with their evidence; how many are left out."""
    shown = [h for h in hypotheses if h.probability >= SHOWN_ABOVE]
    for hypothesis in shown:
        yield ((f"{probability(hypothesis.probability):>5}  ", "bold"), hypothesis_name(hypothesis))
        for evidence in hypothesis.evidence:
            yield (f"       {evidence_line(evidence)}",)
    if left := len(hypotheses) - len(shown):
        yield (f"       and {left} below {probability(SHOWN_ABOVE)}; `--json` has them",)


def _run_text(run: RunRef | None) -> str:
    """A run by time and id, or that history does not reach it."""
    return f"{minute(run.started_ms)}  {run_label(run)}" if run else "not in the history"
