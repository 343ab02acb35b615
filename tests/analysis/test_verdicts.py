"""Verdict, age and onset of a red test case."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.records import Hypothesis
from analysis.verdict import is_red_now, judge, onset, red_now, weigh_kinds
from ingest.model import RunState, Verdict
from tests.analysis.builders import START, deploy, history

CHANGE = Hypothesis("change", 0.7, (), deploy("web", 1), "service", "web")
FLAKE = Hypothesis("flake", 0.3, ())


def _ids(line: str, **options: object) -> tuple[str | None, str | None]:
    found = onset(history({"t": line}), 0, **options)  # type: ignore[arg-type]
    good, bad = found.last_good, found.first_bad
    return None if good is None else good.run_id, None if bad is None else bad.run_id


@pytest.mark.parametrize(
    ("line", "last_good", "first_bad"),
    [
        ("...FF", "2", "3"),
        ("..~FF", "2", "3"),
        (".F.FF", "2", "3"),
        ("FFF", None, "0"),
        ("..S FF", "1", "4"),
        ("...", "2", None),
        ("..F.", "3", None),
        ("..EF", "1", "2"),
        ("   ", None, None),
    ],
)
def test_onset(line: str, last_good: str | None, first_bad: str | None) -> None:
    """The unbroken red stretch that lasts until now; flaky is not red, skipped and absent are nothing."""
    assert _ids(line) == (last_good, first_bad)


def test_masked_runs_are_neither_good_nor_bad() -> None:
    """A failure in an outage does not begin the streak."""
    masked = np.array([False, False, True, False, False])
    assert _ids("..F.F", masked=masked) == ("3", "4")
    assert _ids("..F F", masked=masked) == ("1", "4")


def test_flaky_counts_when_asked_for() -> None:
    """For whoever asks about a failure that a retry saved."""
    assert _ids("...~~", counts_flaky=True) == ("2", "3")


def test_passing_when_the_last_complete_run_is_not_red() -> None:
    """Whatever was before, and whatever an incomplete run shows after."""
    stream = history({"t": "FFF.F"}, states=[RunState.COMPLETE] * 4 + [RunState.INCOMPLETE])
    assert judge(stream, 0, (CHANGE, FLAKE)).verdict is Verdict.PASSING
    assert not is_red_now(stream, 0)


def test_absence_is_never_green() -> None:
    """The last run did not execute it: the one before counts."""
    assert is_red_now(history({"t": "...FF ", "u": "......"}), 0)


@pytest.mark.parametrize(
    ("hypotheses", "verdict"),
    [
        ((CHANGE, FLAKE), Verdict.REGRESSION),
        ((Hypothesis("change", 0.8, (), deploy("", 1), "test"), FLAKE), Verdict.TEST),
        ((Hypothesis("flake", 0.9, ()), Hypothesis("change", 0.1, (), deploy("web", 1), "service")), Verdict.FLAKY),
        ((Hypothesis("environment", 1.0, ()),), Verdict.ENVIRONMENT),
        ((Hypothesis("unrecorded", 1.0, ()),), Verdict.UNRECORDED),
        (
            (
                Hypothesis("flake", 0.4, ()),
                *(Hypothesis("change", 0.2, (), deploy("web", i), "service") for i in range(3)),
            ),
            Verdict.REGRESSION,
        ),
    ],
)
def test_verdict_is_the_kind_with_most_probability(hypotheses: tuple[Hypothesis, ...], verdict: Verdict) -> None:
    """Several likely changes together speak for a regression."""
    assert judge(history({"t": ".....FF"}), 0, hypotheses).verdict is verdict


@pytest.mark.parametrize(
    ("line", "hypotheses", "reason"),
    [
        (".F", (CHANGE, FLAKE), "not enough data (2 runs)"),
        ("F", (CHANGE, FLAKE), "not enough data (1 run)"),
        ("FFFFFF", (CHANGE, FLAKE), "no passing run is known"),
        (".....F", (), "no cause was looked for"),
        (
            ".....F",
            tuple(Hypothesis(k, 0.25, ()) for k in ("flake", "environment", "unrecorded", "change")),
            "no cause stands out",
        ),
    ],
)
def test_undecided_says_why(line: str, hypotheses: tuple[Hypothesis, ...], reason: str) -> None:
    """Never a verdict without ground."""
    found = judge(history({"t": line}), 0, hypotheses)
    assert (found.verdict, found.reason) == (Verdict.UNDECIDED, reason)


def test_age_of_the_first_red_ever() -> None:
    """One red run in all of its history."""
    assert judge(history({"t": ".....F"}), 0).age == "first time"
    assert judge(history({"t": ".....F"}), 0, was_red_before=True).age.startswith("since")


def test_age_since_the_streak_began() -> None:
    """START is midnight; the streak began five hours in."""
    assert START == 1_767_225_600_000
    assert judge(history({"t": ".F...FF"}), 0).age == "since 2026-01-01T05:00:00Z"


def test_age_of_what_was_always_red_or_is_red_for_a_fortnight() -> None:
    """Red in all known runs, or for more than 14 days."""
    assert judge(history({"t": "FFFFFF"}), 0).age == "long-standing"
    assert judge(history({"t": "..." + "F" * (14 * 24 + 2)}), 0).age == "long-standing"
    assert judge(history({"t": "..." + "F" * (14 * 24 - 2)}), 0).age.startswith("since")


def test_age_does_not_depend_on_the_verdict() -> None:
    """It is a fact of the history."""
    stream = history({"t": ".....FF"})
    assert judge(stream, 0).age == judge(stream, 0, (CHANGE, FLAKE)).age


def test_no_hypothesis_is_undecided() -> None:
    """With probability 0."""
    assert weigh_kinds(()) == (Verdict.UNDECIDED, 0.0)


@given(st.lists(st.text(alphabet=".FE~S ", min_size=1, max_size=20), min_size=1, max_size=6))
def test_red_now_of_a_stream_equals_one_by_one(found: list[str]) -> None:
    """The whole matrix at once says the same."""
    stream = history({str(i): line for i, line in enumerate(found)})
    assert red_now(stream).tolist() == [t for t in range(len(found)) if is_red_now(stream, t)]


@given(st.text(alphabet=".FE~S ", min_size=1, max_size=40))
def test_onset_is_in_order(line: str) -> None:
    """Last good comes before first bad."""
    found = onset(history({"t": line}), 0)
    if found.last_good is not None and found.first_bad is not None:
        assert found.last_good.started_ms < found.first_bad.started_ms
