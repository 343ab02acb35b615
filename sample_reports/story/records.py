"""What the writers are given: runs, executions of test cases, deploys. Times are epoch seconds, UTC."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime


@dataclass(frozen=True, slots=True)
class Case:
    """A test case as its author wrote it."""

    classname: str
    name: str
    file: str
    peers: tuple[str, ...] = ()
    """Services that its reports name, the one called directly first."""
    seconds: float = 1.0
    """Usual duration."""


@dataclass(frozen=True, slots=True)
class Failure:
    """What a failed attempt says."""

    type: str
    message: str
    text: str
    is_error: bool = False


@dataclass(frozen=True, slots=True)
class Execution:
    """A test case in a run: failures of its attempts in order, then a pass unless `is_red` or skipped."""

    case: Case
    seconds: float
    failures: tuple[Failure, ...] = ()
    is_red: bool = False
    skipped: str = ""
    """Reason, when it was skipped."""
    is_described: bool = False
    """The report names its file and services."""

    @property
    def outcome(self) -> str:
        """passed, failed, errored, skipped or flaky."""
        if self.skipped:
            return "skipped"
        if not self.failures:
            return "passed"
        if not self.is_red:
            return "flaky"
        return "errored" if self.failures[0].is_error else "failed"

    @property
    def attempts(self) -> int:
        """Executions; a skipped case has one."""
        return max(1, len(self.failures) + (0 if self.is_red else 1)) if self.failures else 1


@dataclass(frozen=True, slots=True)
class Run:
    """One execution of a pipeline, or what a part of it knows."""

    pipeline: str
    run_id: str
    start: int
    end: int
    environment: str = ""
    branch: str = "main"
    trigger: str = "schedule"
    revision: str = ""
    base_revision: str = ""
    merge_request: str = ""
    attempt: int = 1
    state: str = ""
    repository: str = ""
    service: str = ""
    job: str = ""
    shard: tuple[int, int] | None = None
    variant: tuple[tuple[str, str], ...] = ()
    url: str = ""

    @property
    def is_baseline(self) -> bool:
        """Counts for verdicts."""
        return self.trigger != "pre-merge" and self.attempt == 1


@dataclass(frozen=True, slots=True)
class Deploy:
    """A change that reached an environment."""

    change_id: str
    service: str
    environment: str
    at: int
    version: str
    title: str
    author: str
    commit: str
    files: tuple[str, ...] = ()
    additions: int = 0
    deletions: int = 0
    kind: str = "upgraded"
    """CDEvents' verb: deployed, upgraded, rolledback; `modified` for the environment itself."""
    feed: str = "cdevents"
    """cdevents, github or csv."""
    started: int | None = None
    repository: str = "shop"


@dataclass(slots=True)
class Tally:
    """Counts of a pipeline, kept while it is written."""

    runs: int = 0
    files: int = 0
    results: int = 0
    attempts: int = 0
    outcomes: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("passed", "failed", "errored", "skipped", "flaky"), 0)
    )
    triggers: dict[str, int] = field(default_factory=dict)

    def count(self, run: Run, executions: list[Execution], files: int = 1) -> None:
        """Enter one run."""
        self.runs += 1
        self.files += files
        self.triggers[run.trigger] = self.triggers.get(run.trigger, 0) + 1
        for e in executions:
            self.results += 1
            self.attempts += e.attempts
            self.outcomes[e.outcome] += 1


def iso(moment: int) -> str:
    """ISO 8601 in UTC.

    >>> iso(0)
    '1970-01-01T00:00:00Z'
    """
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def identity_of(run: Run) -> dict[str, object]:
    """The run's identity in the keys of OpenTelemetry's conventions, as `run.json` and report properties carry it."""
    pairs: list[tuple[str, object]] = [
        ("cicd.pipeline.name", run.pipeline),
        ("cicd.pipeline.run.id", run.run_id),
        ("cicd.pipeline.run.url.full", run.url),
        ("cicd.pipeline.task.name", run.job),
        ("vcs.repository.name", run.repository),
        ("vcs.ref.head.name", run.branch),
        ("vcs.ref.head.revision", run.revision),
        ("vcs.ref.base.revision", run.base_revision),
        ("vcs.change.id", run.merge_request),
        ("service.name", run.service),
        ("deployment.environment.name", run.environment),
        ("start_time", iso(run.start)),
        ("end_time", iso(run.end)),
        ("crywolf.run.attempt", run.attempt if run.attempt > 1 else ""),
        ("crywolf.run.trigger", run.trigger),
        ("crywolf.run.state", run.state),
        ("crywolf.shard.index", run.shard[0] if run.shard else ""),
        ("crywolf.shard.total", run.shard[1] if run.shard else ""),
        *((f"crywolf.variant.{key}", value) for key, value in run.variant),
    ]
    return {key: value for key, value in pairs if value != ""}
