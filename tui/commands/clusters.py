"""`crywolf clusters`: which failures are the same, how far they reach, and what kind of cause they speak of."""

from __future__ import annotations

import click

from tui.answers.clusters import ClusterRow, ClustersAnswer, answer_clusters
from tui.answers.query import Query
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.clusters_document import clusters_document
from tui.output import print_table, write_json


@click.command("clusters")
@reading
@click.pass_context
def clusters_command(ctx: click.Context, query: Query, as_json: bool) -> None:
    """Failing attempts of the window, joined where they say the same: one row a cluster, widest first.

    An id such as c1.1-95a5c9df5c begins with the version of the rules that made it. The cause is what its text
    speaks of, by the rules of `crywolf.toml` (`[[cause]]`) and those that ship: a hint, no verdict.
    """
    with reader(ctx) as connection:
        answer = answer_clusters(connection, query)
    if as_json:
        write_json(clusters_document(answer))
    else:
        _print(answer)


def _print(answer: ClustersAnswer) -> None:
    """The table, or why there is none."""
    from tui.commands.said import window_sentence

    if not answer.rows:
        click.echo(f"no test failed, {window_sentence(answer.window)}", err=True)
        return
    headers = ("cluster", "cause", "failures", "tests", "services", "teams", "title", "by")
    print_table(headers, map(_cells, answer.rows), numeric=(2, 3, 4, 5))


def _cells(row: ClusterRow) -> tuple[str, ...]:
    reach = row.radius
    numbers = (row.failures, reach.tests, reach.services, reach.teams)
    return (row.cluster, row.cause.category, *map(str, numbers), row.title, row.cause.text)
