"""Reads pytest-json-report (plugin 1.x: `pytest --json-report`).

Rules:

- Names are those of pytest's own JUnit report: `tests/api/test_cart.py::TestCoupons::test_codes[TEN]` has the class
  name `tests.api.test_cart.TestCoupons`.
- As pytest counts: a failure of the test itself is failed, one in set-up or tear-down errored, and both together is one
  failed attempt with both texts; an expected failure is skipped, an unexpected pass passed.
- A test with subtests (pytest 9, pytest-subtests) ends as the report says of it: `subtests passed` is passed. Of
  several calls the plugin keeps the last, so that a red subtest shows only where the test that holds it is red.
- `rerun` of pytest-rerunfailures tells that attempts failed before and keeps the last one only: one failed attempt of
  which nothing is known stands for them.
- A module that could not be collected is an errored case, one skipped as a whole a skipped case.
- A run that ended badly without a red case (internal error, coverage below its limit) gets one: `exit code n`.
- Exercised services and links: `json_metadata` and `record_property`. Identity: `environment`, which pytest-metadata
  fills with the variables of CI servers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO

import msgspec

from ingest.errors import Refused
from ingest.formats.batches import batches, numbered
from ingest.formats.json_reader import decode, plain, read_document
from ingest.formats.notes import Notes
from ingest.formats.properties import identity_of, links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.values import moment, seconds_to_ms
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome, RunIdentity, RunState
from ingest.run_environment import identity_from_environment

_NOTHING = msgspec.Raw(b"")
_STAGES = ("setup", "call", "teardown")
_KNOWN = frozenset({"nodeid", "lineno", "outcome", "keywords", "metadata", "user_properties", *_STAGES})
_SUBTESTS = "subtests "
"""Before the outcome of a test that has some."""
_PY = re.compile(r"\.py$")
_SKIP = re.compile(r"""Skipped: (.*?)['"]\)$""", re.DOTALL)
_ERROR_LINE = re.compile(r"^E {1,7}(\S.*)$", re.MULTILINE)
_EXCEPTION = re.compile(r"[A-Za-z_][\w.]*")
_ENDINGS = {
    1: "pytest found a problem outside of the tests",
    2: "pytest was interrupted",
    3: "an internal error of pytest",
    4: "pytest was called wrongly",
}
_NO_TESTS = 5


class Crash(msgspec.Struct, gc=False):
    """Where an exception was raised."""

    message: str = ""


class Stage(msgspec.Struct, gc=False):
    """Set-up, call or tear-down of a test."""

    outcome: str = ""
    duration: float | None = None
    crash: Crash | None = None
    traceback: list[Crash] | None = None
    longrepr: str | None = None


class Collector(msgspec.Struct, gc=False):
    """One module, class or folder that tests were looked for in."""

    nodeid: str = ""
    outcome: str = ""
    longrepr: str | None = None


class Report(msgspec.Struct, gc=False):
    """The document."""

    exitcode: int = 0
    created: float | None = None
    duration: float | None = None
    environment: msgspec.Raw = _NOTHING
    summary: dict[str, Any] | None = None
    tests: list[dict[str, msgspec.Raw]] | None = None
    collectors: list[Collector] | None = None


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one report.

    Raises:
        Refused: as `json_reader.decode`, and `schema` when the report holds a summary only.
    """
    report = decode(read_document(stream, limits), Report)
    if report.tests is None and report.collectors is None and (report.summary or {}).get("total"):
        raise Refused("schema", "$.tests: a summary only; write the report without --json-report-summary")
    notes = Notes()
    cases = [_case(index, raw, limits, notes) for index, raw in enumerate(report.tests or ())]
    attempts = [*_collected(report), *(attempt for case in cases for attempt in numbered(case))]
    attempts.extend(_ending(report, attempts, notes))
    sink.identity(_identity(report))
    for batch in batches(attempts):
        sink.attempts(batch)
    stated = (report.summary or {}).get("total")
    if isinstance(stated, int) and stated != len(cases):
        notes.add(f"the summary states {stated:,} tests, the report holds {len(cases):,}")
    notes.tell(sink)


def names_of(nodeid: str) -> tuple[str, str, str]:
    """(class name, name, file) of a test, as pytest's JUnit report writes them.

    >>> names_of("tests/test_a.py::TestB::test_c[x::y]")
    ('tests.test_a.TestB', 'test_c[x::y]', 'tests/test_a.py')
    """
    path, bracket, parameters = nodeid.partition("[")
    file, *names = path.split("::")
    module = _PY.sub("", file.replace("/", ".")).lstrip(".")
    if not names:
        return "", module + bracket + parameters, file
    return ".".join([module, *names[:-1]]), names[-1] + bracket + parameters, file


def _case(index: int, raw: dict[str, msgspec.Raw], limits: Limits, notes: Notes) -> list[CaseAttempt]:
    """The attempts of one test."""
    nodeid, outcome = plain(raw.get("nodeid", _NOTHING)), plain(raw.get("outcome", _NOTHING))
    if not isinstance(nodeid, str) or not nodeid:
        raise Refused("schema", f"$.tests[{index}].nodeid: the test has no name")
    stages = {key: _stage(value, index, key) for key, value in raw.items() if key in _STAGES or key not in _KNOWN}
    classname, name, file = names_of(nodeid)
    pairs = list(_pairs(plain(raw.get("metadata", _NOTHING)))) + list(
        _pairs(plain(raw.get("user_properties", _NOTHING)))
    )
    known, failure = _outcome(str(outcome).removeprefix(_SUBTESTS), stages, notes)
    attempt = CaseAttempt(
        classname, name, known, _duration(stages), None, failure, file, 0,
        services_of(pairs)[: limits.services_per_case], links_of(pairs)[: limits.links_per_attempt],
    )  # fmt: skip
    if outcome != "rerun":
        return [attempt]
    earlier = attempt._replace(outcome=Outcome.FAILED, duration_ms=None, failure=Failure("", "", ""), links=())
    return [earlier, attempt]


def _stage(raw: msgspec.Raw, index: int, key: str) -> Stage:
    try:
        return msgspec.json.decode(raw, type=Stage)
    except UnicodeDecodeError:
        raise Refused("json-encoding", f"$.tests[{index}].{key} is not valid UTF-8; save the file as UTF-8") from None
    except msgspec.ValidationError:
        if key in _STAGES:
            raise Refused("schema", f"$.tests[{index}].{key}: no stage of a test") from None
        return Stage()


def _outcome(outcome: str, stages: dict[str, Stage], notes: Notes) -> tuple[Outcome, Failure | None]:
    broken = [(key, stage) for key, stage in stages.items() if stage.outcome in ("failed", "error")]
    if outcome == "xfailed":
        return Outcome.SKIPPED, Failure("", _crash_message(stages), "")
    if broken:
        key, first = broken[0]
        text = "\n\n".join(stage.longrepr or "" for _, stage in broken).strip()
        failure = Failure(_type(first), _message(first), text)
        return Outcome.FAILED if key == "call" else Outcome.ERRORED, failure
    if outcome in ("failed", "error"):
        return (Outcome.FAILED if outcome == "failed" else Outcome.ERRORED), Failure("", "", "")
    skipped = next((stage for stage in stages.values() if stage.outcome == "skipped"), None)
    if skipped is not None or outcome == "skipped":
        reason = _skip_reason(skipped.longrepr or "") if skipped else ""
        return Outcome.SKIPPED, Failure("", reason, "") if reason else None
    if outcome not in ("passed", "xpassed", "rerun"):
        notes.add("an outcome that pytest does not have counts as errored", outcome)
        return Outcome.ERRORED, Failure("", f"outcome {outcome}", "")
    return Outcome.PASSED, None


def _message(stage: Stage) -> str:
    if stage.crash is not None and stage.crash.message:
        return stage.crash.message
    text = stage.longrepr or ""
    found = _ERROR_LINE.findall(text)
    lines = [line for line in text.splitlines() if line.strip()]
    return found[-1] if found else lines[-1] if lines else ""


def _crash_message(stages: dict[str, Stage]) -> str:
    return next((stage.crash.message for stage in stages.values() if stage.crash), "expected to fail")


def _type(stage: Stage) -> str:
    """Class of the exception: the message of the innermost traceback entry."""
    name = stage.traceback[-1].message if stage.traceback else ""
    return name if _EXCEPTION.fullmatch(name) else ""


def _skip_reason(longrepr: str) -> str:
    """Reason in what pytest writes of a skip: the text of `(path, line, 'Skipped: reason')`.

    >>> _skip_reason("('/a.py', 39, 'Skipped: not here')")
    'not here'
    """
    found = _SKIP.search(longrepr)
    return found[1] if found else longrepr.strip()


def _duration(stages: dict[str, Stage]) -> int | None:
    durations = [stage.duration for stage in stages.values() if stage.duration is not None]
    return seconds_to_ms(sum(durations)) if durations else None


def _pairs(value: Any) -> Iterator[tuple[str, str]]:
    """Properties that a test records: an object, or a list of objects or of pairs; lists of texts are repeated."""
    if isinstance(value, dict):
        for key, item in value.items():
            for text in item if isinstance(item, list) else [item]:
                if isinstance(text, str | int | float):
                    yield str(key), str(text)
    elif isinstance(value, list):
        for item in value:
            is_pair = isinstance(item, list) and len(item) == 2 and isinstance(item[0], str)
            yield from _pairs({item[0]: item[1]} if is_pair else item if isinstance(item, dict) else None)


def _collected(report: Report) -> Iterator[CaseAttempt]:
    """Cases for what could not be collected."""
    for collector in report.collectors or ():
        if collector.outcome == "passed" or not collector.nodeid:
            continue
        classname, name, file = names_of(collector.nodeid)
        text = collector.longrepr or ""
        if collector.outcome == "skipped":
            yield CaseAttempt(classname, name, Outcome.SKIPPED, failure=Failure("", _skip_reason(text), ""), file=file)
        else:
            message = _message(Stage(longrepr=text)) or "collection failure"
            yield CaseAttempt(classname, name, Outcome.ERRORED, failure=Failure("", message, text), file=file)


def _ending(report: Report, attempts: list[CaseAttempt], notes: Notes) -> Iterator[CaseAttempt]:
    """A case for a run that ended badly, where no other case is red."""
    if report.exitcode == _NO_TESTS:
        notes.add("pytest found no tests")
    elif report.exitcode and not any(a.outcome in (Outcome.FAILED, Outcome.ERRORED) for a in attempts):
        said = _ENDINGS.get(report.exitcode, "pytest ended badly")
        failure = Failure("", f"{said} (exit code {report.exitcode})", "")
        yield CaseAttempt("pytest", f"exit code {report.exitcode}", Outcome.ERRORED, failure=failure)


def _identity(report: Report) -> RunIdentity:
    environment = plain(report.environment)
    pairs = list(_pairs(environment))
    stated = identity_of(pairs)[0].over(identity_from_environment(dict(pairs)))
    end = moment(str(report.created)) if report.created is not None else None
    length = seconds_to_ms(report.duration) if report.duration is not None else None
    start_ms = None if end is None else end.ms - (length or 0)
    return stated.over(
        RunIdentity(
            start_ms=start_ms,
            start_is_zoneless=None if start_ms is None else False,
            end_ms=end.ms if end else None,
            state=RunState.INCOMPLETE if report.exitcode in (2, 3) else None,
        )
    )
