"""Reads CUnit's automated results. Seen in 2.1-3.

CUnit writes one record for every failed assertion; those of one test that follow each other are one attempt. A suite
whose initialization or clean-up fails is an errored case, named after that. Inactive tests are not in the report, and
its only time is a local one in words, which is not read.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SmallDialect, failure_of, place
from ingest.formats.xml_elements import Cases, read_elements, text_of
from ingest.limits import Limits
from ingest.model import Failure, Outcome

_PASSED, _FAILED, _SUITE = "CUNIT_RUN_TEST_SUCCESS", "CUNIT_RUN_TEST_FAILURE", "CUNIT_RUN_SUITE_FAILURE"
_TEXTS = 1_000
"""Failed assertions of one test that are kept."""


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _CUnit)


class _CUnit(SmallDialect):
    roots = frozenset({"CUNIT_TEST_RUN_REPORT"})
    records = frozenset({_PASSED, _FAILED, _SUITE, "SUITE_NAME"})

    def __init__(self, cases: Cases) -> None:
        super().__init__(cases)
        self._suite = ""
        self._failed = ""
        self._file = ""
        self._texts: list[str] = []

    def built(self, element: Element) -> None:
        """The name of a suite, a test, or a suite that failed."""
        name = text_of(element, "TEST_NAME").strip()
        if element.tag != _FAILED or name != self._failed:
            self._settle()
        if element.tag == "SUITE_NAME":
            self._suite = text_of(element).strip()
        elif element.tag == _SUITE:
            reason = text_of(element, "FAILURE_REASON").strip()
            hook = "clean-up" if "cleanup" in reason.lower() else "initialization"
            self.add(text_of(element, "SUITE_NAME"), f"(suite {hook})", Outcome.ERRORED, Failure("", reason, ""))
        elif element.tag == _PASSED:
            self.add(self._suite, name, Outcome.PASSED)
        else:
            self._failed, self._file = name, text_of(element, "FILE_NAME").strip()
            at = place(self._file, text_of(element, "LINE_NUMBER").strip())
            if len(self._texts) < _TEXTS:
                self._texts.append(f"{text_of(element, 'CONDITION').strip()}\n{at}".strip())

    def closed(self, tag: str) -> None:
        """Tests of the same name in two suites are two tests."""
        if tag == "CUNIT_RUN_SUITE":
            self._settle()

    def ended(self) -> None:
        """The last test may have failed."""
        self._settle()

    def _settle(self) -> None:
        if self._texts:
            self.add(self._suite, self._failed, Outcome.FAILED, failure_of(self._texts), file=self._file)
            self._failed, self._texts = "", []
