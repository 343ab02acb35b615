"""Flakiness of chosen cases of one stream: the one computation behind the list, the Tests screen and the detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.day_sums import DayCounts, add_days
from analysis.flakiness import rate_stream_flakes
from analysis.records import ABSENT, BoolMatrix, FlakeStats
from analysis.same_code import UNKNOWN, CodeRelation, relate_code, rerun_passes
from ingest.model import Result
from store.read import tests
from store.read.rows import StreamRow
from tui.answers.basis import Basis
from tui.answers.histories import Loaded, load_reruns
from tui.answers.masking import mask_of
from tui.answers.priors import flake_prior
from tui.answers.whole_streams import load_cases

LEAST_RUNS = 5
"""Executed, unmasked runs below which a rate is not given."""


@dataclass(frozen=True, slots=True)
class Rated:
    """A stream's history of some cases with their flakiness, in the order of the columns."""

    loaded: Loaded
    stats: tuple[FlakeStats, ...]
    masked: BoolMatrix
    """[n, m]"""
    flaky: BoolMatrix
    """[n, m] results that were shown to be flakes."""
    relation: CodeRelation
    days: dict[int, tuple[DayCounts, ...]]
    """Days known by their sums only, by test row; they are in `stats`, and in nothing else."""

    def is_covered(self, column: int) -> bool:
        """Whether the code of at least one run is known for a case, so that same-code evidence is possible."""
        keys = self.relation.keys[:, self.relation.group[column]]
        return bool((keys != UNKNOWN).any())


def rate_stream(basis: Basis, stream: StreamRow, test_rows: Sequence[int]) -> Rated:
    """Rate some cases of a stream over the window of the question; of a few, all durations are known."""
    since_ms, until_ms = basis.window.rows_since_ms, basis.window.until_ms
    loaded = load_cases(basis, stream, since_ms, until_ms, test_rows)
    relation = relate_code(loaded.history, basis.feed)
    masked = mask_of(basis, loaded)
    found = rate_stream_flakes(
        loaded.history,
        relation,
        masked=masked,
        rerun_passes=rerun_passes(loaded.history, load_reruns(basis, loaded), basis.feed),
        durations_ms=loaded.durations_ms,
        failed_ms=loaded.failed_ms,
        prior=flake_prior(basis).beta,
    )
    stats = found.stats
    days = _days_of(basis, stream, loaded.test_rows)
    if days:
        stats = _with_days(basis, loaded, masked, stats, days)
    return Rated(loaded, stats, masked, found.flaky, relation, days)


def _days_of(basis: Basis, stream: StreamRow, test_rows: Sequence[int]) -> dict[int, tuple[DayCounts, ...]]:
    summed = basis.window.summed_days
    if summed is None:
        return {}
    found: dict[int, list[DayCounts]] = {}
    for row, day, executed, failed, flaky, retried, flips, first, last in tests.list_days(
        basis.connection, stream.stream_id, *summed, test_rows
    ):
        counts = DayCounts(day, executed, failed, flaky, retried, flips, bool(first), bool(last))
        found.setdefault(row, []).append(counts)
    return {row: tuple(days) for row, days in found.items()}


def _with_days(
    basis: Basis,
    loaded: Loaded,
    masked: BoolMatrix,
    stats: Sequence[FlakeStats],
    days: dict[int, tuple[DayCounts, ...]],
) -> tuple[FlakeStats, ...]:
    """The stats of the rows and of the days before them."""
    assert basis.window.summed_days is not None
    retries = tests.has_retries(basis.connection, loaded.stream.stream_id, *basis.window.summed_days)
    results = loaded.history.results
    ran = (results != ABSENT) & (results != Result.SKIPPED) & ~masked
    red = (results == Result.FAILED) | (results == Result.ERRORED)
    joined = []
    for column, (row, one) in enumerate(zip(loaded.test_rows, stats, strict=True)):
        places = np.flatnonzero(ran[:, column])
        next_red = bool(red[places[0], column]) if len(places) else None
        joined.append(
            add_days(one, days.get(row, ()), next_red=next_red, sees_retries=retries, prior=flake_prior(basis).beta)
        )
    return tuple(joined)
