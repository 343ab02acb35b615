"""What the store's own tests teach about how often a test flakes, before one of them is looked at.

Fitted on every stream that retries, over the whole UTC days of the window, from the day sums: runs that passed on a
retry, of the runs of each case that failed at all; of all others together, how many the largest run of the stream has
and how many results they had between them. So it takes no scan of what never failed, and is the same whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.intervals import FLAKE_PRIOR, BetaPrior, fit_prior
from store.read import runs, tests
from store.read.rows import DaySums
from tui.answers.basis import Basis
from tui.answers.query import DAY_MS


@dataclass(frozen=True, slots=True)
class FlakePrior:
    """The prior of all flake rates of an answer."""

    beta: BetaPrior
    tests: int
    """Cases, one a stream, that it was fitted on; 0: too little to learn from, it is the published one."""


def flake_prior(basis: Basis) -> FlakePrior:
    """The prior that fits the window's own data; loaded once an answer."""
    if basis.prior is None:
        basis.prior = _fitted(basis)
    return basis.prior


def _fitted(basis: Basis) -> FlakePrior:
    first, last = -(-basis.window.since_ms // DAY_MS), basis.window.until_ms // DAY_MS - 1
    if last < first:
        return FlakePrior(FLAKE_PRIOR, 0)
    by_stream: dict[int, list[DaySums]] = {}
    for sums in tests.list_red_sums(basis.connection, first, last):
        by_stream.setdefault(sums.stream_id, []).append(sums)
    sizes = runs.list_stream_sizes(basis.connection, first * DAY_MS, (last + 1) * DAY_MS)
    hits, counts = [], []
    for stream_id, rows in sorted(by_stream.items()):
        if not any(sums.retried for sums in rows):
            continue
        largest, results = sizes.get(stream_id, (0, 0))
        clean = max(largest - len(rows), 0)
        spread = max(results - sum(sums.executed for sums in rows), 0) // max(clean, 1)
        hits += [sums.flaky for sums in rows] + [0] * clean
        counts += [sums.executed for sums in rows] + [spread] * clean
    beta = fit_prior(np.array(hits, dtype=np.int64), np.array(counts, dtype=np.int64))
    return FlakePrior(beta, 0 if beta == FLAKE_PRIOR else sum(count > 0 for count in counts))
