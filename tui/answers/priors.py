"""What the store's own tests teach about how often a test that flakes does so, before one of them is looked at.

Fitted on every test case and stream with a run that passed on a retry, over the whole UTC days of the window, from the
day sums: no scan of what never failed, and the same whoever asks.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.intervals import FLAKE_PRIOR, BetaPrior, fit_prior
from store.read import day_sums
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
    sums = [row for row in day_sums.list_red_sums(basis.connection, first, last) if row.flaky] if first <= last else []
    flaky, executed = (np.array([getattr(row, name) for row in sums], dtype=np.int64) for name in ("flaky", "executed"))
    beta = fit_prior(flaky, executed, of_hit=True)
    return FlakePrior(beta, 0 if beta == FLAKE_PRIOR else len(sums))
