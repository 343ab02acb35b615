"""The first picture of the dashboard, drawn before Textual is imported: the Triage answer that the last writer kept.

It is the picture that the dashboard then draws itself, line by line (a test compares them), so that taking over changes
nothing that is seen. Keys typed meanwhile are not echoed; they wait in the terminal until the dashboard reads them.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TextIO

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.style import Style

from tui.colours import Scheme
from tui.screens import argument, incident_rows
from tui.widgets.columns import place, row_line
from tui.widgets.palettes import palette
from tui.widgets.pieces import Line, Piece, clip_line, ends, ends_of
from tui.widgets.tabs import scope_beside, shown_modes, tabs

if TYPE_CHECKING:
    from tui.answers.triage import TriageAnswer
    from tui.remembered import Remembered
    from tui.screens.context import ViewContext

Ground = str
"""What a line stands on: `background`, `panel` or `cursor`."""
FrameLine = tuple[Ground, Line]

LIST_SHARE = 48
"""Percent of the body that the list may take, as in `triage.tcss`."""
ALTERNATE, HIDE_CURSOR, LEAVE = "\x1b[?1049h", "\x1b[?25l", "\x1b[?1049l\x1b[?25h"


def opens_on_triage(remembered: Remembered) -> bool:
    """Whether the dashboard opens with the list of all incidents, in its own order: else there is no frame to draw."""
    arranged = remembered.of("triage")
    return remembered.mode in ("", "triage") and not (arranged.filter or arranged.sort or arranged.columns)


def frame(answer: TriageAnswer, context: ViewContext, width: int, height: int) -> list[FrameLine]:
    """The lines of the first screen at a size in cells, without scroll bars and without the keys at the bottom."""
    modes = shown_modes(is_watching=bool(context.watched))
    words = context.scope_words(answer.window)
    left = tabs(modes, "triage", width - 2, cell_len(words) + 2)
    scope = scope_beside(left, words, context.glyphs.dot, width - 2)
    counted, *looked_at = incident_rows.summary(answer, context)
    lines: list[FrameLine] = [
        ("panel", _padded(ends(left, scope, width - 2))),
        ("background", _padded(ends_of(counted, looked_at, width - 2))),
        ("background", (Piece(context.glyphs.rule * width, "rule"),)),
    ]
    room = height - len(lines) - 1
    blank = incident_rows.blank(answer, context, width - 3)
    if blank is not None:
        lines += [("background", _padded(one)) for one in blank[:room]]
    else:
        lines += _incidents(answer, context, width, room)
    lines += [("background", ())] * (height - 1 - len(lines))
    return [*lines[: height - 1], ("panel", ())]


def _incidents(answer: TriageAnswer, context: ViewContext, width: int, room: int) -> list[FrameLine]:
    """The list, and the argument for its first row."""
    listed = min(len(answer.incidents) + 2, room * LIST_SHARE // 100)
    wanted = context.remembered.of("triage").selected
    chosen = next((n for n, one in enumerate(answer.incidents) if one.incident_id == wanted), 0)
    top = max(chosen - listed + 2, 0)
    widths = place(incident_rows.COLUMNS, width - 3)
    ellipsis = context.glyphs.ellipsis
    header = [column.heading for column in incident_rows.COLUMNS]
    lines: list[FrameLine] = [
        ("background", _toned(row_line(header, incident_rows.COLUMNS, widths, Piece("  "), ellipsis), "muted"))
    ]
    for index, incident in enumerate(answer.incidents[top : top + listed - 1], top - chosen):
        now_ms = answer.health.now_ms or incident.since_ms
        row = incident_rows.cells(incident, now_ms, context.glyphs)
        mark = Piece("  ") if index else Piece(f"{context.glyphs.cursor} ", "accent")
        pieces = row_line(row, incident_rows.COLUMNS, widths, mark, ellipsis)
        lines.append(("background" if index else "cursor", pieces))
    lines += [("background", ())] * (listed - len(lines))
    first = answer.incidents[chosen]
    argued = argument.argument(first, answer.health.now_ms or first.since_ms, context, width - 3)
    lines.append(("background", (Piece(context.glyphs.rule * width, "rule"),)))
    foot = _session(answer, context, width)
    lines += [("background", _padded(one)) for one in argued[: room - len(lines) - len(foot)]]
    return lines + [("background", ())] * (room - len(lines) - len(foot)) + foot


def _session(answer: TriageAnswer, context: ViewContext, width: int) -> list[FrameLine]:
    """The session on call at the bottom, while one goes on."""
    if answer.session is None:
        return []
    left, right = incident_rows.session_line(answer.session, answer.health.now_ms, context, width)
    return [("panel", _padded(ends(left, right, width - 2)))]


def _padded(pieces: Line) -> Line:
    return (Piece(" "), *pieces)


def _toned(pieces: Line, tone: str) -> Line:
    return tuple(Piece(text, tone) for text, _ in pieces)


def drawn(lines: Sequence[FrameLine], scheme: Scheme, width: int, colours: ColorSystem | None) -> str:
    """Lines as text for a terminal, each at its place and as wide as the screen; no colours with None."""
    grounds = {
        "background": scheme.background,
        "panel": scheme.panel,
        "cursor": scheme.variables["cursor-row"],
    }
    styles = palette(scheme.variables) | {"rule": Style(color=scheme.variables["rule"])}
    parts = []
    for number, (ground, pieces) in enumerate(lines, 1):
        base = Style(color=scheme.foreground, bgcolor=grounds[ground])
        full = ends(clip_line(pieces, width), (), width)
        texts = [(base + styles[tone]).render(text, color_system=colours) for text, tone in full]
        parts.append(f"\x1b[{number};1H" + "".join(texts))
    return "".join(parts)


def color_system(environ: dict[str, str]) -> ColorSystem | None:
    """How many colours a terminal has, by the variables that rich goes by as well; None where colours are unwanted."""
    if "NO_COLOR" in environ:
        return None
    if environ.get("COLORTERM", "").strip().lower() in ("truecolor", "24bit"):
        return ColorSystem.TRUECOLOR
    term = environ.get("TERM", "").strip().lower()
    return ColorSystem.EIGHT_BIT if term.endswith("256color") else ColorSystem.STANDARD


class Handover:
    """Whether the first frame is on the screen, and nobody has taken over yet."""

    def __init__(self) -> None:
        self.is_open = False

    def swallows(self, data: str) -> bool:
        """Whether a sequence would only take the first frame away: entering the screen that it is on, once."""
        if self.is_open and data == ALTERNATE:
            self.is_open = False
            return True
        return False


@contextmanager
def first_frame(answer: TriageAnswer | None, context: ViewContext, scheme: Scheme | None) -> Iterator[Handover]:
    """Shows the first frame of an answer while the block runs; in the end the terminal is as it was.

    Nothing is drawn without an answer, without a scheme of ours, or on a terminal that cannot place text.
    """
    handover = Handover()
    output = sys.__stderr__  # where Textual draws
    is_able = output is not None and output.isatty() and os.environ.get("TERM", "dumb") != "dumb"
    if answer is None or scheme is None or output is None or not is_able:
        yield handover
        return
    with _silent_keys():
        width, height = shutil.get_terminal_size()
        lines = frame(answer, context, width, height)
        output.write(ALTERNATE + HIDE_CURSOR + drawn(lines, scheme, width, color_system(dict(os.environ))))
        output.flush()
        handover.is_open = True
        try:
            yield handover
        finally:
            if handover.is_open:
                _leave(output)


def _leave(output: TextIO) -> None:
    try:
        output.write(LEAVE)
        output.flush()
    except OSError:
        pass  # the terminal is gone


@contextmanager
def _silent_keys() -> Iterator[None]:
    """What is typed is neither echoed nor held back until a line ends."""
    try:
        import termios
    except ImportError:  # no such thing on this system
        yield
        return
    try:
        descriptor = sys.__stdin__.fileno() if sys.__stdin__ else -1
        before = termios.tcgetattr(descriptor)
    except (termios.error, ValueError, OSError):
        yield
        return
    silent = [*before]
    silent[3] = before[3] & ~(termios.ECHO | termios.ICANON)
    termios.tcsetattr(descriptor, termios.TCSANOW, silent)
    try:
        yield
    finally:
        with suppress(termios.error):  # the terminal is gone
            termios.tcsetattr(descriptor, termios.TCSANOW, before)
