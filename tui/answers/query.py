"""What every question takes: filters and a time window that hangs on the newest run, never on the wall clock."""

from __future__ import annotations

from dataclasses import dataclass, field

from ingest.settings import Settings

DAY_MS = 86_400_000
DEFAULT_WINDOW_DAYS = 14


@dataclass(frozen=True, slots=True)
class Moment:
    """A point in time as the person wrote it: absolute, or so long before now. Exactly one of the two is set."""

    at_ms: int | None = None
    back_ms: int | None = None


@dataclass(frozen=True, slots=True)
class Query:
    """Filters of a reading command or screen; None means "all". Names match exactly, ignoring case."""

    since: Moment | None = None
    """None: 14 days back from now."""
    until: Moment | None = None
    at: Moment | None = None
    """Only runs ended and changes made at or before it are seen."""
    pipeline: str | None = None
    environment: str | None = None
    branch: str | None = None
    service: str | None = None
    """Test cases that exercise it."""
    owner: str | None = None
    """Test cases it owns."""
    settings: Settings = field(default_factory=Settings)
    """Of `crywolf.toml`: baseline branch, cadences, flows, owner rules."""


@dataclass(frozen=True, slots=True)
class Window:
    """A resolved time window in epoch milliseconds; `now_ms` is `--at`, else the end of the newest run in scope."""

    since_ms: int
    until_ms: int
    now_ms: int
