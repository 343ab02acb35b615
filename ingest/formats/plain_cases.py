"""Plain cases of a report as columns: nine of ten cases say no more than a name, how long it took and how it went.

Columns of a thousand cases are handled at once, which takes a fifth of what a thousand `CaseAttempt`s take. Whoever
wants these iterates.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from ingest.model import CaseAttempt, Failure, Outcome

UNKNOWN = -1
"""A duration that the report does not say."""
_PASSED = Outcome.PASSED
_new = tuple.__new__  # a named tuple's own constructor takes three times as long


@dataclass(slots=True)
class PlainCases:
    """Cases in file order with one attempt each, which has neither start nor links. The columns are equally long."""

    retry: int
    """Of every attempt; 0 or negative."""
    services: tuple[str, ...]
    classnames: list[str] = field(default_factory=list)
    names: list[str] = field(default_factory=list)
    files: list[str | None] = field(default_factory=list)
    durations: list[int] = field(default_factory=list)
    """Milliseconds, or `UNKNOWN`."""
    results: dict[int, tuple[Outcome, Failure | None]] = field(default_factory=dict)
    """Of the cases that did not simply pass, by their place in the columns."""

    def __len__(self) -> int:
        return len(self.names)

    def __iter__(self) -> Iterator[CaseAttempt]:
        return map(self.attempt, range(len(self.names)))

    def add(self, attempt: CaseAttempt) -> None:
        """Take an attempt that is as plain as these."""
        if attempt.outcome is not _PASSED:
            self.results[len(self.names)] = (attempt.outcome, attempt.failure)
        self.classnames.append(attempt.classname)
        self.names.append(attempt.name)
        self.files.append(attempt.file)
        self.durations.append(UNKNOWN if attempt.duration_ms is None else attempt.duration_ms)

    def attempt(self, at: int) -> CaseAttempt:
        """One of the cases."""
        outcome, failure = self.results.get(at, (_PASSED, None))
        duration = None if self.durations[at] == UNKNOWN else self.durations[at]
        key = (self.classnames[at], self.names[at], outcome, duration, None, failure, self.files[at])
        attempt: CaseAttempt = _new(CaseAttempt, (*key, self.retry, self.services, ()))
        return attempt

    def cut(self, size: int) -> Iterator[PlainCases]:
        """The same cases, at most so many together."""
        if len(self) <= size:
            yield self
            return
        for start in range(0, len(self), size):
            end = start + size
            yield PlainCases(
                self.retry,
                self.services,
                self.classnames[start:end],
                self.names[start:end],
                self.files[start:end],
                self.durations[start:end],
                {at - start: result for at, result in self.results.items() if start <= at < end},
            )


Attempts = list[CaseAttempt] | PlainCases
"""What a sink takes at once."""
