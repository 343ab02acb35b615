"""What workers and the watcher tell the screens; past tense."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from textual.message import Message

from ingest.settings import Settings


@dataclass
class AnswerLoaded(Message):
    """The answer to a request arrived."""

    request: int
    answer: Any


@dataclass
class AnswerFailed(Message):
    """A request could not be answered."""

    request: int
    problem: Exception


@dataclass
class AnswerSuperseded(Message):
    """A newer question, of this view or another, took the place of this one."""

    request: int


class StoreChanged(Message):
    """Another process committed something."""

    def can_replace(self, message: Message) -> bool:
        """A burst is one change."""
        return isinstance(message, StoreChanged)


@dataclass
class SettingsLoaded(Message):
    """`crywolf.toml` was saved and can be used."""

    settings: Settings


@dataclass
class SettingsRefused(Message):
    """`crywolf.toml` was saved and cannot be used: which line, what, and what to do."""

    problem: str


@dataclass
class TurnedRed(Message):
    """Incidents that somebody must act on are new."""

    titles: tuple[str, ...]


@dataclass
class CommandEnded(Message):
    """A command of `crywolf.toml` that ran in the background has ended."""

    name: str
    code: int
    said: str


@dataclass
class CellsLoaded(Message):
    """Cells of the grid that were asked for arrived; `take` puts them in their place, None: asked in vain."""

    cells: Any
    take: Callable[[], None] | None


@dataclass
class CellExplained(Message):
    """What there is to say of the cell under the cursor arrived."""

    key: tuple[int, int]
    facts: Any
