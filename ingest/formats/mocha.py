"""Reads Mocha's JSON report (`--reporter json`), also of versions that write less, and of Cypress, which embeds Mocha.

Rules:

- Class name: the path of the test file where it is known and the titles of the suites as Mocha joins them, with ` > `
  between. Name: the title of the case.
- How a case ended is said by the list that holds it: `failures`, `pending` or `passes`. Where there are no such lists,
  its `err` says it.
- An entry of `failures` that is no case is a failed hook: an errored attempt named after suite and hook. The case that
  Mocha names with it is left out where the hook is one for all cases, because it depends on which cases ran.
- `currentRetry: n` is n failed attempts, of which Mocha tells nothing, before the one that counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from ingest.checkout import checkout_paths
from ingest.formats.batches import batches, numbered
from ingest.formats.javascript import count_of, failure_of_stack
from ingest.formats.json_reader import decode, plain, read_document
from ingest.formats.json_values import whole_ms
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.formats.values import moment
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome, RunIdentity

_NOTHING = msgspec.Raw(b"")
_NO_ERROR = frozenset((b"", b"{}", b"null"))
_MOST_RETRIES = 100
_FOR_CASE = re.compile(r'("(?:before|after) all" hook(?:: .*)?) for ".*"', re.DOTALL)

_Key = tuple[str, str, str]


class Stats(msgspec.Struct, gc=False, rename="camel"):
    """`stats`, as Mocha and mochawesome write it."""

    tests: msgspec.Raw = _NOTHING
    tests_registered: msgspec.Raw = _NOTHING
    start: str | None = None
    end: str | None = None


class _Test(msgspec.Struct, gc=False, rename="camel"):
    """One entry of `tests`, `passes`, `failures` or `pending`."""

    title: str | None = None
    full_title: str | None = None
    file: str | None = None
    duration: msgspec.Raw = _NOTHING
    current_retry: msgspec.Raw = _NOTHING
    err: msgspec.Raw = _NOTHING

    @property
    def key(self) -> _Key:
        """What tells entries apart across the lists; not always unique."""
        return self.file or "", self.full_title or "", self.title or ""

    @property
    def has_error(self) -> bool:
        """Whether an error is stated."""
        return bytes(self.err) not in _NO_ERROR


class _Report(msgspec.Struct, gc=False):
    """The document."""

    stats: Stats
    tests: list[_Test] | None = None
    passes: list[_Test] | None = None
    failures: list[_Test] | None = None
    pending: list[_Test] | None = None


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one document.

    Raises:
        Refused: `json-syntax`, `json-truncated`, `json-depth`, `json-encoding`, `schema` (with the JSON path),
            `too-large` or `empty-file`.
    """
    report = decode(read_document(stream, limits), _Report)
    notes = Notes()
    sink.identity(identity_of_stats(report.stats))
    tests = report.tests
    if tests is None:
        tests = [*(report.passes or ()), *(report.failures or ()), *(report.pending or ())]
    for batch in batches(_Cases(report, tests, notes).attempts()):
        sink.attempts(batch)
    stated = plain(report.stats.tests)
    if report.tests is not None and isinstance(stated, int) and stated != len(tests):
        notes.add(f"the report states {stated:,} tests and holds {len(tests):,}")
    notes.tell(sink)


def identity_of_stats(stats: Stats) -> RunIdentity:
    """Start and end of the run."""
    start, end = moment(stats.start or ""), moment(stats.end or "")
    return RunIdentity(
        start_ms=start.ms if start else None,
        start_is_zoneless=start.is_zoneless if start else None,
        end_ms=end.ms if end else None,
    )


def hook_name(title: str) -> str:
    """The title of a hook without the case that happened to come first or last.

    >>> hook_name('"before all" hook: connect for "reads"'), hook_name('"before each" hook for "reads"')
    ('"before all" hook: connect', '"before each" hook for "reads"')
    """
    found = _FOR_CASE.fullmatch(title)
    return found[1] if found else title


def failure_of(error: Any, stack_key: str = "stack") -> Failure:
    """A failure from an error object; anything else is its text."""
    if not isinstance(error, dict):
        return failure_of_stack("" if error is None else str(error))
    stack, message = str(error.get(stack_key) or ""), str(error.get("message") or "")
    known = failure_of_stack(stack or message)
    return Failure(known.type or str(error.get("name") or ""), known.message or message, stack or message)


class _Cases:
    """The entries of one document -> attempts."""

    def __init__(self, report: _Report, tests: list[_Test], notes: Notes) -> None:
        self._tests = tests
        self._listed_failures = report.failures or []
        self._has_lists = report.failures is not None
        self._failures = Counter(test.key for test in self._listed_failures)
        self._pending = Counter(test.key for test in report.pending or ())
        self._left = Counter(test.key for test in tests)
        self._paths = checkout_paths({test.file for test in (*tests, *self._listed_failures) if test.file})
        self._notes = notes

    def attempts(self) -> Iterator[CaseAttempt]:
        """Cases in the order of the document, then what failed beside them."""
        for test in self._tests:
            outcome = self._outcome(test)
            own = self._attempt(test, test.title or "", outcome)
            yield from numbered([*self._earlier(test, own), own])
        for test in self._listed_failures:
            if self._failures[test.key] > 0:
                self._failures[test.key] -= 1
                yield self._attempt(test, hook_name(test.title or ""), Outcome.ERRORED)

    def _outcome(self, test: _Test) -> Outcome:
        """How a case ended; of cases with one name, those go to the failures that state an error."""
        if not self._has_lists and test.has_error:
            return Outcome.FAILED
        key = test.key
        self._left[key] -= 1
        if self._failures[key] > 0 and (test.has_error or self._left[key] < self._failures[key]):
            self._failures[key] -= 1
            return Outcome.FAILED
        if self._pending[key] > 0:
            self._pending[key] -= 1
            return Outcome.SKIPPED
        return Outcome.PASSED

    def _attempt(self, test: _Test, name: str, outcome: Outcome) -> CaseAttempt:
        file, full_title, title = test.key
        path = self._paths.get(file)
        suites = full_title.removesuffix(title).strip() if full_title.endswith(title) else ""
        if not name.strip():
            self._notes.add("a test has no title")
        return CaseAttempt(
            " > ".join(part for part in (path, suites) if part),
            name.strip() or "(no name)",
            outcome,
            whole_ms(test.duration, self._notes),
            failure=failure_of(plain(test.err)) if outcome in (Outcome.FAILED, Outcome.ERRORED) else None,
            file=path,
        )

    def _earlier(self, test: _Test, own: CaseAttempt) -> list[CaseAttempt]:
        retries = count_of(test.current_retry, _MOST_RETRIES)
        if not retries or own.outcome is Outcome.SKIPPED:
            return []
        return [own._replace(outcome=Outcome.FAILED, duration_ms=None, failure=Failure("", "", ""))] * retries
