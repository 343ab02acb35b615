"""Live: what is newly red stands out, the place is kept while data arrives, and who wants to be told is told once."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.model import Counts
from tests.tui.screens.driving import AppMaker, press, query_of, screen_text, settle, top_table, top_view
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fakes import CASES, INCIDENTS, MIN, NOW_MS, WINDOW, run
from tui import personal
from tui.alarms import RedSeen, sequence, words
from tui.answers.query import Query
from tui.answers.runs import RunRow, RunsAnswer
from tui.app import CrywolfApp
from tui.screens.messages import StoreChanged

WATCHED = (Path("reports"),)


def row(number: int, failed: int, **more: str) -> RunRow:
    """A run, the larger its number the newer."""
    counts = Counts(tests=100, attempts=100, passed=100 - failed, failed=failed)
    return RunRow(replace(run(number, NOW_MS - (100 - number) * MIN), **more), counts, 1)  # type: ignore[arg-type]


class Arriving(FakeAnswers):
    """Runs that arrive one by one."""

    newest = 30

    def runs(self, query: Query) -> RunsAnswer:
        self._note("runs", query)
        return RunsAnswer(WINDOW, tuple(row(number, 3 if number == 30 else 0) for number in range(self.newest, 0, -1)))


async def test_place_is_kept_while_runs_arrive(make_app: AppMaker) -> None:
    """On top, the cursor stays with the newest; elsewhere with its run, on its place of the screen."""
    answers = Arriving()
    app = make_app(answers, watched=WATCHED)
    async with app.run_test(size=(120, 20)) as pilot:
        await settle(pilot)
        await press(pilot, "6")
        assert "+3" in screen_text(app)
        assert "1 with new red" in screen_text(app)
        assert f"new red  {CASES[0].name}" in screen_text(app)
        await arrive(app, answers, pilot_settle=lambda: settle(pilot))
        assert top_table(app).cursor == 0
        await press(pilot, *"jjjjjjjjjjjjjjj")
        key, line = top_table(app).key, top_table(app).cursor - top_table(app).scroll_offset.y
        await arrive(app, answers, pilot_settle=lambda: settle(pilot))
        assert (top_table(app).key, top_table(app).cursor - top_table(app).scroll_offset.y) == (key, line)
        await press(pilot, "space")
        count = len(top_table(app).keys)
        await arrive(app, answers, pilot_settle=lambda: settle(pilot))
        assert len(top_table(app).keys) == count
        assert "paused: space goes on" in screen_text(app)
        await press(pilot, "space")
        assert len(top_table(app).keys) == count + 1


async def arrive(app: CrywolfApp, answers: Arriving, pilot_settle: object) -> None:
    """One more run."""
    answers.newest += 1
    app.post_message(StoreChanged())
    await pilot_settle()  # type: ignore[operator]


async def test_order_and_filter_of_runs(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Runs are put in order by moments and numbers, and found by their fields; x writes those that are seen."""
    app = make_app(Arriving(), watched=WATCHED)
    async with app.run_test(size=(120, 20)) as pilot:
        await settle(pilot)
        await press(pilot, "6")
        top_view(app).set_sort("when")
        await settle(pilot)
        assert top_table(app).keys[-1] == row(30, 3).run
        await press(pilot, "slash", *"state:red", "enter")
        assert list(top_table(app).keys) == [row(30, 3).run]
        monkeypatch.chdir(tmp_path)
        await press(pilot, "x")
    assert written(tmp_path) == ["run 30"]


def written(folder: Path) -> list[str]:
    """The runs in the one sheet that was exported."""
    (sheet,) = folder.glob("crywolf-live*.csv")
    return [one.split(",")[2].strip() for one in sheet.read_text().splitlines()[1:]]


@pytest.mark.parametrize(("declared", "expected"), [("bell = true", "bell"), ('notify = "terminal"', "\x1b]9;")])
async def test_told_once_when_something_turns_red(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, declared: str, expected: str
) -> None:
    """What was red at the start is no news; a new incident is, once."""
    monkeypatch.setattr(personal, "RED_LOOK_S", 0.01)
    answers = FakeAnswers(incidents=INCIDENTS[1:])
    app = make_app(answers, query=query_of(f"[dashboard]\n{declared}\n"))
    sent: list[str] = []
    async with app.run_test(size=(120, 30)) as pilot:
        monkeypatch.setattr(app, "bell", lambda: sent.append("bell"))
        assert app._driver is not None
        monkeypatch.setattr(app._driver, "write", sent.append)
        await pilot.pause(0.1)
        await settle(pilot)
        answers.incidents = (replace(INCIDENTS[0], title="evil\x1b]52;c;x\x07; name"), *INCIDENTS[1:])
        for _ in range(2):
            app.post_message(StoreChanged())
            await pilot.pause(0.1)
            await settle(pilot)
        told = [one for one in sent if one.startswith(expected)]
        assert len(told) == 1
        assert told[0] in ("bell", "\x1b]9;new red: evil]52,c,x, name\x07")


async def test_nothing_is_asked_without_a_wish(make_app: AppMaker) -> None:
    """Bell and notifications are off unless asked for."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test() as pilot:
        await settle(pilot)
        app.post_message(StoreChanged())
        await settle(pilot)
    assert not [what for what in answers.asked if what[0] == "reds"]


async def test_program_is_given_the_news_as_one_argument(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No shell: whatever an incident is called, it is one argument."""
    monkeypatch.setattr(personal, "RED_LOOK_S", 0.01)
    out = tmp_path / "out"
    declared = f'notify = ["sh", "-c", \'printf %s "$1" > {out}\', "sh", "{{what}}"]'
    answers = FakeAnswers(incidents=())
    app = make_app(answers, query=query_of(f"[dashboard]\n{declared}\n"))
    async with app.run_test() as pilot:
        await pilot.pause(0.1)
        await settle(pilot)
        answers.incidents = (replace(INCIDENTS[0], title="$(touch pwned) `x`"),)
        app.post_message(StoreChanged())
        await pilot.pause(0.1)
        await settle(pilot)
    assert out.read_text() == "new red: $(touch pwned) `x`"


def test_words() -> None:
    """One title, and how many more; nothing in them acts."""
    assert words(["a\x1b[2J", "b"]) == "new red: a[2J and 1 more"
    assert sequence("terminal-777", "a;b") == "\x1b]777;notify;crywolf;a,b\x07"
    assert RedSeen().news([("a", "A")]) == ()
