"""Reads NUnit 2 reports (`test-results`), of NUnit 2.0 to 2.6 and of the tools that imitate them.

Rules:

- Names of tests are full names: the class is the open fixture where the name starts with it, else what stands before
  the last dot outside brackets and quotes, else the innermost suite.
- `result` counts where it is written (since 2.5), else `executed` and `success`. `NotRunnable`, `Ignored`, `Skipped`
  and `Inconclusive` are skipped: NUnit 2 counts them as not run. `Error` and `Cancelled` are errored; so are tests
  whose fixture could not be set up, and they get its message and trace.
- A failed tear-down of a fixture is only a red suite without a red test, mostly without a message: an errored case.
- The time of the run has no zone. Services and links: properties and categories.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.dotnet_names import exception_in, file_name, split_name, without_class
from ingest.formats.junit_children import first_line, property_pairs
from ingest.formats.junit_events import Attributes
from ingest.formats.properties import links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import Cases, RunStart, read_elements, text_of
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome, RunIdentity

NO_NAME = "(no name)"

_OUTCOMES = {
    "success": Outcome.PASSED, "failure": Outcome.FAILED, "error": Outcome.ERRORED, "cancelled": Outcome.ERRORED,
    "ignored": Outcome.SKIPPED, "skipped": Outcome.SKIPPED, "notrunnable": Outcome.SKIPPED,
    "inconclusive": Outcome.SKIPPED, "invalid": Outcome.SKIPPED,
}  # fmt: skip
_RED = (Outcome.FAILED, Outcome.ERRORED)
_NAMED_SUITES = ("testfixture", "parameterizedfixture", "genericfixture", "namespace", "setupfixture")
_PARENT_FAILED = ("TestFixtureSetUp failed", "Parent SetUp failed", "SetUpFixture failed", "OneTimeSetUp failed")
_NOT_ASSERTIONS = ("SetUp : ", "TearDown : ", "Test exceeded Timeout value")


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one file.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Nunit)


class _Suite:
    """One open suite; `reds` is the number of red results before it."""

    def __init__(self, attrs: Attributes, outer: _Suite | None, reds: int) -> None:
        name, kind = attrs.get("name", ""), attrs.get("type", "").lower()
        is_path = "/" in name or "\\" in name or name.lower().endswith((".dll", ".exe", ".nunit"))
        above: str = outer.full_name if outer else ""
        is_named = kind in _NAMED_SUITES if kind else not is_path
        is_inner = kind == "testfixture" and outer is not None and outer.kind == "parameterizedfixture"
        if is_inner and outer is not None:
            above = outer.above
        self.kind: str = kind
        self.above: str = above
        is_whole = not above or name.startswith(f"{above}.")
        self.full_name: str = above if not is_named else name if is_whole else f"{above}.{name}"
        self.shown = self.full_name or file_name(name)
        self.reds = reds
        self.failure: Failure | None = None
        self.is_red = _outcome(attrs) in _RED
        self.has_tests = False

    def may_have_failed_itself(self) -> bool:
        """Whether red may be its own: since 2.5 always; before, the suites around a fixture tell nothing."""
        return self.is_red and (self.kind != "" or self.has_tests or self.failure is not None)


class _Nunit:
    roots = frozenset({"test-results"})

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._notes = cases.notes
        self._start = RunStart(cases.notes)
        self._suites: list[_Suite] = []
        self._reds = 0

    def opened(self, tag: str, attrs: Attributes) -> bool:
        """Enter a suite; tests and failures of suites are built."""
        if tag in ("test-case", "failure"):
            return bool(self._suites)
        if tag == "test-suite":
            self._suites.append(_Suite(attrs, self._suites[-1] if self._suites else None, self._reds))
        elif tag == "test-results" and attrs.get("date"):
            self._start.at(f"{attrs['date']} {attrs.get('time', '')}".strip())
        return False

    def closed(self, tag: str) -> None:
        """Leave a suite."""
        if tag != "test-suite" or not self._suites:
            return
        suite = self._suites.pop()
        if suite.may_have_failed_itself() and self._reds == suite.reds:
            hook = "TearDown" if suite.kind in ("testfixture", "setupfixture") and not suite.failure else "suite"
            failure = suite.failure or Failure("", "the suite failed and no test in it did: perhaps its tear-down", "")
            self._reds += 1
            self._cases.add(CaseAttempt(suite.shown, f"({hook})", Outcome.ERRORED, failure=failure))
            self._notes.add("a suite failed outside its tests", suite.shown)

    def built(self, element: Element) -> None:
        """Take a test, or the failure of a suite."""
        if element.tag == "test-case":
            self._take_test(element)
        else:
            self._suites[-1].failure = _failure(element)

    def ended(self) -> None:
        """Nothing is left."""

    def identity(self) -> RunIdentity:
        """The time of the run."""
        return self._start.over(RunIdentity())

    def _take_test(self, test: Element) -> None:
        classname, name = self._names(test.get("name", ""))
        self._suites[-1].has_tests = True
        outcome = _outcome(test.attrib)
        if outcome is None:
            self._notes.add("a result that NUnit does not know counts as errored", test.get("result", "(none)"))
            outcome = Outcome.ERRORED
        failure = _failure(test.find("failure")) if outcome in _RED else None
        if failure is not None:
            self._reds += 1
            if failure.message.startswith(_PARENT_FAILED):
                outcome, failure = Outcome.ERRORED, self._fixture_failure(failure)
            elif failure.message.startswith(_NOT_ASSERTIONS):
                outcome = Outcome.ERRORED
        elif outcome == Outcome.SKIPPED and (reason := text_of(test, "reason/message").strip()):
            failure = Failure("", reason, "")
        pairs = [pair for child in test if child.tag == "properties" for pair in property_pairs(child)]
        self._cases.add(
            CaseAttempt(
                classname,
                name,
                outcome,
                self._duration(test),
                None,
                failure,
                None,
                0,
                services_of(pairs)[: self._cases.limits.services_per_case],
                links_of(pairs)[: self._cases.limits.links_per_attempt],
            )
        )

    def _names(self, full: str) -> tuple[str, str]:
        if not full.strip():
            self._notes.add("a test has no name")
            full = NO_NAME
        fixture = next((suite.full_name for suite in reversed(self._suites) if _holds(suite, full)), "")
        if fixture:
            return fixture, without_class(full, fixture)
        classname, name = split_name(full)
        return classname or self._suites[-1].shown, name

    def _fixture_failure(self, own: Failure) -> Failure:
        """What the fixture says, because the test only says that the fixture failed."""
        stated = next((suite.failure for suite in reversed(self._suites) if suite.failure), None)
        return own if stated is None else stated._replace(message=f"{own.message}: {stated.message}")

    def _duration(self, test: Element) -> int | None:
        text = test.get("time") or ""
        value = duration_ms(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
        if value is None and text.strip():
            self._notes.add("a duration cannot be read", text)
        return value


def _holds(suite: _Suite, full: str) -> bool:
    """Whether a full name is one of a fixture's; the suites of namespaces and of parametrised methods are none."""
    if suite.kind not in ("", "testfixture", "genericfixture"):
        return False
    inner = full.removeprefix(f"{suite.full_name}.")
    return bool(suite.full_name) and inner != full and (suite.kind != "" or "." not in inner.partition("(")[0])


def _outcome(attrs: Attributes) -> Outcome | None:
    """The outcome that attributes state; None where `result` is unknown.

    >>> _outcome({"executed": "True", "success": "False"}), _outcome({"executed": "True", "result": "Error"})
    (<Outcome.FAILED: 1>, <Outcome.ERRORED: 2>)
    """
    if attrs.get("result", "").strip():
        return _OUTCOMES.get(attrs["result"].strip().lower())
    if attrs.get("executed", "true").strip().lower() == "false":
        return Outcome.SKIPPED
    success = attrs.get("success", "").strip().lower()
    return {"true": Outcome.PASSED, "false": Outcome.FAILED}.get(success)


def _failure(element: Element | None) -> Failure:
    trace, message = text_of(element, "stack-trace"), text_of(element, "message").strip()
    return Failure(exception_in(message), message or first_line(trace), trace)
