"""Reads CTest's Test.xml (`ctest -T Test`, `ctest_test()`).

Rules:

- Class name: the test's folder in the build tree, `.` for the top one. Name: `Name`.
- `failed` with the exit code `Failed` is failed; a crash, a time limit or an exception is errored.
- `notrun`: disabled and skipped tests are skipped; what CTest itself counts as a failure (no program, missing files,
  a fixture that failed) is errored. Older writers that give no reason mean skipped.
- CTest keeps only the last of several executions (`--repeat`); where a test stands in the file again, it is a retry.
- Message: the reason that CTest gives, else the first line of the output that speaks of a failure, else the last one.
  Packed output is unpacked within limits.
- The build's name is the variant `build`. Start and end are those of the run. Services: labels
  `service.peer.name=NAME`.
- `Site` is the root of CTest's other files as well, of builds and coverage: those are refused.
"""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.errors import Refused
from ingest.formats.junit_events import Attributes
from ingest.formats.properties import links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import Cases, RunStart, read_elements, text_of
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity

NO_NAME = "(no name)"

_SKIPPED = ("", "Disabled", "Skipped", "SKIP_", "Completed")
_NO_BUILD = ("", "(empty)")
_TELLING = re.compile(r"assert|error|fail|exception|expected|abort|fatal|panic", re.IGNORECASE)
_LINE_CHARS = 300


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one Test.xml.

    Raises:
        Refused: as `read_elements`, and `unknown-format` for CTest's files without test results.
    """
    read_elements(stream, limits, sink, _Ctest)


class _Ctest:
    roots = frozenset({"Site"})

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._notes = cases.notes
        self._start = RunStart(cases.notes)
        self._times: dict[str, str] = {}
        self._build = ""
        self._open: list[str] = []
        self._has_testing = False
        self._last: CaseAttempt | None = None

    def opened(self, tag: str, attrs: Attributes) -> bool:
        """Build the tests of the testing part, and its times."""
        if self._open[-1:] == ["Testing"] and (tag == "Test" or tag.endswith("TestTime")):
            return True
        self._open.append(tag)
        if tag == "Site":
            self._build = attrs.get("BuildName", "").strip()
        elif tag == "Testing":
            self._has_testing = True
        return False

    def closed(self, tag: str) -> None:
        """Leave an element."""
        self._open.pop()

    def built(self, element: Element) -> None:
        """Take a test, or a time."""
        if element.tag == "Test":
            self._take_test(element)
        else:
            self._times.setdefault(element.tag, text_of(element).strip())
            self._start.run(self._times.get("StartTestTime"), self._times.get("EndTestTime"))

    def ended(self) -> None:
        """Refuse a file of another step.

        Raises:
            Refused: `unknown-format`.
        """
        if not self._has_testing:
            raise Refused("unknown-format", "CTest wrote this for another step than testing: holds no test results")

    def identity(self) -> RunIdentity:
        """The build's name, and the times of the run."""
        variant = None if self._build in _NO_BUILD else (("build", self._build),)
        return self._start.over(RunIdentity(variant=variant))

    def _take_test(self, test: Element) -> None:
        name = text_of(test, "Name").strip()
        if not name:
            self._notes.add("a test has no name")
            name = NO_NAME
        measured = {entry.get("name", ""): text_of(entry, "Value").strip() for entry in test.iter("NamedMeasurement")}
        outcome = self._outcome(test.get("Status", "").strip().lower(), measured)
        labels = [label.partition("=") for label in (text_of(item) for item in test.iterfind("Labels/Label"))]
        pairs = [(key.strip(), value) for key, mark, value in labels if mark]
        links = [
            Link("attachment", entry.get("filename", ""))
            for entry in test.iter("NamedMeasurement")
            if entry.get("filename")
        ]
        attempt = CaseAttempt(
            text_of(test, "Path").removeprefix("./").strip("/") or ".",
            name,
            outcome,
            self._duration(measured.get("Execution Time", "")),
            None,
            self._failure(test, outcome, measured),
            None,
            0,
            services_of(pairs)[: self._cases.limits.services_per_case],
            tuple(dict.fromkeys((*links_of(pairs), *links)))[: self._cases.limits.links_per_attempt],
        )
        last = self._last
        if last is not None and (last.classname, last.name) == (attempt.classname, attempt.name) and name != NO_NAME:
            attempt = attempt._replace(retry=last.retry + 1)
        self._last = attempt
        self._cases.add(attempt)

    def _outcome(self, status: str, measured: dict[str, str]) -> Outcome:
        completion = measured.get("Completion Status", "")
        if status == "passed":
            return Outcome.PASSED
        if status == "failed":
            return Outcome.FAILED if measured.get("Exit Code", "Failed") in ("Failed", "Completed") else Outcome.ERRORED
        if status in ("notrun", "disabled"):
            is_skipped = status == "disabled" or completion in _SKIPPED or completion.startswith("SKIP_")
            return Outcome.SKIPPED if is_skipped else Outcome.ERRORED
        self._notes.add("a status other than passed, failed or notrun counts as errored", status or "(none)")
        return Outcome.ERRORED

    def _failure(self, test: Element, outcome: Outcome, measured: dict[str, str]) -> Failure | None:
        if outcome == Outcome.PASSED:
            return None
        completion = measured.get("Completion Status", "")
        if outcome == Outcome.SKIPPED:
            reason = "" if completion in ("", "Completed") else completion
            return Failure("", reason, "") if reason else None
        output = self._output(test)
        code = measured.get("Exit Code", "")
        kind = "" if code in ("", "Failed", "Completed") else code
        stated = " ".join(measured.get("Fail Reason", "").split())
        if test.get("Status") == "notrun":
            stated = completion
        message = stated or kind or _telling_line(output)
        if not message:
            message = f"exit value {measured['Exit Value']}" if measured.get("Exit Value") else completion
        return Failure(kind, message, output)

    def _output(self, test: Element) -> str:
        value = test.find("Results/Measurement/Value")
        if value is None or not value.get("encoding"):
            return text_of(value)
        text = unpacked(text_of(value), value.get("compression", ""), 4 * self._cases.limits.text_chars)
        if text is None:
            self._notes.add("the packed output of a test cannot be unpacked")
            return ""
        return text.strip()

    def _duration(self, text: str) -> int | None:
        value = duration_ms(text)
        if value is None and text:
            self._notes.add("a duration cannot be read", text)
        return value


def unpacked(packed: str, compression: str, most_bytes: int) -> str | None:
    """Text from base64 and gzip (which CTest writes as zlib); at most so many bytes of it. None when it is neither.

    >>> unpacked("eJzLSM3JyVcozy/KSQEAGgsEXQ==", "gzip", 5)
    'hello'
    """
    try:
        data = base64.b64decode(packed, validate=False)
        if compression:
            window = 31 if data.startswith(b"\x1f\x8b") else 15
            data = zlib.decompressobj(window).decompress(data, most_bytes)
    except (binascii.Error, ValueError, zlib.error):
        return None
    return data[:most_bytes].decode("utf-8", "replace")


def _telling_line(output: str) -> str:
    """The first line that speaks of a failure, else the last one.

    >>> _telling_line("start\\nx.c:7: expected 1\\nend"), _telling_line("a\\nb\\n")
    ('x.c:7: expected 1', 'b')
    """
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    told = next((line for line in lines if _TELLING.search(line)), lines[-1] if lines else "")
    return told[:_LINE_CHARS]
