"""What most questions need first: the window, the streams in scope, owners, the service graph and the change feed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from analysis.records import ChangeFeed, Exercise, OutageReport, ServiceGraph, StreamHistory, TestColumn
from ingest.model import PRE_MERGE_BRANCH, Scope, TestCase, Tier
from ingest.monorepo import changes_of_services
from store.connect import Connection
from store.read import catalog, changes, streams, tests, triage
from store.read.rows import StreamRow, TestInfo
from tui.answers.owner_book import OwnerBook, load_owner_book, owns
from tui.answers.query import Query, Window
from tui.answers.windows import resolve_window

_MANY = 100
_FOREVER = 2**62
_UNNAMED = TestCase("", "", "")

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from analysis.change_risk import ChangeTable
    from analysis.ledger import Said
    from tui.answers.clusters import Clusters
    from tui.answers.priors import FlakePrior
    from tui.answers.rankings import Rankings
    from tui.answers.whole_streams import Whole

    Ints = npt.NDArray[np.int64]
    Results = npt.NDArray[np.int8]


@dataclass
class Basis:
    """Facts behind one answer, loaded when first needed."""

    connection: Connection
    query: Query
    window: Window
    streams: tuple[StreamRow, ...]
    """Those that pass the filters of the query, baseline or not."""
    wholes: dict[tuple[int, int, int, int], Whole] = field(default_factory=dict)
    """Whole streams loaded for this answer, by (stream row, since, until, limit)."""
    unnamed: dict[tuple[int, int, int, int], Whole] = field(default_factory=dict)
    """The same of which no names were asked for."""
    case_sets: dict[int, tuple[Ints, Results]] = field(default_factory=dict)
    """(test rows, plain results) of the sets of cases that packed parts hold, by row."""
    histories: dict[int, StreamHistory] = field(default_factory=dict)
    """Of whole streams, by their `id`."""
    outages: dict[int, OutageReport] = field(default_factory=dict)
    """Outages of a whole stream over the window, by stream row."""
    prior: FlakePrior | None = None
    """Of flake rates, once it was fitted (`tui.answers.priors`)."""
    every_stream: tuple[StreamRow, ...] | None = None
    """All of the store, once they were asked for (`tui.answers.beside`)."""
    starts: dict[int, list[int]] = field(default_factory=dict)
    """When the newest runs of a stream started, by its row (`tui.answers.beside`)."""
    risks: ChangeTable | None = None
    """All changes of services, with those that people confirmed, once asked for (`tui.answers.beside`)."""
    felt: tuple[tuple[str, int, tuple[str, ...]], ...] | None = None
    """What failed by confirmed culprits, once it was loaded (`tui.answers.beside`)."""
    clusters: Clusters | None = None
    """Of all signatures, once they were worked out (`tui.answers.clusters`)."""
    _infos: dict[int, TestInfo] = field(default_factory=dict)
    _columns: dict[str | None, dict[int, TestColumn]] = field(default_factory=dict)
    _asked: dict[tuple[str | int | None, ...], tuple[TestColumn, ...]] = field(default_factory=dict)
    """Columns as they were asked for: stretches of one stream have the same, and share what is made of them."""
    _exercised: dict[tuple[str, ...] | str, tuple[Exercise, ...]] = field(default_factory=dict)

    @cached_property
    def rankings(self) -> Rankings:
        """Rankings of suspects, kept ones among them."""
        from tui.answers.rankings import Rankings  # what is shown without a verdict need not import the model

        return Rankings(self.connection)

    @cached_property
    def owners(self) -> OwnerBook:
        """Who owns what."""
        return load_owner_book(self.connection, self.query.settings)

    @cached_property
    def baseline(self) -> tuple[StreamRow, ...]:
        """Streams that count for verdicts: the configured branch, else each pipeline's branch with most runs."""
        settings = self.query.settings
        if self.query.branch is not None:
            return tuple(row for row in self.streams if row.scope.branch != PRE_MERGE_BRANCH)
        if "project.baseline_branch" in settings.given:
            wanted = ("", settings.baseline_branch)
            return tuple(row for row in self.streams if row.scope.branch in wanted)
        return _most_used_branches(self.connection, self.streams)

    @cached_property
    def graph(self) -> ServiceGraph:
        """Who calls whom, catalogs of all files together."""
        return load_graph(self.connection)

    @cached_property
    def feed(self) -> ChangeFeed:
        """Changes up to now; those of a repository of several services are of the services that they touch."""
        until_ms = self.window.now_ms
        found = changes.list_changes(self.connection, -(2**53), until_ms)
        covered = changes.list_covered(self.connection)
        settings = self.query.settings
        if settings.monorepo:
            found = tuple(one for change in found for one in changes_of_services(change, settings))
            covered |= {(one.service, one.environment) for one in found if one.service}
        return ChangeFeed(found, covered)

    @cached_property
    def confirmations(self) -> tuple[tuple[str, str], ...]:
        """(incident's id or nothing, culprit) that people confirmed, with `--at` by then; of an incident the last."""
        calls = triage.list_calls(self.connection, _FOREVER if self.query.at is None else self.window.now_ms)
        found = [call for call in calls if call.action == "confirm" and call.new_value]
        last = {call.subject: call.new_value for call in found if call.subject_kind == triage.INCIDENT}
        of_tests = {("", call.new_value) for call in found if call.subject_kind != triage.INCIDENT}
        return (*sorted(last.items()), *sorted(of_tests))

    @cached_property
    def confirmed(self) -> frozenset[str]:
        """Changes that people confirmed as culprits."""
        return frozenset(culprit for _, culprit in self.confirmations)

    @cached_property
    def called(self) -> dict[tuple[int, int], tuple[Said, ...]]:
        """What people call what is red, by (stream row, test row), in the order in which they said it."""
        from tui.answers.said import load_called

        return load_called(self.connection, self.query, self.window)

    @cached_property
    def entries(self) -> dict[str, str]:
        """The service whose pipeline it is, by pipeline."""
        return streams.services_of_pipelines(self.connection)

    def touched(self, info: TestInfo, pipeline: str) -> tuple[str, ...]:
        """Services that a case touches for sure: those it declares, else the one whose pipeline it runs in."""
        entry = self.entries.get(pipeline)
        return info.declared or ((entry,) if entry else ())

    def passes(self, info: TestInfo, scope: Scope) -> bool:
        """Whether a case in a stream passes the owner and service filters."""
        service = self.query.service
        if service is not None:
            touched = self.touched(info, scope.pipeline)
            if service.casefold() not in {name.casefold() for name in touched}:
                return False
        return self.query.owner is None or owns(self.query.owner, self.owners.of_test(info.case).owners)

    def infos(self, test_rows: Iterable[int]) -> dict[int, TestInfo]:
        """What is known of these test cases, and of all that were asked for before."""
        missing = [row for row in set(test_rows) if row not in self._infos]
        if missing:
            self._infos.update(tests.load_tests(self.connection, missing))
        return self._infos

    def columns(self, test_rows: Sequence[int], entry: str | None) -> tuple[TestColumn, ...]:
        """Cases with the services they exercise: declared ones, else those reachable from their entry service."""
        asked = (entry, *test_rows)
        if asked in self._asked:
            return self._asked[asked]
        known = self._columns.setdefault(entry, {})
        missing = [row for row in test_rows if row not in known]
        if len(missing) >= _MANY:
            self.owners.recall(self.connection)
        infos = self.infos(missing)
        known.update((row, self.column(infos[row], entry)) for row in missing)
        return self._asked.setdefault(asked, tuple(known[row] for row in test_rows))

    def column(self, info: TestInfo, entry: str | None = None) -> TestColumn:
        """A case with the services it exercises: declared ones, else those reachable from its entry service."""
        exercised = self._exercise(info.declared, entry)
        return TestColumn(info.case, exercised, self.owners.of_test(info.case).owners)

    def unnamed_columns(self, test_rows: Sequence[int], entry: str | None) -> tuple[TestColumn, ...]:
        """Cases with the services they exercise and nothing else, which takes a fifth of the time."""
        declared = tests.load_declared(self.connection, test_rows)
        asked = [declared.get(row, ()) for row in test_rows]
        columns = {one: TestColumn(_UNNAMED, self._exercise(one, entry)) for one in set(asked)}
        return tuple(columns[one] for one in asked)

    def _exercise(self, declared: tuple[str, ...], entry: str | None) -> tuple[Exercise, ...]:
        key = declared or entry or ""
        found = self._exercised.get(key)
        if found is None:
            reachable = reachable_from(self.graph, entry) if entry and not declared else ()
            found = tuple(Exercise(name, Tier.DECLARED) for name in declared) or reachable
            self._exercised[key] = found
        return found


