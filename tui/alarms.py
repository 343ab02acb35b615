"""News that something is really red: which incidents are new, and how a person is told who looks elsewhere.

Off unless asked for in `crywolf.toml`: a bell, a notification by the terminal, or a program. What an incident is called
reaches the terminal without anything that acts, and a program as one argument.
"""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from ingest.model import Verdict
from tui.widgets.pieces import clip, plain

REAL = frozenset({Verdict.REGRESSION, Verdict.UNRECORDED, Verdict.TEST, Verdict.ENVIRONMENT})
TERMINAL, TERMINAL_777 = "terminal", "terminal-777"
_WIDEST = 120

Red = tuple[str, str]
"""Id and title of an incident that somebody must act on."""


@dataclass(slots=True)
class RedSeen:
    """The incidents that are known; what was red at the start is no news."""

    known: set[str] | None = None
    told: list[str] = field(default_factory=list)

    def news(self, reds: Iterable[Red]) -> tuple[str, ...]:
        """Titles of those that were not known.

        >>> seen = RedSeen()
        >>> seen.news([("a", "A")]), seen.news([("a", "A"), ("b", "B")]), seen.news([("a", "A"), ("b", "B")])
        ((), ('B',), ())
        """
        now = dict(reds)
        before, self.known = self.known, (self.known or set()) | set(now)
        return () if before is None else tuple(title for ident, title in now.items() if ident not in before)


def words(titles: Sequence[str]) -> str:
    """The news in one line."""
    more = f" and {len(titles) - 1} more" if len(titles) > 1 else ""
    return f"new red: {clip(plain(titles[0]), _WIDEST)}{more}"


def sequence(how: str, text: str) -> str:
    """What a terminal is sent to notify; empty where the terminal is not asked to.

    >>> sequence("terminal", "new red; a\\x07b"), sequence("notify-send", "x")
    ('\\x1b]9;new red, ab\\x07', '')
    """
    safe = plain(text).replace(";", ",")
    if how == TERMINAL:
        return f"\x1b]9;{safe}\x07"
    return f"\x1b]777;notify;crywolf;{safe}\x07" if how == TERMINAL_777 else ""


def run_program(command: Sequence[str], text: str) -> None:
    """Run a program with the news in place of `{what}`; it has no terminal and ten seconds.

    Raises:
        OSError: it cannot be started.
        subprocess.TimeoutExpired: it did not end.
    """
    program, *rest = command
    parts = [program, *(one.replace("{what}", plain(text)) for one in rest)]
    quiet = subprocess.DEVNULL
    subprocess.run(parts, stdin=quiet, stdout=quiet, stderr=quiet, timeout=10, check=False)
