"""Which test cases feel which service: the exposure of the suspect model.

A scope is whatever may break as one thing: a service, everything at once, or the test files that a commit touched.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.calibration import DECLARED, REACHABLE_BESIDE, REACHABLE_ONLY, UNRELATED
from analysis.records import Exercise, ServiceGraph, TestColumn
from ingest.model import Change, Tier

Levels = npt.NDArray[np.int8]

EVERYTHING = ""
"""Name of the scope that every test case feels."""


@dataclass(frozen=True, slots=True)
class Scopes:
    """Named scopes and how much each test case feels them."""

    names: tuple[str, ...]
    """Length s: EVERYTHING, services in order, then `change_id` of commits to the tests."""
    levels: Levels
    """[s, m] indices into `calibration.EXPOSURES`."""
    place: dict[str, int]
    services: int
    """How many of the names are services."""


def find_scopes(
    tests: Sequence[TestColumn], services: Iterable[str], commits: Sequence[Change], graph: ServiceGraph
) -> Scopes:
    """Scopes of all services that are exercised or named, and of the commits to the tests."""
    alike: dict[tuple[Exercise, ...], list[int]] = {}
    for t, column in enumerate(tests):
        alike.setdefault(column.exercised, []).append(t)
    touched = [(columns, _levels_of(exercised, graph)) for exercised, columns in alike.items()]
    known = sorted({name for _, levels in touched for name in levels} | {name for name in services if name})
    names = (EVERYTHING, *known, *(change.change_id for change in commits))
    place = {name: s for s, name in enumerate(names)}
    levels = np.zeros((len(names), len(tests)), dtype=np.int8)
    levels[0] = DECLARED
    for columns, of_services in touched:
        for name, level in of_services.items():
            levels[place[name], columns] = level
    for change in commits:
        levels[place[change.change_id]] = [_level_of_commit(column, change) for column in tests]
    return Scopes(names, levels, place, len(known))


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


def _levels_of(exercised: tuple[Exercise, ...], graph: ServiceGraph) -> dict[str, int]:
    """Exposure level of every service that a test case exercises."""
    declared = [e.service for e in exercised if e.tier is Tier.DECLARED]
    far = {e.service for e in exercised if e.tier is Tier.REACHABLE}
    if not far and exercised:
        far = reachable(graph, exercised[0].service)
    # A list of one is the entry alone; a longer one was recorded, so what is missing from it is probably not touched.
    level = REACHABLE_BESIDE if len(declared) > 1 else REACHABLE_ONLY
    return dict.fromkeys(far, level) | dict.fromkeys(declared, DECLARED)


def _level_of_commit(column: TestColumn, change: Change) -> int:
    """Exposure of a test case to a commit to the tests: its own file, a file beside it, the same suite."""
    files = set(change.files) | {path for commit in change.commits for path in commit.files}
    if not files:
        return REACHABLE_BESIDE
    file = column.case.file
    if file is None:
        simple = column.case.classname.replace("/", ".").rsplit(".", 1)[-1]
        return DECLARED if any(path.rsplit("/", 1)[-1].split(".", 1)[0] == simple for path in files) else UNRELATED
    if any(path == file or path.endswith("/" + file) or file.endswith("/" + path) for path in files):
        return DECLARED
    folders = {path.rpartition("/")[0] for path in files}
    return REACHABLE_BESIDE if file.rpartition("/")[0] in folders else UNRELATED
