"""Reads JUnit XML in all its dialects: one pass, constant memory.

A test case without children, nine of ten in most reports, goes straight from its attributes into the columns of
`PlainCases`, and so does one with one plain child. Elements are built only for cases that have more children
(`junit_children` interprets those) and dropped with the case. Runs of plain cases need no parser (`junit_runs`).
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

from collections.abc import Iterable
from itertools import chain
from typing import BinaryIO
from xml.etree.ElementTree import Element, SubElement
from xml.parsers import expat

from ingest.errors import Refused
from ingest.formats import xml_reader
from ingest.formats.batches import batches
from ingest.formats.junit_children import (
    OUTPUT_TAGS,
    RESULT_TAGS,
    CaseHead,
    attempts_of,
    is_output_only,
    property_pairs,
    single_result,
    suite_failure,
)
from ingest.formats.junit_events import CHILDREN_KEPT, Attributes, Children, Events, check
from ingest.formats.junit_heads import Heads, plain_columns
from ingest.formats.junit_pytest import NAMELESS, TEARDOWN, in_pytest
from ingest.formats.junit_runs import Body, Run, pieces
from ingest.formats.junit_suites import Suites
from ingest.formats.notes import Notes
from ingest.formats.plain_cases import Attempts, PlainCases
from ingest.formats.properties import ATTACHMENT_MARK
from ingest.formats.sink import BATCH, ReportSink
from ingest.limits import Limits
from ingest.model import CaseAttempt, Outcome, RunIdentity

SUITE_TAGS = frozenset({"testsuites", "testsuite", "testrun"})

_LOOSE_TAGS = frozenset({"properties", "property", "failure", "error"}) | OUTPUT_TAGS
_PASSED, _SKIPPED = Outcome.PASSED, Outcome.SKIPPED
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
        self._limits = limits
        self._sink = sink
        self._skip = skip
        self._notes = Notes()
        self._suites = Suites(self._notes)
        self._heads = Heads(self._suites, self._notes, limits)
        self._told: RunIdentity | None = None
        self._ready: list[Attempts] = []
        self._waiting: list[Attributes] = []  # cases that become attempts together
        self._results: dict[int, tuple[str, Attributes, str]] = {}  # the one child of some of them, by their place
        self._depth = 0
        self._has_namespaces = False
        self.plain = self._waiting.append

    def attach(self, parser: expat.XMLParserType) -> None:
        """Take the parser and set handlers on it."""
        self._parser = parser
        self._notes.line_of = lambda: parser.CurrentLineNumber
        self._children = Children(parser, self, self._limits)
        self._events = Events(self, self._children, parser)
        parser.StartElementHandler, parser.EndElementHandler = self._events.start, self._events.end

    def inside(self) -> str:
        """Names of the open elements, for the reason of a truncated file."""
        names = [f"<testsuite> {name[:60]!r}" if name else "<testsuite>" for name in self._suites.open_names()[-1:]]
        case, child = self._events.innermost()
        if case is not None and self._children.tag in ("", "testcase"):
            names.append(f"<testcase> {case.get('name', '')[:60]!r}")
        if child or self._children.innermost():
            names.append(f"<{child or self._children.innermost()}>")
        return ", ".join(names)

    def pieces(self, data: bytes, offset: int) -> Iterable[bytes]:
        """What the parser is given for a piece of the file: no more than it takes, where plain cases follow another."""
        if self._suites.project or self._suites.path:
            return (data,)
        return pieces(data, offset, self._parser, self)

    def piece_ended(self) -> None:
        """Hand over what has gathered, between two pieces of the file."""
        self._settle()
        if sum(map(len, self._ready)) >= BATCH:
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
        _, has_namespace, tag = tag.rpartition(xml_reader.NAMESPACE_MARK)
        self._has_namespaces |= bool(has_namespace)
        check(self._limits, self._depth + 1, attrs, self._parser)
        if not self._depth and tag not in SUITE_TAGS:
            reason = f"the root element is {tag[:60]!r}; a JUnit report has testsuites or testsuite"
            raise Refused("unknown-format", reason, line=self._parser.CurrentLineNumber)
        if tag == "testcase" or tag in _LOOSE_TAGS:
            return tag
        self._depth += 1
        if tag in SUITE_TAGS:
            self._settle()
            self._suites.open(attrs)
        return ""

    def outer_end(self, tag: str) -> None:
        """A suite or an unknown wrapper closes."""
        self._depth -= 1
        if tag.rpartition("}")[2] in SUITE_TAGS:
            self._settle()
            silent = self._suites.close()
            if silent is not None:
                self._put([silent])

    # Cases

    def _settle(self) -> None:
        """The cases that wait become attempts; all are of the suite that is open."""
        if not self._waiting:
            return
        waiting, results, suites = self._waiting, self._results, self._suites
        columns = None if suites.project or suites.path else plain_columns(waiting)
        if columns is None:
            for at, case in enumerate(waiting):
                self._take(case, results.get(at))
        else:
            plain = self._add_columns(*columns)
            before = len(plain) - len(waiting)
            for at, child in results.items():
                plain.results[before + at] = outcome, _ = single_result(*child)
                suites.count(outcome, 0 if outcome is _SKIPPED else 1)
        waiting.clear()
        results.clear()

    def count_waiting(self) -> int:
        """How many cases wait to become attempts together."""
        return len(self._waiting)

    def last_body(self) -> Body | None:
        """What the last of them says by its child; None where its bytes may mean something else in another report."""
        tag, attrs, text = self._results.get(len(self._waiting) - 1, ("", {}, ""))
        if self._has_namespaces or any(xml_reader.NAMESPACE_MARK in name for name in attrs):
            return None
        return Body(single_result(tag, attrs, text) if tag else None, attrs.get("message", ""))

    def take_run(self, run: Run) -> bool:
        """Take a run of cases; False where they mean more than they say."""
        suites = self._suites
        if suites.project or suites.path:
            return False
        if run.bodies and self._has_namespaces:
            return False
        if any(body.result is not None and self._may_belong_to_another(body.message) for body in run.bodies.values()):
            return False
        self._settle()
        plain = self._add_columns(run.classnames, run.names, run.times)
        before = len(plain) - len(run.names)
        for at, body in run.bodies.items():
            if body.result is not None:
                plain.results[before + at] = body.result
                suites.count(body.result[0], 0 if body.result[0] is _SKIPPED else 1)
        return True

    def _add_columns(self, classnames: list[str], names: list[str], times: list[str]) -> PlainCases:
        """Take cases that passed, all of the suite that is open."""
        plain = self._plain_here()
        plain.classnames += classnames
        plain.names += names
        plain.files += [self._suites.file] * len(names)
        plain.durations += self._heads.durations(times)
        self._suites.cases += len(names)
        return plain

    def _plain_here(self) -> PlainCases:
        """The columns for what comes next."""
        last, suites = self._ready[-1] if self._ready else None, self._suites
        if isinstance(last, PlainCases) and last.retry == suites.retry and last.services == suites.services:
            return last
        plain = PlainCases(suites.retry, suites.services)
        self._ready.append(plain)
        return plain

    def _put(self, attempts: list[CaseAttempt]) -> None:
        """Hand over the attempts of one case."""
        first, suites = attempts[0], self._suites
        if (
            len(attempts) == 1
            and first.started_ms is None
            and not first.links
            and first.retry == suites.retry
            and first.services == suites.services
        ):
            self._plain_here().add(first)
            return
        last = self._ready[-1] if self._ready else None
        if isinstance(last, list):
            last += attempts
        else:
            self._ready.append(attempts)

    def _gathered(self) -> list[CaseAttempt]:
        """What waits to be handed over, as attempts that may be changed."""
        gathered = list(chain.from_iterable(self._ready))
        self._ready = [gathered]
        return gathered

    def passed(self, case: Attributes) -> None:
        """A case without children, with any attributes, has ended."""
        self._settle()
        self._take(case)

    def single(self, case: Attributes, tag: str, attrs: Attributes, text: str) -> None:
        """A case with one plain child has ended."""
        is_result = tag in RESULT_TAGS
        if not is_result and ATTACHMENT_MARK in text:
            self._settle()
            element = Element("testcase")
            SubElement(element, tag, attrs).text = text
            self._judge(self._heads.of(case), element)
        elif (
            len(case) == 3
            and "time" in case
            and not (is_result and self._may_belong_to_another(attrs.get("message", "")))
        ):
            if is_result:
                self._results[len(self._waiting)] = tag, attrs, text
            self.plain(case)
        else:
            self._settle()
            self._take(case, (tag, attrs, text) if is_result else None)

    def built(self, tag: str, attrs: Attributes, element: Element) -> None:
        """A case with children, or an element of a suite, has ended."""
        self._settle()
        if tag != "testcase":
            self._loose(element)
        elif is_output_only(element):
            self._take(attrs)
        else:
            self._judge(self._heads.of(attrs), element)

    def _take(self, case: Attributes, child: tuple[str, Attributes, str] | None = None) -> None:
        """A case without children, or with one that is a plain result."""
        if self._suites.retry and child is None and not case.get("name"):
            self._notes.add(NAMELESS)
            return
        head = self._heads.of(case)
        if head.stated is not None and child is None:
            self._judge(head, Element("testcase"))
            return
        outcome, failure = (_PASSED, None) if child is None else single_result(*child)
        classname, name, duration, started_ms, file, services, _ = head
        attempt = _new(CaseAttempt, (classname, name, outcome, duration, started_ms, failure, file, 0, services, ()))
        self._keep([attempt], 0 if outcome in (_PASSED, _SKIPPED) else 1)

    def _may_belong_to_another(self, message: str) -> bool:
        """Whether a red case may be an attempt of an earlier one, or a part of it."""
        suites = self._suites
        return bool(suites.red_retry or (suites.retry and message.startswith(TEARDOWN)))

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
            attempts = in_pytest(attempts, self._suites.retry, self._gathered)
        elif self._suites.red_retry and outcome not in (_PASSED, _SKIPPED):
            attempts = [attempt._replace(retry=attempt.retry or self._suites.red_retry) for attempt in attempts]
        if attempts:
            self._put(attempts)

    def _loose(self, element: Element) -> None:
        """An element of a suite itself."""
        if element.tag in ("failure", "error"):
            self._put([suite_failure(self._suites.name, element, self._suites.file)])
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
        ready, self._ready = self._ready, []
        for attempts in ready:
            cut = attempts.cut(BATCH) if isinstance(attempts, PlainCases) else batches(attempts)
            for batch in cut:
                self._hand_over(batch)

    def _hand_over(self, batch: Attempts) -> None:
        if self._skip:
            dropped = min(self._skip, len(batch))
            self._skip -= dropped
            batch = list(batch)[dropped:]
        if not batch:
            return
        if not self.given:
            self._tell_identity()
        self.given += len(batch)
        self._sink.attempts(batch)
