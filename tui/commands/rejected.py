"""`crywolf rejected`: which inputs were refused, and why."""

from __future__ import annotations

import click

from tui.answers.rejected import RefusedRow, list_refused
from tui.commands.opening import reader
from tui.commands.options import json_option
from tui.exports.documents import rejected_document
from tui.output import print_table, write_json
from tui.times import minute


@click.command("rejected")
@json_option
@click.pass_context
def rejected_command(ctx: click.Context, as_json: bool) -> None:
    """Every refused file with its place and reason, newest first. Mend the file and ingest it again."""
    with reader(ctx) as connection:
        rows = list_refused(connection)
    if as_json:
        write_json(rejected_document(rows))
    elif rows:
        print_table(("#", "file", "reason", "times", "last seen (UTC)"), map(_cells, rows), numeric=(0, 3))
    else:
        click.echo("no file is refused", err=True)


def _cells(row: RefusedRow) -> tuple[str, ...]:
    """One line of the table."""
    place = f"{row.path}:{row.line}" if row.line else row.path
    return str(row.number), place, row.reason, str(row.attempts), minute(row.last_seen_ms)
