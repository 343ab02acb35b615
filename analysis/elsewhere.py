"""What other streams of the same environment saw at the same time, as columns of the history that is asked about.

An outage of an environment or a service is felt by every pipeline that runs there: what passes elsewhere at the same
time speaks against it, what fails there speaks for it. The same holds for a broken service. A run of another stream
counts as part of the last own run that began before it; where a change of a service that the test case exercises came
in between, as part of the next one; where one came there too, not at all. So no change is credited with what was before
it, nor blamed for it.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from analysis.likelihood import Observations, observe
from analysis.outages import closed_cells
from analysis.records import ChangeFeed, StreamHistory, TestColumn
from ingest.model import Tier

MOST_COLUMNS = 300
Ints = npt.NDArray[np.int64]


def with_elsewhere(
    seen: Observations, history: StreamHistory, others: Sequence[StreamHistory], feed: ChangeFeed, first_bad: int
) -> tuple[tuple[TestColumn, ...], Observations]:
    """Test cases and observations of a history with those of other streams after them.

    Args:
        first_bad: row from which on something is to be explained; only what ran elsewhere since then counts.
    """
    tests, every = list(history.tests), [seen]
    room = MOST_COLUMNS
    for other in others:
        columns, more = _observed(history, other, feed, first_bad, room)
        tests += columns
        every.append(more)
        room -= len(columns)
    return tuple(tests), Observations(
        *(np.concatenate([getattr(one, name) for one in every], axis=1) for name in Observations.__dataclass_fields__)
    )


def _observed(
    history: StreamHistory, other: StreamHistory, feed: ChangeFeed, first_bad: int, room: int
) -> tuple[list[TestColumn], Observations]:
    """Columns of one other stream, at most so many, and their prefix sums over the rows of the history."""
    onset_ms = history.runs[first_bad].started_ms
    since = np.array([run.started_ms >= onset_ms for run in other.runs], dtype=np.bool_)
    masked = closed_cells(other) & ~since[:, None]
    sums = observe(other, masked)
    chosen = np.flatnonzero((np.diff(sums.ran, axis=0)[since] > 0).any(axis=0))[:room]
    columns = [other.tests[int(t)] for t in chosen]
    rows = _rows(history, other, columns, feed)
    parts = (_moved(np.diff(getattr(sums, name)[:, chosen], axis=0), rows, len(history.runs)) for name in _NAMES)
    return columns, Observations(*parts)


_NAMES = tuple(Observations.__dataclass_fields__)


def _rows(history: StreamHistory, other: StreamHistory, columns: Sequence[TestColumn], feed: ChangeFeed) -> Ints:
    """[runs elsewhere, columns] row of the history that each result belongs to; -1: none."""
    starts = [run.started_ms for run in history.runs]
    out = np.full((len(other.runs), len(columns)), -1, dtype=np.int64)
    changes = [c for c in feed.changes if c.environment in ("", history.scope.environment)]
    times = [c.at_ms for c in changes]
    uses = [frozenset(_services(column)) for column in columns]
    for r, run in enumerate(other.runs):
        row = bisect_right(starts, run.started_ms) - 1
        before, here = bisect_right(times, starts[max(row, 0)]), bisect_right(times, run.started_ms)
        following = bisect_right(times, starts[row + 1]) if row + 1 < len(starts) else -1
        earlier = frozenset(c.service for c in changes[before:here])
        later = frozenset(c.service for c in changes[here:following]) if following >= 0 else None
        for t, services in enumerate(uses):
            if row >= 0 and not _meets(services, earlier):
                out[r, t] = row
            elif later is not None and not _meets(services, later):
                out[r, t] = row + 1
    return out


def _services(column: TestColumn) -> list[str]:
    """Services that a test case lists, or all that it reaches where it lists its entry alone."""
    listed = [e.service for e in column.exercised if e.tier is Tier.DECLARED]
    return listed if len(listed) > 1 else [e.service for e in column.exercised]


def _meets(services: frozenset[str], changed: frozenset[str]) -> bool:
    """Whether a change of some services, or of everything, may be felt by who exercises others."""
    return "" in changed or not services.isdisjoint(changed)


def _moved(cells: Ints, rows: Ints, total: int) -> Ints:
    """Prefix sums over `total` rows of cells that stand in other rows."""
    out = np.zeros((total + 1, cells.shape[1]), dtype=np.int64)
    r, t = np.nonzero(rows >= 0)
    np.add.at(out, (rows[r, t] + 1, t), cells[r, t])
    return np.asarray(np.cumsum(out, axis=0))
