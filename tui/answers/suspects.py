"""What broke it: competing hypotheses for a red test case or an incident."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.records import Hypothesis, Onset
from ingest.model import Change, Scope, TestCase, Verdict
from store.connect import Connection
from tui.answers.query import Query


@dataclass(frozen=True, slots=True)
class SuspectsAnswer:
    """The hypotheses for one test case in one stream; their probabilities sum to 1."""

    case: TestCase
    scope: Scope
    verdict: Verdict
    probability: float
    """Of the verdict."""
    age: str
    onset: Onset
    other_scopes: tuple[tuple[Scope, Verdict, str], ...]
    """Other streams of the case: (scope, verdict, age)."""
    hypotheses: tuple[Hypothesis, ...]
    between: tuple[Change, ...]
    """Changes between last good and first bad, oldest first."""


def answer_suspects(connection: Connection, query: Query, what: str) -> SuspectsAnswer:
    """Hypotheses for a test case (any unambiguous part of its identity) or incident id.

    Raises:
        tui.errors.NoMatch: nothing, or more than one thing, matches; holds the nearest names.
    """
    raise NotImplementedError
