"""What a change feed hands over: changes, merged commits, notes and warnings, all strings still as written."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.changes.merge import merge_change
from ingest.model import Change, Commit

_MOST_WARNINGS = 100


@dataclass(frozen=True, slots=True)
class Merged:
    """A commit that reached a branch: attached by its sha to the change that carries it, never a suspect of its own."""

    commit: Commit
    repository: str | None = None
    service: str | None = None


@dataclass(frozen=True, slots=True)
class IncidentNote:
    """That somebody else's monitoring saw an environment break or recover: context for a person, no change."""

    note_id: str
    incident: str
    """The reporter's own name for the incident: its notes share it."""
    state: str
    """`detected`, `reported` or `resolved`."""
    at_ms: int
    environment: str = ""
    service: str = ""
    title: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class ChangeBatch:
    """What one file of a change feed holds."""

    changes: tuple[Change, ...] = ()
    merged: tuple[Merged, ...] = ()
    notes: tuple[IncidentNote, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class BatchBuilder:
    """Collects what a reader finds; entries of one change are merged, equal warnings are counted once."""

    _changes: dict[str, Change] = field(default_factory=dict)
    _merged: dict[str, Merged] = field(default_factory=dict)
    _notes: dict[str, IncidentNote] = field(default_factory=dict)
    _warnings: dict[str, None] = field(default_factory=dict)
    _ignored: dict[str, int] = field(default_factory=dict)
    _unsaid: int = 0
    _left: int = 0

    def change(self, change: Change) -> None:
        """Take a change; it completes an earlier entry of the same id."""
        earlier = self._changes.get(change.change_id)
        self._changes[change.change_id] = change if earlier is None else merge_change(earlier, change)

    def merge(self, merged: Merged) -> None:
        """Take a merged commit; the first entry of a sha and repository counts."""
        self._merged.setdefault(f"{merged.repository}:{merged.commit.sha}", merged)

    def note(self, note: IncidentNote) -> None:
        """Take a note."""
        self._notes.setdefault(f"{note.note_id}:{note.state}", note)

    def warn(self, sentence: str) -> None:
        """Take a warning; beyond a hundred they are counted."""
        if len(self._warnings) < _MOST_WARNINGS or sentence in self._warnings:
            self._warnings[sentence] = None
        else:
            self._unsaid += 1

    def ignore(self, what: str) -> None:
        """Count something that is valid and of no use here."""
        self._ignored[what] = self._ignored.get(what, 0) + 1

    def leave(self) -> None:
        """Leave something to another reader."""
        self._left += 1

    @property
    def is_empty(self) -> bool:
        """Nothing usable and nothing that was ignored or left to others on purpose."""
        return not (self._changes or self._merged or self._notes or self._ignored or self._left)

    @property
    def first_warning(self) -> str:
        """The first warning, empty where there is none."""
        return next(iter(self._warnings), "")

    def build(self) -> ChangeBatch:
        """All of it, in the order of the file."""
        ignored = [f"{number} ignored: {what}" for what, number in self._ignored.items()]
        if self._unsaid:
            ignored.append(f"{self._unsaid} more warnings")
        return ChangeBatch(
            tuple(self._changes.values()),
            tuple(self._merged.values()),
            tuple(self._notes.values()),
            (*self._warnings, *ignored),
        )
