"""Reads CTRF, the Common Test Report Format (ctrf.io, schema 0.x and 1.0).

Rules:

- `passed`, `failed`, `skipped` as they are; `pending` is skipped; `other` and any unknown status are errored unless the
  raw status says skipped, because a test that neither passed nor was left out deserves a look.
- Attempts: `retryAttempts` in the order of their numbers, then the test itself, unless the list holds it already (one
  entry more than `retries`, or the last entry equals it). Without the list, `retries: n` of a failed or flaky test are
  n failed attempts of which nothing is known.
- Class name: `suite`, a list joined by ` > `; without one the file path.
- `browser` and `device` belong to the variant only when all tests agree.
- Identity: `environment`, and in any `extra` the keys of `properties.py`. Exercised services:
  `service.peer.name` or `services` in a test's `extra` or `labels`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO

import msgspec

from ingest.errors import Refused
from ingest.formats.batches import batches
from ingest.formats.ctrf_shape import Attempt, Environment, Report, Test, TestsOnly
from ingest.formats.json_reader import decode, plain, read_document
from ingest.formats.junit_children import first_line
from ingest.formats.notes import Notes
from ingest.formats.properties import SERVICE_KEYS, identity_of, links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.values import MAX_DURATION_MS, epoch_ms
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity

NO_NAME = "(no name)"

_OUTCOMES = {
    "passed": Outcome.PASSED,
    "failed": Outcome.FAILED,
    "skipped": Outcome.SKIPPED,
    "pending": Outcome.SKIPPED,
}
_SKIPPED_RAW = frozenset({"skipped", "pending", "todo", "disabled", "ignored", "untested", "notrun", "focused"})
_MOST_RETRIES = 100
_OUTPUT_TAIL = 4_000
_SHARD = re.compile(r"\s*(\d{1,6})\s*(?:/|of|-)\s*(\d{1,6})\s*")


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one CTRF document.

    Raises:
        Refused: `json-syntax`, `json-truncated`, `json-depth`, `json-encoding`, `schema` (with the JSON path),
            `too-large` or `empty-file`.
    """
    report = _decoded(read_document(stream, limits))
    notes = Notes()
    tests = report.results.tests
    sink.identity(_identity(report, notes))
    for batch in batches(_Cases(limits, notes).attempts(tests)):
        sink.attempts(batch)
    stated = plain(report.results.summary.tests) if report.results.summary else None
    if isinstance(stated, int) and stated != len(tests):
        notes.add(f"the summary states {stated:,} tests, the report holds {len(tests):,}")
    notes.tell(sink)


def _decoded(data: bytes) -> Report:
    try:
        return decode(data, Report)
    except Refused as refusal:
        if refusal.code == "schema" and "tests[...]" in refusal.reason:
            raise _with_index(data, refusal) from None
        raise


def _with_index(data: bytes, refusal: Refused) -> Refused:
    """The same refusal with the number of the test in its path, which the decoder does not tell."""
    for index, raw in enumerate(decode(data, TestsOnly).results.tests):
        try:
            msgspec.json.decode(raw, type=Test)
        except msgspec.ValidationError:
            return Refused("schema", refusal.reason.replace("tests[...]", f"tests[{index}]", 1))
    return refusal


