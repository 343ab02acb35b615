"""Reads CppUnit's XML, seen in 1.15, and AUnit's (Ada), which has the same lists with attributes for the names.

Class name and name are the two halves of the full name: `shop::CartTest::rounds`, or in AUnit `Cart : rounds`. An
`Assertion` is a failure, any other type an error; set-up and tear-down are told by the tool as the test's own errors.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SmallDialect, place
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import read_elements, text_of
from ingest.limits import Limits
from ingest.model import Failure, Outcome


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _CppUnit)


class _CppUnit(SmallDialect):
    roots = frozenset({"TestRun"})
    suites = frozenset({"FailedTests", "SuccessfulTests"})
    records = frozenset({"FailedTest", "Test"})

    def opened(self, tag: str, attrs: dict[str, str]) -> bool:
        """Which of the two lists is open is the only suite that matters."""
        if tag in self.suites:
            self.path.append(tag)
        return tag in self.records and bool(self.path)

    def built(self, element: Element) -> None:
        """A test of one of the lists."""
        classname, name = _halves(element.get("name") or text_of(element, "Name"))
        took = duration_ms(element.get("elapsed") or text_of(element, "Time"))
        if self.path != ["FailedTests"]:
            self.add(classname, name, Outcome.PASSED, None, took)
            return
        outcome = Outcome.FAILED if text_of(element, "FailureType") == "Assertion" else Outcome.ERRORED
        file = text_of(element, "Location/File")
        self.add(classname, name, outcome, _failure(element, file), took, file)


def _halves(name: str) -> tuple[str, str]:
    """Class name and name.

    >>> _halves("shop::CartTest::rounds"), _halves("Cart : rounds"), _halves("rounds")
    (('shop::CartTest', 'rounds'), ('Cart', 'rounds'), ('', 'rounds'))
    """
    classname, _, own = name.rpartition(" : " if " : " in name else "::")
    return classname, own


def _failure(test: Element, file: str) -> Failure:
    message, at = text_of(test, "Message"), place(file, text_of(test, "Location/Line"))
    thrown = test.find("Exception")
    if thrown is None:
        return Failure("", message, at)
    trace = "\n".join(text_of(thrown, part) for part in ("Message", "Traceback") if thrown.find(part) is not None)
    return Failure(message, text_of(thrown, "Message") or message, trace)
