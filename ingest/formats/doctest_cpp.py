"""Reads the XML of doctest, the C++ framework (`-r=xml`). Seen in 2.4.9.

Class name: the suite, or the program for a case outside of any. The case's own verdict counts, so that expected
failures pass; time-outs and unexpected passes fail without an assertion. Sub-cases are parts of their case, as in
`catch2`.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.catch2 import judged
from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SmallDialect, base_name
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import read_elements
from ingest.limits import Limits
from ingest.model import Outcome


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Doctest)


class _Doctest(SmallDialect):
    roots = frozenset({"doctest"})
    suites = frozenset({"doctest", "TestSuite"})
    records = frozenset({"TestCase"})

    def opened(self, tag: str, attrs: dict[str, str]) -> bool:
        """The program, a suite, or a case."""
        if tag in self.suites:
            self.path.append(base_name(attrs["binary"]) if "binary" in attrs else attrs.get("name", ""))
        return tag in self.records

    def built(self, element: Element) -> None:
        """A test case."""
        classname, name = next((name for name in reversed(self.path) if name), ""), element.get("name", "")
        if element.get("skipped") == "true":
            self.add(classname, name, Outcome.SKIPPED, file=element.get("filename"))
            return
        verdict = element.find("OverallResultsAsserts")
        has_passed = verdict is not None and verdict.get("test_case_success") == "true"
        took = duration_ms(verdict.get("duration", "")) if verdict is not None else None
        outcome, failure = judged(element, has_passed)
        self.add(classname, name, outcome, failure, took, element.get("filename"))
