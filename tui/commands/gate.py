"""`crywolf gate RUN`: the end of a CI job, red only for what is red for real."""

from __future__ import annotations

import click

from ingest.model import Verdict
from tui.answers.gate import GatedRun, GateRow, answer_gate
from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.commands.said import readable_age
from tui.exit_codes import PROBLEM
from tui.exports.gated import gate_document
from tui.output import DASH, print_table, write_json
from tui.present import UNICODE, count, run_label, scope_text
from tui.widgets.pieces import plain


@click.command("gate")
@click.argument("run")
@click.option("--allow-incomplete", is_flag=True, help="Let a run pass of which not everything is known.")
@reading
@click.pass_context
def gate_command(ctx: click.Context, run: str, allow_incomplete: bool, query: Query, as_json: bool) -> None:
    """Exit with 1 only where a test of RUN is red for real; say why.

    RUN is a run's id, PIPELINE/ID, latest, PIPELINE/latest, or a folder or file that was ingested. Red tests do not
    gate whose verdict is flaky or environment, that are in quarantine, or, before a merge, are red on the baseline as
    well. Undecided ones gate. What cannot be told is a 1, too: a run that is incomplete, without an executed test, or,
    asked for as the latest, stale.
    """
    with reader(ctx) as connection:
        answer = answer_gate(connection, query, run)
    if as_json:
        write_json(gate_document(answer))
    else:
        for one in answer.runs:
            _print(one)
    if any(one.gating for one in answer.runs) or not (answer.passes or allow_incomplete):
        ctx.exit(PROBLEM)


def _print(one: GatedRun) -> None:
    """A run's red tests, and what follows."""
    if one.rows:
        print_table(("gates", "verdict", "test", "stream", "age", "why", "message"), map(_cells, one.rows))
    name = f"{plain(one.run.pipeline)} {run_label(one.run)}"
    if one.gating:
        unclear = sum(row.verdict is Verdict.UNDECIDED for row in one.gating)
        real = len(one.gating) - unclear
        said = [f"{count(real, 'test')} red for real"] if real else []
        said += [f"{count(unclear, 'red test')} undecided"] if unclear else []
        click.echo(f"{name}: {', '.join(said)}")
    elif one.doubts:
        click.echo(f"{name}: cannot tell")
    else:
        noise = f", {count(len(one.rows), 'red test')} that {'does' if len(one.rows) == 1 else 'do'} not gate"
        click.echo(f"{name}: nothing is red for real{noise if one.rows else ''}")
    for doubt in one.doubts:
        click.echo(f"note: {name}: {doubt}", err=True)


def _cells(row: GateRow) -> tuple[str, ...]:
    """One line of the table; the message by its first line."""
    return (
        "yes" if row.gates else "no",
        f"{UNICODE.verdicts[row.verdict]} {row.verdict.value}",
        row.case.identity,
        scope_text(row.scope),
        readable_age(row.age) or DASH,
        row.why,
        row.message.partition("\n")[0],
    )
