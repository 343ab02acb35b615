"""`crywolf export WHAT --format FORMAT`: summaries for chats, issues and spreadsheets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from tui.answers.flakes import FlakesAnswer, answer_flakes
from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import query_options

FORMATS = ("md", "csv", "json")


@click.group("export")
def export_command() -> None:
    """Write a summary as Markdown, CSV or JSON."""


@export_command.command("flakes")
@click.option(
    "--format", "style", type=click.Choice(FORMATS), default="md", show_default=True, help="How it is written."
)
@click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write to this file; else to standard output.",
)
@query_options
@click.pass_context
def flakes_command(ctx: click.Context, style: str, output: Path | None, query: Query) -> None:
    """Which tests cry wolf, and how often: the rows of `crywolf flakes`."""
    with reader(ctx) as connection:
        answer = answer_flakes(connection, query)
    text = _writer(style)(answer)
    if output is None or str(output) == "-":
        click.echo(text, nl=False)
        return
    from tui.exports.files import write_whole

    try:
        write_whole(output, text)
    except OSError as problem:
        raise click.FileError(str(output), problem.strerror or str(problem)) from problem


def _writer(style: str) -> Callable[[FlakesAnswer], str]:
    """What turns the answer into a format; imported when it is asked for."""
    if style == "md":
        from tui.exports.markdown import flakes_markdown

        return flakes_markdown
    if style == "csv":
        from tui.exports.comma_separated import flakes_csv

        return flakes_csv
    return _json_text


def _json_text(answer: FlakesAnswer) -> str:
    """The same document as `crywolf flakes --json`."""
    from tui.exports.documents import flakes_document
    from tui.output import json_text

    return json_text(flakes_document(answer)) + "\n"
