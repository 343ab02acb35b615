"""X writes what is seen as SVG: never over an older file, in the colours of the theme, whatever the names are."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.tui.screens import fake_histories
from tests.tui.screens.driving import AppMaker, press, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fakes import EMPTY_HEALTH
from tests.tui.screens.hostile import HOSTILE
from tests.tui.screens.test_hostile_names import HostileAnswers
from tui.colours import DARK, LIGHT

SVG = "{http://www.w3.org/2000/svg}"


def drawn(folder: Path) -> list[Path]:
    """Pictures in a folder, by name."""
    return sorted(folder.glob("*.svg"))


@pytest.mark.parametrize(
    ("mode", "names"), [("4", ("timeline",)), ("3", ("services", "graph")), ("9", ("flows",))], ids=["4", "3", "9"]
)
async def test_each_view_that_can_be_drawn(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, mode: str, names: tuple[str, ...]
) -> None:
    """Twice is two files; both parse."""
    monkeypatch.chdir(tmp_path)
    app = make_app(theme_name="light")
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, mode, "X", "X")
    for name in names:
        for number in ("", "-1"):
            text = (tmp_path / f"crywolf-{name}{number}.svg").read_text()
            assert ET.fromstring(text).tag == f"{SVG}svg"
            assert LIGHT.background in text


async def test_the_timeline_draws_what_is_scrolled_to(
    make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The runs that are seen, and at most as many as a picture takes; in a dark theme it is dark."""
    monkeypatch.chdir(tmp_path)
    app = make_app(FakeAnswers(grid_now=fake_histories.grid(400)))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "0", "X")
    text = (tmp_path / "crywolf-timeline.svg").read_text()
    words = [one.text or "" for one in ET.fromstring(text).iter(f"{SVG}text")]
    assert "pays_with_saved_card" in words
    assert any("10 tests of 10" in one and "of 400" in one for one in words)
    assert DARK.background in text


async def test_nothing_to_draw(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """An empty store has no picture, and says so."""
    monkeypatch.chdir(tmp_path)
    app = make_app(FakeAnswers(health_now=EMPTY_HEALTH, incidents=()))
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "X", "3", "X", "9", "X")
    assert drawn(tmp_path) == []


async def test_names_of_strangers(make_app: AppMaker, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """They are text in the file: no element, link, script or entity of theirs."""
    monkeypatch.chdir(tmp_path)
    app = make_app(HostileAnswers(HOSTILE))
    async with app.run_test(size=(120, 40)) as pilot:
        await settle(pilot)
        await press(pilot, "4", "X", "3", "X")
    found = drawn(tmp_path)
    assert [path.name for path in found] == ["crywolf-graph.svg", "crywolf-services.svg", "crywolf-timeline.svg"]
    for path in found:
        root = ET.fromstring(path.read_text())
        assert {one.tag.removeprefix(SVG) for one in root.iter()} <= {"svg", "title", "rect", "polyline", "text"}
