"""Reads TestNG's testng-results.xml, of TestNG 5 to 7.

Rules:

- Name: the method, its parameters in brackets, and the name of a factory's instance behind an @. Identity hashes of
  Java objects are cut off parameters. Class name: the class; where a class ran in several `<test>`s of the report, the
  name of each stands behind it, because those are different variants.
- An `AssertionError` of any kind is failed, any other exception errored. `SUCCESS_PERCENTAGE_FAILURE` is passed, as
  TestNG counts it.
- Retries: TestNG 7 marks attempts that were retried (`retried`). Before, they are skipped ones with an exception,
  beside another invocation of the same method with the same parameters. Order in the file is not that of time.
- Methods with `is-config` are no tests; one that failed becomes an errored case, once for each class, because TestNG
  only skips the tests behind it. Skipped and passed ones are left out.
- For all that, attempts are held until the report ends, up to a limit.
- A time in a zone other than UTC has only the abbreviation of its zone: it is taken as one without a zone.
- Services: attributes and groups `service.peer.name:NAME`.
"""

from __future__ import annotations

import re
from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.junit_children import first_line
from ingest.formats.junit_events import Attributes
from ingest.formats.properties import links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.testng_invocations import Invocation, in_order, is_assertion, named, parameters_of, stable
from ingest.formats.values import MAX_DURATION_MS
from ingest.formats.xml_elements import Cases, RunStart, read_elements, text_of
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome, RunIdentity

NO_NAME = "(no name)"
MOST_HELD = 100_000
"""Invocations that are held; beyond, those held are handed over as if the report ended."""

_OUTCOMES = {
    "PASS": Outcome.PASSED, "FAIL": Outcome.FAILED, "SKIP": Outcome.SKIPPED,
    "SUCCESS_PERCENTAGE_FAILURE": Outcome.PASSED,
}  # fmt: skip
_GROUPS_KEPT = 10_000
_MOST_DIGITS = 12
_ZONED = re.compile(r"(\S{10,40}) ([A-Z]{1,6})", re.ASCII)


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one file.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Testng)


