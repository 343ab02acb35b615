"""Opens the dashboard: first the frame that needs next to nothing, then everything else."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tui import present
from tui.answers.query import Query
from tui.colours import SCHEMES, wanted_theme
from tui.first_frame import first_frame, opens_on_triage
from tui.locations import state_folder
from tui.remembered import FILE_NAME, Remembered, load_remembered
from tui.screens.answering import DividedAnswers, spare_memory
from tui.screens.context import Opening, ViewContext, may_write
from tui.steady import tidy_ending
from tui.widgets.pieces import using_ellipsis

if TYPE_CHECKING:
    from tui.answers.triage import TriageAnswer


def run_dashboard(
    database: Path,
    query: Query,
    *,
    watch: tuple[Path, ...] = (),
    is_polling: bool = False,
    ascii_only: bool = False,
    theme: str | None = None,
    is_read_only: bool = False,
    is_kept_in_mind: bool = True,
) -> int:
    """Opens the dashboard until the person leaves it; tails directories in a child process meanwhile.

    Args:
        is_polling: the directories are looked at by listing only.
        is_read_only: nothing is offered that writes the store.
        is_kept_in_mind: how it is left is remembered for the next time, and how it was left is there again.

    Returns:
        The exit code: 0, or Textual's own when the app ended by an error.
    """
    wished = query.settings.dashboard
    ascii_only = ascii_only or bool(os.environ.get("CRYWOLF_ASCII")) or wished.is_ascii
    remembered = Remembered(is_toured=True)
    if is_kept_in_mind:
        remembered = load_remembered(state_folder() / FILE_NAME, database)
    theme = wanted_theme(theme, remembered.theme, wished.theme)
    spare_memory()  # before there are threads
    answers = DividedAnswers(database)
    opening = Opening(version=answers.version())
    opening.answer = _kept(answers, query) if opens_on_triage(remembered) else None
    if opening.answer is None or opening.answer.is_old:
        answers.start_early(query)
    glyphs = present.ASCII if ascii_only else present.UNICODE
    context = ViewContext(answers.for_screens, query, glyphs, database, opener=lambda _: False, watched=watch)
    context.remembered, context.is_read_only = remembered, is_read_only or not may_write(database)
    with (
        tidy_ending(),
        using_ellipsis(glyphs.ellipsis),
        first_frame(opening.answer, context, SCHEMES.get(theme)) as handover,
        _watching(database, watch, is_polling) as log,
    ):
        from tui.app import CrywolfApp

        app = CrywolfApp(
            database,
            query,
            answers=answers.for_screens,
            ascii_only=ascii_only,
            theme_name=theme,
            watched=watch,
            log=log,
            opening=opening,
            handover=handover,
            remembered=remembered,
            is_read_only=is_read_only,
        )
        app.run()
    return app.return_code or 0


def _kept(answers: DividedAnswers, query: Query) -> TriageAnswer | None:
    """The first screen's answer if the last writer kept it; what is wrong with the store, the dashboard says."""
    from store.connect import Error
    from store.errors import StoreError

    try:
        kept: TriageAnswer | None = answers.kept_triage(query)
        return kept
    except (StoreError, Error, OSError):
        return None


@contextmanager
def _watching(database: Path, folders: tuple[Path, ...], is_polling: bool) -> Iterator[Path | None]:
    if not folders:
        yield None
        return
    from tui.screens.tail import tailing

    with tailing(database, folders, is_polling=is_polling) as log:
        yield log
