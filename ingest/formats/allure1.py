"""Reads Allure 1 results (`*-testsuite.xml`, adapters 1.x), one suite a file.

Rules: class name: the suite's name; name: the case's, which stays where its title may change. `failed` as it is,
`broken` errored, `canceled` and `pending` skipped. Arguments belong to the name, environment variables do not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.allure_names import NO_NAME
from ingest.formats.json_values import error_parts
from ingest.formats.junit_children import first_line, tidy
from ingest.formats.properties import links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.values import MAX_DURATION_MS, epoch_ms
from ingest.formats.xml_elements import Cases, read_elements
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity

_OUTCOMES = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "broken": Outcome.ERRORED,
    "skipped": Outcome.SKIPPED,
    "canceled": Outcome.SKIPPED,
    "pending": Outcome.SKIPPED,
}


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, times and warnings of one suite.

    Raises:
        Refused: as `xml_elements.read_elements`.
    """
    read_elements(stream, limits, sink, _Suite)


class _Suite:
    """One test suite."""

    roots = frozenset({"test-suite"})

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._name = ""
        self._start_ms: int | None = None
        self._end_ms: int | None = None

    def opened(self, tag: str, attrs: dict[str, str]) -> bool:
        """Cases and the suite's own name are built."""
        if tag == "test-suite":
            self._start_ms, self._end_ms = _time(attrs.get("start")), _time(attrs.get("stop"))
        return tag in ("test-case", "name", "title", "labels")

    def closed(self, tag: str) -> None:
        """Nothing ends with an element that is not built."""

    def built(self, element: Element) -> None:
        """The suite's name, or a case."""
        if element.tag == "name":
            self._name = (element.text or "").strip()
        elif element.tag == "test-case":
            self._cases.add(self._attempt(element))

    def ended(self) -> None:
        """Nothing is left."""

    def identity(self) -> RunIdentity:
        """When the suite ran."""
        zoneless = None if self._start_ms is None else False
        return RunIdentity(start_ms=self._start_ms, start_is_zoneless=zoneless, end_ms=self._end_ms)

    def _attempt(self, case: Element) -> CaseAttempt:
        limits = self._cases.limits
        pairs = [*_pairs(case, "labels/label"), *_pairs(case, "parameters/parameter")]
        start, stop = _time(case.get("start")), _time(case.get("stop"))
        has_length = start is not None and stop is not None and 0 <= stop - start <= MAX_DURATION_MS
        outcome, failure = self._outcome(case)
        links = [*links_of(pairs), *(Link("attachment", source) for source in _sources(case))]
        return CaseAttempt(
            self._name,
            self._name_of(case),
            outcome,
            stop - start if start is not None and stop is not None and has_length else None,
            start,
            failure,
            None,
            0,
            services_of(pairs)[: limits.services_per_case],
            tuple(dict.fromkeys(links))[: limits.links_per_attempt],
        )

    def _name_of(self, case: Element) -> str:
        name = (case.findtext("name") or case.findtext("title") or "").strip()
        title = (case.findtext("title") or "").strip()
        if name == self._name and title:  # a skipped method or a class set-up: the adapter names the class
            name = title
        if not name:
            self._cases.notes.add("a test has no name")
        arguments = [
            f"{item.get('name', '')}={item.get('value', '')}"
            for item in case.iterfind("parameters/parameter")
            if item.get("kind") == "argument"
        ]
        return (
            f"{name or NO_NAME} [{', '.join(arguments)}]" if arguments and not name.endswith("]") else name or NO_NAME
        )

    def _outcome(self, case: Element) -> tuple[Outcome, Failure | None]:
        status = case.get("status", "").lower()
        outcome = _OUTCOMES.get(status)
        if outcome == Outcome.PASSED:
            return outcome, None
        message, trace = tidy(case.findtext("failure/message") or ""), tidy(case.findtext("failure/stack-trace") or "")
        if outcome == Outcome.SKIPPED:
            return outcome, Failure("", message, "") if message else None
        if outcome is None:
            self._cases.notes.add("a result without a known status counts as errored", status or "(none)")
        message = message or first_line(trace)
        return outcome or Outcome.ERRORED, Failure(error_parts(message)[0] or error_parts(trace)[0], message, trace)


def _time(text: str | None) -> int | None:
    return epoch_ms(text.encode()) if text else None


def _pairs(case: Element, path: str) -> Iterator[tuple[str, str]]:
    for item in case.iterfind(path):
        yield item.get("name", ""), item.get("value", "")


def _sources(case: Element) -> Iterator[str]:
    """Attachments of a case and of its steps."""
    for item in case.iter("attachment"):
        if item.get("source"):
            yield item.get("source", "")
