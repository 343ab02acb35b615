"""Reads NUnit 3 reports (`test-run`), also those of the engine's adapters and loggers.

Rules:

- Class name: the full name without the test's name, so that fixtures with different arguments are different classes;
  else `classname`. Name: `name`, parameters included.
- `Skipped` (ignored, explicit) and `Inconclusive` are skipped, `Warning` is passed, as NUnit counts them.
- A failure labelled `Error`, `Invalid` or `Cancelled`, or whose site is SetUp, TearDown or the parent, is errored.
- A suite whose one-time tear-down failed, and a red suite or run without a red test inside, become errored cases. A
  failed one-time set-up is in the tests of its suite already; they get its trace.
- Services and links: properties and attachments. Identity: parameters among the settings.
"""

from __future__ import annotations

import re
from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.dotnet_names import exception_in, file_name, split_name
from ingest.formats.junit_children import first_line, property_pairs
from ingest.formats.junit_events import Attributes
from ingest.formats.properties import identity_of, links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import Cases, RunStart, read_elements, text_of
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity

NO_NAME = "(no name)"

_OUTCOMES = {
    "passed": Outcome.PASSED, "warning": Outcome.PASSED, "failed": Outcome.FAILED, "skipped": Outcome.SKIPPED,
    "inconclusive": Outcome.SKIPPED, "notrunnable": Outcome.ERRORED,
}  # fmt: skip
_RED = (Outcome.FAILED, Outcome.ERRORED)
_NOT_ASSERTIONS = frozenset({"error", "invalid", "cancelled"})
_RESULT = re.compile(r"\s*([A-Za-z]+)\s*[(:]?\s*([A-Za-z]*)")
_HOOKS = {"SetUp": "OneTimeSetUp", "TearDown": "OneTimeTearDown"}
_MOST_PAIRS = 1_000


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one file.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Nunit)


class _Suite:
    """One open suite, or the run; `reds` is the number of red results before it."""

    def __init__(self, attrs: Attributes, reds: int) -> None:
        self.attrs = attrs
        self.reds = reds
        self.failure: Failure | None = None
        self.site = attrs.get("site", "")
        self.has_failed = attrs.get("result", "").lower().startswith("failed")

    def name(self) -> str:
        """Full name; of an assembly, the file's."""
        name = self.attrs.get("fullname") or self.attrs.get("name") or ""
        return file_name(name) if "/" in name or "\\" in name else name


