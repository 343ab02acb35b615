"""Competing explanations and their onset, apart from the other records: the first paint needs these alone."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import Change, RunRef


@dataclass(frozen=True, slots=True)
class Evidence:
    """One additive term of a hypothesis: natural-log odds and a sentence a person believes."""

    term: str
    log_odds: float
    text: str


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One competing explanation; the probabilities of a ranking sum to 1."""

    kind: str
    """change, environment, unrecorded or flake."""
    probability: float
    evidence: tuple[Evidence, ...]
    change: Change | None = None
    target: str | None = None
    """`service` or `test`, of a change; `test` of an unrecorded one of the tests."""
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Onset:
    """Since when: the last run without and the first run with the failure; None where history does not reach."""

    last_good: RunRef | None
    first_bad: RunRef | None
