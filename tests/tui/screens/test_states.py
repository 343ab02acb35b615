"""The designed states: first run, nothing red, errors, stale, changed while one looks."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.model import Verdict
from ingest.settings import Settings
from ingest.settings_declared import PipelineSettings
from store.errors import StoreBusy
from tests.tui.screens import fakes
from tests.tui.screens.driving import AppMaker, press, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fakes import EMPTY_HEALTH, HEALTHY
from tui.answers.health import Health
from tui.answers.query import Moment, Query
from tui.present import UNICODE
from tui.screens.argument import argument, hypothesis_lines, suspect_words
from tui.screens.health_lines import nothing_red
from tui.screens.incident_rows import state_line
from tui.screens.messages import StoreChanged
from tui.screens.triage import _fields
from tui.widgets.line_table import LineTable
from tui.widgets.pieces import text_of, width_of

MODES = "123457"


@pytest.mark.parametrize("digit", MODES)
async def test_first_run_names_the_next_command(make_app: AppMaker, digit: str) -> None:
    """An empty store says so on every screen, and how to fill it."""
    app = make_app(FakeAnswers(health_now=EMPTY_HEALTH, incidents=(), counts={}))
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, digit)
        text = screen_text(app)
        assert "crywolf ingest PATH..." in text
        assert "crywolf demo" in text


async def test_a_store_with_runs_is_not_called_empty(make_app: AppMaker) -> None:
    """Where none of them is under the filters that were asked for, those are named."""
    app = make_app(FakeAnswers(health_now=replace(EMPTY_HEALTH, runs=7), incidents=(), counts={}))
    async with app.run_test() as pilot:
        await settle(pilot)
        text = screen_text(app)
        assert "No run is under these filters:  --environment staging --branch main" in text
        assert "crywolf ingest" not in text


async def test_a_filter_that_names_nothing_is_a_doubt(make_app: AppMaker) -> None:
    """An owner that nobody is owns nothing red: that is not what was asked."""
    misspelt = replace(HEALTHY, unknown=("no owner matches 'tils'; did you mean 'tills'?",))
    app = make_app(FakeAnswers(health_now=misspelt, incidents=(), counts={}))
    async with app.run_test() as pilot:
        await settle(pilot)
        text = screen_text(app)
        assert "Cannot tell whether anything is really red" in text
        assert "did you mean 'tills'?" in text


async def test_first_run_while_folders_are_followed(make_app: AppMaker) -> None:
    """Something will come by itself: it says from where, and where to see it arrive."""
    app = make_app(FakeAnswers(health_now=EMPTY_HEALTH, incidents=(), counts={}), watched=(Path("reports"),))
    async with app.run_test() as pilot:
        await settle(pilot)
        text = screen_text(app)
        assert "followed: reports" in text
        assert "6 shows what arrives" in text


async def test_nothing_red_only_when_it_can_be_told(make_app: AppMaker) -> None:
    """All pipelines on time and complete: reassuring. One stale: cannot tell, with the list."""
    app = make_app(FakeAnswers(health_now=HEALTHY, incidents=(), counts={}))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "Nothing is really red" in screen_text(app)
    app = make_app(FakeAnswers(incidents=(), counts={}))
    async with app.run_test() as pilot:
        await settle(pilot)
        text = screen_text(app)
        assert "Nothing is really red" not in text
        assert "Cannot tell whether anything is really red" in text
        assert "nightly-mobile has not reported for 26 h" in text
        assert "crywolf rejected" in text


async def test_nothing_red_is_no_comfort_when_nothing_arrives(make_app: AppMaker) -> None:
    """Every pipeline is late by the machine's clock, though none by the newest run; asked of the past, none is."""
    settings = Settings(pipelines=(PipelineSettings("shop", cadence_s=3600),))
    for query, words in (
        (Query(settings=settings), "nothing has arrived for"),
        (Query(settings=settings, at=Moment(at_ms=fakes.NOW_MS)), "no pipeline later than its cadence"),
        (Query(settings=Settings()), "no cadence is set"),
    ):
        lines = nothing_red(HEALTHY, make_app(query=query).context, 500)
        assert words in "\n".join(text_of(one) for one in lines)
    app = make_app(FakeAnswers(health_now=HEALTHY, incidents=(), counts={}), query=Query(settings=settings))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert screen_text(app).splitlines()[1].startswith(" cannot tell")


def test_the_service_that_broke_stands_first(make_app: AppMaker) -> None:
    """Also where no change of it is known; alone where there is no room, and no text where nothing is known."""
    unknown = replace(fakes.INCIDENTS[0].hypotheses[0], kind="unrecorded", change=None, service="webhooks")
    incident = replace(fakes.INCIDENTS[0], hypotheses=(unknown,))
    assert [text_of(suspect_words(incident, width)) for width in (23, 12)] == ["webhooks (unrecorded)", "webhooks"]
    assert _fields(incident)["service"] == ["webhooks"]
    nowhere = replace(incident, hypotheses=(replace(unknown, service=None),))
    assert text_of(suspect_words(nowhere, 23)) == "(none: unrecorded)"
    lines = hypothesis_lines((unknown,), incident.onset, make_app().context, 80)
    assert "a change of webhooks that nobody recorded" in text_of(lines[0])


def test_undecided_says_why(make_app: AppMaker) -> None:
    """The reason of whoever judged, and nothing where a verdict was reached."""
    decided, context = fakes.INCIDENTS[0], make_app().context
    undecided = replace(decided, verdict=Verdict.UNDECIDED, reason="not enough data (2 runs)")
    for incident, shown in ((undecided, True), (decided, False)):
        lines = [text_of(one) for one in argument(incident, fakes.NOW_MS, context, 80)]
        assert ("undecided: not enough data (2 runs)" in lines) is shown


