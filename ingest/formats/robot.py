"""Reads Robot Framework's output.xml, of Robot Framework 2.8 to 7: one pass; keywords are dropped as they close.

Rules:

- Class name: names of the suites joined by dots. File: the suite's source below the folder that holds the root's.
- `NOT RUN` is skipped. Robot Framework tells no assertion from another exception, so a failure is failed, unless its
  message says that a setup, a teardown or a time limit failed: then errored.
- Trace: what failed keywords logged at level FAIL, with the keywords' names.
- A suite setup's failure is in its tests already. A suite teardown's is not in what `robot` writes, only in its own
  reports, and there every test of the suite fails: it is applied here as there, except to what `rebot` wrote, which has
  it. For that, attempts are held until the root suite closes. A red suite without a red test becomes an errored case.
- `rebot --merge` keeps former results in the message, as HTML: they become the former attempts. RetryFailed (a
  listener) keeps them as skipped tests, or only tells how many there were.
- Services: tags `service.peer.name:NAME`. Identity: the metadata of suites. Links: pictures in logged HTML.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.bounded import BoundedText
from ingest.formats.junit_children import first_line
from ingest.formats.junit_events import Attributes
from ingest.formats.properties import identity_of, links_of, services_of
from ingest.formats.robot_messages import (
    earlier_attempts,
    failure_type,
    is_not_assertion,
    on_one_line,
    pictures_in,
    plain_text,
)
from ingest.formats.robot_suites import NO_NAME, Held, Suite
from ingest.formats.sink import ReportSink
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import Cases, RunStart, read_elements, text_of
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity

_OUTCOMES = {
    "PASS": Outcome.PASSED, "FAIL": Outcome.FAILED, "SKIP": Outcome.SKIPPED, "NOT RUN": Outcome.SKIPPED,
    "NOT_RUN": Outcome.SKIPPED,
}  # fmt: skip
_LEAVES = frozenset({"status", "tag", "meta", "item"})
_MOST_PAIRS = 1_000


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one output.xml.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Robot)


class _Test:
    """The open test."""

    def __init__(self, name: str, room: int) -> None:
        self.name = name
        self.trace = BoundedText(room)
        self.tags: list[str] = []
        self.links: list[Link] = []
        self.status: Element | None = None


class _Robot:
    roots = frozenset({"robot"})

    def __init__(self, cases: Cases) -> None:
        self._cases = cases
        self._limits = cases.limits
        self._notes = cases.notes
        self._start = RunStart(cases.notes)
        self._held = Held(cases)
        self._open: list[str] = []
        self._keywords: list[str] = []
        self._suites: list[Suite] = []
        self._test: _Test | None = None
        self._pairs: list[tuple[str, str]] = []
        self._is_raw = True

    def opened(self, tag: str, attrs: Attributes) -> bool:
        """Take a suite, a test or a keyword; status, tags and telling messages are built."""
        if "statistics" in self._open[1:2] or "errors" in self._open[1:2]:
            self._open.append(tag)
            return False
        if tag in _LEAVES or (tag == "msg" and self._is_telling(attrs)):
            return True
        parent = self._open[-1] if self._open else ""
        self._open.append(tag)
        if not parent:
            self._is_raw = attrs.get("generator", "").upper().startswith("ROBOT")
        elif tag == "suite":
            self._suites.append(Suite(attrs, self._suites, self._held))
        elif tag == "test" and self._suites:
            self._test = _Test(attrs.get("name", ""), self._limits.text_chars)
        elif tag == "kw":
            self._keywords.append(attrs.get("name", ""))
            if parent == "suite":
                self._suites[-1].phase = attrs.get("type", "").lower()
        return False

    def closed(self, tag: str) -> None:
        """Hand over a test, settle a suite."""
        self._open.pop()
        if tag == "kw" and self._keywords:
            self._keywords.pop()
        elif tag == "test" and self._test is not None:
            self._close_test(self._test)
            self._test = None
        elif tag == "suite" and self._suites and "statistics" not in self._open:
            self._held.close(self._suites.pop(), self._is_raw)
            if not self._suites:
                self._held.flush()

    def built(self, element: Element) -> None:
        """Take a status, a tag, a line of metadata or a message."""
        parent = self._open[-1]
        if element.tag == "msg":
            self._take_message(element)
        elif element.tag == "status":
            self._take_status(element, parent)
        elif element.tag == "tag" and self._test is not None and parent in ("test", "tags"):
            self._test.tags.append(text_of(element))
        elif element.tag in ("meta", "item") and self._test is None and len(self._pairs) < _MOST_PAIRS:
            self._pairs.append((element.get("name", ""), text_of(element)))

    def ended(self) -> None:
        """Hand over what is held."""
        self._held.flush()
        for key in identity_of(self._pairs)[1]:
            self._notes.add("a property of the run cannot be read", key)

    def identity(self) -> RunIdentity:
        """Metadata, and the times of the root suite."""
        return self._start.over(identity_of(self._pairs)[0])

    def _is_telling(self, attrs: Attributes) -> bool:
        level = attrs.get("level")
        return level in ("FAIL", "DEBUG") or attrs.get("html", "no").lower() in ("yes", "true")

    def _take_message(self, element: Element) -> None:
        test, text = self._test, text_of(element)
        if element.get("html", "no").lower() in ("yes", "true"):
            if test is not None and len(test.links) < self._limits.links_per_attempt:
                test.links.extend(pictures_in(text))
            text = plain_text(text)
        is_failure = element.get("level") == "FAIL"
        if test is not None and is_failure:
            test.trace.add(f"{' > '.join(self._keywords)}: {text}\n")
        elif test is not None and text.startswith("Traceback"):
            test.trace.add(f"{text}\n")
        elif is_failure and self._suites and not self._suites[-1].message:
            self._suites[-1].message = text

    def _take_status(self, element: Element, parent: str) -> None:
        if parent == "test" and self._test is not None:
            self._test.status = element
        elif parent == "suite" and self._suites:
            suite = self._suites[-1]
            suite.status = element.get("status", "").upper()
            suite.own_message = text_of(element)
            if len(self._suites) == 1:
                self._start.run(element.get("starttime") or element.get("start"), element.get("endtime"))
        elif parent == "kw" and self._open[-2] == "suite":
            self._suites[-1].end_phase(element.get("status", "").upper(), text_of(element))

    def _close_test(self, test: _Test) -> None:
        suite, status = self._suites[-1], test.status
        if status is None:
            self._notes.add("a test has no status", test.name)
            status = Element("status")
        if not test.name.strip():
            self._notes.add("a test has no name")
        stated, message = status.get("status", "").upper(), plain_text(text_of(status), only_marked=True)
        outcome = _OUTCOMES.get(stated, Outcome.ERRORED)
        if stated not in _OUTCOMES and stated:
            self._notes.add("a status other than PASS, FAIL, SKIP or NOT RUN counts as errored", stated)
        started, duration = self._times(status)
        tags = [(key.strip(), value) for key, mark, value in map(_split_tag, test.tags) if mark]
        attempt = CaseAttempt(
            suite.long_name,
            test.name if test.name.strip() else NO_NAME,
            outcome,
            duration,
            started,
            None,
            suite.file,
            0,
            services_of(tags)[: self._limits.services_per_case],
            tuple(dict.fromkeys((*links_of(tags), *test.links)))[: self._limits.links_per_attempt],
        )
        attempt = _judged(attempt, message, test.trace.text().rstrip())
        for former in earlier_attempts(text_of(status)):
            self._held.add_former(attempt, former)
        self._held.add(attempt, message)

    def _times(self, status: Element) -> tuple[int | None, int | None]:
        started = self._start.at(_known(status.get("start") or status.get("starttime")))
        elapsed = status.get("elapsed")
        if elapsed is not None:
            return started, duration_ms(elapsed)
        ended = self._start.at(_known(status.get("endtime")))
        if started is None or ended is None or ended < started:
            return started, None
        return started, ended - started


def _judged(attempt: CaseAttempt, message: str, trace: str) -> CaseAttempt:
    """The attempt with its failure, or a skipped one with its reason."""
    if attempt.outcome == Outcome.SKIPPED:
        return attempt._replace(failure=Failure("", message, "") if message else None)
    if attempt.outcome == Outcome.PASSED:
        return attempt
    outcome = Outcome.ERRORED if is_not_assertion(message) else attempt.outcome
    shown = on_one_line(message) or first_line(trace)
    return attempt._replace(outcome=outcome, failure=Failure(failure_type(message), shown, trace))


def _split_tag(tag: str) -> tuple[str, str, str]:
    """A tag as key and value.

    >>> _split_tag("service.peer.name:payments"), _split_tag("peer.service=stock")
    (('service.peer.name', ':', 'payments'), ('peer.service', '=', 'stock'))
    """
    mark = min((mark for mark in ":=" if mark in tag), key=tag.index, default=":")
    return tag.partition(mark)


def _known(text: str | None) -> str | None:
    return None if text == "N/A" else text
