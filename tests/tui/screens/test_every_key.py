"""Every key of every screen, dialog and widget, collected from the classes: one that no row here tells of fails.

`EFFECTS` says of each binding how one comes to where it works, and what is otherwise once it was pressed; `OPENED` says
how each screen is opened.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.app import App
from textual.pilot import Pilot

from ingest.settings_dashboard import VIEWS
from store.read.changes import SeenIncident
from tests.tui.screens.driving import AppMaker, press, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.key_stage import (
    Effect,
    Stage,
    acts,
    along,
    asks,
    asks_with_green,
    cell,
    copies,
    cursor,
    cursor_at,
    days,
    focuses,
    goes_to,
    hides,
    leaves,
    month,
    our_bindings,
    our_screens,
    scrolls,
    shows,
    side,
    sorts,
    unsorts,
    width,
    writes,
)
from tui.screens.attempt import AttemptView
from tui.screens.change_detail import ChangeView
from tui.screens.changes import ChangesView
from tui.screens.choosing import ChooseScreen
from tui.screens.columns import ColumnsScreen
from tui.screens.flows import FlowsView
from tui.screens.form import FormScreen
from tui.screens.go_to import GoTo
from tui.screens.incident import IncidentView
from tui.screens.keys import KeysScreen
from tui.screens.live import LiveView
from tui.screens.note import NoteView
from tui.screens.own_keys import kind_of
from tui.screens.quarantine import QuarantineView
from tui.screens.run_detail import RunView
from tui.screens.service_detail import ServiceView
from tui.screens.services import ServicesView
from tui.screens.silent import SilentView
from tui.screens.test_detail import TestView
from tui.screens.tests import TestsView
from tui.screens.timeline import TimelineView
from tui.screens.tour import TourScreen
from tui.screens.triage import TriageView
from tui.screens.view import View

Keys = tuple[str, ...]
SMALL = (80, 14)
TOUR: Keys = ("colon", *"tour", "enter")
GRID: Keys = ("4", "j", "home", *["l"] * 12)
"""A cell of a row that is red later."""

TOLD = SeenIncident("n1", "detected", "INC-7", 0, "staging", "payments", "card gateway times out", "")

OPENED: dict[type, Keys] = {
    TriageView: (),
    TestsView: ("2",),
    ServicesView: ("3",),
    TimelineView: ("4",),
    ChangesView: ("5",),
    LiveView: ("6",),
    QuarantineView: ("7",),
    SilentView: ("8",),
    FlowsView: ("9",),
    IncidentView: ("enter",),
    TestView: ("2", "enter"),
    AttemptView: ("2", "enter", "enter"),
    RunView: ("enter", "R"),
    ServiceView: ("3", "enter"),
    ChangeView: ("5", "enter"),
    NoteView: ("5", "G", "enter"),
    ChooseScreen: ("M",),
    ColumnsScreen: ("vertical_line",),
    FormScreen: ("t",),
    GoTo: ("colon",),
    KeysScreen: ("question_mark",),
    TourScreen: TOUR,
}

EFFECTS: dict[str, Effect] = {
    "mode.triage": Effect(("2",), goes_to(TriageView)),
    "mode.tests": Effect((), goes_to(TestsView)),
    "mode.services": Effect((), goes_to(ServicesView)),
    "mode.timeline": Effect((), goes_to(TimelineView)),
    "mode.changes": Effect((), goes_to(ChangesView)),
    "mode.live": Effect((), goes_to(LiveView)),
    "mode.quarantine": Effect((), goes_to(QuarantineView)),
    "mode.silent": Effect((), goes_to(SilentView)),
    "mode.flows": Effect((), goes_to(FlowsView)),
    "app.go_to": Effect((), goes_to(GoTo)),
    "app.palette": Effect((), goes_to(GoTo)),
    "app.save_view": Effect((), shows("Save this view: triage")),
    "app.keys": Effect((), goes_to(KeysScreen)),
    "app.quit": Effect((), lambda before, after: after.is_left and not before.is_left),
    "app.suspend": Effect((), lambda before, after: after.suspended == before.suspended + 1),
    "act.ack": Effect((), acts("ack")),
    "act.claim": Effect((), acts("claim")),
    "act.claim_for_good": Effect((), acts("claim")),
    "act.assign": Effect((), shows("Assign")),
    "act.note": Effect((), shows("Note")),
    "act.note_in_editor": Effect((), lambda before, after: len(after.edited) == len(before.edited) + 1),
    "act.confirm": Effect((), acts("confirm")),
    "act.refute": Effect((), acts("refute")),
    "act.reclassify": Effect((), goes_to(FormScreen)),
    "act.quarantine": Effect((), shows("Mo Tu We Th Fr Sa Su")),
    "act.unquarantine": Effect((), acts("unquarantine")),
    "act.resolve": Effect((), acts("resolve")),
    "act.merge": Effect((), shows("Merge into")),
    "act.split": Effect((), shows("Split off")),
    "act.undo": Effect(("a",), asks("undo", (1,))),
    "view.order_next": Effect(("5",), sorts),
    "view.order_before": Effect(("5", "greater_than_sign"), unsorts),
    "view.columns": Effect((), goes_to(ColumnsScreen)),
    "attempt.run": Effect(OPENED[AttemptView], goes_to(RunView)),
    "changes.since_green": Effect(("5",), lambda before, after: after.asked[-1][::2] == ("changes", True)),
    "choose.leave": Effect(("m",), leaves),
    "choose.mark": Effect(("M",), cursor(1)),
    "columns.toggle": Effect(("vertical_line", "j"), shows("[ ]")),
    "columns.order": Effect(("vertical_line", "j"), shows("est first")),
    "columns.usual": Effect(("vertical_line", "j", "space"), hides("[ ]")),
    "columns.close": Effect(("vertical_line",), leaves),
    "flows.picture": Effect(("9",), writes("crywolf-flows")),
    "form.go_on": Effect(("z",), lambda before, after: (before.place.focus, after.place.focus) == ("until", "reason")),
    "form.leave": Effect(("t",), leaves),
    "form.next": Effect(("z", "tab"), lambda before, after: after.place.focus != before.place.focus),
    "form.previous": Effect(("z", "tab"), lambda before, after: after.place.focus != before.place.focus),
    "go_to.back": Effect(("colon",), leaves),
    "go_to.down": Effect(("colon",), lambda before, after: after.choice == before.choice + 1),
    "go_to.up": Effect(("colon", "down"), lambda before, after: after.choice == before.choice - 1),
    "go_to.complete": Effect(("colon", *"servi"), lambda before, after: after.place.cursor == "service "),
    "incident.run": Effect(("enter",), goes_to(RunView)),
    "incident.last_good": Effect(("enter",), goes_to(RunView)),
    "incident.change": Effect(("enter",), goes_to(ChangeView)),
    "keys.close": Effect(("question_mark",), leaves),
    "live.pause": Effect(("6",), shows("paused")),
    "run.previous": Effect(("enter", "R"), goes_to(RunView)),
    "run.test": Effect(("enter", "R"), goes_to(TestView)),
    "service.other": Effect(("3", "enter"), lambda before, after: after.place.focus != before.place.focus),
    "service.neighbour": Effect(("3", "enter"), goes_to(ChooseScreen)),
    "services.picture": Effect(("3",), writes("crywolf-services")),
    "test.pane": Effect(("2", "enter"), lambda before, after: after.place.focus != before.place.focus),
    "test.run": Effect(("2", "enter"), goes_to(RunView)),
    "test.picture": Effect(("2", "enter"), writes("crywolf-test")),
    "tests.sort": Effect(("2",), asks("test_keys")),
    "tests.quarantine": Effect(("2",), shows("Mo Tu We Th Fr Sa Su")),
    "timeline.previous": Effect(("4",), asks("grid")),
    "timeline.next": Effect(("4",), asks("grid")),
    "timeline.green": Effect(("4",), asks_with_green),
    "timeline.run": Effect(("4",), goes_to(RunView)),
    "timeline.picture": Effect(("4",), writes("crywolf-timeline")),
    "tour.next": Effect(TOUR, shows("2 of 4")),
    "tour.before": Effect((*TOUR, "enter"), shows("1 of 4")),
    "tour.skip": Effect(TOUR, leaves),
    "triage.session": Effect((), shows("Begin a session")),
    "triage.handover": Effect((), writes("crywolf-handover")),
    "triage.queue": Effect((), shows("/ queue:sort")),
    "view.filter": Effect((), focuses("filter")),
    "view.back": Effect(("enter",), leaves),
    "view.side_down": Effect((), side(1), SMALL),
    "view.side_up": Effect(("J",), side(-1), SMALL),
    "view.copy": Effect((), copies("503 from payments")),
    "view.open_url": Effect((), lambda before, after: after.opened == ("https://logs.example.com/6240",)),
    "view.edit": Effect((), lambda before, after: len(after.edited) == len(before.edited) + 1),
    "view.reload": Effect((), asks("triage")),
    "view.export": Effect((), writes("crywolf-triage")),
    "filter.clear": Effect(("slash", *"rounding"), shows("503 from payments")),
    "filter.leave": Effect(("slash", *"order"), focuses("incidents")),
    "day.earlier": Effect(("z",), days(-1)),
    "day.later": Effect(("z",), days(1)),
    "day.week_earlier": Effect(("z", "down"), days(-7)),
    "day.week_later": Effect(("z",), days(7)),
    "day.month_earlier": Effect(("z", "pagedown"), month(-1)),
    "day.month_later": Effect(("z",), month(1)),
    "grid.open": Effect(("4",), goes_to(TestView)),
    "grid.down": Effect(("4",), cell(1, 0)),
    "grid.up": Effect(("4", "j"), cell(-1, 0)),
    "grid.left": Effect(("4",), cell(0, -1)),
    "grid.right": Effect(("4", "h"), cell(0, 1)),
    "grid.page_down": Effect(("4",), lambda before, after: after.place.cursor[0] > before.place.cursor[0], SMALL),
    "grid.page_up": Effect(("4", "G"), lambda before, after: after.place.cursor[0] < before.place.cursor[0], SMALL),
    "grid.first_row": Effect(("4", "j"), lambda before, after: after.place.cursor[0] == 0 < before.place.cursor[0]),
    "grid.last_row": Effect(("4",), lambda before, after: after.place.cursor[0] > before.place.cursor[0] + 1),
    "grid.oldest": Effect(("4",), lambda before, after: after.place.cursor[1] == 0 < before.place.cursor[1]),
    "grid.newest": Effect(("4", "home"), along(1)),
    "grid.first_bad": Effect(("4",), along(-1)),
    "grid.last_good": Effect(("4",), along(-1)),
    "grid.next_change": Effect(("4", "home"), along(1)),
    "grid.change_before": Effect(("4",), along(-1)),
    "grid.next_red": Effect(("4", "home"), along(1)),
    "grid.red_before": Effect(("4",), along(-1)),
    "grid.closer": Effect(("4", "minus"), hides("a column is a")),
    "grid.farther": Effect(("4",), shows("a column is a")),
    "grid.wider": Effect(("4",), width(1)),
    "grid.narrower": Effect(("4",), width(-1)),
    "table.open": Effect((), goes_to(IncidentView)),
    "table.down": Effect((), cursor(1)),
    "table.up": Effect(("j",), cursor(-1)),
    "table.page_down": Effect(("2",), lambda before, after: after.place.cursor > before.place.cursor + 2),
    "table.page_up": Effect(("2", "G"), lambda before, after: after.place.cursor < before.place.cursor - 2),
    "table.first": Effect(("2", "G"), cursor_at(0)),
    "table.last": Effect(("2",), cursor_at(39)),
    "pane.down": Effect(("question_mark",), scrolls(1), SMALL),
    "pane.up": Effect(("question_mark", "G"), scrolls(-1), SMALL),
    "pane.page_down": Effect(("question_mark",), scrolls(1), SMALL),
    "pane.page_up": Effect(("question_mark", "G"), scrolls(-1), SMALL),
    "pane.top": Effect(("question_mark", "G"), scrolls(-1), SMALL),
    "pane.bottom": Effect(("question_mark",), scrolls(1), SMALL),
}

BINDINGS = our_bindings()


@asynccontextmanager
async def staged(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, size: tuple[int, int]
) -> AsyncIterator[tuple[Stage, Pilot[None]]]:
    """The dashboard with an editor, a browser and a shell that only note down that they were called."""
    answers = FakeAnswers(notes=(TOLD,))
    opened: list[str] = []
    edited: list[str] = []
    suspended: list[bool] = []

    def opener(url: str) -> bool:
        opened.append(url)
        return True

    def edit(app: object, text: str) -> str:
        edited.append(text)
        return ""

    app = make_app(answers, watched=(Path("reports"),), opener=opener)
    monkeypatch.setattr("tui.screens.outside.edit", edit)
    monkeypatch.setattr(App, "action_suspend_process", lambda app: suspended.append(True))
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        yield Stage(app, answers, opened, edited, suspended), pilot


def test_every_binding_has_its_row() -> None:
    """A new binding needs a row that says what it does; a row without its binding goes."""
    assert BINDINGS.keys() - EFFECTS.keys() == set()
    assert EFFECTS.keys() - BINDINGS.keys() == set()


def test_every_screen_has_its_row() -> None:
    """A new screen needs a row that says how it is opened."""
    assert our_screens() == set(OPENED)


def test_commands_can_be_for_every_view() -> None:
    """The words that `where` of a command takes are the views that there are."""
    assert {kind_of(one.__new__(one)) for one in OPENED if issubclass(one, View)} == set(VIEWS)


@pytest.mark.parametrize(
    ("name", "key"),
    [(name, key) for name in EFFECTS if name in BINDINGS for key in BINDINGS[name].key.split(",")],
)
async def test_every_key_does_what_it_says(
    make_app: AppMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, key: str
) -> None:
    """Pressed where it works, each key does what its row says."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    effect = EFFECTS[name]
    async with staged(make_app, monkeypatch, effect.size) as (stage, pilot):
        await press(pilot, *effect.route)
        before = stage.seen()
        await press(pilot, key)
        after = stage.seen()
        assert effect.does(before, after), f"{before.text}\n{after.text}\n{before.place} {after.place}"


@pytest.mark.parametrize("screen", OPENED, ids=lambda one: one.__name__)
async def test_every_screen_opens(
    make_app: AppMaker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, screen: type
) -> None:
    """Each screen is opened by the keys of its row."""
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    async with staged(make_app, monkeypatch, (120, 40)) as (stage, pilot):
        await press(pilot, *OPENED[screen])
        assert type(stage.app.screen) is screen
