"""Reads Cucumber Messages, the NDJSON that every recent Cucumber writes (formatter `message`), line by line.

Rules, beside those of `gherkin`:

- An attempt is a `testCaseStarted`; those that `willBeRetried` are handed over with the last one of their case.
- Undefined, ambiguous and pending steps are errored, unless the run says at its end that it succeeded: then Cucumber
  was told not to be strict, and the scenario is skipped.
- A hook of the whole run that failed, a feature file that cannot be parsed, and a run that failed without saying where
  are errored cases of their own.
- A stream without `testRunFinished` is an incomplete run: an attempt that began and did not end is errored, and where
  nothing ran the run itself is. cucumber-js ends so when a `BeforeAll` hook throws.
- Memory is the names of all scenarios and the attempts that are not decided yet.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from ingest.errors import Refused
from ingest.formats.batches import batches, numbered
from ingest.formats.cucumber_messages_shape import (
    Attachment,
    Envelope,
    GherkinDocument,
    Hook,
    Meta,
    ParseError,
    Pickle,
    RunFinished,
    RunHookFinished,
    RunHookStarted,
    RunStarted,
    StepOutcome,
    TestCase,
    TestCaseFinished,
    TestCaseStarted,
    TestStepFinished,
    Timestamp,
)
from ingest.formats.gherkin import Names, StepResult, file_of, judge
from ingest.formats.json_lines import JsonLines
from ingest.formats.json_values import error_parts
from ingest.formats.notes import Notes
from ingest.formats.properties import services_in_tags
from ingest.formats.sink import ReportSink
from ingest.formats.values import MAX_DURATION_MS, moment
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity, RunState

RUN_CLASS, RUN_CASE = "cucumber", "(run)"
_HOOKS = {
    "BEFORE_TEST_RUN": "before all", "AFTER_TEST_RUN": "after all", "BEFORE_TEST_CASE": "Before",
    "AFTER_TEST_CASE": "After", "BEFORE_TEST_STEP": "BeforeStep", "AFTER_TEST_STEP": "AfterStep",
}  # fmt: skip
_FORGIVEN = frozenset({"undefined", "ambiguous", "pending"})


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one stream of messages.

    Raises:
        Refused: `json-syntax`, `json-truncated`, `json-encoding`, `schema` or `empty-file`.
    """
    notes = Notes()
    run = _Run(limits, notes)
    for batch in batches(run.attempts(JsonLines(stream, limits, notes, Envelope))):
        sink.attempts(batch)
    sink.identity(run.identity())
    notes.tell(sink)


class _Attempt:
    """An attempt that is under way."""

    __slots__ = ("case", "is_retried", "links", "results", "started")

    def __init__(self, case: TestCase, started: Timestamp | None) -> None:
        self.case = case
        self.started = started
        self.results: list[StepResult] = []
        self.links: list[Link] = []
        self.is_retried = False


