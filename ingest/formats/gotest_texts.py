"""What the output of `go test` says: frames, messages of failures, panics and who caused them, benchmarks. Pure."""

from __future__ import annotations

import re
from typing import NamedTuple

_FRAME = re.compile(r"\s*(?:=== (?:RUN|PAUSE|CONT|NAME|ATTR|ARTIFACTS)\b|--- (?:PASS|FAIL|SKIP|BENCH): )")
_STATED = re.compile(r"--- (PASS|FAIL|SKIP): (\S+)(?: \(([\d.]+)s\))?\s*$")
_LOCATED = re.compile(r"\s+(?:\S+?: )?[^\s:]+\.go:\d+: ?(.*)", re.DOTALL)
_PANIC = re.compile(r"(?:panic|fatal error): ")
_RECOVERED = re.compile(r"\s*\[recovered[^\]]*\]\s*$")
_FUNCTION = re.compile(r"[./]((?:Test|Fuzz|Example|Benchmark)\w*)(?:\.func[\d.]+|\.\w+)*(?:\(| in goroutine|$)")
_RUNNING = re.compile(r"\s+((?:Test|Fuzz|Example|Benchmark)\S*) \([\d.hms]+\)\s*$")
_BENCHMARK = re.compile(r"(Benchmark\S*)?\s+\d+\s+[\d.]+ ns/op")
_TESTIFY = re.compile(r"^\s*Error:\s*(\S.*)$", re.MULTILINE)
_PACKAGE_NOISE = re.compile(
    r"(?:FAIL|PASS|ok |\?   |coverage:|goos:|goarch:|pkg:|cpu:|exit status|testing: warning:|=== |--- )"
)
NAME_OF_RESULT = re.compile(r"(?:FAIL|ok  |\?   )\t(\S+)\s")
"""The last line of a package, which names it."""
NOT_BUILT = re.compile(r"FAIL\t(\S+)(?:\t[\d.]+s)? (\[(?:build|setup) failed\])")


class Panic(NamedTuple):
    """How a test binary died."""

    kind: str
    """`panic`, `timeout` or `fatal error`."""
    message: str
    text: str
    culprits: frozenset[str]
    """Tests that the trace names; empty where it names none."""


def is_frame(output: str) -> bool:
    """Whether a line is the test runner's own and no word of a test.

    >>> is_frame("=== RUN   TestA"), is_frame("    a_test.go:3: no")
    (True, False)
    """
    return _FRAME.match(output) is not None


def stated_end(output: str) -> tuple[str, str, str] | None:
    """(`pass`, `fail` or `skip`, test, seconds) of a result line, also behind text that lacks a line end.

    Before Go 1.20 such a line gave no event of its own.

    >>> stated_end("no line end--- PASS: TestTable (0.01s)")
    ('pass', 'TestTable', '0.01')
    """
    found = _STATED.search(output) if "--- " in output else None
    return (found[1].lower(), found[2], found[3] or "") if found else None


def located(output: str) -> str | None:
    """What a test said with `t.Log` or `t.Error`, without the place; None for any other line.

    >>> located("    pay_test.go:13: total: want 3, got 4")
    'total: want 3, got 4'
    """
    found = _LOCATED.match(output)
    return found[1].strip() if found else None


def failure_message(text: str, said: str) -> str:
    """The first line to show of a failure: what the test said, of testify its `Error:` field, else the first line."""
    if said and not said.startswith("Error Trace:"):
        return said
    testify = _TESTIFY.search(text)
    if testify:
        return testify[1].strip()
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    if lines[:1] == ["got:"]:  # an example: what it printed, and what it should have
        return " ".join(lines)[:500]
    return lines[0] if lines else ""


def starts_panic(output: str) -> bool:
    """Whether a line is the first of a panic or of a fatal error of the runtime."""
    return _PANIC.match(output) is not None


def read_panic(text: str) -> Panic:
    """A panic by what the runtime printed: with a time-out it lists the running tests, else the first stack has them.

    >>> read_panic("panic: no\\n\\ngoroutine 7 [running]:\\nexample.com/a.TestLeaks.func1()\\n").culprits
    frozenset({'TestLeaks'})
    """
    first = text.partition("\n")[0]
    kind, _, message = first.partition(": ")
    if "test timed out after" in message:
        kind = "timeout"
    blocks = text.split("\ngoroutine ")
    running = frozenset(found[1] for line in blocks[0].splitlines() if (found := _RUNNING.match(line)))
    stack = blocks[1] if len(blocks) > 1 else ""
    names = frozenset(
        found[1] for line in stack.splitlines() if not line.startswith("\t") and (found := _FUNCTION.search(line))
    )
    return Panic(kind, _RECOVERED.sub("", message.strip()) or first, text, running or names)


def benchmark_of(output: str) -> str | None:
    """Name of the benchmark whose measurement a line is, with the number of processors; empty where it has none.

    >>> benchmark_of("BenchmarkSum-4      \\t      10\\t       107.2 ns/op\\n")
    'BenchmarkSum-4'
    """
    found = _BENCHMARK.match(output) if "ns/op" in output else None
    return None if found is None else found[1] or ""


def last_word(text: str) -> str:
    """The last line of a package's output that is not the test runner's."""
    lines = (line.strip() for line in reversed(text.splitlines()))
    return next((line for line in lines if line and not _PACKAGE_NOISE.match(line)), "")
