"""The page of a test: whose it is, flakes by every definition, alarms, durations, what a failure says anew."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from analysis.ledger import REAL, UNDECIDED, Alarm, LedgerCounts
from analysis.records import DurationShift, Interval
from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fake_histories import attempts, detail
from tests.tui.screens.fakes import PAYMENTS, PAYS, STAGING, run
from tui.answers.ledger import LedgerRow
from tui.answers.query import Query
from tui.answers.test_detail import TestDetail
from tui.present import ASCII, UNICODE
from tui.screens.context import ViewContext
from tui.screens.duration_plot import duration_plot
from tui.screens.evidence import evidence
from tui.screens.flake_table import flake_table
from tui.widgets.pieces import text_of, width_of

CONTEXT = ViewContext(FakeAnswers(), Query(), UNICODE, Path("crywolf.db"), lambda url: True)


def ledger() -> LedgerRow:
    """An alarm that a rollback ended, and one that is red still."""
    first = Alarm(run(6100, 0), run(6101, 0), run(6102, 0), 2, REAL, None, PAYMENTS)
    second = Alarm(run(6240, 0), run(6246, 0), None, 7, UNDECIDED, None, None)
    return LedgerRow(PAYS, STAGING, (), (), 52, LedgerCounts(alarms=2, inferred_real=1, undecided=1), (first, second))


def lines_of_test(one: TestDetail, width: int) -> list[str]:
    """The evidence of a test, with signs for a terminal of that width."""
    lines = evidence(one, CONTEXT, width)
    assert max(map(width_of, lines)) <= width
    return [text_of(each) for each in lines]


@pytest.mark.parametrize("width", [76, 116])
def test_a_test_page_has_everything(width: int) -> None:
    """Owners and why, services and how that is known, the definitions of a flake, suspects, alarms, durations."""
    text = "\n".join(lines_of_test(replace(detail(), ledger=(ledger(),)), width))
    for words in (
        "test: ",
        "exercises",
        "retry-pass",
        "same code",
        "flips",
        "payments",
        "alarms 2",
        "healed by payments",
        "red still",
        "duration",
    ):
        assert words in text, text


def test_definitions_stand_side_by_side() -> None:
    """A column each with k of n, rate and interval below one another; what was not observed says so."""
    one = detail()
    stream = one.streams[0]
    assert stream.flakes is not None
    unseen = replace(stream, flakes=replace(stream.flakes, retry_pass=None, same_code=(1, 40)))
    rows = [text_of(each) for each in flake_table(unseen, "", 0, CONTEXT, 76)]
    about, names, *rows = rows
    assert about.startswith("flakes    11 min 00 lost")
    assert [row[:6] for row in rows] == ["k of n", "rate  ", "95 %  "]
    assert rows[0][names.index("same code") :].startswith("1/40")
    assert rows[0][names.index("retry-pass") :].startswith("no retries")


def test_the_plot_of_durations() -> None:
    """Bars from zero, a line where it changed, a sign below what was red; many runs share a column."""
    stream = detail().streams[0]
    number = len(stream.runs)
    took = tuple(1000 if n < number // 2 else 4000 for n in range(number))
    shift = DurationShift(number // 2, 1000.0, 4000.0, Interval(4.0, 3.8, 4.2, number // 2, number))
    slower = replace(stream, durations_ms=took, duration_shifts=(shift,))
    rows = [text_of(each) for each in duration_plot(slower, "", CONTEXT, 76)]
    assert "1.0 s -> 4.0 s" in rows[0]
    assert "4.0 times (3.8-4.2)" in rows[0]
    turn = rows[1].index(UNICODE.through)
    assert all(row[turn] == UNICODE.through for row in rows[1:6])
    assert set(rows[1][9:turn]) == {" "}
    assert set(rows[1][turn + 1 :]) == {"█"}
    assert set(rows[5][9:turn]) == {"█"}
    assert rows[6].strip().startswith("red")
    assert "a column is" in text_of(duration_plot(slower, "", CONTEXT, 30)[-1])
    long = replace(stream, durations_ms=tuple(3_700_000 if one else None for one in took))
    assert {row.index("█") for row in map(text_of, duration_plot(long, "", CONTEXT, 76)[1:6])} == {len("61 min 40") + 2}
    plain = duration_plot(slower, "", replace(CONTEXT, glyphs=ASCII), 76)
    assert all(text_of(each).isascii() for each in plain)
    assert duration_plot(replace(stream, durations_ms=(None,) * number), "", CONTEXT, 76) == []


async def test_an_attempt_tells_what_is_new_in_it(make_app: AppMaker) -> None:
    """Also on a low screen: what it says that the failure before it did not stands above all that it says."""
    failures = list(attempts())
    failures[0] = replace(failures[0], text=f"{failures[0].text}\nretry budget spent")
    app = make_app(FakeAnswers(detail_now=replace(detail(), failures=tuple(failures))))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "enter")
        text = screen_text(app)
        assert "differs from run 6245 in 1 line" in text
        assert "+ retry budget spent" in text
