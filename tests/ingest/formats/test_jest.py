"""Jest and Vitest JSON: the rules of `ingest.formats.jest`, on what the tools wrote and on small made-up documents."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from ingest.checkout import checkout_paths
from ingest.errors import Refused
from ingest.formats import jest
from ingest.formats.javascript import failure_of_stack
from ingest.limits import Limits
from ingest.model import CaseAttempt, Link, Outcome, RunState
from ingest.recognise import Kind, recognise
from tests.ingest.formats.collecting import FIXTURES, CollectingSink, collect

JEST = (FIXTURES / "jest/report.json").read_bytes()
COLOUR = (FIXTURES / "jest/colour.json").read_bytes()
VITEST = (FIXTURES / "vitest/report.json").read_bytes()


def case(**given: Any) -> dict[str, Any]:
    """A case of Jest that passed, with changes."""
    known = {"ancestorTitles": ["cart"], "title": "adds", "status": "passed", "duration": 1.4, "failureMessages": []}
    return {**known, "invocations": 1, **given}


def read(*cases: dict[str, Any], file: dict[str, Any] | None = None, **given: Any) -> CollectingSink:
    """A report with one file that holds these cases."""
    one = {"name": "/builds/a/shop/src/a.test.js", "status": "passed", "message": "", "assertionResults": cases}
    document = {"numTotalTests": len(cases), "testResults": [one | (file or {})], "success": True, **given}
    return collect(jest.read, json.dumps(document))


def named(sink: CollectingSink, name: str) -> list[CaseAttempt]:
    """The attempts of the cases with this name."""
    return [attempt for attempt in sink.cases if attempt.name == name]


def test_jest_counts() -> None:
    """Jest states 20 tests: 9 passed, 9 failed, 1 pending, 1 todo; and 5 files that failed outside their cases."""
    sink = collect(jest.read, JEST)
    assert len(sink.tests()) == 20 + 5
    assert sink.final_outcomes() == {"passed": 9, "failed": 9, "skipped": 2, "errored": 5}
    assert sink.warnings == ["a test file failed outside its cases (5 times; first: 'test/after.test.js')"]


def test_vitest_counts() -> None:
    """Vitest states 23 tests: 10 passed, 8 failed, 4 skipped, 1 todo; and 6 files failed outside their cases."""
    sink = collect(jest.read, VITEST)
    assert sink.final_outcomes() == {"passed": 10, "failed": 8, "skipped": 5, "errored": 6}
    assert len(sink.cases) == 29 + 2


def test_vitest_names_cases_as_its_junit_report_does() -> None:
    """A team that changes from one to the other keeps the history of its cases."""
    from ingest.formats import junit

    names = {(attempt.classname, attempt.name) for attempt in collect(jest.read, VITEST).cases}
    other = collect(junit.read, (FIXTURES / "vitest/junit.xml").read_bytes())
    in_junit = {(attempt.classname, attempt.name) for attempt in other.cases}
    assert {name for name in names if name[1] != "(suite)"} <= in_junit


def test_retries_of_jest() -> None:
    """`invocations` is the number of attempts; their reasons are known only where Jest was told to log them."""
    sink = collect(jest.read, JEST)
    silent = named(sink, "totals > with retries > passes at the third try")
    assert [(attempt.outcome.name, attempt.retry) for attempt in silent] == [
        ("FAILED", 0),
        ("FAILED", 1),
        ("PASSED", 2),
    ]
    told = named(sink, "tells why it was tried again")
    assert [attempt.failure and attempt.failure.message for attempt in told] == [
        "try 1: stock is busy",
        "try 2: stock is busy",
        None,
    ]
    assert len(named(sink, "totals > with retries > never passes")) == 3
    assert len(named(sink, "is left out")) == 1


def test_retries_of_vitest() -> None:
    """A case that passed with messages failed before; one that failed with several messages is one attempt."""
    sink = collect(jest.read, VITEST)
    attempts = named(sink, "totals > with retries > passes at the third try")
    assert [attempt.outcome for attempt in attempts] == [Outcome.FAILED, Outcome.FAILED, Outcome.PASSED]
    assert attempts[0].failure is not None
    assert attempts[0].failure.message == "expected 1 to be 3 // Object.is equality"
    (soft,) = named(sink, "is soft")
    assert soft.failure is not None
    assert "expected 1 to be 2" in soft.failure.text
    assert "expected 'a' to be 'b'" in soft.failure.text


def test_a_failure_has_class_message_and_stack() -> None:
    """The message ends before the first frame; expected and actual value belong to it."""
    sink = collect(jest.read, JEST)
    last = named(sink, "totals > rounds halves up")[-1]
    assert last.failure is not None
    assert last.failure[:2] == (
        "Error",
        "expect(received).toBe(expected) // Object.is equality\n\nExpected: 3\nReceived: 2",
    )
    assert "src/cart/totals.test.js:4:58" in last.failure.text
    assert (last.duration_ms, last.file) == (1, "src/cart/totals.test.js")
    thrown = named(sink, "totals > throws no assertion")[-1].failure
    assert thrown is not None
    assert thrown[:2] == ("TypeError", "Cannot read properties of undefined (reading 'price')")
    (late,) = named(collect(jest.read, VITEST), "waits too long")
    assert late.failure is not None
    assert late.failure.message == "the test timed out"


def test_a_file_that_failed_outside_its_cases_is_an_errored_case() -> None:
    """It does not compile, misses a module, holds no test, or its afterAll failed, beside a failed case or not."""
    failures = {a.classname: a.failure for a in named(collect(jest.read, JEST), "(suite)") if a.failure is not None}
    assert {name: failure[:2] for name, failure in failures.items()} == {
        "test/after.test.js": ("TypeError", "queue is not closable"),
        "test/afterfile.test.js": ("", "server would not stop"),
        "test/missing.test.js": ("", "Cannot find module '../src/gone' from 'test/missing.test.js'"),
        "test/syntax.test.js": (
            "SyntaxError",
            '/home/ci/shop/test/syntax.test.js: Unexpected token, expected "," (1:47)',
        ),
        "test/empty.test.js": ("", "Your test suite must contain at least one test."),
    }
    vitest = {a.classname for a in named(collect(jest.read, VITEST), "(suite)")}
    assert vitest == {f"test/{name}.test.ts" for name in ("after", "afterfile", "before", "empty", "missing", "syntax")}


def test_terminal_colours_and_cases_without_title() -> None:
    """jest-junit adds a case without a title to a file that did not run; that is the file, and no second case."""
    sink = collect(jest.read, COLOUR)
    assert sink.outcomes == "pfssfpe"
    assert sink.cases[-1].failure is not None
    assert sink.cases[-1].failure.type == "SyntaxError"


def test_identity() -> None:
    """Start of the run, end of its last file; an interrupted run is incomplete."""
    known = collect(jest.read, JEST).known
    document = json.loads(JEST)
    assert known.start_ms == document["startTime"]
    assert known.end_ms == max(file["endTime"] for file in document["testResults"])
    assert (known.start_is_zoneless, known.state) == (False, None)
    assert read(case(), wasInterrupted=True).known.state is RunState.INCOMPLETE


def test_vitest_meta_declares_services_and_links() -> None:
    """What a test puts into `task.meta`."""
    assert named(collect(jest.read, VITEST), "says more")[0].services == ("payments",)
    sink = read(case(meta={"service.peer.name": ["stock", "mail"], "log_url": "https://logs/7", "n": 1}))
    assert sink.cases[0].services == ("stock", "mail")
    assert sink.cases[0].links == (Link("log", "https://logs/7"),)


def test_a_run_that_failed_without_a_case_is_red() -> None:
    """Never a silent zero; a run that passed without a case is empty, and one with cases needs no stand-in."""
    assert [(a.name, a.outcome) for a in read(success=False).cases] == [("(run)", Outcome.ERRORED)]
    assert read().cases == []
    assert read(case(), success=False).outcomes == "p"


def test_results_handed_to_a_processor() -> None:
    """The same run as Jest's own object has other names for file, message and cases."""
    file = {"name": "", "status": "", "assertionResults": None, "testFilePath": "/builds/a/shop/src/b.test.js"}
    sink = read(file=file | {"testResults": [case()], "failureMessage": None})
    assert [(a.classname, a.name) for a in sink.cases] == [("src/b.test.js", "cart > adds")]
    broken = {
        "testResults": [],
        "testExecError": {"stack": "x"},
        "failureMessage": "  ● Test suite failed to run\n\n    no",
    }
    assert [a.outcome for a in read(file=file | broken).cases] == [Outcome.ERRORED]


