"""Reads the XML of Check, the unit test framework for C (`srunner_set_xml`). Seen in 0.15.2.

Class name: suite and test case (Check's word for a group of functions), `cart/core`. Name: the function, with the
number of the iteration from the second one of a loop on. A failure of a checked fixture is told by Check as the
function's own; one of an unchecked fixture is not in its report at all. `error` is a signal, an early exit or a
time-out.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SmallDialect
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import Cases, read_elements, text_of
from ingest.limits import Limits
from ingest.model import Failure, Outcome

_RESULTS = {"success": Outcome.PASSED, "failure": Outcome.FAILED, "error": Outcome.ERRORED}


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Check)


class _Check(SmallDialect):
    roots = frozenset({"testsuites"})
    records = frozenset({"test", "title", "datetime"})

    def __init__(self, cases: Cases) -> None:
        super().__init__(cases)
        self._title = ""

    def built(self, element: Element) -> None:
        """The time of the run, the name of a suite, or a test."""
        if element.tag == "datetime":
            self.start.run(text_of(element))
        elif element.tag == "title":
            self._title = text_of(element)
        else:
            self._test(element)

    def _test(self, test: Element) -> None:
        outcome = _RESULTS.get(test.get("result", ""), Outcome.ERRORED)
        iteration, group = text_of(test, "iteration"), text_of(test, "description")
        name = text_of(test, "id") + (f"[{iteration}]" if iteration not in ("", "0") else "")
        classname = "/".join(part for part in (self._title, group) if part)
        at = text_of(test, "fn")
        failure = None if outcome is Outcome.PASSED else Failure("", text_of(test, "message"), at)
        self.add(classname, name, outcome, failure, duration_ms(text_of(test, "duration")), at.rpartition(":")[0])
