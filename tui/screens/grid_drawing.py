"""How a grid of tests by runs looks: signs of its cells, letters of its changes, what is said of a cell. Pure."""

from __future__ import annotations

import bisect
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC
from typing import TYPE_CHECKING

from rich.cells import cell_len, get_character_cell_size

from analysis.records import ABSENT
from ingest.model import Result, Verdict
from tui import present
from tui.answers.query import DAY_MS
from tui.widgets.heat_grid import GridContent
from tui.widgets.pieces import Line, Piece, clip, clip_line, hanging, joined, line, plain, wrap_lines

if TYPE_CHECKING:
    from analysis.records import Outage
    from ingest.model import Change
    from tui.answers.cell_facts import CellFacts
    from tui.answers.timeline import DayCell, GridRow, TimelineGrid
    from tui.screens.asking import Answers
    from tui.screens.context import ViewContext
    from tui.screens.grid_cells import Cells, Span

SHEET_ROWS = 64
"""Rows that are read together for an export."""
_LOOKED_AT = 32
"""Characters of a service's name in which its letter is looked for."""
MOST_SAID = 2
"""Lines for what a failure says under the grid."""
TOLD = "*"
"""Stands where another monitor told of an incident, unless a change does."""
RESULTS: dict[int, Result | None] = {int(result): result for result in Result} | {ABSENT: None}


def alarm_sign(glyphs: present.Glyphs) -> str:
    """What stands over a run that is part of an outage."""
    return present.verdict_pieces(Verdict.ENVIRONMENT, glyphs, has_word=False)[0].text


def content_of(
    answer: TimelineGrid, rows: Sequence[GridRow], cells: Cells, spans: Sequence[Span], context: ViewContext
) -> GridContent:
    """The grid of an answer, asked cell by cell; columns are runs, or days and weeks where there are spans."""
    changes = changes_before(answer, spans)
    letters = dict.fromkeys((column_after(answer, one.at_ms, spans) for one in answer.notes), TOLD)
    letters |= {column: _letter(found) for column, found in changes.items()}
    place = {n: _column_of(n, spans) for n in {row.onset for row in rows if row.onset is not None}}

    def cell(row: int, column: int) -> Piece | None:
        return _cell(answer, rows[row], column, cells, spans, context.glyphs)

    def is_near(row: int, column: int) -> bool:
        services = rows[row].services if row < len(rows) else ()
        return any(_concerns(change, services) for change in changes.get(column, ()))

    def reds(row: int) -> Sequence[int]:
        if row >= len(rows):
            return ()
        return sorted({_column_of(n, spans) for n in rows[row].reds}) if spans else rows[row].reds

    return GridContent(
        rows=len(rows),
        columns=len(spans) if spans else len(answer.runs),
        label=lambda row: line(rows[row].case.name),
        label_cells=cell_len(max((row.case.name for row in rows), key=len, default="")),
        cell=cell,
        head=lambda column, before: _head(answer, spans, column, before, context),
        marks=letters,
        is_near=is_near,
        alarms=_alarms(answer, spans),
        onsets={n: place[row.onset] for n, row in enumerate(rows) if row.onset is not None},
        reds=reds,
        corner="deploys",
    )


def _cell(
    answer: TimelineGrid,
    row: GridRow,
    column: int,
    cells: Cells,
    spans: Sequence[Span],
    glyphs: present.Glyphs,
) -> Piece | None:
    if spans:
        sums = cells.sums(row.test_row, spans[column])
        return None if sums is None else day_piece(sums, glyphs)
    result = cells.result(row.test_row, column)
    return None if result is None else present.result_piece(RESULTS[result], glyphs, answer.is_masked(row, column))


def day_piece(sums: DayCell, glyphs: present.Glyphs) -> Piece:
    """One cell for the runs of a day or a week: all passed, all red, some flaky, or how much of them is red."""
    executed, red, flaky = sums
    if not executed:
        return present.result_piece(None, glyphs)
    if not red:
        return present.result_piece(Result.FLAKY if flaky else Result.PASSED, glyphs)
    if red == executed:
        return present.result_piece(Result.FAILED, glyphs)
    return Piece(glyphs.levels[round(red / executed * (len(glyphs.levels) - 1))], "bad")


def changes_before(answer: TimelineGrid, spans: Sequence[Span]) -> Mapping[int, tuple[Change, ...]]:
    """Changes by the column that they stand before; with spans, by the column that they fall into."""
    if not spans:
        return {mark.before: mark.changes for mark in answer.marks if mark.changes}
    found: dict[int, list[Change]] = {}
    for mark in answer.marks:
        for change in mark.changes:
            found.setdefault(column_after(answer, change.at_ms, spans), []).append(change)
    return {column: tuple(changes) for column, changes in found.items()}


