"""What the children of a JUnit test case say: outcome, failure, retries, services, links. Pure.

junitparser's classes are the table of the dialects' element names: `xunit2.TestCase.ITER_TYPES` tells which child is a
final result, which an interim one (Surefire's and nextest's flaky and rerun elements), which is output; its `Result`
classes give message, type and stack trace. Its own reader is not used: it builds every case of the whole file (three
times slower, 4 bytes of memory a byte). It is imported when the first result element is met (about 100 ms, most of it
`importlib.metadata`), so a report without failures does not pay for it.

Rules:

- The first of several `failure` and `error` children in document order gives outcome, type and message: what came first
  is what broke, a later one is usually clean-up that failed in consequence. Their texts are joined.
- `skipped` beside a failure: the failure wins, with a warning.
- `flakyFailure` and `flakyError` are failed attempts before the case's own pass; `rerunFailure` and `rerunError` are
  failed attempts after the case's own failure. The case's time belongs to the attempt that the case itself stands for.
- A failure without any text gets the end of what the case wrote to its error stream, else to its output.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree.ElementTree import Element

from ingest.formats.notes import Notes
from ingest.formats.properties import attachments_in, links_of, services_of
from ingest.formats.values import duration_ms, moment
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome

if TYPE_CHECKING:
    from junitparser.junitparser import Result

OUTPUT_TAGS = frozenset({"system-out", "system-err", "system.out", "system.err"})
RESULT_TAGS = frozenset(
    {"failure", "error", "skipped", "flakyFailure", "flakyError", "rerunFailure", "rerunError"}
)  # fmt: skip
_OUTPUT_TAIL = 4_000


class CaseHead(NamedTuple):
    """What the attributes of a test case, and the suites around it, say."""

    classname: str
    name: str
    duration_ms: int | None = None
    started_ms: int | None = None
    file: str | None = None
    services: tuple[str, ...] = ()
    stated: Outcome | None = None
    """Outcome that a status attribute states; children that say otherwise win."""


def attempts_of(head: CaseHead, case: Element, limits: Limits, notes: Notes, line: int) -> list[CaseAttempt]:
    """The attempts of one test case with children, in order; retries are numbered from 0."""
    pairs = property_pairs(case)
    services = tuple(dict.fromkeys((*services_of(pairs), *head.services)))[: limits.services_per_case]
    links = links_of(pairs) + _attachments(case)
    own, before, after = _results(case)
    outcome, failure = _own_outcome(head, own, case, notes, line)
    final = CaseAttempt(
        head.classname, head.name, outcome, head.duration_ms, head.started_ms, failure, head.file, 0, services, links
    )
    attempts = [_interim(final, result) for result in before]
    attempts.append(final)
    if after and outcome in (Outcome.PASSED, Outcome.SKIPPED):
        attempts[-1:] = [*(_interim(final, result) for result in after), final]
    else:
        attempts.extend(_interim(final, result) for result in after)
    return [_capped(attempt, number, limits) for number, attempt in enumerate(attempts)]


def _capped(attempt: CaseAttempt, retry: int, limits: Limits) -> CaseAttempt:
    return attempt._replace(retry=retry, links=tuple(dict.fromkeys(attempt.links))[: limits.links_per_attempt])


def property_pairs(parent: Element) -> list[tuple[str, str]]:
    """Names and values of the properties directly inside an element; the value is an attribute or the text."""
    pairs = []
    for child in parent:
        if child.tag == "properties":
            pairs.extend(property_pairs(child))
        elif child.tag == "property":
            value = child.get("value")
            pairs.append((child.get("name") or "", (child.text or "").strip() if value is None else value))
    return pairs


def suite_failure(suite_name: str, element: Element, file: str | None) -> CaseAttempt:
    """A failure that a suite states outside any case: an attempt of a stand-in case, so that it is never silent."""
    text = _tidy(element.text or "")
    failure = Failure(element.get("type") or "", element.get("message") or first_line(text), text)
    return CaseAttempt(suite_name, "(suite)", Outcome.ERRORED, None, None, failure, file)


def _results(case: Element) -> tuple[list[Result], list[Result], list[Result]]:
    """Final results, interim ones before the final (flaky) and after it (rerun), each in document order."""
    own: list[Result] = []
    before: list[Result] = []
    after: list[Result] = []
    if not any(child.tag in RESULT_TAGS for child in case):
        return own, before, after
    from junitparser.junitparser import FinalResult
    from junitparser.xunit2 import FlakyError, FlakyFailure, InterimResult, TestCase

    for child in case:
        kind: Any = TestCase.ITER_TYPES.get(child.tag)
        if kind is None or not issubclass(kind, FinalResult | InterimResult):
            continue
        target = (
            own if issubclass(kind, FinalResult) else before if issubclass(kind, FlakyFailure | FlakyError) else after
        )
        target.append(kind.fromelem(child))
    return own, before, after


def _own_outcome(
    head: CaseHead, own: list[Result], case: Element, notes: Notes, line: int
) -> tuple[Outcome, Failure | None]:
    from_children = [result for result in own if result._tag != "skipped"]
    if from_children:
        if len(from_children) < len(own):
            notes.add("a case is both skipped and failed; the failure counts", head.name, line)
        first = from_children[0]
        texts = [_text_of(result) or (result.message or "") for result in from_children[1:]]
        text = "\n\n".join(part for part in (_text_of(first), *texts) if part)
        message = first.message or first_line(text)
        return _red(first), Failure(first.type or "", message, text or ("" if message else _output_tail(case)))
    if own:
        reason = own[0].message or first_line(_text_of(own[0]))
        return Outcome.SKIPPED, Failure(own[0].type or "", reason, "") if reason else None
    outcome = Outcome.PASSED if head.stated is None else head.stated
    if outcome in (Outcome.FAILED, Outcome.ERRORED):
        return outcome, Failure("", "", _output_tail(case))
    return outcome, None


def _red(result: Result) -> Outcome:
    return Outcome.FAILED if (result._tag or "").lower().endswith("failure") else Outcome.ERRORED


def _interim(final: CaseAttempt, result: Any) -> CaseAttempt:
    """A failed attempt beside the case's own one."""
    element: Element = result._elem
    text = "\n".join(part for part in (_text_of(result), _tidy(result.stack_trace or "")) if part)
    message = result.message or first_line(text)
    started = moment(element.get("timestamp") or "")
    return final._replace(
        outcome=_red(result),
        duration_ms=duration_ms(element.get("time") or ""),
        started_ms=None if started is None else started.ms,
        failure=Failure(result.type or "", message, text or ("" if message else _output_tail(element))),
        links=final.links + _attachments(element),
    )


def _text_of(result: Result) -> str:
    return _tidy(result.text or "")


def _tidy(text: str) -> str:
    """Text without blank lines before and white space after; the indentation of its first line stays.

    >>> _tidy("\\n\\n    at Foo.java:1\\n  ")
    '    at Foo.java:1'
    """
    text = text.rstrip()
    start = len(text) - len(text.lstrip())
    return text[text.rfind("\n", 0, start) + 1 :] if start else text


def first_line(text: str) -> str:
    """First line of a text that is not blank, without white space around it."""
    return text.strip().partition("\n")[0].rstrip()


def _output_tail(parent: Element) -> str:
    """End of what was written to the error stream, else to the output."""
    for tags in (("system-err", "system.err"), ("system-out", "system.out")):
        text = "\n".join(_tidy(child.text or "") for child in parent if child.tag in tags)
        if text.strip():
            return text[-_OUTPUT_TAIL:]
    return ""


def _attachments(parent: Element) -> tuple[Link, ...]:
    links: tuple[Link, ...] = ()
    for child in parent:
        if child.tag in OUTPUT_TAGS and child.text and "[[ATTACHMENT|" in child.text:
            links += attachments_in(child.text)
    return links
