"""`crywolf export picture WHAT`: what the dashboard shows, as SVG or PNG."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import query_options

if TYPE_CHECKING:
    from store.connect import Connection
    from tui.colours import Scheme
    from tui.exports.pictures import Picture

WHAT = ("timeline", "test", "services", "graph", "flows")
FORMATS = ("svg", "png")


@click.command("picture")
@click.argument("what", type=click.Choice(WHAT))
@click.argument("name", required=False)
@click.option("--format", "style", type=click.Choice(FORMATS), help="Default: what FILE ends with, else svg.")
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write to this file; else to standard output.",
)
@click.option("--theme", type=click.Choice(("light", "dark")), default="light", show_default=True, help="Colours.")
@query_options
@click.pass_context
def picture_command(
    ctx: click.Context,
    what: str,
    name: str | None,
    style: str | None,
    output: Path | None,
    theme: str,
    query: Query,
) -> None:
    """Draw what the dashboard shows.

    The timeline, a test's runs and durations, services or flows by day, or the service graph.

    NAME is any unambiguous part of a test's identity, for `test`. The timeline is that of the stream with most red
    tests under the filters. PNG needs Pillow: `pipx inject crywolf pillow`.
    """
    if (what == "test") != (name is not None):
        raise click.UsageError("name the test to draw" if what == "test" else f"{what} takes no name")
    from tui import colours

    scheme = colours.LIGHT if theme == "light" else colours.DARK
    with reader(ctx) as connection:
        picture = _draw(connection, query, what, name or "", scheme)
    if picture is None:
        click.echo("there is nothing to draw: no run is in scope, or no flow is named", err=True)
        return
    style = style or (output.suffix.lower().removeprefix(".") if output and output.suffix else "svg")
    if style not in FORMATS:
        raise click.UsageError(f"{output} ends with neither .svg nor .png: say --format")
    _write(picture, style, output)


def _draw(connection: Connection, query: Query, what: str, name: str, scheme: Scheme) -> Picture | None:
    """The picture of an answer; None where there is nothing in it."""
    from tui.exports import drawings

    if what == "test":
        from tui.answers.test_detail import answer_test

        return drawings.test_picture(answer_test(connection, query, name), scheme, _clock)
    if what == "timeline":
        from tui.answers.timeline import answer_cells, answer_grid

        grid = answer_grid(connection, query)
        rows = grid.rows[: drawings.MOST_ROWS]
        columns = range(max(len(grid.runs) - drawings.MOST_COLUMNS, 0), len(grid.runs))
        if not columns:
            return None
        run_rows = grid.run_rows[columns.start :]
        cells = answer_cells(connection, grid.stream_id, run_rows, [row.test_row for row in rows])
        return drawings.timeline_picture(grid, rows, columns, cells, scheme, _clock)
    if what == "flows":
        from tui.answers.flows import answer_flows

        flows = answer_flows(connection, query)
        return drawings.flows_picture(flows, scheme) if flows.flows else None
    from tui.answers.services import answer_services

    services = answer_services(connection, query)
    if not services.services:
        return None
    if what == "services":
        return drawings.services_picture(services, scheme)
    from tui.exports.graph_drawing import graph_picture

    return graph_picture(services.services, scheme)


def _clock(at_ms: int, before_ms: int | None) -> str:
    """A moment in UTC, so that a picture is the same for everybody; the time alone on the day of the one before."""
    from datetime import UTC

    from tui.present import clock

    return clock(at_ms, before_ms if before_ms is not None else at_ms - 86_400_000, UTC)


def _write(picture: Picture, style: str, output: Path | None) -> None:
    from tui.exports.pictures import svg_of

    if style == "png":
        from tui.exports.png import png_of

        data = png_of(picture)
    else:
        data = svg_of(picture).encode()
    if output is None or str(output) == "-":
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
        return
    from tui.exports.files import write_bytes

    try:
        write_bytes(output, data)
    except OSError as problem:
        raise click.FileError(str(output), problem.strerror or str(problem)) from problem
