"""`crywolf tests`: renamed test cases, recorded and suggested."""

from __future__ import annotations

import shlex

import click

from ingest.clean import clean_line
from tui.answers.query import Query
from tui.answers.renames import RenamesAnswer, answer_renames, list_aliases
from tui.commands.completing import complete_test
from tui.commands.opening import place_of, reader
from tui.commands.options import json_option, reading
from tui.exports.renamed import aliases_document, renames_document
from tui.output import print_table, write_json
from tui.times import minute


@click.group("tests")
def tests_command() -> None:
    """Tests that were renamed or moved: their history, triage and quarantine follow."""


@tests_command.command("alias")
@click.argument("old", required=False, shell_complete=complete_test)
@click.argument("new", required=False, shell_complete=complete_test)
@click.option("--list", "is_list", is_flag=True, help="List what is recorded.")
@click.option("--remove", metavar="OLD", shell_complete=complete_test, help="Take a rename back.")
@click.option(
    "--unseen", is_flag=True, help="Take an identity that no report has held yet: namespace::classname::name."
)
@json_option
@click.pass_context
def alias_command(
    ctx: click.Context,
    old: str | None,
    new: str | None,
    is_list: bool,
    remove: str | None,
    unseen: bool,
    as_json: bool,
) -> None:
    """Have the test OLD continue as NEW.

    All that is known of OLD, and all that comes under its name, is NEW's.

    OLD and NEW are any unambiguous part of a test's identity. Where one report holds both, they stay two tests.
    """
    given = [old is not None, is_list, remove is not None]
    if sum(given) != 1 or (old is not None) != (new is not None):
        raise click.UsageError("give OLD and NEW, or --list, or --remove OLD")
    if remove is not None:
        _remove(ctx, remove)
    elif old is not None and new is not None:
        _record(ctx, old, new, unseen)
    else:
        _list(ctx, as_json)


@tests_command.command("suggest")
@reading
@click.pass_context
def suggest_command(ctx: click.Context, query: Query, as_json: bool) -> None:
    """Renames that may have happened.

    Tests that vanished where others appeared, with how alike they are.

    The score is the mean of what can be compared: name 0.40, class 0.25, shared failure signatures 0.15, file 0.10,
    duration 0.10; each run with neither takes off 0.05. From 0.70 on it is shown; nothing is recorded by itself.
    """
    with reader(ctx) as connection:
        answer = answer_renames(connection, query)
    if as_json:
        write_json(renames_document(answer))
    else:
        _print(answer)


def _record(ctx: click.Context, old: str, new: str, unseen: bool) -> None:
    """Record one rename and say what it does."""
    from tui.answers.aliases import record_alias

    done = record_alias(place_of(ctx).database, old, new, may_be_unseen=unseen)
    if done.shared is not None:
        pipeline, run, count = done.shared
        runs = "1 run" if count == 1 else f"{count:,} runs"
        text = f"both ran in {runs}, the newest {pipeline} {run}: they may be two tests and not one renamed"
        click.echo(f"warning: {text}; `crywolf tests alias --remove` takes it back", err=True)
    said = "continues as" if done.is_new else "continues already as"
    click.echo(f"{done.old.identity} {said} {done.new.identity}")


def _remove(ctx: click.Context, text: str) -> None:
    """Take one rename back."""
    from tui.answers.aliases import remove_alias

    done = remove_alias(place_of(ctx).database, text)
    click.echo(f"{done.old.identity} no longer continues as {done.new.identity}")


def _list(ctx: click.Context, as_json: bool) -> None:
    """Every recorded rename."""
    with reader(ctx) as connection:
        rows = list_aliases(connection)
    if as_json:
        write_json(aliases_document(rows))
    elif rows:
        print_table(("former name", "present name"), [(row.old.identity, row.last.identity) for row in rows])
    else:
        click.echo("no rename is recorded; `crywolf tests suggest` looks for some", err=True)


def _print(answer: RenamesAnswer) -> None:
    """A line a suggestion with what to type, best first."""
    from tui.commands.said import window_sentence

    if not answer.rows:
        click.echo(f"no test vanished where a similar one appeared, {window_sentence(answer.window)}", err=True)
    for row in answer.rows:
        terms = ", ".join(f"{name} {value:.2f}" for name, value in row.terms)
        last, first = row.last_with_old, row.first_with_new
        click.echo(f"{row.score:.2f}  {row.old.identity} -> {row.new.identity}")
        click.echo(f"      {terms}; last in {last.run_id} of {minute(last.started_ms)}, then {first.run_id}")
        names = " ".join(shlex.quote(clean_line(case.identity)) for case in (row.old, row.new))
        click.echo(f"      crywolf tests alias {names}")
