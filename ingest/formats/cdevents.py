"""Reads the tests in a file of CDEvents: `testCaseRun`, `testSuiteRun` and `testOutput` events, one run after another.

Rules:

- A file may tell of many runs. One run here is a suite run, else the chain of events, else the whole file, in one
  environment; each becomes a part of its own with the identity that its events give: environment, trigger, and the keys
  of `properties.py` in `customData`. Where a `pipelineRun` of the same chain is told of, it names pipeline and run.
- `finished` and `skipped` events of a case are attempts; several runs of one test case in a suite run are retries, in
  the order of time. Class name: the id of the test case, name: its name; both stay from run to run.
- `outcome` (before 0.5 `status`): pass and success, fail and failure, error, cancel and skip.
- A suite run that ended in an error, or failed without a red case beside it, is a red case of its own; where its cases
  come elsewhere (one event a file) its passes are told too. A case that started and whose suite run has finished
  without it is errored.
- `testOutput` events are links of the case that they name.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from ingest.changes.cdevents import TEST_SUBJECTS, TYPE, content_of, custom_data, reference, unwrap
from ingest.changes.fields import first_text, mapping, moment, text
from ingest.changes.json_text import read_documents
from ingest.formats.batches import batches, numbered
from ingest.formats.properties import identity_of, links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity, RunState, Trigger

SUITE_CASE = "(suite)"
"""Name of the case that stands for a whole suite run; its class name is the suite's."""

_OUTCOMES = {
    "pass": Outcome.PASSED, "passed": Outcome.PASSED, "success": Outcome.PASSED,
    "fail": Outcome.FAILED, "failed": Outcome.FAILED, "failure": Outcome.FAILED,
    "error": Outcome.ERRORED,
    "cancel": Outcome.SKIPPED, "canceled": Outcome.SKIPPED, "cancelled": Outcome.SKIPPED, "skip": Outcome.SKIPPED,
    "skipped": Outcome.SKIPPED,
}  # fmt: skip
_TRIGGERS = {"manual": Trigger.MANUAL, "schedule": Trigger.SCHEDULE}
_RED = (Outcome.FAILED, Outcome.ERRORED)
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(slots=True)
class _Event:
    """One event, its parts taken apart."""

    predicate: str
    subject_id: str
    content: Mapping[str, Any]
    custom: Mapping[str, Any]
    chain: str
    at_ms: int | None


