"""`crywolf changes`: what was deployed, and what failed after it."""

from __future__ import annotations

import click

from tui.answers.changes import ChangeRow, answer_changes
from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.documents import changes_document
from tui.output import DASH, print_table, write_json
from tui.present import short_version
from tui.times import minute


@click.command("changes")
@reading
@click.pass_context
def changes_command(ctx: click.Context, query: Query, as_json: bool) -> None:
    """Changes of all services and of the tests, newest first, with the failures that started after each."""
    with reader(ctx) as connection:
        answer = answer_changes(connection, query)
    if as_json:
        write_json(changes_document(answer))
        return
    from tui.commands.said import pruned_note, window_sentence

    for note in pruned_note(answer.window):
        click.echo(f"note: {note}", err=True)
    if answer.rows:
        headers = ("at (UTC)", "service", "kind", "version", "environment", "red after", "title", "author", "owner")
        print_table(headers, map(_cells, answer.rows), numeric=(5,))
    else:
        click.echo(f"no changes, {window_sentence(answer.window)}", err=True)


def _cells(row: ChangeRow) -> tuple[str, ...]:
    """One line of the table."""
    change = row.change
    return (
        minute(change.at_ms),
        change.service or ("(tests)" if change.target == "test" else DASH),
        change.kind.value,
        short_version(change.to_version) or DASH,
        change.environment or "all",
        "pruned" if row.failures_after is None else str(row.failures_after or DASH),
        change.title or DASH,
        change.author or DASH,
        row.owner or "unowned",
    )