class _Testng:
    roots = frozenset({"testng-results"})

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._notes = cases.notes
        self._start = RunStart(cases.notes)
        self._names: dict[str, str] = {}
        self._group = ""
        self._grouped: dict[tuple[str, str], list[tuple[str, str]]] = {}
        self._held: list[Invocation] = []
        self._places_of: dict[str, set[tuple[str, str]]] = {}
        self._broken: set[tuple[tuple[str, str], str, str]] = set()
        self._marks_retries = False

    def opened(self, tag: str, attrs: Attributes) -> bool:
        """Enter a suite, a test, a class or a group; methods are built."""
        if tag == "test-method":
            return True
        if tag == "testng-results":
            self._marks_retries = "retried" in attrs
        elif tag in ("suite", "test", "class"):
            package = attrs.get("package", "")
            name = attrs.get("name", "")
            self._names[tag] = f"{package}.{name}" if tag == "class" and package not in ("", "[default]") else name
            if tag == "suite":
                self._start.at(_time(attrs.get("started-at")))
            if "url" in attrs:
                self._notes.add("the results of a test lie in another file, which must be read as well", attrs["url"])
        elif tag == "group":
            self._group = attrs.get("name", "")
        elif tag == "method" and ":" in self._group and len(self._grouped) < _GROUPS_KEPT:
            key, _, value = self._group.partition(":")
            self._grouped.setdefault((attrs.get("class", ""), attrs.get("name", "")), []).append((key.strip(), value))
        return False

    def closed(self, tag: str) -> None:
        """Leave an element."""
        if tag in self._names:
            self._names[tag] = ""
        elif tag == "group":
            self._group = ""

    def built(self, element: Element) -> None:
        """Take an invocation of a method."""
        stated = element.get("status", "").strip().upper()
        if element.get("is-config", "").lower() == "true":
            if stated == "FAIL":
                self._take_broken(element)
            return
        outcome = _OUTCOMES.get(stated)
        if outcome is None:
            self._notes.add("a status that TestNG does not know counts as errored", stated or "(none)")
            outcome = Outcome.ERRORED
        elif stated == "SUCCESS_PERCENTAGE_FAILURE":
            self._notes.add("failures within the percentage that a method may fail count as passed")
        self._hold(self._invocation(element, outcome))

    def ended(self) -> None:
        """Hand over what is held."""
        suffixes = {name: _suffixes(places) for name, places in self._places_of.items() if len(places) > 1}
        for invocation in in_order(self._held, self._marks_retries):
            attempt = invocation.attempt
            suffix = suffixes[attempt.classname][invocation.place] if attempt.classname in suffixes else ""
            self._cases.add(attempt._replace(classname=attempt.classname + suffix) if suffix else attempt)
        self._held.clear()

    def identity(self) -> RunIdentity:
        """The times of the suites."""
        return self._start.over(RunIdentity())

    def _hold(self, invocation: Invocation) -> None:
        if len(self._held) >= MOST_HELD:
            self._notes.add(f"more than {MOST_HELD:,} results; retries are sought among as many at a time")
            self.ended()
        self._places_of.setdefault(invocation.attempt.classname, set()).add(invocation.place)
        self._held.append(invocation)

    def _take_broken(self, method: Element) -> None:
        """A failed set-up or tear-down method."""
        key = (self._place(), self._names.get("class", ""), f"({method.get('name') or 'configuration'})")
        if key in self._broken:
            return
        self._broken.add(key)
        invocation = self._invocation(method, Outcome.ERRORED)
        attempt = invocation.attempt._replace(name=key[2])
        failure = attempt.failure or Failure("", "", "")
        self._hold(invocation._replace(attempt=attempt._replace(outcome=Outcome.ERRORED, failure=failure), key=key))
        self._notes.add("a configuration method failed", f"{key[1]} {key[2]}")

    def _invocation(self, method: Element, outcome: Outcome) -> Invocation:
        classname = self._names.get("class", "") or self._names.get("test", "")
        parameters = parameters_of(method)
        name = named(method, parameters)
        if not name:
            self._notes.add("a method has no name")
            name = NO_NAME
        exception = method.find("exception")
        failure = _failure(exception)
        if outcome == Outcome.FAILED and exception is not None and not is_assertion(failure.type):
            outcome = Outcome.ERRORED
        pairs = [(item.get("name", ""), text_of(item).strip()) for item in method.iterfind("attributes/attribute")]
        pairs += self._grouped.get((classname, method.get("name", "")), [])
        limits = self._cases.limits
        attempt = CaseAttempt(
            classname,
            name,
            outcome,
            self._duration(method.get("duration-ms", "")),
            self._start.at(_time(method.get("started-at"))),
            _kept(failure, outcome),
            None,
            0,
            services_of(pairs)[: limits.services_per_case],
            links_of(pairs)[: limits.links_per_attempt],
        )
        place = self._place()
        return Invocation(attempt, place, (place, classname, name), failure, method.get("retried") == "true")

    def _place(self) -> tuple[str, str]:
        return self._names.get("suite", ""), self._names.get("test", "")

    def _duration(self, text: str) -> int | None:
        if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS and int(text) <= MAX_DURATION_MS:
            return int(text)
        if text.strip():
            self._notes.add("a duration cannot be read", text)
        return None


def _time(text: str | None) -> str | None:
    """A time as it can be read: TestNG 7 writes the zone's abbreviation, which names no zone for certain but UTC.

    >>> _time("2026-03-02T08:00:00 CET"), _time("2026-03-02T08:00:00 UTC")
    ('2026-03-02T08:00:00', '2026-03-02T08:00:00 UTC')
    """
    match = _ZONED.fullmatch(text) if text else None
    return text if match is None or match[2] in ("UTC", "GMT", "Z") else match[1]


def _failure(exception: Element | None) -> Failure:
    trace = text_of(exception, "full-stacktrace") or text_of(exception, "short-stacktrace")
    message = text_of(exception, "message").strip() or first_line(trace)
    return Failure("" if exception is None else exception.get("class", ""), message, trace)


def _kept(failure: Failure, outcome: Outcome) -> Failure | None:
    """What an attempt keeps of it; of a skipped one, the reason."""
    if outcome == Outcome.PASSED:
        return None
    if outcome == Outcome.SKIPPED:
        reason = stable(failure.message) or failure.type
        return Failure(failure.type, reason, "") if reason else None
    return failure


def _suffixes(places: set[tuple[str, str]]) -> dict[tuple[str, str], str]:
    """What tells apart the same class in several places: the test's name where that does, else the suite's as well.

    >>> sorted(_suffixes({("a", "chrome"), ("a", "firefox")}).values())
    [' [chrome]', ' [firefox]']
    """
    is_enough = len({test for _, test in places}) == len(places)
    return {place: f" [{place[1] if is_enough else ' > '.join(filter(None, place))}]" for place in places}
