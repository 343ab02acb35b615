"""Changes: what reached the environments, newest first, with the failures that followed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on
from textual.app import ComposeResult

from tui import present
from tui.screens import states
from tui.screens.asking import Answers
from tui.screens.context import ViewContext
from tui.screens.filtering import matches
from tui.screens.outside import Sheet
from tui.screens.view import View
from tui.widgets.columns import Column, Fold, Row
from tui.widgets.line_table import Key, LineTable
from tui.widgets.pieces import Line, line

if TYPE_CHECKING:
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
)


class ChangesView(View["ChangesAnswer"]):
    """The feed of all services."""

    NOUN = "the changes"
    MAIN = "#changes"
    FIELDS = ("service", "kind", "env", "author", "owner", "title")
    CSS_PATH: ClassVar[str] = "changes.tcss"

    def __init__(self, context: ViewContext) -> None:
        super().__init__(context)
        self._by_id: dict[str, ChangeRow] = {}

    @property
    def crumb(self) -> str:
        return "Changes"

    def question(self) -> Callable[[Answers], ChangesAnswer]:
        query = self.context.query
        return lambda answers: answers.changes(query)

    def body(self) -> ComposeResult:
        glyphs = self.context.glyphs
        yield LineTable(COLUMNS, self._draw_row, mark=glyphs.cursor, ellipsis=glyphs.ellipsis, id="changes")

    def blank(self, answer: ChangesAnswer, width: int) -> Sequence[Line] | None:
        if answer.window is None:
            return states.first_run(self.context.database, width)
        if not answer.rows:
            return no_changes()
        if not self._seen(answer):
            return states.nothing_matches("change", self.filter_text)
        return None

    def _seen(self, answer: ChangesAnswer) -> list[ChangeRow]:
        return [row for row in answer.rows if matches(self.filter_text, _fields(row))]

    def show(self, answer: ChangesAnswer) -> None:
        self._by_id = {row.change.change_id: row for row in answer.rows}
        self.query_one("#changes", LineTable).set_keys([row.change.change_id for row in self._seen(answer)])

    def summary(self, answer: ChangesAnswer) -> tuple[Line, Line]:
        suspicious = sum(bool(row.failures_after) for row in answer.rows)
        left = line((present.count(len(answer.rows), "change"), "strong"))
        left += line((f"   {suspicious} followed by new red", "text" if suspicious else "muted"))
        return left, line(("red that started in the first run after, within 6 h", "muted"))

    def _draw_row(self, key: Key) -> Row | None:
        row = self._find(key)
        window = self.window()
        return None if row is None else change_cells(row, window.now_ms if window else 0, self.context)

    def sort_value(self, key: Key, column: str) -> Any:
        row = self._find(key)
        values = {"when": row.change.at_ms, "after": row.failures_after} if row else {}
        return values[column] if column in values else super().sort_value(key, column)

    def _find(self, key: Key | None) -> ChangeRow | None:
        return self._by_id.get(str(key))

    @property
    def selected(self) -> ChangeRow | None:
        """The change under the cursor."""
        if self.answer is None or self.has_class("-blank"):
            return None
        return self._find(self.query_one("#changes", LineTable).key)

    @on(LineTable.RowHighlighted, "#changes")
    def _offer_keys(self) -> None:
        self.refresh_bindings()

    @on(LineTable.RowOpened, "#changes")
    def _open(self) -> None:
        from tui.screens.change_detail import ChangeView

        if (row := self.selected) is not None:
            self.app.push_screen(ChangeView(self.context, row.change.change_id, present.change_label(row.change)))

    def url(self) -> str | None:
        row = self.selected
        return row.change.url if row and row.change.url else None

    def fields(self) -> Mapping[str, Sequence[str]]:
        return _fields(self.selected) if self.selected else {}

    def copied(self) -> str:
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
    )


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
