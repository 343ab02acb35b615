"""Same code: yes, no or unknown, from the change feed. Unknown is never evidence.

Two runs ran the same code for a test case when the test revision agrees and either the case exercises no service, or
the feed covers every exercised service in the environment, their versions agree and no deploy overlapped the runs.
A configuration, migration, flag or environment change counts as a new version: it alters behaviour as a deploy does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from analysis.records import BoolMatrix, ChangeFeed, RerunResult, StreamHistory
from ingest.model import Change, ChangeKind, ChangeStatus, ChangeTarget, Result, RunRef

Answer = Literal["yes", "no", "unknown"]
Ints = npt.NDArray[np.int64]

UNKNOWN = -1
"""Code key of a run whose code is not known."""
OVERLAPPED = -2
"""Code key of a run that a deploy overlapped: the same code as no other run."""

_NAMES_A_VERSION = (ChangeKind.DEPLOY, ChangeKind.UPGRADE, ChangeKind.ROLLBACK, ChangeKind.REMOVAL)
_FOREVER = 1 << 62


@dataclass(frozen=True, slots=True)
class VersionTimeline:
    """Which version of one service was deployed in one environment at a moment.

    Versions are small integers: equal numbers mean the same version and the same settings.
    """

    times_ms: tuple[int, ...]
    """When each version was in place, ascending; the version before the first is `versions[0]`."""
    versions: tuple[int, ...]
    """One more than `times_ms`."""
    busy: tuple[tuple[int, int], ...]
    """(start, end) in ms of every deploy, also failed ones."""


def version_timelines(
    feed: ChangeFeed, environment: str, services: Collection[str] | None = None
) -> dict[str, VersionTimeline]:
    """One timeline a service of an environment. Changes of the whole environment, service "", are in every one.

    Args:
        services: only these and ""; None: all.
    """
    here = [
        change
        for change in feed.changes
        if change.target is ChangeTarget.SERVICE and change.environment in ("", environment)
    ]
    of_service: dict[str, list[Change]] = {}
    for change in here:
        of_service.setdefault(change.service, []).append(change)
    everywhere = of_service.get("", [])
    wanted = of_service.keys() if services is None else of_service.keys() & {*services, ""}
    return {service: _timeline(of_service[service] + (everywhere if service else [])) for service in sorted(wanted)}


def is_covered(feed: ChangeFeed, service: str, environment: str) -> bool:
    """Whether the feed knows the deploys of a service in an environment."""
    return (service, environment) in feed.covered or (service, "") in feed.covered


def same_code(run_a: RunRef, run_b: RunRef, exercised: Iterable[str], environment: str, feed: ChangeFeed) -> Answer:
    """Whether two runs ran the same code for a test case that exercises these services.

    Source: docs/how-it-decides.md, Flakes.
    """
    timelines = version_timelines(feed, environment)
    first, second = _numbered([run_a.revision, run_b.revision]).tolist()
    pairs = [(int(first), int(second))]
    for service in exercised:
        versions = _epochs([run_a, run_b], service, environment, feed, timelines)
        pairs.append((int(versions[0]), int(versions[1])))
    if any(OVERLAPPED in pair or (UNKNOWN not in pair and pair[0] != pair[1]) for pair in pairs):
        return "no"
    return "unknown" if any(UNKNOWN in pair for pair in pairs) else "yes"


@dataclass(frozen=True, slots=True)
class CodeRelation:
    """Same code for all runs of one stream at once: equal keys mean `yes`."""

    keys: Ints
    """[n, g]: runs x distinct sets of exercised services; a code key >= 0, UNKNOWN or OVERLAPPED."""
    group: Ints
    """[m]: column of `keys` that holds for each test case."""
    has_services: npt.NDArray[np.bool_]
    """[g]: whether the set holds any service."""

    def keys_of(self, test: int) -> Ints:
        """[n] code keys of one test case."""
        return np.asarray(self.keys[:, self.group[test]])


def relate_code(history: StreamHistory, feed: ChangeFeed) -> CodeRelation:
    """Code keys of every run of a stream for every set of services that its test cases exercise."""
    sets = [tuple(sorted({e.service for e in column.exercised})) for column in history.tests]
    distinct = sorted(set(sets))
    position = {services: g for g, services in enumerate(distinct)}
    environment = history.scope.environment
    needed = sorted({service for services in distinct for service in services})
    timelines = version_timelines(feed, environment, needed)
    revisions = _numbered([run.revision for run in history.runs])
    epochs = {s: _epochs(history.runs, s, environment, feed, timelines) for s in needed}
    place = {service: i for i, service in enumerate(needed)}
    members = np.zeros((len(needed), len(distinct)), dtype=np.uint64)
    for g, services in enumerate(distinct):
        members[[place[s] for s in services], g] = 1
    columns = np.stack([revisions, *(epochs[s] for s in needed)], axis=1)
    keys = _combined(columns, np.concatenate([np.ones((1, len(distinct)), dtype=np.uint64), members]))
    group = np.array([position[s] for s in sets], dtype=np.int64)
    return CodeRelation(keys, group, np.array([bool(s) for s in distinct], dtype=np.bool_))


def rerun_passes(history: StreamHistory, reruns: Iterable[RerunResult], feed: ChangeFeed) -> BoolMatrix:
    """[n, m]: True where a red first attempt of a run passed in a later attempt of the same code.

    Not so when a deploy of an exercised service happened from the start of the first to the end of the later attempt,
    or when the feed does not cover one: unknown is no evidence.
    """
    out = np.zeros(history.results.shape, dtype=np.bool_)
    rows = {(run.pipeline, run.run_id): i for i, run in enumerate(history.runs)}
    tests = {column.case.test_id: t for t, column in enumerate(history.tests)}
    for rerun in reruns:
        i, t = rows.get((rerun.run.pipeline, rerun.run.run_id)), tests.get(rerun.test_id)
        if i is None or t is None or rerun.result not in (Result.PASSED, Result.FLAKY):
            continue
        if history.results[i, t] not in (Result.FAILED, Result.ERRORED):
            continue
        first = history.runs[i]
        whole = replace(first, ended_ms=max(_end_ms(first), _end_ms(rerun.run)))
        services = [exercise.service for exercise in history.tests[t].exercised]
        out[i, t] = same_code(whole, rerun.run, services, history.scope.environment, feed) == "yes"
    return out


def _numbered(values: Sequence[str | None]) -> Ints:
    """Equal texts get equal numbers; None is UNKNOWN."""
    numbers: dict[str, int] = {}
    return np.array([UNKNOWN if v is None else numbers.setdefault(v, len(numbers)) for v in values], dtype=np.int64)


def _epochs(
    runs: Sequence[RunRef], service: str, environment: str, feed: ChangeFeed, timelines: dict[str, VersionTimeline]
) -> Ints:
    """[n] version of a service in each run, UNKNOWN or OVERLAPPED."""
    if not is_covered(feed, service, environment):
        return np.full(len(runs), UNKNOWN, dtype=np.int64)
    timeline = timelines.get(service, timelines.get(""))
    if timeline is None:
        return np.zeros(len(runs), dtype=np.int64)
    starts = np.array([run.started_ms for run in runs], dtype=np.int64)
    ends = np.array([_end_ms(run) for run in runs], dtype=np.int64)
    found = np.array(timeline.versions, dtype=np.int64)[np.searchsorted(np.array(timeline.times_ms), starts, "right")]
    begins = np.sort(np.array([begin for begin, _ in timeline.busy], dtype=np.int64))
    finishes = np.sort(np.array([end for _, end in timeline.busy], dtype=np.int64))
    # A deploy overlaps a run exactly when more of them have begun by its end than were over before its start.
    overlapped = np.searchsorted(begins, ends, "right") > np.searchsorted(finishes, starts, "left")
    return np.where(overlapped, OVERLAPPED, found)


def _combined(columns: Ints, members: npt.NDArray[np.uint64]) -> Ints:
    """[n, g] code keys: a sum of 64-bit hashes, equal where all versions of the set are.

    Args:
        columns: [n, c] revision and versions, UNKNOWN or OVERLAPPED.
        members: [c, g] which columns are in which set.
    """
    hashes = _mixed(columns.astype(np.uint64) + _mixed(np.arange(1, columns.shape[1] + 1, dtype=np.uint64))[None, :])
    keys = ((hashes @ members) >> np.uint64(1)).astype(np.int64)
    unknown = (columns == UNKNOWN).astype(np.float64) @ members.astype(np.float64) > 0
    overlapped = (columns == OVERLAPPED).astype(np.float64) @ members.astype(np.float64) > 0
    return np.where(overlapped, OVERLAPPED, np.where(unknown, UNKNOWN, keys))


def _mixed(values: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """A 64-bit hash of each value. Source: the finaliser of splitmix64, public domain."""
    mixed = values * np.uint64(0x9E3779B97F4A7C15)
    mixed = (mixed ^ (mixed >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return np.asarray(mixed ^ (mixed >> np.uint64(31)))


def _end_ms(run: RunRef) -> int:
    return run.started_ms if run.ended_ms is None else max(run.ended_ms, run.started_ms)


def _timeline(changes: Sequence[Change]) -> VersionTimeline:
    """Timeline of one service from its changes in any order."""
    ordered = sorted(changes, key=lambda change: (change.at_ms, change.change_id))
    numbers: dict[tuple[str, int], int] = {}
    first = next((c for c in ordered if c.kind in _NAMES_A_VERSION and c.status is ChangeStatus.SUCCEEDED), None)
    state = (first.from_version or "" if first is not None else "", 0)
    versions, times = [numbers.setdefault(state, 0)], []
    for change in ordered:
        if change.status is not ChangeStatus.SUCCEEDED:
            continue
        state = _after(state, change)
        times.append(change.at_ms)
        versions.append(numbers.setdefault(state, len(numbers)))
    return VersionTimeline(tuple(times), tuple(versions), tuple(_busy(change) for change in ordered))


def _after(state: tuple[str, int], change: Change) -> tuple[str, int]:
    """(version, settings changed so far) once a change is in place; a deploy without a version is a new one."""
    version, settings = state
    if change.kind not in _NAMES_A_VERSION:
        return version, settings + 1
    return change.to_version or f"change {change.change_id}", settings


def _busy(change: Change) -> tuple[int, int]:
    """When a change was under way, ms."""
    start = change.at_ms if change.started_ms is None else change.started_ms
    if change.status is ChangeStatus.RUNNING:
        return start, _FOREVER
    end = change.at_ms if change.finished_ms is None else change.finished_ms
    return min(start, end), max(start, end)
