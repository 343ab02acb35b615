"""A believable run in detail."""

from __future__ import annotations

from dataclasses import replace

from ingest.model import Counts, RunRef, RunState
from store.read.run_parts import PartFact
from tests.tui.screens.fake_histories import attempts
from tests.tui.screens.fakes import BAD_MS, CASES, CATALOG, MIN, PAYMENTS, STAGING, F, K, run
from tui.answers.run_detail import RunDetail, RunFailure
from tui.answers.runs import RunRow


def run_detail(one: RunRef, state: RunState = RunState.INCOMPLETE) -> RunDetail:
    """A run of which a shard is missing: one test is red anew, one was red before, one passed on a retry."""
    counts = Counts(tests=136, attempts=140, passed=130, failed=2, flaky=1, skipped=3)
    row = RunRow(replace(one, state=state), counts, 1, shards_expected=2)
    part = PartFact("nightly.zip!a/TEST-1.xml", "junit", STAGING, "shard 1", "", (1, 2), counts, ("a time is missing",))
    failing = attempts(3)
    said = ((F, False), (F, True), (K, None))
    failures = tuple(
        RunFailure(CASES[n], STAGING, result, was, failing[n], n + 1) for n, (result, was) in enumerate(said)
    )
    return RunDetail(row, run(6239, BAD_MS - 15 * MIN), (PAYMENTS, CATALOG), (part,), failures, False)
