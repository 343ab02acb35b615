"""What analyses take and give: frozen records over arrays, nothing of the store.

Axes: `n` runs, oldest first by start; `m` test cases. Cells of `StreamHistory.results` are `ingest.model.Result` values,
or `ABSENT` where the test case has no result in the run: unknown when the run is incomplete, never green.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from ingest.model import Change, RunRef, Scope, TestCase, Tier, Verdict

ABSENT = -1

ResultMatrix = npt.NDArray[np.int8]
CountMatrix = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate with its 95 % interval, all fractions, and the k of n it rests on."""

    estimate: float
    low: float
    high: float
    k: int
    n: int


@dataclass(frozen=True, slots=True)
class Exercise:
    """A service that a test case touches, with the tier that says so."""

    service: str
    tier: Tier
    hops: int = 0
    """Steps in the service graph from the entry service; 0 for declared ones and the entry itself."""


@dataclass(frozen=True, slots=True)
class TestColumn:
    """A test case as a column of a history."""

    case: TestCase
    exercised: tuple[Exercise, ...] = ()
    """Declared first, in the report's order; then reachable ones, nearest first."""
    owners: tuple[str, ...] = ()

    __test__ = False


@dataclass(frozen=True, slots=True)
class StreamHistory:
    """All baseline runs of a stream in a window, and the results of chosen test cases in them."""

    scope: Scope
    runs: tuple[RunRef, ...]
    """Length n, first run attempts only, oldest first."""
    tests: tuple[TestColumn, ...]
    """Length m."""
    results: ResultMatrix
    """[n, m] of `Result` or ABSENT."""
    failed_attempts: CountMatrix
    """[n, m] attempts that failed or errored, capped at 255."""
    attempts: CountMatrix
    """[n, m] attempts, capped at 255."""


@dataclass(frozen=True, slots=True)
class FailureSample:
    """One failing attempt's text, as evidence."""

    test_id: str
    run: RunRef
    type: str
    message: str
    text: str
    signature: str


@dataclass(frozen=True, slots=True)
class ServiceGraph:
    """Who calls whom: `calls[s]` are the services that `s` depends on directly."""

    calls: dict[str, tuple[str, ...]] = field(default_factory=dict)
    owners: dict[str, str | None] = field(default_factory=dict)
    """Every known service; None: in the catalog, unowned."""
    uncatalogued: frozenset[str] = frozenset()
    """Seen in a report or change, not in the catalog."""


@dataclass(frozen=True, slots=True)
class ChangeFeed:
    """Changes of every environment, oldest first, and which services have any feed at all in an environment."""

    changes: tuple[Change, ...] = ()
    covered: frozenset[tuple[str, str]] = frozenset()
    """(service, environment) pairs with at least one recorded change at any time."""


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
    """`service` or `test`, of a change."""
    service: str | None = None


@dataclass(frozen=True, slots=True)
class Onset:
    """Since when: the last run without and the first run with the failure; None where history does not reach."""

    last_good: RunRef | None
    first_bad: RunRef | None


@dataclass(frozen=True, slots=True)
class Judgement:
    """Verdict and age of one red test case in one stream, or of an incident."""

    verdict: Verdict
    probability: float
    age: str
    """`first time`, `since <ISO time>` or `long-standing`."""
    onset: Onset
    hypotheses: tuple[Hypothesis, ...] = ()
