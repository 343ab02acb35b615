"""Flakes by their definitions: retry-pass and same code, apart and together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import AnalysisError
from analysis.flakiness import flip_rate, rate_stream_flakes
from analysis.records import ChangeFeed, Count, FlakeStats, RerunResult
from analysis.same_code import relate_code, rerun_passes
from ingest.model import ChangeKind, Outcome, Result
from tests.analysis.builders import MINUTE, START, column, deploy, feed, history, run

PASSED, FAILED, ERRORED = Outcome.PASSED, Outcome.FAILED, Outcome.ERRORED


def rate(
    line: str, *services: str, changes: ChangeFeed | None = None, revisions: list[str | None] | None = None
) -> FlakeStats:
    """Stats of one test case that exercises these services."""
    stream = history([(column("t", *services), line)], revisions=revisions)
    return rate_stream_flakes(stream, relate_code(stream, changes or ChangeFeed())).stats[0]


def test_flip_rate_of_alternating_outcomes_is_one() -> None:
    """P F P flips at every step."""
    assert flip_rate([PASSED, FAILED, PASSED]) == 1.0


def test_flip_rate_counts_failed_and_errored_as_one() -> None:
    """One flip in three steps."""
    assert flip_rate([PASSED, FAILED, ERRORED, FAILED]) == pytest.approx(1 / 3)


def test_flip_rate_needs_two_runs() -> None:
    """Below, it is undefined."""
    assert flip_rate([PASSED]) is None


def test_flip_rate_refuses_skipped_runs() -> None:
    """They have no outcome."""
    with pytest.raises(AnalysisError):
        flip_rate([PASSED, Outcome.SKIPPED])


def test_retry_pass_is_a_flake() -> None:
    """Failed, then passed within one run."""
    found = rate("..~.R.")
    assert found.retry_pass == Count(1, 6)
    assert (found.runs, found.failed_runs) == (6, 1)


def test_suite_without_retries_says_so() -> None:
    """None, not 0 of n."""
    assert rate("..F.").retry_pass is None


def test_retries_of_the_suite_count_for_every_case_in_it() -> None:
    """The suite retries, so a case that never needed it has 0 of n."""
    stream = history({"a": "..~.", "b": "...."})
    assert rate_stream_flakes(stream).stats[1].retry_pass == Count(0, 4)


@pytest.mark.parametrize(
    ("line", "flakes"),
    [("..F.", 1), (".FF.", 2), ("...F", 1), ("F...", 1), ("FFFF", 0), ("....", 0), ("F.F.", 2), ("SSF.", 1)],
)
def test_case_without_services_any_mix_is_a_flake(line: str, flakes: int) -> None:
    """At one test revision, a pass anywhere shows every failure to be one."""
    found = rate(line)
    assert (found.same_code.k, found.flaky_runs) == (flakes, flakes)


def test_mix_over_two_revisions_is_no_flake() -> None:
    """The test's own code changed between."""
    assert rate("..FF", revisions=["r1", "r1", "r2", "r2"]).same_code.k == 0


def test_unknown_revision_is_no_evidence() -> None:
    """Nothing is known, so nothing is counted over either."""
    assert rate("..F.", revisions=[None] * 4).same_code == Count(0, 0)


@pytest.mark.parametrize(
    ("line", "flakes"), [(".F.", 1), (".FF.", 2), ("..FF", 0), ("FF..", 0), ("F.F.", 1), (".~F.", 2)]
)
def test_case_with_services_needs_a_pass_on_both_sides(line: str, flakes: int) -> None:
    """One onset or one recovery is what a breakage looks like."""
    assert rate(line, "web", changes=feed(covered=["web"])).flaky_runs == flakes


def test_deploy_between_ends_the_evidence() -> None:
    """Pass, fail, pass, but the pass after is of another version."""
    assert rate(".FF.", "web", changes=feed(deploy("web", 2.5, "v2"))).same_code.k == 0


def test_rollback_to_the_same_version_is_the_same_code() -> None:
    """v1, v2, back to v1: the failure under v1 is between passes of v1."""
    changes = feed(
        deploy("web", -1, "v1"), deploy("web", 1.5, "v2"), deploy("web", 2.5, "v1", kind=ChangeKind.ROLLBACK)
    )
    assert rate("...F.", "web", changes=changes).same_code.k == 1


def test_deploy_during_a_run_makes_it_unlike_any_other() -> None:
    """The run from 1:00 to 1:10 was overlapped."""
    found = rate(".F.", "web", changes=feed(deploy("web", 1 + 5 / 60, "v1"), deploy("web", -1, "v1")))
    assert found.same_code == Count(0, 2)


def test_configuration_is_a_new_version() -> None:
    """It alters behaviour as a deploy does."""
    change = deploy("web", 1.5, kind=ChangeKind.CONFIGURATION)
    assert rate(".F.", "web", changes=feed(change, deploy("web", -1, "v1"))).same_code.k == 0


def test_service_without_a_feed_is_unknown() -> None:
    """One covered and one uncovered service: nothing is evidence."""
    assert rate(".F.", "web", "pay", changes=feed(covered=["web"])).same_code == Count(0, 0)


def test_masked_runs_count_for_nothing() -> None:
    """They are told apart from runs, and make neither flakes nor flips."""
    stream = history({"t": "..F..~"})
    masked = np.array([False, False, True, False, False, False])
    found = rate_stream_flakes(stream, relate_code(stream, ChangeFeed()), masked=masked).stats[0]
    assert (found.runs, found.masked_runs, found.failed_runs, found.flaky_runs) == (6, 1, 1, 1)
    assert found.flips == Count(0, 4)