@dataclass(slots=True)
class TestRun:
    """One run of the file: its events, and the reader that hands them over."""

    key: tuple[str, str]
    """Id of the suite run or chain, environment."""
    pipeline: Mapping[str, str] = field(default_factory=dict)
    """`name`, `id` and `url` of the pipeline run of the same chain."""
    cases: list[_Event] = field(default_factory=list)
    suites: list[_Event] = field(default_factory=list)
    outputs: list[_Event] = field(default_factory=list)

    __test__ = False  # pytest must not collect it

    @property
    def name(self) -> str:
        """The key as part of a path."""
        return _UNSAFE.sub("_", "@".join(part for part in self.key if part))[:100] or "tests"

    @property
    def told(self) -> bytes:
        """What its events tell, whatever file, form and order they come in."""
        events = sorted(map(repr, (*self.cases, *self.suites, *self.outputs)))
        return repr((self.key, sorted(self.pipeline.items()), events)).encode("utf-8", "surrogatepass")

    def read(self, stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
        """Hand over the attempts and identity of this run; the events are known, the stream is not looked at."""
        sink.identity(self._identity())
        attempts = [attempt for case in self._cases(limits) for attempt in numbered(case)]
        attempts.extend(self._suite_cases(attempts))
        for batch in batches(attempts):
            sink.attempts(batch)

    def _cases(self, limits: Limits) -> Iterator[list[CaseAttempt]]:
        """Attempts of each case, in the order of their first events."""
        links = self._links()
        executions: dict[str, list[_Event]] = {}
        for number, event in enumerate(self.cases):
            executions.setdefault(event.subject_id or f"#{number}", []).append(event)
        cases: dict[tuple[str, str], list[CaseAttempt]] = {}
        for run_id, events in executions.items():
            attempt = self._attempt(events, links.get(run_id, ()), limits)
            if attempt is not None:
                cases.setdefault((attempt.classname, attempt.name), []).append(attempt)
        for attempts in cases.values():
            yield sorted(attempts, key=lambda attempt: attempt.started_ms or 0)

    def _links(self) -> dict[str, tuple[Link, ...]]:
        found: dict[str, tuple[Link, ...]] = {}
        for event in self.outputs:
            uri = text(event.content.get("uri"))
            if uri:
                kind = "log" if first_text(event.content, "outputType", "type") == "log" else "attachment"
                run_id = reference(event.content.get("testCaseRun"))
                found[run_id] = (*found.get(run_id, ()), Link(kind, uri))
        return found

    def _attempt(self, events: list[_Event], links: tuple[Link, ...], limits: Limits) -> CaseAttempt | None:
        """What became of one execution; None where it has not ended and may still."""
        ends = [event for event in events if event.predicate in ("finished", "skipped")]
        started = next((event for event in events if event.predicate == "started"), None)
        if not ends and (started is None or not any(suite.predicate == "finished" for suite in self.suites)):
            return None
        last = ends[-1] if ends else events[-1]
        outcome, failure = _ending(last) if ends else (Outcome.ERRORED, Failure("", "the test never finished", ""))
        classname, name = _names(events)
        start_ms = started.at_ms if started else None
        duration_ms = None
        if start_ms is not None and ends and last.at_ms is not None and last.at_ms >= start_ms:
            duration_ms = last.at_ms - start_ms
        pairs = list(_texts(last.custom))
        return CaseAttempt(
            classname, name, outcome, duration_ms, start_ms if start_ms is not None else last.at_ms, failure,
            text(last.custom.get("file")) or None, 0, services_of(pairs)[: limits.services_per_case],
            (*links, *links_of(pairs))[: limits.links_per_attempt],
        )  # fmt: skip

    def _suite_cases(self, attempts: list[CaseAttempt]) -> Iterator[CaseAttempt]:
        has_red = any(attempt.outcome in _RED for attempt in attempts)
        for event in self.suites:
            if event.predicate != "finished":
                continue
            outcome, failure = _ending(event)
            if outcome == Outcome.ERRORED or not attempts or (outcome == Outcome.FAILED and not has_red):
                suite = mapping(event.content.get("testSuite"))
                name = first_text(suite, "name", "id") or event.subject_id
                yield CaseAttempt(name, SUITE_CASE, outcome, None, event.at_ms, failure)

    def _identity(self) -> RunIdentity:
        events = [*self.suites, *self.cases]
        stated = RunIdentity()
        for event in events:
            stated = stated.over(identity_of(_texts(event.custom))[0])
        triggers = (text(mapping(event.content.get("trigger")).get("type")).lower() for event in events)
        times = [event.at_ms for event in events if event.at_ms is not None]
        ended = [event for event in self.suites if event.predicate == "finished"]
        is_running = bool(self.suites and self.cases) and not ended  # alone, its end may lie in another file
        start_ms = min(times, default=None)
        return stated.over(
            RunIdentity(
                pipeline=self.pipeline.get("name") or None,
                run_id=self.pipeline.get("id") or self.key[0] or None,
                url=self.pipeline.get("url") or None,
                environment=self.key[1] or None,
                trigger=next((_TRIGGERS[trigger] for trigger in triggers if trigger in _TRIGGERS), None),
                state=RunState.RUNNING if is_running else None,
                start_ms=start_ms,
                start_is_zoneless=None if start_ms is None else False,
                start_is_estimated=True if start_ms is not None and not self.suites else None,
                end_ms=ended[-1].at_ms if ended else None,
            )
        )


def runs_in(data: bytes, limits: Limits) -> list[TestRun]:
    """The test runs that a file of CDEvents tells of, in its order; none where it tells of no tests.

    Raises:
        Refused: the JSON cannot be read.
    """
    runs: dict[tuple[str, str], TestRun] = {}
    pipelines: dict[str, dict[str, str]] = {}
    run_of_case: dict[str, TestRun] = {}
    seen: set[str] = set()
    outputs: list[_Event] = []
    for _, value in read_documents(data, limits).items:
        parsed = _event(unwrap(value), limits, seen)
        if parsed is None:
            continue
        what, event = parsed
        if what == "pipelinerun":
            _note_pipeline(pipelines, event)
        elif what == "testoutput":
            outputs.append(event)
        else:
            run = _run_of(runs, what, event)
            (run.cases if what.startswith("testcase") else run.suites).append(event)
            run_of_case[event.subject_id] = run
    for run in runs.values():
        chain = next((event.chain for event in (*run.suites, *run.cases) if event.chain), "")
        run.pipeline = pipelines.get(chain, {})
    for event in outputs:
        found = run_of_case.get(reference(event.content.get("testCaseRun")))
        if found is not None:
            found.outputs.append(event)
    return list(runs.values())


def _event(value: Mapping[str, Any], limits: Limits, seen: set[str]) -> tuple[str, _Event] | None:
    """(subject, event) of a test or pipeline run; None for others and for one that came before."""
    context, subject = mapping(value.get("context")), mapping(value.get("subject"))
    known = TYPE.fullmatch(text(context.get("type")))
    what = known["subject"].lower() if known else ""
    if known is None or what not in (*TEST_SUBJECTS, "pipelinerun"):
        return None
    event_id = f"{text(context.get('source'))} {text(context.get('id'))}"
    if event_id in seen and event_id.strip():
        return None
    seen.add(event_id)
    when = moment(context.get("timestamp"))
    custom, _ = custom_data(value, limits)
    event = _Event(
        known["predicate"].lower(),
        text(subject.get("id")),
        content_of(subject),
        custom,
        text(context.get("chainId")),
        when.ms if when else None,
    )
    return what, event


def _note_pipeline(pipelines: dict[str, dict[str, str]], event: _Event) -> None:
    if event.chain:
        noted = pipelines.setdefault(event.chain, {"id": event.subject_id})
        for key, name in (("name", "pipelineName"), ("url", "url"), ("url", "uri")):
            found = text(event.content.get(name))
            if found:
                noted.setdefault(key, found)


def _run_of(runs: dict[tuple[str, str], TestRun], what: str, event: _Event) -> TestRun:
    is_case = what.startswith("testcase")
    suite_run = reference(event.content.get("testSuiteRun")) if is_case else event.subject_id
    key = (suite_run or event.chain, reference(event.content.get("environment")))
    return runs.setdefault(key, TestRun(key))


def _ending(event: _Event) -> tuple[Outcome, Failure | None]:
    written = first_text(event.content, "outcome", "status").lower()
    outcome = Outcome.SKIPPED if event.predicate == "skipped" else _OUTCOMES.get(written, Outcome.ERRORED)
    reason, severity = text(event.content.get("reason")), text(event.content.get("severity"))
    if outcome == Outcome.PASSED:
        return outcome, None
    if outcome == Outcome.SKIPPED:
        return outcome, Failure("", reason, "") if reason else None
    return outcome, Failure("", reason, f"{reason}\nseverity: {severity}" if severity else reason)


def _names(events: list[_Event]) -> tuple[str, str]:
    """Class name and name of a case: its id and its name, or what of both there is."""
    case = next((found for event in events if (found := mapping(event.content.get("testCase")))), {})
    identifier, name = text(case.get("id")), text(case.get("name"))
    if not (identifier or name):
        return "", text(events[0].content.get("name")) or events[0].subject_id or "(no name)"
    return (identifier, name) if name and name != identifier else ("", identifier or name)


def _texts(custom: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in custom.items():
        for item in value if isinstance(value, list) else [value]:
            if isinstance(item, str | int | float) and not isinstance(item, bool):
                yield key, str(item)