def test_what_writers_get_wrong() -> None:
    """An unknown status is errored and said; a null message, an odd number, an empty title lose only themselves."""
    sink = read(case(status="exploded", failureMessages=[None]), case(duration="x", ancestorTitles=["", "cart"]))
    assert sink.outcomes == "ep"
    assert [a.name for a in sink.cases] == ["cart > adds", "cart > adds"]
    assert [a.duration_ms for a in sink.cases] == [1, None]
    assert sink.warnings == [
        "a status that is not known counts as errored ('exploded')",
        "a duration cannot be read ('\"x\"')",
    ]
    assert read(case(invocations=10**9, status="failed")).outcomes == "f" * 101
    assert read(case(), numTotalTests=7).warnings == ["the report states 7 tests and holds 1"]


def test_paths_do_not_depend_on_the_machine() -> None:
    """Checkouts of CI services, folders that only a project has, else what all files have in common."""
    given = {
        "/home/runner/work/shop/shop/cart/a.test.ts": "cart/a.test.ts",
        "D:\\a\\1\\s\\cart\\a.test.ts": "cart/a.test.ts",
        "/var/jenkins_home/workspace/shop/cart/a.test.ts": "cart/a.test.ts",
        "/usr/src/app/packages/pay/test/a.test.ts": "packages/pay/test/a.test.ts",
        "/home/ann/shop/e2e/a.cy.ts": "e2e/a.cy.ts",
        "cypress/e2e/a.cy.ts": "cypress/e2e/a.cy.ts",
    }
    assert checkout_paths(given) == given
    assert list(checkout_paths(["/x/shop/cart/a.js", "/x/shop/b.js"]).values()) == ["cart/a.js", "b.js"]
    assert list(checkout_paths(["/x/shop/cart/a.js", "C:\\shop\\b.js", ""]).values()) == ["a.js", "b.js", ""]


def test_a_stack_without_a_class() -> None:
    """Text that is no error stays whole."""
    assert failure_of_stack("plain words")[:2] == ("", "plain words")
    assert failure_of_stack("Uncaught RangeError: too far\n    at x")[:2] == ("RangeError", "too far")
    assert failure_of_stack("") == ("", "", "")


@pytest.mark.parametrize("data", [JEST, VITEST])
def test_recognised_and_refused_when_cut(data: bytes) -> None:
    """By its first keys, whatever the name; cut anywhere it is refused."""
    known = recognise(data[:65536], "x")
    assert (known.kind, known.format) == (Kind.REPORT, "jest")
    for at in range(1, len(data) - 1, len(data) // 150):
        with pytest.raises(Refused) as caught:
            jest.read(io.BytesIO(data[:at]), Limits(), CollectingSink())
        assert caught.value.code == "json-truncated", at


def test_null_where_a_text_should_be() -> None:
    """It loses that text only."""
    sink = read(case(status=None, ancestorTitles=None), file={"name": None, "status": None})
    assert [(a.classname, a.name, a.outcome) for a in sink.cases] == [("", "adds", Outcome.ERRORED)]
