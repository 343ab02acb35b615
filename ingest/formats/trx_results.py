"""Single results of TRX files: how they ended and what they say. Pure."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from ingest.formats.dotnet_names import exception_in
from ingest.formats.junit_children import first_line
from ingest.formats.junit_events import Attributes
from ingest.formats.xml_elements import text_of
from ingest.model import Failure, Outcome

RESULTS = frozenset(
    {"UnitTestResult", "TestResult", "GenericTestResult", "ManualTestResult", "WebTestResult", "LoadTestResult",
     "OrderedTestResult", "TestResultAggregation", "GenericDetailedTestResult"}
)  # fmt: skip
OUTCOMES = {
    "passed": Outcome.PASSED, "passedbutrunaborted": Outcome.PASSED, "completed": Outcome.PASSED,
    "warning": Outcome.PASSED, "failed": Outcome.FAILED, "error": Outcome.ERRORED, "timeout": Outcome.ERRORED,
    "aborted": Outcome.ERRORED, "disconnected": Outcome.ERRORED, "inprogress": Outcome.ERRORED,
    "notrunnable": Outcome.ERRORED, "notexecuted": Outcome.SKIPPED, "inconclusive": Outcome.SKIPPED,
    "pending": Outcome.SKIPPED,
}  # fmt: skip

_NOT_ASSERTION = re.compile(
    r"(?:Class |Assembly |Test)?(?:Initialization|Initialize|Cleanup) method .{1,500} threw exception"
    r"|(?:OneTimeSetUp|OneTimeTearDown|SetUp|TearDown) ?: "
    r"|Test .{1,500} (?:exceeded execution timeout|timed out)|Test exceeded Timeout value",
    re.IGNORECASE,
)
_THROWN = re.compile(r"(?:.{1,500} )?threw exception[:.]?\s+([A-Za-z_][\w.+`]{0,200}(?:Exception|Error)): ")
_OUTPUT_TAIL = 4_000


class Row:
    """One open result; the results inside it tell it how they ended."""

    def __init__(self, attrs: Attributes) -> None:
        self.attrs = attrs
        self.output: Element | None = None
        self.files: list[str] = []
        self.has_inner = False
        self.has_red_inner = False

    def is_not_assertion(self, message: str) -> bool:
        """Whether a message says that a set-up, a clean-up or a time limit failed."""
        return _NOT_ASSERTION.match(message) is not None


def failure_of(row: Row, outcome: Outcome) -> Failure | None:
    """What a result says; of a skipped one the reason, None where there is none."""
    if outcome == Outcome.PASSED:
        return None
    message, trace = text_of(row.output, "ErrorInfo/Message"), text_of(row.output, "ErrorInfo/StackTrace")
    printed = text_of(row.output, "StdErr") or text_of(row.output, "StdOut")
    if outcome == Outcome.SKIPPED:
        reason = message or text_of(row.output, "TextMessages/Message") or first_line(printed)
        return Failure("", reason, "") if reason else None
    thrown = _THROWN.match(message)
    kind = thrown[1] if thrown else exception_in(message)
    return Failure(kind, message or first_line(trace), trace or ("" if message else printed[-_OUTPUT_TAIL:]))
