"""Incidents: red test cases that are to be triaged together.

Two belong together when they broke in the same environment in overlapping gaps between good and bad runs, and share a
failure's signature or a top suspect, or both look like an outage. Those about which nothing is known belong together
when they broke in the same run and share a service. The result does not depend on the order of the input.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from analysis.records import BlastRadius, IncidentGroup, RedTest
from ingest.model import stable_id


def group_incidents(red: Sequence[RedTest]) -> tuple[IncidentGroup, ...]:
    """Incidents by onset of their lead, then id; every red test is a member of exactly one."""
    ordered = sorted(set(red), key=_rank)
    parent = list(range(len(ordered)))
    for bucket in _buckets(ordered).values():
        for first, second in _overlapping(ordered, bucket):
            _join(parent, first, second)
    groups: dict[int, list[RedTest]] = {}
    for i, test in enumerate(ordered):
        groups.setdefault(_root(parent, i), []).append(test)
    incidents = [_incident(members) for members in groups.values()]
    return tuple(sorted(incidents, key=lambda g: (g.lead.first_bad.started_ms, g.incident_id)))


def one_group(red: Sequence[RedTest]) -> IncidentGroup:
    """Red tests as one incident, whatever they have in common; its lead is the one that broke first."""
    return _incident(sorted(set(red), key=_rank))


def blast_radius(members: Iterable[RedTest]) -> BlastRadius:
    """Distinct test cases, services and teams that red tests touch."""
    held = tuple(members)
    return BlastRadius(
        len({m.case.identity for m in held}),
        len({service for m in held for service in m.services}),
        len({team for m in held for team in m.teams}),
    )


def incident_id(lead: RedTest) -> str:
    """Stable id from where the lead test broke and in which run."""
    scope, run = lead.scope, lead.first_bad
    stream = (scope.pipeline, scope.environment, scope.branch, scope.variant)
    parts = (*stream, lead.case.identity, run.run_id, str(run.started_ms))
    return f"i-{stable_id(chr(31).join(parts))[:10]}"


def _rank(test: RedTest) -> tuple[object, ...]:
    """Earliest onset first, then smallest identity, then everything else that can differ."""
    good = -1 if test.last_good is None else test.last_good.started_ms
    return (
        test.first_bad.started_ms,
        test.case.identity,
        test.scope,
        test.first_bad.run_id,
        good,
        test.signature,
        test.suspects,
        test.services,
        test.teams,
        test.environment_is_suspect,
    )


def _incident(members: list[RedTest]) -> IncidentGroup:
    lead = members[0]
    return IncidentGroup(incident_id(lead), lead, tuple(members), blast_radius(members))


def _buckets(tests: Sequence[RedTest]) -> dict[tuple[str, ...], list[int]]:
    """Places of the tests that have something in common, by what it is; a test is in several."""
    out: dict[tuple[str, ...], list[int]] = {}
    for i, test in enumerate(tests):
        where = test.scope.environment
        for key in _keys(test, where):
            out.setdefault(key, []).append(i)
    return out


def _keys(test: RedTest, where: str) -> Iterator[tuple[str, ...]]:
    if test.signature:
        yield "signature", where, test.signature
    if test.suspects:
        yield "suspect", where, test.suspects[0]
    if test.environment_is_suspect:
        yield "outage", where
    if test.signature or test.suspects or test.environment_is_suspect:
        return
    run = test.first_bad
    for service in test.services:
        yield "together", where, run.pipeline, run.run_id, str(run.started_ms), service


def _overlapping(tests: Sequence[RedTest], bucket: Sequence[int]) -> Iterator[tuple[int, int]]:
    """Neighbours whose gaps between last good and first bad run overlap: enough of them to connect all that do."""
    spans = sorted((*_gap(tests[i]), i) for i in bucket)
    reach, holder = -1, -1
    for begin, end, i in spans:
        if holder >= 0 and begin < reach:
            yield holder, i
        if end > reach:
            reach, holder = end, i


def _gap(test: RedTest) -> tuple[int, int]:
    """(start of the last good run, start of the first bad one), ms; without a good run, a gap of its own."""
    end = test.first_bad.started_ms
    begin = end - 1 if test.last_good is None else min(test.last_good.started_ms, end - 1)
    return begin, end


def _root(parent: list[int], i: int) -> int:
    while parent[i] != i:
        parent[i] = parent[parent[i]]
        i = parent[i]
    return i


def _join(parent: list[int], first: int, second: int) -> None:
    """Join two sets; the smaller place, which ranks first, stays the root."""
    a, b = sorted((_root(parent, first), _root(parent, second)))
    parent[b] = a