def test_both_kinds_together_count_a_run_once() -> None:
    """A retry-pass and a red run: two runs with a flake."""
    found = rate(".~.F.")
    assert (found.retry_pass, found.same_code.k, found.flaky_runs) == (Count(1, 5), 1, 2)
    assert (found.flake_rate.k, found.flake_rate.n) == (2, 5)


def test_skipped_and_absent_runs_are_no_denominator() -> None:
    """Only runs that executed the case count."""
    assert rate(".S .").runs == 2


def test_flip_rate_skips_what_did_not_run() -> None:
    """Pass, (skipped), fail, (absent), pass: two flips of two."""
    assert rate(".SF .").flips == Count(2, 2)


def test_lost_time_is_of_failing_attempts() -> None:
    """Half of a retry-pass of 8 s; the whole of a flake of 3 s; nothing of passes."""
    stream = history({"t": ".~F."})
    durations = np.array([[2000], [8000], [3000], [-1]])
    found = rate_stream_flakes(stream, relate_code(stream, ChangeFeed()), durations_ms=durations)
    assert found.stats[0].lost_seconds == pytest.approx(7.0)


def test_lost_time_is_of_the_attempts_own_durations() -> None:
    """The attempt that failed took 7.5 of 8 s; where that is not known, half of it."""
    stream = history({"t": ".~~."})
    total, failed = np.array([[2000], [8000], [8000], [-1]]), np.array([[-1], [7500], [-1], [-1]])
    found = rate_stream_flakes(stream, relate_code(stream, ChangeFeed()), durations_ms=total, failed_ms=failed)
    assert found.stats[0].lost_seconds == pytest.approx(7.5 + 4.0)


def test_results_that_were_flakes_are_told() -> None:
    """A retry-pass and a red run between passes of one revision; an onset is none where services are exercised."""
    stream = history([(column("a"), ".~F."), (column("b", "web"), "..FF")])
    found = rate_stream_flakes(stream, relate_code(stream, feed(covered=["web"])))
    assert found.flaky.T.tolist() == [[False, True, True, False], [False] * 4]


def test_shapes_are_checked() -> None:
    """A mask of another history is refused."""
    with pytest.raises(AnalysisError):
        rate_stream_flakes(history({"t": "..."}), masked=np.zeros(2, dtype=np.bool_))


def _rerun(result: Result, minutes: int = 20) -> RerunResult:
    first = run(1)
    start = START + 60 * MINUTE + minutes * MINUTE
    again = type(first)(start, first.pipeline, first.run_id, 2, start + MINUTE, revision="r1")
    return RerunResult(column("t").case.test_id, again, result)


@pytest.mark.parametrize(("result", "counted"), [(Result.PASSED, True), (Result.FLAKY, True), (Result.FAILED, False)])
def test_second_attempt_of_the_same_code_is_retry_evidence(result: Result, counted: bool) -> None:
    """Its pass shows the first attempt's failure to be a flake."""
    stream = history([(column("t", "web"), ".F.")])
    found = rerun_passes(stream, [_rerun(result)], feed(covered=["web"]))
    assert found.tolist() == [[False], [counted], [False]]
    if counted:
        assert rate_stream_flakes(stream, rerun_passes=found).stats[0].retry_pass == Count(1, 3)


def test_second_attempt_after_a_deploy_is_none() -> None:
    """A service changed between the attempts."""
    stream = history([(column("t", "web"), ".F.")])
    changes = feed(deploy("web", 1 + 15 / 60, "v2"))
    assert not rerun_passes(stream, [_rerun(Result.PASSED)], changes).any()


def test_second_attempt_without_a_feed_is_none() -> None:
    """Unknown is never evidence."""
    stream = history([(column("t", "web"), ".F.")])
    assert not rerun_passes(stream, [_rerun(Result.PASSED)], ChangeFeed()).any()


lines = st.text(alphabet=".FES~R ", min_size=1, max_size=25)


@given(st.lists(lines, min_size=1, max_size=4), st.booleans())
def test_rates_are_consistent(found: list[str], has_service: bool) -> None:
    """k <= n everywhere; together is at most the sum of both kinds and at least the larger one."""
    services = ("web",) if has_service else ()
    stream = history([(column(str(i), *services), line) for i, line in enumerate(found)])
    for stats in rate_stream_flakes(stream, relate_code(stream, feed(deploy("web", 3.5, "v2")))).stats:
        retries = stats.retry_pass.k if stats.retry_pass else 0
        assert max(retries, stats.same_code.k) <= stats.flaky_runs <= retries + stats.same_code.k
        assert stats.flaky_runs <= stats.flake_rate.n == stats.runs - stats.masked_runs
        assert stats.same_code.k <= stats.same_code.n <= stats.runs
        assert stats.flips.k <= stats.flips.n
        assert stats.flip_rate is None or 0 <= stats.flip_rate <= 1


@given(lines)
def test_flips_equal_the_definition(line: str) -> None:
    """The count over a matrix is `flip_rate` of the outcomes."""
    outcomes = [PASSED if c in ".~" else FAILED for c in line if c not in "S "]
    found = rate_stream_flakes(history({"t": line})).stats[0].flip_rate
    assert found == pytest.approx(flip_rate(outcomes))
