"""`crywolf failures`: what is red, and is it real."""

from __future__ import annotations

import click

from analysis.causes import UNKNOWN
from tui.answers.failures import FailureRow, FailuresAnswer, answer_failures
from tui.answers.health import Health, answer_health
from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.commands.said import doubts, nothing_red, pruned_note, readable_age
from tui.exports.documents import failures_document
from tui.output import DASH, print_table, write_json
from tui.present import UNICODE, called_words, owners_text, probability, run_label, scope_text


@click.command("failures")
@reading
@click.pass_context
def failures_command(ctx: click.Context, query: Query, as_json: bool) -> None:
    """Every test whose last complete run in a stream is red, with verdict, age and owner."""
    with reader(ctx) as connection:
        answer = answer_failures(connection, query)
        health = None if as_json else answer_health(connection, query)
    if health is None:
        write_json(failures_document(answer))
    else:
        _print(answer, health)


def _print(answer: FailuresAnswer, health: Health) -> None:
    """The table and what casts doubt on it, or that nothing is red."""
    for note in pruned_note(answer.window):
        click.echo(f"note: {note}", err=True)
    if not answer.rows:
        click.echo(nothing_red(health), err=True)
        return
    headers = ("verdict", "P", "test", "stream", "age", "run", "owner", "incident", "state", "cause", "message")
    print_table(headers, map(_cells, answer.rows))
    for doubt in doubts(health):
        click.echo(f"note: {doubt}", err=True)


def _cells(row: FailureRow) -> tuple[str, ...]:
    """One line of the table; the message by its first line."""
    return (
        f"{UNICODE.verdicts[row.verdict]} {row.verdict.value}",
        probability(None if row.called else row.probability),
        row.case.identity,
        scope_text(row.scope),
        readable_age(row.age),
        run_label(row.run).removeprefix("run "),
        owners_text(row.owners.test) or "unowned",
        row.incident_id or DASH,
        f"{row.state}; {called_words(row.called.actor, row.model)}" if row.called else row.state,
        DASH if row.cause.category == UNKNOWN else row.cause.category,
        row.message.partition("\n")[0],
    )
