"""The alarm ledger: what a red stretch was, who says so, and how often a test case was worth looking at."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.flakiness import rate_stream_flakes
from analysis.intervals import wilson_interval
from analysis.ledger import ENVIRONMENT, REAL, UNDECIDED, WOLF, Alarm, LedgerCounts, Said, count_alarms, find_alarms
from analysis.records import ChangeFeed
from analysis.same_code import relate_code
from ingest.model import ChangeKind, Verdict
from tests.analysis.builders import HOUR, START, column, deploy, feed, history


def alarms(line: str, changes: ChangeFeed, *said: Said, masked: str = "") -> tuple[Alarm, ...]:
    """Alarms of a case that exercises `pay`; `x` in `masked` marks runs in an outage."""
    stream = history([(column("t", "pay"), line)])
    hidden = np.array([cell == "x" for cell in masked.ljust(len(line))], dtype=np.bool_)[:, None]
    flaky = rate_stream_flakes(stream, relate_code(stream, changes), masked=hidden).flaky
    return find_alarms(stream, 0, flaky, hidden, feed=changes, said=said)


def called(verdict: Verdict, hour: float, since: float | None = None) -> Said:
    """What somebody said at an hour, of what had begun by then, or of what was red since another hour."""
    at, begin = (START + round(h * HOUR) for h in (hour, hour if since is None else since))
    return Said(begin, at, verdict, "ada", at)


NOTHING = feed(covered=["pay"])
ROLLBACK = deploy("pay", 3.5, "v1", kind=ChangeKind.ROLLBACK)


def test_an_alarm_is_a_red_stretch() -> None:
    """Runs that did not execute the case do not end it; the last one is still red."""
    found = alarms(".FF F.E", feed())
    assert [(a.first.run_id, a.last.run_id, a.red_runs, a.recovered and a.recovered.run_id) for a in found] == [
        ("1", "4", 3, "5"),
        ("6", "6", 1, None),
    ]


@pytest.mark.parametrize(
    ("line", "changes", "masked", "label"),
    [
        (".F.", NOTHING, "", WOLF),
        ("..FF..", feed(deploy("pay", 1.5, "v2"), ROLLBACK), "", REAL),
        ("...F..", feed(deploy("pay", 2.5, "v2"), ROLLBACK), "", REAL),
        ("..FF..", feed(deploy("pay", 3.5, "v3")), "", REAL),
        ("...F..", feed(deploy("pay", 3.5, "v3")), "", UNDECIDED),
        ("..FF..", feed(deploy("web", 3.5, "v3")), "", UNDECIDED),
        ("..FF..", feed(), "", UNDECIDED),
        ("..FF", NOTHING, "", UNDECIDED),
        ("..FF..", NOTHING, "  xx", ENVIRONMENT),
    ],
)
def test_what_ended_it_says_what_it_was(line: str, changes: ChangeFeed, masked: str, label: str) -> None:
    """Same code: wolf. Rollback, or a change after two red runs: real. Outage: environment. Else nobody knows."""
    assert [alarm.label for alarm in alarms(line, changes, masked=masked)] == [label]


def test_people_have_the_last_word() -> None:
    """What was said later counts, also long after; what was said before it began does not."""
    said = (called(Verdict.TEST, 1), called(Verdict.FLAKY, 2), called(Verdict.REGRESSION, 5.5))
    (alarm,) = alarms("..FF..", NOTHING, *said)
    assert (alarm.label, alarm.said) == (REAL, said[2])
    (alarm,) = alarms("..FF..", NOTHING, said[0])
    assert alarm.said is None


def test_a_word_on_an_incident_is_about_every_alarm_in_its_time() -> None:
    """Red from 1 until 3 and from 5 on; an incident from 3.5 to 6 is the second, one from 0 to 6 both."""
    word = called(Verdict.ENVIRONMENT, 6, since=3.5)
    first, second = alarms(".FF..FF", NOTHING, word)
    assert (first.said, second.said) == (None, word)
    assert [alarm.said for alarm in alarms(".FF..FF", NOTHING, called(Verdict.TEST, 6, since=0))] == [
        called(Verdict.TEST, 6, since=0)
    ] * 2


def test_undecided_is_no_word() -> None:
    """Somebody who could not tell leaves it to the rule."""
    (alarm,) = alarms(".F.", NOTHING, called(Verdict.UNDECIDED, 1))
    assert (alarm.label, alarm.said) == (WOLF, None)


def test_a_waiver_that_a_rollback_healed_was_wrong() -> None:
    """Called flaky, and it took a rollback."""
    changes = feed(deploy("pay", 1.5, "v2"), ROLLBACK)
    (wrong,) = alarms("..FF..", changes, called(Verdict.FLAKY, 2))
    assert wrong.is_waived_wrongly
    assert wrong.healed_by == ROLLBACK
    (right,) = alarms("..FF..", NOTHING, called(Verdict.FLAKY, 2))
    assert not right.is_waived_wrongly
    (unsaid,) = alarms("..FF..", changes)
    assert not unsaid.is_waived_wrongly


def test_what_people_said_stands_apart_from_what_was_inferred() -> None:
    """Two real and one wolf by people, one wolf by rule: 2/3, not 2/4."""
    words = [called(Verdict.REGRESSION, 1), called(Verdict.TEST, 3), called(Verdict.FLAKY, 5)]
    counts = count_alarms(alarms(".F.F.F.F.", NOTHING, *words), 12.5)
    assert (counts.alarms, counts.said_real, counts.said_wolf, counts.inferred_wolf) == (4, 2, 1, 1)
    assert counts.precision == wilson_interval(2, 3)
    assert counts.inferred_precision == wilson_interval(0, 1)
    assert (counts + counts).alarms == 8
    assert (counts + counts).lost_seconds == 25.0


def test_without_a_word_there_is_no_precision() -> None:
    """A dash, not 0 %."""
    assert LedgerCounts().precision is None


def test_wilson_by_hand() -> None:
    """4 of 5: (0.8 + 1.9208 / 5) / (1 + 3.8415 / 5) is the middle."""
    found = wilson_interval(4, 5)
    assert found is not None
    assert (found.low + found.high) / 2 == pytest.approx((0.8 + 3.841459 / 10) / (1 + 3.841459 / 5), abs=1e-6)
    assert (round(found.low, 3), round(found.high, 3)) == (0.376, 0.964)


@given(st.text(alphabet=".F~S ", max_size=30))
def test_every_red_run_is_in_one_alarm(line: str) -> None:
    """And every alarm has one label."""
    found = alarms(line, NOTHING)
    assert sum(alarm.red_runs for alarm in found) == line.count("F")
    counts = count_alarms(found)
    labelled = (counts.said_real, counts.said_wolf, counts.said_environment)
    inferred = (counts.inferred_real, counts.inferred_wolf, counts.inferred_environment)
    assert counts.alarms == sum(labelled) + sum(inferred) + counts.undecided
