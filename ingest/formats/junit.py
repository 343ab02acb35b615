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
from xml.etree.ElementTree import Element, SubElement
from xml.parsers import expat

from ingest.errors import Refused
from ingest.formats import xml_reader
from ingest.formats.bounded import BoundedText
from ingest.formats.junit_children import OUTPUT_TAGS, CaseHead, attempts_of, property_pairs, suite_failure
from ingest.formats.junit_suites import Suites
from ingest.formats.notes import Notes
from ingest.formats.sink import BATCH, ReportSink
from ingest.formats.values import duration_ms, is_unset_time, moment
from ingest.limits import Limits
from ingest.model import CaseAttempt, Outcome

SUITE_TAGS = frozenset({"testsuites", "testsuite", "testrun"})
NO_NAME = "(no name)"

_CHILDREN_KEPT = 10_000
_KEPT_DURATIONS = 20_000
_LOOSE_TAGS = frozenset({"properties", "property", "failure", "error"}) | OUTPUT_TAGS
_STATED = {
    "notrun": Outcome.SKIPPED, "skipped": Outcome.SKIPPED, "disabled": Outcome.SKIPPED, "ignored": Outcome.SKIPPED,
    "pending": Outcome.SKIPPED, "untested": Outcome.SKIPPED, "suppressed": Outcome.SKIPPED, "not_run": Outcome.SKIPPED,
    "failed": Outcome.FAILED, "failure": Outcome.FAILED, "fail": Outcome.FAILED,
    "error": Outcome.ERRORED, "errored": Outcome.ERRORED, "broken": Outcome.ERRORED,
}  # fmt: skip
_PASSED = Outcome.PASSED
_durations: dict[str, int] = {}  # the same few thousand spellings come again in every file
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
        self._sink = sink
        self._skip = skip
        self._notes = Notes()
        self._suites = Suites(self._notes)
        self._batch: list[CaseAttempt] = []
        self._depth = 0
        self._case: dict[str, str] | None = None
        self._element: Element | None = None  # the case or loose element being built
        self._open: list[tuple[Element, BoundedText]] = []  # its open elements, outermost first
        self._children = 0
        self._case_line = 0

    def attach(self, parser: expat.XMLParserType) -> None:
        """Take the parser and set handlers on it."""
        self._parser = parser
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end

    def inside(self) -> str:
        """Names of the open elements, for the reason of a truncated file."""
        names = [f"<testsuite> {name!r}" if name else "<testsuite>" for name in self._suites.open_names()[-1:]]
        if self._case is not None:
            names.append(f"<testcase> {self._case.get('name', '')[:60]!r}")
        names.extend(f"<{element.tag}>" for element, _ in self._open[-1:] if element.tag != "testcase")
        return ", ".join(names)

    def finish(self) -> None:
        """Hand over what is left: the last batch, the run's identity, the warnings."""
        self._flush()
        if self._suites.services_came_late:
            self._notes.add("services of a suite stand after its cases and were not applied to them")
        self._suites.tell_unreadable()
        self._sink.identity(self._suites.identity())
        self._notes.tell(self._sink)

    # Elements

    def _start(self, tag: str, attrs: dict[str, str]) -> None:
        self._depth += 1
        if self._case is not None or self._element is not None:
            self._start_child(tag.rpartition("}")[2], attrs)
        elif tag == "testcase" and self._depth > 1:
            self._case = attrs
        else:
            self._start_outer(tag.rpartition("}")[2], attrs)

    def _end(self, tag: str) -> None:
        self._depth -= 1
        if self._element is not None:
            self._end_child()
        elif self._case is not None:
            case, self._case = self._case, None
            if len(case) != 3:
                self._childless(case)
                return
            try:
                name, classname, duration = case["name"], case["classname"], _durations[case["time"]]
            except KeyError:
                self._childless(case)
                return
            if not name or not classname:
                self._childless(case)
                return
            suites, batch = self._suites, self._batch
            suites.cases += 1
            batch.append(
                _new(CaseAttempt, (classname, name, _PASSED, duration, None, None, suites.file, 0, suites.services, ()))
            )
            if len(batch) >= BATCH:
                self._flush()
        elif tag.rpartition("}")[2] in SUITE_TAGS:
            self._suites.close(self._parser.CurrentLineNumber)

    def _start_outer(self, tag: str, attrs: dict[str, str]) -> None:
        """An element outside any case: a suite, a case in a namespace, something loose, or an unknown wrapper."""
        self._check(attrs)
        if self._depth == 1 and tag not in SUITE_TAGS:
            reason = f"the root element is {tag[:60]!r}; a JUnit report has testsuites or testsuite"
            raise Refused("unknown-format", reason, line=self._parser.CurrentLineNumber)
        if tag == "testcase":
            self._case = attrs
        elif tag in SUITE_TAGS:
            self._suites.open(attrs)
        elif tag in _LOOSE_TAGS:
            self._build(Element(tag, attrs))

    def _start_child(self, tag: str, attrs: dict[str, str]) -> None:
        """An element inside a case or a loose element."""
        self._check(attrs)
        if self._element is None and self._case is not None:
            self._check(self._case)
            self._case_line = self._parser.CurrentLineNumber
            self._build(Element("testcase", self._case))
        self._children += 1
        parent = self._open[-1][0]
        if tag == "testcase":
            self._notes.add("a test case inside a test case is not counted", attrs.get("name", ""))
        if self._children > _CHILDREN_KEPT:
            self._notes.add(f"more than {_CHILDREN_KEPT:,} elements inside one case; the rest is left out")
            self._open.append((Element(tag), BoundedText(0)))
            return
        self._open.append((SubElement(parent, tag, attrs), BoundedText(4 * self._limits.text_chars)))

    def _build(self, element: Element) -> None:
        self._element = element
        self._children = 0
        self._open = [(element, BoundedText(4 * self._limits.text_chars))]
        self._parser.CharacterDataHandler = self._data

    def _data(self, text: str) -> None:
        self._open[-1][1].add(text)

    def _end_child(self) -> None:
        element, text = self._open.pop()
        element.text = text.text()
        if self._open:
            return
        self._parser.CharacterDataHandler = None
        self._element = None
        if self._case is None:
            self._loose(element)
            return
        case, self._case = self._case, None
        self._suites.cases += 1
        attempts = attempts_of(self._head(case), element, self._limits, self._notes, self._case_line)
        self._suites.count(attempts[-1].outcome, sum(child.tag in ("failure", "error") for child in element))
        self._batch.extend(attempts)
        if len(self._batch) >= BATCH:
            self._flush()

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

    def _check(self, attrs: dict[str, str]) -> None:
        if self._depth > self._limits.depth:
            reason = f"elements are nested deeper than {self._limits.depth}; raise limits.depth to read it"
            raise Refused("xml-depth", reason, line=self._parser.CurrentLineNumber)
        if len(attrs) > self._limits.attributes:
            reason = f"one element has more than {self._limits.attributes:,} attributes; raise limits.attributes"
            raise Refused("too-large", reason, line=self._parser.CurrentLineNumber)

    # Cases

    def _childless(self, case: dict[str, str]) -> None:
        """A case without children, whatever its attributes."""
        self._check(case)
        self._suites.cases += 1
        head = self._head(case)
        outcome = Outcome.PASSED
        if head.stated is not None:
            outcome = head.stated
            self._suites.count(outcome, 0)
        if outcome in (Outcome.FAILED, Outcome.ERRORED):
            self._batch.extend(attempts_of(head, Element("testcase"), self._limits, self._notes, 0))
        else:
            self._batch.append(
                CaseAttempt(
                    head.classname,
                    head.name,
                    outcome,
                    head.duration_ms,
                    head.started_ms,
                    None,
                    head.file,
                    0,
                    head.services,
                )
            )
        if len(self._batch) >= BATCH:
            self._flush()

    def _head(self, case: dict[str, str]) -> CaseHead:
        get = case.get
        name = get("name") or get("id") or ""
        if not name.strip():
            self._notes.add("a test case has no name", line=self._parser.CurrentLineNumber)
            name = NO_NAME
        classname = get("classname") or get("class") or ""
        return CaseHead(
            classname if classname.strip() else self._suites.name,
            name,
            self._duration(get("time")),
            self._started(get("timestamp")),
            get("file") or get("filepath") or self._suites.file,
            self._suites.services,
            _stated(case) if "status" in case or "result" in case or "skipped" in case or "disabled" in case else None,
        )

    def _duration(self, text: str | None) -> int | None:
        if text is None:
            return None
        if text in _durations:
            return _durations[text]
        value = duration_ms(text)
        if value is None:
            if text.strip():
                self._notes.add("a duration cannot be read", text, self._parser.CurrentLineNumber)
            return None
        if len(_durations) < _KEPT_DURATIONS:
            _durations[text] = value
        return value

    def _started(self, text: str | None) -> int | None:
        if text is None or is_unset_time(text):
            return None
        when = moment(text)
        if when is None:
            self._notes.add("a time cannot be read", text, self._parser.CurrentLineNumber)
            return None
        return when.ms

    def _flush(self) -> None:
        batch, self._batch = self._batch, []
        if self._skip:
            dropped = min(self._skip, len(batch))
            self._skip -= dropped
            batch = batch[dropped:]
        if batch and not self.given:
            self._sink.identity(self._suites.identity())
        self.given += len(batch)
        for start in range(0, len(batch), BATCH):
            self._sink.attempts(batch[start : start + BATCH] if len(batch) > BATCH else batch)


def _stated(case: dict[str, str]) -> Outcome | None:
    """The outcome that attributes of a case state; None where they state a pass or nothing known.

    >>> _stated({"status": "notrun"}), _stated({"status": "run", "result": "completed"})
    (<Outcome.SKIPPED: 3>, None)
    """
    for key in ("status", "result"):
        outcome = _STATED.get(case.get(key, "").strip().lower())
        if outcome is not None:
            return outcome
    if any(case.get(key, "").strip().lower() == "true" for key in ("skipped", "disabled")):
        return Outcome.SKIPPED
    return None
