"""Reads reports in XML dialects whose records are small elements: builds those, announces the elements around them.

A dialect says of each element whether it is to be built whole; memory holds one such element at a time, with long texts
cut in their middle. Attempts are gathered into batches. The run's identity is handed over before the first batch and
once more at the end. Control characters that XML forbids are replaced in a second reading, with a warning.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import BinaryIO, Protocol
from xml.etree.ElementTree import Element
from xml.parsers import expat

from ingest.errors import Refused
from ingest.formats import xml_reader
from ingest.formats.junit_events import CHILDREN_KEPT, Attributes, Children, check
from ingest.formats.notes import Notes
from ingest.formats.sink import BATCH, ReportSink
from ingest.formats.values import is_unset_time, moment
from ingest.limits import Limits
from ingest.model import CaseAttempt, RunIdentity


class Dialect(Protocol):
    """What becomes of the elements of one report."""

    roots: frozenset[str]
    """Local names of root elements."""

    def opened(self, tag: str, attrs: Attributes) -> bool:
        """An element opens outside any that is built; True when it is to be built with all that is inside it."""

    def closed(self, tag: str) -> None:
        """An element closes that was opened and not built."""

    def built(self, element: Element) -> None:
        """An element is complete; it is dropped afterwards."""

    def ended(self) -> None:
        """The report is complete."""

    def identity(self) -> RunIdentity:
        """What is known of the run so far."""


class Cases:
    """Takes the attempts of one reading; those that an earlier reading of the same file handed over are left out."""

    def __init__(self, sink: ReportSink, limits: Limits, skip: int) -> None:
        self.given = 0
        self.limits = limits
        self.notes = Notes()
        self.identity: Callable[[], RunIdentity] = RunIdentity
        self._sink = sink
        self._skip = skip
        self._told: RunIdentity | None = None
        self._batch: list[CaseAttempt] = []

    def add(self, attempt: CaseAttempt) -> None:
        """Take one attempt, in file order."""
        self._batch.append(attempt)
        if len(self._batch) == BATCH:
            self._flush()

    def finish(self) -> None:
        """Hand over the last batch, the identity and the warnings."""
        self._flush()
        self._tell_identity()
        self.notes.tell(self._sink)

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if self._skip:
            dropped = min(self._skip, len(batch))
            self._skip -= dropped
            batch = batch[dropped:]
        if not batch:
            return
        if not self.given:
            self._tell_identity()
        self.given += len(batch)
        self._sink.attempts(batch)

    def _tell_identity(self) -> None:
        known = self.identity()
        if known != self._told:
            self._told = known
            self._sink.identity(known)


def read_elements(stream: BinaryIO, limits: Limits, sink: ReportSink, dialect: Callable[[Cases], Dialect]) -> None:
    """Hand over the attempts, identity and warnings of one file.

    Raises:
        Refused: as `xml_reader.parse`, and `unknown-format` when the root element is none of the dialect's.
    """
    go_back = xml_reader.reread(stream)
    elements = _Elements(Cases(sink, limits, skip=0), dialect)
    try:
        warnings = xml_reader.parse(stream, limits, elements)
    except xml_reader.IllegalCharacter:
        if not go_back():
            raise
        elements = _Elements(Cases(sink, limits, skip=elements.cases.given), dialect)
        warnings = xml_reader.parse(stream, limits, elements, salvage=True)
    for warning in warnings:
        sink.warning(warning)
    elements.finish()


class _Elements:
    """The handlers of one reading."""

    def __init__(self, cases: Cases, dialect: Callable[[Cases], Dialect]) -> None:
        self.cases = cases
        self._dialect = dialect(cases)
        self._open: list[str] = []
        self._most_depth = cases.limits.depth
        cases.identity = self._dialect.identity

    def attach(self, parser: expat.XMLParserType) -> None:
        """Take the parser and set handlers on it."""
        self._parser = parser
        self.cases.notes.line_of = lambda: parser.CurrentLineNumber
        self._children = Children(parser, self, self.cases.limits)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def inside(self) -> str:
        """Name of the innermost open element, for the reason of a truncated file."""
        name = self._children.innermost() or (self._open[-1] if self._open else "")
        return f"<{name}>" if name else ""

    def pieces(self, data: bytes, offset: int) -> tuple[bytes]:
        """The parser is given all of it."""
        return (data,)

    def piece_ended(self) -> None:
        """Nothing gathers between two pieces."""

    def finish(self) -> None:
        """Hand over what is left."""
        self._dialect.ended()
        self.cases.finish()

    def depth(self) -> int:
        """How many elements are open outside the one that is built."""
        return len(self._open)

    def odd_child(self, tag: str, attrs: Attributes, kept: bool) -> None:
        """A child of a built element is one too many."""
        if not kept:
            self.cases.notes.add(f"more than {CHILDREN_KEPT:,} elements inside one result; the rest is left out")

    def _start(self, tag: str, attrs: Attributes) -> None:
        if self._children.tag:
            self._children.start(tag, attrs)
            return
        if "}" in tag:
            tag = tag.rpartition("}")[2]
        if attrs or len(self._open) >= self._most_depth:
            check(self.cases.limits, len(self._open) + 1, attrs, self._parser)
        if not self._open and tag not in self._dialect.roots:
            reason = f"the root element is {tag[:60]!r}; expected {' or '.join(sorted(self._dialect.roots))}"
            raise Refused("unknown-format", reason, line=self._parser.CurrentLineNumber)
        if self._dialect.opened(tag, attrs):
            self._children.begin(tag, attrs)
        else:
            self._open.append(tag)

    def _end(self, tag: str) -> None:
        if not self._children.tag:
            self._dialect.closed(self._open.pop())
        elif self._children.open:
            self._children.end()
        else:
            self._dialect.built(self._children.finish())


class RunStart:
    """Reads the times of a report; the earliest is the start of the run, unless the report states one."""

    def __init__(self, notes: Notes) -> None:
        self._notes = notes
        self._earliest: tuple[int, bool] | None = None
        self._stated: tuple[int, bool] | None = None
        self._end_ms: int | None = None

    def at(self, text: str | None) -> int | None:
        """Milliseconds of the time of an attempt; None when there is none, or none that can be read."""
        when = self._read(text)
        if when is None:
            return None
        if self._earliest is None or when[0] < self._earliest[0]:
            self._earliest = when
        return when[0]

    def run(self, start: str | None, end: str | None = None) -> None:
        """The times that the report gives for the whole run; the first of each counts."""
        self._stated = self._stated or self._read(start)
        if self._end_ms is None and (when := self._read(end)) is not None:
            self._end_ms = when[0]

    def over(self, known: RunIdentity) -> RunIdentity:
        """An identity, completed by these times."""
        start = self._stated or self._earliest
        if start is None:
            return known.over(RunIdentity(end_ms=self._end_ms))
        estimated = True if self._stated is None else None
        own = RunIdentity(
            start_ms=start[0], start_is_zoneless=start[1], start_is_estimated=estimated, end_ms=self._end_ms
        )
        if known.start_ms is not None:
            own = RunIdentity(end_ms=self._end_ms)
        return known.over(own)

    def _read(self, text: str | None) -> tuple[int, bool] | None:
        if not text or is_unset_time(text):
            return None
        when = moment(text)
        if when is None:
            self._notes.add("a time cannot be read", text)
            return None
        return when.ms, when.is_zoneless


def text_of(parent: Element | None, path: str = "") -> str:
    """Text of an element, or of the first one at a path below it, stripped; empty where there is none."""
    element = parent.find(path) if parent is not None and path else parent
    return "" if element is None else "".join(element.itertext()).strip()
