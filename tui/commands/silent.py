"""`crywolf silent`: what is not tested any more, without anything being red."""

from __future__ import annotations

import click

from tui.answers.query import Query
from tui.answers.silent import SilentAnswer, SilentRow, Subset, answer_silent
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.silent_document import silent_document
from tui.output import DASH, print_table, write_json
from tui.present import count, owners_text, scope_text
from tui.times import minute
from tui.widgets.pieces import plain


@click.command("silent")
@reading
@click.pass_context
def silent_command(ctx: click.Context, query: Query, as_json: bool) -> None:
    """Tests that are skipped for long, vanished from the reports, or run in other environments only.

    Looks 90 days back, or from --since on where that is longer.
    """
    with reader(ctx) as connection:
        answer = answer_silent(connection, query)
    if as_json:
        write_json(silent_document(answer))
    else:
        _print(answer)


def _print(answer: SilentAnswer) -> None:
    """The table, or that there is none; what runs a choice of tests is said beside."""
    for one in answer.subsets:
        click.echo(f"note: {subset_sentence(one)}", err=True)
    if answer.window is None:
        click.echo("no run is in the store: crywolf ingest PATH", err=True)
    elif not answer.rows:
        looked = f"{count(answer.tests, 'test')} since {minute(answer.since_ms)}"
        click.echo(f"nothing was lost silently, of {looked} UTC", err=True)
    else:
        headers = ("test", "lost", "stream", "owner", "since (UTC)", "runs", "why", "flows")
        print_table(headers, map(_cells, answer.rows), numeric=(5,))


def subset_sentence(one: Subset) -> str:
    """That an environment is taken to run a choice."""
    return f"{scope_text(one.scope)} runs {one.tests:,} of the {one.of:,} tests that run elsewhere: taken as a choice"


def _cells(row: SilentRow) -> tuple[str, ...]:
    why = row.reason or (f"runs in {', '.join(row.runs_in)}" if row.runs_in else DASH)
    return (
        row.case.identity,
        row.kind.value,
        scope_text(row.scope),
        owners_text(row.owners) or "unowned",
        minute(row.since_ms),
        str(row.missed),
        " ".join(plain(why).split()),
        ", ".join(row.flows) or DASH,
    )
