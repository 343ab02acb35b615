"""The second tier of clusters: signatures whose titles differ by less than a tenth are one cluster.

Signatures are looked at in the order in which they were first seen. Each joins the nearest cluster before it whose
first title it resembles, or begins one of its own; so what comes later never moves what came before, and a cluster
keeps the id of its first signature. Two titles resemble each other when their edit distance is below 10 % of their mean
length. Never joined: titles that say too little, and titles that name different services or status codes, however
alike: 404 is not 503.

The version is part of every id and goes up with every change of these rules, so that nothing is regrouped silently.
Source: Kubernetes' triage (edit distance below 10 %, candidates by the counts of 4-grams, the 8 nearest checked).
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

CLUSTER_VERSION = 1
"""Goes up when equal signatures could fall into other clusters."""

LEAST_DIFFERENCE = 0.1
GRAM = 4
CHECKED = 8
_BUCKET_BITS = 8
_FACTOR, _MIXER = np.uint64(0x100000001B3), np.uint64(0x9E3779B97F4A7C15)
_STATUS = re.compile(r"\b[1-5]\d\d\b")
_QUOTED = re.compile(r"[\"'`]([^\"'`…]{1,80})[\"'`]")
Counts = npt.NDArray[np.int16]


@dataclass(frozen=True, slots=True)
class SignatureTitle:
    """A signature as the second tier sees it."""

    key: str
    version: int
    title: str
    first_seen: int
    """Whatever orders signatures in time, such as the day."""
    services: frozenset[str] = frozenset()
    """That the title names."""
    says_little: bool = False
    """Never joined with another."""


class _Group:
    """Signatures of which any two may be one cluster, in order."""

    def __init__(self, titles: list[SignatureTitle]) -> None:
        self.titles = titles
        self._lengths = np.array([len(one.title) for one in titles], dtype=np.int64)
        self._grams = np.zeros((len(titles), 1 << _BUCKET_BITS), dtype=np.int16)
        self._has_grams = np.zeros(len(titles), dtype=np.bool_)

    def join(self, wanted: Iterable[int]) -> dict[int, int]:
        """Place of a signature -> place of the one that began its cluster, of some and of all that this depends on."""
        possible: dict[int, list[int]] = {}
        waiting = list(wanted)
        while waiting:
            place = waiting.pop()
            if place not in possible:
                possible[place] = self._possible(place)
                waiting += possible[place]
        found: dict[int, int] = {}
        for place in sorted(possible):
            found[place] = self._nearest(place, [one for one in possible[place] if found[one] == one][:CHECKED])
        return found

    def _possible(self, place: int) -> list[int]:
        """Earlier places that may be near enough by length and grams, the nearest first."""
        lengths, length = self._lengths[:place], self._lengths[place]
        allowed = LEAST_DIFFERENCE * (lengths + length) / 2
        near = np.flatnonzero(np.abs(lengths - length) < allowed)
        for one in (place, *near[~self._has_grams[near]].tolist()):
            self._grams[one], self._has_grams[one] = _grams(self.titles[one].title), True
        apart = np.abs(self._grams[near] - self._grams[place]).sum(axis=1)
        # An edit alters at most 4 grams, each of which then counts twice.
        possible = np.flatnonzero(apart < 2 * GRAM * allowed[near])
        return [int(one) for one in near[possible[np.argsort(apart[possible], kind="stable")]]]

    def _nearest(self, place: int, leaders: list[int]) -> int:
        """The leader with the least edit distance below the limit, of equals the first; without one, itself."""
        if not leaders:
            return place
        from rapidfuzz.distance import Levenshtein  # here: most answers have nothing to compare

        title = self.titles[place].title
        best = (LEAST_DIFFERENCE, place)
        for one in leaders:
            other = self.titles[one].title
            apart = Levenshtein.distance(title, other) / ((len(title) + len(other)) / 2)
            if apart < best[0]:
                best = (apart, one)
        return best[1]


def cluster_signatures(titles: Iterable[SignatureTitle], wanted: Container[str] | None = None) -> dict[str, str]:
    """Key of a signature -> key of the signature that began its cluster; the same in any order of input.

    Args:
        titles: of every signature there is.
        wanted: keys that are asked for, a few of many; None: all. What is said of one does not depend on the others.
    """
    groups: dict[tuple[object, ...], list[SignatureTitle]] = {}
    found: dict[str, str] = {}
    for one in sorted(titles, key=lambda title: (title.first_seen, title.version, title.key)):
        if one.says_little or not one.title:
            found[one.key] = one.key
        else:
            groups.setdefault((one.version, one.services, _must_agree(one.title)), []).append(one)
    for members in groups.values():
        places = [n for n, one in enumerate(members) if wanted is None or one.key in wanted]
        if places:
            joined = _Group(members).join(places)
            found.update((members[n].key, members[joined[n]].key) for n in places)
    return found


def cluster_id(leader_key: str, version: int) -> str:
    """Stable id of a cluster, such as `c1.1-3fa9c2d1ab`: signature version, cluster version, its first signature."""
    return f"c{version}.{CLUSTER_VERSION}-{leader_key[:10]}" if leader_key else ""


def _grams(title: str) -> Counts:
    """How often each 4-gram occurs, by a hash of it; sharing a bucket only ever makes titles look more alike."""
    letters = np.frombuffer(title.ljust(GRAM).encode("utf-32-le", "surrogatepass"), dtype="<u4").astype(np.uint64)
    grams = np.zeros(len(letters) - GRAM + 1, dtype=np.uint64)
    for place in range(GRAM):
        grams = grams * _FACTOR + letters[place : len(letters) - GRAM + 1 + place]
    buckets = (grams * _MIXER) >> np.uint64(64 - _BUCKET_BITS)
    return np.bincount(buckets.astype(np.int64), minlength=1 << _BUCKET_BITS).astype(np.int16)


def _must_agree(title: str) -> frozenset[str]:
    """Status codes and quoted names: what two titles may not differ in."""
    return frozenset((*_STATUS.findall(title), *_QUOTED.findall(title)))
