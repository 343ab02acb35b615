"""Reads the JSON report of Newman, Postman's command-line runner (reporter `json`, version 4 and later).

Rules:

- Class name: collection, folders and request, joined by ` / `. Every assertion is a case of its name, numbered `name#2`
  where one request has it twice. With several iterations each has its own cases, `name [iteration 2]`: they are rows of
  data.
- Every request is a case `(request)` as well, which holds the response time. It is errored when no answer came or a
  script threw: Newman counts that as a failure, but no assertion holds it, and the next run shows that it is over.
- Assertions of a request that got no answer stay as Newman judged them. A run that broke off is the errored case
  `(run)`. The environment is the one that was chosen; the collection is not the pipeline.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import BinaryIO

from ingest.errors import Refused
from ingest.formats.batches import batches
from ingest.formats.json_reader import decode, read_document
from ingest.formats.json_values import whole_ms
from ingest.formats.newman_shape import Assertion, Execution, Item, Report, Script, Thrown
from ingest.formats.notes import Notes
from ingest.formats.sink import ReportSink
from ingest.formats.values import epoch_ms
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Outcome, RunIdentity

SEPARATOR = " / "
NO_NAME = "(no name)"
REQUEST, RUN_CASE = "(request)", "(run)"


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one Newman report.

    Raises:
        Refused: `json-syntax`, `json-truncated`, `json-depth`, `json-encoding`, `schema` (with the JSON path),
            `too-large` or `empty-file`.
    """
    report = decode(read_document(stream, limits), Report)
    notes = Notes()
    sink.identity(_identity(report))
    for batch in batches(_Executions(report, limits, notes).attempts()):
        sink.attempts(batch)
    notes.tell(sink)


class _Executions:
    """Executions of one report -> attempts."""

    def __init__(self, report: Report, limits: Limits, notes: Notes) -> None:
        collection = report.collection
        self._run = report.run
        self._notes = notes
        self._title = (collection.info.name if collection and collection.info else None) or ""
        self._paths = dict(_paths(collection.item or [] if collection else [], (), limits))
        self._numbers: Counter[tuple[str, str, int]] = Counter()
        self._request_errors = {
            (failure.source.id or "", failure.cursor.iteration if failure.cursor else None): failure.error
            for failure in report.run.failures or ()
            if failure.at == "request" and failure.source and failure.error
        }
        cycles = [one.cursor.cycles for one in report.run.executions or () if one.cursor]
        self._has_iterations = max(cycles, default=1) > 1

    def attempts(self) -> Iterator[CaseAttempt]:
        """Cases in the order in which they ran."""
        for execution in self._run.executions or ():
            item = execution.item or Item()
            path = self._paths.get(item.id or "") or (item.name or NO_NAME,)
            classname = SEPARATOR.join(part for part in (self._title, *path) if part)
            iteration = execution.cursor.iteration if execution.cursor else 0
            outcome, failure = self._request(execution, item.id or "", iteration)
            duration = whole_ms(execution.response.response_time, self._notes) if execution.response else None
            yield self._case(classname, REQUEST, iteration, outcome, failure)._replace(duration_ms=duration)
            for one in execution.assertions or ():
                yield self._case(classname, one.assertion or "", iteration, *_judged(one))
        error = self._run.error
        if error:
            failure = _failure(Thrown(message=error) if isinstance(error, str) else error)
            yield CaseAttempt(self._title or "newman", RUN_CASE, Outcome.ERRORED, failure=failure)

    def _request(self, execution: Execution, item_id: str, iteration: int) -> tuple[Outcome, Failure | None]:
        """Whether an answer came and no script threw; what broke first names the failure."""
        stated = self._request_errors.get((item_id, iteration), execution.request_error)
        errors = [
            _first_error(execution.prerequest_script),
            stated if execution.request_error else None,
            _first_error(execution.test_script),
        ]
        failures = [_failure(error) for error in errors if error]
        if not failures:
            return Outcome.PASSED, None
        return Outcome.ERRORED, failures[0]._replace(text="\n\n".join(failure.text for failure in failures))

    def _case(
        self, classname: str, name: str, iteration: int, outcome: Outcome, failure: Failure | None
    ) -> CaseAttempt:
        name = name if name.strip() else NO_NAME
        key = (classname, name, iteration)
        self._numbers[key] += 1
        name += f"#{self._numbers[key]}" if self._numbers[key] > 1 else ""
        name += f" [iteration {iteration + 1}]" if self._has_iterations else ""
        return CaseAttempt(classname, name, outcome, failure=failure)


def _judged(one: Assertion) -> tuple[Outcome, Failure | None]:
    if one.skipped:
        return Outcome.SKIPPED, None
    if one.error:
        is_assertion = (one.error.name or "AssertionError").startswith("Assertion")
        return Outcome.FAILED if is_assertion else Outcome.ERRORED, _failure(one.error)
    return Outcome.PASSED, None


def _first_error(scripts: list[Script] | None) -> Thrown | None:
    return next((script.error for script in scripts or () if script.error), None)


def _failure(error: Thrown) -> Failure:
    """A request's own error has no message in some versions; its code then says what happened."""
    message = error.message or str(error.code or "")
    return Failure(error.name or "", message, error.stack or message)


def _paths(items: list[Item], above: tuple[str, ...], limits: Limits) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Id of every request of a collection with the names of its folders and its own."""
    if len(above) > limits.depth:
        raise Refused("json-depth", f"folders are nested deeper than {limits.depth:,}; raise limits.depth to read it")
    for item in items:
        path = (*above, item.name or "")
        if item.item is None:
            yield item.id or "", path
        else:
            yield from _paths(item.item, path, limits)


def _identity(report: Report) -> RunIdentity:
    """When it ran and in which environment."""
    timings = report.run.timings
    start = epoch_ms(bytes(timings.started)) if timings else None
    name = report.environment.name if report.environment else None
    return RunIdentity(
        environment=(name or "").strip() or None,
        start_ms=start,
        start_is_zoneless=None if start is None else False,
        end_ms=epoch_ms(bytes(timings.completed)) if timings else None,
    )
