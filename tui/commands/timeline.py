"""`crywolf timeline TEST`: since when a test fails, stream by stream."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from analysis.records import DurationShift, Outage
from tui.answers.query import Query
from tui.answers.test_detail import StreamStrip
from tui.answers.timeline import TestTimeline, answer_timeline
from tui.commands.completing import complete_test
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.documents import timeline_document
from tui.output import print_rich, styled, write_json
from tui.present import UNICODE, duration, interval, run_label, scope_text, strip_line
from tui.times import minute
from tui.widgets.pieces import plain

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command("timeline")
@click.argument("test", shell_complete=complete_test)
@reading
@click.pass_context
def timeline_command(ctx: click.Context, test: str, query: Query, as_json: bool) -> None:
    """The runs of TEST in each stream, oldest first, with the stretches of one failure rate.

    TEST is any unambiguous part of a test's identity.
    """
    with reader(ctx) as connection:
        answer = answer_timeline(connection, query, test)
    if as_json:
        write_json(timeline_document(answer))
    else:
        _print(answer)


def _print(answer: TestTimeline) -> None:
    """One block a stream."""
    from tui.commands.said import pruned_note, window_sentence

    for note in pruned_note(answer.window):
        click.echo(f"note: {note}", err=True)
    print_rich(styled((answer.case.identity, "bold")))
    for case in answer.former:
        print_rich(styled(f"  formerly {case.identity}"))
    if not answer.streams:
        click.echo(f"no baseline run has it, {window_sentence(answer.window)}", err=True)
    for strip in answer.streams:
        print_rich(*_block(strip))


def _block(strip: StreamStrip) -> list[RenderableType]:
    """Scope, strip, stretches and change points of one stream."""
    red = sum(result is not None and result.is_red for result in strip.results)
    ran = sum(result is not None for result in strip.results)
    strip_text = "".join(piece.text for piece in strip_line(strip.results, UNICODE, strip.masked))
    lines: list[RenderableType] = [styled(""), styled((scope_text(strip.scope), "bold"), f"  {red}/{ran} red")]
    lines.append(styled(f"  {strip_text}"))
    if strip.days:
        executed, failed = sum(day.executed for day in strip.days), sum(day.failed for day in strip.days)
        lines.append(styled(f"  before, by day sums: {failed}/{executed} red on {len(strip.days)} days"))
    for segment in strip.segments:
        first, last = strip.runs[segment.start], strip.runs[segment.end - 1]
        lines.append(
            styled(
                f"  {minute(first.started_ms)} to {minute(last.started_ms)}  {interval(segment.rate)} red, "
                f"{segment.rate.k}/{segment.rate.n} runs"
            )
        )
    for point in strip.change_points:
        run = strip.runs[point.at]
        lines.append(
            styled(
                f"  changed at {minute(run.started_ms)} ({run_label(run)}), between {minute(point.low_ms)} and "
                f"{minute(point.high_ms)}"
            )
        )
    lines += [styled(f"  {outage_text(outage)}") for outage in strip.outages]
    return lines + [styled(f"  {_shift_text(strip, shift)}") for shift in strip.duration_shifts]


def outage_text(outage: Outage) -> str:
    """An outage of the stream in one line."""
    end = "not over" if outage.end is None else f"to {minute(outage.end.started_ms)}"
    what = f"tests of {plain(outage.service)}" if outage.service else "everything"
    return f"outage from {minute(outage.start.started_ms)} {end}: {outage.failed.k}/{outage.failed.n} red, of {what}"


def _shift_text(strip: StreamStrip, shift: DurationShift) -> str:
    ratio, word = shift.ratio, "slower" if shift.ratio.estimate > 1 else "faster"
    return (
        f"{word} since {minute(strip.runs[shift.at].started_ms)}: {duration(shift.before_ms)} to"
        f" {duration(shift.after_ms)}, {ratio.estimate:.1f} times ({ratio.low:.1f}-{ratio.high:.1f})"
    )
