"""What analyses take and give: frozen records over arrays, nothing of the store.

Axes: `n` runs, oldest first by start; `m` test cases. Cells of `StreamHistory.results` are `ingest.model.Result`
values, or `ABSENT` where the test case has no result in the run: unknown when the run is incomplete, never green.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from analysis.hypotheses import Evidence as Evidence
from analysis.hypotheses import Hypothesis as Hypothesis
from analysis.hypotheses import Onset as Onset
from ingest.model import Change, Result, RunRef, Scope, TestCase, Tier, Verdict

ABSENT = -1

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    ResultMatrix = npt.NDArray[np.int8]
    CountMatrix = npt.NDArray[np.uint8]
    BoolMatrix = npt.NDArray[np.bool_]
    DurationMatrix = npt.NDArray[np.int64]
    RunMask = npt.NDArray[np.bool_]
else:  # importing numpy costs a third of the dashboard's first paint, and records are all that it needs
    ResultMatrix = CountMatrix = BoolMatrix = DurationMatrix = RunMask = Any


@dataclass(frozen=True, slots=True)
class Interval:
    """A rate with its 95 % interval, all fractions, and the k of n it rests on."""

    estimate: float
    low: float
    high: float
    k: int
    n: int


@dataclass(frozen=True, slots=True)
class Count:
    """k of n: hits and what they are counted over. n = 0: nothing could be counted, not "there was none"."""

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
    known: dict[str, Any] = field(default_factory=dict, init=False, repr=False, compare=False)
    """What was worked out from it alone, since many questions are asked of one history; never part of it."""


@dataclass(frozen=True, slots=True)
class RerunResult:
    """A test case's result in a second or later attempt of a run: never a denominator, at most retry evidence."""

    test_id: str
    run: RunRef
    """With `attempt` > 1, and the pipeline and run id of the first attempt."""
    result: Result


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
class Judgement:
    """Verdict and age of one red test case in one stream, or of an incident."""

    verdict: Verdict
    probability: float
    age: str
    """`first time`, `since <ISO time>` or `long-standing`; empty when the test case passes."""
    onset: Onset
    hypotheses: tuple[Hypothesis, ...] = ()
    reason: str = ""
    """Why nothing was decided, such as `not enough data (2 runs)`; empty otherwise."""


@dataclass(frozen=True, slots=True)
class Recent:
    """A share of runs that forgets: newer runs weigh more (`analysis.recency`), fractions but for the weights."""

    estimate: float
    low: float
    high: float
    k: float
    """Weight of the hits."""
    n: float
    """Weight of all runs."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Whether a test case began or ceased to flake within its history."""

    state: str
    """`new`, `flaky`, `recovered`; empty: it never flaked often enough."""
    since: int | None
    """Place of the first run of that state; None where it has none."""


@dataclass(frozen=True, slots=True)
class FlakeStats:
    """How flaky one test case is in one stream; the fields are the keys of `crywolf flakes --json`."""

    runs: int
    """Runs that executed the case, masked ones included."""
    masked_runs: int
    """Of these, left out of every rate below because of an outage."""
    failed_runs: int
    """Runs that ended red, masked ones included."""
    flaky_runs: int
    """Unmasked runs with a flake of either kind."""
    flake_rate: Interval
    flip_rate: float | None
    """Outcome changes between consecutive unmasked runs / (runs - 1); None below two runs."""
    retry_pass: Count | None
    """Unmasked runs that passed on a retry, of those executed; None: retries not observed in this stream."""
    same_code: Count
    """Unmasked red runs shown a flake by passes of the same code, of the executed runs whose code is known."""
    flips: Count
    """Outcome changes, of the pairs of consecutive unmasked runs."""
    lost_seconds: float | None
    """Time spent on failing attempts and retries that flakes caused; None where durations are not known."""
    recent_flips: Recent | None = None
    """Flip rate with a half-life of 50 runs; None below two runs."""
    recent_entropy: Recent | None = None
    """Entropy of the share of red runs with that half-life, in bits."""
    trend: Trend = Trend("", None)
    """`since` is the place among the history's runs."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one test case's history in a stream with one failure rate."""

    start: RunRef
    end: RunRef
    failure_rate: Interval
    runs: int
    """Executed runs in it."""


@dataclass(frozen=True, slots=True)
class ChangePoint:
    """Where the failure rate changed: the first run of the new segment, with a 99 % interval of its position."""

    at: RunRef
    low: RunRef
    high: RunRef


