"""Reads Qt Test's XML (`-o FILE,xml`). Seen in 5.15; 6 writes a skip as an incident.

- One case is one test function, as Qt counts functions and other readers do: a failing row of its data is named before
  the message, `[row] ...`. Some rows skipped and the others passed is a pass.
- `xfail` is a pass, `xpass` a failure; what is on Qt's blacklist (`bfail`, `bxpass`) never fails and counts as skipped.
- An exception, a fatal message and a crash are errors. `initTestCase` and `cleanupTestCase` are functions like others.
"""

from __future__ import annotations

from typing import BinaryIO
from xml.etree.ElementTree import Element

from ingest.formats.sink import ReportSink
from ingest.formats.small_xml import SmallDialect, failure_of, place, skip_reason
from ingest.formats.values import duration_ms, seconds_to_ms
from ingest.formats.xml_elements import read_elements, text_of
from ingest.limits import Limits
from ingest.model import Failure, Outcome

_RED = frozenset({"fail", "xpass", "qfatal"})
_GREEN = frozenset({"pass", "xfail", "bpass", "bxfail"})
_CRASHED = ("Caught unhandled exception", "Received a fatal error", "Received signal", "Test function timed out")


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts of one report.

    Raises:
        Refused: as `read_elements`.
    """
    read_elements(stream, limits, sink, _QtTest)


class _QtTest(SmallDialect):
    roots = frozenset({"TestCase"})
    suites = frozenset({"TestCase"})
    records = frozenset({"TestFunction"})

    def built(self, element: Element) -> None:
        """A test function."""
        said = [child for child in element if child.tag in ("Incident", "Message")]
        red = [one for one in said if one.get("type") in _RED]
        took = element.find("Duration")
        seconds = duration_ms(took.get("msecs", "")) if took is not None else None
        outcome, failure = (_red(red), _failure(red)) if red else _other(said)
        is_own = outcome is not Outcome.ERRORED  # an exception is told with a place in Qt itself
        file = next((one.get("file") for one in (*red, *said) if one.get("file")), None) if is_own else None
        elapsed = None if seconds is None else seconds_to_ms(seconds / 1e6)
        self.add("".join(self.path), element.get("name", ""), outcome, failure, elapsed, file)


def _red(red: list[Element]) -> Outcome:
    is_error = red[0].get("type") == "qfatal" or text_of(red[0], "Description").startswith(_CRASHED)
    return Outcome.ERRORED if is_error else Outcome.FAILED


def _failure(red: list[Element]) -> Failure:
    return failure_of([f"{_said(one)}\n{place(one.get('file'), one.get('line'))}".rstrip() for one in red])


def _other(said: list[Element]) -> tuple[Outcome, Failure | None]:
    kinds = {one.get("type", "") for one in said}
    left_out = [one for one in said if one.get("type") in ("skip", "bskip", "bfail", "bxpass")]
    if kinds & _GREEN or not left_out:
        return Outcome.PASSED, None
    return Outcome.SKIPPED, skip_reason(_said(left_out[0]))


def _said(one: Element) -> str:
    row = text_of(one, "DataTag")
    return f"[{row}] {text_of(one, 'Description')}" if row else text_of(one, "Description")
