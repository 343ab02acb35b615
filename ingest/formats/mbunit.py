"""Reads the reports of MbUnit 2 (.NET). By the reports of other projects and the tool's schema.

Class name: the type of the fixture. A set-up or tear-down of a fixture that fails is an errored case of that name.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SmallDialect, skip_reason
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import read_elements, text_of
from ingest.limits import Limits
from ingest.model import Failure, Outcome

_RESULTS = {"failure": Outcome.FAILED, "ignore": Outcome.SKIPPED, "skip": Outcome.SKIPPED, "notrun": Outcome.SKIPPED}


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _MbUnit)


class _MbUnit(SmallDialect):
    roots = frozenset({"report-result"})
    suites = frozenset({"fixture"})
    records = frozenset({"run", "set-up", "tear-down"})

    def opened(self, tag: str, attrs: dict[str, str]) -> bool:
        """The report, a fixture, or a run of a test."""
        if tag == "report-result":
            self.start.run(attrs.get("date"))
        if tag in self.suites:
            self.path.append(attrs.get("type") or attrs.get("name") or "")
        return tag in self.records

    def built(self, element: Element) -> None:
        """A run of a test, or of a fixture's set-up or tear-down."""
        outcome, classname = _RESULTS.get(element.get("result", "").lower(), Outcome.PASSED), "".join(self.path)
        if element.tag != "run":
            if outcome is Outcome.FAILED:
                self.add(classname, f"({element.tag})", Outcome.ERRORED, _failure(element))
            return
        failure = _failure(element) if outcome is Outcome.FAILED else None
        if outcome is Outcome.SKIPPED:
            failure = skip_reason(text_of(element, "exception/message"))
        self.add(classname, element.get("name", ""), outcome, failure, duration_ms(element.get("duration", "")))


def _failure(run: Element) -> Failure:
    thrown = run.find("exception")
    if thrown is None:
        return Failure("", text_of(run, "console-error"), "")
    return Failure(thrown.get("type", ""), text_of(thrown, "message"), text_of(thrown, "stack-trace"))
