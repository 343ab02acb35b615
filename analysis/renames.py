"""Which test case may continue which: one vanished from a stream at the boundary of two runs where the other appeared.

A suggestion, never acted on by itself. Its score is a weighted mean of what can be compared, each between 0 and 1:

    name       0.40   likeness of the names
    class      0.25   likeness of the class names
    signature  0.15   shared failure signatures; only where both failed
    file       0.10   likeness of the files; only where both are known
    duration   0.10   1 where the median durations are equal, 0 from four times on; only where both are known

Likeness is the share of equal characters in matching blocks (Ratcliff and Obershelp, as `difflib` has it). Every run
without both between the two takes 0.05 off. A pair is suggested where either is the best match of the other and no
second one comes within 0.02. Ours.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from ingest.model import TestCase

WEIGHTS = {"name": 0.40, "class": 0.25, "signature": 0.15, "file": 0.10, "duration": 0.10}
LEAST_SCORE = 0.70
MOST_GAP = 2
"""Runs that may lie between the last with the old case and the first with the new one."""
_GAP_COST = 0.05
_MARGIN = 0.02
_FAR_APART = math.log(4)


@dataclass(frozen=True, slots=True)
class Trace:
    """A test case of one stream as it vanished or appeared."""

    case: TestCase
    run: int
    """Index of the last run with it where it vanished, of the first where it appeared."""
    duration_ms: float | None
    """Median."""
    signatures: frozenset[str]


@dataclass(frozen=True, slots=True)
class Rename:
    """An old identity that may continue as a new one."""

    old: Trace
    new: Trace
    score: float
    """In [0, 1]."""
    terms: tuple[tuple[str, float], ...]
    """What was compared, each in [0, 1], in the order of `WEIGHTS`."""


def suggest_renames(vanished: Sequence[Trace], appeared: Sequence[Trace]) -> tuple[Rename, ...]:
    """Renames that may have happened in a stream, best first; each case in one of them at most."""
    pairs = [
        rename
        for old in vanished
        for new in appeared
        if old.run < new.run <= old.run + 1 + MOST_GAP and (rename := compare(old, new)) is not None
    ]
    pairs.sort(key=lambda pair: (-pair.score, pair.old.case.identity, pair.new.case.identity))
    best_old, best_new = _two_best(pairs, is_old=True), _two_best(pairs, is_old=False)
    return tuple(
        pair
        for pair in pairs
        if _is_clear(pair, best_old[pair.old.case.identity]) and _is_clear(pair, best_new[pair.new.case.identity])
    )


def compare(old: Trace, new: Trace) -> Rename | None:
    """The rename of one case to another, where its score is high enough."""
    terms = {
        "name": _likeness(old.case.name, new.case.name),
        "class": _likeness(old.case.classname, new.case.classname),
    }
    if WEIGHTS["name"] * terms["name"] + WEIGHTS["class"] * terms["class"] < 0.25:
        return None
    if old.signatures and new.signatures:
        terms["signature"] = len(old.signatures & new.signatures) / min(len(old.signatures), len(new.signatures))
    if old.case.file and new.case.file:
        terms["file"] = _likeness(old.case.file, new.case.file)
    if old.duration_ms and new.duration_ms:
        terms["duration"] = max(0.0, 1 - abs(math.log(old.duration_ms / new.duration_ms)) / _FAR_APART)
    known = {name: weight for name, weight in WEIGHTS.items() if name in terms}
    score = sum(weight * terms[name] for name, weight in known.items()) / sum(known.values())
    score -= _GAP_COST * (new.run - old.run - 1)
    return None if score < LEAST_SCORE else Rename(old, new, score, tuple((name, terms[name]) for name in known))


def _likeness(one: str, other: str) -> float:
    """Share of equal characters, in [0, 1].

    >>> _likeness("test_pay", "test_pay"), _likeness("", ""), _likeness("abcd", "abxy")
    (1.0, 1.0, 0.5)
    """
    return 1.0 if one == other else SequenceMatcher(None, one, other, autojunk=False).ratio()


def _two_best(pairs: Sequence[Rename], *, is_old: bool) -> dict[str, list[float]]:
    """Scores of every case, best first; `pairs` are sorted."""
    found: dict[str, list[float]] = {}
    for pair in pairs:
        found.setdefault((pair.old if is_old else pair.new).case.identity, []).append(pair.score)
    return found


def _is_clear(pair: Rename, scores: Sequence[float]) -> bool:
    """Whether a pair is a case's best, and the second is not close."""
    return pair.score == scores[0] and (len(scores) == 1 or scores[0] - scores[1] > _MARGIN)
