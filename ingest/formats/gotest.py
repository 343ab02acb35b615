"""Reads the events of `go test -json` (`go doc test2json`), also as gotestsum keeps them with `--jsonfile`.

Rules:

- Class name: the import path of the package; name: the test with its subtests, `TestA/case`. Both are unique in Go, so
  a name that comes again is another execution of the same test: `-count`, gotestsum's `--rerun-fails`, several calls
  in one file.
- A test whose subtest failed has failed too, as Go counts it.
- Compiler output: `build-output` events, and in versions before 1.24 the lines between the events.
- The last execution decides. Results that Go took from its cache are counted and said in a warning.
"""

from __future__ import annotations

from typing import BinaryIO

import msgspec

from ingest.formats.batches import batches, numbered
from ingest.formats.bounded import BoundedText
from ingest.formats.gotest_package import OUTCOMES, PackageRun
from ingest.formats.gotest_texts import NOT_BUILT
from ingest.formats.json_lines import JsonLines
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.formats.values import moment, seconds_to_ms
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity, RunState

_BUILD_FAILED = "[build failed]"


class Event(msgspec.Struct, gc=False, rename="pascal"):
    """One event of test2json or of the build."""

    action: str
    time: str | None = None
    package: str = ""
    test: str = ""
    elapsed: float | None = None
    output: str | None = None
    output_type: str = ""
    import_path: str = ""
    failed_build: str = ""
    key: str = ""
    value: str = ""
    path: str = ""


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, times and warnings of one stream of events.

    Raises:
        Refused: no line is an event; `empty-file`, `json-truncated`, `json-syntax` or `schema`.
    """
    notes = Notes()
    report = _Report(limits, notes)
    events = JsonLines(stream, limits, notes, Event, report.other_line)
    for event in events:
        report.take(event)
    notes.line_of = None
    report.finish(events.is_cut)
    sink.identity(report.identity())
    for batch in batches(attempt for case in report.cases.values() for attempt in numbered(case)):
        sink.attempts(batch)
    notes.tell(sink)


class _Report:
    """All packages of one stream."""

    def __init__(self, limits: Limits, notes: Notes) -> None:
        self.cases: dict[tuple[str, str], list[CaseAttempt]] = {}
        self._room = limits.text_chars
        self._notes = notes
        self._runs: dict[str, PackageRun] = {}
        self._builds: dict[str, BoundedText] = {}
        self._unclaimed: dict[str, None] = {}
        self._compiling = ""
        self._first_ms: int | None = None
        self._last_ms: int | None = None
        self._is_incomplete = False

    def take(self, event: Event) -> None:
        """Take one event."""
        action = event.action
        if action == "output":
            self._print(event)
        elif action == "run":
            self._run_of(event).run(event.test, self._time(event))
        elif action in OUTCOMES:
            self._end(event)
        elif action == "start":
            self._time(event)
            self._run_of(event)
        elif action in ("build-output", "build-fail"):
            self._build(event)
        elif action == "attr":
            self._run_of(event).test(event.test).attribute(event.key, event.value)
        elif action == "artifacts" and event.path:
            execution = self._run_of(event).test(event.test)
            execution.links = (*execution.links, Link("attachment", event.path))
        elif action not in ("pause", "cont", "artifacts"):
            self._notes.add("an event of an unknown kind is not counted", action)

    def _run_of(self, event: Event) -> PackageRun:
        run = self._runs.get(event.package)
        if run is None:
            run = self._runs[event.package] = PackageRun(event.package, self._room)
        return run

    def _print(self, event: Event) -> None:
        output = event.output or ""
        if not event.package and not event.test and self._note_unbuilt(output):
            return
        self._run_of(event).print(event.test, output, event.output_type.startswith("error"))

    def _end(self, event: Event) -> None:
        if event.test:
            duration = None if event.elapsed is None else seconds_to_ms(event.elapsed)
            self._run_of(event).finish(event.test, event.action, duration)
            return
        self._time(event)
        self._close(event.package, event.action, event.failed_build)

    def _close(self, package: str, action: str, failed_build: str = "") -> None:
        run = self._runs.pop(package, None) or PackageRun(package, self._room)
        if run.is_cached:
            self._notes.add("a package's results come from Go's cache and are no new executions", package)
        build = self._build_of(run, failed_build) if action == "fail" else None
        self._add(run.attempts(action, build))

    def _add(self, attempts: list[CaseAttempt]) -> None:
        for attempt in attempts:
            self.cases.setdefault((attempt.classname, attempt.name), []).append(attempt)

    def _build(self, event: Event) -> None:
        if event.action == "build-fail":
            self._unclaimed[event.import_path] = None
        elif event.output:
            self._builds.setdefault(event.import_path, BoundedText(self._room)).add(event.output)

    def _build_of(self, run: PackageRun, failed_build: str) -> tuple[str, str] | None:
        """(case name, compiler output) of a package that was not built; None where it was."""
        said = run.output.text()
        unbuilt = NOT_BUILT.search(said)
        if unbuilt is None and not failed_build:
            return None
        self._unclaimed.pop(failed_build, None)
        name = unbuilt[2] if unbuilt else _BUILD_FAILED
        output = self._builds.get(failed_build) or self._builds.get(run.name)
        return name, output.text() if output else said

    def other_line(self, line: str) -> None:
        """Take a line between the events: what the compiler says in versions before 1.24, and unbuilt packages."""
        if self._note_unbuilt(line):
            return
        if line.startswith("# "):
            self._compiling = line[2:].split(" ")[0]
        elif self._compiling:
            self._builds.setdefault(self._compiling, BoundedText(self._room)).add(line + "\n")

    def _note_unbuilt(self, line: str) -> bool:
        unbuilt = NOT_BUILT.match(line)
        if unbuilt is None:
            return False
        self._compiling = ""
        run = PackageRun(unbuilt[1], self._room)
        run.print("", line, False)
        self._add(run.attempts("fail", self._build_of(run, "")))
        return True

    def finish(self, is_cut: bool) -> None:
        """Settle packages that never ended, and builds that failed for no package in particular."""
        for package, run in list(self._runs.items()):
            if run.has_open or is_cut:
                self._is_incomplete = True
                self._notes.add("the output ends before a package does", package)
            self._close(package, "" if run.has_open or not run.has_executions else "pass")
        for path in self._unclaimed:
            output = self._builds.get(path)
            text = output.text() if output else ""
            failure = Failure("", "the package cannot be built", text)
            self._add([CaseAttempt(path.split(" ")[0], _BUILD_FAILED, Outcome.ERRORED, failure=failure)])

    def _time(self, event: Event) -> int | None:
        when = moment(event.time) if event.time else None
        if when is None:
            return None
        self._first_ms = when.ms if self._first_ms is None else min(self._first_ms, when.ms)
        self._last_ms = when.ms if self._last_ms is None else max(self._last_ms, when.ms)
        return when.ms

    def identity(self) -> RunIdentity:
        """When the tests ran, and whether the output breaks off."""
        return RunIdentity(
            start_ms=self._first_ms,
            start_is_zoneless=None if self._first_ms is None else False,
            end_ms=self._last_ms,
            state=RunState.INCOMPLETE if self._is_incomplete else None,
        )
