"""A test case's evidence as lines: whose it is, one strip a stream with its segments, flakes, durations, suspects."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from ingest.model import Tier, Verdict
from tui import present
from tui.screens.alarm_lines import alarm_lines
from tui.screens.argument import deed_lines, hypothesis_lines, onset_lines
from tui.screens.context import ViewContext
from tui.screens.duration_plot import duration_plot
from tui.screens.flake_table import flake_table
from tui.widgets.pieces import Line, Piece, clip_line, ends, fit, joined, line, width_of, wrap_lines

if TYPE_CHECKING:
    from tui.answers.test_detail import ChangePointRow, SegmentRow, StreamStrip, TestDetail

LABEL_MOST = 30
"""Of a screen that is not wide: of such a one, a quarter."""
STRIP_LEAST = 24


def evidence(detail: TestDetail, context: ViewContext, width: int) -> list[Line]:
    """Everything about a test case that needs no table."""
    lines = whose(detail, context, width)
    label_width = min(
        max((width_of(_label(one, context)) for one in detail.streams), default=0),
        max(LABEL_MOST, width // 4),
        width // 3,
    )
    verdicts = _verdicts(detail)
    for stream in detail.streams:
        lines += stream_lines(stream, verdicts.get(stream.scope, ()), detail, context, width, label_width)
    main = main_stream(detail)
    for stream in streams_to_tell(detail, main, lambda one: bool(one.flakes and one.flakes.flaky_runs)):
        lines += flake_table(stream, _name(stream, detail, context), detail.window.now_ms, context, width)
    lines += deed_lines(detail.deeds, detail.window.now_ms, context, width)
    red = detail.suspects
    if red is not None and red.hypotheses:
        lines.append(())
        lines += onset_lines(red.onset, red.between, detail.window.now_ms, context, width)
        lines += hypothesis_lines(red.hypotheses, red.onset, context, width)
    if main is not None:
        lines += alarm_lines(detail, main, context, width)
    for stream in streams_to_tell(detail, main, lambda one: bool(one.duration_shifts)):
        if plot := duration_plot(stream, _name(stream, detail, context), context, width):
            lines += [(), *plot]
    return lines


def main_stream(detail: TestDetail) -> StreamStrip | None:
    """Where it is red, else the first."""
    red = detail.suspects
    found = next((one for one in detail.streams if red and one.scope == red.scope), None)
    return found or next(iter(detail.streams), None)


def streams_to_tell(
    detail: TestDetail, main: StreamStrip | None, is_worth: Callable[[StreamStrip], bool]
) -> list[StreamStrip]:
    """The main stream, and of the others those that have something to tell."""
    return [] if main is None else [main, *(one for one in detail.streams if one is not main and is_worth(one))]


def _name(stream: StreamStrip, detail: TestDetail, context: ViewContext) -> str:
    return present.scope_text(stream.scope, context.glyphs.dot) if len(detail.streams) > 1 else ""


def whose(detail: TestDetail, context: ViewContext, width: int) -> list[Line]:
    """Identity, the three owners and why the first is it, services exercised and how that is known."""
    case, owners = detail.case, detail.owners
    dot = Piece(f" {context.glyphs.dot} ", "muted")
    source = line((f" ({owners.test_source})" if owners.test_source else "", "muted"))
    parts = [(*line(("test: ", "muted")), present.owner_piece(owners.test), *source)]
    for word, who in (("env: ", owners.environment), ("suspect: ", owners.suspect)):
        if who:
            parts.append(line((word, "muted"), present.owners_text(who)))
    identity = line((f"{case.namespace}::{case.classname}::", "muted"), (case.name, "strong"))
    said = [(Piece("owners  ", "muted"), *parts[0]), *parts[1:]]
    return [clip_line(identity, width), *wrap_lines(said, width, dot, 8), *exercised_lines(detail, context, width)]


def exercised_lines(detail: TestDetail, context: ViewContext, width: int) -> list[Line]:
    """Services that it declares, then those that it may reach, nearest first."""
    dot = Piece(f" {context.glyphs.dot} ", "muted")
    if not detail.exercised:
        return [line(("exercises  no service known", "muted"))]
    declared = ", ".join(one.service for one in detail.exercised if one.tier is Tier.DECLARED)
    others = sorted((one.hops, one.service) for one in detail.exercised if one.tier is not Tier.DECLARED)
    reached = ", ".join(service for _, service in others)
    parts = [line(declared, (" (declared)", "muted"))] if declared else []
    parts += [line(reached, (" (by the catalog)", "muted"))] if reached else []
    return wrap_lines([(Piece("exercises  ", "muted"), *parts[0]), *parts[1:]], width, dot, 11)


def _verdicts(detail: TestDetail) -> dict[object, Line]:
    """Verdict and age, stream by stream."""
    red = detail.suspects
    if red is None:
        return {}
    found = [(red.scope, red.verdict, red.age), *red.other_scopes]
    words: dict[object, Line] = {}
    for scope, verdict, age in found:
        if verdict is not Verdict.PASSING:
            tone = present.VERDICT_TONES.get(verdict, "text")
            words[scope] = line(
                (present.VERDICT_WORDS[verdict], tone), (f", {age_words(age, detail.window.now_ms)}", "muted")
            )
    if red.called is not None and red.scope in words:
        words[red.scope] += line((f", {present.called_words(red.called.actor, red.model)}", "muted"))
    return words


def age_words(age: str, now_ms: int) -> str:
    """`since <ISO time>` as a span; other ages as they are.

    >>> age_words("since 2026-11-19T02:20:00Z", 1_795_070_400_000), age_words("first time", 0)
    ('4 h 20', 'first time')
    """
    if not age.startswith("since "):
        return age
    try:
        from datetime import datetime

        at = datetime.fromisoformat(age.removeprefix("since "))
    except ValueError:
        return age
    return present.age(now_ms - round(at.timestamp() * 1000))


def _label(stream: StreamStrip, context: ViewContext) -> Line:
    return line(present.scope_text(stream.scope, context.glyphs.dot))


def stream_lines(
    stream: StreamStrip, verdict: Line, detail: TestDetail, context: ViewContext, width: int, label_width: int
) -> list[Line]:
    """Label, strip and counts; below it each segment's rate under the stretch it describes, and where it changed."""
    label = fit(_label(stream, context), label_width, "left", context.glyphs.ellipsis)
    red = sum(one is not None and one.is_red for one in stream.results)
    known = sum(one is not None for one in stream.results)
    counts = line((f"{present.ratio(red, known)} red", "bad" if verdict else "muted"))
    about = joined([counts, verdict], Piece(f" {context.glyphs.dot} now: ", "muted"))
    room = max(min(width - label_width - width_of(about) - 5, len(stream.results)), 0)
    indent = label_width + 2
    if room < min(STRIP_LEAST, len(stream.results)):
        room = min(len(stream.results), width - 2)
        indent = 2
        first = [ends((*label, Piece("  ")), about, width), (Piece("  "), *_strip(stream, room, context))]
    else:
        first = [(*label, Piece("  "), *_strip(stream, room, context), Piece("   "), *about)]
    return [*first, *segment_lines(stream, room, indent, detail, context, width)]


