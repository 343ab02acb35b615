"""The card and the five answers: what a person reads, from made-up answers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest

from analysis.ledger import Said
from analysis.records import Onset
from ingest.model import Verdict
from tests.tui.commands.conftest import assert_golden
from tests.tui.commands.made_up import DOUBTFUL, EMPTY, HEALTHY, INCIDENT, SUSPECTS, TRIAGE
from tui.answers.triage import TriageAnswer
from tui.commands.card import Pieces, card_lines, print_card
from tui.commands.said import doubts, nothing_red, readable_age
from tui.exports.documents import suspects_document
from tui.exports.five_answers import advice, five_answers


def text_of(lines: Iterable[Pieces]) -> str:
    """Lines without their styles."""
    return "".join("".join(p if isinstance(p, str) else p[0] for p in pieces) + "\n" for pieces in lines)


def test_the_card_argues() -> None:
    """Verdict, last good and first bad with the changes between, every probable hypothesis with signed reasons."""
    assert_golden("card.txt", text_of(card_lines(SUSPECTS)))


def test_whose_word_a_verdict_is() -> None:
    """Where somebody said what it is, the card and the five answers name them and what the model says."""
    said = Said(0, 1, Verdict.FLAKY, "ada", 1)
    card = text_of(card_lines(replace(SUSPECTS, verdict=Verdict.FLAKY, called=said, model=(Verdict.REGRESSION, 0.91))))
    assert "flaky  ada says so, the model regression .91" in card
    called = replace(INCIDENT, verdict=Verdict.FLAKY, called_by="ada", model=(Verdict.REGRESSION, 0.91))
    answers = text_of(five_answers(replace(TRIAGE, incidents=(called,))))
    assert "flaky  (ada says so, the model regression .91)" in answers


def test_the_card_off_a_terminal_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    """No colour, no wrapping, no trailing blanks."""
    print_card(SUSPECTS)
    out = capsys.readouterr().out
    assert out == text_of(card_lines(SUSPECTS))
    assert all(line == line.rstrip() for line in out.splitlines())


def test_the_card_of_what_is_undecided_or_passing_claims_nothing_else() -> None:
    """No probability of a verdict that there is none of; no last good run of what is not red."""
    assert "undecided  P -" in text_of(card_lines(replace(SUSPECTS, verdict=Verdict.UNDECIDED)))
    few = replace(SUSPECTS, verdict=Verdict.UNDECIDED, reason="not enough data (2 runs)")
    assert "undecided: not enough data (2 runs)  P -" in text_of(card_lines(few))
    passing = replace(SUSPECTS, verdict=Verdict.PASSING, onset=Onset(None, None), between=(), hypotheses=())
    assert "last good" not in text_of(card_lines(passing))


def test_the_document_of_suspects() -> None:
    """Hypotheses without a change have null in its place, but name their kind."""
    document = suspects_document(SUSPECTS)
    hypotheses = document["hypotheses"]
    assert isinstance(hypotheses, list)
    assert [h["kind"] for h in hypotheses] == ["change", "unrecorded", "environment"]
    assert [h["change_id"] for h in hypotheses] == ["cd:1", None, None]
    assert [h["service"] for h in hypotheses] == ["payments", None, None]
    assert hypotheses[0]["evidence"][1] == {
        "term": "spared",
        "log_odds": -1.1,
        "text": "38 tests that touch payments still pass",
    }


def test_the_five_answers() -> None:
    """Each question once and in order, each incident under each, and what casts doubt on the whole."""
    assert_golden("five_answers.txt", text_of(five_answers(TRIAGE)))


def test_nothing_red_may_only_be_said_when_one_can_tell() -> None:
    """A stale pipeline, an incomplete run or a refused file makes it "cannot be told"."""
    assert nothing_red(HEALTHY) == "nothing is red (6 pipelines, 120 runs, 300 tests)"
    assert "cannot be told" in nothing_red(DOUBTFUL)
    assert len(doubts(DOUBTFUL)) == 3
    for nothing in (EMPTY, replace(HEALTHY, refused_files=1)):
        assert "cannot be told" in text_of(five_answers(TriageAnswer(None, (), nothing, {})))


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_advice(verdict: Verdict) -> None:
    """Nobody is left without a next step, also where nobody owns anything."""
    assert advice(replace(INCIDENT, verdict=verdict))
    assert advice(replace(INCIDENT, verdict=verdict, owners=type(INCIDENT.owners)(), hypotheses=()))


def test_an_undecided_incident_claims_no_probability_and_waits_only_where_that_helps() -> None:
    """One more run tells nothing of what was red in every run there was."""
    undecided = replace(INCIDENT, verdict=Verdict.UNDECIDED, red_runs=21)
    assert "undecided  P -" in text_of(five_answers(replace(TRIAGE, incidents=(undecided,))))
    assert "let it run once more" in advice(undecided)
    assert "never seen to pass" in advice(replace(undecided, onset=Onset(None, undecided.onset.first_bad)))


def test_readable_age() -> None:
    """A time stamp is for documents; people get the minute."""
    assert readable_age("since 2026-11-21T02:10:07.250Z") == "since 2026-11-21 02:10 UTC"
    assert readable_age("long-standing") == "long-standing"
