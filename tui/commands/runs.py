"""`crywolf runs`: which runs there are, with their results."""

from __future__ import annotations

import click

from tui.answers.query import Query
from tui.answers.runs import RunRow, answer_runs
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.documents import runs_document
from tui.output import DASH, print_table, write_json
from tui.present import short_version
from tui.times import minute


@click.command("runs")
@reading
@click.pass_context
def runs_command(ctx: click.Context, query: Query, as_json: bool) -> None:
    """Runs of all triggers and attempts, newest first; `~` marks an estimated start."""
    with reader(ctx) as connection:
        answer = answer_runs(connection, query)
    if as_json:
        write_json(runs_document(answer))
    elif answer.rows:
        headers = ("start (UTC)", "pipeline", "run", "environment", "branch", "revision", "trigger", "state")
        outcomes = ("passed", "failed", "errored", "flaky", "skipped")
        print_table((*headers, *outcomes), map(_cells, answer.rows), numeric=range(8, 13))
    else:
        from tui.commands.said import window_sentence

        click.echo(f"no runs, {window_sentence(answer.window)}", err=True)


def _cells(row: RunRow) -> tuple[str, ...]:
    """One line of the table."""
    run, counts = row.run, row.counts
    return (
        minute(run.started_ms) + ("~" if row.is_start_estimated else ""),
        run.pipeline,
        run.run_id + (f" #{run.attempt}" if run.attempt > 1 else ""),
        run.environment or DASH,
        run.branch or DASH,
        short_version(run.revision) or DASH,
        run.trigger.value if run.trigger else DASH,
        run.state.value,
        *(str(number) for number in (counts.passed, counts.failed, counts.errored, counts.flaky, counts.skipped)),
    )
