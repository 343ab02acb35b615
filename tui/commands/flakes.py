"""`crywolf flakes`: which tests cry wolf, and how often."""

from __future__ import annotations

import click

from tui.answers.flakes import SORTS, FlakeRow, FlakesAnswer, LostTime, answer_flakes, by_cost
from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.documents import flakes_document
from tui.output import DASH, print_table, write_json
from tui.present import duration, interval, owners_text, ratio, scope_text


@click.command("flakes")
@click.option("--sort", "order", type=click.Choice(SORTS), default=SORTS[0], help="By flake rate, or by time lost.")
@reading
@click.pass_context
def flakes_command(ctx: click.Context, query: Query, as_json: bool, order: str) -> None:
    """Every test with a failed or flaky run in the window, a row a stream.

    The flake rate is the share of runs with a flake, with its 95 % interval; retry-pass and same-code flakes are
    counted apart. "red now" is the failure rate since it last changed. A dash means not enough data (fewer than 5
    runs), or that it could not be observed.
    """
    with reader(ctx) as connection:
        answer = answer_flakes(connection, query)
    if order == "cost":
        answer = by_cost(answer)
    if as_json:
        write_json(flakes_document(answer))
    else:
        _print(answer)


def _print(answer: FlakesAnswer) -> None:
    """The table, or why there is none."""
    from tui.commands.said import pruned_note, window_sentence

    for note in pruned_note(answer.window):
        click.echo(f"note: {note}", err=True)
    if not answer.rows:
        click.echo(f"no test failed or flaked, {window_sentence(answer.window)}", err=True)
        return
    headers = (
        "test",
        "stream",
        "owner",
        "flaky",
        "rate",
        "red",
        "red now",
        "retry-pass",
        "same code",
        "flips",
        "lost",
        "trend",
        "verdict",
    )
    print_table(headers, map(_cells, answer.rows), numeric=(3, 4, 5, 6, 7, 8, 9, 10))
    if answer.lost is not None:
        click.echo(_lost(answer.lost), err=True)


def _lost(lost: LostTime) -> str:
    """What flakes cost, in one line."""
    builds = f"{lost.red_builds} of {lost.of_builds} red runs were red by flakes alone"
    if lost.red_builds_s:
        builds += f", {duration(lost.red_builds_s * 1000)} of runs"
    return f"lost to flakes: {duration(lost.attempts_s * 1000)} of attempts; {builds}"


def _cells(row: FlakeRow) -> tuple[str, ...]:
    """One line of the table."""
    return (
        row.case.identity,
        scope_text(row.scope),
        owners_text(row.owners) or "unowned",
        ratio(row.flaky_runs, row.counted_runs),
        interval(row.flake_rate),
        ratio(row.failed_runs, row.runs),
        interval(row.segment.failure_rate) if row.segment else DASH,
        ratio(*row.retry_pass) if row.retry_pass else DASH,
        ratio(*row.same_code) if row.same_code else DASH,
        ratio(row.flips, row.flips_of),
        duration(row.lost_seconds * 1000) if row.lost_seconds else DASH,
        row.trend or DASH,
        row.verdict.value,
    )
