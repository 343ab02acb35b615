"""One run of one package's test binary: what its tests said, and what became of those that never ended.

- A test without an end event has the end that its output states; else, where the package passed, it passed; else the
  binary died and the test is errored.
- A panic is charged to the tests that its stack or its list of running tests names, because test2json hands the output
  to whichever test started last; a test that panicked is red though Go 1.14 calls it passed.
- A test that failed without a word because its subtest failed has the subtest's failure, so that both are one cluster.
- A package that failed without a red test has an errored case of its own: `Failure`, `[build failed]` or
  `[setup failed]`, as go-junit-report names them.
"""

from __future__ import annotations

from ingest.formats.bounded import BoundedText
from ingest.formats.gotest_texts import (
    NAME_OF_RESULT,
    Panic,
    benchmark_of,
    failure_message,
    is_frame,
    last_word,
    located,
    read_panic,
    starts_panic,
    stated_end,
)
from ingest.formats.properties import SERVICE_KEYS, links_of
from ingest.formats.values import seconds_to_ms
from ingest.model import CaseAttempt, Failure, Link, Outcome

PACKAGE_CASE = "Failure"
ENDED_EARLY = "the test binary ended before this test did"
OUTCOMES = {"pass": Outcome.PASSED, "bench": Outcome.PASSED, "fail": Outcome.FAILED, "skip": Outcome.SKIPPED}


class Execution:
    """One execution of one test."""

    __slots__ = (
        "duration_ms", "end", "has_complained", "is_panicked", "links", "name", "said", "services", "started_ms",
        "stated", "text",
    )  # fmt: skip

    def __init__(self, name: str, started_ms: int | None, room: int) -> None:
        self.name = name
        self.started_ms = started_ms
        self.end = ""
        """Action that ended it; empty while it has not."""
        self.stated = ""
        self.duration_ms: int | None = None
        self.text: BoundedText | None = BoundedText(room)
        self.said = ""
        self.has_complained = False
        self.is_panicked = False
        self.services: tuple[str, ...] = ()
        self.links: tuple[Link, ...] = ()

    def attribute(self, key: str, value: str) -> None:
        """Take what a test says of itself with `t.Attr`."""
        if key in SERVICE_KEYS and value.strip():
            self.services = tuple(dict.fromkeys((*self.services, value.strip())))
        self.links = tuple(dict.fromkeys((*self.links, *links_of([(key, value)]))))

    def finish(self, action: str, duration_ms: int | None) -> None:
        """Note its end; of a passed test nothing is kept."""
        self.end = action
        self.duration_ms = duration_ms
        if action in ("pass", "bench"):
            self.text = None


