"""Run, service and test in detail: what they say, where their keys lead, deeds on a test, the way back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from analysis.handling import Action
from ingest.model import RunState
from tests.hostile_names import HOSTILE_NAMES
from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fake_details import run_detail
from tests.tui.screens.fake_histories import attempts, detail
from tests.tui.screens.fakes import CASES, PAYMENTS, PAYS, run
from tui.answers.acting import Wish
from tui.present import ASCII, UNICODE
from tui.screens.attempt import AttemptView
from tui.screens.change_detail import ChangeView
from tui.screens.choosing import ChooseScreen
from tui.screens.failure_diff import failure_diff
from tui.screens.incident import IncidentView
from tui.screens.live import LiveView
from tui.screens.run_detail import RunView
from tui.screens.service_detail import ServiceView
from tui.screens.service_graph import service_graph
from tui.screens.test_detail import TestView
from tui.widgets.line_table import LineTable
from tui.widgets.pieces import text_of, width_of


@pytest.mark.parametrize("size", [(80, 24), (120, 40)])
async def test_a_run(make_app: AppMaker, size: tuple[int, int]) -> None:
    """Counts, why it may not tell everything, what was deployed before it, its files, new red first."""
    app = make_app(FakeAnswers())
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "R")
        assert isinstance(app.screen, RunView)
        text = screen_text(app)
        for words in ("2 red", "1 flaky", "incomplete", "1 of 2 shards", "payments 7f3a91", "nightly.zip!a/TEST-1.xml"):
            assert words in text
        await press(pilot, "J", "J")
        assert "a time is missing" in screen_text(app)
        rows = [line for line in text.splitlines() if any(case.name in line for case in CASES[:3])]
        assert [case.name in row for case, row in zip(CASES, rows, strict=False)] == [True] * 3
        assert app.screen.url() == "https://traces.example.com/4be1"
        await press(pilot, "down", "enter")
        assert isinstance(app.screen, AttemptView)
        await press(pilot, "escape", "T")
        assert isinstance(app.screen, TestView)
        await press(pilot, "escape", "p")
        assert isinstance(app.screen, RunView)
        assert "run 6239" in screen_text(app).splitlines()[1]
        await press(pilot, "escape", "escape", "escape")
        assert isinstance(app.screen, IncidentView) or "triage" in str(app.screen.id or "triage")


async def test_from_an_incident_to_what_is_behind_it(make_app: AppMaker) -> None:
    """R the first bad run, L the last good one, i the suspect; esc comes back each time."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "enter", "R", "escape", "L", "escape", "i")
        assert isinstance(app.screen, ChangeView)
        await press(pilot, "escape")
        assert isinstance(app.screen, IncidentView)
    assert [what[1] for what in answers.asked if what[0] == "run"] == ["6240", "6239"]


async def test_from_a_run_that_came_in(make_app: AppMaker, tmp_path: Path) -> None:
    """Enter on a run of the Live view."""
    app = make_app(FakeAnswers(), watched=(tmp_path,))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "6", "enter")
        assert isinstance(app.screen, RunView)
        await press(pilot, "escape")
        assert isinstance(app.screen, LiveView)


async def test_from_an_attempt_to_its_run(make_app: AppMaker) -> None:
    """Of the failure that is selected, and of the attempt that is open."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", "down", "R", "escape", "enter", "R")
        assert isinstance(app.screen, RunView)
    assert [what[1] for what in answers.asked if what[0] == "run"] == ["6245", "6245"]


def test_what_a_failure_says_anew() -> None:
    """Equal texts are one sentence, ids do not count; lines that came and went have a sign; many are counted."""
    assert [text_of(one) for one in failure_diff("a\nb", "a\nb", "run 7", 40)] == ["says the same as in run 7"]
    (only,) = failure_diff("pod-85c95ef7d took 12", "pod-71c15f4cf took 9", "run 7", 60)
    assert text_of(only) == "says the same as in run 7 but for numbers and ids"
    lines = [text_of(one) for one in failure_diff("a\nb\nc", "a\nx [/x]\nc\nd", "run 7", 40)]
    assert lines == ["differs from run 7 in 3 lines", "- b", "+ x [/x]", "+ d"]
    many = failure_diff("", "\n".join(f"line {n}" for n in range(30)), "run 7", 40, shown=5)
    assert (len(many), text_of(many[-1])) == (7, "  and 25 more")
    for text in HOSTILE_NAMES:
        assert "\x1b" not in "".join(text_of(one) for one in failure_diff("", text, text, 30))


@pytest.mark.parametrize(("size", "is_whole"), [((120, 40), True), ((80, 24), False)])
async def test_a_test_tells_what_differs(make_app: AppMaker, size: tuple[int, int], is_whole: bool) -> None:
    """Of the failure under the cursor against the one before it; one line of it on a low screen."""
    failures = list(attempts())
    failures[0] = replace(failures[0], text=f"{failures[0].text}\nretry budget spent")
    app = make_app(FakeAnswers(detail_now=replace(detail(), failures=tuple(failures), state="claimed by ada")))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter")
        text = screen_text(app)
        assert "differs from run 6245 in 1 line" in text
        assert ("+ retry budget spent" in text) is is_whole
        assert "claimed by ada" in text
        await press(pilot, "down")
        assert "says the same as in run 6244" in screen_text(app)
        await press(pilot, "G")
        assert "no failure before it in this window" in screen_text(app)


def test_a_run_that_tells_everything_raises_no_doubt() -> None:
    """Complete, with an end; a missing shard is a doubt of its own."""
    detail = run_detail(run(1, 0), RunState.COMPLETE)
    assert detail.doubts == ("1 of 2 shards reported",)


@pytest.mark.parametrize(
    ("key", "action", "value"),
    [("a", Action.ACK, ""), ("c", Action.CLAIM, "until fixed"), ("s", Action.CONFIRM, PAYMENTS.change_id)],
)
async def test_deeds_on_a_test(make_app: AppMaker, key: str, action: Action, value: str) -> None:
    """The keys of an incident act on the test that is open; merging and splitting are not for tests."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "2", "enter", key, "m", "M", "u")
        assert isinstance(app.screen, TestView)
    wishes = [wish for what in answers.asked if isinstance(wish := what[-1], Wish)]
    assert [(wish.action, wish.value) for wish in wishes] == [(action, value)]
    assert [what[1] for what in answers.asked if what[0] == "act"] == [PAYS.test_id]
    assert answers.asked.count(("undo", (1,))) == 1


