"""Markdown: tables that no name can break, mention anybody from, or smuggle markup into.

Foreign text stands in `<code>` with every character that Markdown or HTML could act on as an entity: inside it hosts
neither notify `@teams` nor link `#1`.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

from tui.answers.flakes import FlakeRow, FlakesAnswer
from tui.output import DASH
from tui.present import interval, ratio, scope_text
from tui.times import minute
from tui.widgets.pieces import plain

_ACTIVE = re.compile(r"[&<>|`*\[\]\\~$:#@!(){}]|(?<![A-Za-z0-9])_|_(?![A-Za-z0-9])|//|www\.|^[-+=.]")
_HEADERS = (
    "test",
    "stream",
    "owner",
    "flaky runs",
    "flake rate (95 %)",
    "red runs",
    "retry-pass",
    "same code",
    "verdict",
)


def code(text: str) -> str:
    """Foreign text as inline code for a table's cell; a dash where it is empty.

    >>> code("a|b[x](y)")
    '<code>a&#124;b&#91;x&#93;&#40;y&#41;</code>'
    """
    shown = plain(text).strip()
    return f"<code>{_ACTIVE.sub(_entities, shown)}</code>" if shown else DASH


def for_terminal(text: str) -> str:
    """Markdown of ours as a person reads it in a terminal: names as they are, which act on nothing there.

    >>> for_terminal(f"- {code('a|b [x]')} **unowned**")
    '- a|b [x] unowned'
    """
    return html.unescape(re.sub(r"</?code>|\*\*", "", text))


def table(headers: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table; its cells must be safe already."""
    lines = ["| " + " | ".join(headers) + " |", "|" + " --- |" * len(headers)]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def flakes_markdown(answer: FlakesAnswer) -> str:
    """Summary of flakiness for a chat, an issue or a merge request."""
    lines = ["## Flaky tests", ""]
    if answer.window:
        lines += [f"From {minute(answer.window.since_ms)} to {minute(answer.window.until_ms)} UTC.", ""]
    if answer.rows:
        lines.append(table(_HEADERS, map(_cells, answer.rows)))
    else:
        lines.append("No test failed or flaked.")
    return "\n".join(lines) + "\n"


def _cells(row: FlakeRow) -> tuple[str, ...]:
    """One row of the table."""
    return (
        code(row.case.identity),
        code(scope_text(row.scope)),
        ", ".join(map(code, row.owners)) or "unowned",
        ratio(row.flaky_runs, row.counted_runs),
        interval(row.flake_rate),
        ratio(row.failed_runs, row.runs),
        ratio(*row.retry_pass) if row.retry_pass else DASH,
        ratio(*row.same_code) if row.same_code else DASH,
        row.verdict.value,
    )


def _entities(match: re.Match[str]) -> str:
    """Numeric entities for some characters."""
    return "".join(f"&#{ord(character)};" for character in match[0])