class _Nunit:
    roots = frozenset({"test-run", "test-suite"})

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._notes = cases.notes
        self._start = RunStart(cases.notes)
        self._suites: list[_Suite] = []
        self._reds = 0
        self._pairs: list[tuple[str, str]] = []

    def opened(self, tag: str, attrs: Attributes) -> bool:
        """Enter a suite; tests, and what suites say of themselves, are built."""
        if tag in ("test-case", "failure", "reason", "properties", "setting"):
            return bool(self._suites)
        if tag in ("test-run", "test-suite"):
            self._suites.append(_Suite(attrs, self._reds))
            if len(self._suites) == 1:
                start = attrs.get("start-time", "")
                if attrs.get("run-date"):
                    start = f"{attrs['run-date']} {start}"
                self._start.run(start, attrs.get("end-time"))
        return False

    def closed(self, tag: str) -> None:
        """Leave a suite or the run."""
        if tag in ("test-run", "test-suite") and self._suites:
            suite = self._suites.pop()
            if suite.has_failed and (suite.site == "TearDown" or self._reds == suite.reds):
                self._surface(suite, "run" if tag == "test-run" else _HOOKS.get(suite.site, "suite"))

    def built(self, element: Element) -> None:
        """Take a test, or what a suite says of itself."""
        if element.tag == "test-case":
            self._take_test(element)
        elif element.tag in ("failure", "reason"):
            self._suites[-1].failure = _failure(element)
        elif len(self._pairs) < _MOST_PAIRS:
            self._pairs.extend(property_pairs(_holder(element)))
            self._pairs.extend((item.get("key", ""), item.get("value", "")) for item in element.iter("item"))

    def ended(self) -> None:
        """Note what could not be read."""
        for key in identity_of(self._pairs)[1]:
            self._notes.add("a property of the run cannot be read", key)

    def identity(self) -> RunIdentity:
        """Properties of suites, parameters, and the times of the run."""
        return self._start.over(identity_of(self._pairs)[0])

    def _surface(self, suite: _Suite, hook: str) -> None:
        self._reds += 1
        failure = suite.failure or Failure("", "failed without saying why", "")
        self._cases.add(CaseAttempt(suite.name(), f"({hook})", Outcome.ERRORED, failure=failure))
        self._notes.add("a suite failed outside its tests", suite.name())

    def _take_test(self, test: Element) -> None:
        classname, name = self._names(test)
        outcome = self._outcome(test)
        failure: Failure | None = None
        if outcome in _RED:
            self._reds += 1
            failure = self._case_failure(test)
            if failure.message.startswith("Test exceeded Timeout value"):
                outcome = Outcome.ERRORED
        elif outcome == Outcome.SKIPPED and (reason := text_of(test, "reason/message").strip()):
            failure = Failure("", reason, "")
        pairs = [pair for child in test if child.tag == "properties" for pair in property_pairs(child)]
        links = [Link("attachment", text_of(path)) for path in test.iterfind("attachments/attachment/filePath")]
        self._cases.add(
            CaseAttempt(
                classname,
                name,
                outcome,
                self._duration(test),
                self._start.at(test.get("start-time")),
                failure,
                None,
                0,
                services_of(pairs)[: self._cases.limits.services_per_case],
                tuple(dict.fromkeys((*links_of(pairs), *links)))[: self._cases.limits.links_per_attempt],
            )
        )

    def _names(self, test: Element) -> tuple[str, str]:
        name, full = test.get("name", ""), test.get("fullname", "")
        classname = test.get("classname", "")
        if name.strip() and full.endswith(f".{name}"):
            return full[: -len(name) - 1], name
        if not name.strip() and full.strip():
            split, name = split_name(full)
            classname = classname or split
        if not name.strip():
            self._notes.add("a test has no name")
            name = NO_NAME
        return classname or self._suites[-1].name(), name

    def _outcome(self, test: Element) -> Outcome:
        stated = test.get("result", "")
        match = _RESULT.match(stated)
        outcome = _OUTCOMES.get(match[1].lower()) if match else None
        if match is None or outcome is None:
            self._notes.add("a result that NUnit does not know counts as errored", stated or "(none)")
            return Outcome.ERRORED
        label = (test.get("label") or match[2]).lower()
        if outcome == Outcome.FAILED and (label in _NOT_ASSERTIONS or test.get("site", "Test") != "Test"):
            return Outcome.ERRORED
        return outcome

    def _case_failure(self, test: Element) -> Failure:
        failure = _failure(test.find("failure"))
        if test.get("site") == "Parent" and not failure.text:
            parents = [suite.failure for suite in self._suites if suite.failure and suite.site == "SetUp"]
            failure = failure._replace(text=parents[-1].text if parents else "")
        if not (failure.message or failure.text):
            reason = text_of(test, "reason/message").strip()
            failure = failure._replace(message=reason, text="" if reason else text_of(test, "output"))
        return failure

    def _duration(self, test: Element) -> int | None:
        text = test.get("duration") or test.get("time") or ""
        value = duration_ms(text)
        if value is None and text.strip():
            self._notes.add("a duration cannot be read", text)
        return value


def _holder(element: Element) -> Element:
    """A parent of the element, because properties are read from their parent; a setting is one by another name."""
    holder = Element("holder")
    if element.tag == "setting":
        element.tag = "property"
    holder.append(element)
    return holder


def _failure(element: Element | None) -> Failure:
    trace, message = text_of(element, "stack-trace"), text_of(element, "message").strip()
    return Failure(exception_in(message), message or first_line(trace), trace)
