"""What the children of a JUnit test case say: outcome, failure, retries, services, links. Pure.

Plain results (`failure`, `error`, `skipped`) and output are read from the element directly. Anything else is looked up
among junitparser's classes: its `xunit2.TestCase.ITER_TYPES` knows the interim results of Surefire, nextest and
Playwright (`flakyFailure`, `rerunError` and so on), and their class reads message, type and stack trace. junitparser is
imported when the first such child is met, because the import takes about 100 ms (most of it `importlib.metadata`). Its
models for plain results cost 3 us each and its readers build every case of a file, so neither is used.

Rules:

- The first of several `failure` and `error` children in document order gives outcome, type and message: what came first
  is what broke, a later one is usually clean-up that failed in consequence. Their texts are joined.
- `skipped` beside a failure: the failure wins, with a warning, unless the skip is Node's `todo`, which may fail.
- `flakyFailure` and `flakyError` are failed attempts before the case's own pass; `rerunFailure` and `rerunError` are
  failed attempts after the case's own failure. The case's time belongs to the attempt that the case itself stands for.
- A failure without any text, or with one word only, gets the end of what the case wrote to its error stream, else to
  its output.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cache
from typing import Any, NamedTuple
from xml.etree.ElementTree import Element

from ingest.formats.notes import Notes
from ingest.formats.properties import ATTACHMENT_MARK, attachments_in, links_of, services_of
from ingest.formats.values import duration_ms, moment
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome

OUTPUT_TAGS = frozenset({"system-out", "system-err", "system.out", "system.err"})
RESULT_TAGS = {"failure": Outcome.FAILED, "error": Outcome.ERRORED, "skipped": Outcome.SKIPPED}
_PROPERTY_TAGS = frozenset({"properties", "property"})
_OUTPUT_TAIL = 4_000
_MOST_KNOWN, _SHORT_CHARS = 1_000, 500
_KNOWN: dict[tuple[str, str, str, str], tuple[Outcome, Failure | None]] = {}
"""What short results say."""
_PYTEST_COLOUR = re.compile(r"#x1B\[[0-?]*[ -/]*[@-~]")
_new = tuple.__new__


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


def is_output_only(case: Element) -> bool:
    """Whether the children of a case are nothing but output without attachments, so that they say nothing."""
    for child in case:  # noqa: SIM110 - a generator takes twice as long, and this runs for every case with output
        if child.tag not in OUTPUT_TAGS or (child.text and ATTACHMENT_MARK in child.text):
            return False
    return True


def attempts_of(head: CaseHead, case: Element, limits: Limits, notes: Notes) -> list[CaseAttempt]:
    """The attempts of one test case with children, in order; retries are numbered from 0."""
    results: list[Element] = []
    others: list[Element] = []
    services: tuple[str, ...] = head.services
    links: tuple[Link, ...] = ()
    has_properties = False
    for child in case:
        if child.tag in RESULT_TAGS:
            results.append(child)
        elif child.tag in OUTPUT_TAGS:
            if child.text and ATTACHMENT_MARK in child.text:
                links += attachments_in(child.text)
        elif child.tag in _PROPERTY_TAGS:
            has_properties = True
        else:
            others.append(child)
    if has_properties:
        pairs = property_pairs(case)
        services = tuple(dict.fromkeys((*services_of(pairs), *services)))[: limits.services_per_case]
        links = tuple(dict.fromkeys((*links_of(pairs), *links)))
    outcome, failure = _own_outcome(head, results, case, notes)
    own: CaseAttempt = _new(
        CaseAttempt,
        (
            head.classname, head.name, outcome, head.duration_ms, head.started_ms, failure, head.file, 0, services,
            links[: limits.links_per_attempt],
        ),
    )  # fmt: skip
    return _with_interim(own, others, limits) if others else [own]


def _with_interim(own: CaseAttempt, others: list[Element], limits: Limits) -> list[CaseAttempt]:
    """The case's own attempt among the failed ones that its flaky and rerun children tell of."""
    before: list[CaseAttempt] = []
    after: list[CaseAttempt] = []
    for child in others:
        kind = _interim_classes().get(child.tag)
        if kind is not None:
            is_earlier = child.tag.startswith("flaky") or own.outcome in (Outcome.PASSED, Outcome.SKIPPED)
            (before if is_earlier else after).append(_interim(own, child, kind, limits))
    attempts = [*before, own, *after]
    return [attempt._replace(retry=number) if number else attempt for number, attempt in enumerate(attempts)]


@cache
def _interim_classes() -> dict[str, Any]:
    """junitparser's classes of interim results, by element name."""
    from junitparser.xunit2 import InterimResult, TestCase

    return {tag: kind for tag, kind in TestCase.ITER_TYPES.items() if issubclass(kind, InterimResult)}


