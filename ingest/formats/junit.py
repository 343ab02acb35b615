"""Reads JUnit XML in all its dialects: one pass, constant memory.

A test case without children, nine of ten in most reports, becomes a `CaseAttempt` straight from its attributes.
Elements are built only for cases that have children (`junit_children` interprets those) and dropped with the case.
Suites may be nested, missing, or wrapped in unknown elements; counts come from the cases, never from attributes.

Rules:

- Class name: `classname`, else `class`, else the name of the innermost named suite. Name: `name`, else `id`, else a
  stand-in with a warning.
- A status attribute counts only where no child says otherwise: GoogleTest's `status="notrun"` and `result="skipped"`,
  `disabled` and the like are skipped; a stated failure without a failure element is a failure without text.
- Properties of suites and of the root tell the run's identity; `service.peer.name` there holds for the cases after it.
- The earliest timestamp of root and suites is the start of the run, marked when it was written without a zone. The
  identity is handed over before the first thousand attempts and once more at the end, where it can only be completed.
- A failure or error of a suite itself becomes an errored attempt of the case `(suite)`.
- Control characters that XML forbids (terminal colours) are replaced in a second reading, with a warning.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element
from xml.parsers import expat

from ingest.errors import Refused
from ingest.formats import xml_reader
from ingest.formats.junit_build import Builder
from ingest.formats.junit_children import (
    OUTPUT_TAGS,
    CaseHead,
    attempts_of,
    is_output_only,
    property_pairs,
    suite_failure,
)
from ingest.formats.junit_heads import DURATIONS, Heads
from ingest.formats.junit_suites import Suites
from ingest.formats.notes import Notes
from ingest.formats.sink import BATCH, ReportSink
from ingest.limits import Limits
from ingest.model import CaseAttempt, Outcome, RunIdentity

SUITE_TAGS = frozenset({"testsuites", "testsuite", "testrun"})

_LOOSE_TAGS = frozenset({"properties", "property", "failure", "error"}) | OUTPUT_TAGS
_PASSED = Outcome.PASSED
_new = tuple.__new__  # a named tuple's own constructor takes three times as long


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one JUnit XML file.

    Raises:
        Refused: `xml-syntax`, `xml-truncated`, `xml-encoding`, `xml-doctype`, `xml-depth`, `too-large`, `empty-file` or
            `unknown-format`, with line and column. Attempts handed over before belong to the refused file.
    """
    go_back = xml_reader.reread(stream)
    reader = _Reader(limits, sink, skip=0)
    try:
        warnings = xml_reader.parse(stream, limits, reader)
    except xml_reader.IllegalCharacter:
        if not go_back():
            raise
        reader = _Reader(limits, sink, skip=reader.given)
        warnings = xml_reader.parse(stream, limits, reader, salvage=True)
    for warning in warnings:
        sink.warning(warning)
    reader.finish()


