"""The picture that is drawn before Textual is there is the one that the dashboard draws."""

from __future__ import annotations

import os
import pty
import subprocess
import sys
import termios
import threading
from dataclasses import replace
from datetime import UTC
from pathlib import Path

import pytest
from rich.color import ColorSystem

from tests.tui.screens.driving import SIZES, AppMaker, screen_text, settle
from tests.tui.screens.fake_answers import FakeAnswers
from tests.tui.screens.fakes import HEALTH, INCIDENTS
from tests.tui.screens.hostile import HOSTILE
from tests.tui.screens.test_hostile_names import HostileAnswers
from tui.answers.query import Query
from tui.answers.triage import TriageAnswer
from tui.colours import DARK, SCHEMES, Scheme, wanted_theme
from tui.first_frame import Handover, color_system, drawn, first_frame, frame
from tui.present import ASCII, UNICODE
from tui.screens.context import Opening, ViewContext
from tui.widgets.pieces import clip_line, text_of

QUERY = Query(environment="staging", branch="main")
MANY = tuple(replace(INCIDENTS[0], incident_id=f"i-{number:010x}") for number in range(60))


class SlowAnswers(FakeAnswers):
    """Triage is answered when it is told to."""

    def __init__(self) -> None:
        super().__init__()
        self.goes_on = threading.Event()

    def triage(self, query: Query) -> TriageAnswer:
        assert self.goes_on.wait(60)
        return super().triage(query)


def context_of(app_context: ViewContext, *, ascii_only: bool = False) -> ViewContext:
    """A context as `tui.start` makes it."""
    return replace(app_context, glyphs=ASCII if ascii_only else UNICODE, zone=UTC)


def without_bars(line: str, width: int) -> str:
    """A line of the screen without scroll bars: the last column, and block glyphs before a margin."""
    return line.ljust(width)[: width - 1].rstrip(" ▁▂▃▄▅▆▇█")


def kept(answers: FakeAnswers) -> TriageAnswer:
    """What the store would have kept."""
    return answers.triage(QUERY)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    "answers",
    [
        FakeAnswers(),
        FakeAnswers(incidents=MANY),
        FakeAnswers(incidents=(), counts={}),
        FakeAnswers(incidents=(), counts={}, health_now=replace(HEALTH, now_ms=None)),
        HostileAnswers(HOSTILE),
    ],
    ids=["some", "many", "none", "empty", "hostile"],
)
@pytest.mark.parametrize("ascii_only", [False, True], ids=["unicode", "ascii"])
async def test_first_frame_is_what_the_dashboard_draws(
    make_app: AppMaker, answers: FakeAnswers, size: tuple[int, int], ascii_only: bool
) -> None:
    """Line by line the same text, but for scroll bars and the line of keys."""
    app = make_app(answers, ascii_only=ascii_only)
    async with app.run_test(size=size) as pilot:
        await settle(pilot)
        theirs = [without_bars(line, size[0]) for line in screen_text(app).splitlines()[:-1]]
        lines = frame(kept(answers), context_of(app.context, ascii_only=ascii_only), *size)
    ours = [without_bars(text_of(clip_line(pieces, size[0])), size[0]) for _, pieces in lines[:-1]]
    assert ours == theirs


async def test_opening_answer_is_shown_without_asking(make_app: AppMaker) -> None:
    """The first view shows the kept answer at once; it asks only when something has changed."""
    answers = FakeAnswers()
    opening = Opening(kept(answers), version=answers.version())
    answers.asked.clear()
    app = make_app(answers, opening=opening)
    async with app.run_test() as pilot:
        await settle(pilot)
        assert INCIDENTS[0].title[:20] in screen_text(app)
        assert not [asked for asked in answers.asked if asked[0] == "triage"]
        assert app.screen.focused is app.screen.query_one("#incidents")  # the arrows move in it
        await pilot.press("r")
        await settle(pilot)
        assert [asked for asked in answers.asked if asked[0] == "triage"]


async def test_old_opening_is_shown_until_it_is_replaced(make_app: AppMaker) -> None:
    """While a tail writes there is no kept answer of now: the last one is there at once, and says of when it is."""
    answers = SlowAnswers()
    old = replace(FakeAnswers().triage(QUERY), is_old=True)
    app = make_app(answers, opening=Opening(old, version=answers.version()))
    try:
        async with app.run_test(size=(120, 40)) as pilot:
            await pilot.pause()
            seen = screen_text(app)
            assert "reading on" in seen
            assert INCIDENTS[0].title[:20] in seen
            lines = frame(old, context_of(app.context), 120, 40)
            assert without_bars(text_of(clip_line(lines[1][1], 120)), 120) == without_bars(seen.splitlines()[1], 120)
            answers.goes_on.set()
            await settle(pilot)
            assert "reading on" not in screen_text(app)
            assert INCIDENTS[0].title[:20] in screen_text(app)
    finally:
        answers.goes_on.set()


