"""How likely a change is to break something before anything failed: by its kind and size, and by what people confirmed.

What is assumed of kinds and sizes holds for nobody in particular. Where people confirmed culprits, it is counted of
which kinds and sizes they were, and held against how many were to be expected of as many culprits if what is assumed
were true. As in `analysis.track_record` only people teach, never rankings, and only changes from before the stretch
that a question looks at count.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, log1p

import numpy as np
import numpy.typing as npt

from analysis import calibration as weights
from analysis.records import Habit
from analysis.track_record import LEAST_CONFIRMED
from ingest.model import Change, ChangeStatus, ChangeTarget, ContentKind

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

STRENGTH = 4.0
"""A kind or a size counts as if so many culprits more had been seen, as many as were to be expected."""
_BOUNDS = (10, 50, 250)
_SIZES = ("up to 10 lines", "11 to 50 lines", "51 to 250 lines", "over 250 lines")
_KINDS = tuple(dict.fromkeys((*(kind.value for kind in ContentKind), *(kind.value for kind in weights.KIND_RISK))))
_UNSIZED = len(_SIZES)


@dataclass(frozen=True, slots=True)
class ChangeTable:
    """Changes of services as arrays of one length."""

    at_ms: Ints
    kinds: Ints
    sizes: Ints
    weights: Floats
    """How likely each was to break something, by what is assumed."""
    confirmed: npt.NDArray[np.bool_]
    """People confirmed it as a culprit."""


def log_prior(change: Change) -> float:
    """Log weight of a change before anything failed: by kind, content and size, each at half its strength.

    Of a configuration change or a migration the size says nothing: one line may turn everything off.
    """
    risk = weights.CONTENT_RISK[content_of(change)] * weights.KIND_RISK.get(change.kind, 1.0)
    if change.status is ChangeStatus.FAILED or (change.from_version and change.from_version == change.to_version):
        risk *= 0.5
    is_sized = change.lines is not None and change.content not in weights.SIZE_SAYS_NOTHING
    lines = float(change.lines or 0) if is_sized else weights.UNKNOWN_LINES
    size = log1p(lines / 20) ** 0.6 / log1p(weights.UNKNOWN_LINES / 20) ** 0.6
    return log(weights.CHANGE_PRIOR) + weights.METADATA_POWER * log(max(risk * size, 1e-3))


def content_of(change: Change) -> ContentKind:
    """What a change holds; test code, which does nothing to a service, is what the tests are made of."""
    is_test_code = change.target is ChangeTarget.TEST and change.content is ContentKind.NO_OP
    return ContentKind.CODE if is_test_code else change.content


def tabulate(changes: Sequence[Change], confirmed: Collection[str]) -> ChangeTable:
    """The changes of services; empty where too few were confirmed in all to learn anything."""
    known = [c for c in changes if c.target is ChangeTarget.SERVICE and c.service]
    known = known if len(confirmed) >= LEAST_CONFIRMED else []
    return ChangeTable(
        np.array([c.at_ms for c in known], dtype=np.int64),
        np.array([_KINDS.index(_kind_of(c)) for c in known], dtype=np.int64),
        np.array([_UNSIZED if c.lines is None else _size_of(c.lines) for c in known], dtype=np.int64),
        np.array([exp(log_prior(c)) for c in known], dtype=np.float64),
        np.array([c.change_id in confirmed for c in known], dtype=np.bool_),
    )


def habits_before(table: ChangeTable, before_ms: int) -> dict[str, Habit]:
    """By kind and by size, how many changes before a moment were confirmed; empty where too few were in all.

    Sizes are held against what is expected of them once the kinds are known, so that nothing counts twice.
    """
    old = table.at_ms < before_ms
    culprits = table.confirmed[old]
    if np.count_nonzero(culprits) < LEAST_CONFIRMED:
        return {}
    kinds, sizes = table.kinds[old], table.sizes[old]
    assumed = table.weights[old]
    of_kinds = _count(_KINDS, kinds, assumed, culprits)
    learned = assumed * np.array([exp(log_factor(of_kinds[name])) for name in _KINDS])[kinds]
    of_sizes = _count((*_SIZES, ""), sizes, learned, culprits)
    return {name: habit for name, habit in (of_kinds | of_sizes).items() if name and (habit.k or habit.expected)}


def log_habit(habits: Mapping[str, Habit], change: Change) -> float:
    """Log of how much likelier a change is to break something than is assumed of its kind and size; 0: nothing known.

    The mean of a gamma-Poisson rate for each of both: (4 + k) / (4 + e), with k culprits confirmed of e expected.

    >>> from ingest.model import ChangeKind
    >>> change = Change("d1", ChangeKind.DEPLOY, 0, "cart", content=ContentKind.CONFIGURATION)
    >>> round(log_habit({"configuration": Habit(14, 4.0)}, change), 3)  # (4 + 14) / (4 + 4) = 2.25
    0.811
    """
    return sum(log_factor(habit) for _, habit in habits_of(habits, change))


def habits_of(habits: Mapping[str, Habit], change: Change) -> list[tuple[str, Habit]]:
    """What is known of a change's kind and of its size."""
    if not habits or change.target is not ChangeTarget.SERVICE:
        return []
    words = [_kind_of(change), *([] if change.lines is None else [_SIZES[_size_of(change.lines)]])]
    return [(word, habits[word]) for word in words if word in habits]


def _count(names: Sequence[str], of: Ints, expected: Floats, culprits: npt.NDArray[np.bool_]) -> dict[str, Habit]:
    share = np.bincount(of, expected, len(names)) / expected.sum()
    seen = np.bincount(of[culprits], minlength=len(names))
    total = int(np.count_nonzero(culprits))
    return {name: Habit(int(k), round(float(e), 3)) for name, k, e in zip(names, seen, share * total, strict=True)}


def log_factor(habit: Habit) -> float:
    """Log of (4 + k) / (4 + e)."""
    return log((STRENGTH + habit.k) / (STRENGTH + habit.expected))


def _kind_of(change: Change) -> str:
    return change.kind.value if change.kind in weights.KIND_RISK else change.content.value


def _size_of(lines: int) -> int:
    return sum(lines > bound for bound in _BOUNDS)
