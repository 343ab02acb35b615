"""Reads FPCUnit's XML (Free Pascal, also DUnit2). By the reports of other projects and the writer's source.

Class name: the innermost suite with a name. The report names the time of its run at its end, without a zone.
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

_RESULTS = {"ok": Outcome.PASSED, "failed": Outcome.FAILED, "error": Outcome.ERRORED, "ignored": Outcome.SKIPPED}


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _FpcUnit)


class _FpcUnit(SmallDialect):
    roots = frozenset({"TestResults"})
    suites = frozenset({"TestSuite"})
    records = frozenset({"Test", "DateTimeRan"})

    def built(self, element: Element) -> None:
        """A test, or the time of the run."""
        if element.tag == "DateTimeRan":
            self.start.run(text_of(element))
            return
        outcome = _RESULTS.get(element.get("Result", "").strip().lower(), Outcome.ERRORED)
        classname = next((name for name in reversed(self.path) if name), "")
        failure = None if outcome is Outcome.PASSED else _failure(element)
        took = duration_ms(element.get("ElapsedTime", ""))
        self.add(classname, element.get("Name", ""), outcome, failure, took)


def _failure(test: Element) -> Failure:
    message = text_of(test, "ExceptionMessage") or text_of(test, "Message")
    unit = place(text_of(test, "SourceUnitName"), text_of(test, "LineNumber"))
    method = text_of(test, "FailedMethodName")
    return Failure(text_of(test, "ExceptionClass"), message, "\n".join(part for part in (method, unit) if part))
