"""The suites around a JUnit test case: what they pass on to it, say of the run, and whether they count right."""

from __future__ import annotations

import re
from xml.etree.ElementTree import Element

from ingest.formats.junit_children import suite_failure
from ingest.formats.notes import Notes
from ingest.formats.properties import identity_fields, services_of
from ingest.formats.values import count, is_unset_time, moment
from ingest.model import CaseAttempt, Outcome, RunIdentity

_SAID = 4_000

_GO_ROOT = frozenset(["tests", "failures", "errors", "time"])
_PLAYWRIGHT_ROOT = frozenset(["id", "name", "tests", "failures", "skipped", "errors", "time"])
_NEWMAN_ERROR = re.compile(r"^(?:RequestError|testScriptError|prerequestScriptError): .*", re.MULTILINE)
_NODE_SUITE = ["name", "time", "disabled", "errors", "tests", "failures", "skipped", "hostname"]
_PYTEST_SUITE = ["name", "errors", "failures", "skipped", "tests", "time", "timestamp", "hostname"]
_PLAYWRIGHT_SUITE = frozenset(["name", "timestamp", "hostname", "tests", "failures", "skipped", "time", "errors"])


class _Suite:
    """One open suite, with the totals from before it."""

    __slots__ = (
        "attrs", "cases", "failure_elements", "file", "name", "path", "project", "red", "said", "services", "skipped"
    )  # fmt: skip

    def __init__(self, suites: Suites, attrs: dict[str, str]) -> None:
        self.attrs = attrs
        self.name = attrs.get("name", "").strip() or suites.name
        self.file = attrs.get("file") or attrs.get("filepath") or suites.file
        self.project = suites.project_of(attrs) if "hostname" in attrs else ""
        self.path = suites.path_of(attrs)
        self.services = suites.services
        self.cases = suites.cases
        self.red = suites.red
        self.skipped = suites.skipped
        self.failure_elements = suites.failure_elements
        self.said = ""


