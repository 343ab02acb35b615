"""Reads Keploy test reports (`test-set-0-report.yaml`, `api.keploy.io/v1beta1`, Keploy 2 and 3).

Rules:

- Class name: the test set; name: the id of the test case, with the method and path that it calls.
- `PASSED`, `FAILED` as they are; `IGNORED` and `OBSOLETE` are skipped; a case that is pending or still running when the
  report is written never ended and is errored.
- What differs makes the message: status code, headers, body; noise that Keploy was told to overlook is not looked at.
- A set that ended badly without a red case (the application died, a script failed, the user stopped it) is an errored
  case of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO
from urllib.parse import urlsplit

from ingest.catalog.yaml_documents import split_documents
from ingest.errors import Refused
from ingest.formats.batches import batches
from ingest.formats.json_reader import read_document
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.formats.values import count, duration_ms, epoch_ms
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome, RunIdentity, RunState

SET_CASE = "(test set)"
"""Name of the case that stands for a set that ended badly."""

_OUTCOMES = {
    "PASSED": Outcome.PASSED,
    "FAILED": Outcome.FAILED,
    "IGNORED": Outcome.SKIPPED,
    "OBSOLETE": Outcome.SKIPPED,
}
_GOOD_ENDS = frozenset({"", "PASSED", "FAILED", "IGNORED", "NO_TESTS_TO_RUN"})
_SHOWN = 200
_Object = Mapping[str, Any]


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, times and warnings of one report.

    Raises:
        Refused: `yaml-syntax` with the line, `schema`, `too-large`, `json-encoding` or `empty-file`.
    """
    document = _document(read_document(stream, limits), limits)
    notes = Notes()
    attempts = list(_attempts(document, notes))
    sink.identity(_identity(document, attempts))
    for batch in batches(attempts):
        sink.attempts(batch)
    stated, found = count(_text(document, "total")), len([one for one in attempts if one.name != SET_CASE])
    if stated is not None and stated != found:
        notes.add(f"the report states {stated:,} tests and holds {found:,}")
    notes.tell(sink)


def _document(data: bytes, limits: Limits) -> _Object:
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused("json-encoding", "the text is not valid UTF-8; save the file as UTF-8") from None
    found = next(split_documents(text, limits), None)
    if found is None or found.problem:
        raise Refused("yaml-syntax", found.problem if found else "no document", line=found.line if found else 1)
    if not isinstance(found.value, dict) or "total" not in found.value:
        raise Refused("schema", "$.total: no report of Keploy, or one that is cut", line=found.line)
    return found.value


def _text(source: _Object, *keys: str) -> str:
    return next((found.strip() for key in keys if isinstance(found := source.get(key), str) and found.strip()), "")


def _object(value: Any) -> _Object:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> Iterator[_Object]:
    yield from (item for item in value if isinstance(item, dict)) if isinstance(value, list) else ()


def _set_name(document: _Object) -> str:
    return _text(document, "test_set", "testSet") or _text(document, "name").removesuffix("-report")


def _attempts(document: _Object, notes: Notes) -> Iterator[CaseAttempt]:
    has_red = False
    for test in _objects(document.get("tests")):
        attempt = _attempt(test, _text(test, "name") or _set_name(document), notes)
        has_red = has_red or attempt.outcome in (Outcome.FAILED, Outcome.ERRORED)
        yield attempt
    status = _text(document, "status").upper()
    if not has_red and (status == "FAILED" or status not in _GOOD_ENDS):
        reason = _text(document, "failure_reason", "failureReason") or f"the test set ended with the status {status}"
        failure = Failure("", reason, _text(document, "app_logs", "appLogs"))
        yield CaseAttempt(_set_name(document), SET_CASE, Outcome.ERRORED, failure=failure)


def _attempt(test: _Object, test_set: str, notes: Notes) -> CaseAttempt:
    status = _text(test, "status").upper()
    outcome = _OUTCOMES.get(status)
    failure = None
    if outcome is None:
        notes.add("a case that has not ended counts as errored", status or "(none)")
        outcome, failure = Outcome.ERRORED, Failure("", f"the case has the status {status or 'none'}", "")
    elif outcome == Outcome.FAILED:
        differences = list(_differences(test))
        failure = Failure("", differences[0] if differences else "", "\n".join(differences))
    elif status == "OBSOLETE":
        failure = Failure("", "obsolete: its mocks have changed", "")
    return CaseAttempt(test_set, _name(test, notes), outcome, _duration(test), _started(test), failure)


def _name(test: _Object, notes: Notes) -> str:
    """The id of the case and what it calls: `test-1 GET /orders`."""
    identifier = _text(test, "test_case_id", "testCaseID")
    if not identifier:
        notes.add("a test has no name")
    request = _object(test.get("req"))
    headers = _object(_object(test.get("grpcReq")).get("headers"))
    called = _text(_object(headers.get("pseudo_headers")), ":path")
    if _text(request, "url"):
        try:
            called = f"{_text(request, 'method')} {urlsplit(_text(request, 'url')).path or '/'}".strip()
        except ValueError:
            called = _text(request, "method")
    return " ".join(part for part in (identifier or "(no name)", called) if part)


def _started(test: _Object) -> int | None:
    return epoch_ms(_text(test, "started").encode())


def _duration(test: _Object) -> int | None:
    """What Keploy measured; before 2.6 whole seconds between start and end."""
    measured = duration_ms(_text(test, "time_taken"))
    if measured is not None:
        return measured
    start, end = _started(test), epoch_ms(_text(test, "completed").encode())
    return end - start if start is not None and end is not None and end > start else None


def _differences(test: _Object) -> Iterator[str]:
    """One line for everything that is not as recorded."""
    result = _object(test.get("result"))
    status = _object(result.get("status_code"))
    if _text(status, "normal") == "false":
        yield f"status code: expected {_text(status, 'expected')}, got {_text(status, 'actual')}"
    for body in _objects(result.get("body_result")):
        if _text(body, "normal") == "false":
            yield f"body: expected {_text(body, 'expected')[:_SHOWN]}, got {_text(body, 'actual')[:_SHOWN]}"
    for header in (*_objects(result.get("headers_result")), *_objects(result.get("trailer_result"))):
        if _text(header, "normal") == "false":
            expected, actual = _object(header.get("expected")), _object(header.get("actual"))
            name = _text(expected, "key") or _text(actual, "key")
            yield f"header {name}: expected {_values(expected)}, got {_values(actual)}"
    size = _object(result.get("body_size_result"))
    if _text(size, "normal") == "false":
        yield f"body size: expected {_text(size, 'expected')}, got {_text(size, 'actual')}"
    information = _object(test.get("failure_info"))
    for category in information.get("category") or ():
        yield f"category: {category}"


def _values(header: _Object) -> str:
    values = header.get("value")
    return ", ".join(str(value) for value in values)[:_SHOWN] if isinstance(values, list) and values else "none"


def _identity(document: _Object, attempts: list[CaseAttempt]) -> RunIdentity:
    starts = [attempt.started_ms for attempt in attempts if attempt.started_ms is not None]
    created = epoch_ms(_text(document, "created_at").encode())
    start_ms = min(starts, default=created)
    status = _text(document, "status").upper()
    state = RunState.RUNNING if status == "RUNNING" else RunState.INCOMPLETE if status == "USER_ABORT" else None
    return RunIdentity(
        start_ms=start_ms,
        start_is_zoneless=None if start_ms is None else False,
        start_is_estimated=True if starts else None,
        state=state,
    )
