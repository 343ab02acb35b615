"""`crywolf slower`: which tests became slower or faster, since when and by how much."""

from __future__ import annotations

import click

from tui.answers.query import Query
from tui.answers.slower import SlowerAnswer, SlowerRow, answer_slower
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.slower_document import slower_document
from tui.output import print_table, write_json
from tui.present import duration, owners_text, run_label, scope_text
from tui.times import minute


@click.command("slower")
@reading
@click.pass_context
def slower_command(ctx: click.Context, query: Query, as_json: bool) -> None:
    """Tests whose duration shifted by 20 % and half a second at least, those that cost most first.

    Only runs that passed at the first attempt count; the ratio comes with its 95 % interval.
    """
    with reader(ctx) as connection:
        answer = answer_slower(connection, query)
    if as_json:
        write_json(slower_document(answer))
    else:
        _print(answer)


def _print(answer: SlowerAnswer) -> None:
    """The table, or why there is none."""
    from tui.commands.said import window_sentence

    if not answer.rows:
        click.echo(f"no test became slower or faster, {window_sentence(answer.window)}", err=True)
        return
    headers = ("test", "stream", "owner", "before", "after", "ratio", "since", "run")
    print_table(headers, map(_cells, answer.rows), numeric=(3, 4, 5))


def _cells(row: SlowerRow) -> tuple[str, ...]:
    shift, ratio = row.shift, row.shift.ratio
    return (
        row.case.identity,
        scope_text(row.scope),
        owners_text(row.owners) or "unowned",
        duration(shift.before_ms),
        duration(shift.after_ms),
        f"{ratio.estimate:.1f} ({ratio.low:.1f}-{ratio.high:.1f})",
        minute(row.run.started_ms),
        run_label(row.run).removeprefix("run "),
    )
