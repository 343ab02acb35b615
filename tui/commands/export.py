"""`crywolf export WHAT --format FORMAT`: summaries for chats, issues and spreadsheets; pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from tui.answers.flakes import FlakesAnswer, answer_flakes
from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import query_options
from tui.commands.picture import picture_command

MARKDOWN = ("md", "markdown")
_output = click.option(
    "-o",
    "--output",
    metavar="FILE",
    type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="Write to this file; else to standard output.",
)


@click.group("export")
def export_command() -> None:
    """Write a summary or the report of a shift as Markdown, CSV or JSON; or a picture as SVG or PNG."""


export_command.add_command(picture_command)


@export_command.command("flakes")
@click.option(
    "--format",
    "style",
    type=click.Choice((*MARKDOWN, "csv", "json")),
    default="md",
    show_default=True,
    help="How it is written.",
)
@_output
@query_options
@click.pass_context
def flakes_command(ctx: click.Context, style: str, output: Path | None, query: Query) -> None:
    """Which tests cry wolf, and how often. The rows of `crywolf flakes`."""
    with reader(ctx) as connection:
        answer = answer_flakes(connection, query)
    _write(_writer(style)(answer), output, is_markdown=style in MARKDOWN)


@export_command.command("handover")
@click.option(
    "--session", "name", metavar="NAME", help="Of `triage start`; by default the one that is open, else the last."
)
@click.option(
    "--format",
    "style",
    type=click.Choice((*MARKDOWN, "json")),
    default="md",
    show_default=True,
    help="How it is written.",
)
@_output
@query_options
@click.pass_context
def handover_command(ctx: click.Context, name: str | None, style: str, output: Path | None, query: Query) -> None:
    """What the next shift has to know.

    What came up, what was done, what is open and whose it is.

    Without a session it is about --since, by default 14 days.
    """
    from tui.answers.handover import answer_handover
    from tui.answers.sessions import find_session
    from tui.exports.handover import handover_document, handover_markdown
    from tui.output import json_text

    with reader(ctx) as connection:
        session = None if query.since is not None and name is None else find_session(connection, query.settings, name)
        report = answer_handover(connection, query, session)
    if style == "json":
        _write(json_text(handover_document(report)) + "\n", output)
    else:
        _write(handover_markdown(report), output, is_markdown=True)


def _write(text: str, output: Path | None, *, is_markdown: bool = False) -> None:
    """To a file, whole or not at all; else to standard output, where a terminal shows Markdown as it is read."""
    if output is None or str(output) == "-":
        from tui.exports.markdown import for_terminal
        from tui.output import is_terminal

        click.echo(for_terminal(text) if is_markdown and is_terminal() else text, nl=False)
        if is_markdown and is_terminal():
            click.echo("note: to pass it on as Markdown: -o FILE, or into a pipe", err=True)
        return
    from tui.exports.files import write_whole

    try:
        write_whole(output, text)
    except OSError as problem:
        raise click.FileError(str(output), problem.strerror or str(problem)) from problem


def _writer(style: str) -> Callable[[FlakesAnswer], str]:
    """What turns the answer into a format; imported when it is asked for."""
    if style in MARKDOWN:
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
