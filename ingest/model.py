"""The one vocabulary all rooms share: frozen records and enums, standard library only.

Times are integer epoch milliseconds in UTC and say so in their name (`_ms`); they become ISO-8601 at the edges.
Rates are fractions. `None` means "not known", never "none of it".
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, replace
from enum import IntEnum, StrEnum
from typing import NamedTuple

PRE_MERGE_BRANCH = "pre-merge"
"""The one branch that all pre-merge runs of a pipeline share."""


class Outcome(IntEnum):
    """Of one attempt. The numbers are stored."""

    PASSED = 0
    FAILED = 1
    ERRORED = 2
    SKIPPED = 3


class Result(IntEnum):
    """Of a test case in a run and stream, all its attempts merged. The first four equal `Outcome`."""

    PASSED = 0
    FAILED = 1
    ERRORED = 2
    SKIPPED = 3
    FLAKY = 4

    @property
    def is_red(self) -> bool:
        """Failed or errored in the end."""
        return self in (Result.FAILED, Result.ERRORED)


class Trigger(StrEnum):
    """What started a run."""

    SCHEDULE = "schedule"
    POST_MERGE = "post-merge"
    PRE_MERGE = "pre-merge"
    MANUAL = "manual"
    LOCAL = "local"


class RunState(StrEnum):
    """How far a run got."""

    COMPLETE = "complete"
    RUNNING = "running"
    INCOMPLETE = "incomplete"
    NO_REPORT = "no report"


class ChangeKind(StrEnum):
    """What kind of thing reached an environment."""

    DEPLOY = "deploy"
    UPGRADE = "upgrade"
    ROLLBACK = "rollback"
    REMOVAL = "removal"
    CONFIGURATION = "configuration"
    MIGRATION = "migration"
    FLAG = "flag"
    ENVIRONMENT = "environment"
    COMMIT = "commit"


class ContentKind(StrEnum):
    """What a change contains, read from a conventional-commit title and the file names."""

    CODE = "code"
    DEPENDENCY = "dependency"
    CONFIGURATION = "configuration"
    MIGRATION = "migration"
    NO_OP = "no-op"


class ChangeTarget(StrEnum):
    """What a change alters: a service (or environment), or the tests themselves."""

    SERVICE = "service"
    TEST = "test"


class ChangeStatus(StrEnum):
    """How a change ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    RUNNING = "running"


class FileStatus(StrEnum):
    """What became of an input file."""

    INGESTED = "ingested"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    SKIPPED = "skipped"


class Verdict(StrEnum):
    """Why a test case is red in a stream."""

    REGRESSION = "regression"
    FLAKY = "flaky"
    ENVIRONMENT = "environment"
    UNRECORDED = "unrecorded"
    TEST = "test"
    UNDECIDED = "undecided"
    PASSING = "passing"


class Tier(StrEnum):
    """How it is known that a test case exercises a service."""

    DECLARED = "declared"
    REACHABLE = "reachable"


class Failure(NamedTuple):
    """What a failed attempt said. All three may be empty; `text` holds the trace and may be long."""

    type: str
    message: str
    text: str


class Link(NamedTuple):
    """Something that belongs to an attempt and lives elsewhere; `kind` is attachment, log, trace or url."""

    kind: str
    url: str


class CaseAttempt(NamedTuple):
    """One execution of one test case, as a format module hands it over. Strings are still unclean.

    A named tuple and not a dataclass because hundreds of thousands are made per second.
    """

    classname: str
    """As written; the (innermost) suite's name where it is empty."""
    name: str
    outcome: Outcome
    duration_ms: int | None = None
    started_ms: int | None = None
    """Only where the dialect states a time for the attempt itself."""
    failure: Failure | None = None
    """Present exactly when the outcome is failed or errored; of a skipped case, its reason as message."""
    file: str | None = None
    retry: int = 0
    """0: a first attempt; n: the nth retry, marked so by the dialect, of the case handed over just before; -n: in the
    nth suite of a dialect that repeats a case for every retry and writes nothing of what failed before (pytest): of
    the attempts of one case in one suite, all but the last failed, whatever their outcome says."""
    services: tuple[str, ...] = ()
    """Services that the report declares as exercised, the one called directly first."""
    links: tuple[Link, ...] = ()


@dataclass(frozen=True, slots=True)
class RunIdentity:
    """What one source knows about the run, part and variant that results belong to; None where it does not know."""

    pipeline: str | None = None
    run_id: str | None = None
    run_attempt: int | None = None
    environment: str | None = None
    branch: str | None = None
    revision: str | None = None
    base_revision: str | None = None
    repository: str | None = None
    trigger: Trigger | None = None
    state: RunState | None = None
    url: str | None = None
    start_ms: int | None = None
    start_is_zoneless: bool | None = None
    """True: `start_ms` and the attempts' `started_ms` were written without a zone and are given as if in UTC."""
    start_is_estimated: bool | None = None
    """True: `start_ms` is the earliest time in the report, not one that it gives for the run."""
    end_ms: int | None = None
    service: str | None = None
    service_version: str | None = None
    merge_request: str | None = None
    job: str | None = None
    job_url: str | None = None
    shard_index: int | None = None
    shard_total: int | None = None
    variant: tuple[tuple[str, str], ...] | None = None
    """Sorted (key, value) pairs."""
    is_merged: bool | None = None
    """True: the report repeats what other reports of its run hold (Ant's `TESTS-TestSuites.xml`)."""

    def over(self, other: RunIdentity) -> RunIdentity:
        """This identity, completed key by key from one that ranks lower."""
        said = [(name, getattr(other, name)) for name in self.__slots__ if getattr(self, name) is None]
        missing = {name: value for name, value in said if value is not None}
        return replace(self, **missing) if missing else self


