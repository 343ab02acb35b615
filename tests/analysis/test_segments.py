"""Segments: the vectors of LUCI's authors, worked examples, properties."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.errors import AnalysisError
from analysis.segments import Counts, current_segments, find_segments, find_splits
from tests.analysis.builders import column, history
from tests.analysis.lab_evidence import SHARED

VECTORS = SHARED / "reference" / "changepoint_vectors.json"


def _vectors() -> list[Any]:
    if not VECTORS.exists():
        return [pytest.param({}, marks=pytest.mark.skip(reason="no shared/reference beside the checkout"))]
    cases = json.loads(VECTORS.read_text(encoding="utf-8"))["cases"]
    return [pytest.param(case, id=f"{i}-{case['name']}") for i, case in enumerate(cases)]


@pytest.mark.parametrize("case", _vectors())
def test_vectors_of_luci(case: dict[str, Any]) -> None:
    """Change points are where the authors of the method say (luci-go, Apache-2.0, The LUCI Authors)."""
    positions = np.array(case["positions"])
    distinct = np.unique(positions)

    def sums(key: str) -> Any:
        values = np.array(case.get(key, [0] * len(positions)))
        return np.array([values[positions == p].sum() for p in distinct])

    counts = Counts(*(sums(key) for key in ("total", "hasUnexpected", "retries", "unexpectedAfterRetry")))
    found = find_splits(counts, likelihood=0.01)
    assert [int(counts.runs[: split.at].sum()) for split in found] == case["change_points_run_index"]


def test_a_break_is_found_with_its_interval() -> None:
    """Thirty passes, then eight failures: one change point, at the first failure, and the rates of both stretches."""
    found = find_segments(history({"t": "." * 30 + "F" * 8}), 0)
    assert [s.runs for s in found.segments] == [30, 8]
    (point,) = found.change_points
    assert point.at.run_id == "30"
    assert 28 <= int(point.low.run_id) <= 30 <= int(point.high.run_id) <= 31
    before, after = (s.failure_rate for s in found.segments)
    assert (before.k, before.n, after.k, after.n) == (0, 30, 8, 8)
    assert before.high < 0.1
    assert after.low > 0.7


def test_partial_break_has_an_uncertain_place() -> None:
    """Half of the runs fail: the 99 % interval is wider than one run."""
    found = find_segments(history({"t": "." * 60 + ".F.FF.F.F.FF.F.F.FFF"}), 0)
    (point,) = found.change_points
    assert int(point.low.run_id) < int(point.high.run_id)
    assert int(point.low.run_id) <= int(point.at.run_id) <= int(point.high.run_id)


def test_one_failure_is_no_change_point() -> None:
    """A flake is not a new rate."""
    assert len(find_segments(history({"t": "." * 20 + "F" + "." * 20}), 0).segments) == 1


def test_retries_show_a_change_that_first_attempts_hide() -> None:
    """Always failing first; since the tenth run the retry fails, too."""
    found = find_segments(history({"t": "~" * 12 + "R" * 12}), 0)
    assert [s.runs for s in found.segments] == [12, 12]
    assert [s.failure_rate.k for s in found.segments] == [0, 12]


def test_what_did_not_run_or_is_masked_is_left_out() -> None:
    """Skipped, absent and masked runs are in no segment's count."""
    stream = history({"t": "..S. .FF..."})
    masked = np.zeros(11, dtype=np.bool_)
    masked[6:8] = True
    (segment,) = find_segments(stream, 0, masked=masked).segments
    assert (segment.runs, segment.failure_rate.k) == (7, 0)


def test_no_run_no_segment() -> None:
    """Both are empty."""
    found = find_segments(history([(column("t"), "   "), (column("u"), "...")]), 0)
    assert (found.segments, found.change_points) == ((), ())


def test_deploys_pull_the_interval_to_their_gap() -> None:
    """The change may be at 40 or a little before or after; a deploy in one gap makes that one likelier."""
    line = "." * 40 + ".F..FF.F.FF.F.FF.FF"
    weight = np.ones(len(line))
    weight[41] = 1000.0
    plain = find_segments(history({"t": line}), 0).change_points[0]
    pulled = find_segments(history({"t": line}), 0, weight=weight).change_points[0]
    width = [int(p.high.run_id) - int(p.low.run_id) for p in (plain, pulled)]
    assert width[1] < width[0]
    assert int(pulled.low.run_id) <= 41 <= int(pulled.high.run_id)


def test_positions_must_agree_in_length() -> None:
    """Arrays of two histories are refused."""
    one, two = np.ones(1, dtype=np.int64), np.ones(2, dtype=np.int64)
    with pytest.raises(AnalysisError):
        find_splits(Counts(one, two, two, two))


@given(st.text(alphabet=".F~RS ", min_size=1, max_size=80))
def test_segments_cover_all_executed_runs_in_order(line: str) -> None:
    """Every executed run is in exactly one segment; change points are where segments begin."""
    found = find_segments(history({"t": line}), 0)
    ran = [i for i, c in enumerate(line) if c not in "S "]
    assert sum(s.runs for s in found.segments) == len(ran)
    assert [p.at for p in found.change_points] == [s.start for s in found.segments[1:]]
    if ran:
        assert (found.segments[0].start.run_id, found.segments[-1].end.run_id) == (str(ran[0]), str(ran[-1]))
    for point in found.change_points:
        assert point.low <= point.at <= point.high


@given(st.lists(st.text(alphabet=".F~R S", min_size=60, max_size=60), min_size=1, max_size=4))
def test_the_current_segment_is_the_last_of_all(found: list[str]) -> None:
    """Whether or not a history was worth looking at run by run."""
    stream = history([(column(str(i)), line) for i, line in enumerate(found)])
    last = current_segments(stream, range(len(found)))
    for test, one in enumerate(last):
        segments = find_segments(stream, test).segments
        assert one == (segments[-1] if segments else None)


def test_the_current_segment_of_what_broke_and_of_what_never_ran() -> None:
    """The rate is that since the change point; a mask leaves runs out."""
    stream = history({"broke": "." * 30 + "F" * 8, "never": " " * 38})
    now, never = current_segments(stream, [0, 1])
    assert never is None
    assert now is not None
    assert (now.start, now.failure_rate.k, now.failure_rate.n) == (stream.runs[30], 8, 8)
    masked = np.arange(38) >= 30
    (before,) = current_segments(stream, [0], masked)
    assert before is not None
    assert (before.failure_rate.k, before.failure_rate.n) == (0, 30)
