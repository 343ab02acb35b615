"""What changed? The feed of all services, with the failures that follow."""

from __future__ import annotations

import bisect
from collections.abc import Mapping
from dataclasses import dataclass, replace

from analysis.records import ABSENT
from ingest.model import Change, Result, RunRef
from store.connect import Connection
from store.read import changes, day_sums, runs
from store.read.changes import SeenIncident
from tui.answers.basis import Basis, load_basis, load_graph
from tui.answers.histories import Loaded
from tui.answers.owner_book import owns
from tui.answers.query import DAY_MS, Moment, Query, Window
from tui.answers.triage import answer_triage
from tui.answers.whole_streams import load_cases
from tui.answers.windows import FAR_FUTURE_MS, window_before

FOLLOWS_MS = 6 * 3_600_000
"""A failure follows a change when it starts in the first run after it, within this time."""
BEFORE_MS = 3 * DAY_MS
"""Runs before the window that are looked at, to tell whether its first red results are new."""


@dataclass(frozen=True, slots=True)
class ChangeRow:
    """One change and what followed it."""

    change: Change
    owner: str | None
    """Of the service."""
    failures_after: int | None
    """Test cases of its environment whose red streak started in the first run after it, within the next 6 hours.

    None: results of that day were pruned.
    """
    exercising_after: int | None
    """Those of them that exercise the service."""
    suspicion: float | None = None
    """The largest probability of having caused anything that is red now; None: it is suspected of nothing."""
    incident: str = ""
    """Title of the incident that it has that probability of."""


@dataclass(frozen=True, slots=True)
class ChangesAnswer:
    """Newest first."""

    window: Window | None
    rows: tuple[ChangeRow, ...]
    green: RunRef | None = None
    """The last green nightly: the newest complete scheduled run in which nothing is red."""
    is_since_green: bool = False
    """Whether the window begins with it."""
    notes: tuple[SeenIncident, ...] = ()
    """What monitors told of incidents of their own: context, nothing weighs it."""


def answer_changes(connection: Connection, query: Query, *, since_green: bool = False) -> ChangesAnswer:
    """Changes under the filters of `query`.

    Args:
        since_green: those since the last green nightly instead of those of the window, where there was one.
    """
    basis = load_basis(connection, query)
    if basis is None:
        return _without_runs(connection, query)
    green = _last_green(basis)
    if since_green and green is not None:
        query = replace(query, since=Moment(at_ms=green.started_ms))
        basis = load_basis(connection, query) or basis
    window = basis.window
    starts, suspected = _Starts(basis), _suspected(connection, query)
    rows = []
    for change in reversed(changes.list_changes(connection, window.since_ms, window.until_ms)):
        owner = basis.graph.owners.get(change.service)
        if _passes(change, owner, query):
            is_gone = window.pruned_ms is not None and change.at_ms < window.pruned_ms
            after = (None, None) if is_gone else starts.after(change)
            rows.append(ChangeRow(change, owner, *after, *suspected.get(change.change_id, (None, ""))))
    notes = _notes(connection, query, window, basis.graph.owners)
    return ChangesAnswer(window, tuple(rows), green, since_green and green is not None, notes)


def _suspected(connection: Connection, query: Query) -> dict[str, tuple[float, str]]:
    """change -> (its largest probability over what is red now, the title of that incident)."""
    found: dict[str, tuple[float, str]] = {}
    for incident in answer_triage(connection, replace(query, since=None, until=None)).incidents:
        for hypothesis in incident.hypotheses:
            change = hypothesis.change
            if change is not None and hypothesis.probability > found.get(change.change_id, (0.0, ""))[0]:
                found[change.change_id] = (hypothesis.probability, incident.title)
    return found


def _last_green(basis: Basis) -> RunRef | None:
    """The newest complete baseline run of a pipeline that runs on a schedule, in which something passed, nothing red.

    Such is a run that a schedule started, or one of a pipeline whose name says `nightly`.
    """
    found = runs.list_newest_nightly(
        basis.connection, [row.stream_id for row in basis.baseline], basis.window.until_ms, basis.window.now_ms
    )
    return next((run for run_row, run in found if runs.is_green(basis.connection, run_row)), None)


