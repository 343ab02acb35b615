"""Reads JUnit XML in all its dialects: one pass, constant memory.

A test case without children, nine of ten in most reports, becomes a `CaseAttempt` straight from its attributes.
Elements are built only for cases that have children (`junit_children` interprets those) and dropped with the case.
Suites may be nested, missing, or wrapped in unknown elements; counts come from the cases, never from attributes.

Rules:

- Class name: `classname`, else `class`, else the name of the innermost named suite. Name: `name`, else `id`, else a
  stand-in with a warning.
- Playwright writes a test once a project (browser) and tells them apart by the suite's `hostname` only: its class names
  start with the project, `[firefox] › login.spec.ts`. Any other tool's host name is a host name and says nothing.
- A status attribute counts only where no child says otherwise: GoogleTest's `status="notrun"` and `result="skipped"`,
  `disabled` and the like are skipped; a stated failure without a failure element is a failure without text.
- Properties of suites and of the root tell the run's identity; `service.peer.name` there holds for the cases after it.
- The earliest timestamp of root and suites is the start of the run, marked when it was written without a zone. The
  identity is handed over before the first thousand attempts and once more at the end, where it can only be completed.
- Cases of pytest that are repeated are attempts (`junit_pytest`).
- A failure or error of a suite itself becomes an errored attempt of the case `(suite)`; so does a suite that states
  failures and more tests than it has cases for, or wrote to its error stream and has no case.
- Control characters that XML forbids (terminal colours) are replaced in a second reading, with a warning.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element, SubElement
from xml.parsers import expat

from ingest.errors import Refused
from ingest.formats import xml_reader
from ingest.formats.junit_children import (
    OUTPUT_TAGS,
    RESULT_TAGS,
    CaseHead,
    attempts_of,
    is_output_only,
    property_pairs,
    result_of,
    suite_failure,
    tidy,
)
from ingest.formats.junit_events import CHILDREN_KEPT, Attributes, Children, check, handlers
from ingest.formats.junit_heads import DURATIONS, Heads
from ingest.formats.junit_pytest import NAMELESS, in_pytest
from ingest.formats.junit_suites import Suites
from ingest.formats.notes import Notes
from ingest.formats.properties import ATTACHMENT_MARK
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
    """What becomes of the elements of one reading. An earlier reading of the same file handed over `skip` attempts."""

    def __init__(self, limits: Limits, sink: ReportSink, skip: int) -> None:
        self.given = 0
        self.is_inside = False
        self._limits = limits
        self._sink = sink
        self._skip = skip
        self._notes = Notes()
        self._suites = Suites(self._notes)
        self._heads = Heads(self._suites, self._notes, limits)
        self._told: RunIdentity | None = None
        self._batch: list[CaseAttempt] = []
        self._plain: list[Attributes] = []  # cases that wait to become attempts together
        self._depth = 0
        self.plain = self._plain.append

    def attach(self, parser: expat.XMLParserType) -> None:
        """Take the parser and set handlers on it."""
        self._parser = parser
        self._notes.line_of = lambda: parser.CurrentLineNumber
        self._children = Children(parser, self, self._limits)
        parser.StartElementHandler, parser.EndElementHandler, self._open_case = handlers(self, self._children, parser)

    def inside(self) -> str:
        """Names of the open elements, for the reason of a truncated file."""
        names = [f"<testsuite> {name[:60]!r}" if name else "<testsuite>" for name in self._suites.open_names()[-1:]]
        case, child = self._open_case()
        if case is not None and self._children.tag in ("", "testcase"):
            names.append(f"<testcase> {case.get('name', '')[:60]!r}")
        if child or self._children.innermost():
            names.append(f"<{child or self._children.innermost()}>")
        return ", ".join(names)

    def piece_ended(self) -> None:
        """Hand over what has gathered, between two pieces of the file."""
        self._settle()
        if len(self._batch) >= BATCH:
            self._flush()

    def finish(self) -> None:
        """Hand over what is left: the last batch, the run's identity, the warnings."""
        self._settle()
        self._flush()
        if self._suites.services_came_late:
            self._notes.add("services of a suite stand after its cases and were not applied to them")
        self._suites.tell_unreadable()
        self._tell_identity()
        self._notes.tell(self._sink)

    # Elements outside cases

    def depth(self) -> int:
        """How many elements are open outside cases."""
        return self._depth

    def outer_start(self, tag: str, attrs: Attributes) -> str:
        """A suite, a case in a namespace, an element of a suite itself, or an unknown wrapper opens."""
        tag = tag.rpartition("}")[2]
        check(self._limits, self._depth + 1, attrs, self._parser)
        if not self._depth and tag not in SUITE_TAGS:
            reason = f"the root element is {tag[:60]!r}; a JUnit report has testsuites or testsuite"
            raise Refused("unknown-format", reason, line=self._parser.CurrentLineNumber)
        if tag == "testcase" or tag in _LOOSE_TAGS:
            return tag
        self._depth += 1
        self.is_inside = True
        if tag in SUITE_TAGS:
            self._settle()
            self._suites.open(attrs)
        return ""

    def outer_end(self, tag: str) -> None:
        """A suite or an unknown wrapper closes."""
        self._depth -= 1
        self.is_inside = self._depth > 0
        if tag.rpartition("}")[2] in SUITE_TAGS:
            self._settle()
            silent = self._suites.close()
            if silent is not None:
                self._batch.append(silent)

    # Cases

    def _settle(self) -> None:
        """The cases that wait become attempts; all are of the suite that is open."""
        if not self._plain:
            return
        file, services, durations, add = self._suites.file, self._suites.services, DURATIONS, self._batch.append
        is_renamed, retry = self._suites.project or self._suites.path, self._suites.retry
        for case in self._plain:
            try:
                name, classname, time = case["name"], case["classname"], case["time"]
                duration = durations[time] if time in durations else self._heads.duration(time)
            except KeyError:
                name = classname = ""
            if name and classname and not is_renamed:
                add(_new(CaseAttempt, (classname, name, _PASSED, duration, None, None, file, retry, services, ())))
                self._suites.cases += 1
            else:
                self._take(case)
        self._plain.clear()

    def passed(self, case: Attributes) -> None:
        """A case without children, with any attributes, has ended."""
        self._settle()
        self._take(case)

    def _take(self, case: Attributes) -> None:
        if self._suites.retry and not case.get("name"):
            self._notes.add(NAMELESS)
            return
        head = self._heads.of(case)
        if head.stated is not None:
            self._judge(head, Element("testcase"))
            return
        classname, name, duration, started_ms, file, services, _ = head
        retry = self._suites.retry
        self._suites.cases += 1
        self._batch.append(
            _new(CaseAttempt, (classname, name, _PASSED, duration, started_ms, None, file, retry, services, ()))
        )

    def built(self, tag: str, attrs: Attributes, element: Element) -> None:
        """A case with children, or an element of a suite, has ended."""
        self._settle()
        if tag != "testcase":
            self._loose(element)
        elif is_output_only(element):
            self._take(attrs)
        else:
            self._judge(self._heads.of(attrs), element)

    def single(self, case: Attributes, tag: str, attrs: Attributes, text: str) -> None:
        """A case with one plain child has ended."""
        self._settle()
        if tag not in RESULT_TAGS:
            if ATTACHMENT_MARK in text:
                element = Element("testcase")
                SubElement(element, tag, attrs).text = text
                self._judge(self._heads.of(case), element)
            else:
                self._take(case)
            return
        head = self._heads.of(case)
        outcome, failure = result_of(tag, attrs, tidy(text) if text else "")
        classname, name, duration, started_ms, file, services, _ = head
        attempt = _new(CaseAttempt, (classname, name, outcome, duration, started_ms, failure, file, 0, services, ()))
        self._keep([attempt], 0 if outcome is Outcome.SKIPPED else 1)

    def odd_child(self, tag: str, attrs: Attributes, kept: bool) -> None:
        """A child of a case that is a case itself, or is one too many."""
        if not kept:
            self._notes.add(f"more than {CHILDREN_KEPT:,} elements inside one case; the rest is left out")
        if tag == "testcase":
            self._notes.add("a test case inside a test case is not counted", attrs.get("name", ""))

    def _judge(self, head: CaseHead, element: Element) -> None:
        """A case whose children, or a status attribute, say more than that it ran."""
        attempts = attempts_of(head, element, self._limits, self._notes)
        self._keep(attempts, sum(child.tag in ("failure", "error") for child in element))

    def _keep(self, attempts: list[CaseAttempt], red_children: int) -> None:
        """Count the attempts of a case, and number those that its dialect repeats without a word."""
        self._suites.cases += 1
        outcome = attempts[-1].outcome
        if outcome is not _PASSED:
            self._suites.count(outcome, red_children)
        if self._suites.retry:
            attempts = in_pytest(attempts, self._suites.retry, self._batch)
        elif self._suites.red_retry and outcome is not _PASSED and outcome is not Outcome.SKIPPED:
            attempts = [attempt._replace(retry=attempt.retry or self._suites.red_retry) for attempt in attempts]
        self._batch.extend(attempts)

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
        elif element.tag in ("system-err", "system.err"):
            self._suites.take_error_output(element.text or "")

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