class _Run:
    """What the messages of one run say so far."""

    def __init__(self, limits: Limits, notes: Notes) -> None:
        self._limits = limits
        self._notes = notes
        self._names = Names()
        self._features: dict[str, str] = {}
        self._pickles: dict[str, Pickle] = {}
        self._hooks: dict[str, Hook] = {}
        self._run_hooks: dict[str, str] = {}
        self._cases: dict[str, TestCase] = {}
        self._heads: dict[str, CaseAttempt] = {}
        self._open: dict[str, _Attempt] = {}
        self._held: dict[str, list[CaseAttempt]] = {}
        self._undecided: list[list[CaseAttempt]] = []
        self._red = 0
        self._given = 0
        self._known = RunIdentity()
        self._started: RunStarted | None = None
        self._finished: RunFinished | None = None
        self._take: dict[str, Callable[[Any], Iterator[CaseAttempt] | None]] = {  # the commonest first
            "test_step_finished": self._step, "test_case_started": self._begin, "test_case_finished": self._end,
            "attachment": self._attach, "pickle": self._pickle, "test_case": self._test_case, "meta": self._meta,
            "gherkin_document": self._document, "hook": self._hook, "parse_error": self._parse_error,
            "external_attachment": self._attach, "test_run_started": self._run_started,
            "test_run_finished": self._run_finished, "test_run_hook_started": self._run_hook_started,
            "test_run_hook_finished": self._run_hook_finished,
        }  # fmt: skip

    def attempts(self, messages: JsonLines[Envelope]) -> Iterator[CaseAttempt]:
        """Attempts in the order in which their cases are decided."""
        is_known = False
        for message in messages:
            for key, take in self._take.items():
                value = getattr(message, key)
                if value is not None:
                    is_known = True
                    yield from self._counted(take(value) or ())
                    break
        if not is_known:
            raise Refused("schema", "no line of it is a message of Cucumber", line=1)
        yield from self._counted(self._leftovers())

    def identity(self) -> RunIdentity:
        """What the messages say of their run."""
        start = _ms(self._started.timestamp) if self._started else None
        end = _ms(self._finished.timestamp) if self._finished else None
        return self._known.over(
            RunIdentity(
                start_ms=start,
                start_is_zoneless=None if start is None else False,
                end_ms=end,
                state=None if self._finished else RunState.INCOMPLETE,
            )
        )

    def _counted(self, attempts: Any) -> Iterator[CaseAttempt]:
        for attempt in attempts:
            self._given += 1
            self._red += attempt.outcome in (Outcome.FAILED, Outcome.ERRORED)
            yield attempt

    # Definitions

    def _meta(self, meta: Meta) -> None:
        ci = meta.ci
        git = ci.git if ci else None
        self._known = self._known.over(
            RunIdentity(
                url=(ci.url if ci else None) or None,
                revision=(git.revision if git else None) or None,
                branch=(git.branch if git else None) or None,
                repository=_repository((git.remote if git else None) or ""),
            )
        )

    def _document(self, document: GherkinDocument) -> None:
        self._features[document.uri] = document.feature.name if document.feature else ""

    def _pickle(self, pickle: Pickle) -> None:
        self._pickles[pickle.id] = pickle
        file = file_of(pickle.uri)
        classname = self._features.get(pickle.uri, "").strip() or file
        services = services_in_tags(tag.name for tag in pickle.tags or ())[: self._limits.services_per_case]
        name = self._names.of(classname, pickle.name)
        self._heads[pickle.id] = CaseAttempt(
            classname, name, Outcome.PASSED, file=file or None, services=services
        )  # fmt: skip

    def _hook(self, hook: Hook) -> None:
        self._hooks[hook.id] = hook

    def _test_case(self, case: TestCase) -> None:
        self._cases[case.id] = case

    # Attempts

    def _begin(self, started: TestCaseStarted) -> None:
        case = self._cases.get(started.test_case_id)
        if case is None:
            self._notes.add("an attempt of an unknown test case is not counted", started.test_case_id)
            return
        self._open[started.id] = _Attempt(case, started.timestamp)

    def _step(self, finished: TestStepFinished) -> None:
        attempt = self._open.get(finished.test_case_started_id)
        if attempt is None:
            return
        outcome = finished.test_step_result
        attempt.is_retried |= outcome.will_be_retried
        step = next((one for one in attempt.case.test_steps or () if one.id == finished.test_step_id), None)
        hook = self._hooks.get(step.hook_id or "") if step else None
        is_hook = step is not None and step.hook_id is not None
        words = _hook_words(hook) if is_hook else self._step_words(attempt.case, step.pickle_step_id if step else None)
        attempt.results.append(StepResult(outcome.status.lower(), words, is_hook, _error_text(outcome)))

    def _step_words(self, case: TestCase, step_id: str | None) -> str:
        pickle = self._pickles.get(case.pickle_id)
        return next((step.text for step in (pickle.steps if pickle else None) or () if step.id == step_id), "")

    def _attach(self, attachment: Attachment) -> None:
        attempt = self._open.get(attachment.test_case_started_id or "")
        is_link = attachment.media_type == "text/uri-list" and attachment.body.startswith(("http://", "https://"))
        url = attachment.url or (attachment.body.strip() if is_link else "")
        if attempt is not None and url and len(attempt.links) < self._limits.links_per_attempt:
            attempt.links.append(Link("url" if is_link else "attachment", url))

    def _end(self, finished: TestCaseFinished) -> Iterator[CaseAttempt]:
        attempt = self._open.pop(finished.test_case_started_id, None)
        if attempt is None:
            return
        outcome, failure = judge(attempt.results)
        start, end = _ms(attempt.started), _ms(finished.timestamp)
        duration = end - start if start is not None and end is not None and end >= start else None
        held = self._held.setdefault(attempt.case.id, [])
        held.append(self._closed(attempt, outcome, failure)._replace(duration_ms=duration))
        if not (finished.will_be_retried or attempt.is_retried):
            del self._held[attempt.case.id]
            if outcome == Outcome.ERRORED and any(one.status in _FORGIVEN for one in attempt.results):
                self._undecided.append(held)
            else:
                yield from numbered(held)

    def _closed(self, attempt: _Attempt, outcome: Outcome, failure: Failure | None) -> CaseAttempt:
        head = self._heads.get(attempt.case.pickle_id)
        if head is None:
            self._notes.add("an attempt of a scenario that no message names")
            head = CaseAttempt(RUN_CLASS, self._names.of(RUN_CLASS, ""), Outcome.PASSED)
        return head._replace(
            outcome=outcome, failure=failure, started_ms=_ms(attempt.started), links=tuple(dict.fromkeys(attempt.links))
        )

    # The run

    def _run_started(self, started: RunStarted) -> None:
        self._started = self._started or started

    def _run_finished(self, finished: RunFinished) -> None:
        self._finished = finished

    def _run_hook_started(self, started: RunHookStarted) -> None:
        self._run_hooks[started.id] = started.hook_id

    def _run_hook_finished(self, finished: RunHookFinished) -> Iterator[CaseAttempt]:
        if finished.result.status.lower() in ("passed", "skipped"):
            return
        hook = self._hooks.get(self._run_hooks.get(finished.test_run_hook_started_id, ""))
        source = hook.source_reference if hook else None
        method = source.java_method if source else None
        classname = (method.class_name if method else source.uri if source else "") or RUN_CLASS
        name = f"({_hook_words(hook)}{f' {method.method_name}' if method else ''})"
        _, failure = judge([StepResult(finished.result.status.lower(), "", True, _error_text(finished.result))])
        yield CaseAttempt(classname, self._names.of(classname, name), Outcome.ERRORED, failure=failure)

    def _parse_error(self, error: ParseError) -> Iterator[CaseAttempt]:
        file = file_of(error.source.uri if error.source else "")
        failure = Failure("", error.message.partition("\n")[0], error.message)
        name = self._names.of(file or RUN_CLASS, "(cannot be parsed)")
        yield CaseAttempt(file or RUN_CLASS, name, Outcome.ERRORED, failure=failure, file=file or None)

    def _leftovers(self) -> Iterator[CaseAttempt]:
        """What only the end of the stream decides."""
        is_forgiven = self._finished is not None and self._finished.success is True
        for held in self._undecided:
            if is_forgiven:
                held = [_as_skipped(one) for one in held]
            yield from numbered(held)
        for attempt in self._open.values():
            failure = Failure("", "the scenario began and did not end", "")
            self._held.setdefault(attempt.case.id, []).append(self._closed(attempt, Outcome.ERRORED, failure))
        for held in self._held.values():
            yield from numbered(held)
        yield from self._run_failure(bool(self._open or self._held))

    def _run_failure(self, has_leftovers: bool) -> Iterator[CaseAttempt]:
        """The run itself, where it failed or ended early and no case says so."""
        finished, text, message = self._finished, "", ""
        if finished is None:
            self._notes.add("the run has no end: its writer was stopped, or is still at work")
            message = "" if self._given or has_leftovers else "the run ended before its first scenario"
        elif finished.success is False:
            text = finished.message or _thrown(finished.exception)
            message = "" if self._red or text else "the run failed and no scenario says why"
        if message or text:
            kind, first = error_parts(text)
            failure = Failure(kind, message or first.partition("\n")[0], text)
            yield CaseAttempt(RUN_CLASS, RUN_CASE, Outcome.ERRORED, failure=failure)


