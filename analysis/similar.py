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
from collections.abc import Iterable
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
    """Clusters that one title may join: the titles that began them, with their grams."""

    def __init__(self) -> None:
        self.titles: list[SignatureTitle] = []
        self._grams = np.zeros((8, 1 << _BUCKET_BITS), dtype=np.int16)
        self._lengths = np.zeros(8, dtype=np.int64)

    def add(self, title: SignatureTitle, grams: Counts) -> None:
        """Begin a cluster."""
        held = len(self.titles)
        if held == len(self._lengths):
            self._grams = np.concatenate([self._grams, np.zeros_like(self._grams)])
            self._lengths = np.concatenate([self._lengths, np.zeros_like(self._lengths)])
        self._grams[held], self._lengths[held] = grams, len(title.title)
        self.titles.append(title)

    def nearest(self, title: str, grams: Counts) -> SignatureTitle | None:
        """The one with the least edit distance below the limit; of equals the first."""
        held = len(self.titles)
        if not held:
            return None
        from rapidfuzz.distance import Levenshtein  # here: most answers have nothing to compare

        lengths = self._lengths[:held]
        apart = np.abs(self._grams[:held] - grams).sum(axis=1)
        allowed = LEAST_DIFFERENCE * (lengths + len(title)) / 2
        # An edit alters at most 4 grams, each of which then counts twice.
        possible = np.flatnonzero((apart < 2 * GRAM * allowed) & (np.abs(lengths - len(title)) < allowed))
        best: tuple[int, SignatureTitle] | None = None
        for place in possible[np.argsort(apart[possible], kind="stable")][:CHECKED].tolist():
            distance = Levenshtein.distance(title, self.titles[place].title)
            if distance < allowed[place] and (best is None or distance < best[0]):
                best = distance, self.titles[place]
        return None if best is None else best[1]


def cluster_signatures(titles: Iterable[SignatureTitle]) -> dict[str, str]:
    """Key of every signature -> key of the signature that began its cluster; the same in any order of input."""
    groups: dict[tuple[object, ...], _Group] = {}
    found: dict[str, str] = {}
    for one in sorted(titles, key=lambda title: (title.first_seen, title.version, title.key)):
        found[one.key] = one.key
        if one.says_little or not one.title:
            continue
        grams = _grams(one.title)
        group = groups.setdefault((one.version, one.services, _must_agree(one.title)), _Group())
        leader = group.nearest(one.title, grams)
        if leader is None:
            group.add(one, grams)
        else:
            found[one.key] = leader.key
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