@dataclass(frozen=True, slots=True)
class Segmentation:
    """Segments, oldest first, and the change points between them: one fewer than segments; both empty without runs."""

    segments: tuple[Segment, ...]
    change_points: tuple[ChangePoint, ...]


@dataclass(frozen=True, slots=True)
class DurationShift:
    """Where a test case became slower (ratio above 1) or faster; places are those of the runs looked at."""

    at: int
    before_ms: float
    """Median of up to 20 runs before."""
    after_ms: float
    ratio: Interval
    """After to before, a factor and no fraction; `k` of `n` runs lie after."""


@dataclass(frozen=True, slots=True)
class DurationSegment:
    """A stretch with one duration: places, end exclusive."""

    start: int
    end: int
    median_ms: float
    spread_ms: float
    """Median absolute deviation, scaled to a standard deviation."""


@dataclass(frozen=True, slots=True)
class Outage:
    """Runs of one environment in which far more failed than the tests' own rates allow."""

    environment: str
    service: str
    """The service whose tests failed; empty when it was everything."""
    start: RunRef
    end: RunRef | None
    """The last run in it; None while nothing has recovered."""
    tests: tuple[str, ...]
    """`test_id` of the cases that failed in it, sorted."""
    failed: Count
    """Failed of executed results in it, in its scope."""
    log_likelihood_ratio: float
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class OutageReport:
    """Outages of an environment, and what they mask."""

    outages: tuple[Outage, ...]
    """By start, then service; open ones included."""
    cells: tuple[BoolMatrix, ...]
    """One [n, m] matrix a history given, in its order: True where a closed outage or a mostly red run masks a result
    from **rates**."""
    closed: tuple[BoolMatrix, ...]
    """The same, closed outages only: what suspects leave out. A mostly red run that lasts stays in."""

    def runs(self, index: int) -> RunMask:
        """[n] of history `index`: True where every result of the run is masked from rates."""
        cells = self.cells[index]
        import numpy as np

        return np.asarray(cells.all(axis=1) if cells.size else np.zeros(len(cells), dtype=np.bool_))


@dataclass(frozen=True, slots=True)
class Habit:
    """What was confirmed of one kind or size of change."""

    k: int
    """Culprits."""
    expected: float
    """Of as many culprits in all, if they were spread as is assumed."""


@dataclass(frozen=True, slots=True)
class SuspectQuestion:
    """Who broke this test case in this stream? An analysis may look at nothing else."""

    test_id: str
    """The triggering test case."""
    history: StreamHistory
    """Its stream's last four days or so up to the moment of the question, with all test cases."""
    graph: ServiceGraph
    feed: ChangeFeed
    """Changes of all services of the environment and of the tests, made before the moment of the question."""
    samples: tuple[FailureSample, ...] = ()
    """Failing attempts of the triggering test case, of its current streak at least."""
    masked: BoolMatrix | None = None
    """[n, m] of results that a closed outage explains (`OutageReport.closed`); None: found from this history alone."""
    records: dict[str, Count] = field(default_factory=dict)
    """(confirmed culprits, changes) of each service before this stretch, from `track_records`."""
    habits: dict[str, Habit] = field(default_factory=dict)
    """Confirmed culprits of each kind and size of change before this stretch, from `habits_before`."""
    felt: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """`test_id` of the test cases that failed by a confirmed culprit of each service before this stretch, sorted."""
    elsewhere: tuple[StreamHistory, ...] = ()
    """Other streams of the environment over the same time."""


@dataclass(frozen=True, slots=True)
class RedTest:
    """A test case that is red now in a stream, for grouping into incidents."""

    case: TestCase
    scope: Scope
    first_bad: RunRef
    last_good: RunRef | None
    signature: str
    """Of its newest failure; empty when there is no text."""
    suspects: tuple[str, ...] = ()
    """`change_id` of its most probable suspects, best first; only those worth showing."""
    services: tuple[str, ...] = ()
    """Services it exercises."""
    teams: tuple[str, ...] = ()
    """Owners of the test case."""
    environment_is_suspect: bool = False
    """Its leading hypothesis is an outage of the environment."""


@dataclass(frozen=True, slots=True)
class BlastRadius:
    """What one cluster touches: numbers of test cases, services and teams."""

    tests: int
    services: int
    teams: int


@dataclass(frozen=True, slots=True)
class IncidentGroup:
    """Failures to be triaged together. The id is the same for the same lead test and onset, in any order of input."""

    incident_id: str
    lead: RedTest
    """Earliest onset, then smallest identity."""
    members: tuple[RedTest, ...]
    """The lead first, then by onset and identity."""
    radius: BlastRadius