class _Cases:
    """Tests of one document -> attempts."""

    def __init__(self, limits: Limits, notes: Notes) -> None:
        self._limits = limits
        self._notes = notes
        self._durations: dict[bytes, int | None] = {b"": None, b"null": None}

    def attempts(self, tests: list[Test]) -> Iterator[CaseAttempt]:
        """Attempts in the order of the document."""
        for test in tests:
            if test.status == "passed" and test.retry_attempts is None and not test.flaky and not bytes(test.retries):
                yield self._own(test, Outcome.PASSED)
            else:
                yield from self._all(test)

    def _all(self, test: Test) -> Iterator[CaseAttempt]:
        own = self._own(test, self._outcome(test.status, test.raw_status))
        earlier = [self._retried(own, attempt) for attempt in self._ordered(test, own)]
        if not earlier:
            unknown = own._replace(
                outcome=Outcome.FAILED, duration_ms=None, started_ms=None, failure=Failure("", "", "")
            )
            earlier = [unknown] * self._hidden_retries(test, own.outcome)
        for number, attempt in enumerate([*earlier, own]):
            yield attempt._replace(retry=number) if number else attempt

    def _own(self, test: Test, outcome: Outcome) -> CaseAttempt:
        name = test.name
        if not name.strip():
            self._notes.add("a test has no name")
            name = NO_NAME
        file = test.file_path or None
        extra = _mapping(test.extra) | _mapping(test.labels)
        return CaseAttempt(
            _suite_name(test.suite) or file or "",
            name,
            outcome,
            self._duration(test.duration),
            epoch_ms(bytes(test.start)),
            self._failure(test, outcome),
            file,
            0,
            _services(extra)[: self._limits.services_per_case] if extra else (),
            self._links(test, extra),
        )

    def _retried(self, own: CaseAttempt, attempt: Attempt) -> CaseAttempt:
        outcome = self._outcome(attempt.status, None)
        return own._replace(
            outcome=outcome,
            duration_ms=self._duration(attempt.duration),
            started_ms=epoch_ms(bytes(attempt.start)),
            failure=self._failure(attempt, outcome),
            links=self._links(attempt, {}),
        )

    def _ordered(self, test: Test, own: CaseAttempt) -> list[Attempt]:
        """The attempts before the test's own one."""
        listed = list(test.retry_attempts or ())[: _MOST_RETRIES + 1]
        numbers = [plain(attempt.attempt) for attempt in listed]
        if all(isinstance(number, int) for number in numbers):
            listed = [listed[at] for at in sorted(range(len(listed)), key=lambda at: numbers[at])]
        if not listed:
            return []
        retries = plain(test.retries)
        if isinstance(retries, int) and retries > 0:
            is_last_own = len(listed) > retries
        else:
            last = self._retried(own, listed[-1])
            is_last_own = last.outcome == own.outcome and (
                own.outcome == Outcome.PASSED or (last.duration_ms == own.duration_ms and last.failure == own.failure)
            )
        return listed[:-1] if is_last_own else listed

    def _hidden_retries(self, test: Test, outcome: Outcome) -> int:
        retries = plain(test.retries)
        count = retries if isinstance(retries, int) and not isinstance(retries, bool) and retries > 0 else 0
        if outcome == Outcome.PASSED:
            count = max(count, 1) if test.flaky else 0 if test.flaky is False else count
        elif outcome == Outcome.SKIPPED:
            count = 0
        return min(count, _MOST_RETRIES)

    def _outcome(self, status: str, raw_status: str | None) -> Outcome:
        outcome = _OUTCOMES.get(status.strip().lower())
        if outcome is not None:
            return outcome
        if (raw_status or "").replace("_", "").lower() in _SKIPPED_RAW:
            return Outcome.SKIPPED
        self._notes.add("a status other than passed, failed, skipped or pending counts as errored", status or "(none)")
        return Outcome.ERRORED

    def _failure(self, test: Test | Attempt, outcome: Outcome) -> Failure | None:
        message = "" if test.message is None else str(test.message)
        if outcome == Outcome.SKIPPED:
            return Failure("", message, "") if message else None
        if outcome == Outcome.PASSED:
            return None
        text = "" if test.trace is None else str(test.trace)
        if not (text or message):
            text = _lines(test.stderr) or _lines(test.stdout)
            return Failure("", "", text[-_OUTPUT_TAIL:])
        return Failure("", message or first_line(text), text)

    def _links(self, test: Test | Attempt, extra: dict[str, Any]) -> tuple[Link, ...]:
        if not test.attachments and not extra:
            return ()
        links = [Link("attachment", item.path) for item in test.attachments or () if item.path]
        links.extend(links_of((key, value) for key, value in extra.items() if isinstance(value, str)))
        return tuple(dict.fromkeys(links))[: self._limits.links_per_attempt]

    def _duration(self, raw: msgspec.Raw) -> int | None:
        data = bytes(raw)
        if data in self._durations:
            return self._durations[data]
        value = plain(raw)
        number = value if isinstance(value, int | float) and not isinstance(value, bool) else None
        if number is None or not 0 <= number <= MAX_DURATION_MS:
            self._notes.add("a duration cannot be read", data[:60].decode("utf-8", "replace"))
            return None
        if len(self._durations) < 20_000:
            self._durations[data] = int(number + 0.5)
        return int(number + 0.5)