def _interim(own: CaseAttempt, element: Element, kind: Any, limits: Limits) -> CaseAttempt:
    """A failed attempt beside the case's own one."""
    result = kind.fromelem(element)
    text = "\n".join(part for part in (_own_text(element), tidy(result.stack_trace or "")) if part)
    message = tidy(result.message or "") or first_line(text)
    started = moment(element.get("timestamp") or "")
    return own._replace(
        outcome=Outcome.FAILED if element.tag.endswith("Failure") else Outcome.ERRORED,
        duration_ms=duration_ms(element.get("time") or ""),
        started_ms=None if started is None else started.ms,
        failure=Failure(result.type or "", message, text or ("" if message else _output_tail(element))),
        retry=0,
        links=tuple(dict.fromkeys((*own.links, *_attachments(element))))[: limits.links_per_attempt],
    )


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


def suite_failure(suite_name: str, element: Element, file: str | None, said: str = "") -> CaseAttempt:
    """A failure of a suite outside any case: an attempt of a stand-in case, so that it is never silent."""
    text = _own_text(element) or tidy(said)
    failure = Failure(element.get("type") or "", element.get("message") or first_line(text), text)
    return CaseAttempt(suite_name, "(suite)", Outcome.ERRORED, None, None, failure, file)


def _own_outcome(head: CaseHead, results: list[Element], case: Element, notes: Notes) -> tuple[Outcome, Failure | None]:
    if not results:
        outcome = Outcome.PASSED if head.stated is None else head.stated
        is_red = outcome in (Outcome.FAILED, Outcome.ERRORED)
        return outcome, Failure("", "", _output_tail(case)) if is_red else None
    first = results[0]
    if len(results) > 1:
        results = [child for child in results if child.tag == "skipped" and child.get("type") == "todo"] or results
        red = [result for result in results if result.tag != "skipped"]
        if red and len(red) < len(results):
            notes.add("a case is both skipped and failed; the failure counts", head.name)
        first = red[0] if red else results[0]
        text = "\n\n".join(part for part in (_own_text(first), *map(_all_of, red[1:])) if part)
    else:
        text = _own_text(first)
    outcome, failure = result_of(first.tag, first.attrib, text)
    if failure is not None and not failure.text and " " not in failure.message and outcome is not Outcome.SKIPPED:
        failure = failure._replace(text=_output_tail(case))  # CTest says no more than "Failed" or "SEGFAULT"
    return outcome, failure


def result_of(tag: str, attrs: Mapping[str, str], text: str) -> tuple[Outcome, Failure | None]:
    """What one element of `RESULT_TAGS` with a tidy text says."""
    message = attrs.get("message") or ""
    message = (tidy(message) if message else "") or first_line(text)
    outcome = RESULT_TAGS[tag]
    if outcome is Outcome.SKIPPED:
        return outcome, Failure(attrs.get("type") or "", message, "") if message else None
    return outcome, Failure(attrs.get("type") or "", message, text)


def single_result(tag: str, attrs: Mapping[str, str], text: str) -> tuple[Outcome, Failure | None]:
    """What the one child of a case, one of `RESULT_TAGS`, says; the same few come again and again in most reports."""
    message, kind = attrs.get("message", ""), attrs.get("type", "")
    if len(text) + len(message) + len(kind) > _SHORT_CHARS:
        return result_of(tag, attrs, tidy(text))
    key = (tag, message, kind, text)
    known = _KNOWN.get(key)
    if known is None:
        if len(_KNOWN) >= _MOST_KNOWN:
            _KNOWN.clear()
        known = _KNOWN[key] = result_of(tag, attrs, tidy(text))
    return known


def _all_of(result: Element) -> str:
    return _own_text(result) or result.get("message") or ""


def _own_text(element: Element) -> str:
    """Text of an element without that of its children, tidied."""
    if len(element):
        return tidy((element.text or "") + "".join(child.tail or "" for child in element))
    return tidy(element.text) if element.text else ""


def tidy(text: str) -> str:
    """Text without blank lines before and white space after; the indentation of its first line stays.

    pytest writes the escape character, which XML forbids, as `#x1B`: its colours go as well.

    >>> tidy("\\n\\n    at Foo.java:1\\n  ")
    '    at Foo.java:1'
    """
    if "#x1B[" in text:
        text = _PYTEST_COLOUR.sub("", text)
    text = text.rstrip()
    start = len(text) - len(text.lstrip())
    return text[text.rfind("\n", 0, start) + 1 :] if start else text


def first_line(text: str) -> str:
    """First line of a text that is not blank, without white space around it."""
    return text.strip().partition("\n")[0].rstrip()


def _output_tail(parent: Element) -> str:
    """End of what was written to the error stream, else to the output."""
    for tags in (("system-err", "system.err"), ("system-out", "system.out")):
        text = "\n".join(tidy(child.text or "") for child in parent if child.tag in tags)
        if text.strip():
            return text[-_OUTPUT_TAIL:]
    return ""


def _attachments(parent: Element) -> tuple[Link, ...]:
    links: tuple[Link, ...] = ()
    for child in parent:
        if child.tag in OUTPUT_TAGS and child.text and ATTACHMENT_MARK in child.text:
            links += attachments_in(child.text)
    return links
