"""Flakiness of chosen cases of one stream: the one computation behind the list, the Tests screen and the detail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.flakiness import rate_flakes
from analysis.intervals import FLAKE_PRIOR
from analysis.outages import find_outages
from analysis.records import BoolMatrix, FlakeStats
from analysis.same_code import UNKNOWN, CodeRelation, relate_code
from ingest.model import RunState
from store.read import runs
from store.read.rows import StreamRow
from tui.answers.basis import Basis
from tui.answers.histories import Loaded, load_history

LEAST_RUNS = 5
"""Executed, unmasked runs below which a rate is not given."""
LEAST_EXECUTED = 20
MOSTLY_RED = 0.8


@dataclass(frozen=True, slots=True)
class Rated:
    """A stream's history of some cases with their flakiness, in the order of the columns."""

    loaded: Loaded
    stats: tuple[FlakeStats, ...]
    masked: BoolMatrix
    """[n, m]"""
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
    masked = find_outages([loaded.history]).closed[0] | _mostly_red(basis, loaded)[:, None]
    stats = rate_flakes(loaded.history, relation, masked=masked, durations_ms=loaded.durations_ms, prior=FLAKE_PRIOR)
    return Rated(loaded, stats, masked, relation)


def _mostly_red(basis: Basis, loaded: Loaded) -> BoolMatrix:
    """[n]: complete runs of at least 20 executed cases, of all the stream's, of which more than 80 % are red."""
    window = basis.window
    found = runs.list_stream_runs(
        basis.connection, loaded.stream.stream_id, window.since_ms, window.until_ms, window.now_ms
    )
    return np.array(
        [
            one.run.state is RunState.COMPLETE
            and one.executed >= LEAST_EXECUTED
            and one.red > MOSTLY_RED * one.executed
            for one in found
        ],
        dtype=np.bool_,
    )