@dataclass(frozen=True, slots=True, order=True)
class Scope:
    """A stream: a place where a test case has a history."""

    pipeline: str
    environment: str = ""
    branch: str = ""
    variant: str = ""
    """`key=value` pairs, sorted, joined by a comma and a space; empty when there are none."""


@dataclass(frozen=True, slots=True, order=True)
class RunRef:
    """Enough of a run to name it, place it in time and open it."""

    started_ms: int
    pipeline: str
    run_id: str
    attempt: int = 1
    ended_ms: int | None = None
    environment: str = ""
    branch: str = ""
    revision: str | None = None
    trigger: Trigger | None = None
    state: RunState = RunState.COMPLETE
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Commit:
    """A commit that a change contains."""

    sha: str
    title: str = ""
    author: str = ""
    url: str = ""
    at_ms: int | None = None
    files: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """Anything that may alter behaviour and reached an environment."""

    change_id: str
    """The source's own: CDEvents `context.id`, `github:deployment:ID`, `git:SHA`, `record:...`."""
    kind: ChangeKind
    at_ms: int
    """When it was recorded as done: the finish where known, else the only time the source gives."""
    service: str = ""
    """Empty for a change of the whole environment or of the tests."""
    environment: str = ""
    """Empty when the source does not say; it then counts for every environment."""
    target: ChangeTarget = ChangeTarget.SERVICE
    started_ms: int | None = None
    finished_ms: int | None = None
    status: ChangeStatus = ChangeStatus.SUCCEEDED
    from_version: str | None = None
    to_version: str | None = None
    title: str = ""
    author: str = ""
    url: str = ""
    content: ContentKind = ContentKind.CODE
    additions: int | None = None
    deletions: int | None = None
    files: tuple[str, ...] = ()
    commits: tuple[Commit, ...] = ()
    repository: str | None = None

    @property
    def lines(self) -> int | None:
        """Lines added and deleted together; None where the source does not say."""
        if self.additions is None and self.deletions is None:
            return None
        return (self.additions or 0) + (self.deletions or 0)


@dataclass(frozen=True, slots=True)
class Service:
    """A deployable thing with an owner and dependencies."""

    name: str
    owner: str | None = None
    """The team, without leading kind or namespace; None when nobody is named."""
    depends_on: tuple[str, ...] = ()
    """Names of services that it calls, APIs already resolved to their providers where the file names both."""
    title: str = ""
    system: str | None = None
    kind: str = "service"
    """Backstage's `spec.type`: service, website, library, resource and so on."""
    provides_apis: tuple[str, ...] = ()
    consumes_apis: tuple[str, ...] = ()
    source_location: str | None = None
    """Backstage's `backstage.io/source-location` annotation."""


@dataclass(frozen=True, slots=True)
class Catalog:
    """What one catalog file declares."""

    services: tuple[Service, ...] = ()
    teams: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class OwnerRule:
    """One line of a CODEOWNERS file, in the file's order."""

    pattern: str
    owners: tuple[str, ...]
    """As written (`@acme/team`, an e-mail); empty: the path is explicitly unowned."""
    line: int
    section: str = ""
    is_optional: bool = False
    is_exclusion: bool = False
    """GitLab's `!pattern` inside a section."""


@dataclass(frozen=True, slots=True)
class OwnerFile:
    """One CODEOWNERS file: its dialect decides how patterns match and how sections combine."""

    dialect: str
    """`github` or `gitlab`."""
    rules: tuple[OwnerRule, ...]
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """What one input file held. `tests` is after merging retries, `attempts` are executions; skipped cases count."""

    tests: int = 0
    attempts: int = 0
    passed: int = 0
    failed: int = 0
    errored: int = 0
    skipped: int = 0
    flaky: int = 0


@dataclass(frozen=True, slots=True)
class FileOutcome:
    """What became of one input: the rows of `crywolf ingest --json`."""

    path: str
    """The argument joined with the raw name, undecodable bytes as \\xNN; members as `archive!member`."""
    status: FileStatus
    format: str | None = None
    reason: str | None = None
    """Code, colon, sentence with the remedy; only when rejected or skipped."""
    line: int | None = None
    warnings: tuple[str, ...] = ()
    counts: Counts = field(default_factory=Counts)


@dataclass(frozen=True, slots=True)
class TestCase:
    """A test case's stable identity and what is known about it."""

    namespace: str
    """Repository where known, else pipeline."""
    classname: str
    name: str
    file: str | None = None

    __test__ = False  # pytest must not collect it

    @property
    def identity(self) -> str:
        """`namespace::classname::name`."""
        return f"{self.namespace}::{self.classname}::{self.name}"

    @property
    def test_id(self) -> str:
        """Stable id for JSON: the first 16 hex digits of the identity's SHA-256."""
        return stable_id(self.identity)


def stable_id(text: str) -> str:
    """First 16 hex digits of the SHA-256 of a text."""
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:16]


def variant_text(pairs: tuple[tuple[str, str], ...] | None) -> str:
    """A variant as `Scope.variant` writes it.

    >>> variant_text((("browser", "firefox"), ("os", "linux")))
    'browser=firefox, os=linux'
    """
    return ", ".join(f"{key}={value}" for key, value in sorted(pairs or ()))
