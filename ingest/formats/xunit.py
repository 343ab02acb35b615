"""Reads the reports of xUnit.net: version 1 (class), 2 and 3 (collection).

Rules:

- Class name: the type; else what stands before the method in the name; else the collection. Name: the display name
  without its class.
- `Skip` and `NotRun` (explicit tests of version 3) are skipped. A failure is failed: the report tells no assertion from
  another exception but by the exception's name, so names outside `Xunit` and `*Assert*` are errored.
- An error outside tests (`errors`: fixtures, clean-up, discovery) and a failed class of version 1 become errored cases,
  as does an assembly that states failures and holds none.
- `1,234` is a decimal comma: the writer gives three decimals in the language of the machine.
- Times: per test in version 3, else the assembly's, without a zone. Services: traits.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.dotnet_names import file_name, source_file, split_name, without_class
from ingest.formats.junit_children import first_line
from ingest.formats.junit_events import Attributes
from ingest.formats.properties import links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.values import count, duration_ms
from ingest.formats.xml_elements import Cases, RunStart, read_elements, text_of
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity

_OUTCOMES = {
    "pass": Outcome.PASSED, "fail": Outcome.FAILED, "skip": Outcome.SKIPPED, "notrun": Outcome.SKIPPED,
}  # fmt: skip
_RED = (Outcome.FAILED, Outcome.ERRORED)
NO_NAME = "(no name)"


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one file.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Xunit)


class _Xunit:
    roots = frozenset({"assemblies", "assembly"})

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._notes = cases.notes
        self._start = RunStart(cases.notes)
        self._assembly: Attributes = {}
        self._group = ""
        self._reds = 0
        self._reds_before = 0

    def opened(self, tag: str, attrs: Attributes) -> bool:
        """Enter an assembly, a collection or a class; tests and errors are built."""
        if tag in ("test", "error", "failure"):
            return True
        if tag == "assemblies":
            self._start.run(attrs.get("start-rtf"), attrs.get("finish-rtf"))
        elif tag == "assembly":
            self._assembly, self._reds_before = attrs, self._reds
            if "start-rtf" in attrs:
                self._start.at(attrs["start-rtf"])
            elif attrs.get("run-date"):
                self._start.at(f"{attrs['run-date']}T{attrs.get('run-time', '00:00:00')}")
        elif tag in ("collection", "class"):
            self._group = attrs.get("name", "")
        return False

    def closed(self, tag: str) -> None:
        """Leave an assembly or a collection."""
        if tag in ("collection", "class"):
            self._group = ""
        elif tag == "assembly":
            stated = sum(count(self._assembly.get(key)) or 0 for key in ("failed", "errors"))
            if stated and self._reds == self._reds_before:
                message = f"the assembly states {stated:,} failures and holds none"
                self._surface(file_name(self._assembly.get("name", "")), "assembly", Failure("", message, ""))
            self._assembly = {}

    def built(self, element: Element) -> None:
        """Take a test, or a failure outside tests."""
        if element.tag == "test":
            self._take_test(element)
        elif element.tag == "error":
            name = element.get("name") or self._assembly.get("name", "")
            kind = element.get("type") or "error"
            place = file_name(name) if "assembly" in kind or kind in ("fatal", "error") else name
            self._surface(place, kind, _failure(element.find("failure"), element))
        else:
            self._surface(self._group or file_name(self._assembly.get("name", "")), "class", _failure(element, element))

    def ended(self) -> None:
        """Nothing is left."""

    def identity(self) -> RunIdentity:
        """The times of the report."""
        return self._start.over(RunIdentity())

    def _surface(self, classname: str, hook: str, failure: Failure) -> None:
        self._reds += 1
        self._cases.add(CaseAttempt(classname, f"({hook})", Outcome.ERRORED, failure=failure))
        self._notes.add("a failure outside tests", classname)

    def _take_test(self, test: Element) -> None:
        full, classname = test.get("name", ""), test.get("type", "")
        name = without_class(full, classname) or test.get("method", "")
        if not classname.strip():
            classname, name = split_name(full) if test.get("method") else ("", full)
            classname = classname or self._group
        if not name.strip():
            self._notes.add("a test has no name")
            name = NO_NAME
        outcome = self._outcome(test)
        failure = _failure(test.find("failure"), test) if outcome in _RED else None
        if failure is not None and _is_other(failure.type):
            outcome = Outcome.ERRORED
        if outcome == Outcome.SKIPPED and (reason := text_of(test, "reason") or text_of(test, "output")):
            failure = Failure("", reason, "")
        self._reds += outcome in _RED
        traits = [(trait.get("name", ""), trait.get("value", "")) for trait in test.iter("trait")]
        links = [Link("attachment", item.get("name", "")) for item in test.iter("attachment") if item.get("name")]
        self._cases.add(
            CaseAttempt(
                classname,
                name,
                outcome,
                self._duration(test),
                self._start.at(test.get("start-rtf")),
                failure,
                source_file(test.get("source-file", ""), self._assembly.get("name", "")),
                0,
                services_of(traits)[: self._cases.limits.services_per_case],
                tuple(dict.fromkeys((*links_of(traits), *links)))[: self._cases.limits.links_per_attempt],
            )
        )

    def _outcome(self, test: Element) -> Outcome:
        stated = test.get("result", "").strip()
        outcome = _OUTCOMES.get(stated.lower())
        if outcome is None:
            self._notes.add("a result other than Pass, Fail, Skip or NotRun counts as errored", stated or "(none)")
            return Outcome.ERRORED
        return outcome

    def _duration(self, test: Element) -> int | None:
        text = test.get("time-rtf") or test.get("time") or ""
        value = duration_ms(text.replace(",", ".") if text.count(",") == 1 and "." not in text else text)
        if value is None and text.strip():
            self._notes.add("a duration cannot be read", text)
        return value


def _failure(element: Element | None, holder: Element) -> Failure:
    """Type, message and trace; the output of a test that failed without any."""
    trace = text_of(element, "stack-trace")
    message = text_of(element, "message").strip() or first_line(trace)
    kind = "" if element is None else element.get("exception-type") or ""
    return Failure(kind, message, trace or ("" if message else text_of(holder, "output")))


def _is_other(kind: str) -> bool:
    """Whether an exception is no assertion.

    >>> _is_other("System.IO.IOException"), _is_other("Xunit.Sdk.TrueException"), _is_other("")
    (True, False, False)
    """
    return bool(kind) and not kind.startswith("Xunit.") and "Assert" not in kind
