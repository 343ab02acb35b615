"""`crywolf sql`: one statement on the store, which is opened for reading only."""

from __future__ import annotations

import base64
import csv
import io
import sys

import click

from tui.commands.opening import reader
from tui.output import print_table, write_json

FORMATS = ("table", "json", "csv", "tsv")
Cell = object


@click.command("sql")
@click.argument("statement", default="-")
@click.option("--format", "kind", type=click.Choice(FORMATS), default="table", help="How rows are written.")
@click.option("--json", "as_json", is_flag=True, help="As --format json.")
@click.option("--tables", is_flag=True, help="List the tables with their columns instead.")
@click.pass_context
def sql_command(ctx: click.Context, statement: str, kind: str, as_json: bool, tables: bool) -> None:
    """Run one SQL STATEMENT, or the one on standard input (-), read-only.

    The tables may change with every version; what other programs rely on are the documents of the other commands. Times
    are milliseconds since 1970 in UTC; docs/store.md says what the tables are for.
    """
    import sqlite_utils

    from store.connect import Error, SeveralStatements, only_read
    from store.read.dense_days import add_test_days

    kind = "json" if as_json else kind
    if not tables and statement == "-":
        statement = sys.stdin.read()
    if not tables and not statement.strip():
        raise click.UsageError("there is no statement: give one, or ask for --tables")
    with reader(ctx) as connection:
        add_test_days(connection)
        only_read(connection)
        database = sqlite_utils.Database(connection)
        if tables:
            rows: list[tuple[Cell, ...]] = [
                (table.name, ", ".join(column.name for column in table.columns)) for table in database.tables
            ]
            headers = ["table", "columns"]
        else:
            try:
                cursor = database.execute(statement)
                headers = [column[0] for column in cursor.description or ()]
                rows = cursor.fetchall()
            except (Error, SeveralStatements) as problem:
                raise click.UsageError(_told(problem)) from problem
    _write(headers, rows, kind)


def _told(problem: Exception) -> str:
    text = str(problem)
    if "readonly" in text or "not authorized" in text:
        return "the store is opened for reading only: SELECT, WITH, EXPLAIN and PRAGMA that tell something"
    return f"SQL: {text}"


def _write(headers: list[str], rows: list[tuple[Cell, ...]], kind: str) -> None:
    if kind == "json":
        write_json({"columns": headers, "rows": [[_plain(cell) for cell in row] for row in rows]})
    elif kind == "table":
        print_table(headers, ([_text(cell) for cell in row] for row in rows))
    else:
        _write_separated(headers, rows, "\t" if kind == "tsv" else ",")


def _write_separated(headers: list[str], rows: list[tuple[Cell, ...]], delimiter: str) -> None:
    """Numbers as numbers; no text that a spreadsheet would run as a formula."""
    from tui.exports.comma_separated import inert

    buffer = io.StringIO()
    writer = csv.writer(buffer, delimiter=delimiter, lineterminator="\n")
    writer.writerow(headers)
    writer.writerows([cell if isinstance(cell, int | float) else inert(_text(cell)) for cell in row] for row in rows)
    click.echo(buffer.getvalue(), nl=False)


def _plain(cell: Cell) -> Cell:
    """A cell as JSON has it; bytes in base64."""
    return {"base64": base64.b64encode(cell).decode()} if isinstance(cell, bytes) else cell


def _text(cell: Cell) -> str:
    """A cell as text; bytes in hexadecimal, NULL empty."""
    return "" if cell is None else cell.hex() if isinstance(cell, bytes) else str(cell)
