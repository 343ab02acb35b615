"""`crywolf service NAME`: how a service is, what is around it, what changed, and which tests exercise it."""

from __future__ import annotations

import click

from tui.answers.query import Query
from tui.answers.service_detail import ServiceDetail, answer_service
from tui.answers.tests import TestRow
from tui.commands.changes import change_cells
from tui.commands.opening import reader
from tui.commands.options import reading
from tui.exports.detail_documents import service_document
from tui.output import DASH, print_table, write_json
from tui.present import interval, owners_text, ratio, scope_text
from tui.widgets.pieces import plain


@click.command("service")
@click.argument("name")
@reading
@click.pass_context
def service_command(ctx: click.Context, name: str, query: Query, as_json: bool) -> None:
    """The service NAME: its red tests now, what it needs and who needs it, its changes, the tests that exercise it."""
    with reader(ctx) as connection:
        detail = answer_service(connection, query, name)
    if as_json:
        write_json(service_document(detail))
        return
    _print(detail)


def _print(detail: ServiceDetail) -> None:
    """Head, neighbours, then changes and tests as tables."""
    row = detail.row
    known = "" if row.in_catalog else "  not in the catalog"
    owner = owners_text((row.owner,)) if row.owner else "unowned"
    click.echo(f"{plain(row.name)}  owner {owner}{known}  {ratio(row.red_now, row.tests)} tests red  {row.flaky} flaky")
    click.echo(f"needs {plain(', '.join(row.depends_on)) or DASH}; needed by {plain(', '.join(row.used_by)) or DASH}")
    if detail.changes:
        click.echo()
        print_table(
            ("changed (UTC)", "kind", "version", "environment", "red after", "P", "title", "author"),
            map(change_cells, detail.changes),
            numeric=(4, 5),
        )
    if detail.tests:
        click.echo()
        heads = ("now", "test", "stream", "red", "flake rate", "owner")
        print_table(heads, map(_test_cells, detail.tests), numeric=(3, 4))
    if len(detail.tests) < detail.total_tests:
        click.echo(f"note: the first {len(detail.tests)} of {detail.total_tests} tests and streams", err=True)


def _test_cells(row: TestRow) -> tuple[str, ...]:
    """One test case in one stream."""
    return (
        "red" if row.is_red_now else DASH,
        row.case.identity,
        scope_text(row.scope),
        ratio(row.failed_runs, row.runs),
        interval(row.flake_rate),
        owners_text(row.owners) or "unowned",
    )
