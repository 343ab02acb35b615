"""Changes: what reached the environments, newest first, with the failures that followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from heapq import merge
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType

from tui import present
from tui.screens import states
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.filtering import matches
from tui.screens.outside import Sheet
from tui.screens.seen_incidents import key_of, note_cells, note_fields, note_words
from tui.screens.view import View
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.lines import LinesPane
from tui.widgets.pieces import Line, Piece, clip_line, hanging, joined, line, wrap_lines

if TYPE_CHECKING:
    from store.read.changes import SeenIncident
    from tui.answers.changes import ChangeRow, ChangesAnswer

COLUMNS = (
    Column("when", "when", 12, align="right"),
    Column("service", "service", 14),
    Column("kind", "kind", 13, folds=(Fold(2, 0),)),
    Column("version", "version", 18, folds=(Fold(1, 10), Fold(6, 8))),
    Column("title", "title", 44, folds=(Fold(5, 20),), is_flexible=True),
    Column("author", "author", 14, folds=(Fold(3, 0),)),
    Column("environment", "environment", 11, folds=(Fold(7, 0),)),
    Column("after", "failed after", 12, align="right", folds=(Fold(4, 6),), short="failed"),
    Column("suspicion", "P", 4, align="right"),
)
WORTH_NAMING, STRONG = 0.05, 0.4
"""Suspicion from which it is shown, and from which it stands out."""


class ChangesView(View["ChangesAnswer"]):
    """The feed of all services."""

    NOUN = "the changes"
    MAIN = "#changes"
    FIELDS = ("service", "kind", "env", "author", "owner", "title")
    CSS_PATH: ClassVar[str] = "changes.tcss"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "since_green", "Since green nightly", id="changes.since_green"),
    ]

    def __init__(self, context: ViewContext) -> None:
        super().__init__(context)
        self._since_green = False
        self._by_id: dict[str, ChangeRow] = {}
        self._notes: dict[str, SeenIncident] = {}

    @property
    def crumb(self) -> str:
        return "Changes"

    def question(self) -> Callable[[Answers], ChangesAnswer]:
        query, since_green = self.context.query, self._since_green
        return lambda answers: answers.changes(query, since_green)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="changes")
        yield LinesPane(id="change", classes="below")

    def blank(self, answer: ChangesAnswer, width: int) -> Sequence[Line] | None:
        if answer.window is None:
            return states.first_run(self.context, width)
        if not answer.rows and not answer.notes:
            return nothing_since_green(answer, self.context) if answer.is_since_green else no_changes()
        if not self._seen(answer):
            return states.nothing_matches("change", self.filter_text, self.FIELDS, width)
        return None

    def _seen(self, answer: ChangesAnswer) -> list[str]:
        """Keys of what passes the filter, newest first."""
        changes = [
            (row.change.at_ms, row.change.change_id) for row in answer.rows if matches(self.filter_text, _fields(row))
        ]
        notes = [(note.at_ms, key_of(note)) for note in answer.notes if matches(self.filter_text, note_fields(note))]
        return [key for _, key in merge(changes, notes, key=lambda seen: -seen[0])]

    def show(self, answer: ChangesAnswer) -> None:
        self._by_id = {row.change.change_id: row for row in answer.rows}
        self._notes = {key_of(note): note for note in answer.notes}
        self.query_one("#changes", LineTable).set_keys(self._seen(answer))

    def summary(self, answer: ChangesAnswer) -> tuple[Line, ...]:
        suspicious = sum(bool(row.failures_after) for row in answer.rows)
        suspected = sum(row.suspicion is not None and row.suspicion >= WORTH_NAMING for row in answer.rows)
        left = line((present.count(len(answer.rows), "change"), "strong"))
        left += line((f"   {suspicious} before new red", "text" if suspicious else "muted"))
        left += line((f"   {suspected} suspected", "text")) if suspected else ()
        left += line((f"   {len(answer.notes)} told by monitors", "muted")) if answer.notes else ()
        return left, *green_line(answer, self._since_green, self.context)

    def action_since_green(self) -> None:
        """What changed since the last green nightly, and back to the whole window."""
        self._since_green = not self._since_green
        self.reload()

    def _draw_row(self, key: Key) -> Row | None:
        row, note, window = self._find(key), self._notes.get(str(key)), self.window()
        now_ms = window.now_ms if window else 0
        if note is not None:
            return note_cells(note, now_ms, self.context)
        return None if row is None else change_cells(row, now_ms, self.context)

    def sort_value(self, key: Key, column: str) -> Any:
        row, note = self._find(key), self._notes.get(str(key))
        if note is not None and column in ("when", "after", "suspicion"):
            return note.at_ms if column == "when" else None
        found = (row.change.at_ms, row.failures_after, row.suspicion) if row else ()
        values = dict(zip(("when", "after", "suspicion"), found, strict=False))
        return values[column] if column in values else super().sort_value(key, column)

    def _find(self, key: Key | None) -> ChangeRow | None:
        return self._by_id.get(str(key))

    @property
    def selected(self) -> ChangeRow | None:
        """The change under the cursor."""
        if self.answer is None or self.has_class("-blank"):
            return None
        return self._find(self.query_one("#changes", LineTable).key)

    @property
    def _selected_note(self) -> SeenIncident | None:
        """What a monitor told, under the cursor."""
        if self.answer is None or self.has_class("-blank"):
            return None
        return self._notes.get(str(self.query_one("#changes", LineTable).key))

    @on(LineTable.RowHighlighted, "#changes")
    def _explain(self) -> None:
        self.query_one("#change", LinesPane).set_source(self._lines)
        self.refresh_bindings()

    def _lines(self, width: int) -> list[Line]:
        row, note, window = self.selected, self._selected_note, self.window()
        if note is not None and window is not None:
            return note_words(note, window.now_ms, self.context, width)
        return [] if row is None or window is None else change_words(row, window.now_ms, self.context, width)

    @on(LineTable.RowOpened, "#changes")
    def _open(self) -> None:
        from tui.screens.change_detail import ChangeView
        from tui.screens.note import NoteView

        if (note := self._selected_note) is not None:
            self.app.push_screen(NoteView(self.context, note))
        elif (row := self.selected) is not None:
            self.app.push_screen(ChangeView(self.context, row.change.change_id, present.change_label(row.change)))

    def url(self) -> str | None:
        if (note := self._selected_note) is not None:
            return note.url or None
        row = self.selected
        return row.change.url if row and row.change.url else None

    def fields(self) -> Mapping[str, Sequence[str]]:
        if (note := self._selected_note) is not None:
            return note_fields(note)
        return _fields(self.selected) if self.selected else {}

    def copied(self) -> str:
        if (note := self._selected_note) is not None:
            return "  ".join((note.incident, note.state, note.url))
        row = self.selected
        return "  ".join((row.change.change_id, present.change_word(row.change), row.change.url)) if row else ""

    def exported(self) -> Sheet | None:
        table = self.query_one("#changes", LineTable)
        rows = [texts for key in table.keys if (texts := table.texts(key)) is not None]
        return Sheet("changes", tuple(column.title for column in COLUMNS), rows)


def change_cells(row: ChangeRow, now_ms: int, context: ViewContext) -> Row:
    """A change as a row."""
    change = row.change
    service = change.service or ("tests" if change.target == "test" else "(environment)")
    after = "pruned" if row.failures_after is None else str(row.failures_after or present.DASH)
    if row.exercising_after:
        after += f" ({row.exercising_after} use it)"
    return (
        line((context.clock(change.at_ms, now_ms), "muted")),
        line(service),
        line((str(change.kind), "muted")),
        lambda width: line(version_words(row, width)),
        line(change.title),
        line((present.person(change.author), "muted")),
        line((change.environment, "muted")),
        lambda width: line(
            (after if len(after) <= width else after.split(" ")[0], "bad" if row.failures_after else "muted")
        ),
        line(_suspicion(row)),
    )


def _suspicion(row: ChangeRow) -> tuple[str, str]:
    """Text and tone of a suspicion; a dash where it is too small to be worth a look."""
    if row.suspicion is None or row.suspicion < WORTH_NAMING:
        return present.DASH, "muted"
    return present.probability(row.suspicion), "bad" if row.suspicion >= STRONG else "text"


def change_words(row: ChangeRow, now_ms: int, context: ViewContext, width: int) -> list[Line]:
    """A change in a few lines: what it is, what it is suspected of, what followed, its files and its link."""
    change = row.change
    dot = Piece(f" {context.glyphs.dot} ", "muted")
    facts = [
        line((present.change_word(change), "strong"), (f"  {context.clock(change.at_ms, now_ms)}", "muted")),
        line((present.person(change.author), "muted")),
        line((present.count(change.lines, "line"), "muted")) if change.lines is not None else (),
        line(change.title),
    ]
    lines = hanging(joined(facts, dot), width)[:2]
    if row.suspicion is not None and row.suspicion >= WORTH_NAMING:
        said = line((f"suspected with {present.probability(row.suspicion)} of ", "bad"), " ".join(row.incident.split()))
        lines.append(clip_line(said, width))
    if row.failures_after:
        number = present.count(row.failures_after, "test")
        lines.append(line((f"{number} turned red in the first run after it, within 6 h", "text")))
    if change.files:
        lines += wrap_lines([line((file, "muted")) for file in change.files[:12]], width, dot, indent=0)[:2]
    if change.url:
        lines.append(clip_line(line((change.url, "accent")), width))
    return lines


def green_line(answer: ChangesAnswer, is_wanted: bool, context: ViewContext) -> tuple[Line, ...]:
    """The last green nightly, if there was one, and whether the list begins with it; a shorter form without its run."""
    green, now_ms = answer.green, answer.window.now_ms if answer.window else None
    if green is None:
        return (line(("no nightly was green", "strong" if is_wanted else "muted")),)
    at = context.clock(green.started_ms, now_ms)
    texts = (f"{present.run_label(green)}, {at}", at)
    if answer.is_since_green:
        return tuple(line(("since green nightly ", "accent"), text) for text in texts)
    return tuple(line((f"green nightly {text}", "muted")) for text in texts)


def nothing_since_green(answer: ChangesAnswer, context: ViewContext) -> list[Line]:
    """Nothing reached any environment since the last green nightly."""
    return [
        (),
        (Piece("  No change since the last green nightly", "good"),),
        (),
        line("  ", ("n", "accent"), " shows all"),
    ]


def version_words(row: ChangeRow, width: int) -> str:
    """From and to where there is room, else to."""
    old, new = present.short_version(row.change.from_version), present.short_version(row.change.to_version)
    both = f"{old} {'>'} {new}" if old and new else new
    return both if len(both) <= width else new


def no_changes() -> list[Line]:
    """No change feed at all."""
    return [
        (),
        line(("  No change is recorded in this window.", "strong")),
        (),
        line(("  Without deploys nothing can be suspected. CDEvents, webhooks, a CSV table:", "muted")),
        line("  ", ("crywolf ingest deploys/", "accent")),
        line(("  or note one by hand:", "muted")),
        line("  ", ("crywolf record deploy --service S --version V --environment E", "accent")),
    ]


def _fields(row: ChangeRow) -> dict[str, Sequence[str]]:
    change = row.change
    return {
        "service": [change.service],
        "kind": [change.kind],
        "env": [change.environment],
        "author": [change.author],
        "owner": [row.owner or "unowned"],
        "title": [change.title, change.to_version or "", change.change_id],
    }
