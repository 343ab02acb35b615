"""Reads UnitTest++'s XML (`XmlTestReporter`). Seen in 2.0.

A message starts with its place, `cart.cpp(12) : `, which is cut off so that equal failures look alike when lines move;
the text keeps it. An unhandled exception is an error.
"""

from __future__ import annotations

import re
from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SmallDialect, failure_of
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import read_elements
from ingest.limits import Limits
from ingest.model import Outcome

_PLACED = re.compile(r"(.{1,400}?)\(\d+\) : ")


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _UnitTestPp)


class _UnitTestPp(SmallDialect):
    roots = frozenset({"unittest-results"})
    records = frozenset({"test"})

    def built(self, element: Element) -> None:
        """A test."""
        classname, name = element.get("suite", ""), element.get("name", "")
        took = duration_ms(element.get("time", ""))
        texts = [failure.get("message", "") for failure in element.findall("failure")]
        if not texts:
            self.add(classname, name, Outcome.PASSED, None, took)
            return
        placed = _PLACED.match(texts[0])
        message = texts[0][placed.end() :] if placed else texts[0]
        is_error = message.startswith("Unhandled exception")
        failure = failure_of(texts)._replace(message=message)
        file = placed[1] if placed else None
        self.add(classname, name, Outcome.ERRORED if is_error else Outcome.FAILED, failure, took, file)
