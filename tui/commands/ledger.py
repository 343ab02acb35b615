"""`crywolf ledger`: which alarms were worth it, test by test, and which were waved through wrongly."""

from __future__ import annotations

import click

from analysis.ledger import LedgerCounts
from tui.answers.ledger import LedgerAnswer, LedgerRow, answer_ledger
from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.ledger_document import ledger_document
from tui.output import DASH, print_table, write_json
from tui.present import change_word, duration, interval, owners_text, scope_text
from tui.times import minute

_COUNTED = ("alarms", "confirmed", "precision", "inferred", "precision", "undecided", "lost")
BY = ("test", "suite", "team", "service", "waivers")


@click.command("ledger")
@click.option("--by", type=click.Choice(BY), default=BY[0], help="What a row stands for, or the waiver audit.")
@reading
@click.pass_context
def ledger_command(ctx: click.Context, query: Query, as_json: bool, by: str) -> None:
    """How often each test was red for a real reason, and how often it cried wolf.

    An alarm is an unbroken red stretch in a baseline stream. What people said of it counts; what could only be
    inferred stands apart; both as real / cried wolf / environment. `--by waivers` lists what was called flaky or
    environment and yet was healed by a change.
    """
    with reader(ctx) as connection:
        answer = answer_ledger(connection, query)
    if as_json:
        write_json(ledger_document(answer))
    else:
        _print(answer, by)


def _print(answer: LedgerAnswer, by: str) -> None:
    """One table, or why there is none."""
    from tui.commands.said import pruned_note, window_sentence

    for note in pruned_note(answer.window):
        click.echo(f"note: {note}", err=True)
    if not answer.rows:
        click.echo(f"no test was red, {window_sentence(answer.window)}", err=True)
    elif by == "waivers":
        _print_waivers(answer)
    elif by == "test":
        print_table(("test", "stream", "owner", *_COUNTED), map(_row, answer.rows), numeric=range(3, 10))
    else:
        sums = {"suite": answer.suites, "team": answer.teams, "service": answer.services}[by]
        name_of = owners_text if by == "team" else ", ".join
        rows = ((name_of((one.name,)), str(one.tests), *counted(one.counts)) for one in sums)
        print_table((by, "tests", *_COUNTED), rows, numeric=range(1, 9))


def _row(row: LedgerRow) -> tuple[str, ...]:
    where = (row.case.identity, scope_text(row.scope), owners_text(row.owners) or "unowned")
    return (*where, *counted(row.counts))


def counted(counts: LedgerCounts) -> tuple[str, ...]:
    """The numbers of a ledger, in the order of the headers."""
    return (
        str(counts.alarms),
        f"{counts.said_real}/{counts.said_wolf}/{counts.said_environment}",
        interval(counts.precision),
        f"{counts.inferred_real}/{counts.inferred_wolf}/{counts.inferred_environment}",
        interval(counts.inferred_precision),
        str(counts.undecided),
        duration(counts.lost_seconds * 1000) if counts.lost_seconds else DASH,
    )


def _print_waivers(answer: LedgerAnswer) -> None:
    """What was called flaky or environment, and what healed it."""
    rows = [
        (
            row.case.identity,
            scope_text(row.scope),
            f"{alarm.said.verdict.value} by {alarm.said.actor}",
            minute(alarm.first.started_ms),
            str(alarm.red_runs),
            change_word(alarm.healed_by),
        )
        for row in answer.rows
        for alarm in row.alarms
        if alarm.is_waived_wrongly and alarm.said and alarm.healed_by
    ]
    if rows:
        print_table(("test", "stream", "called", "red since", "red runs", "healed by"), rows, numeric=(4,))
    else:
        click.echo("nothing that was called flaky or environment was healed by a change", err=True)
