"""`crywolf prune`: results of old runs go, their sums and what open incidents rest on stay."""

from __future__ import annotations

import click

from store.prune import Pruned, plan_pruning, prune
from store.read.streams import newest_end
from tui.answers.query import DAY_MS, Moment, Query
from tui.commands.opening import place_of, reader
from tui.commands.options import json_option, moment
from tui.output import write_json
from tui.present import count
from tui.times import iso, minute

LEAST_DAYS = 7


@click.command("prune")
@click.option(
    "--older-than", type=moment, required=True, metavar="TIME", help="Such as 180d before the newest run, or ISO-8601."
)
@click.option("--dry-run", is_flag=True, help="Say what would go, change nothing.")
@json_option
@click.pass_context
def prune_command(ctx: click.Context, older_than: Moment, dry_run: bool, as_json: bool) -> None:
    """Remove the results of runs that started before a UTC day, and make the file smaller.

    The last 7 days before the newest run cannot be pruned. Runs with their totals, day sums, the list of read files,
    triage and the results that open incidents rest on stay: rates of those days keep their denominators, a removed
    file that comes again is a duplicate. Other processes may read and write meanwhile. It needs free space for a
    second copy of what stays.
    """
    place = place_of(ctx)
    with reader(ctx) as connection:
        newest = newest_end(connection)
    before_ms = _before(older_than, newest)
    if dry_run:
        done = plan_pruning(place.database, before_ms)
    else:
        from tui.answers.keeping import keep_triage

        query = Query(settings=place.settings)
        keep_triage(place.database, query)
        done = prune(place.database, before_ms)
        keep_triage(place.database, query)
    if as_json:
        write_json({"pruned": _document(done, dry_run)})
    else:
        _tell(done, dry_run)


def _before(older_than: Moment, newest: int | None) -> int:
    """The moment in ms; so far back from the newest run that what is asked every day is left whole."""
    if newest is None:
        raise click.UsageError("the store is empty: there is nothing to prune")
    before_ms = older_than.at_ms if older_than.at_ms is not None else newest - (older_than.back_ms or 0)
    if before_ms > newest - LEAST_DAYS * DAY_MS:
        raise click.UsageError(
            f"--older-than must leave the last {LEAST_DAYS} days before the newest run ({minute(newest)} UTC)"
        )
    return before_ms


def _document(done: Pruned, dry_run: bool) -> dict[str, object]:
    return {
        "dry_run": dry_run,
        "before": iso(done.before_ms),
        "runs": done.runs,
        "results": done.results,
        "kept_results": done.kept_results,
        "open_incidents": done.open_incidents,
        "bytes_before": done.bytes_before,
        "bytes_after": done.bytes_after,
        "note": done.note or None,
    }


def _tell(done: Pruned, dry_run: bool) -> None:
    verb = "would go" if dry_run else "removed"
    results, runs = count(done.results, "result"), count(done.runs, "run")
    click.echo(f"{results} of {runs} before {minute(done.before_ms)} UTC {verb}")
    if done.kept_results:
        incidents = count(done.open_incidents, "open incident")
        click.echo(f"{count(done.kept_results, 'older result')} kept for {incidents}")
    if not dry_run:
        click.echo(f"the file had {done.bytes_before / 1e6:,.1f} MB and has {done.bytes_after / 1e6:,.1f} MB")
    if done.note:
        click.echo(f"note: {done.note}", err=True)
