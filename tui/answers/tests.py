"""The Tests screen: every case, a row a stream. Keys are held in order; visible rows are read by key."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from analysis.records import Interval
from ingest.model import Result, Scope, TestCase
from store.connect import Connection
from store.read import day_sums, tests
from store.read.rows import TestInfo
from store.read.streams import list_streams
from tui.answers.basis import Basis, load_basis
from tui.answers.filters import FilterText, Word, accepts, left_over, parse_filter
from tui.answers.flakes import worst_first
from tui.answers.query import DAY_MS, Query, Window
from tui.answers.rating import LEAST_RUNS, Rated, rate_stream
from tui.answers.red import list_red_now
from tui.answers.strips import results_of

STRIP_RUNS = 60
RATED_MOST = 2000
"""Of more cases that failed or flaked the worst are told by their sums a day, which is all that can be read at once:
without what passes of the same code show, and with masked outages."""

Ints = npt.NDArray[np.int64]
TestKey = tuple[int, int]
"""(stream row, test row) of this store; never leaves the process."""


@dataclass(frozen=True, slots=True)
class TestRow:
    """One test case in one stream."""

    key: TestKey
    case: TestCase
    scope: Scope
    owners: tuple[str, ...]
    runs: int
    failed_runs: int
    flaky_runs: int
    flake_rate: Interval | None
    strip: tuple[Result | None, ...]
    """Newest last; None: absent from that run."""

    __test__ = False

    @property
    def is_red_now(self) -> bool:
        """Whether its newest known result is red."""
        return next((result.is_red for result in reversed(self.strip) if result is not None), False)


@dataclass(frozen=True, slots=True)
class TestKeys:
    """All keys that match, in the order asked for."""

    window: Window | None
    keys: tuple[TestKey, ...]

    __test__ = False


SORTS = ("flaky", "red", "name", "runs")


def list_test_keys(connection: Connection, query: Query, *, sort: str = "red", text: str = "") -> TestKeys:
    """Keys of every case and stream with a result in the window.

    Args:
        sort: one of `SORTS`; `red` puts cases that are red now first, `flaky` is the order of `crywolf flakes`.
        text: words that must all occur in the identity, owner or scope; `!word` must not; `owner:x`, `env:x`,
            `service:x`, `flow:x` (spaces as dashes) and so on narrow to a field.
    """
    basis = load_basis(connection, query)
    if basis is None:
        return TestKeys(None, ())
    first, last = basis.window.since_ms // DAY_MS, basis.window.until_ms // DAY_MS
    scopes = {row.stream_id: row.scope for row in basis.streams}
    sums = day_sums.list_all_sums(connection, first, last)
    sums = sums[np.isin(sums[:, 0], list(scopes))]
    if text.strip() or query.owner is not None or query.service is not None or sort == "name":
        passing = _passing(basis, sums, scopes, text)
        if sort == "name":
            passing.sort(key=lambda pair: (pair[1], scopes[int(sums[pair[0], 0])]))
        sums = sums[[place for place, _ in passing]]
    if sort != "name":
        sums = sums[_order(sums, sort, list_red_now(basis) if sort == "red" else frozenset())]
    keys = _keys(sums)
    if sort == "flaky":
        special = _keys(sums[(sums[:, 3] > 0) | (sums[:, 4] > 0)])
        if len(special) <= RATED_MOST:
            worst = worst_first(basis, special)
            known = frozenset(worst)
            keys = (*worst, *(key for key in keys if key not in known))
    return TestKeys(basis.window, keys)


def _keys(sums: Ints) -> tuple[TestKey, ...]:
    return tuple(zip(sums[:, 0].tolist(), sums[:, 1].tolist(), strict=True))


def load_test_rows(
    connection: Connection, window: Window, keys: Sequence[TestKey], query: Query | None = None
) -> tuple[TestRow, ...]:
    """The rows of some keys, in their order; at most some hundreds at a time."""
    basis = load_basis(connection, query or Query())
    if basis is None:
        return ()
    basis.window = window
    streams = {row.stream_id: row for row in list_streams(connection)}
    by_stream: dict[int, list[int]] = {}
    for stream_id, test_row in keys:
        by_stream.setdefault(stream_id, []).append(test_row)
    rows: dict[TestKey, TestRow] = {}
    for stream_id, test_rows in by_stream.items():
        rated = rate_stream(basis, streams[stream_id], test_rows)
        for column, test_row in enumerate(rated.loaded.test_rows):
            rows[stream_id, test_row] = _row(rated, column, (stream_id, test_row))
    return tuple(rows[key] for key in keys if key in rows)


def _row(rated: Rated, column: int, key: TestKey) -> TestRow:
    test, stats = rated.loaded.history.tests[column], rated.stats[column]
    counted = stats.runs - stats.masked_runs
    return TestRow(
        key,
        test.case,
        rated.loaded.history.scope,
        test.owners,
        stats.runs,
        stats.failed_runs,
        stats.flaky_runs,
        stats.flake_rate if counted >= LEAST_RUNS else None,
        results_of(rated.loaded.history.results[-STRIP_RUNS:, column].tolist()),
    )


def _order(sums: Ints, sort: str, red: frozenset[TestKey]) -> Ints:
    """Places of sums in the order asked for; ties by case, then stream."""
    streams, tests, executed, failed, flaky, _ = sums.T
    share = (flaky + failed) / np.maximum(1, executed)
    if sort == "flaky":
        first = -flaky / np.maximum(1, executed)
    elif sort == "runs":
        first = -executed
    else:
        first = ~np.isin(streams << 32 | tests, [stream << 32 | test for stream, test in red])
    return np.lexsort((streams, tests, -share, first))


def _passing(basis: Basis, sums: Ints, scopes: Mapping[int, Scope], text: str) -> list[tuple[int, str]]:
    """Places of those of very many sums that pass the filters, with the identity of the case.

    What cases have in common is asked once: stream, owners, services and flows.
    """
    words, connection = parse_filter(text), basis.connection
    rows = np.unique(sums[:, 1]).tolist()
    by_service = basis.query.service is not None or any(word.field == "service" for word in words)
    declared = tests.load_declared(connection, rows) if by_service else {}
    by_flow = any(word.field == "flow" for word in words)
    basis.owners.recall(connection)
    cases = {case[0]: case for case in tests.list_cases(connection, rows)}
    kinds: dict[tuple[object, ...], tuple[Word, ...] | None] = {}
    found = []
    for place, (stream_id, test_row) in enumerate(sums[:, :2].tolist()):
        _, namespace, classname, name, file = cases[test_row]
        identity = f"{namespace}::{classname}::{name}"
        owners = basis.owners.of_row(namespace, classname, name, file).owners
        services = declared.get(test_row, ())
        flows = tuple(flow.name for flow in basis.query.settings.flows_of(identity)) if by_flow else ()
        kind = (stream_id, services, owners, flows)
        if kind not in kinds:
            scope = scopes[stream_id]
            info = TestInfo(test_row, TestCase(namespace, classname, name, file), services)
            shared = _shared(basis, info, scope, owners, flows)
            kinds[kind] = left_over(words, shared) if basis.passes(info, scope) else None
        rest = kinds[kind]
        if rest is not None and accepts(rest, identity.casefold()):
            found.append((place, identity))
    return found


def _shared(basis: Basis, info: TestInfo, scope: Scope, owners: tuple[str, ...], flows: tuple[str, ...]) -> FilterText:
    """What filters see of a case, but for its identity."""
    return FilterText(
        " ".join((*owners, scope.pipeline, scope.environment, scope.branch, scope.variant)),
        {
            "owner": owners or ("nobody",),
            "env": (scope.environment,),
            "service": basis.touched(info, scope.pipeline),
            "pipeline": (scope.pipeline,),
            "branch": (scope.branch,),
            "flow": tuple(name.replace(" ", "-") for name in flows),
        },
    )