def _as_skipped(attempt: CaseAttempt) -> CaseAttempt:
    reason = attempt.failure.message if attempt.failure else ""
    return attempt._replace(outcome=Outcome.SKIPPED, failure=Failure("", reason, ""))


def _hook_words(hook: Hook | None) -> str:
    """What kind of hook it is, with the name that its author gave it."""
    if hook is None:
        return "hook"
    return " ".join(part for part in (_HOOKS.get(hook.type or "", "hook"), hook.name or "") if part)


def _thrown(thrown: Any) -> str:
    if thrown is None:
        return ""
    return thrown.stack_trace or ": ".join(part for part in (thrown.type, thrown.message) if part)


def _error_text(outcome: StepOutcome) -> str:
    return outcome.message or _thrown(outcome.exception)


def _ms(stamp: Timestamp | None) -> int | None:
    """Whole milliseconds since the epoch; None where it is no plausible time."""
    if stamp is None:
        return None
    try:
        seconds = int(stamp.seconds)
    except (ValueError, OverflowError):
        return None
    when = moment(str(seconds)) if 0 < seconds < MAX_DURATION_MS else None
    return None if when is None else when.ms + max(0, min(stamp.nanos, 999_999_999)) // 1_000_000


def _repository(remote: str) -> str | None:
    """Owner and name of a repository from the address that git has for it.

    >>> _repository("https://github.com/acme/shop.git"), _repository("git@github.com:acme/shop.git"), _repository("")
    ('acme/shop', 'acme/shop', None)
    """
    try:
        path = urlsplit(remote).path if "://" in remote else remote.partition(":")[2] or remote
    except ValueError:
        return None
    return path.strip("/").removesuffix(".git") or None