class _Reader:
    """Handlers of one reading. `skip` attempts were handed over by an earlier reading of the same file."""

    def __init__(self, limits: Limits, sink: ReportSink, skip: int) -> None:
        self.given = 0
        self._limits = limits
        self._max_depth = limits.depth
        self._max_attributes = limits.attributes
        self._sink = sink
        self._skip = skip
        self._notes = Notes()
        self._suites = Suites(self._notes)
        self._heads = Heads(self._suites, self._notes, limits.attributes)
        self._builder = Builder(limits, self._notes)
        self._told: RunIdentity | None = None
        self._batch: list[CaseAttempt] = []
        self._add = self._batch.append
        self._depth = 0  # open elements, without a case that has no children so far
        self._case: dict[str, str] | None = None  # attributes of the open case
        self._is_building = False  # an element of the open case or of a suite

    def attach(self, parser: expat.XMLParserType) -> None:
        """Take the parser and set handlers on it."""
        self._parser = parser
        self._notes.line_of = lambda: parser.CurrentLineNumber
        self._builder.attach(parser)
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def inside(self) -> str:
        """Names of the open elements, for the reason of a truncated file."""
        names = [f"<testsuite> {name[:60]!r}" if name else "<testsuite>" for name in self._suites.open_names()[-1:]]
        if self._case is not None:
            names.append(f"<testcase> {self._case.get('name', '')[:60]!r}")
        if self._is_building and self._builder.innermost() != "testcase":
            names.append(f"<{self._builder.innermost()}>")
        return ", ".join(names)

    def piece_ended(self) -> None:
        """Hand over what has gathered, between two pieces of the file."""
        if len(self._batch) >= BATCH:
            self._flush()

    def finish(self) -> None:
        """Hand over what is left: the last batch, the run's identity, the warnings."""
        self._flush()
        if self._suites.services_came_late:
            self._notes.add("services of a suite stand after its cases and were not applied to them")
        self._suites.tell_unreadable()
        self._tell_identity()
        self._notes.tell(self._sink)

    # Elements

    def _start(self, tag: str, attrs: dict[str, str]) -> None:
        if self._case is None and tag == "testcase" and self._depth and not self._is_building:
            self._case = attrs
            return
        self._depth += 1
        if self._case is not None or self._is_building:
            self._start_child(tag, attrs)
        else:
            self._start_outer(tag.rpartition("}")[2], attrs)

    def _end(self, tag: str) -> None:
        case = self._case
        if case is not None and not self._is_building:
            self._case = None
            try:
                name, classname, duration = case["name"], case["classname"], DURATIONS[case["time"]]
            except KeyError:
                name = classname = ""
            if len(case) == 3 and name and classname:
                suites = self._suites
                suites.cases += 1
                self._add(
                    _new(
                        CaseAttempt,
                        (classname, name, _PASSED, duration, None, None, suites.file, 0, suites.services, ()),
                    )
                )
            else:
                self._passed(case)
            return
        self._depth -= 1
        if self._is_building:
            element = self._builder.end()
            if element is not None:
                self._is_building = False
                self._complete(element)
        elif tag.rpartition("}")[2] in SUITE_TAGS:
            self._suites.close()

    def _start_outer(self, tag: str, attrs: dict[str, str]) -> None:
        """An element outside any case: a suite, a case in a namespace, something loose, or an unknown wrapper."""
        self._check(attrs)
        if self._depth == 1 and tag not in SUITE_TAGS:
            reason = f"the root element is {tag[:60]!r}; a JUnit report has testsuites or testsuite"
            raise Refused("unknown-format", reason, line=self._parser.CurrentLineNumber)
        if tag == "testcase":
            self._case = attrs
            self._depth -= 1
        elif tag in SUITE_TAGS:
            self._suites.open(attrs)
        elif tag in _LOOSE_TAGS:
            self._is_building = True
            self._builder.begin(Element(tag, attrs), wants_text=True)

    def _start_child(self, tag: str, attrs: dict[str, str]) -> None:
        """An element inside a case or a loose element."""
        if not self._is_building and self._case is not None:
            self._depth += 1
            self._is_building = True
            self._builder.begin(Element("testcase"), wants_text=False)
        if self._depth > self._max_depth or len(attrs) > self._max_attributes:
            self._check(attrs)
        self._builder.child(tag.rpartition("}")[2] if "}" in tag else tag, attrs)

    def _check(self, attrs: dict[str, str]) -> None:
        if self._depth > self._limits.depth:
            reason = f"elements are nested deeper than {self._limits.depth}; raise limits.depth to read it"
            raise Refused("xml-depth", reason, line=self._parser.CurrentLineNumber)
        if len(attrs) > self._limits.attributes:
            reason = f"one element has more than {self._limits.attributes:,} attributes; raise limits.attributes"
            raise Refused("too-large", reason, line=self._parser.CurrentLineNumber)

    # What elements become

    def _complete(self, element: Element) -> None:
        """A case with children, or an element of a suite, is complete."""
        case, self._case = self._case, None
        if case is None:
            self._loose(element)
        elif is_output_only(element):
            self._passed(case)
        else:
            self._judged(self._heads.of(case), element)

    def _judged(self, head: CaseHead, element: Element) -> None:
        """A case whose children, or a status attribute, say more than that it ran."""
        self._suites.cases += 1
        attempts = attempts_of(head, element, self._limits, self._notes)
        outcome = attempts[-1].outcome
        if outcome is not _PASSED:
            self._suites.count(outcome, len(element.findall("failure")) + len(element.findall("error")))
        self._batch.extend(attempts)

    def _passed(self, case: dict[str, str]) -> None:
        """A case of which no child says otherwise, with any attributes."""
        head = self._heads.of(case)
        if head.stated is not None:
            self._judged(head, Element("testcase"))
            return
        classname, name, duration, started_ms, file, services, _ = head
        self._suites.cases += 1
        self._add(_new(CaseAttempt, (classname, name, _PASSED, duration, started_ms, None, file, 0, services, ())))

    def _loose(self, element: Element) -> None:
        """An element of a suite itself."""
        if element.tag in ("failure", "error"):
            self._batch.append(suite_failure(self._suites.name, element, self._suites.file))
            self._suites.count(Outcome.ERRORED, 1)
            self._notes.add("a suite failed outside its cases", self._suites.name)
        elif element.tag in ("properties", "property"):
            holder = Element("suite")
            holder.append(element)
            self._suites.take_properties(property_pairs(holder))

    def _tell_identity(self) -> None:
        known = self._suites.identity()
        if known != self._told:
            self._told = known
            self._sink.identity(known)

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        self._add = self._batch.append
        if self._skip:
            dropped = min(self._skip, len(batch))
            self._skip -= dropped
            batch = batch[dropped:]
        if batch and not self.given:
            self._tell_identity()
        self.given += len(batch)
        for start in range(0, len(batch), BATCH):
            self._sink.attempts(batch[start : start + BATCH] if len(batch) > BATCH else batch)
