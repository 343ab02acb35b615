"""`crywolf dashboard`: opens the dashboard, tailing folders if given."""

from __future__ import annotations

import os
from pathlib import Path

import click

from tui.answers.query import Query
from tui.commands.opening import place_of
from tui.commands.options import query_options
from tui.output import has_screen


@click.command("dashboard")
@click.option(
    "--watch",
    multiple=True,
    metavar="DIR",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Follow this folder while the dashboard is open. Repeatable.",
)
@click.option("--poll", is_flag=True, help="Follow by listing only: for network and container file systems.")
@click.option("--ascii", "ascii_only", is_flag=True, help="Draw with ASCII characters only.")
@click.option("--theme", metavar="NAME", help="Theme to start with.")
@click.option("--read-only", is_flag=True, help="Offer nothing that writes the store.")
@query_options
@click.pass_context
def dashboard_command(
    ctx: click.Context,
    watch: tuple[Path, ...],
    poll: bool,
    ascii_only: bool,
    theme: str | None,
    read_only: bool,
    query: Query,
) -> None:
    """Open the dashboard: what is red, whose it is, since when, what changed, what to do."""
    if watch and read_only:
        raise click.UsageError("--watch writes what arrives into the store: leave --read-only out")
    if poll and not watch:
        raise click.UsageError("--poll says how --watch DIR looks: give --watch too")
    place = place_of(ctx)
    is_in_browser = os.environ.get("TEXTUAL_DRIVER", "").endswith(":WebDriver")
    if not is_in_browser and not has_screen():
        raise click.UsageError(
            "the dashboard needs a terminal; here, try `crywolf failures`, `crywolf flakes` or `crywolf demo --text`"
        )
    from tui.start import run_dashboard

    code = run_dashboard(
        place.database,
        query,
        watch=watch,
        is_polling=poll,
        ascii_only=ascii_only,
        theme=theme,
        is_read_only=read_only,
        is_kept_in_mind=not is_in_browser,
    )
    if code:
        ctx.exit(code)
