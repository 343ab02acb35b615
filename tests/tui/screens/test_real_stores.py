"""Every mode of the dashboard on real stores: the sample, the awkward week, an empty one, one of hostile names."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from xml.sax.saxutils import quoteattr

import pytest

from store.connect import open_writer
from tests.awkward_week.generate import generate
from tests.hostile_names import HOSTILE_NAMES
from tests.story.stores import built_once, ingest, sample_store, settings_of
from tests.tui.screens.driving import press, screen_text, settle
from tests.tui.screens.test_snapshots import Compare, keys
from tests.tui.screens.test_terminal import Tmux, needs_tmux, tmux
from tui.answers.query import Query
from tui.app import CrywolfApp

MODES = ("1", "2", "3", "4", "5")
WRONG = ("Traceback", "could not be", "cannot be answered")
CRYWOLF = Path(sys.executable).parent / "crywolf"
FORBIDDEN = ("\x1b", "\x9b", "\x9d", "\x07")


__all__ = ["tmux"]  # a fixture


def store_of(kind: str, factory: pytest.TempPathFactory) -> tuple[Path, Query]:
    """A store of one of the kinds, and the query that its settings make."""
    if kind == "sample":
        asked = sample_store(factory)
        return asked.database, Query(settings=settings_of(asked.data))
    folder = built_once(factory, f"dashboard-{kind}", BUILDERS[kind])
    return folder / "crywolf.db", Query(settings=settings_of(folder / "data"))


def _week(folder: Path) -> None:
    generate(folder)
    ingest(folder / "crywolf.db", folder / "data")


def _empty(folder: Path) -> None:
    open_writer(folder / "crywolf.db").close()


def _hostile(folder: Path) -> None:
    """Two runs in which every name passes and then fails, with the name as its message; XML forbids some characters."""
    place = folder / "data" / "suite"
    names = [
        "".join(c for c in name if c in "\n\t" or (ord(c) >= 32 and not 0xD800 <= ord(c) < 0xE000))
        for name in HOSTILE_NAMES
    ]
    for number in (1, 2):
        cases = "".join(_case(name, fails=number == 2) for name in names)
        run = place / str(number)
        run.mkdir(parents=True)
        text = f'<testsuite name="s" timestamp="2026-03-0{number}T10:00:00Z">{cases}</testsuite>'
        (run / "report.xml").write_text(text, encoding="utf-8")
    outcomes = ingest(folder / "crywolf.db", folder / "data")
    assert [outcome.counts.tests for outcome in outcomes] == [len(names)] * 2


def _case(name: str, *, fails: bool) -> str:
    failure = f"<failure message={quoteattr(name)}/>" if fails else ""
    return f"<testcase classname={quoteattr(name)} name={quoteattr(name)}>{failure}</testcase>"


BUILDERS: dict[str, Callable[[Path], None]] = {"week": _week, "empty": _empty, "hostile": _hostile}


@pytest.mark.parametrize("kind", ["sample", "week", "empty", "hostile"])
async def test_every_mode_opens_and_goes_in(kind: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Each mode draws its rows, `enter` goes in and `esc` comes back; nothing fails, nothing forbidden is drawn."""
    database, query = store_of(kind, tmp_path_factory)
    app = CrywolfApp(database, query, zone=UTC)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        for mode in MODES:
            for key in (mode, "down", "enter", "escape"):
                await press(pilot, key)
                text = screen_text(app)
                assert not [word for word in WRONG if word in text], text
                assert not [mark for mark in FORBIDDEN if mark in text]
    assert app.return_code in (None, 0)


@pytest.mark.parametrize(
    ("kind", "pressed"),
    [(kind, (mode,) if mode != "1" else ()) for kind in ("sample", "week", "empty", "hostile") for mode in MODES],
    ids=lambda value: "-".join(value) or "1" if isinstance(value, tuple) else value,
)
def test_looks(
    snap_compare: Compare,
    kind: str,
    pressed: tuple[str, ...],
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each mode on real stores looks as it did; the store is named from its own folder, since screens show its path."""
    database, query = store_of(kind, tmp_path_factory)
    monkeypatch.chdir(database.parent)
    app = CrywolfApp(Path(database.name), query, zone=UTC)
    assert snap_compare(app, terminal_size=(80, 24), run_before=keys(*pressed))


@pytest.mark.tmux
@needs_tmux
@pytest.mark.parametrize(
    ("kind", "words"),
    [
        ("sample", ("vault", "ExchangeIT", "payments", "deploys", "3.44.0")),
        ("week", ("regression", "flaky", "red now", "deploys", "changes")),
        ("empty", ("crywolf ingest",) * 5),
        ("hostile", ("undecided", "runs", "services", "deploys", "changes")),
    ],
    ids=["sample", "week", "empty", "hostile"],
)
def test_modes_in_a_terminal(
    tmux: Tmux, kind: str, words: tuple[str, ...], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The command itself, in a terminal of 80 by 24: each digit shows its mode, and q gives the shell back."""
    database, query = store_of(kind, tmp_path_factory)
    folder = query.settings.path.parent if query.settings.path else database.parent
    tmux.type(f"cd {folder} && {CRYWOLF} --db {database}", "Enter")
    if kind != "empty":  # where there is nothing to show, there is no tour
        tmux.wait(lambda text: "esc skips the tour" in text)
        tmux.type("Escape")
        tmux.wait(lambda text: "esc skips the tour" not in text)
    for mode, word in zip(MODES, words, strict=True):
        tmux.wait(lambda text: "1 Triage" in text)
        tmux.type(mode)
        tmux.wait(lambda text, word=word: word.casefold() in text.casefold())  # type: ignore[misc]
    tmux.type("q")
    tmux.wait(lambda text: text.rstrip().endswith("ready>"))


async def test_the_sample_opens_with_its_answer(tmp_path_factory: pytest.TempPathFactory) -> None:
    """The first thing on the screen is how many reds are real; the worst one, its suspect and its owner follow."""
    database, query = store_of("sample", tmp_path_factory)
    app = CrywolfApp(database, query, zone=UTC)
    async with app.run_test(size=(120, 30)) as pilot:
        await settle(pilot)
        lines = screen_text(app).splitlines()
    assert lines[1].split()[:2] == ["2", "real"]
    first = next(line for line in lines if "regression" in line)
    assert "vault" in first
    assert any("suspect: tills" in line for line in lines)


async def test_an_empty_store_names_the_next_command(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Without any report the dashboard says how to bring one in."""
    database, query = store_of("empty", tmp_path_factory)
    app = CrywolfApp(database, query, zone=UTC)
    async with app.run_test(size=(80, 24)) as pilot:
        await settle(pilot)
        assert "crywolf ingest" in screen_text(app)
