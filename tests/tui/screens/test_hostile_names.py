"""Names of strangers on every screen: nothing crashes, no action runs, no byte reaches the terminal that acts on it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from analysis.handling import Quarantine
from ingest.model import Change, Link, RunRef, TestCase
from store.read.changes import SeenIncident
from tests.tui.screens import fake_histories, fakes
from tests.tui.screens.driving import AppMaker, press, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fake_details import run_detail
from tests.tui.screens.hostile import HOSTILE
from tui.answers.changes import ChangeRow
from tui.answers.query import Query
from tui.answers.run_detail import RunDetail
from tui.answers.search import Hit
from tui.answers.service_detail import ServiceDetail
from tui.answers.tests import TestRow
from tui.answers.timeline import TimelineGrid
from tui.answers.triage import DoneBefore, SessionNow, ThreeOwners, TriageAnswer
from tui.app import CrywolfApp

CHUNKS = [HOSTILE[start : start + 12] for start in range(0, len(HOSTILE), 12)]
TOUR = (
    "b",
    "f",
    "f",
    "m",
    "escape",
    "enter",
    "R",
    "enter",
    "escape",
    "escape",
    "enter",
    "enter",
    "y",
    "escape",
    "escape",
    "escape",
    "2",
    "enter",
    "escape",
    "3",
    "enter",
    "tab",
    "D",
    "escape",
    "escape",
    "4",
    "G",
    "5",
    "enter",
    "7",
    "y",
    "1",
    "z",
)


class HostileAnswers(FakeAnswers):
    """Answers in which every text is a stranger's."""

    def __init__(self, texts: tuple[str, ...]) -> None:
        evil = texts
        cases = [TestCase(text, text, text, text) for text in evil]
        owners = ThreeOwners((evil[0],), evil[-1], (evil[0],), (evil[-1],))
        incidents = tuple(
            replace(
                fakes.INCIDENTS[0],
                incident_id=f"i-{i}",
                title=text,
                message=text,
                text=text * 3,
                owners=owners,
                state=text,
                lead=cases[i],
                tests=((cases[i], replace(fakes.STAGING, environment=text, variant=text)),),
                between=(replace(fakes.PAYMENTS, service=text, to_version=text),),
                hypotheses=(
                    replace(fakes.PAYMENT_HYPOTHESES[0], change=replace(fakes.PAYMENTS, service=text, title=text)),
                ),
                links=(Link(text, text),),
                deeds=(DoneBefore(0, text, text),),
            )
            for i, text in enumerate(evil)
        )
        services = fake_histories.services_answer()
        rows = tuple(
            replace(services.services[0], name=text, owner=text or None, depends_on=(text,), used_by=(text,))
            for text in evil
        )
        changes = tuple(
            ChangeRow(
                replace(fakes.PAYMENTS, change_id=f"c{i}", service=text, title=text, author=text, files=(text,)),
                text,
                1,
                1,
            )
            for i, text in enumerate(evil)
        )
        grid = fake_histories.grid(30, 2)
        attempts = tuple(
            replace(
                one,
                message=evil[i % len(evil)],
                text=evil[i % len(evil)],
                raw_name=evil[0],
                job=evil[0],
                source=evil[0],
            )
            for i, one in enumerate(fake_histories.attempts())
        )
        super().__init__(
            incidents=incidents,
            services_now=replace(services, services=rows),
            change_rows=changes,
            notes=tuple(SeenIncident(f"n{i}", text, text, 0, text, text, text, text) for i, text in enumerate(evil)),
            grid_now=_evil_grid(grid, cases),
            detail_now=replace(fake_histories.detail(cases[0]), owners=owners, failures=attempts),
            tests_total=len(evil),
            set_aside=tuple(
                replace(
                    fakes.SET_ASIDE[0],
                    case=one,
                    quarantine=Quarantine(one.name, 0, 2**41, one.name, one.name, one.name),
                )
                for one in cases
            ),
        )
        self.evil, self.cases = evil, cases

    def test_rows(self, window: object, keys: object) -> tuple[TestRow, ...]:
        return tuple(
            replace(fake_histories.test_row(index), case=self.cases[index], owners=(self.evil[index],))
            for _, index in keys  # type: ignore[attr-defined]
        )

    def triage(self, query: Query) -> TriageAnswer:
        session = SessionNow(self.evil[0], self.evil[-1], 0, 3)
        return replace(super().triage(query), session=session)

    def run(self, query: Query, run: RunRef) -> RunDetail:
        found, text = run_detail(run), self.evil[0]
        part = replace(found.parts[0], path=text, format=text, job=text, warnings=self.evil)
        failures = tuple(
            replace(found.failures[0], case=one, attempt=replace(found.failures[0].attempt, message=one.name))
            for one in self.cases
        )
        ref = replace(run, run_id=text, revision=text, url=text, environment=text, branch=text)
        return replace(found, row=replace(found.row, run=ref), parts=(part,), failures=failures)

    def service(self, query: Query, name: str) -> ServiceDetail:
        rows = {row.name: row for row in self.services_now.services}
        row = replace(self.services_now.services[0], used_by=self.evil, depends_on=self.evil)
        return ServiceDetail(fakes.WINDOW, row, rows, self.change_rows, self.test_rows(None, [(1, 0)]), 1)

    def search(self, text: str) -> tuple[Hit, ...]:
        return tuple(Hit("test", one, one, one) for one in self.evil)


def _evil_change(text: str) -> Change:
    return replace(fakes.PAYMENTS, service=text, title=text, author=text, files=(text,))


def _evil_grid(grid: TimelineGrid, cases: list[TestCase]) -> TimelineGrid:
    rows = tuple(replace(grid.rows[0], case=one, owners=(one.name,)) for one in cases)
    return replace(grid, rows=rows)


def bytes_that_act(app: CrywolfApp) -> list[str]:
    """Segments on the screen with anything that a terminal would act on."""
    texts = [segment.text for strip in app.screen._compositor.render_strips() for segment in strip]
    return [
        text for text in texts if any(ord(c) < 32 or 0x7F <= ord(c) < 0xA0 or 0x202A <= ord(c) <= 0x202E for c in text)
    ]


@pytest.mark.parametrize("texts", CHUNKS, ids=lambda texts: f"from-{HOSTILE.index(texts[0])}")
async def test_every_screen_survives(make_app: AppMaker, texts: tuple[str, ...]) -> None:
    """All screens, drilled down to the attempt, in both widths."""
    app = make_app(HostileAnswers(texts))
    async with app.run_test(size=(100, 30), notifications=True) as pilot:
        await settle(pilot)
        assert not bytes_that_act(app)
        for key in TOUR:
            await press(pilot, key)
            assert not bytes_that_act(app), key
        await pilot.resize_terminal(60, 20)
        await settle(pilot)
        assert not bytes_that_act(app)
        await press(pilot, "colon", "x", "escape", "ctrl+p", "x")
        await pilot.pause(0.2)
        assert not bytes_that_act(app)
        assert app.is_running
        assert "\x1b" not in app.clipboard
