"""Reads Boost.Test's XML: the log (`--log_format=XML`) and the detailed report (`--report_format=XML`). Seen in 1.74.

- Class name: the suites inside the module, joined by a slash as Boost.Test does; the module for a case outside of them.
- `Error` is a failed assertion; `FatalError` (also a failed BOOST_REQUIRE) and `Exception` (also a time-out) end the
  case and count as errors, as `aborted` does in the report. The first of several counts.
- The log does not know of expected failures: such a case fails there and passes in the report.
- What fails outside a case, in a fixture of the module or a suite, is an errored case of the suite.
"""

from __future__ import annotations

import re
from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SUITE, SmallDialect, failure_of, place, skip_reason
from ingest.formats.values import duration_ms, seconds_to_ms
from ingest.formats.xml_elements import read_elements, text_of
from ingest.limits import Limits
from ingest.model import Failure, Outcome

_RED = {"Error": Outcome.FAILED, "FatalError": Outcome.ERRORED, "Exception": Outcome.ERRORED}
_RESULTS = {
    "failed": Outcome.FAILED, "aborted": Outcome.ERRORED, "timed-out": Outcome.ERRORED, "skipped": Outcome.SKIPPED,
}  # fmt: skip
_TYPED = re.compile(r"([A-Za-z_]\w*(?:::\w+)+): ")


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one log or report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Boost)


class _Boost(SmallDialect):
    roots = frozenset({"TestLog", "BoostTestLog", "TestResult"})
    suites = frozenset({"TestSuite"})
    records = frozenset({"TestCase", *_RED})

    def built(self, element: Element) -> None:
        """A case, or what failed outside of any."""
        classname = "/".join(self.path[1:]) or "".join(self.path)
        if element.tag != "TestCase":
            self.add(classname, SUITE, Outcome.ERRORED, _failure([element]))
            return
        name, file = element.get("name", ""), element.get("file")
        if "result" in element.attrib:
            self._reported(classname, name, element)
        elif element.get("skipped") == "yes":
            self.add(classname, name, Outcome.SKIPPED, skip_reason(element.get("reason", "")), file=file)
        else:
            red = [child for child in element if child.tag in _RED]
            outcome = _RED[red[0].tag] if red else Outcome.PASSED
            took = duration_ms(text_of(element, "TestingTime"))
            took = None if took is None else seconds_to_ms(took / 1e9)
            self.add(classname, name, outcome, _failure(red) if red else None, took, file)

    def _reported(self, classname: str, name: str, case: Element) -> None:
        outcome = _RESULTS.get(case.get("result", ""), Outcome.PASSED)
        is_red = outcome in (Outcome.FAILED, Outcome.ERRORED)
        failure = Failure("", f"{case.get('result')}: {case.get('assertions_failed', '?')} failed", "")
        self.add(classname, name, outcome, failure if is_red else None)


def _failure(red: list[Element]) -> Failure:
    kind = _TYPED.match(red[0].text or "")
    return failure_of([_text(element) for element in red], kind[1] if kind else "")


def _text(element: Element) -> str:
    context = [text_of(frame) for frame in element.iterfind("Context/Frame")]
    checkpoint = element.find("LastCheckpoint")
    if checkpoint is not None:
        at = place(checkpoint.get("file"), checkpoint.get("line"))
        context.append(f"last checkpoint: {text_of(checkpoint)} ({at})")
    own = (element.text or "").strip()
    return "\n".join(part for part in (own, *context, place(element.get("file"), element.get("line"))) if part)