def _without_runs(connection: Connection, query: Query) -> ChangesAnswer:
    """The feed of a store that no report has reached yet: there now is the newest change."""
    everything = changes.list_changes(connection, -FAR_FUTURE_MS, FAR_FUTURE_MS)
    told = changes.list_seen_incidents(connection, -FAR_FUTURE_MS, FAR_FUTURE_MS)
    if not everything and not told:
        return ChangesAnswer(None, ())
    window = window_before(max([one.at_ms for one in everything[-1:]] + [one.at_ms for one in told[-1:]]), query)
    owners = load_graph(connection).owners
    rows = [
        ChangeRow(change, owners.get(change.service), 0, 0)
        for change in reversed(everything)
        if window.since_ms <= change.at_ms <= window.until_ms and _passes(change, owners.get(change.service), query)
    ]
    return ChangesAnswer(window, tuple(rows), notes=_notes(connection, query, window, owners))


def _notes(
    connection: Connection, query: Query, window: Window, owners: Mapping[str, str | None]
) -> tuple[SeenIncident, ...]:
    """What monitors told in a window under the filters of `query`, newest first."""
    told = changes.list_seen_incidents(connection, window.since_ms, window.until_ms)
    return tuple(note for note in reversed(told) if _passes(note, owners.get(note.service), query))


def _passes(change: Change | SeenIncident, owner: str | None, query: Query) -> bool:
    if query.environment is not None and change.environment.casefold() not in ("", query.environment.casefold()):
        return False
    if query.service is not None and change.service.casefold() != query.service.casefold():
        return False
    return query.owner is None or owns(query.owner, (owner,) if owner else ())


class _Starts:
    """Where red streaks start in the baseline streams, and which of them follow a change."""

    def __init__(self, basis: Basis) -> None:
        first, last = basis.window.since_ms // DAY_MS, basis.window.until_ms // DAY_MS
        red: dict[int, list[int]] = {}
        for sums in day_sums.list_red_sums(basis.connection, first, last):
            if sums.failed:
                red.setdefault(sums.stream_id, []).append(sums.test_row)
        window = basis.window
        self._loaded = [
            load_cases(basis, stream, window.since_ms - BEFORE_MS, window.until_ms, red[stream.stream_id])
            for stream in basis.baseline
            if stream.stream_id in red
        ]
        self._onsets = [_onsets(loaded) for loaded in self._loaded]
        self._starts = [[run.started_ms for run in loaded.history.runs] for loaded in self._loaded]

    def after(self, change: Change) -> tuple[int, int]:
        """(cases whose streak started in the first run after a change, those of them that exercise its service)."""
        found: set[str] = set()
        exercising: set[str] = set()
        for loaded, onsets, starts in zip(self._loaded, self._onsets, self._starts, strict=True):
            if change.environment and change.environment != loaded.history.scope.environment:
                continue
            n = bisect.bisect_right(starts, change.at_ms)
            if n >= len(starts) or starts[n] - change.at_ms > FOLLOWS_MS:
                continue
            for column in onsets.get(n, ()):
                test = loaded.history.tests[column]
                found.add(test.case.test_id)
                if any(e.service == change.service for e in test.exercised):
                    exercising.add(test.case.test_id)
        return len(found), len(exercising)


def _onsets(loaded: Loaded) -> dict[int, list[int]]:
    """Columns whose result turns red, by run; where no earlier result is known, none turned."""
    onsets: dict[int, list[int]] = {}
    cells = loaded.history.results
    for column in range(cells.shape[1]):
        was_red = True
        for n, cell in enumerate(cells[:, column].tolist()):
            if cell in (ABSENT, Result.SKIPPED):
                continue
            is_red = cell in (Result.FAILED, Result.ERRORED)
            if is_red and not was_red:
                onsets.setdefault(n, []).append(column)
            was_red = is_red
    return onsets
