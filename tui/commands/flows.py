"""`crywolf flows`: how the journeys are that the business lives on."""

from __future__ import annotations

import click

from tui.answers.flows import FlowRow, FlowsAnswer, answer_flows
from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.flows_document import flows_document
from tui.output import DASH, print_table, write_json
from tui.present import UNICODE, VERDICT_WORDS, health_piece, owners_text, ratio
from tui.times import minute
from tui.widgets.pieces import plain

NONE_NAMED = 'no flow is named: add [[flow]] with name and tests = ["*Checkout*"] to crywolf.toml'


@click.command("flows")
@reading
@click.pass_context
def flows_command(ctx: click.Context, query: Query, as_json: bool) -> None:
    """Named business journeys of crywolf.toml, worst first: what is red in each, since when, and whose it is."""
    with reader(ctx) as connection:
        answer = answer_flows(connection, query)
    if as_json:
        write_json(flows_document(answer))
    else:
        _print(answer)


def _print(answer: FlowsAnswer) -> None:
    """The table, or what is missing for one."""
    if not answer.has_any:
        click.echo(NONE_NAMED, err=True)
    elif answer.window is None:
        click.echo("no run is in the store: crywolf ingest PATH", err=True)
    else:
        headers = ("flow", "state", "criticality", "owner", "red", "since (UTC)", "days", "worst")
        print_table(headers, map(_cells, answer.flows), numeric=(2, 4))


def _cells(row: FlowRow) -> tuple[str, ...]:
    worst = row.red[0] if row.red else None
    words = f"{VERDICT_WORDS[worst.verdict]}: {worst.title or worst.case.name}" if worst else DASH
    return (
        row.name,
        row.state.value,
        f"{row.criticality:g}",
        owners_text(row.owners) or "unowned",
        ratio(len({one.case for one in row.red}), row.tests),
        minute(row.since_ms) if row.since_ms is not None else DASH,
        "".join(health_piece(day, UNICODE).text for day in row.days),
        " ".join(plain(words).split()),
    )
