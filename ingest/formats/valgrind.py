"""Reads Valgrind's XML (protocol 4). Seen in Valgrind 3.19, memcheck.

One run of a program is one case: it passes when Valgrind found nothing, and fails with every error that it found, so
that it has a history of greens and reds. Class name: the tool. Name: the program and its arguments.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SmallDialect, base_name, failure_of, place
from ingest.formats.values import seconds_to_ms
from ingest.formats.xml_elements import Cases, read_elements, text_of
from ingest.limits import Limits
from ingest.model import Outcome

_TEXTS = 200
"""Errors whose text is kept."""
_FRAMES = 40


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the one attempt of a run of a program.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Valgrind)


class _Valgrind(SmallDialect):
    roots = frozenset({"valgrindoutput"})
    records = frozenset({"tool", "argv", "status", "error", "fatal_signal"})

    def __init__(self, cases: Cases) -> None:
        super().__init__(cases)
        self._tool = "valgrind"
        self._name = ""
        self._kind = ""
        self._texts: list[str] = []
        self._errors = 0
        self._took_ms: int | None = None

    def built(self, element: Element) -> None:
        """What was run, or an error that was found."""
        if element.tag == "tool":
            self._tool = text_of(element) or self._tool
        elif element.tag == "argv":
            arguments = [text_of(argument) for argument in element.findall("arg")]
            self._name = " ".join([base_name(text_of(element, "exe")), *arguments])
        elif element.tag == "status":
            self._took_ms = _elapsed(text_of(element, "time"))
        else:
            self._found(element)

    def ended(self) -> None:
        """The program has ended."""
        more = self._errors - len(self._texts)
        texts = [*self._texts, f"and {more:,} more"] if more else self._texts
        failure = failure_of(texts, self._kind) if texts else None
        outcome = Outcome.FAILED if self._errors else Outcome.PASSED
        self.add(self._tool, self._name, outcome, failure, self._took_ms)

    def _found(self, error: Element) -> None:
        self._errors += 1
        self._kind = self._kind or text_of(error, "kind") or text_of(error, "signame")
        if len(self._texts) < _TEXTS:
            self._texts.append("\n".join(_lines(error)))


def _lines(error: Element) -> Iterator[str]:
    for child in error:
        if child.tag in ("what", "auxwhat", "signame"):
            yield text_of(child)
        elif child.tag in ("xwhat", "xauxwhat"):
            yield text_of(child, "text")
        elif child.tag == "stack":
            for frame in child.findall("frame")[:_FRAMES]:
                at = place(text_of(frame, "file"), text_of(frame, "line")) or base_name(text_of(frame, "obj"))
                yield f"    at {text_of(frame, 'fn') or '???'} ({at})"


def _elapsed(text: str) -> int | None:
    """Milliseconds of days, hours, minutes and seconds.

    >>> _elapsed("00:00:01:02.500 "), _elapsed("soon")
    (62500, None)
    """
    parts = text.strip().split(":")
    if len(parts) != 4 or not all(part.replace(".", "", 1).isdecimal() and part.isascii() for part in parts):
        return None
    days, hours, minutes, seconds = (float(part[:12]) for part in parts)
    return seconds_to_ms(((days * 24 + hours) * 60 + minutes) * 60 + seconds)
