"""What a CI server has into the store: each run as `crywolf ingest` in its own job would have taken it.

- A run is fetched once: the document that says what the server does is the mark, after all that it left. A run that
  goes on, or of which something could not be fetched, is looked at again the next time.
- What the server says of a run counts as the variables of its job do: what the reports say themselves outranks it, also
  which run they are of; what else the server says is then said of that one.
- One bad artifact, run or listing never stops the others; only a server that wants to be left alone does.
- A run that left no reports is a run without a report where its pipeline was asked for by name; else it is passed over.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from itertools import groupby
from typing import Protocol

from ingest.errors import Refused
from ingest.fetch.found import Artifact, FoundRun, Provider
from ingest.fetch.site import AskedTooOften
from ingest.limits import Limits
from ingest.model import FileOutcome, FileStatus, RunIdentity, RunRef, RunState
from ingest.run_json import write_run_json
from ingest.sources.inputs import Input, Skip
from ingest.sources.url import shown_url

_UNFETCHED = "http-"
"""How the codes begin of what could not be fetched, in contrast to what could not be read."""
EXPIRED = "expired: the server no longer keeps it"
NOTHING_LEFT = "no-artifact: it left nothing whose name speaks of tests, or that was asked for"
NO_REPORT = "no-report: what it left holds no reports"


class Store(Protocol):
    """What fetching needs of the store."""

    def take(
        self, inputs: Sequence[Input | Skip], said: RunIdentity, of: RunIdentity | None = None
    ) -> Sequence[FileOutcome]:
        """Take inputs in; one outcome a file that was in them.

        Args:
            said: by the server of their run.
            of: the run that they are of, whatever else says another.
        """

    def digests_at(self, location: bytes) -> frozenset[bytes]:
        """SHA-256 of what was read at a location before."""

    def runs_below(self, location: bytes) -> Sequence[RunRef]:
        """The runs that the files at a location, or in it, belong to."""


class RunStatus(StrEnum):
    """What became of a run."""

    FETCHED = "fetched"
    KNOWN = "known"
    SKIPPED = "skipped"
    FAILED = "failed"
    PLANNED = "planned"


@dataclass(frozen=True, slots=True)
class FetchedRun:
    """A run and what became of it."""

    identity: RunIdentity
    status: RunStatus
    reason: str = ""
    """Code, colon, sentence: of one that failed, was skipped, or has no reports."""
    artifacts: tuple[Artifact, ...] = ()


@dataclass(slots=True)
class Fetched:
    """All that became of one fetch."""

    runs: list[FetchedRun] = field(default_factory=list)
    deployments: int = 0
    """That were new, or went on."""
    files: list[FileOutcome] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    """Sentences: what could not be listed."""


class Fetching:
    """One fetch.

    Args:
        is_plan: nothing is taken, only listed.
        is_expected: runs without any report are noted, too.
        is_again: what was fetched before is fetched again.
        on_run: is told of each run.
    """

    def __init__(
        self,
        store: Store,
        limits: Limits,
        *,
        is_plan: bool = False,
        is_expected: bool = False,
        is_again: bool = False,
        on_run: Callable[[FetchedRun], None] = lambda _: None,
    ) -> None:
        self._store = store
        self._limits = limits
        self._is_plan = is_plan
        self._is_expected = is_expected
        self._is_again = is_again
        self._on_run = on_run
        self.fetched = Fetched()

    def fetch(self, provider: Provider, parts: Iterable[str] = ("runs", "deployments")) -> Fetched:
        """Fetch runs, deployments, or both."""
        steps = {"runs": self._runs, "deployments": self._deployments}
        for part in parts:
            try:
                steps[part](provider)
            except Refused as refusal:
                self.fetched.problems.append(f"{part}: {refusal}")
            except AskedTooOften as problem:
                self.fetched.problems.append(str(problem))
                break
        return self.fetched

    def _runs(self, provider: Provider) -> None:
        for found in provider.runs():
            try:
                run = self._run(found)
            except Refused as refusal:
                run = FetchedRun(found.identity, RunStatus.FAILED, str(refusal))
            self.fetched.runs.append(run)
            self._on_run(run)

    def _run(self, found: FoundRun) -> FetchedRun:
        """Fetch one run, unless that was done."""
        whole, holed = _document(found), _document(_with_state(found, RunState.INCOMPLETE))
        digests = self._store.digests_at(_location(_mark(found)))
        if found.is_over and not self._is_again and digests & {_digest(whole), _digest(holed)}:
            return FetchedRun(found.identity, RunStatus.KNOWN)
        artifacts = tuple(found.list_artifacts())
        is_lost = bool(artifacts) and all(one.is_expired for one in artifacts)
        nothing = EXPIRED if is_lost else NO_REPORT if artifacts else NOTHING_LEFT
        if self._is_plan:
            is_empty = is_lost or not (artifacts or self._is_expected)
            status = RunStatus.SKIPPED if is_empty else RunStatus.PLANNED
            return FetchedRun(found.identity, status, nothing if is_empty else "", artifacts)
        outcomes = self._artifacts(found, artifacts)
        has_reports = any(outcome.status is not FileStatus.SKIPPED for outcome in outcomes)
        if is_lost or not (has_reports or self._is_expected):
            return FetchedRun(found.identity, RunStatus.SKIPPED, nothing, artifacts)
        refused = [outcome for outcome in outcomes if outcome.status is FileStatus.REJECTED]
        is_partial = any((outcome.reason or "").startswith(_UNFETCHED) for outcome in refused)
        data = _document(_with_state(found, RunState.INCOMPLETE), is_partial) if refused and found.is_over else whole
        self._say(found, artifacts, data)
        return FetchedRun(found.identity, RunStatus.FETCHED, "" if has_reports else nothing, artifacts)

    def _say(self, found: FoundRun, artifacts: Sequence[Artifact], data: bytes) -> None:
        """Write what the server says of a run: to the runs that the reports say they are of, where they do."""
        told = {run_of(run) for one in artifacts for run in self._store.runs_below(_location(one.address))}
        first, *others = sorted(told, key=repr) or (None,)
        for number, of in enumerate(others, 2):
            self._note(self._store.take([_input(f"{found.address}fetched-{number}.json", data)], RunIdentity(), of))
        self._note(self._store.take([_input(_mark(found), data)], RunIdentity(), first))

    def _artifacts(self, found: FoundRun, artifacts: Sequence[Artifact]) -> list[FileOutcome]:
        """Take what a run left, each with what is known of its job."""
        outcomes: list[FileOutcome] = []
        of_run = replace(found.identity, state=None)
        for of_job, some in groupby(artifacts, lambda one: one.identity):
            outcomes += self._store.take([self._offered(one) for one in some], of_job.over(of_run))
        self._note(outcomes)
        return outcomes

    def _offered(self, artifact: Artifact) -> Input | Skip:
        """An artifact as an input; one that is too large is not even begun."""
        shown = shown_url(artifact.address)
        if artifact.is_expired:
            return Skip(shown, EXPIRED)
        limit, size = self._limits.file_bytes, artifact.size_bytes
        if size is not None and size > limit:
            refusal = Refused("too-large", f"{size:,} bytes, more than {limit:,}; raise limits.file_bytes")
            return Input(shown, None, None, None, True, None, shown.encode(), lambda: _refuse(refusal))
        return Input(shown, None, size, None, True, None, shown.encode(), artifact.open)

    def _deployments(self, provider: Provider) -> None:
        found: Iterator[Input] = (
            _input(document.address, document.data) for document in provider.deployments(self._is_read)
        )
        for one in found:
            if self._is_plan:
                self.fetched.deployments += 1
            else:
                outcomes = self._store.take([one], RunIdentity())
                self._note(outcomes)
                self.fetched.deployments += sum(outcome.status is FileStatus.INGESTED for outcome in outcomes)

    def _is_read(self, address: str) -> bool:
        return not self._is_again and bool(self._store.digests_at(_location(address)))

    def _note(self, outcomes: Iterable[FileOutcome]) -> None:
        self.fetched.files.extend(outcomes)


def run_of(run: RunRef) -> RunIdentity:
    """What tells a run from others."""
    return RunIdentity(run.pipeline, run.run_id, run.attempt, run.environment or None)


def _mark(found: FoundRun) -> str:
    """Where the document is that says that a run was fetched.

    Not called `run.json`: it speaks for its run, not for the folder, in which archives have theirs.
    """
    return f"{found.address}fetched.json"


def _with_state(found: FoundRun, state: RunState) -> FoundRun:
    return replace(found, identity=replace(found.identity, state=state))


def _document(found: FoundRun, is_partial: bool = False) -> bytes:
    """What the server says of a run, as a `run.json` would; not what it forgets when a pull request is merged."""
    kept = replace(found.identity, merge_request=None, base_revision=None)
    more = {"fetch.version": found.version} if found.version else {}
    return write_run_json(kept, **more, **({"fetch.again": "yes"} if is_partial else {}))


def _digest(data: bytes) -> bytes:
    return hashlib.sha256(data).digest()


def _location(address: str) -> bytes:
    """Where the ledger has what was read at an address."""
    return shown_url(address).encode()


def _input(address: str, data: bytes) -> Input:
    """A document that is in memory."""
    shown = shown_url(address)
    return Input(shown, None, len(data), None, True, None, shown.encode(), lambda: io.BytesIO(data))


def _refuse(refusal: Refused) -> io.BytesIO:
    raise refusal
