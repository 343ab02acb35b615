"""Which runs there are, with their results."""

from __future__ import annotations

from dataclasses import dataclass

from ingest.model import PRE_MERGE_BRANCH, Counts, RunRef, Trigger
from store.connect import Connection
from store.read import runs
from store.read.rows import RunFact
from tui.answers.query import Query, Window
from tui.answers.windows import resolve_window


@dataclass(frozen=True, slots=True)
class RunRow:
    """One run with its merged counts over all parts and variants."""

    run: RunRef
    counts: Counts
    parts: int
    shards_expected: int | None = None
    is_start_estimated: bool = False


@dataclass(frozen=True, slots=True)
class RunsAnswer:
    """Newest first."""

    window: Window | None
    rows: tuple[RunRow, ...]


def answer_runs(connection: Connection, query: Query) -> RunsAnswer:
    """Runs under the filters of `query`; all triggers and attempts."""
    window = resolve_window(connection, query)
    if window is None:
        return RunsAnswer(None, ())
    facts = runs.list_runs(connection, window.since_ms, window.until_ms, window.now_ms)
    return RunsAnswer(window, tuple(run_row_of(fact, query) for fact in facts if _passes(fact, query)))


def run_row_of(fact: RunFact, query: Query) -> RunRow:
    """A stored run as a row."""
    tests = fact.passed + fact.failed + fact.errored + fact.skipped + fact.flaky
    counts = Counts(tests, fact.attempts, fact.passed, fact.failed, fact.errored, fact.skipped, fact.flaky)
    configured = query.settings.pipeline(fact.run.pipeline)
    shards = configured.shards if configured else None
    return RunRow(fact.run, counts, fact.parts, shards, fact.is_start_estimated)


def _passes(fact: RunFact, query: Query) -> bool:
    run = fact.run
    branches = (run.branch, PRE_MERGE_BRANCH) if run.trigger is Trigger.PRE_MERGE else (run.branch,)
    wanted = (
        (query.pipeline, (run.pipeline,)),
        (query.environment, (run.environment,)),
        (query.branch, branches),
        (query.service, (fact.service or "",)),
    )
    return all(asked is None or asked.casefold() in {f.casefold() for f in found} for asked, found in wanted)