def test_what_fails_again_has_a_sign() -> None:
    """One letter for what people did, but for what was fixed and is red once more."""
    states = ("new", "failing again", "claimed by ada")
    assert [text_of(state_line(state, 1, UNICODE)) for state in states] == [UNICODE.new, "!", "c"]


async def test_only_flaky_is_not_called_real(make_app: AppMaker) -> None:
    """With flakes alone the answer line says that nothing is really red, if that can be told."""
    flaky = (fakes.INCIDENTS[3],)
    for health, word in ((HEALTHY, "nothing is really red"), (fakes.HEALTH, "cannot tell")):
        app = make_app(FakeAnswers(health_now=health, incidents=flaky, counts={"flaky": 1}))
        async with app.run_test() as pilot:
            await settle(pilot)
            assert screen_text(app).splitlines()[1].startswith(f" {word}   1 flaky")
    doubtful = (replace(flaky[0], act_probability=0.5),)  # a flake more likely than not, and no more than that
    app = make_app(FakeAnswers(health_now=HEALTHY, incidents=doubtful, counts={"flaky": 1}))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert screen_text(app).splitlines()[1].startswith(" none is known to be real   1 flaky")
    app = make_app(FakeAnswers(health_now=HEALTHY, incidents=fakes.INCIDENTS[4:], counts={"undecided": 1}))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert screen_text(app).splitlines()[1].startswith(" none is known to be real   1 cannot tell")


async def test_resolved_is_no_comfort(make_app: AppMaker) -> None:
    """Where somebody resolved what is red still, nothing is left to do; that nothing is red is not said."""
    resolved = replace(fakes.INCIDENTS[0], state="resolved by ada", act_probability=0.0)
    app = make_app(FakeAnswers(health_now=HEALTHY, incidents=(resolved,), counts={"resolved": 1, "real": 0}))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert screen_text(app).splitlines()[1].startswith(" nothing is left to act on   1 resolved")


@pytest.mark.parametrize("digit", MODES)
async def test_errors_are_shown_where_they_belong(make_app: AppMaker, digit: str) -> None:
    """A failing store is named in the view that asked, with the remedy; r tries again and recovers."""
    answers = FakeAnswers(problem=StoreBusy("store.db: another process is writing; try again"))
    app = make_app(answers)
    async with app.run_test() as pilot:
        await settle(pilot)
        await press(pilot, digit)
        text = screen_text(app)
        assert "The store cannot be read" in text
        assert "crywolf doctor" in text
        answers.problem = None
        await press(pilot, "r")
        assert "cannot be read" not in screen_text(app)


async def test_defects_are_named(make_app: AppMaker) -> None:
    """An unexpected error keeps the dashboard alive and is shown by name."""
    app = make_app(FakeAnswers(problem=ZeroDivisionError("no [/x] runs")))
    async with app.run_test() as pilot:
        await settle(pilot)
        assert "ZeroDivisionError: no [/x] runs" in screen_text(app)


async def test_stale_answers_stay_and_say_so(make_app: AppMaker) -> None:
    """When reading again fails, what was read stays on the screen, marked."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        answers.problem = StoreBusy("busy")
        await press(pilot, "r")
        text = screen_text(app)
        assert "not up to date: StoreBusy" in text
        assert "503 from payments" in text


async def test_change_in_the_store_keeps_scroll_and_selection(make_app: AppMaker) -> None:
    """A commit reloads the view that is seen; the cursor stays on its key; other modes read when they are seen."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "5", "1", "j", "j")
        table = app.screen.query_one("#incidents", LineTable)
        newest = replace(fakes.INCIDENTS[0], incident_id="i-new")
        answers.incidents = (newest, *fakes.INCIDENTS)
        changes_before = answers.asked.count(("changes", app.context.query, False))
        app.post_message(StoreChanged())
        await settle(pilot)
        assert table.key == "i-3fa9c2d5"
        assert table.cursor == 3
        assert answers.asked.count(("changes", app.context.query, False)) == changes_before
        await press(pilot, "5")
        assert answers.asked.count(("changes", app.context.query, False)) == changes_before + 1


async def test_superseded_answers_are_asked_again(make_app: AppMaker) -> None:
    """An answer that another question pushed aside is asked for again by the view that is still seen."""
    answers = FakeAnswers(superseded=3)
    app = make_app(answers)
    async with app.run_test() as pilot:
        while answers.superseded:
            await pilot.pause()
        await settle(pilot)
        assert "503 from payments" in screen_text(app)


@pytest.mark.parametrize("health", [fakes.HEALTH, HEALTHY], ids=["cannot-tell", "nothing-red"])
async def test_what_was_looked_at_is_not_cut(make_app: AppMaker, health: Health) -> None:
    """In a narrow window the sentences go on in another line."""
    lines = nothing_red(health, make_app().context, 50)
    assert [text_of(one) for one in lines if width_of(one) > 50] == []
    words = " ".join(text_of(one) for one in lines).split()
    assert words == " ".join(text_of(one) for one in nothing_red(health, make_app().context, 500)).split()


async def test_what_is_gone_says_so(make_app: AppMaker) -> None:
    """An incident that became green, or a part of another, while one reads it: it stays to be read, and says so."""
    answers = FakeAnswers()
    app = make_app(answers)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "enter")
        answers.incidents = answers.incidents[1:]
        await press(pilot, "r")
        text = screen_text(app)
        assert "not there any more  esc back" in text.splitlines()[1]
        assert fakes.INCIDENTS[0].title in text