class PackageRun:
    """Collects the events of one run of one package."""

    def __init__(self, name: str, room: int) -> None:
        self.name = name
        self.output = BoundedText(room)
        self.is_cached = False
        self._benchmark = ""
        """The one that was named last, without the number of processors."""
        self._room = room
        self._panic: BoundedText | None = None
        self._executions: list[Execution] = []
        self._open: dict[str, Execution] = {}

    @property
    def has_open(self) -> bool:
        """Whether a test has begun and not ended."""
        return any(not execution.end and not execution.stated for execution in self._open.values())

    @property
    def has_executions(self) -> bool:
        """Whether any test has begun."""
        return bool(self._executions)

    def run(self, test: str, started_ms: int | None) -> Execution:
        """A test begins."""
        self._panic = None
        execution = Execution(test, started_ms, self._room)
        self._executions.append(execution)
        self._open[test] = execution
        return execution

    def test(self, test: str) -> Execution:
        """The execution that an event of a test belongs to; old versions leave out the beginning of benchmarks."""
        return self._open.get(test) or self.run(test, None)

    def finish(self, test: str, action: str, duration_ms: int | None) -> None:
        """A test ends; a second end of the same execution counts only where it is worse."""
        execution = self.test(test)
        if not execution.end or action == "fail":
            execution.finish(action, duration_ms)

    def print(self, test: str, output: str, is_error: bool) -> None:
        """Take a line of output of a test, or of the package where `test` is empty."""
        if output.startswith("=== "):
            return
        if starts_panic(output):
            self._panic = BoundedText(self._room)
            if test in self._open:
                self._open[test].is_panicked = True
        if self._panic is not None and not output.startswith(("FAIL\t", "exit status")):
            self._panic.add(output)
        benchmark = benchmark_of(output)
        if benchmark is not None:
            self._measure(test, benchmark)
        elif test:
            self._print_of_test(test, output, is_error)
        else:
            self._print_of_package(output)

    def _print_of_test(self, test: str, output: str, is_error: bool) -> None:
        self._note_benchmark(output)
        execution = self.test(test)
        stated = stated_end(output)
        if stated is not None and stated[1] == test:
            execution.stated = stated[0]
            if execution.duration_ms is None and stated[2]:
                execution.duration_ms = seconds_to_ms(float(stated[2]))
        if execution.text is None or is_frame(output):
            return
        execution.text.add(output)
        said = located(output)
        if is_error and not execution.has_complained:
            execution.has_complained = True  # the first complaint stands
            execution.said = said or ""
        elif said and not execution.has_complained:
            execution.said = said

    def _print_of_package(self, output: str) -> None:
        self._note_benchmark(output)
        if not self.name:
            named = NAME_OF_RESULT.match(output)
            self.name = named[1] if named else ""
        self.is_cached = self.is_cached or output.endswith("\t(cached)\n")
        self.output.add(output)

    def _note_benchmark(self, output: str) -> None:
        name = output.strip() if output.startswith("Benchmark") else ""
        if name and not (self._benchmark and name.startswith(f"{self._benchmark}-")):
            self._benchmark = name

    def _measure(self, test: str, benchmark: str) -> None:
        known = self._benchmark
        if not test.startswith("Benchmark"):
            is_known = bool(known) and benchmark.startswith(known)
            test = known if is_known or not benchmark else benchmark.rpartition("-")[0] or benchmark
        if self.test(test).end:
            self.run(test, None)
        self.test(test).finish("bench", None)

    # at the end

    def attempts(self, action: str, build: tuple[str, str] | None) -> list[CaseAttempt]:
        """All executions in the order of their beginning, and the package's own case where nothing else is red.

        Args:
            action: `pass`, `fail` or `skip` of the package, or empty where the output ends before it does.
            build: (case name, compiler output) where the package could not be built.
        """
        panic = read_panic(self._panic.text()) if self._panic is not None else None
        found = [self._attempt(execution, action, panic) for execution in self._executions]
        attempts = _with_failures_of_subtests([attempt for attempt in found if attempt is not None])
        if build is not None:
            attempts.append(self._package_attempt(build[0], Failure("", _first(build[1]), build[1])))
        elif action == "fail" and not any(a.outcome in (Outcome.FAILED, Outcome.ERRORED) for a in attempts):
            text = self.output.text()
            failure = Failure("", last_word(text), text)
            if panic is not None:
                failure = Failure(panic.kind, panic.message, panic.text)
            attempts.append(self._package_attempt(PACKAGE_CASE, failure))
        return attempts

    def _package_attempt(self, name: str, failure: Failure) -> CaseAttempt:
        return CaseAttempt(self.name, name, Outcome.ERRORED, failure=failure)

    def _attempt(self, execution: Execution, action: str, panic: Panic | None) -> CaseAttempt | None:
        end = execution.end or execution.stated
        if not end and execution.name.startswith("Benchmark") and self._has_part(execution.name):
            return None
        if not end and action in ("pass", "skip"):
            end = "pass"
        outcome = OUTCOMES.get(end, Outcome.ERRORED)
        failure = None
        if panic is not None and action == "fail" and execution.is_panicked and _is_named(execution.name, panic):
            outcome, failure = Outcome.ERRORED, Failure(panic.kind, panic.message, panic.text)
        elif outcome == Outcome.SKIPPED:
            failure = Failure("", execution.said, "") if execution.said else None
        elif outcome == Outcome.FAILED:
            outcome, failure = _failed(execution, panic)
        elif outcome == Outcome.ERRORED:
            failure = self._died(execution, action, panic)
        return CaseAttempt(
            self.name,
            execution.name,
            outcome,
            execution.duration_ms,
            execution.started_ms,
            failure,
            None,
            0,
            execution.services,
            execution.links,
        )

    def _has_part(self, name: str) -> bool:
        return any(execution.name.startswith(name + "/") for execution in self._executions)

    def _died(self, execution: Execution, action: str, panic: Panic | None) -> Failure:
        if not action:
            return Failure("", "the output ends before this test does", _text_of(execution))
        if panic is None:
            text = _text_of(execution) or self.output.text()
            status = next((line for line in self.output.text().splitlines() if line.startswith(("exit", "signal"))), "")
            return Failure("", f"{ENDED_EARLY}: {status}" if status else ENDED_EARLY, text)
        if not panic.culprits or _is_named(execution.name, panic):
            return Failure(panic.kind, panic.message, panic.text)
        who = ", ".join(sorted(panic.culprits))
        return Failure("", f"{ENDED_EARLY}: {panic.kind} in {who}: {panic.message}", panic.text)


def _text_of(execution: Execution) -> str:
    return execution.text.text() if execution.text is not None else ""


def _is_named(test: str, panic: Panic) -> bool:
    return test in panic.culprits or test.partition("/")[0] in panic.culprits


def _failed(execution: Execution, panic: Panic | None) -> tuple[Outcome, Failure]:
    """A test with a `fail` event: an assertion, or a panic of its own."""
    text = _text_of(execution)
    has_panicked = execution.is_panicked or not text.strip()
    if panic is not None and has_panicked and (not panic.culprits or _is_named(execution.name, panic)):
        return Outcome.ERRORED, Failure(panic.kind, panic.message, panic.text)
    return Outcome.FAILED, Failure("", failure_message(text, execution.said), text)


def _with_failures_of_subtests(attempts: list[CaseAttempt]) -> list[CaseAttempt]:
    """Tests that failed without a word get the failure of their first red subtest."""
    red: dict[str, CaseAttempt] = {}
    for attempt in attempts:
        failure = attempt.failure
        if failure is not None and failure.message and attempt.outcome != Outcome.SKIPPED:
            parent = attempt.name
            while "/" in parent:
                parent = parent.rpartition("/")[0]
                red.setdefault(parent, attempt)
    return [
        attempt._replace(failure=red[attempt.name].failure)
        if attempt.name in red and attempt.outcome == Outcome.FAILED and attempt.failure == Failure("", "", "")
        else attempt
        for attempt in attempts
    ]


def _first(text: str) -> str:
    """The first line of compiler output that says something."""
    lines = (line.strip() for line in text.splitlines())
    return next((line for line in lines if line and not line.startswith("#")), "the package cannot be built")
