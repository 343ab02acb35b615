"""What a view says when it has nothing to show: loading, empty, failed. Each names the next command."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from store.errors import NotAStore, StoreError
from tui.errors import AnswerError, NoMatch
from tui.present import Glyphs
from tui.widgets.pieces import Line, Piece, hanging, line, wrap

if TYPE_CHECKING:
    from tui.screens.context import ViewContext


def loading(what: str, glyphs: Glyphs) -> list[Line]:
    """While the first answer is on its way."""
    return [(), line((f"  reading {what}{glyphs.ellipsis}", "muted"))]


def first_run(context: ViewContext, width: int) -> list[Line]:
    """An empty or missing store; where folders are followed, something will come from there."""
    database = context.database
    if context.watched:
        folders = ", ".join(map(str, context.watched))
        return [
            (),
            line(("  Nothing has arrived yet.", "strong")),
            (),
            *(line((f"  {part}", "muted")) for part in wrap(f"followed: {folders}", max(width - 4, 20))),
            *(line((f"  {part}", "muted")) for part in wrap(f"store: {database}", max(width - 4, 20))),
            (),
            line(("  This screen fills by itself;  ", "muted"), ("6", "accent"), (" shows what arrives.", "muted")),
        ]
    return [
        (),
        line(("  There is nothing here yet.", "strong")),
        (),
        line("  ", ("crywolf ingest PATH...", "accent")),
        line(("      reads reports, deploys, catalogs and CODEOWNERS: files, folders", "muted")),
        line("  ", ("crywolf watch DIR...", "accent")),
        line(("      follows folders where reports arrive", "muted")),
        line("  ", ("crywolf demo", "accent")),
        line(("      opens a three-week sample: an outage, a regression, flaky tests", "muted")),
        (),
        *(line((f"  {part}", "muted")) for part in wrap(f"store: {database}", max(width - 4, 20))),
        line(("  This screen fills by itself when something arrives.", "muted")),
    ]


def outside_filters(context: ViewContext, width: int) -> list[Line]:
    """A store that has runs, none of them under the filters that the dashboard was opened with."""
    asked = ((name, getattr(context.query, name)) for name in ("pipeline", "environment", "branch"))
    named = " ".join(f"--{name} {value}" for name, value in asked if value)
    return [
        (),
        *hanging(line(("  No run is under these filters:  ", "strong"), (named, "accent")), width, 4),
        (),
        line("  ", ("crywolf runs", "accent"), (" lists those that there are", "muted")),
    ]


def nothing_matches(what: str, text: str, fields: Sequence[str], width: int) -> list[Line]:
    """A filter that leaves nothing, with the fields that it may name, all of them: the line it stands in cuts them."""
    named = line(("  fields  ", "muted"), (" ".join(f"{field}:" for field in fields), "muted"))
    return [
        (),
        line((f"  No {what} matches ", "strong"), (text, "accent")),
        (),
        line("  ", ("esc", "accent"), (" clears the filter", "muted")),
        *(hanging(named, max(width - 2, 20), 10) if fields else ()),
    ]


def failed(problem: Exception, context: ViewContext, width: int) -> list[Line]:
    """A question that could not be answered: the error by name, and what to do. No store yet is a first run."""
    if isinstance(problem, NotAStore) and not context.database.exists():
        return first_run(context, width)
    is_ours = isinstance(problem, StoreError | AnswerError)
    title = "The store cannot be read" if isinstance(problem, StoreError) else "This could not be worked out"
    name = "" if is_ours else f"{type(problem).__name__}: "
    lines: list[Line] = [(), line((f"  {title}", "bad")), ()]
    lines += [(Piece(f"  {part}"),) for part in wrap(f"{name}{problem}", max(width - 4, 20))]
    lines += [(), line("  ", ("r", "accent"), (" tries again    ", "muted"), ("crywolf doctor", "accent"))]
    lines[-1] += line((" looks at the store", "muted"))
    return lines


def failed_short(problem: Exception) -> Line:
    """The same in half a line, beside an answer that is still shown; what it shows may be gone meanwhile."""
    if isinstance(problem, NoMatch):
        return line(("not there any more  ", "unowned"), ("esc", "accent"), (" back", "muted"))
    return line((f"not up to date: {type(problem).__name__} ", "unowned"), ("r", "accent"), (" tries again", "muted"))
