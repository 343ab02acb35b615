"""Reads TRX, the reports of Visual Studio, VSTest, MSTest and Microsoft.Testing.Platform.

Rules:

- Class name: that of the test's definition, without its assembly; else what stands before the method in the name.
  Definitions follow the results in most files: attempts are held until then, up to a limit.
- A result with inner results (data rows, ordered tests) stands for those: they are counted, it is not, unless it is red
  and none of them is.
- `Failed` is failed, unless its message says that a set-up, a clean-up or a time limit failed. `Error`, `Timeout`,
  `Aborted`, `Disconnected`, `InProgress`, `NotRunnable` and no outcome at all are errored. `NotExecuted`,
  `Inconclusive` and `Pending` are skipped; `Warning`, `Completed` and `PassedButRunAborted` are passed.
- Errors of the run itself, such as a crashed test host, become one errored case; so does a failed run without a red
  test. What xUnit.net's adapter repeats there of its tests (`[FAIL]`) is left out.
- Links: result files. Services: properties of definitions. A duration `1.02:03:04` has days.
"""

from __future__ import annotations

import re
from typing import BinaryIO, NamedTuple
from xml.etree.ElementTree import Element

from ingest.formats.dotnet_names import class_of, split_name, without_class
from ingest.formats.junit_children import first_line
from ingest.formats.junit_events import Attributes
from ingest.formats.properties import SERVICE_KEYS, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.trx_results import OUTCOMES, RESULTS, Row, failure_of
from ingest.formats.values import MAX_DURATION_MS, duration_ms
from ingest.formats.xml_elements import Cases, RunStart, read_elements, text_of
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity

NO_NAME = "(no name)"
MOST_HELD = 100_000
"""Results that wait for their definitions; beyond, the class is taken from the name of the test."""

_RED = (Outcome.FAILED, Outcome.ERRORED)
_BAD_RUNS = frozenset({"error", "failed", "aborted", "timeout", "disconnected"})
_DAYS = re.compile(r"(\d{1,4})\.(\d\d?:.+)", re.ASCII)
_DAY_MS = 86_400_000
_RUN_TEXTS = 20
_MOST_DEFINITIONS = 1_000_000


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one file.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Trx)


class _Definition(NamedTuple):
    classname: str
    services: tuple[str, ...]


