"""What workers and the watcher tell the screens; past tense."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from textual.message import Message


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
class NameChosen(Message):
    """Something that can be gone to was chosen by name."""

    kind: str
    key: str
