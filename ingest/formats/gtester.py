"""Reads the log of GLib's gtester (`gtester -o`). Seen in GLib 2.74, which still ships the deprecated tool.

A path `/cart/rounds` is class name `cart` and name `rounds`. A success with exit status 1 is a skip, with 3 a test that
is known to be incomplete, which GLib does not count as a failure. What the tool left out is skipped.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SmallDialect, base_name, failure_of
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import read_elements, text_of
from ingest.limits import Limits
from ingest.model import Outcome


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _GTester)


class _GTester(SmallDialect):
    roots = frozenset({"gtester"})
    suites = frozenset({"testbinary"})
    records = frozenset({"testcase"})

    def opened(self, tag: str, attrs: dict[str, str]) -> bool:
        """A program, or a test of it."""
        if tag in self.suites:
            self.path.append(base_name(attrs.get("path", "")))
        return tag in self.records

    def built(self, element: Element) -> None:
        """A test."""
        classname, _, name = element.get("path", "").strip("/").rpartition("/")
        outcome = _outcome(element)
        texts = [text_of(error) for error in element.findall("error")] or [text_of(element, "message")]
        failure = failure_of(texts) if outcome is Outcome.FAILED else None
        took = duration_ms(text_of(element, "duration"))
        self.add(classname or "".join(self.path), name, outcome, failure, took)


def _outcome(case: Element) -> Outcome:
    status = case.find("status")
    if status is None:
        return Outcome.SKIPPED if case.get("skipped") == "1" else Outcome.FAILED
    if status.get("result") != "success":
        return Outcome.FAILED
    return Outcome.SKIPPED if status.get("exit-status") in ("1", "3") else Outcome.PASSED