def _strip(stream: StreamStrip, room: int, context: ViewContext) -> Line:
    start = len(stream.results) - room
    return present.strip_line(stream.results[start:], context.glyphs, stream.masked[start:])


def segment_lines(
    stream: StreamStrip, room: int, indent: int, detail: TestDetail, context: ViewContext, width: int
) -> list[Line]:
    """Brackets under the strip; a single quiet segment needs none."""
    if len(stream.segments) < 2:
        return []
    first = len(stream.results) - room
    brackets = "".join(bracket(one, first, context) for one in stream.segments if one.end > first)
    changes = [_turn(stream, one, detail.window.now_ms, context) for one in stream.change_points[-1:]]
    text = line((" " * indent + brackets, "muted"))
    said = line(("   " + changes[0], "text")) if changes else ()
    if said and width_of(text) + width_of(said) > width:
        return [clip_line(text, width), clip_line((Piece(" " * indent), *said[0:]), width)]
    return [(*text, *said)]


def _turn(stream: StreamStrip, point: ChangePointRow, now_ms: int, context: ViewContext) -> str:
    """When the failure rate changed, the interval for that, and from what to what."""
    at = stream.runs[min(point.at, len(stream.runs) - 1)].started_ms
    low, high = context.clock(point.low_ms, now_ms), context.clock(point.high_ms, now_ms)
    before, after = (present.percent(one.rate.estimate) for one in stream.segments[-2:])
    return f"{before} -> {after} at {context.clock(at, now_ms)} ({low}-{high})"


def bracket(segment: SegmentRow, first: int, context: ViewContext) -> str:
    """One segment's rate between corners, as wide as the stretch it describes."""
    cells = segment.end - max(segment.start, first)
    left, right = context.glyphs.corners
    if cells < 2:
        return right[:cells]
    inner = cells - 2
    short = present.percent(segment.rate.estimate)
    for text in (f" {present.interval(segment.rate)} ", f" {short} ", short):
        if len(text) <= inner:
            return left + text.center(inner, context.glyphs.rule) + right
    return left + context.glyphs.rule * inner + right
