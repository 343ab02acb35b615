"""`crywolf suspects TEST|INCIDENT`: which change most likely broke it."""

from __future__ import annotations

import click

from tui.answers.query import Query
from tui.answers.suspects import answer_suspects
from tui.commands.completing import complete_subject
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.documents import suspects_document
from tui.output import write_json


@click.command("suspects")
@click.argument("what", metavar="TEST|INCIDENT", shell_complete=complete_subject)
@reading
@click.pass_context
def suspects_command(ctx: click.Context, what: str, query: Query, as_json: bool) -> None:
    """Competing explanations for a red test or incident, each with its probability and its reasons.

    TEST is any unambiguous part of a test's identity. "None of the changes" is an answer: an outage of the environment,
    a change that nobody recorded, or a flake.
    """
    with reader(ctx) as connection:
        answer = answer_suspects(connection, query, what)
    if as_json:
        write_json(suspects_document(answer))
    else:
        from tui.commands.card import print_card

        print_card(answer)
