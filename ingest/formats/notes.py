"""Collects what is odd in a report while it is read: one sentence a kind, with a count and the first place."""

from __future__ import annotations

from collections.abc import Callable

from ingest.formats.sink import ReportSink

_SHOWN = 40


class Notes:
    """Counts oddities by kind; nothing is said before the end, so that a file with a million of them stays readable."""

    def __init__(self, line_of: Callable[[], int] | None = None) -> None:
        self.line_of = line_of
        self._seen: dict[str, tuple[int, str, int | None]] = {}

    def add(self, kind: str, example: str = "") -> None:
        """Note one oddity: `kind` is the sentence; the example and the current line are kept of the first only."""
        known = self._seen.get(kind)
        if known is None:
            self._seen[kind] = (1, example, self.line_of() if self.line_of else None)
        else:
            self._seen[kind] = (known[0] + 1, known[1], known[2])

    def tell(self, sink: ReportSink) -> None:
        """Hand every kind to the sink as one warning, in the order of first occurrence."""
        for kind, (count, example, line) in self._seen.items():
            sink.warning(_sentence(kind, count, example, line))


def _sentence(kind: str, count: int, example: str, line: int | None) -> str:
    """One warning.

    >>> _sentence("no readable duration", 2, "1_000", 7)
    "no readable duration (2 times; first: '1_000' in line 7)"
    """
    parts = [f"{count:,} times"] if count > 1 else []
    if example:
        shown = example if len(example) <= _SHOWN else example[: _SHOWN - 1] + "…"
        parts.append(f"{'first: ' if count > 1 else ''}{shown!r}" + (f" in line {line}" if line else ""))
    elif line:
        parts.append(f"{'first in ' if count > 1 else ''}line {line}")
    return f"{kind} ({'; '.join(parts)})" if parts else kind
