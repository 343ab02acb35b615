"""The suites around Robot Framework's tests, and the attempts that wait for the fate of their suite."""

from __future__ import annotations

from collections.abc import Sequence

from ingest.formats.junit_events import Attributes
from ingest.formats.robot_messages import Former, hidden_retries, is_to_be_retried, without_retry_mark
from ingest.formats.xml_elements import Cases
from ingest.model import CaseAttempt, Failure, Outcome

NO_NAME = "(no name)"
MOST_HELD = 100_000
"""Attempts that wait for the teardown of their suite; beyond, those held are handed over as they are."""

_RED = (Outcome.FAILED, Outcome.ERRORED)


class Suite:
    """One open suite.

    `first` and `reds` are the numbers of attempts and of red ones before it, `phase` the kind of the keyword of its own
    that is open.
    """

    def __init__(self, attrs: Attributes, outer: Sequence[Suite], held: Held) -> None:
        name = attrs.get("name", "")
        parent = outer[-1] if outer else None
        self.long_name: str = f"{parent.long_name}.{name}" if parent and parent.long_name else name
        self.source = attrs.get("source") or ""
        self.folder: str = parent.folder if parent and parent.folder else _folder(self.source)
        self.file: str | None = _below(self.source, self.folder) or (parent.file if parent else None)
        self.first, self.reds = held.count, held.reds
        self.phase = ""
        self.status = ""
        self.message = ""
        self.own_message = ""
        self.teardown = ""

    def end_phase(self, status: str, message: str) -> None:
        """A keyword of the suite's own has ended."""
        self.message = message or self.message
        if self.phase == "teardown":
            self.teardown = status
        if status != "FAIL" and self.teardown != "SKIP":
            self.message = ""


class Held:
    """Attempts of the root suite, in order; numbers them where one is a retry of the one before."""

    def __init__(self, cases: Cases) -> None:
        self.count = 0
        self.reds = 0
        self._cases = cases
        self._held: list[CaseAttempt] = []
        self._dropped = 0
        self._open_retry: CaseAttempt | None = None

    def add(self, attempt: CaseAttempt, message: str) -> None:
        """Take the newest attempt of a test; attempts that RetryFailed tells of come before it."""
        number, waiting = 0, self._open_retry
        if waiting is not None and (waiting.classname, waiting.name) == (attempt.classname, attempt.name):
            number = waiting.retry + 1
        self._open_retry = None
        for _ in range(number, hidden_retries(message)):
            unknown = attempt._replace(
                outcome=Outcome.FAILED, duration_ms=None, started_ms=None, failure=Failure("", "", ""), retry=number
            )
            self._append(unknown)
            number += 1
        if attempt.failure is not None:
            own = attempt.failure
            attempt = attempt._replace(failure=own._replace(message=without_retry_mark(own.message)))
        attempt = attempt._replace(retry=number)
        if attempt.outcome == Outcome.SKIPPED and is_to_be_retried(message):
            attempt = attempt._replace(outcome=Outcome.FAILED, failure=attempt.failure or Failure("", "", ""))
            self._open_retry = attempt
        self._append(attempt)

    def add_former(self, attempt: CaseAttempt, former: Former) -> None:
        """Take an execution from before the newest one."""
        waiting = self._open_retry
        is_next = waiting is not None and (waiting.classname, waiting.name) == (attempt.classname, attempt.name)
        failure = Failure("", former.message, "") if former.outcome in _RED or former.message else None
        former_attempt = attempt._replace(
            outcome=former.outcome, duration_ms=None, started_ms=None, links=(),
            failure=None if former.outcome == Outcome.PASSED else failure,
            retry=waiting.retry + 1 if waiting is not None and is_next else 0,
        )  # fmt: skip
        self._open_retry = former_attempt
        self._append(former_attempt)

    def close(self, suite: Suite, is_raw: bool) -> None:
        """Apply the fate of a suite to its tests, or make a case of it where no test has it."""
        if is_raw and suite.teardown in ("FAIL", "SKIP"):
            self._apply_teardown(suite, max(suite.first - self._dropped, 0))
        if suite.status == "FAIL" and self.reds == suite.reds:
            hook = "suite teardown" if suite.teardown == "FAIL" else "suite setup" if suite.message else "suite"
            message = suite.message or suite.own_message
            case = CaseAttempt(suite.long_name, f"({hook})", Outcome.ERRORED, failure=Failure("", message, ""))
            self._append(case._replace(file=suite.file))
            self._cases.notes.add("a suite failed outside its tests", suite.long_name)

    def flush(self) -> None:
        """Hand over what is held."""
        for attempt in self._held:
            self._cases.add(attempt)
        self._dropped += len(self._held)
        self._held.clear()

    def _append(self, attempt: CaseAttempt) -> None:
        if len(self._held) >= MOST_HELD:
            self._cases.notes.add(f"more than {MOST_HELD:,} results; a failed suite teardown is not applied to all")
            self.flush()
        self._held.append(attempt)
        self.count += 1
        self.reds += attempt.outcome in _RED

    def _apply_teardown(self, suite: Suite, first: int) -> None:
        """What Robot Framework does when it reads its own output."""
        for at in range(first, len(self._held)):
            attempt = self._held[at]
            is_last = at + 1 == len(self._held) or not self._held[at + 1].retry
            if not is_last or attempt.outcome == Outcome.SKIPPED:
                continue
            own = attempt.failure
            if suite.teardown == "SKIP":
                reason = Failure("", f"Skipped in parent suite teardown: {suite.message}", "")
                self._held[at] = attempt._replace(outcome=Outcome.SKIPPED, failure=reason)
            elif own is None:
                failure = Failure("", f"Parent suite teardown failed: {suite.message}", "")
                self._held[at] = attempt._replace(outcome=Outcome.ERRORED, failure=failure)
                self.reds += 1
            else:
                message = f"{own.message}\n\nAlso parent suite teardown failed:\n{suite.message}"
                self._held[at] = attempt._replace(failure=own._replace(message=message))


def _folder(source: str) -> str:
    """The folder that holds a source, with a slash at its end; empty for a source that is not absolute.

    >>> _folder("/ci/repo/tests"), _folder("C:\\\\repo\\\\tests"), _folder("tests/a.robot")
    ('/ci/repo/', 'C:/repo/', '')
    """
    path = source.replace("\\", "/").rstrip("/")
    is_absolute = path.startswith("/") or path[1:3] == ":/"
    return path.rpartition("/")[0] + "/" if is_absolute else ""


def _below(source: str, folder: str) -> str | None:
    """A source relative to a folder."""
    path = source.replace("\\", "/")
    return (path.removeprefix(folder) if folder else path) or None