def load_basis(connection: Connection, query: Query) -> Basis | None:
    """The basis of an answer; None in a store without runs in scope."""
    window = resolve_window(connection, query)
    if window is None:
        return None
    rows = streams.list_streams(connection)
    return Basis(connection, query, window, tuple(row for row in rows if _is_in_scope(row, query)))


def load_graph(connection: Connection) -> ServiceGraph:
    """The service graph; APIs that no file resolves itself are joined to their providers here."""
    names, entries = catalog.list_services(connection)
    providers: dict[str, list[str]] = {}
    for entry in entries:
        for api in entry.provides_apis:
            providers.setdefault(api, []).append(entry.name)
    calls: dict[str, dict[str, None]] = {name: {} for name in names}
    owners: dict[str, str | None] = {name: None for name in names}
    for entry in entries:
        targets = [*entry.depends_on, *(p for api in entry.consumes_apis for p in providers.get(api, ()))]
        calls.setdefault(entry.name, {}).update((target, None) for target in targets if target != entry.name)
        owners[entry.name] = owners.get(entry.name) or entry.owner
    catalogued = {entry.name for entry in entries}
    return ServiceGraph(
        {name: tuple(targets) for name, targets in calls.items()},
        owners,
        frozenset(name for name in names if name not in catalogued),
    )


