"""Progress of an ingest: files, results a second and time left, on a terminal only; nothing in a pipe."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from ingest.model import FileOutcome
from ingest.sources.inputs import Input, Skip

if TYPE_CHECKING:
    from rich.progress import Progress

Found = Iterable[Input | Skip]
Advance = Callable[[FileOutcome], None]


def with_sizes(found: Found) -> Found:
    """The inputs; on a terminal all are listed now, so that the time left can be told by bytes."""
    return list(found) if sys.stderr.isatty() else found


@contextmanager
def progress_over(found: Found) -> Iterator[Advance]:
    """What to call for each outcome; `found` is what `with_sizes` gave."""
    if not isinstance(found, list):
        yield _nothing
        return
    sizes = {item.path: item.size_bytes or 0 for item in found if isinstance(item, Input)}
    with _bar() as progress:
        task = progress.add_task("", total=sum(sizes.values()) + len(found), files=0, of=len(found), results=0, rate="")

        def advance(outcome: FileOutcome) -> None:
            state = progress.tasks[0]
            results = state.fields["results"] + outcome.counts.attempts
            elapsed = state.elapsed or 0
            progress.update(
                task,
                advance=sizes.get(outcome.path.partition("!")[0], 0) + 1,
                files=state.fields["files"] + 1,
                results=results,
                rate=f"{results / elapsed:,.0f} results/s" if elapsed > 0.5 else "",
            )

        yield advance


def _nothing(_: FileOutcome) -> None:
    """No progress off a terminal."""


def _bar() -> Progress:
    """The bar: files, results a second, time left."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from tui.output import stderr_console

    return Progress(
        TextColumn("{task.fields[files]}/{task.fields[of]} files", markup=False),
        BarColumn(),
        TextColumn("{task.fields[rate]}", markup=False),
        TimeRemainingColumn(),
        console=stderr_console(),
        transient=True,
    )
