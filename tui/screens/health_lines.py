"""What was looked at, in words: beside the answer, and where nothing is red."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui import present
from tui.answers.health import silence_ms
from tui.answers.query import DAY_MS
from tui.screens.context import ViewContext
from tui.widgets.pieces import Line, Piece, hanging, joined, line

if TYPE_CHECKING:
    from tui.answers.health import Health

INDENT = 6
"""Cells before what goes on in another line."""


def health_line(health: Health, context: ViewContext) -> tuple[Line, ...]:
    """`nightly-mobile stale 26 h · 6 pipelines as of 26 Mar 15:14`, then shorter forms of it: doubts must not be cut.

    The time is that of the newest run, from which every age is counted; where there is no room for all, a doubt goes
    before it, and it before the number of pipelines.
    """
    doubtful, dot = doubts(health), Piece(f" {context.glyphs.dot} ", "muted")
    pipelines = present.count(health.pipelines, "pipeline")
    at = _dated(health.now_ms, context) if health.now_ms is not None else ""
    forms = [f"{pipelines} as of {at}", f"as of {at}"] if at else [pipelines]
    forms += [pipelines, ""] if doubtful else [at]
    found = [joined([*doubtful, line((said, "muted"))], dot) for said in forms]
    return (*found, joined(_short_doubts(health), dot)) if doubtful else tuple(found)


def _short_doubts(health: Health) -> list[Line]:
    """How many of each, where there is no room for which."""
    found = (
        (len(health.stale), "stale"),
        (len(health.incomplete), "incomplete"),
        (len(health.unjudged), "not judged"),
        (health.refused_files, "refused"),
    )
    return [line((f"{number:,} {word}", "unowned")) for number, word in found if number]


def doubts(health: Health) -> list[Line]:
    """Why "nothing is red" may not be said; empty when it may."""
    stale = [line((f"{one.pipeline} stale {_hours(one.age_ms)}", "unowned")) for one in health.stale[:2]]
    if len(health.stale) > 2:
        stale.append(line((f"{len(health.stale) - 2} more stale", "unowned")))
    if health.incomplete:
        stale.append(line((present.count(len(health.incomplete), "incomplete run"), "unowned")))
    if health.unjudged:
        stale.append(line((f"{present.count(len(health.unjudged), 'pipeline')} not on the baseline branch", "unowned")))
    stale += [line((one, "unowned")) for one in health.unknown]
    if health.refused_files:
        stale.append(line((f"{present.count(health.refused_files, 'file')} refused", "unowned")))
    return stale


def _hours(span_ms: int) -> str:
    """Ages of pipelines stay in hours for two days: `26 h` says more than `1 d`."""
    hours = span_ms // present.HOUR_MS
    return f"{hours} h" if 1 <= hours < 48 else present.age(span_ms)


def nothing_red(health: Health, context: ViewContext, width: int) -> list[Line]:
    """No incident at all: reassuring only where it may be. Nothing of it is cut at the edge."""
    return [part for one in _nothing_red(health, context) for part in hanging(one, width, INDENT)]


def _nothing_red(health: Health, context: ViewContext) -> list[Line]:
    seen = f"{present.count(health.pipelines, 'pipeline')}, {present.count(health.runs, 'run')}, "
    seen += f"{present.count(health.tests, 'test')}, {present.count(health.results, 'result')}"
    newest = f"newest run {_dated(health.now_ms, context)}" if health.now_ms is not None else ""
    late_ms = silence_ms(health, context.query, int(time.time() * 1000))
    if health.can_tell and late_ms is None:
        passed = next(iter(context.glyphs.results.values()))
        return [
            (),
            line((f"  {passed} Nothing is really red", "good")),
            (),
            line((f"    looked at {seen}", "muted")),
            line((f"    {newest}; every run complete, no file refused, {_punctual(context)}", "muted")),
        ]
    lines = [(), line(("  ? Cannot tell whether anything is really red", "unowned")), ()]
    if late_ms is not None:
        lines.append(line("    nothing has arrived", (f" for {_hours(late_ms)}; {newest}", "muted")))
    for one in health.stale:
        due = f"its cadence is {present.age(one.cadence_ms)}"
        lines.append(line(f"    {one.pipeline}", (f" has not reported for {_hours(one.age_ms)}; {due}", "muted")))
    for run in health.incomplete:
        lines.append(line(f"    {run.pipeline}", (f" {present.run_label(run)} is {run.state}", "muted")))
    for pipeline in health.unjudged:
        why = "has no run of the baseline branch that crywolf.toml names"
        lines.append(line(f"    {pipeline}", (f" {why}; branches: {', '.join(health.branches[:4])}", "muted")))
    lines += [line(f"    {one}") for one in health.unknown]
    if health.refused_files:
        refused = present.count(health.refused_files, "file")
        lines.append(line(f"    {refused} refused  ", ("crywolf rejected", "accent"), (" says why", "muted")))
    lines += [(), line((f"    What did report is not red: {seen}", "muted"))]
    return lines


def _punctual(context: ViewContext) -> str:
    """What is known of pipelines that stopped."""
    if any(one.cadence_s for one in context.query.settings.pipelines):
        return "no pipeline later than its cadence"
    return "but no cadence is set: a pipeline that stopped is not noticed"


def _dated(at_ms: int, context: ViewContext) -> str:
    """A moment with its day: who looks at it in the morning must not take yesterday's for today's."""
    return context.clock(at_ms, at_ms - DAY_MS)
