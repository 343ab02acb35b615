"""What a question is asked with from beside its stream: other streams of the environment, and what people confirmed.

Neither depends on the filters of a query: what is said of a test case does not depend on who looks.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from analysis.change_risk import habits_before, tabulate
from analysis.records import Habit, StreamHistory
from ingest.model import PRE_MERGE_BRANCH
from store.read import runs, streams, triage
from store.read.rows import StreamRow
from tui.answers.basis import Basis
from tui.answers.red import LOOK_BACK_RUNS
from tui.answers.whole_streams import history_of, load_whole

MOST_STREAMS = 3
"""Of the streams that ran since the onset, in the order of their names."""


def histories_elsewhere(
    basis: Basis, stream: StreamRow, since_ms: int, until_ms: int, onset_ms: int
) -> tuple[StreamHistory, ...]:
    """Histories of other streams of the same environment and branch that ran between an onset and a moment."""
    found: list[StreamHistory] = []
    for other in _others(basis, stream):
        if len(found) == MOST_STREAMS:
            break
        starts = _starts(basis, other)
        if bisect_left(starts, onset_ms) == bisect_right(starts, until_ms):
            continue
        load_whole(basis, other, -(2**53), basis.window.now_ms, LOOK_BACK_RUNS)  # what most stretches are cut from
        found.append(history_of(basis, load_whole(basis, other, since_ms, until_ms)))
    return tuple(found)


def _starts(basis: Basis, stream: StreamRow) -> list[int]:
    """When a stream's newest runs started, oldest first; loaded once an answer."""
    known = basis.starts.get(stream.stream_id)
    if known is None:
        now_ms = basis.window.now_ms
        known = list(runs.list_starts(basis.connection, stream.stream_id, now_ms, LOOK_BACK_RUNS))
        basis.starts[stream.stream_id] = known
    return known


def _others(basis: Basis, stream: StreamRow) -> list[StreamRow]:
    scope = stream.scope
    if not scope.environment or scope.branch == PRE_MERGE_BRANCH:
        return []
    if basis.every_stream is None:
        basis.every_stream = streams.list_streams(basis.connection)
    return sorted(
        (
            row
            for row in basis.every_stream
            if row.stream_id != stream.stream_id
            and (row.scope.environment, row.scope.branch) == (scope.environment, scope.branch)
        ),
        key=lambda row: row.scope,
    )


def habits_of_people(basis: Basis, before_ms: int) -> dict[str, Habit]:
    """Of which kinds and sizes the culprits were that people confirmed of the changes before a moment."""
    if basis.risks is None:
        basis.risks = tabulate(basis.feed.changes, basis.confirmed)
    return habits_before(basis.risks, before_ms)


def felt_before(basis: Basis, before_ms: int) -> dict[str, tuple[str, ...]]:
    """`test_id` of the members of incidents before a moment, by the service of the culprit that people confirmed."""
    if basis.felt is None:
        basis.felt = _load_felt(basis)
    found: dict[str, set[str]] = {}
    for service, last_red_ms, tests in basis.felt:
        if last_red_ms < before_ms:
            found.setdefault(service, set()).update(tests)
    return {service: tuple(sorted(tests)) for service, tests in sorted(found.items())}


def _load_felt(basis: Basis) -> tuple[tuple[str, int, tuple[str, ...]], ...]:
    """(service of the culprit, last red run, members) of every incident of which people confirmed one."""
    culprits = {incident: culprit for incident, culprit in basis.confirmations if incident}
    if not culprits:
        return ()
    services = {change.change_id: change.service for change in basis.feed.changes}
    places = triage.load_places(basis.connection, sorted(culprits))
    infos = basis.infos({test for place in places.values() for _, test in place.members})
    found = []
    for ident, place in sorted(places.items()):
        service = services.get(culprits.get(ident, ""))
        if service:
            tests = {infos[test].case.test_id for _, test in place.members if test in infos}
            found.append((service, place.last_red_ms, tuple(sorted(tests))))
    return tuple(found)
