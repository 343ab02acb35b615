"""The definitions of a flake side by side, each with k of n, its rate and its interval, for one stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from tui import present
from tui.screens.context import ViewContext
from tui.widgets.pieces import Line, Piece, clip_line, fit, line, wrap_lines

if TYPE_CHECKING:
    from analysis.records import Interval, Recent
    from tui.answers.flakes import FlakeRow
    from tui.answers.test_detail import StreamStrip

LABEL, CELL = 10, 11
TREND_WORDS = {"new": "began to flake", "flaky": "flakes since", "recovered": "no flake since"}


class Definition(NamedTuple):
    """One way to count: its name, k of n, rate and interval, each as text."""

    name: str
    of: str
    rate: str
    interval: str
    tone: str = "text"


def definitions(stream: StreamStrip, flakes: FlakeRow) -> list[Definition]:
    """Every definition that the tool knows, also those that could not be observed."""
    counted = flakes.runs - flakes.masked_runs
    found = [_rated("flake rate", (flakes.flaky_runs, counted), flakes.flake_rate, "")]
    found.append(_rated("retry-pass", flakes.retry_pass, flakes.retry_pass_rate, "no retries"))
    found.append(_rated("same code", flakes.same_code, flakes.same_code_rate, "no feed"))
    flips = present.percent(flakes.flip_rate) if flakes.flip_rate is not None else present.DASH
    found.append(Definition("flips", present.ratio(flakes.flips, flakes.flips_of), flips, present.DASH))
    if (lately := flakes.recent_flips) is not None:
        weights = f"{lately.k:.0f}/{lately.n:.0f}"
        found.append(Definition("flips now", weights, present.percent(lately.estimate), _bounds(lately)))
    if stream.segments and flakes.flake_rate is not None:
        now = stream.segments[-1].rate
        found.append(_rated("red now", (now.k, now.n), now, ""))
    return found


def _rated(name: str, of: tuple[int, int] | None, rate: Interval | None, unseen: str) -> Definition:
    """A definition with its interval; in words where it could not be observed."""
    if of is None:
        return Definition(name, unseen, present.DASH, present.DASH, "muted")
    if rate is None:
        return Definition(name, present.ratio(*of), present.DASH, present.DASH)
    return Definition(name, present.ratio(*of), present.percent(rate.estimate), _bounds(rate))


def _bounds(rate: Interval | Recent) -> str:
    return f"{rate.low * 100:.0f}-{rate.high * 100:.0f} %"


def flake_table(stream: StreamStrip, name: str, now_ms: int, context: ViewContext, width: int) -> list[Line]:
    """What is known of the stream, then four lines, a definition a column; a list where there is no room for them.

    Args:
        name: of the stream, where there are several; empty: it needs none.
    """
    flakes = stream.flakes
    if flakes is None:
        return []
    found, dot = definitions(stream, flakes), Piece(f" {context.glyphs.dot} ", "muted")
    about = wrap_lines(_about(flakes, name, now_ms, context), width, dot, LABEL)
    if LABEL + CELL * len(found) > width:
        parts = [line((f"{one.name} ", "muted"), f"{one.of}  {one.rate}  ({one.interval})") for one in found]
        return [*about, *wrap_lines(parts, width, dot)]
    rows: list[Line] = []
    for label, place in (("" if about else "flakes", 0), ("k of n", 1), ("rate", 2), ("95 %", 3)):
        cells = [fit(line((one[place], one.tone if place else "muted")), CELL) for one in found]
        rows.append(
            clip_line((*fit(line((label, "muted")), LABEL), *(piece for cell in cells for piece in cell)), width)
        )
    return [*about, *rows]


def _about(flakes: FlakeRow, name: str, now_ms: int, context: ViewContext) -> list[Line]:
    """The stream, since when it flakes, and what that cost."""
    parts = [line((name, "muted"))] if name else []
    if flakes.trend and flakes.trend_since_ms is not None:
        parts.append(line((f"{TREND_WORDS[flakes.trend]} {context.clock(flakes.trend_since_ms, now_ms)}", "strong")))
    if flakes.lost_seconds:
        parts.append(line((f"{present.duration(flakes.lost_seconds * 1000)} lost", "muted")))
    return [(*fit(line(("flakes", "muted")), LABEL), *parts[0]), *parts[1:]] if parts else []
