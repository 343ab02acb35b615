"""What kind of cause a failure's text speaks of, by rules that people can read and add to.

A rule is a category and a pattern. The first rule that fits decides, looked for in the title of the cluster, then in
type and message, then in the lines of the trace that are no stack frames; a rule that is to come last is asked only
when no other fits anything. The text that decided it is always given: a category is a hint, no verdict.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from analysis.errors import AnalysisError

UNKNOWN = "unknown"
_TEXT_CHARS = 16_000
_LINE_CHARS = 400
_LINES = 60
_SHOWN_CHARS = 120
_AROUND = 20
_FRAME = re.compile(
    r"\s*(?:at |File \"|\.{3} \d+ more|goroutine |#\d+ |from /|[\w./\\-]+\.(?:py|go|rb|[cm]?[jt]sx?):\d+)"
)


@dataclass(frozen=True, slots=True)
class CauseRule:
    """One rule; the pattern is a regular expression, looked for regardless of case."""

    category: str
    pattern: str
    is_last: bool = False
    origin: str = ""
    """Where the rule is written, such as `crywolf.toml`."""


@dataclass(frozen=True, slots=True)
class Cause:
    """The category of a failure, and what decided it."""

    category: str
    text: str
    """The words that decided it, with a little of what stands around them; empty for `unknown`."""
    origin: str = ""


NO_CAUSE = Cause(UNKNOWN, "")


def find_cause(rules: Sequence[CauseRule], title: str, kind: str, message: str, text: str) -> Cause:
    """The category of what a failure said.

    Args:
        rules: in their order, those of people first.
        title: of its cluster, masked.
        kind, message, text: as the report gives them: the type of the exception, its message, the trace.

    Raises:
        AnalysisError: if a pattern is no regular expression.

    >>> find_cause([CauseRule("network", "connection refused")], "", "IOError", "Connection refused: /10.0.0.1", "")
    Cause(category='network', text='IOError Connection refused: /10.0.0.1', origin='')
    """
    places = [title, " ".join(part for part in (kind, message[:_TEXT_CHARS]) if part), "\n".join(_said(text))]
    for is_last in (False, True):
        for place in places:
            for rule in rules:
                if rule.is_last is is_last and (found := _compiled(rule.pattern).search(place)) is not None:
                    return Cause(rule.category, _around(place, found), rule.origin)
    return NO_CAUSE


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern, re.IGNORECASE)
    except re.error as problem:
        raise AnalysisError(f"the pattern {pattern!r} of a cause is no regular expression: {problem}") from None


def _said(text: str) -> Iterator[str]:
    """The first lines of a trace that are no stack frames."""
    lines = (line for line in text[:_TEXT_CHARS].splitlines() if line.strip() and not _FRAME.match(line))
    for _, line in zip(range(_LINES), lines, strict=False):
        yield line[:_LINE_CHARS]


def _around(place: str, found: re.Match[str]) -> str:
    """What decided it, with a few whole words of its line on either side."""
    line_end = place.find("\n", found.end())
    line_end = len(place) if line_end < 0 else line_end
    before = place[place.rfind("\n", 0, found.start()) + 1 : found.start()]
    after = place[found.end() : line_end]
    if len(before) > _AROUND:
        before = before[-_AROUND:].partition(" ")[2]
    if len(after) > _AROUND:
        after = after[:_AROUND].rpartition(" ")[0]
    return " ".join((before + found.group() + after)[:_SHOWN_CHARS].split())