def column_after(answer: TimelineGrid, at_ms: int, spans: Sequence[Span]) -> int:
    """The column before which something stands that happened at a moment; with spans, that into which it falls."""
    if spans:
        return max(bisect.bisect_right(spans, at_ms // DAY_MS, key=lambda span: span.first) - 1, 0)
    return bisect.bisect_left(answer.runs, at_ms, key=lambda run: run.started_ms)


def _column_of(run: int, spans: Sequence[Span]) -> int:
    return bisect.bisect_right(spans, run, key=lambda span: span.stop) if spans else run


def _concerns(change: Change, services: Sequence[str]) -> bool:
    return not change.service or not services or change.service in services


def _letter(changes: Sequence[Change]) -> str:
    """A change's service by the first of its letters that takes one cell; of several, their number."""
    if len(changes) > 1:
        return str(min(len(changes), 9))
    letters = plain(changes[0].service or "e").lower()[:_LOOKED_AT]
    return next((one for one in letters if not one.isspace() and get_character_cell_size(one) == 1), "?")


def _alarms(answer: TimelineGrid, spans: Sequence[Span]) -> frozenset[int]:
    """Columns that are part of an outage."""
    found: set[int] = set()
    for outage in answer.outages:
        last = outage.end or outage.start
        first = bisect.bisect_left(answer.runs, outage.start.started_ms, key=lambda run: run.started_ms)
        stop = bisect.bisect_right(answer.runs, last.started_ms, key=lambda run: run.started_ms)
        found |= {_column_of(run, spans) for run in range(first, stop)}
    return frozenset(found)


def _head(answer: TimelineGrid, spans: Sequence[Span], column: int, before: int, context: ViewContext) -> str:
    if spans:
        day = present.local(spans[column].first * DAY_MS, UTC)
        return f"{day.day} {day:%b}"
    text = context.clock(answer.runs[column].started_ms, answer.runs[before].started_ms)
    return text.rsplit(" ", 1)[0][-6:].strip()


# What is said of a cell


def cell_lines(
    answer: TimelineGrid,
    row: GridRow,
    column: int,
    cells: Cells,
    facts: CellFacts | None,
    context: ViewContext,
    width: int,
) -> list[Line]:
    """What stands under the cursor: test, result, run, what it said, and the changes just before it."""
    run, now_ms = answer.runs[column], _now(answer)
    found = cells.result(row.test_row, column)
    result = RESULTS[ABSENT if found is None else found]
    glyph = present.result_piece(result, context.glyphs)
    word = "unknown: the run is not complete" if result is None and run.state != "complete" else ""
    outcome = line((f"{glyph.text} {word or present.RESULT_WORDS[result]}", glyph.tone))
    masked = line(("  in a masked outage", "muted")) if answer.is_masked(row, column) else ()
    when = line(f"{present.run_label(run)}", (f"  {context.clock(run.started_ms, now_ms)}", "muted"))
    lines = [_title(row, context, width), (*outcome, *masked, Piece("   "), *when)]
    lines += [part for one in _said(facts, context) for part in hanging(one, width)[:MOST_SAID]]
    lines += [
        clip_line(outage_line(outage, now_ms, context), width)
        for outage in answer.outages
        if outage.start.started_ms <= run.started_ms <= (outage.end or outage.start).started_ms
    ]
    lines += _told(answer, column, (), context, width)
    changes = [change for mark in answer.marks if mark.before == column for change in mark.changes]
    return lines + _change_lines("just before: ", changes, row, now_ms, context, width)


def span_lines(
    answer: TimelineGrid,
    row: GridRow,
    span: Span,
    cells: Cells,
    context: ViewContext,
    width: int,
    spans: Sequence[Span] = (),
) -> list[Line]:
    """What a case did in a day or a week, and what changed in it."""
    sums, now_ms = cells.sums(row.test_row, span), _now(answer)
    first, last = (present.local(day * DAY_MS, UTC) for day in (span.first, span.last))
    days = f"{first.day} {first:%b}" + (f" to {last.day} {last:%b}" if last != first else "")
    said = line(("reading", "muted"))
    if sums is not None:
        executed, red, flaky = sums
        piece = day_piece(sums, context.glyphs)
        said = (piece, *line(f" {present.ratio(red, executed)} red", (f", {flaky} flaky" if flaky else "", "muted")))
    when = line(f"{days} UTC", (f"  {present.count(span.stop - span.start, 'run')}", "muted"))
    lines = [_title(row, context, width), (*said, Piece("   "), *when)]
    if span in spans:
        lines += _told(answer, spans.index(span), spans, context, width)
    changes = [
        change for mark in answer.marks for change in mark.changes if span.first <= change.at_ms // DAY_MS <= span.last
    ]
    return lines + _change_lines("changes: ", changes, row, now_ms, context, width)


def _told(answer: TimelineGrid, column: int, spans: Sequence[Span], context: ViewContext, width: int) -> list[Line]:
    """What other monitors told just before a run, or within days."""
    found = [one for one in answer.notes if column_after(answer, one.at_ms, spans) == column]
    return [
        clip_line(
            line(
                ("a monitor told: ", "muted"),
                (f"incident {one.state} ", "outage"),
                (f"{context.clock(one.at_ms, _now(answer))}  ", "muted"),
                " ".join(part for part in (one.service, one.title or one.incident) if part),
            ),
            width,
        )
        for one in found
    ]


def _now(answer: TimelineGrid) -> int:
    return answer.window.now_ms if answer.window else answer.runs[-1].started_ms


def _title(row: GridRow, context: ViewContext, width: int) -> Line:
    dot = Piece(f" {context.glyphs.dot} ", "muted")
    exercises = line(("exercises ", "muted"), ", ".join(plain(one) for one in row.services)) if row.services else ()
    names = (*line((row.case.name, "strong")), *line((f"  {present.short_class(row.case.classname)}", "muted")))
    return clip_line(joined([names, (present.owner_piece(row.owners),), exercises], dot), width)


def _said(facts: CellFacts | None, context: ViewContext) -> list[Line]:
    """What its attempts took and said, and where it goes on or comes from."""
    if facts is None:
        return []
    lines = []
    if facts.attempts:
        last = next((one for one in reversed(facts.attempts) if one.message), facts.attempts[-1])
        many = present.count(len(facts.attempts), "attempt") if len(facts.attempts) > 1 else ""
        took = present.duration(last.duration_ms) if last.duration_ms is not None else ""
        about = ", ".join(part for part in (many, took) if part)
        text = clip(" ".join(last.message.split()), 600)
        lines.append(line((f"{about}  " if about else "", "muted"), text))
    if facts.continues_as is not None:
        name = f"{present.short_class(facts.continues_as.classname)} {facts.continues_as.name}"
        lines.append(line(("looks renamed to ", "accent"), name, ("   crywolf tests suggest", "muted")))
    if facts.former:
        names = ", ".join(plain(case.name) for case in facts.former)
        lines.append(line(("formerly ", "muted"), names))
    return [one for one in lines if one]


def _change_lines(
    word: str, changes: Sequence[Change], row: GridRow, now_ms: int, context: ViewContext, width: int
) -> list[Line]:
    """Changes of what the row exercises first, newest first, with who made them."""
    dot = Piece(f" {context.glyphs.dot} ", "muted")
    ordered = sorted(changes, key=lambda one: (not _concerns(one, row.services), -one.at_ms))
    title = f"  {changes[0].title}" if len(changes) == 1 else ""
    items = [
        line(
            (present.change_label(one), "text" if _concerns(one, row.services) else "muted"),
            (f" {context.clock(one.at_ms, now_ms)}", "muted"),
            (f" {present.person(one.author)}" if one.author else "", "muted"),
            (title, "muted"),
        )
        for one in ordered
    ]
    if not items:
        return []
    items[0] = (Piece(word, "accent"), *items[0])
    return wrap_lines(items, width, dot, indent=len(word))


def outage_line(outage: Outage, now_ms: int, context: ViewContext) -> Line:
    """From when to when, how much of what was red."""
    span = context.clock(outage.start.started_ms, now_ms)
    if outage.end is not None:
        span += f"-{context.clock(outage.end.started_ms, outage.start.started_ms)}"
    what = f"tests of {outage.service}" if outage.service else "everything"
    return line((f"outage {span}", "outage"), (f"  {outage.failed.k}/{outage.failed.n} red, of {what}", "muted"))


def no_rows(answer: TimelineGrid, context: ViewContext) -> list[Line]:
    """A stream where nothing failed in the window."""
    scope = present.scope_text(answer.scope, context.glyphs.dot) if answer.scope else ""
    seen = f"{present.count(answer.hidden_green, 'test')} in {present.count(len(answer.runs), 'run')}"
    return [
        (),
        line((f"  Nothing failed in {scope}", "good")),
        (),
        line((f"    {seen}    ", "muted"), ("w", "accent"), (" shows them    ", "muted"), ("]", "accent")),
    ]


def sheet_rows(answer: TimelineGrid, rows: Sequence[GridRow], answers: Answers) -> Iterator[list[str]]:
    """Rows of the export, read a few at a time by whoever writes it."""
    for start in range(0, len(rows), SHEET_ROWS):
        some = rows[start : start + SHEET_ROWS]
        cells = answers.grid_cells(answer, range(len(answer.runs)), [row.test_row for row in some])
        for n, row in enumerate(some):
            yield [row.case.identity, *(present.RESULT_WORDS[RESULTS[cell]] for cell in cells[:, n].tolist())]
