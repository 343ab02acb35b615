"""Which answer a view is waiting for: pure bookkeeping of requests, so that no old answer is shown and none is lost."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Turns:
    """Requests of one view. A request is answered, fails, or is pushed aside; only the newest counts."""

    request: int = 0
    is_loading: bool = False
    is_due_again: bool = False
    seen_beats: int = -1
    """State of the store, as a number of changes, that the newest request saw."""
    problem: Exception | None = None

    def begin(self, beats: int, *, is_quiet: bool) -> bool:
        """Whether to ask now. A quiet wish waits for the answer that is on its way and is remembered.

        >>> turns = Turns()
        >>> turns.begin(0, is_quiet=True), turns.begin(1, is_quiet=True), turns.is_due_again
        (True, False, True)
        """
        if is_quiet and self.is_loading:
            self.is_due_again = True
            return False
        self.request += 1
        self.is_loading, self.is_due_again, self.seen_beats = True, False, beats
        return True

    def end(self, request: int, problem: Exception | None = None) -> bool:
        """Whether this answer or failure is the one that is waited for."""
        if request != self.request:
            return False
        self.is_loading, self.problem = False, problem
        return True

    def push_aside(self, request: int) -> bool:
        """Whether the request that another question pushed aside has to be asked again some time."""
        if request != self.request:
            return False
        self.is_loading, self.seen_beats = False, -1
        return True

    def is_behind(self, beats: int, *, has_answer: bool) -> bool:
        """Whether what is shown is not what the store has now."""
        never_asked = not has_answer and self.problem is None and not self.is_loading
        return never_asked or self.seen_beats != beats
