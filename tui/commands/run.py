"""`crywolf run RUN`: what a run is, whether it can be believed, what was red in it."""

from __future__ import annotations

import click

from tui.answers.gate import find_named
from tui.answers.query import Query
from tui.answers.run_detail import RunDetail, RunFailure, answer_run
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.detail_documents import runs_detail_document
from tui.output import DASH, print_table, write_json
from tui.present import RESULT_WORDS, change_word, duration, run_label, scope_text
from tui.times import minute
from tui.widgets.pieces import plain


@click.command("run")
@click.argument("run")
@reading
@click.pass_context
def run_command(ctx: click.Context, run: str, query: Query, as_json: bool) -> None:
    """What was red in RUN, what was deployed since the run before it, and which files it was read from.

    RUN is a run's id, PIPELINE/ID, latest, PIPELINE/latest, or a folder or file that was ingested.
    """
    with reader(ctx) as connection:
        found, _ = find_named(connection, query, run)
        details = [answer_run(connection, query, one) for _, one in found]
    if as_json:
        write_json(runs_detail_document(details))
        return
    for number, detail in enumerate(details):
        if number:
            click.echo()
        _print(detail)


def _print(detail: RunDetail) -> None:
    """The run in a few lines, then what failed in it."""
    run, counts = detail.row.run, detail.row.counts
    where = " · ".join(part for part in (run.environment, run.branch, run.trigger and run.trigger.value) if part)
    took = duration(run.ended_ms - run.started_ms) if run.ended_ms else "no end"
    click.echo(f"{plain(run.pipeline)} {run_label(run)}  {plain(where)}  {minute(run.started_ms)} UTC, {took}")
    red = counts.failed + counts.errored
    click.echo(f"{red} red, {counts.flaky} flaky, {counts.passed} passed, {counts.skipped} skipped")
    if run.url:
        click.echo(plain(run.url))
    before = f"{run_label(detail.previous)}, {minute(detail.previous.started_ms)} UTC" if detail.previous else "none"
    changes = ", ".join(f"{change_word(one)} {minute(one.at_ms)[11:]}" for one in detail.changes)
    click.echo(f"run before: {before}; since then: {changes or 'no recorded change'}")
    if detail.failures:
        heads = ("result", "before", "test", "stream", "attempts", "took", "message")
        print_table(heads, map(_cells, detail.failures), numeric=(4, 5))
    for doubt in detail.doubts:
        click.echo(f"note: {run_label(run)}: {doubt}", err=True)
    if detail.is_cut:
        click.echo(f"note: {run_label(run)}: more tests failed than are shown", err=True)


def _cells(one: RunFailure) -> tuple[str, ...]:
    """One line of the table; the message by its first line."""
    return (
        RESULT_WORDS[one.result],
        DASH if one.was_red is None else "red" if one.was_red else "new",
        one.case.identity,
        scope_text(one.scope),
        str(one.attempts),
        duration(one.attempt.duration_ms),
        one.attempt.message.partition("\n")[0],
    )
