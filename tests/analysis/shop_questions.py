"""A small shop whose tests touch four services, and what is asked about it."""

from __future__ import annotations

from analysis.records import ChangeFeed, FailureSample, Hypothesis, ServiceGraph, StreamHistory, SuspectQuestion
from analysis.suspects import rank_suspects
from tests.analysis.builders import column, history, run

GRAPH = ServiceGraph(
    {"web": ("pay", "search"), "pay": ("vault",)}, dict.fromkeys(["web", "pay", "vault", "search"], "t")
)
BROKEN = "." * 30 + "RRR"
FINE = "." * 33


def shop(line_of_pay: str, line_of_search: str, *, count: int = 6) -> StreamHistory:
    """Journeys that touch pay and vault, and as many that touch search; all enter by web."""
    rows = [(column(f"pay{i}", "web", "pay", "vault"), line_of_pay) for i in range(count)]
    rows += [(column(f"search{i}", "web", "search"), line_of_search) for i in range(count)]
    return history(rows)


def ask(stream: StreamHistory, changes: ChangeFeed, *samples: FailureSample, test: int = 0) -> tuple[Hypothesis, ...]:
    """The ranking for one test case."""
    return rank_suspects(SuspectQuestion(stream.tests[test].case.test_id, stream, GRAPH, changes, samples))


def said(stream: StreamHistory, i: int, text: str) -> FailureSample:
    """A failing attempt's text in run i."""
    return FailureSample(stream.tests[0].case.test_id, run(i), "E", text.split("\n")[0], text, "")


def by_service(found: tuple[Hypothesis, ...], service: str) -> Hypothesis:
    """The hypothesis about this service's change."""
    return next(h for h in found if h.change is not None and h.change.service == service)


def told(hypothesis: Hypothesis) -> set[str]:
    """The sentences that a hypothesis is argued with."""
    return {evidence.text for evidence in hypothesis.evidence}
