"""`crywolf changes`: what was deployed, and what failed after it."""

from __future__ import annotations

import click

from store.read.changes import SeenIncident
from tui.answers.changes import ChangeRow, ChangesAnswer, answer_changes
from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.documents import changes_document
from tui.output import DASH, print_table, write_json
from tui.present import probability, run_label, short_version
from tui.times import minute
from tui.widgets.pieces import plain


@click.command("changes")
@click.option(
    "--since-green", is_flag=True, help="From the last green nightly on: a complete scheduled run with nothing red."
)
@reading
@click.pass_context
def changes_command(ctx: click.Context, since_green: bool, query: Query, as_json: bool) -> None:
    """Changes of all services and of the tests, newest first, with the failures that started after each.

    Incidents that other monitors told of stand among them; nothing is concluded from those.
    """
    with reader(ctx) as connection:
        answer = answer_changes(connection, query, since_green=since_green)
    if as_json:
        write_json(changes_document(answer))
        return
    from tui.commands.said import pruned_note, window_sentence

    for note in pruned_note(answer.window):
        click.echo(f"note: {note}", err=True)
    if since_green:
        click.echo(f"note: {green_sentence(answer)}", err=True)
    lines = [(row.change.at_ms, _cells(row)) for row in answer.rows]
    lines += [(note.at_ms, _note_cells(note)) for note in answer.notes]
    if lines:
        heads = ("at (UTC)", "service", "kind", "version", "environment", "red after", "P", "title", "author", "owner")
        lines.sort(key=lambda line: -line[0])
        print_table(heads, [cells for _, cells in lines], numeric=(5, 6))
    else:
        click.echo(f"no changes, {window_sentence(answer.window)}", err=True)


def green_sentence(answer: ChangesAnswer) -> str:
    """Which run the window begins with, or that there is none."""
    if answer.green is None:
        return "no complete run on a schedule was green: these are the changes of the whole window"
    return f"since {run_label(answer.green)} of {plain(answer.green.pipeline)}, {minute(answer.green.started_ms)} UTC"


def _cells(row: ChangeRow) -> tuple[str, ...]:
    """One line of the table."""
    when, *about = change_cells(row)
    whose = row.change.service or ("(tests)" if row.change.target == "test" else DASH)
    return when, whose, *about, row.owner or "unowned"


def change_cells(row: ChangeRow) -> tuple[str, ...]:
    """A change without whose it is: when, kind, version, environment, red after it, suspicion, title, author."""
    change = row.change
    return (
        minute(change.at_ms),
        change.kind.value,
        short_version(change.to_version) or DASH,
        change.environment or "all",
        "pruned" if row.failures_after is None else str(row.failures_after or DASH),
        probability(row.suspicion),
        change.title or DASH,
        change.author or DASH,
    )


def _note_cells(note: SeenIncident) -> tuple[str, ...]:
    """One line of the table for what a monitor told."""
    return (
        minute(note.at_ms),
        note.service or DASH,
        f"incident {note.state}",
        DASH,
        note.environment or "all",
        DASH,
        DASH,
        note.title or note.incident or DASH,
        DASH,
        DASH,
    )
