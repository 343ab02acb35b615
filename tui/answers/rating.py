"""Flakiness of chosen cases of one stream: the one computation behind the list, the Tests screen and the detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.flakiness import rate_stream_flakes
from analysis.records import BoolMatrix, FlakeStats
from analysis.same_code import UNKNOWN, CodeRelation, relate_code, rerun_passes
from store.read.rows import StreamRow
from tui.answers.basis import Basis
from tui.answers.histories import Loaded, load_history, load_reruns
from tui.answers.masking import mask_of
from tui.answers.priors import flake_prior

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

    def is_covered(self, column: int) -> bool:
        """Whether the code of at least one run is known for a case, so that same-code evidence is possible."""
        keys = self.relation.keys[:, self.relation.group[column]]
        return bool((keys != UNKNOWN).any())


def rate_stream(basis: Basis, stream: StreamRow, test_rows: Sequence[int]) -> Rated:
    """Rate some cases of a stream over the window of the question."""
    window = basis.window
    loaded = load_history(basis, stream, window.since_ms, window.until_ms, test_rows)
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
    return Rated(loaded, stats, masked, found.flaky, relation)