class Suites:
    """The stack of open suites. `name`, `file`, `path`, `project` and `services` are those of the innermost one.

    A root without attributes whose first suite has the number 0 and a package is what Ant's junitreport merges.
    `retry` is that of `CaseAttempt` for a case that marks none itself: negative in pytest (`junit_pytest`). `red_retry`
    is that of red cases: gotestsum (seen in 1.8.2) repeats failed tests, which it runs again, before all others.
    """

    def __init__(self, notes: Notes) -> None:
        self.name = ""
        self.file: str | None = None
        self.path = ""
        self.project = ""
        self.services: tuple[str, ...] = ()
        self.retry = 0
        self.red_retry = 0
        self._numbered = 0
        self._tells_errors = False
        self.cases = 0
        self.red = 0
        self.skipped = 0
        self.failure_elements = 0
        self.services_came_late = False
        self._notes = notes
        self._stack: list[_Suite] = []
        self._pairs: list[tuple[str, str]] = []
        self._start: tuple[int, bool] | None = None
        self._is_merged = False

    def open(self, attrs: dict[str, str]) -> None:
        """Enter a suite."""
        suite = _Suite(self, attrs)
        if len(self._stack) == 1 and not self._stack[0].attrs and attrs.get("id") == "0" and attrs.get("package"):
            self._is_merged = True
        self._tells_errors |= bool(self._stack) and "errors" in attrs
        self._stack.append(suite)
        self.name, self.file, self.path, self.project = suite.name, suite.file, suite.path, suite.project
        self.retry = self.red_retry = self._retry_in(attrs)
        stamp = attrs.get("timestamp")
        if stamp is None or is_unset_time(stamp):
            return
        when = moment(stamp)
        if when is None:
            self._notes.add("a time cannot be read", stamp)
        elif self._start is None or when.ms < self._start[0]:
            self._start = (when.ms, when.is_zoneless)

    def close(self) -> CaseAttempt | None:
        """Leave the innermost suite and compare what it states with what it held.

        Returns:
            An attempt of a stand-in case, when the suite is red and holds nothing that says so.
        """
        suite = self._stack.pop()
        self._compare(suite)
        silent = self._silent(suite)
        self.red += silent is not None
        outer = self._stack[-1] if self._stack else None
        self.name = outer.name if outer else ""
        self.file = outer.file if outer else None
        self.path = outer.path if outer else ""
        self.project = outer.project if outer else ""
        self.services = suite.services
        self.retry = self.red_retry = 0
        return silent

    def _retry_in(self, attrs: dict[str, str]) -> int:
        if attrs.get("name") != "pytest" and list(attrs) != _PYTEST_SUITE:
            return 0
        self._numbered += 2 if self.cases and not self._numbered else 1
        return -self._numbered

    def project_of(self, attrs: dict[str, str]) -> str:
        """The project (browser) that Playwright writes as the host name of a suite; empty for any other tool's suite.

        Playwright's files are told by exactly these attributes; its root alone has an `id` beside `skipped`.
        """
        is_playwright = len(self._stack) == 1 and self._stack[0].attrs.keys() == _PLAYWRIGHT_ROOT
        return attrs["hostname"].strip() if is_playwright and attrs.keys() == _PLAYWRIGHT_SUITE else ""

    def path_of(self, attrs: dict[str, str]) -> str:
        """Names from the outermost suite to this one, as Node 24 writes them as class name; empty for other tools.

        Node 22 and older write the class name `test` for every case. Their suites are told by exactly these attributes.
        """
        if list(attrs) != _NODE_SUITE:
            return ""
        return f"{self.path}.{attrs['name']}" if self.path else attrs["name"]

    def open_names(self) -> list[str]:
        """Names of the open suites, outermost first."""
        return [suite.name for suite in self._stack]

    def count(self, outcome: Outcome, failure_elements: int) -> None:
        """Note a case that did not simply pass."""
        self.red += outcome in (Outcome.FAILED, Outcome.ERRORED)
        self.skipped += outcome == Outcome.SKIPPED
        self.failure_elements += failure_elements

    def take_error_output(self, text: str) -> None:
        """What the innermost suite wrote to its error stream; of use where it holds no case."""
        if self._stack:
            self._stack[-1].said = text[-_SAID:]

    def take_properties(self, pairs: list[tuple[str, str]]) -> None:
        """Properties of the innermost suite: identity of the run, services for the cases that follow."""
        services = services_of(pairs)
        if services:
            self.services_came_late |= bool(self._stack) and self.cases > self._stack[-1].cases
            self.services = tuple(dict.fromkeys((*services, *self.services)))
        self._pairs.extend(pair for pair in pairs if len(self._pairs) < 10_000)
        if any(key == "go.version" for key, _ in pairs):
            self._numbered = max(self._numbered + 1, 2)
            self.red_retry = -self._numbered

    def identity(self) -> RunIdentity:
        """What the suites say of the run; a stated `start_time` ranks above the earliest timestamp."""
        known = dict(identity_fields(self._pairs)[0]) if self._pairs else {}
        if self._start is not None and "start_ms" not in known:
            known["start_ms"], known["start_is_zoneless"] = self._start
            known["start_is_estimated"] = True
        if self._is_merged:
            known["is_merged"] = True
        return RunIdentity(**known)

    def tell_unreadable(self) -> None:
        """Note the identity keys whose value cannot be read."""
        for key in identity_fields(self._pairs)[1]:
            self._notes.add("a property of the run cannot be read", key)

    def _silent(self, suite: _Suite) -> CaseAttempt | None:
        """A suite that states failures and more tests than it has cases for, or wrote errors and has no case at all.

        Newman (seen in 6.2.2) writes requests without an answer and scripts that threw to a suite's error stream only.
        """
        cases = self.cases - suite.cases
        errors = count(suite.attrs.get("errors")) or 0
        if (
            errors
            and not self._stack
            and self._numbered > 1
            and not self._tells_errors
            and suite.attrs.keys() == _GO_ROOT
        ):
            message = f"the report states errors ({errors:,}) outside of tests, such as a package that does not build"
            return suite_failure(suite.name, Element("error", message=message), suite.file)
        if self.red > suite.red:
            return None
        stated = (count(suite.attrs.get("failures")) or 0) + errors
        newman = _NEWMAN_ERROR.search(suite.said)
        if stated and newman:
            message = newman[0]
        elif stated and (not cases or (count(suite.attrs.get("tests")) or 0) > cases):
            message = f"the suite states failures or errors ({stated:,}) and holds no case that failed"
        elif not cases and suite.said.strip():
            message = "the suite wrote to its error stream and holds no case"
        else:
            return None
        return suite_failure(suite.name, Element("error", message=message), suite.file, suite.said)

    def _compare(self, suite: _Suite) -> None:
        cases = self.cases - suite.cases
        skipped = self.skipped - suite.skipped
        red, elements = self.red - suite.red, self.failure_elements - suite.failure_elements
        attrs = suite.attrs
        if not (red or elements) and attrs.get("tests") == str(cases) and _is_green(attrs):
            return
        tests = count(attrs.get("tests"))
        if tests is None and attrs.get("tests", "").strip():
            self._notes.add("a suite's number of tests cannot be read; the cases are counted", attrs["tests"])
        elif tests is not None and not self.retry and tests not in (cases, cases - skipped):
            self._notes.add("a suite states another number of tests than it holds; the cases are counted", suite.name)
        if not (attrs.get("failures", "") + attrs.get("errors", "")).strip():
            return
        stated = [count(attrs.get(key) or "0") for key in ("failures", "errors")]
        if None in stated:
            self._notes.add("a suite's number of failures cannot be read; the cases are counted", suite.name)
        elif sum(number or 0 for number in stated) not in (red, elements):
            self._notes.add(
                "a suite states another number of failures than it holds; the cases are counted", suite.name
            )


def _is_green(attrs: dict[str, str]) -> bool:
    """Whether a suite states no failure, in the usual spelling."""
    return attrs.get("failures", "0") == "0" and attrs.get("errors", "0") == "0"