async def test_what_was_written_while_it_opened_is_news(make_app: AppMaker) -> None:
    """A version that differs from the one before the kept answer was read has the view ask again."""
    answers = FakeAnswers()
    app = make_app(answers, opening=Opening(kept(answers), version="an earlier one"))
    answers.asked.clear()
    async with app.run_test() as pilot:
        for _ in range(3000):
            await pilot.pause(0.02)
            if [asked for asked in answers.asked if asked[0] == "triage"]:
                return
    raise AssertionError("the change was not seen")


def test_frame_is_drawn_in_place_with_colours_or_without(make_app: AppMaker) -> None:
    """Every line is put at its place; without colours no colour is sent; foreign text cannot act."""
    context = make_app().context
    lines = frame(kept(HostileAnswers(HOSTILE)), context, 80, 24)
    plain = drawn(lines, DARK, 80, None)
    assert all(f"\x1b[{number};1H" in plain for number in range(1, 25))
    assert "\x1b[38" not in plain
    assert "\x1b[48" not in plain
    assert plain.count("\x1b") == 24
    assert "\x1b[38;2;" in drawn(lines, DARK, 80, ColorSystem.TRUECOLOR) or ";38;2;" in drawn(
        lines, DARK, 80, ColorSystem.TRUECOLOR
    )


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({"NO_COLOR": "1", "COLORTERM": "truecolor"}, None),
        ({"COLORTERM": "truecolor", "TERM": "xterm"}, ColorSystem.TRUECOLOR),
        ({"TERM": "screen-256color"}, ColorSystem.EIGHT_BIT),
        ({"TERM": "linux"}, ColorSystem.STANDARD),
    ],
)
def test_colours_are_those_of_the_terminal(environ: dict[str, str], expected: ColorSystem | None) -> None:
    """By the variables that rich goes by."""
    assert color_system(environ) is expected


def test_handover_swallows_one_change_of_screen() -> None:
    """Only the first, so that coming back from an editor enters the alternate screen again."""
    handover = Handover()
    assert not handover.swallows("\x1b[?1049h")
    handover.is_open = True
    assert not handover.swallows("\x1b[?25l")
    assert handover.swallows("\x1b[?1049h")
    assert not handover.swallows("\x1b[?1049h")


def test_without_a_terminal_nothing_is_drawn(make_app: AppMaker, capfd: pytest.CaptureFixture[str]) -> None:
    """Standard error of a pipe stays clean."""
    with first_frame(kept(FakeAnswers()), make_app().context, DARK) as handover:
        assert not handover.is_open
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("name", "scheme"), [("light", SCHEMES["light"]), ("crywolf-dark", DARK), ("nord", None), ("", DARK)]
)
def test_frame_is_drawn_in_our_themes_only(name: str, scheme: Scheme | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The colours of Textual's own themes are not known before it is imported."""
    monkeypatch.delenv("CRYWOLF_THEME", raising=False)
    assert SCHEMES.get(wanted_theme(name)) is scheme


INTERRUPTED = """
import sys
from pathlib import Path
from tests.tui.screens.fake_answers import FakeAnswers
from tui.answers.query import Query
from tui.colours import DARK
from tui.first_frame import first_frame
from tui.present import UNICODE
from tui.screens.context import ViewContext
answers = FakeAnswers()
context = ViewContext(answers, Query(), UNICODE, Path("x.db"), lambda _: False)
try:
    with first_frame(answers.triage(Query()), context, DARK) as handover:
        assert handover.is_open
        raise KeyboardInterrupt
except KeyboardInterrupt:
    pass
"""


def test_interrupted_before_the_dashboard_is_there(tmp_path: Path) -> None:
    """The terminal gets its screen, its cursor and its echo back."""
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(theirs)
    environ = {**os.environ, "TERM": "xterm-256color"}
    root = Path(__file__).resolve().parents[3]
    command = [sys.executable, "-c", INTERRUPTED]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs, cwd=root, env=environ) as program:
        seen = b""
        while b"\x1b[?1049l" not in seen:
            seen += os.read(ours, 65_536)
        program.wait(60)
    assert seen.index(b"\x1b[?1049h") < seen.index(b"\x1b[?1049l")
    assert b"\x1b[?25h" in seen
    assert termios.tcgetattr(theirs) == before
    os.close(ours)
    os.close(theirs)