def _suite_name(suite: str | list[str] | None) -> str:
    return suite if isinstance(suite, str) else " > ".join(suite or ())


def _lines(raw: msgspec.Raw) -> str:
    value = plain(raw)
    if isinstance(value, list):
        return "\n".join(str(line) for line in value)
    return value if isinstance(value, str) else ""


def _mapping(raw: msgspec.Raw) -> dict[str, Any]:
    value = plain(raw) if len(bytes(raw)) > len(b"null") else None
    return value if isinstance(value, dict) else {}


def _services(extra: dict[str, Any]) -> tuple[str, ...]:
    pairs = []
    for key in (*sorted(SERVICE_KEYS, reverse=True), "services"):
        value = extra.get(key)
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str):
                pairs.append(("service.peer.name", item))
    return services_of(pairs)


def _identity(report: Report, notes: Notes) -> RunIdentity:
    """What the document says of its run: OpenTelemetry keys first, then CTRF's own."""
    results = report.results
    environment = results.environment or Environment()
    pairs = [
        (key, str(value))
        for raw in (environment.extra, results.extra, report.extra)
        for key, value in _mapping(raw).items()
        if isinstance(value, str | int) and not isinstance(value, bool)
    ]
    stated, unreadable = identity_of(pairs)
    for key in unreadable:
        notes.add("a property of the run cannot be read", key)
    shard = _SHARD.fullmatch(environment.shard_id or "")
    return stated.over(
        RunIdentity(
            pipeline=environment.build_name or None,
            run_id=report.run_id or environment.build_id or _number(environment.build_number),
            environment=environment.test_environment or None,
            branch=environment.branch_name or None,
            revision=environment.commit or None,
            repository=environment.repository_name or None,
            url=environment.build_url or None,
            service=environment.app_name or None,
            service_version=environment.app_version or None,
            shard_index=int(shard[1]) or None if shard else None,
            shard_total=int(shard[2]) or None if shard else None,
            variant=_variant(results.tests),
            **_times(report),
        )
    )


def _number(raw: msgspec.Raw) -> str | None:
    value = plain(raw)
    return str(value) if isinstance(value, int | str) and not isinstance(value, bool) and str(value) else None


def _times(report: Report) -> dict[str, Any]:
    summary = report.results.summary
    start = epoch_ms(bytes(summary.start)) if summary else None
    stop = epoch_ms(bytes(summary.stop)) if summary else None
    if start is None:
        starts = [ms for test in report.results.tests if (ms := epoch_ms(bytes(test.start))) is not None]
        start = min(starts, default=None)
    return {"start_ms": start, "start_is_zoneless": None if start is None else False, "end_ms": stop}


def _variant(tests: list[Test]) -> tuple[tuple[str, str], ...] | None:
    """Browser and device, each only when every test names the same one."""
    wanted: tuple[tuple[str, Callable[[Test], str | None]], ...] = (
        ("browser", lambda test: test.browser),
        ("device", lambda test: test.device),
    )
    found = []
    for key, value_of in wanted:
        values = {value_of(test) for test in tests}
        value = values.pop() if len(values) == 1 else None
        if value and value.strip():
            found.append((key, value.strip()))
    return tuple(found) or None