class _Trx:
    roots = frozenset({"TestRun"})

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._notes = cases.notes
        self._start = RunStart(cases.notes)
        self._rows: list[Row] = []
        self._held: list[tuple[tuple[str, ...], CaseAttempt]] = []
        self._definitions: dict[str, _Definition] = {}
        self._section = ""
        self._reds = 0
        self._run_outcome = ""
        self._run_info = ""
        self._run_texts: list[str] = []

    def opened(self, tag: str, attrs: Attributes) -> bool:
        """Enter a result; definitions, outputs and what the run says are built."""
        if tag in ("Results", "TestDefinitions", "ResultSummary"):
            self._section = tag
        elif self._section == "Results" and tag in RESULTS:
            self._rows.append(Row(attrs))
        elif tag == "Times":
            self._start.run(attrs.get("start"), attrs.get("finish"))
        elif tag == "RunInfo":
            self._run_info = attrs.get("outcome", "").lower()
        if tag == "ResultSummary":
            self._run_outcome = attrs.get("outcome", "")
        if self._section == "TestDefinitions":
            return tag != "TestDefinitions"
        return tag in ("Output", "ResultFiles") if self._rows else tag == "Text" and bool(self._run_info)

    def closed(self, tag: str) -> None:
        """Leave a result."""
        if tag == self._section:
            self._section = ""
        elif tag in RESULTS and self._rows:
            self._close_row(self._rows.pop())
        elif tag == "RunInfo":
            self._run_info = ""

    def built(self, element: Element) -> None:
        """Take a definition, an output, files of a result or a text of the run."""
        if element.tag == "Text":
            self._take_run_text(text_of(element))
        elif element.tag == "Output" and self._rows:
            self._rows[-1].output = element
        elif element.tag == "ResultFiles" and self._rows:
            self._rows[-1].files = [item.get("path", "") for item in element.iter("ResultFile")]
        elif self._section == "TestDefinitions" and element.get("id") and len(self._definitions) < _MOST_DEFINITIONS:
            self._take_definition(element)

    def ended(self) -> None:
        """Hand over what is held, and what the run itself says."""
        self._flush()
        texts = [text for text in self._run_texts if not text.rstrip().endswith("[FAIL]")]
        if not texts and (self._reds or self._run_outcome.lower() not in _BAD_RUNS):
            return
        message = texts[0] if texts else f"the run ended as {self._run_outcome}, and no test in it did"
        failure = Failure("", first_line(message), "\n".join(texts))
        self._cases.add(CaseAttempt("TestRun", "(run)", Outcome.ERRORED, failure=failure))
        self._notes.add("the run failed outside its tests", first_line(message))

    def identity(self) -> RunIdentity:
        """The times of the run."""
        return self._start.over(RunIdentity())

    def _take_run_text(self, text: str) -> None:
        if self._run_info in _BAD_RUNS:
            if len(self._run_texts) < _RUN_TEXTS:
                self._run_texts.append(text)
        elif not text.rstrip().endswith("[SKIP]"):
            self._notes.add("the run says", first_line(text))

    def _take_definition(self, element: Element) -> None:
        method = element.find("TestMethod")
        classname = "" if method is None else class_of(method.get("className", ""))
        pairs = [
            (text_of(item, "Key"), text_of(item, "Value"))
            for item in element.iter("Property")
            if text_of(item, "Key") in SERVICE_KEYS
        ]
        self._definitions[element.get("id", "")] = _Definition(classname, services_of(pairs))

    def _close_row(self, row: Row) -> None:
        outcome = self._outcome(row)
        failure = failure_of(row, outcome)
        if outcome == Outcome.FAILED and failure is not None and row.is_not_assertion(failure.message):
            outcome = Outcome.ERRORED
        is_red = outcome in _RED
        if self._rows:
            self._rows[-1].has_inner = True
            self._rows[-1].has_red_inner |= is_red or row.has_red_inner
        if row.has_inner and (not is_red or row.has_red_inner):
            return
        self._reds += is_red
        name = row.attrs.get("testName", "")
        if not name.strip():
            self._notes.add("a test has no name")
            name = NO_NAME
        if len(self._held) >= MOST_HELD:
            self._notes.add(f"more than {MOST_HELD:,} results before their definitions; classes are taken from names")
            self._flush()
        links = [Link("attachment", path) for path in row.files[: self._cases.limits.links_per_attempt] if path]
        attempt = CaseAttempt(
            "", name, outcome, self._duration(row.attrs), self._start.at(row.attrs.get("startTime")), failure, None, 0,
            (), tuple(dict.fromkeys(links)),
        )  # fmt: skip
        ids = (row.attrs.get("testId", ""), *(outer.attrs.get("testId", "") for outer in reversed(self._rows)))
        self._held.append((ids, attempt))

    def _outcome(self, row: Row) -> Outcome:
        stated = row.attrs.get("outcome", "").strip()
        outcome = OUTCOMES.get(stated.lower())
        if outcome is None:
            self._notes.add("an outcome that is unknown or missing counts as errored", stated or "(none)")
            return Outcome.ERRORED
        return outcome

    def _flush(self) -> None:
        for test_ids, attempt in self._held:
            found = (self._definitions.get(test_id) for test_id in test_ids)
            definition = next((one for one in found if one is not None), None)
            classname = definition.classname if definition else ""
            services = definition.services[: self._cases.limits.services_per_case] if definition else ()
            if classname:
                name = without_class(attempt.name, classname)
            else:
                classname, name = split_name(attempt.name)
            self._cases.add(attempt._replace(classname=classname, name=name, services=services))
        self._held.clear()

    def _duration(self, attrs: Attributes) -> int | None:
        text = attrs.get("duration", "")
        days = _DAYS.fullmatch(text.strip())
        value = duration_ms(days[2] if days else text)
        if days and value is not None:
            value += int(days[1]) * _DAY_MS
        if text.strip() and (value is None or value > MAX_DURATION_MS):
            self._notes.add("a duration cannot be read", text)
            return None
        return value
