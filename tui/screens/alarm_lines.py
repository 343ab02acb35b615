"""The alarm ledger of one test: how often red was worth it, and what each of the newest red stretches was."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui import present
from tui.screens.context import ViewContext
from tui.widgets.pieces import Line, Piece, clip_line, joined, line, wrap_lines

if TYPE_CHECKING:
    from analysis.ledger import Alarm
    from analysis.records import Interval
    from tui.answers.test_detail import StreamStrip, TestDetail

MOST_ALARMS = 5


def alarm_lines(detail: TestDetail, stream: StreamStrip, context: ViewContext, width: int) -> list[Line]:
    """How often its alarms were worth it: what people said first, what was inferred apart; then the newest of them."""
    row = next((one for one in detail.ledger if one.scope == stream.scope), None)
    if row is None or not row.alarms:
        return []
    dot = Piece(f" {context.glyphs.dot} ", "muted")
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
    newest = [_alarm(alarm, detail.window.now_ms, context, width) for alarm in reversed(row.alarms[-MOST_ALARMS:])]
    return [(), *wrap_lines(parts, width, dot), *newest]


def _alarm(alarm: Alarm, now_ms: int, context: ViewContext, width: int) -> Line:
    """From when to when it was red, what that was and who says so, and what ended it."""
    from analysis.ledger import REAL, UNDECIDED  # here: it brings numpy, which the answer's thread has loaded by then

    began = context.clock(alarm.first.started_ms, now_ms)
    span = present.count(alarm.red_runs, "run")
    who = f"said by {alarm.said.actor}" if alarm.said else "inferred"
    if alarm.recovered is None:
        ended = "red still"
    elif alarm.healed_by is not None:
        ended = f"healed by {present.change_word(alarm.healed_by)}"
    else:
        ended = "healed without a change"
    tone = "bad" if alarm.label == REAL else "text"
    label = line((f"{alarm.label}", tone), (f", {who}" if alarm.label != UNDECIDED else "", "muted"))
    facts = [line((f"  {began:>12}  ", "muted"), span), label, line((ended, "muted"))]
    return clip_line(joined(facts, Piece(f" {context.glyphs.dot} ", "muted")), width)


def _labels(numbers: tuple[int, int, int], precision: Interval | None) -> list[str]:
    """Real, cried wolf and environment, with the precision of the alarms."""
    words = zip(numbers, ("real", "cried wolf", "environment"), strict=True)
    text = ", ".join(f"{number} {word}" for number, word in words if number) or "none"
    return [text if precision is None else f"{text}: {present.interval(precision)}"]
