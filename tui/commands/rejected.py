"""`crywolf rejected`: which inputs were refused, and why; show, read again, export, forget."""

from __future__ import annotations

from pathlib import Path

import click

from tui.answers.rejected import RefusedRow, list_refused, pick_refused, show_refused
from tui.commands.opening import place_of, reader
from tui.commands.options import json_option
from tui.exit_codes import REFUSED
from tui.exports.documents import refused_json, rejected_document, retried_document
from tui.output import print_table, write_json
from tui.times import minute
from tui.version import version


@click.command("rejected")
@click.argument("which", nargs=-1, metavar="[WHICH]...")
@click.option("--retry", "action", flag_value="retry", help="Read them again, with this version's parsers.")
@click.option("--forget", "action", flag_value="forget", help="Take them off the list; with --all: everything.")
@click.option(
    "--export", "target", metavar="DEST", type=click.Path(path_type=Path), help="Copy them to a new folder or .tar.gz."
)
@click.option("--all", "is_all", is_flag=True, help="All refused files, for --forget.")
@json_option
@click.pass_context
def rejected_command(
    ctx: click.Context, which: tuple[str, ...], action: str | None, target: Path | None, is_all: bool, as_json: bool
) -> None:
    """Every refused file with its place and reason, newest first; or all about some of them.

    WHICH is a number of the list, the beginning of a digest, or any unambiguous part of a path. Exit code 3: files
    that were read again were refused again.
    """
    if action is not None and target is not None:
        raise click.UsageError("--retry, --forget and --export exclude each other")
    if action == "retry":
        _retry(ctx, which, as_json)
    elif action == "forget":
        _forget(ctx, which, is_all)
    elif target is not None:
        _export(ctx, which, target, as_json)
    elif which:
        _show(ctx, which, as_json)
    else:
        _list(ctx, as_json)


def _list(ctx: click.Context, as_json: bool) -> None:
    """The table of all."""
    with reader(ctx) as connection:
        rows = list_refused(connection)
    if as_json:
        write_json(rejected_document(rows))
    elif rows:
        print_table(("#", "file", "reason", "times", "last seen (UTC)"), map(_cells, rows), numeric=(0, 3))
        older = sum(row.version not in ("", version()) for row in rows)
        if older:
            click.echo(f"{older:,} of them by another version of crywolf: `crywolf rejected --retry`", err=True)
    else:
        click.echo("no file is refused", err=True)


def _cells(row: RefusedRow) -> tuple[str, ...]:
    """One line of the table."""
    return str(row.number), _place(row), row.reason, str(row.attempts), minute(row.last_seen_ms)


def _place(row: RefusedRow) -> str:
    """Path, line and column."""
    column = f":{row.column}" if row.column else ""
    return f"{row.path}:{row.line}{column}" if row.line else row.path


def _show(ctx: click.Context, which: tuple[str, ...], as_json: bool) -> None:
    """All about some."""
    with reader(ctx) as connection:
        rows = show_refused(connection, which)
    if as_json:
        write_json({"rejected": [refused_json(row) for row in rows]})
        return
    for row in rows:
        times = "once" if row.attempts == 1 else f"{row.attempts:,} times"
        click.echo(f"{row.number}  {_place(row)}")
        click.echo(f"  refused   {row.reason}")
        click.echo(f"  seen      {times}, first {minute(row.first_seen_ms)}, last {minute(row.last_seen_ms)} UTC")
        click.echo(f"  size      {row.size_bytes:,} bytes" + (f", taken for {row.format}" if row.format else ""))
        if row.digest:
            click.echo(f"  sha256    {row.digest}")
        if row.version:
            click.echo(f"  read by   crywolf {row.version}")
        for line in row.excerpt.splitlines():
            click.echo(f"  {line}")


def _retry(ctx: click.Context, which: tuple[str, ...], as_json: bool) -> None:
    """Read some again and say what changed."""
    from tui.answers.keeping import keep_triage
    from tui.answers.query import Query
    from tui.answers.retrying import retry

    place = place_of(ctx)
    with reader(ctx) as connection:
        rows = pick_refused(connection, which)
    done = retry(place.database, place.settings, rows, version())
    if any(one.is_in for one in done):
        keep_triage(place.database, Query(settings=place.settings))
    if as_json:
        write_json(retried_document(done))
    else:
        for one in done:
            click.echo(f"{one.number}  {one.path}: {one.sentence()}")
        count = sum(one.is_in for one in done)
        click.echo(f"{len(done):,} refused before: {count:,} in now, {len(done) - count:,} not", err=True)
    if any(one.is_refused for one in done):
        ctx.exit(REFUSED)


def _export(ctx: click.Context, which: tuple[str, ...], target: Path, as_json: bool) -> None:
    """Copy some for a bug report."""
    from tui.exports.refused_files import export_refused, exported_document

    with reader(ctx) as connection:
        rows = pick_refused(connection, which)
    try:
        done = export_refused(rows, target)
    except OSError as problem:
        raise click.UsageError(f"{target} cannot be written: {problem.strerror or problem}") from problem
    copied = len({one.copy for one in done if one.copy})
    if as_json:
        write_json(exported_document(done))
    click.echo(f"{target}: {copied:,} files copied, {len(done):,} described in rejected.json", err=True)
    if copied:
        click.echo("the copies are as they were written: look for secrets before you share them", err=True)


def _forget(ctx: click.Context, which: tuple[str, ...], is_all: bool) -> None:
    """Take some off the list."""
    from tui.answers.retrying import forget

    if bool(which) == is_all:
        raise click.UsageError("say which, or --all")
    with reader(ctx) as connection:
        rows = pick_refused(connection, which)
    forget(place_of(ctx).database, rows)
    click.echo(f"{len(rows):,} refused {'file' if len(rows) == 1 else 'files'} forgotten", err=True)
