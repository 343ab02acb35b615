"""What the small XML dialects of C, C++, Pascal and .NET test tools have in common: suites around records of cases.

A dialect names its elements and reads one case at a time; `xml_elements` does the rest. Class names and names are as
written. A file is given where the report names it by a relative path: of an absolute one the root is not known.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ingest.formats.junit_children import first_line
from ingest.formats.xml_elements import Cases, RunStart
from ingest.model import CaseAttempt, Failure, Outcome, RunIdentity

SUITE = "(suite)"
"""Name of the stand-in for what fails outside any case."""

_ABSOLUTE = re.compile(r"[/\\]|[A-Za-z]:[/\\]|file:")


class SmallDialect:
    """Keeps the names of the open suites. A dialect gives the element names, and `built`."""

    roots: frozenset[str] = frozenset()
    suites: frozenset[str] = frozenset()
    """Elements whose name belongs to the cases inside."""
    records: frozenset[str] = frozenset()
    """Elements that are built whole."""

    def __init__(self, cases: Cases) -> None:
        self.cases = cases
        self.start = RunStart(cases.notes)
        self.path: list[str] = []

    def opened(self, tag: str, attrs: dict[str, str]) -> bool:
        """An element opens outside any that is built; True when it is to be built with all that is inside it."""
        if tag in self.suites:
            self.path.append((attrs.get("name") or attrs.get("Name") or "").strip())
        return tag in self.records

    def closed(self, tag: str) -> None:
        """An element closes that was opened and not built."""
        if tag in self.suites:
            self.path.pop()

    def ended(self) -> None:
        """The report is complete."""

    def identity(self) -> RunIdentity:
        """What is known of the run so far."""
        return self.start.over(RunIdentity())

    def add(
        self,
        classname: str,
        name: str,
        outcome: Outcome,
        failure: Failure | None = None,
        duration_ms: int | None = None,
        file: str | None = None,
    ) -> None:
        """Hand over one attempt; a red one without a text gets an empty one."""
        if not name.strip():
            self.cases.notes.add("a test case has no name")
        if failure is None and outcome in (Outcome.FAILED, Outcome.ERRORED):
            failure = Failure("", "", "")
        case = (classname.strip(), name.strip() or "(no name)")
        self.cases.add(CaseAttempt(*case, outcome, duration_ms, None, failure, relative(file)))


def failure_of(texts: Sequence[str], kind: str = "") -> Failure:
    """A failure from the texts of what failed in one case: the first gives the message.

    >>> failure_of(["a == b\\nin x.cpp:1", "c == d"])
    Failure(type='', message='a == b', text='a == b\\nin x.cpp:1\\n\\nc == d')
    """
    return Failure(kind, first_line(texts[0]) if texts else "", "\n\n".join(text for text in texts if text))


def skip_reason(text: str) -> Failure | None:
    """What a skipped case says of itself, if anything."""
    return Failure("", first_line(text), "") if text.strip() else None


def relative(path: str | None) -> str | None:
    """A path, if it depends on no machine.

    >>> relative("./src/a.cpp"), relative("/home/ci/a.cpp"), relative("C:\\\\a.cpp")
    ('src/a.cpp', None, None)
    """
    path = (path or "").strip()
    while path.startswith("./"):
        path = path[2:]
    return path if path and not _ABSOLUTE.match(path) else None


def base_name(path: str) -> str:
    """The last part of a path, without the suffix of a Windows program.

    >>> base_name("./build/cart_test"), base_name("C:\\\\b\\\\cart_test.exe")
    ('cart_test', 'cart_test')
    """
    name = path.strip().replace("\\", "/").rstrip("/").rpartition("/")[2]
    return name[:-4] if name.lower().endswith(".exe") else name


def place(file: str | None, line: str | None) -> str:
    """A file and a line for people; empty where there is none."""
    file = (file or "").strip()
    return f"{file}:{line}" if file and line and line != "0" else file
