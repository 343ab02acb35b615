"""How often does it cry wolf? Every case with a failed or flaky run in the window, a row a stream."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from analysis.intervals import BetaPrior, flake_intervals
from analysis.records import Interval, Recent, Segment
from analysis.segments import current_segments
from ingest.model import Result, Scope, TestCase, Verdict
from store.connect import Connection
from tui.answers.basis import Basis, load_basis
from tui.answers.judging import Judged, can_judge, judge_red
from tui.answers.priors import FlakePrior, flake_prior
from tui.answers.query import Query, Window
from tui.answers.rating import LEAST_RUNS, Rated, rate_stream
from tui.answers.sums import list_red


@dataclass(frozen=True, slots=True)
class FlakeRow:
    """Flakiness of one test case in one stream within a window."""

    case: TestCase
    scope: Scope
    owners: tuple[str, ...]
    runs: int
    """Runs that executed it, before outage masking."""
    masked_runs: int
    failed_runs: int
    """Red in the end."""
    flaky_runs: int
    """Runs with a flake of either kind, each once."""
    flake_rate: Interval | None
    """None below the minimum number of runs."""
    retry_pass: tuple[int, int] | None
    """k of n runs; None: retries not observed in this suite."""
    same_code: tuple[int, int] | None
    """k of n runs; None: the change feed does not cover it."""
    flips: int
    flip_rate: float | None
    verdict: Verdict
    age: str
    lost_seconds: float
    summed_runs: int = 0
    """Of the runs, those of pruned days: known by day sums, without same-code evidence, outages and lost time."""
    recent_flips: Recent | None = None
    """Flip rate with a half-life of 50 runs; None below the minimum number of runs."""
    recent_entropy: Recent | None = None
    trend: str = ""
    """`new`, `flaky`, `recovered`; empty: it never flaked often enough."""
    trend_since_ms: int | None = None
    """Start of the first run of that state."""
    segment: Segment | None = None
    """The current one, with its failure rate; None where it was not asked for, or below the minimum number of runs."""
    flips_of: int = 0
    """Pairs of consecutive runs in which the outcome might have changed."""
    retry_pass_rate: Interval | None = None
    """Of retry-pass alone, by the same prior; None where it was not asked for or observed, or below the minimum."""
    same_code_rate: Interval | None = None

    @property
    def counted_runs(self) -> int:
        """Runs outside masked outages: those that the flake rate is of."""
        return self.runs - self.masked_runs


@dataclass(frozen=True, slots=True)
class LostTime:
    """What flakes cost in the window, over all streams in scope."""

    attempts_s: float
    """Failing attempts and red runs that were flakes."""
    red_builds: int
    """Runs that were red, and every red case of them a flake."""
    of_builds: int
    """Runs that were red outside masked outages."""
    red_builds_s: float
    """How long those runs took, from start to end, as far as it is known: what it takes to run them again."""


@dataclass(frozen=True, slots=True)
class FlakesAnswer:
    """Rows in the one order of flakes, the worst first."""

    window: Window | None
    rows: tuple[FlakeRow, ...]
    lost: LostTime | None = None
    """None where only some owner's or service's test cases were asked for: a run is red for all of them."""
    prior: FlakePrior | None = None


SORTS = ("rate", "cost")


def by_cost(answer: FlakesAnswer) -> FlakesAnswer:
    """The same, what lost most time first."""
    return replace(answer, rows=tuple(sorted(answer.rows, key=lambda row: -row.lost_seconds)))


def answer_flakes(connection: Connection, query: Query) -> FlakesAnswer:
    """Flakiness under the filters of `query`."""
    basis = load_basis(connection, query)
    if basis is None:
        return FlakesAnswer(None, ())
    by_stream: dict[int, list[int]] = {}
    for sums in list_red(basis):
        by_stream.setdefault(sums.stream_id, []).append(sums.test_row)
    listed = frozenset(row for rows in by_stream.values() for row in rows)
    judged = judge_red(basis, listed) if can_judge(basis) else None
    rows: list[FlakeRow] = []
    builds: list[LostTime] = []
    for stream in basis.streams:
        wanted = by_stream.get(stream.stream_id)
        if wanted:
            rated = rate_stream(basis, stream, wanted)
            rows += with_segments(rated, flake_rows(basis, rated, judged))
            builds.append(_red_builds(rated))
    rows = sorted(with_kinds(rows, flake_prior(basis).beta), key=_order)
    is_whole = query.owner is None and query.service is None
    return FlakesAnswer(basis.window, tuple(rows), _sum(rows, builds) if is_whole else None, flake_prior(basis))


def with_segments(rated: Rated, rows: Iterable[FlakeRow]) -> list[FlakeRow]:
    """Rows of cases that failed or flaked, one a column given, with the segment that they are in now."""
    listed = [(column, row) for column, row in enumerate(rows) if row.failed_runs or row.flaky_runs]
    known = [column for column, row in listed if row.runs - row.masked_runs - row.summed_runs >= LEAST_RUNS]
    segments = dict(zip(known, current_segments(rated.loaded.history, known, rated.masked), strict=True))
    return [replace(row, segment=segments.get(column)) for column, row in listed]


def with_kinds(rows: list[FlakeRow], prior: BetaPrior) -> list[FlakeRow]:
    """The rows with an interval for either kind of flake by itself."""
    retry = _rates([row.retry_pass for row in rows], prior)
    same = _rates([row.same_code for row in rows], prior)
    return [replace(row, retry_pass_rate=retry.get(n), same_code_rate=same.get(n)) for n, row in enumerate(rows)]


def _rates(counted: list[tuple[int, int] | None], prior: BetaPrior) -> dict[int, Interval]:
    """Intervals of those k of n that are known of enough runs, by place."""
    known = {place: pair for place, pair in enumerate(counted) if pair is not None and pair[1] >= LEAST_RUNS}
    k, n = [pair[0] for pair in known.values()], [pair[1] for pair in known.values()]
    if not known:
        return {}
    found = flake_intervals(k, n, prior)
    bounds = zip(found.estimate.tolist(), found.low.tolist(), found.high.tolist(), k, n, strict=True)
    return {place: Interval(*one) for place, one in zip(known, bounds, strict=True)}


def _red_builds(rated: Rated) -> LostTime:
    """Runs of one stream that flakes alone made red; its rows are all that failed."""
    history = rated.loaded.history
    red = np.isin(history.results, (Result.FAILED, Result.ERRORED)) & ~rated.masked
    is_red = red.any(axis=1)
    by_flakes = np.flatnonzero(is_red & ~(red & ~rated.flaky).any(axis=1)).tolist()
    spans = [run.ended_ms - run.started_ms for run in (history.runs[n] for n in by_flakes) if run.ended_ms is not None]
    return LostTime(0.0, len(by_flakes), int(is_red.sum()), sum(spans) / 1000)


def _sum(rows: list[FlakeRow], builds: list[LostTime]) -> LostTime:
    return LostTime(
        round(sum(row.lost_seconds for row in rows), 3),
        sum(one.red_builds for one in builds),
        sum(one.of_builds for one in builds),
        round(sum(one.red_builds_s for one in builds), 3),
    )


def flake_rows(basis: Basis, rated: Rated, judged: dict[tuple[int, int], Judged] | None) -> Iterator[FlakeRow]:
    """One row a column of a rated stream; the verdict is undecided where nothing could be judged (None)."""
    stream_id = rated.loaded.stream.stream_id
    for column, stats in enumerate(rated.stats):
        test = rated.loaded.history.tests[column]
        row = rated.loaded.test_rows[column]
        red = None if judged is None else judged.get((stream_id, row))
        green = Verdict.UNDECIDED if judged is None else Verdict.PASSING
        counted = stats.runs - stats.masked_runs
        yield FlakeRow(
            test.case,
            rated.loaded.history.scope,
            test.owners,
            stats.runs,
            stats.masked_runs,
            stats.failed_runs,
            stats.flaky_runs,
            stats.flake_rate if counted >= LEAST_RUNS else None,
            None if stats.retry_pass is None else (stats.retry_pass.k, stats.retry_pass.n),
            (stats.same_code.k, stats.same_code.n) if rated.is_covered(column) else None,
            stats.flips.k,
            stats.flip_rate,
            green if red is None else red.verdict,
            "" if red is None else red.judgement.age,
            round(stats.lost_seconds or 0.0, 3),
            sum(day.executed for day in rated.days.get(row, ())),
            stats.recent_flips if counted >= LEAST_RUNS else None,
            stats.recent_entropy if counted >= LEAST_RUNS else None,
            stats.trend.state,
            None if stats.trend.since is None else rated.loaded.history.runs[stats.trend.since].started_ms,
            flips_of=stats.flips.n,
        )


def worst_first(basis: Basis, wanted: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Cases that failed or flaked, as (stream row, test row), in the order of the list."""
    by_stream: dict[int, list[int]] = {}
    for stream_id, test_row in wanted:
        by_stream.setdefault(stream_id, []).append(test_row)
    found: list[tuple[FlakeRow, tuple[int, int]]] = []
    for stream in basis.streams:
        if rows := by_stream.get(stream.stream_id):
            rated = rate_stream(basis, stream, rows)
            keys = ((stream.stream_id, row) for row in rated.loaded.test_rows)
            found += zip(flake_rows(basis, rated, None), keys, strict=True)
    return [key for _, key in sorted(found, key=lambda pair: _order(pair[0]))]


def _order(row: FlakeRow) -> tuple[bool, float, float, int, str, Scope]:
    """What is shown to flake first, by the lower bound; then what changes its outcome most often."""
    low = row.flake_rate.low if row.flake_rate and row.flaky_runs else 0.0
    return (not row.flaky_runs, -low, -(row.flip_rate or 0.0), -row.failed_runs, row.case.identity, row.scope)
