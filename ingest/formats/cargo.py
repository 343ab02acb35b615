"""Reads libtest's JSON events (`cargo test -- --format json`), and cargo-nextest's `libtest-json`.

Rules:

- Class name: the test binary where it is told (`Running unittests src/lib.rs (target/debug/deps/shop-…)` between the
  events, or nextest's `shop::shop$`), without its hash; name: the path of the test, of a doc test without its line.
- `ok`, `failed`, `ignored` as they are; `timeout` says that a test is slow and is no end. A test that began and has no
  end when its binary ends was cut off by a crash and is errored.
- nextest marks retries by `#2`; libtest runs a test once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import BinaryIO

import msgspec

from ingest.formats.batches import batches, numbered
from ingest.formats.bounded import BoundedText
from ingest.formats.json_lines import JsonLines
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.formats.values import seconds_to_ms
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome, RunIdentity, RunState

_RUNNING = re.compile(r"\s*Running (?:unittests )?\S+ \(.*?([^/\\]+?)-[0-9a-f]{16}(?:\.exe)?\)")
_DOC_TESTS = re.compile(r"\s*Doc-tests (\S+)")
_CRASH = re.compile(r"\s*process didn't exit successfully: .*\((.+)\)\s*$")
_NEXTEST = re.compile(r"(?P<binary>[^$]+)\$(?P<name>.+?)(?:#(?P<attempt>\d+))?", re.DOTALL)
_DOC_LINE = re.compile(r" \(line \d+\)")
_PANIC = re.compile(
    r"^thread '.*?'(?: \(\d+\))? panicked at (?:'(?P<old>.*?)', )?\S+:\d+:\d+(?::\n(?P<new>.*))?$", re.MULTILINE
)
_OUTCOMES = {"ok": Outcome.PASSED, "failed": Outcome.FAILED, "ignored": Outcome.SKIPPED}


class Event(msgspec.Struct, gc=False):
    """One event."""

    type: str
    event: str = ""
    name: str = ""
    exec_time: float | None = None
    stdout: str | None = None
    message: str | None = None
    reason: str | None = None


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts and warnings of one stream of events.

    Raises:
        Refused: no line is an event; `empty-file`, `json-truncated`, `json-syntax` or `schema`.
    """
    notes = Notes()
    run = _Run(limits, notes)
    events = JsonLines(stream, limits, notes, Event, run.other_line)
    for event in events:
        run.take(event)
    notes.line_of = None
    run.finish()
    sink.identity(RunIdentity(state=RunState.INCOMPLETE if run.is_cut else None))
    for batch in batches(run.attempts()):
        sink.attempts(batch)
    notes.tell(sink)


class _Run:
    """All binaries of one stream."""

    def __init__(self, limits: Limits, notes: Notes) -> None:
        self.is_cut = False
        self._notes = notes
        self._room = limits.text_chars
        self._binary = ""
        self._open: dict[str, None] = {}
        self._in_suite = False
        self._output = BoundedText(self._room)
        self._cases: list[list[CaseAttempt]] = []
        self._retried: dict[tuple[str, str], list[CaseAttempt]] = {}

    def take(self, event: Event) -> None:
        """Take one event."""
        if event.type == "suite":
            self._take_of_suite(event)
        elif event.type in ("test", "bench"):
            if event.event == "started":
                self._open[event.name] = None
            elif event.event in _OUTCOMES or event.type == "bench":
                self._open.pop(event.name, None)
                self._add(event.name, *self._ending(event))

    def _take_of_suite(self, event: Event) -> None:
        if event.event == "started":
            self._close()
            self._in_suite = True
        else:
            self._in_suite = False
            self._open.clear()

    def other_line(self, line: str) -> None:
        """Take a line between the events: which binary runs, and how it ended."""
        running = _RUNNING.match(line) or _DOC_TESTS.match(line)
        if running:
            self._close()
            self._binary = running[1]
            self._output = BoundedText(self._room)
        crash = _CRASH.match(line)
        if crash:
            self._close(crash[1])
        self._output.add(line + "\n")

    def finish(self) -> None:
        """A stream that ends inside a binary is cut."""
        self.is_cut = self._in_suite
        if self.is_cut:
            self._notes.add("the events end before a test binary does", self._binary)
        self._close()

    def _close(self, how: str = "") -> None:
        """The binary has ended without a word; what it was running is red, and so is it itself when nothing was."""
        if not self._in_suite:
            return
        self._in_suite = False
        message = "the test binary ended before this test did" + (f": {how}" if how else "")
        failure = Failure("", message, self._output.text())
        for name in self._open or {"(test binary)": None}:
            self._add(name, Outcome.ERRORED, None, failure)
        self._open.clear()

    def _ending(self, event: Event) -> tuple[Outcome, int | None, Failure | None]:
        outcome = _OUTCOMES.get(event.event, Outcome.PASSED)
        duration = None if event.exec_time is None else seconds_to_ms(event.exec_time)
        said = (event.message or event.reason or "").strip()
        if outcome == Outcome.SKIPPED:
            return outcome, duration, Failure("", said, "") if said else None
        if outcome == Outcome.PASSED:
            return outcome, duration, None
        text = event.stdout or ""
        return outcome, duration, Failure("", said or _message(text), text)

    def _add(self, written: str, outcome: Outcome, duration_ms: int | None, failure: Failure | None) -> None:
        nextest = _NEXTEST.fullmatch(written)
        binary, name = (nextest["binary"], nextest["name"]) if nextest else (self._binary, written)
        attempt = CaseAttempt(binary, _DOC_LINE.sub("", name), outcome, duration_ms, None, failure)
        earlier = self._retried.get((binary, name)) if nextest else None
        if earlier is not None:
            earlier.append(attempt)
            return
        case = [attempt]
        self._cases.append(case)
        if nextest:
            self._retried[binary, name] = case

    def attempts(self) -> Iterator[CaseAttempt]:
        """Attempts in the order of the cases' first ends."""
        for case in self._cases:
            yield from numbered(case)


def _message(text: str) -> str:
    """What a panic says, else the last line that is no frame of a stack.

    >>> _message("thread 't' (7) panicked at src/lib.rs:16:47:\\ntotals differ\\nstack")
    'totals differ'
    """
    panic = _PANIC.search(text)
    if panic:
        return (panic["new"] or panic["old"] or "panicked").strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else ""
