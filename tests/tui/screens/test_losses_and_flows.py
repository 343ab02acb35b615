"""Silent and Flows: what is lost, how journeys are, and where one goes from there; the tabs fold."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.cells import cell_len

from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fake_losses import flows_answer, silent_answer
from tests.tui.screens.fakes import CASES
from tests.tui.screens.hostile import HOSTILE
from tests.tui.screens.test_hostile_names import bytes_that_act
from tui.answers.flows import FlowsAnswer
from tui.screens.flows import FlowsView
from tui.screens.test_detail import TestView
from tui.screens.tests import TestsView
from tui.widgets.line_table import LineTable
from tui.widgets.pieces import text_of
from tui.widgets.tabs import MODES, shown_modes, tab_at, tabs


async def test_what_is_lost(make_app: AppMaker) -> None:
    """8: each kind with its number, owner and since when; the pane says it in words; enter opens the test."""
    app = make_app()
    async with app.run_test(size=(140, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "8")
        text = screen_text(app)
        assert "1 vanished   1 skipped   1 not here" in text
        assert "of 2,301 tests seen since 21 Aug 06:40" in text
        assert "skipped in 640 runs since it last ran in run 6100, 7 Nov 06:40, 12 d ago" in text
        assert "sandbox of the provider is down, see ACC-12" in text
        await press(pilot, "j")
        assert "in no report of 412 runs since it last ran in run 6100" in screen_text(app)
        assert "crywolf tests suggest" in screen_text(app)
        await press(pilot, "j")
        assert "never ran here in 28 runs; runs in staging since 20 Oct 06:40" in screen_text(app)
        await press(pilot, "y")
        assert CASES[6].identity in app.clipboard
        await press(pilot, "enter")
        assert isinstance(app.screen, TestView)


async def test_losses_filter_and_export(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """/ narrows by field; o offers the last run's link; x writes what is seen."""
    monkeypatch.chdir(tmp_path)
    app = make_app()
    async with app.run_test(size=(140, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "8", "slash", *"lost:skipped", "enter")
        assert len(app.screen.query_one("#silent", LineTable).keys) == 1
        await press(pilot, "o", "x")
    lines = (tmp_path / "crywolf-silent.csv").read_text().splitlines()
    assert len(lines) == 2
    assert "ACC-12" in lines[1]


async def test_nothing_is_lost(make_app: AppMaker) -> None:
    """A designed, reassuring screen that says what was looked at."""
    app = make_app(FakeAnswers(silent_now=replace(silent_answer(), rows=())))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "8")
        assert "Nothing was lost silently" in screen_text(app)
        assert "2,301 tests seen since" in screen_text(app)


async def test_flows_worst_first(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """9: state, weight, days, what is red; enter lists the flow's tests; y and x take it along."""
    monkeypatch.chdir(tmp_path)
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(140, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "9")
        assert isinstance(app.screen, FlowsView)
        text = screen_text(app)
        assert "4 flows   1 broken   1 outage   1 empty   1 healthy" in text
        assert "✗ broken    checkout" in text
        assert "critical" in text
        assert "✗ regression  pays_with_saved_card  staging  since 02:20" in text
        await press(pilot, "j", "j")
        assert "no test fits its patterns" in screen_text(app)
        await press(pilot, "g", "y", "x")
        assert app.clipboard.splitlines()[0] == "checkout: broken"
        assert len(app.clipboard.splitlines()) == 4
        await press(pilot, "enter")
        assert isinstance(app.screen, TestsView)
        assert ("test_keys", "red", "flow:checkout") in answers.asked
    assert len((tmp_path / "crywolf-flows.csv").read_text().splitlines()) == 5


async def test_no_flow_is_named(make_app: AppMaker) -> None:
    """What to write, and where."""
    app = make_app(FakeAnswers(flows_now=FlowsAnswer(None, (), (), False)))
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        await press(pilot, "9")
        assert "[[flow]]" in screen_text(app)
        assert 'tests = ["*Checkout*"]' in screen_text(app)


async def test_names_of_strangers(make_app: AppMaker) -> None:
    """Reasons, names of flows, owners and environments reach the screen as text."""
    lost, flows = silent_answer(), flows_answer()
    rows = tuple(
        replace(lost.rows[0], case=replace(CASES[0], name=text), reason=text, owners=(text,), flows=(text,))
        for text in HOSTILE
    )
    journeys = tuple(
        replace(flows.flows[0], name=text, red=(replace(flows.flows[0].red[0], title=text),), owners=(text,))
        for text in HOSTILE
    )
    app = make_app(FakeAnswers(silent_now=replace(lost, rows=rows), flows_now=replace(flows, flows=journeys)))
    async with app.run_test(size=(100, 40)) as pilot:
        await settle(pilot)
        for mode in "89":
            await press(pilot, mode)
            for _ in HOSTILE[::5]:
                await press(pilot, *["j"] * 5)
                assert not bytes_that_act(app)
        assert app.is_running


@pytest.mark.parametrize("is_watching", [False, True])
@pytest.mark.parametrize("width", [20, 40, 60, 78, 100, 118, 158])
def test_tabs_fold(width: int, is_watching: bool) -> None:
    """Every digit is there at any width from 40 on, the current title too; a click finds what is drawn."""
    modes = shown_modes(is_watching=is_watching)
    for _, current, title in modes:
        text = text_of(tabs(modes, current, width, 29))
        if width >= 40:
            assert cell_len(text) <= width
        assert [word for word in text.split() if word.isdigit()] == [digit for digit, _, _ in modes]
        if width >= 40:
            assert title[:4] in text
        for digit, mode, _ in modes:
            assert tab_at(modes, current, text.index(digit), width, 29) == mode


def test_titles_stand_where_there_is_room() -> None:
    """At 80 columns all of them, without the program's name; at 120 with it and with what is looked at."""
    small, large = (text_of(tabs(MODES, "triage", width, 29)) for width in (78, 118))
    assert small == "1 Triage 2 Tests 3 Services 4 Timeline 5 Changes 7 Quarantine 8 Silent 9 Flows"
    assert large == f"crywolf  {small}"
