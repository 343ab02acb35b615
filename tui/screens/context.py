"""What every view is given: where answers come from, what was asked for, and how to write it."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import tzinfo
from pathlib import Path
from typing import TYPE_CHECKING

from tui.answers.query import DEFAULT_WINDOW_DAYS, Moment, Query, Window
from tui.present import Glyphs, age, clock, zone_name
from tui.remembered import Remembered
from tui.screens.asking import Answers
from tui.screens.watcher import NOT_LOOKED

if TYPE_CHECKING:
    from tui.answers.triage import TriageAnswer

Opener = Callable[[str], bool]
"""Opens a URL outside; False where there is nothing to open it with."""


@dataclass(slots=True)
class Pulse:
    """How often the store has changed; a view that has seen fewer beats is out of date."""

    beats: int = 0


@dataclass(slots=True)
class Opening:
    """What is known when the dashboard opens: the answer that its first view shows before it asks; taken once."""

    answer: TriageAnswer | None = None
    version: object = NOT_LOOKED
    """Of the store, before the answer was read: what came since is news; None where there was no store."""

    def take(self) -> TriageAnswer | None:
        """The answer; None from the second time on."""
        answer, self.answer = self.answer, None
        return answer


@dataclass(slots=True)
class ViewContext:
    """Given to every view when it is made. Only `query` changes: when the settings do, in the dashboard's thread."""

    answers: Answers
    query: Query
    glyphs: Glyphs
    database: Path
    opener: Opener
    pulse: Pulse = field(default_factory=Pulse)
    zone: tzinfo | None = None
    """None: the machine's own."""
    watched: tuple[Path, ...] = ()
    log: Path | None = None
    """Where the watching child writes what it has to say."""
    opening: Opening = field(default_factory=Opening)
    is_read_only: bool = False
    """The store cannot be written: what needs that is not offered."""
    remembered: Remembered = field(default_factory=Remembered)
    """From the last start, and for the next."""
    deeds: list[tuple[int, ...]] = field(default_factory=list)
    """Events of each deed that was done in this dashboard and can be taken back, oldest first."""

    def clock(self, at_ms: int, now_ms: int | None) -> str:
        """A moment in the person's zone."""
        return clock(at_ms, now_ms, self.zone)

    def scope_words(self, window: Window | None) -> str:
        """What is looked at: environment, branch, further filters, window and zone."""
        query = self.query
        words = [query.environment or "all environments", query.branch or "", query.pipeline or ""]
        words += [f"service {query.service}" if query.service else "", f"owner {query.owner}" if query.owner else ""]
        words += [_window_words(query, window), zone_name(self.zone, window.now_ms if window else None)]
        return f" {self.glyphs.dot} ".join(word for word in words if word)


def may_write(database: Path) -> bool:
    """Whether this process may write the store, or make it."""
    return not database.exists() or (os.access(database, os.W_OK) and os.access(database.absolute().parent, os.W_OK))


def _window_words(query: Query, window: Window | None) -> str:
    if window is not None:
        return age(window.until_ms - window.since_ms)
    since: Moment | None = query.since
    return age(since.back_ms) if since and since.back_ms else f"{DEFAULT_WINDOW_DAYS} d"
