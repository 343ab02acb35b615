"""Which failures are the same? Signatures joined to clusters, how far each reaches, and what kind of cause it names."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from analysis.causes import Cause
from analysis.similar import SignatureTitle, cluster_id, cluster_signatures
from analysis.texts import named_services
from ingest.model import Failure
from ingest.signature import says_little
from store.connect import Connection
from store.read import clusters, results
from store.read.clusters import SignaturePlace
from store.read.rows import TestInfo
from tui.answers.basis import Basis, load_basis
from tui.answers.causes import cause_of
from tui.answers.owner_book import team_of
from tui.answers.query import DAY_MS, Query, Window
from tui.answers.sums import days_of, filters_of
from tui.answers.triage import Radius

_LOOKED_AT = 20
"""Failing attempts of a test case, newest first, among which a cluster's text is looked for."""


@dataclass(slots=True)
class Clusters:
    """Clusters of all signatures seen by now, worked out for those that are asked for."""

    known: dict[str, SignatureTitle]
    leaders: dict[str, str] = field(default_factory=dict)
    """Key of a signature -> key of the one that began its cluster, as far as worked out."""

    def learn(self, keys: Iterable[str]) -> None:
        """Work out the clusters of some signatures at once."""
        missing = {key for key in keys if key in self.known and key not in self.leaders}
        if missing:
            self.leaders.update(cluster_signatures(self.known.values(), missing))

    def leader_of(self, key: str) -> str:
        """Key of the signature that began a signature's cluster."""
        self.learn((key,))
        return self.leaders.get(key, key)

    def id_of(self, key: str) -> str:
        """Stable id of the cluster that a signature belongs to; empty without a signature."""
        leader = self.leader_of(key)
        return cluster_id(leader, self.known[leader].version) if leader in self.known else ""

    def title_of(self, key: str) -> str:
        """Title of a signature."""
        return self.known[key].title if key in self.known else ""


@dataclass(frozen=True, slots=True)
class ClusterRow:
    """Failures of one cluster in the window, of whole UTC days and first run attempts."""

    cluster: str
    title: str
    """Of the signature that began it."""
    signatures: tuple[str, ...]
    """Keys of those that failed in the window."""
    failures: int
    radius: Radius
    streams: int
    first_day: int
    """Days since 1970, within the window."""
    last_day: int
    cause: Cause


@dataclass(frozen=True, slots=True)
class ClustersAnswer:
    """Rows by test cases touched, then failures, then id."""

    window: Window | None
    rows: tuple[ClusterRow, ...]


def load_clusters(basis: Basis, keys: Iterable[str] = ()) -> Clusters:
    """Clusters of everything that failed by now; loaded once an answer.

    Args:
        keys: of the signatures that will be asked for: at once they take less time than one by one.
    """
    if basis.clusters is None:
        services = tuple(basis.graph.calls)
        rows = clusters.list_signatures(basis.connection, basis.window.now_ms // DAY_MS)
        basis.clusters = Clusters(
            {
                key: SignatureTitle(key, version, title, day, named_services((title,), services), says_little(title))
                for key, version, title, day in rows
            }
        )
    basis.clusters.learn(keys)
    return basis.clusters


def answer_clusters(connection: Connection, query: Query) -> ClustersAnswer:
    """What failed in the window under the filters of `query`, by cluster."""
    basis = load_basis(connection, query)
    if basis is None:
        return ClustersAnswer(None, ())
    window = basis.window
    first, last = days_of(basis)
    places = clusters.list_places(connection, first, last, *filters_of(basis))
    known = load_clusters(basis, {place.key for place in places})
    infos = basis.infos({place.test_row for place in places})
    found: dict[str, list[SignaturePlace]] = {}
    for place in places:
        found.setdefault(known.leader_of(place.key), []).append(place)
    rows = [_row(basis, known, leader, members, infos) for leader, members in found.items()]
    rows.sort(key=lambda row: (-row.radius.tests, -row.failures, row.cluster))
    return ClustersAnswer(window, tuple(rows))


def _row(
    basis: Basis, known: Clusters, leader: str, places: list[SignaturePlace], infos: dict[int, TestInfo]
) -> ClusterRow:
    pipelines = {stream.stream_id: stream.scope.pipeline for stream in basis.streams}
    pairs = {(place.test_row, pipelines[place.stream_id]) for place in places}
    services = {service for row, pipeline in pairs for service in basis.touched(infos[row], pipeline)}
    teams = {team_of(owner) for row, _ in pairs for owner in basis.owners.of_test(infos[row].case).owners}
    return ClusterRow(
        known.id_of(leader),
        known.title_of(leader),
        tuple(sorted({place.key for place in places})),
        sum(place.failures for place in places),
        Radius(len({row for row, _ in pairs}), len(services), len(teams)),
        len({place.stream_id for place in places}),
        min(place.first_day for place in places),
        max(place.last_day for place in places),
        _cause(basis, known.title_of(leader), places, infos),
    )


def _cause(basis: Basis, title: str, places: list[SignaturePlace], infos: dict[int, TestInfo]) -> Cause:
    """What the newest of a cluster's failures says: of the newest day, then by test case and signature."""
    newest = min(places, key=lambda place: (-place.last_day, infos[place.test_row].case.identity, place.key))
    since_ms = newest.last_day * DAY_MS
    facts = results.list_failing(basis.connection, newest.test_row, since_ms, since_ms + 2 * DAY_MS, _LOOKED_AT)
    texts = results.load_failures(basis.connection, [f.failure_row for f in facts if f.failure_row is not None])
    of = [texts[f.failure_row] for f in facts if f.failure_row in texts]
    text = next((one for one in of if one.signature == newest.key), None)
    return cause_of(basis.query.settings, title, text.failure if text else Failure("", "", ""))
