"""Incidents that other monitors told of, among the changes: context for a person, in muted rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from tui import present
from tui.screens.context import ViewContext
from tui.widgets.columns import Row
from tui.widgets.pieces import Line, Piece, clip_line, joined, line

if TYPE_CHECKING:
    from store.read.changes import SeenIncident

ONLY_SHOWN = "told by another monitor: it is shown, nothing is concluded from it"


def key_of(note: SeenIncident) -> str:
    """What tells its row from those of changes, whose ids are single lines."""
    return f"\n{note.note_id}\n{note.state}"


def note_cells(note: SeenIncident, now_ms: int, context: ViewContext) -> Row:
    """What a monitor told as a row of the changes."""
    return (
        line((context.clock(note.at_ms, now_ms), "muted")),
        line((note.service or "(environment)", "muted")),
        line(("incident", "muted")),
        line((note.state, "muted")),
        line((note.title or note.incident, "muted")),
        (),
        line((note.environment, "muted")),
        line((present.DASH, "muted")),
        line((present.DASH, "muted")),
    )


def note_words(note: SeenIncident, now_ms: int, context: ViewContext, width: int) -> list[Line]:
    """What a monitor told in a few lines."""
    facts = [
        line((f"incident {note.state}", "strong"), (f"  {context.clock(note.at_ms, now_ms)}", "muted")),
        line(note.title),
        line((note.incident, "muted")),
    ]
    dot = Piece(f" {context.glyphs.dot} ", "muted")
    lines = [clip_line(joined([fact for fact in facts if fact], dot), width)]
    lines.append(clip_line(line((ONLY_SHOWN, "muted")), width))
    return [*lines, clip_line(line((note.url, "accent")), width)] if note.url else lines


def note_fields(note: SeenIncident) -> dict[str, Sequence[str]]:
    """What a filter finds it by."""
    return {
        "service": [note.service],
        "kind": ["incident"],
        "env": [note.environment],
        "author": [],
        "owner": [],
        "title": [note.title, note.incident, note.state],
    }
