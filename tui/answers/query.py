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
    pruned_ms: int | None = None
    """Results of runs before it were pruned: of those days only sums are known. None: it lies before the window."""

    @property
    def rows_since_ms(self) -> int:
        """From here on every result is known one by one."""
        return self.since_ms if self.pruned_ms is None else max(self.since_ms, self.pruned_ms)

    @property
    def summed_days(self) -> tuple[int, int] | None:
        """First and last UTC day (since 1970) of the window that are known by their sums only; whole days."""
        if self.pruned_ms is None:
            return None
        first, end = -(-self.since_ms // DAY_MS), min(self.pruned_ms // DAY_MS, (self.until_ms + 1) // DAY_MS)
        return (first, end - 1) if first < end else None
