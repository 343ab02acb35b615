"""Which test cases feel which service: the exposure of the suspect model.

A scope is whatever may break as one thing: a service, everything at once, or the test files that a commit touched.

What a test case declares is held against the service graph, since a test case can reach a service only through one that
calls it. `DECLARED`: listed, and called by another listed one. `DOUBTFUL`: listed, though nothing listed calls it.
`BETWEEN`: missing from the list, though two listed services call it, or one that calls it and one that it alone leads
to are listed. `BESIDE`: missing, called by a listed one. `FAR`: missing, reachable from the entry. `REACHABLE`:
reachable, of a test case that lists its entry alone. `TOGETHER`: less than that by list and graph, but it failed before
when the service did: lists and graphs are incomplete. The share of doubtful ones says how far lists are to be believed.
Source: ours; measured in `analysis.calibration`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis import calibration as weights
from analysis.beta_function import Floats
from analysis.calibration import BESIDE, BETWEEN, DECLARED, DOUBTFUL, FAR, REACHABLE, TOGETHER, UNRELATED
from analysis.records import BoolMatrix, ServiceGraph, TestColumn
from ingest.model import Change, Tier

Levels = npt.NDArray[np.int8]
Ints = npt.NDArray[np.int64]

EVERYTHING = ""
"""Name of the scope that every test case feels."""


@dataclass(frozen=True, slots=True)
class Scopes:
    """Named scopes and how much each test case feels them."""

    names: tuple[str, ...]
    """Length s: EVERYTHING, services in order, `change_id` of commits to the tests, services that changed as one."""
    levels: Levels
    """[s, m] how each test case stands to each scope."""
    place: dict[str, int]
    services: int
    """How many of the names are services."""
    exposures: Floats
    """[l] chance of feeling a scope, by how a test case stands to it."""

    def felt(self, scope: int) -> Floats:
        """[m] chance of each test case to feel a scope."""
        return np.asarray(self.exposures[self.levels[scope]])


@dataclass(frozen=True, slots=True)
class _Lists:
    """What test cases list and reach, [m, services] each."""

    given: BoolMatrix
    entry: BoolMatrix
    """The first of each list."""
    reached: BoolMatrix
    calls: Floats
    """[services, services] 1 where the row calls the column."""


def find_scopes(
    tests: Sequence[TestColumn],
    services: Iterable[str],
    commits: Sequence[Change],
    graph: ServiceGraph,
    together: Mapping[str, Collection[str]] | None = None,
    groups: Iterable[tuple[str, ...]] = (),
) -> Scopes:
    """Scopes of all services that are exercised or named, and of the commits to the tests.

    Args:
        together: `test_id` of the test cases that failed before when a service did.
        groups: services that changed as one.
    """
    kinds, kind_of = _kinds(tests)
    listed = [[e.service for e in column.exercised if e.tier is Tier.DECLARED or e.hops == 0] for column in kinds]
    reached = _all_reached(kinds, graph)
    far = {id(some): some for some in reached}
    known = sorted(set().union(*listed, *far.values(), (name for name in services if name)))
    joined = list(dict.fromkeys(groups))
    names = (EVERYTHING, *known, *(change.change_id for change in commits), *(name_of(group) for group in joined))
    place = {name: s for s, name in enumerate(names)}
    of_services, doubt = _levels(_lists(listed, reached, known, graph), np.bincount(kind_of, minlength=len(kinds)))
    of_commits = [levels_of_commit(tests, change) for change in commits]
    levels = np.full((len(names), len(tests)), DECLARED, dtype=np.int8)
    levels[1 : len(known) + 1] = of_services.T[:, kind_of]
    for service, felt in (together or {}).items():
        if service in place:
            _learn(levels[place[service]], tests, felt)
    first = len(known) + 1
    if of_commits:
        levels[first : first + len(commits)] = of_commits
    for group in joined:
        levels[place[name_of(group)]] = levels[[place[service] for service in group]].max(axis=0)
    return Scopes(names, levels, place, len(known), _exposures(doubt))


def with_scope(scopes: Scopes, name: str, levels: Levels) -> Scopes:
    """The scopes with one more after them.

    Args:
        levels: [m] how each test case stands to it.
    """
    place = {**scopes.place, name: len(scopes.names)}
    return replace(scopes, names=(*scopes.names, name), place=place, levels=np.vstack([scopes.levels, levels]))


def name_of(services: Sequence[str]) -> str:
    """What services that changed as one are called, as a scope."""
    return " + ".join(services)


def _learn(levels: Levels, tests: Sequence[TestColumn], felt: Collection[str]) -> None:
    for t, column in enumerate(tests):
        if column.case.test_id in felt:
            levels[t] = max(int(levels[t]), TOGETHER)


def _exposures(doubt: float) -> Floats:
    low, high = weights.DOUBT
    share = min(max((doubt - low) / (high - low), 0.0), 1.0)
    return np.asarray((1 - share) * weights.EXPOSURES + share * weights.EXPOSURES_IN_DOUBT)


def _kinds(tests: Sequence[TestColumn]) -> tuple[list[TestColumn], Ints]:
    """(one test case of each list of services, [m] place of the one that stands for each): lists are shared by many."""
    lists = np.fromiter((id(column.exercised) for column in tests), dtype=np.int64, count=len(tests))
    _, first, kind_of = np.unique(lists, return_index=True, return_inverse=True)
    return [tests[t] for t in first.tolist()], np.asarray(kind_of)


def _all_reached(tests: Sequence[TestColumn], graph: ServiceGraph) -> list[set[str]]:
    """Services that each test case reaches beyond those it lists."""
    by_entry: dict[str, set[str]] = {}
    out = []
    for column in tests:
        far = {e.service for e in column.exercised if e.tier is Tier.REACHABLE}
        if not far and column.exercised:
            entry = column.exercised[0].service
            if entry not in by_entry:
                by_entry[entry] = reachable(graph, entry)
            far = by_entry[entry]
        out.append(far)
    return out


def _lists(listed: list[list[str]], reached: list[set[str]], known: list[str], graph: ServiceGraph) -> _Lists:
    place = {name: s for s, name in enumerate(known)}
    given, entry = (_table(some, place) for some in (listed, [some[:1] for some in listed]))
    distinct = {id(some): some for some in reached}
    row_of = {number: row for row, number in enumerate(distinct)}
    far = _table(distinct.values(), place)[[row_of[id(some)] for some in reached]]
    calls = np.zeros((len(known), len(known)))
    for name in known:
        calls[place[name], [place[target] for target in graph.calls.get(name, ()) if target in place]] = 1
    return _Lists(given, entry, far, calls)


def _table(lists: Collection[Collection[str]], place: Mapping[str, int]) -> BoolMatrix:
    """[lists, services] whether each list holds each service."""
    out = np.zeros((len(lists), len(place)), dtype=np.bool_)
    rows = np.repeat(np.arange(len(lists)), [len(some) for some in lists])
    out[rows, [place[name] for some in lists for name in some]] = True
    return out


def _levels(lists: _Lists, counts: Ints) -> tuple[Levels, float]:
    """([m, services] how test cases stand to services, share of doubtful ones among those listed beside the entry).

    Args:
        counts: [m] test cases that each one stands for.
    """
    callers = lists.given @ lists.calls
    has_callers = (lists.calls.sum(axis=0) > 0)[None, :]
    doubtful = lists.given & ~lists.entry & (callers == 0) & has_callers
    leads_on = (doubtful @ lists.calls.T > 0) & (callers > 0)
    alone = (lists.given.sum(axis=1) <= 1)[:, None]
    out = np.full(lists.given.shape, UNRELATED, dtype=np.int8)
    out[lists.reached] = FAR
    out[lists.reached & (callers > 0)] = BESIDE
    out[lists.reached & ((callers > 1) | leads_on)] = BETWEEN
    out[lists.reached & alone] = REACHABLE
    out[lists.given] = DECLARED
    out[doubtful] = DOUBTFUL
    beside = lists.given & ~lists.entry
    return out, float(int(counts @ doubtful.sum(axis=1)) / max(int(counts @ beside.sum(axis=1)), 1))


def reachable(graph: ServiceGraph, entry: str) -> set[str]:
    """Services that a service calls, directly or through others; the service itself left out."""
    found: set[str] = set()
    queue = [entry]
    while queue:
        for name in graph.calls.get(queue.pop(), ()):
            if name not in found and name != entry:
                found.add(name)
                queue.append(name)
    return found


def levels_of_commit(tests: Sequence[TestColumn], change: Change) -> Levels:
    """[m] exposure of each test case to a commit to the tests; test cases of one file stand alike."""
    files = set(change.files) | {path for commit in change.commits for path in commit.files}
    known: dict[tuple[str | None, str], int] = {}
    out = []
    for column in tests:
        key = (column.case.file, column.case.classname)
        level = known.get(key)
        if level is None:
            level = known[key] = _level_of_commit(*key, files)
        out.append(level)
    return np.array(out, dtype=np.int8)


def _level_of_commit(file: str | None, classname: str, files: set[str]) -> int:
    """Exposure of a test case to a commit to the tests: its own file, a file beside it, the same suite."""
    if not files:
        return BESIDE
    if file is None:
        simple = classname.replace("/", ".").rsplit(".", 1)[-1]
        return DECLARED if any(path.rsplit("/", 1)[-1].split(".", 1)[0] == simple for path in files) else UNRELATED
    if any(path == file or path.endswith("/" + file) or file.endswith("/" + path) for path in files):
        return DECLARED
    folders = {path.rpartition("/")[0] for path in files}
    return BESIDE if file.rpartition("/")[0] in folders else UNRELATED