def reachable_from(graph: ServiceGraph, entry: str) -> tuple[Exercise, ...]:
    """The entry service and everything it calls, nearest first."""
    seen, frontier, hops = {entry: 0}, [entry], 0
    while frontier:
        hops += 1
        following = [target for name in frontier for target in graph.calls.get(name, ()) if target not in seen]
        frontier = sorted(set(following))
        seen.update((target, hops) for target in frontier)
    return tuple(Exercise(name, Tier.REACHABLE, distance) for name, distance in seen.items())


def _is_in_scope(row: StreamRow, query: Query) -> bool:
    wanted = ((query.pipeline, row.scope.pipeline), (query.environment, row.scope.environment))
    if any(asked is not None and asked.casefold() != found.casefold() for asked, found in wanted):
        return False
    return query.branch is None or query.branch.casefold() == row.scope.branch.casefold()


def _most_used_branches(connection: Connection, rows: tuple[StreamRow, ...]) -> tuple[StreamRow, ...]:
    counts = streams.count_runs_by_stream(connection)
    used: dict[str, Counter[str]] = {}
    for row in rows:
        if row.scope.branch != PRE_MERGE_BRANCH:
            used.setdefault(row.scope.pipeline, Counter())[row.scope.branch] += counts.get(row.stream_id, 0)
    best = {pipeline: min(c, key=lambda branch: (-c[branch], branch)) for pipeline, c in used.items() if c}
    return tuple(row for row in rows if best.get(row.scope.pipeline) == row.scope.branch)
