"""The card and the five answers: what a person reads, from made-up answers."""

from __future__ import annotations

from dataclasses import replace

import pytest
from tests.tui.fakes import COUNTS, EMPTY_HEALTH, HEALTH, HEALTHY, INCIDENTS, WINDOW, suspects

from ingest.model import Verdict
from tui.answers.triage import TriageAnswer
from tui.commands.card import Pieces, card_lines, print_card
from tui.commands.said import doubts, nothing_red
from tui.exports.documents import suspects_document
from tui.exports.five_answers import advice, five_answers


def text_of(lines: list[Pieces]) -> str:
    """Lines without their styles."""
    return "\n".join("".join(p if isinstance(p, str) else p[0] for p in pieces) for pieces in lines)


def test_the_card_argues() -> None:
    """Verdict, last good and first bad with the changes between, every probable hypothesis with signed reasons."""
    answer = suspects()
    text = text_of(list(card_lines(answer)))
    assert answer.case.identity in text
    assert answer.verdict.value in text
    assert text.index("last good") < text.index("first bad")
    for hypothesis in answer.hypotheses:
        for evidence in hypothesis.evidence:
            sign = "+" if evidence.log_odds >= 0 else "-"
            assert (f"{sign} {evidence.text}" in text) == (hypothesis.probability >= 0.01)


def test_the_card_off_a_terminal_is_plain(capsys: pytest.CaptureFixture[str]) -> None:
    """No colour, no wrapping, no trailing blanks."""
    print_card(suspects())
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert all(line == line.rstrip() for line in out.splitlines())


def test_the_document_of_suspects_sums_to_one() -> None:
    """As the answer does; hypotheses without a change have null in its place."""
    document = suspects_document(suspects())
    hypotheses = document["hypotheses"]
    assert isinstance(hypotheses, list)
    assert sum(h["probability"] for h in hypotheses) == pytest.approx(sum(h.probability for h in suspects().hypotheses))
    for hypothesis in hypotheses:
        assert (hypothesis["kind"] == "change") == (hypothesis["change_id"] is not None)


def test_the_five_answers_are_in_order() -> None:
    """Each question once, each incident under each."""
    answer = TriageAnswer(WINDOW, INCIDENTS, HEALTH, COUNTS)
    text = text_of(list(five_answers(answer)))
    titles = ("1. What is red", "2. Whose", "3. Since when", "4. What changed", "5. What do I do now")
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    assert "2 real" in text
    for incident in INCIDENTS:
        assert incident.title in text


def test_nothing_red_may_only_be_said_when_one_can_tell() -> None:
    """A stale pipeline, an incomplete run or a refused file makes it "cannot be told"."""
    assert nothing_red(HEALTHY).startswith("nothing is red") == HEALTHY.can_tell
    assert "cannot be told" in nothing_red(HEALTH)
    assert len(nothing_red(HEALTH).splitlines()) == 1 + len(doubts(HEALTH))
    assert "cannot be told" in nothing_red(EMPTY_HEALTH)
    text = text_of(list(five_answers(TriageAnswer(None, (), EMPTY_HEALTH, {}))))
    assert "cannot be told" in text


@pytest.mark.parametrize("verdict", Verdict)
def test_every_verdict_has_its_advice(verdict: Verdict) -> None:
    """Nobody is left without a next step."""
    assert advice(replace(INCIDENTS[0], verdict=verdict))
