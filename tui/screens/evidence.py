"""A test case's evidence as lines: whose it is, one strip a stream with its segments, flakes, durations, suspects."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median
from typing import TYPE_CHECKING

from ingest.model import Verdict
from tui import present
from tui.screens.argument import deed_lines, hypothesis_lines, onset_lines
from tui.screens.context import ViewContext
from tui.widgets.pieces import Line, Piece, clip_line, ends, fit, joined, line, width_of, wrap_lines

if TYPE_CHECKING:
    from analysis.records import Interval, Recent
    from tui.answers.test_detail import ChangePointRow, SegmentRow, StreamStrip, TestDetail

LABEL_MOST = 30
STRIP_LEAST = 24


def evidence(detail: TestDetail, context: ViewContext, width: int) -> list[Line]:
    """Everything about a test case that needs no table."""
    lines = whose(detail, context, width)
    label_width = min(
        max((width_of(_label(one, context)) for one in detail.streams), default=0), LABEL_MOST, width // 3
    )
    verdicts = _verdicts(detail)
    for stream in detail.streams:
        lines += stream_lines(stream, verdicts.get(stream.scope, ()), detail, context, width, label_width)
    red = detail.suspects
    main = next((one for one in detail.streams if red and one.scope == red.scope), None)
    main = main or (detail.streams[0] if detail.streams else None)
    if main is not None:
        lines += flake_lines(main, detail.window.now_ms, context, width)
        lines += ledger_lines(detail, main, context, width)
        lines += duration_lines(main, width, context)
    lines += deed_lines(detail.deeds, detail.window.now_ms, context, width)
    if red is not None and red.hypotheses:
        lines.append(())
        lines += onset_lines(red.onset, red.between, detail.window.now_ms, context, width)
        lines += hypothesis_lines(red.hypotheses, red.onset, context, width)
    return lines


def whose(detail: TestDetail, context: ViewContext, width: int) -> list[Line]:
    """Identity, owners with where that comes from, services exercised."""
    case, owners = detail.case, detail.owners
    services = ", ".join(one.service for one in detail.exercised) or "no service known"
    parts = [
        (present.owner_piece(owners.test), *line((f" ({owners.test_source})" if owners.test_source else "", "muted"))),
        line(("exercises ", "muted"), services),
    ]
    identity = line((f"{case.namespace}::{case.classname}::", "muted"), (case.name, "strong"))
    about = joined(parts, Piece(f" {context.glyphs.dot} ", "muted"))
    if width_of(identity) + width_of(about) + 4 <= width:
        return [ends(identity, about, width)]
    return [clip_line(identity, width), *wrap_lines(parts, width, Piece(f" {context.glyphs.dot} ", "muted"))]


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


def flake_lines(stream: StreamStrip, now_ms: int, context: ViewContext, width: int) -> list[Line]:
    """The definitions of a flake side by side, each with k/n, and how often it fails now; what is unknown says so."""
    flakes = stream.flakes
    if flakes is None:
        return []
    retry = present.ratio(*flakes.retry_pass) if flakes.retry_pass else "retries not observed"
    same = present.ratio(*flakes.same_code) if flakes.same_code else "no change feed"
    parts = [
        line(("flake rate ", "muted"), present.interval(flakes.flake_rate)),
        line(("retry-pass ", "muted"), retry),
        line(("same code ", "muted"), same),
        line(("flips ", "muted"), present.ratio(flakes.flips, flakes.flips_of)),
    ]
    if stream.segments and flakes.flake_rate is not None:
        rate = stream.segments[-1].rate
        parts.insert(1, line(("red now ", "muted"), f"{present.interval(rate)} {present.ratio(rate.k, rate.n)}"))
    if flakes.recent_flips is not None:
        parts.append(line(("lately flips ", "muted"), _share(flakes.recent_flips)))
    if flakes.trend and flakes.trend_since_ms is not None:
        parts.append(line((f"{_TREND_WORDS[flakes.trend]} {context.clock(flakes.trend_since_ms, now_ms)}", "strong")))
    if flakes.lost_seconds:
        parts.append(line((f"{present.duration(flakes.lost_seconds * 1000)} lost", "muted")))
    return wrap_lines(parts, width, Piece(f" {context.glyphs.dot} ", "muted"))


_TREND_WORDS = {"new": "began to flake", "flaky": "flakes since", "recovered": "no flake since"}


def _share(share: Recent) -> str:
    return f"{present.percent(share.estimate)} ({share.low * 100:.0f}-{share.high * 100:.0f} %)"


def ledger_lines(detail: TestDetail, stream: StreamStrip, context: ViewContext, width: int) -> list[Line]:
    """How often its alarms were worth it: what people said first, what was inferred apart."""
    row = next((one for one in detail.ledger if one.scope == stream.scope), None)
    if row is None or not row.alarms:
        return []
    counts = row.counts
    said = (counts.said_real, counts.said_wolf, counts.said_environment)
    inferred = (counts.inferred_real, counts.inferred_wolf, counts.inferred_environment)
    parts = [
        line(("alarms ", "muted"), f"{counts.alarms} in {detail.ledger_days} d"),
        line(("confirmed ", "muted"), *_labels(said, counts.precision)),
        line(("inferred ", "muted"), *_labels(inferred, counts.inferred_precision)),
    ]
    if counts.undecided:
        parts.append(line((f"{counts.undecided} undecided", "muted")))
    if any(alarm.is_waived_wrongly for alarm in row.alarms):
        parts.append(line(("called no real alarm, yet healed by a change", "bad")))
    return wrap_lines(parts, width, Piece(f" {context.glyphs.dot} ", "muted"))


def _labels(numbers: tuple[int, int, int], precision: Interval | None) -> list[str]:
    """Real, cried wolf and environment, with the precision of the alarms."""
    words = zip(numbers, ("real", "cried wolf", "environment"), strict=True)
    text = ", ".join(f"{number} {word}" for number, word in words if number) or "none"
    return [text if precision is None else f"{text}: {present.interval(precision)}"]


def duration_lines(stream: StreamStrip, width: int, context: ViewContext) -> list[Line]:
    """How long it takes, and whether that changed where its outcome did."""
    known = [one for one in stream.durations_ms if one is not None]
    if len(known) < 2:
        return []
    points = [one.at for one in stream.change_points]
    text = f"p50 {present.duration(median(known))}"
    if points:
        before = [one for one in stream.durations_ms[: points[-1]] if one is not None]
        after = [one for one in stream.durations_ms[points[-1] :] if one is not None]
        if before and after:
            since = context.clock(stream.runs[points[-1]].started_ms, stream.runs[-1].started_ms)
            text = f"p50 {present.duration(median(before))} -> {present.duration(median(after))} since {since}"
    for shift in stream.duration_shifts[-1:]:
        since = context.clock(stream.runs[shift.at].started_ms, stream.runs[-1].started_ms)
        took = f"p50 {present.duration(shift.before_ms)} -> {present.duration(shift.after_ms)} since {since}"
        text = f"{took}, {shift.ratio.estimate:.1f} times ({shift.ratio.low:.1f}-{shift.ratio.high:.1f})"
    room = min(len(stream.durations_ms), max(width - 14 - len(text), 8))
    spark = present.sparkline(_last(stream.durations_ms, room), context.glyphs)
    return [line(("duration   ", "muted"), spark, ("  " + text, "muted"))]


def _last(values: Sequence[int | None], number: int) -> Sequence[int | None]:
    return values[len(values) - number :] if number < len(values) else values
