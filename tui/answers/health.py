"""What was looked at, and whether it is enough to say that nothing is red."""

from __future__ import annotations

from dataclasses import dataclass, replace

from ingest.model import PRE_MERGE_BRANCH, RunRef, RunState, Scope
from store.connect import Connection
from tui.answers.query import Query

SLACK = 1.5
"""A pipeline is stale when its newest run ended more cadences ago than this."""


@dataclass(frozen=True, slots=True)
class StalePipeline:
    """A pipeline whose newest run is older than its cadence allows."""

    pipeline: str
    last_run_ms: int
    cadence_ms: int
    age_ms: int
    """Now minus the end of its newest run."""


@dataclass(frozen=True, slots=True)
class Health:
    """State of the store and the pipelines behind every screen."""

    now_ms: int | None
    """None in an empty store."""
    pipelines: int
    runs: int
    tests: int
    results: int
    stale: tuple[StalePipeline, ...]
    incomplete: tuple[RunRef, ...]
    """Newest run of a pipeline and environment that is not complete."""
    refused_files: int
    environments: tuple[str, ...] = ()
    branches: tuple[str, ...] = ()
    unjudged: tuple[str, ...] = ()
    """Pipelines whose runs are all on other branches than the configured baseline: nothing of them is judged."""
    unknown: tuple[str, ...] = ()
    """Of each filter that names nothing in the store, what is wrong with it."""

    @property
    def can_tell(self) -> bool:
        """Whether "nothing is really red" may be said at all."""
        doubts = self.stale or self.incomplete or self.refused_files or self.unjudged or self.unknown
        return self.pipelines > 0 and not doubts


def answer_health(connection: Connection, query: Query) -> Health:
    """State of what was looked at, under the filters of `query`."""
    from store.read import runs  # here, because a kept answer is shown without them
    from store.read.ledger import count_refused
    from store.read.streams import list_streams
    from tui.answers.unknown_names import unknown_names
    from tui.answers.windows import resolve_window

    unknown = tuple(map(str, unknown_names(connection, query)))
    _, run_count, test_count, results = runs.count_all(connection)
    window = resolve_window(connection, query)
    refused = count_refused(connection)
    if window is None:
        return Health(None, 0, run_count, test_count, results, (), (), refused, unknown=unknown)
    newest = [run for run in runs.list_newest(connection, window.now_ms) if _is_in_scope(run, query)]
    scopes = [row.scope for row in list_streams(connection)]
    return Health(
        window.now_ms,
        len({run.pipeline for run in newest}),
        run_count,
        test_count,
        results,
        _list_stale(connection, query, {run.pipeline for run in newest}),
        tuple(run for run in newest if run.state in (RunState.INCOMPLETE, RunState.NO_REPORT)),
        refused,
        tuple(sorted({scope.environment for scope in scopes if scope.environment})),
        tuple(sorted({scope.branch for scope in scopes if scope.branch})),
        _unjudged({run.pipeline for run in newest}, scopes, query),
        unknown,
    )


def silence_ms(health: Health, query: Query, clock_ms: int) -> int | None:
    """How long nothing has arrived at all, where by the machine's clock every pipeline with a cadence should have.

    Answers count from the newest run, so as to be the same tomorrow; when all pipelines stop, none is late by that.
    None where that is not so, where no cadence is known, and where the past is asked for.
    """
    cadences = [one.cadence_s for one in query.settings.pipelines if one.cadence_s]
    if not cadences or health.now_ms is None or query.at is not None or query.until is not None:
        return None
    late_ms = clock_ms - health.now_ms
    return late_ms if late_ms > max(cadences) * 1000 * SLACK else None


def _unjudged(pipelines: set[str], scopes: list[Scope], query: Query) -> tuple[str, ...]:
    """Pipelines that ran on branches, none of them the configured one. One with pre-merge runs only has none."""
    settings = query.settings
    if query.branch is not None or "project.baseline_branch" not in settings.given:
        return ()
    branches: dict[str, set[str]] = {}
    for scope in scopes:
        if scope.pipeline in pipelines and scope.branch != PRE_MERGE_BRANCH:
            branches.setdefault(scope.pipeline, set()).add(scope.branch)
    return tuple(sorted(name for name, found in branches.items() if not found & {"", settings.baseline_branch}))


def _list_stale(connection: Connection, query: Query, pipelines: set[str]) -> tuple[StalePipeline, ...]:
    """Those of some pipelines whose newest run, in any environment, ended longer ago than one and a half cadences.

    Now is the newest run of all, whatever is asked for: one that has stopped is late by what the others did since.
    """
    from store.read import runs
    from tui.answers.windows import resolve_window

    window = resolve_window(connection, replace(query, pipeline=None, environment=None, branch=None))
    cadences = {one: query.settings.pipeline(one) for one in pipelines}
    due = {name: one.cadence_s * 1000 for name, one in cadences.items() if one is not None and one.cadence_s}
    if window is None or not due:
        return ()
    ends: dict[str, int] = {}
    for run in runs.list_newest(connection, window.now_ms):
        ends[run.pipeline] = max(ends.get(run.pipeline, 0), run.ended_ms or run.started_ms)
    return tuple(
        StalePipeline(name, ends[name], cadence_ms, window.now_ms - ends[name])
        for name, cadence_ms in sorted(due.items())
        if window.now_ms - ends[name] > cadence_ms * SLACK
    )


def _is_in_scope(run: RunRef, query: Query) -> bool:
    wanted = ((query.pipeline, run.pipeline), (query.environment, run.environment))
    return all(asked is None or asked.casefold() == found.casefold() for asked, found in wanted)
