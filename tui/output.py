"""Writing to standard output: one JSON document, or text and tables for a person.

Foreign text reaches rich as `Text` only, never as markup. Off a terminal nothing is wrapped, coloured or cut.
"""

from __future__ import annotations

import io
import json
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, TextIO

import click

from tui.streams import drawing, inert

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.segment import Segment
    from rich.text import Text

SCHEMA_VERSION = 1
DASH = "-"
"""Shown where there is not enough data, or nothing is known."""
_OFF_TERMINAL_WIDTH = 100_000
_ONE_LINE = str.maketrans({"\n": "␤", "\r": "␍", "\t": " "})


def json_text(content: Mapping[str, object]) -> str:
    """One document with its `schema_version` first; never NaN, never cut, keys in the order given.

    `json` indents in Python, which takes four times as long as writing one line and breaking it here.
    """
    import msgspec

    document = {"schema_version": SCHEMA_VERSION, **content}
    line = json.dumps(document, ensure_ascii=False, allow_nan=False)
    return msgspec.json.format(line.encode("utf-8", "surrogatepass"), indent=1).decode("utf-8", "surrogatepass")


def write_json(content: Mapping[str, object]) -> None:
    """Print one document."""
    click.echo(json_text(content))


def one_line(text: str) -> str:
    """Text for one line of a table: line breaks become marks.

    >>> one_line("a\\nb")
    'a␤b'
    """
    return text.translate(_ONE_LINE)


def percent(fraction: float | None) -> str:
    """A fraction as percent, a dash where it is undefined.

    >>> percent(0.0712), percent(0.25), percent(None), percent(0.004)
    ('7 %', '25 %', '-', '0.4 %')
    """
    if fraction is None:
        return DASH
    value = fraction * 100
    return f"{value:.1f} %" if 0 < value < 1 or 99 < value < 100 else f"{value:.0f} %"


def is_terminal() -> bool:
    """Whether standard output is one."""
    return sys.stdout.isatty()


def has_screen() -> bool:
    """Whether a dashboard can be drawn: a terminal that takes keys and can put text anywhere."""
    return sys.stdin.isatty() and sys.stdout.isatty() and os.environ.get("TERM") != "dumb"


def print_table(headers: Sequence[str], rows: Iterable[Sequence[str]], *, numeric: Iterable[int] = ()) -> None:
    """Print rows under their headers.

    Args:
        headers: one per column.
        rows: cells as plain text.
        numeric: indices of columns that are right-aligned.
    """
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False, header_style="bold", padding=(0, 2, 0, 0))
    right = frozenset(numeric)
    for index, header in enumerate(headers):
        table.add_column(
            Text(header), justify="right" if index in right else "left", overflow="fold", no_wrap=not is_terminal()
        )
    for row in rows:
        table.add_row(*(Text(one_line(cell)) for cell in row))
    print_rich(table)


def print_rich(*parts: RenderableType) -> None:
    """Print renderables; foreign text in them must be `Text`. Off a terminal: plain, unwrapped, no trailing blanks."""
    from rich.console import Console

    if is_terminal():
        console = _drawing_console(sys.stdout)
        for part in parts:
            console.print(part)
        return
    buffer = io.StringIO()
    plain = Console(
        file=buffer, width=_OFF_TERMINAL_WIDTH, markup=False, highlight=False, emoji=False, color_system=None
    )
    for part in parts:
        plain.print(part)
    for line in buffer.getvalue().splitlines():
        click.echo(line.rstrip())


def styled(*pieces: str | tuple[str, str]) -> Text:
    """A line of text and (text, style) pairs, none of it markup."""
    from rich.text import Text

    return Text.assemble(*pieces)


def stderr_console() -> Console:
    """A console for narration."""
    return _drawing_console(sys.stderr)


def _drawing_console(stream: TextIO) -> Console:
    """A console that draws with colours; the texts among them are inert."""
    from rich.console import Console, ConsoleOptions

    class Drawing(Console):
        def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
            for segment in super().render(renderable, options):
                yield segment if segment.control else segment._replace(text=inert(segment.text))

    return Drawing(file=drawing(stream), markup=False, highlight=False, emoji=False)
