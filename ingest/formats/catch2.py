"""Reads Catch2's XML (`-r xml`). Seen in 2.13; 3 has another root and writes skips.

Class name: the program. The case's own verdict counts: an expected failure (`[!shouldfail]`, `[!mayfail]`) passes. An
exception or a signal is an error, anything else a failure; the first counts. Sections are parts of their case.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SmallDialect, base_name, failure_of, place, skip_reason
from ingest.formats.values import duration_ms
from ingest.formats.xml_elements import read_elements, text_of
from ingest.limits import Limits
from ingest.model import Failure, Outcome

_SECTIONS = frozenset({"Section", "SubCase"})
_ERRORS = frozenset({"Exception", "FatalErrorCondition"})
NOTHING_FAILED = "the case failed without a failed assertion: it took too long, or should have failed and did not"


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _Catch)


class _Catch(SmallDialect):
    roots = frozenset({"Catch", "Catch2TestRun"})
    suites = roots
    records = frozenset({"TestCase"})

    def built(self, element: Element) -> None:
        """A test case."""
        verdict = element.find("OverallResult")
        has_passed = verdict is not None and verdict.get("success") == "true"
        took = duration_ms(verdict.get("durationInSeconds", "")) if verdict is not None else None
        skip = next(element.iter("Skip"), None)
        outcome, failure = judged(element, has_passed)
        if has_passed and skip is not None:
            outcome, failure = Outcome.SKIPPED, skip_reason(text_of(skip))
        self.add(
            base_name("".join(self.path)), element.get("name", ""), outcome, failure, took, element.get("filename")
        )


def judged(case: Element, has_passed: bool) -> tuple[Outcome, Failure | None]:
    """Outcome and failure of a case by its verdict and by what failed in it; also of doctest's cases."""
    if has_passed:
        return Outcome.PASSED, None
    red = list(_red(case))
    if not red:
        return Outcome.FAILED, Failure("", NOTHING_FAILED, "")
    is_error = red[0].tag in _ERRORS
    return Outcome.ERRORED if is_error else Outcome.FAILED, failure_of([_text(one) for one in red])


def _red(parent: Element) -> Iterator[Element]:
    """What failed in a case and its sections, in order."""
    for child in parent:
        if child.tag in _SECTIONS:
            yield from _red(child)
        elif _is_red(child):
            yield child


def _is_red(child: Element) -> bool:
    if child.tag == "Expression":
        return child.get("success") == "false"
    if child.tag == "Message":  # doctest's
        return child.get("type", "").endswith("ERROR")
    return child.tag == "Failure" or child.tag in _ERRORS


def _text(one: Element) -> str:
    at = place(one.get("filename"), one.get("line"))
    if one.tag != "Expression":
        said = text_of(one, "Text" if one.find("Text") is not None else "").strip()
        return "\n".join(part for part in (said, at) if part)
    written, expanded = text_of(one, "Original").strip(), text_of(one, "Expanded").strip()
    lines = [f"{one.get('type', 'CHECK')}( {written} )"]
    if expanded and expanded != written:
        lines.append(f"with expansion: {expanded}")
    lines += [text_of(child).strip() for child in one if child.tag in ("Info", "Exception")]
    return "\n".join([*lines, at] if at else lines)