@pytest.mark.parametrize("size", [(80, 24), (160, 50)])
async def test_a_service(make_app: AppMaker, size: tuple[int, int]) -> None:
    """Health, both directions of the graph, changes and tests; tab goes from list to list, D to a neighbour."""
    app = make_app(FakeAnswers())
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        await press(pilot, "3", "enter")
        assert isinstance(app.screen, ServiceView)
        text = screen_text(app)
        for words in ("owner pay", "9/47 tests red", "payments 9 red", "web 9 red", "ledger", "deploy 7f3a91"):
            assert words in text
        await press(pilot, "enter")
        assert isinstance(app.screen, TestView)
        await press(pilot, "escape", "tab", "enter")
        assert isinstance(app.screen, ChangeView)
        await press(pilot, "escape", "tab", "D", "enter")
        assert isinstance(app.screen, ServiceView)
        assert "web" in screen_text(app).splitlines()[1]
        await press(pilot, "D")
        assert isinstance(app.screen, ChooseScreen)
        await press(pilot, "escape", "escape")
        assert isinstance(app.screen, ServiceView)
        await press(pilot, "slash", *"no_such", "enter")
        assert "No test matches" in screen_text(app)


def graph(edges: Mapping[str, Sequence[str]], name: str, width: int, *, is_plain: bool = False) -> list[str]:
    """The graph of a service as text; `a` has two red tests."""

    def users(of: str) -> Sequence[str]:
        return [one for one, targets in edges.items() if of in targets]

    lines = service_graph(
        name, users, lambda of: edges.get(of, ()), lambda of: 2 * (of == "a"), width, is_plain=is_plain
    )
    assert max(map(width_of, lines)) <= width
    return [text_of(one) for one in lines]


EDGES = {"shop": ("web",), "web": ("pay",), "app": ("pay",), "pay": ("a", "b", "c"), "a": ("db", "x", "y")}


def test_the_graph() -> None:
    """Users left, needs right, two steps each way; what is red says so; beyond two names there is a count."""
    assert graph(EDGES, "pay", 80) == [
        "                  ┌─ a 2 red › db, x +1",
        "shop › web ─┐ pay ├─ b",
        "       app ─┘     └─ c",
    ]


@pytest.mark.parametrize(
    ("name", "expected"), [("db", ["a 2 red ── db"]), ("alone", ["alone"]), ("shop", ["shop ── web › pay"])]
)
def test_a_graph_of_one_side(name: str, expected: list[str]) -> None:
    """Nothing is drawn towards where nothing is."""
    assert [line.replace("pay › a", "a").strip() for line in graph(EDGES, name, 80)] == expected


def test_a_graph_without_room_and_with_plain_signs() -> None:
    """One above the other, cut at the edge; without a sign that is not ASCII."""
    lines = graph(EDGES, "pay", 24, is_plain=True)
    assert lines[0] == "used by"
    assert all(line.isascii() for line in lines[:-1])
    assert graph(EDGES, "pay", 100, is_plain=True)[1].isascii()


def test_a_graph_with_a_circle() -> None:
    """Services that need each other are drawn once in each direction."""
    assert graph({"p": ("q",), "q": ("p",)}, "p", 80) == ["q ── p ── q"]


def test_nothing_in_a_graph_acts() -> None:
    """Names of strangers are shown and do nothing."""
    edges: dict[str, Sequence[str]] = {name: ("hub",) for name in HOSTILE_NAMES if name.strip()}
    edges["hub"] = HOSTILE_NAMES
    text = "".join(graph(edges, "hub", 60))
    assert "\x1b" not in text
    assert UNICODE.rule != ASCII.rule


async def test_a_service_that_is_not_there(make_app: AppMaker) -> None:
    """It is said, and nothing breaks."""
    app = make_app(FakeAnswers())
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        app.push_screen(ServiceView(app.context, "[/x] nowhere"))
        await settle(pilot)
        assert "no service matches" in screen_text(app)
        assert app.screen.query_one("#tests", LineTable).keys == ()
