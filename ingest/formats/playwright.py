"""Reads the JSON report of Playwright Test (reporter `json`, version 1.10 and later).

Rules:

- A test that runs in several projects (browsers) is a case in each. When all tests of a report that is no shard are of
  one project, the project is the report's variant; else class names start with it, `[firefox] › login.spec.ts`.
- Class name: the file, relative to the test folder. Name: titles of the `describe` blocks and of the test, joined by
  ` › `, as Playwright's own JUnit report has them.
- With `--repeat-each` every repetition is a case, `name (repeat 2)`: Playwright counts them one by one.
- Each try is an attempt. One that ended as the test expects has passed, also when it failed as `test.fail()` says; a
  pass that was not expected has failed, as Playwright counts both. Skipped and interrupted tries count only where
  nothing else happened. What never ran is skipped.
- Failed: the error comes from `expect` or is an assertion's. Errored: anything else, and what timed out.
- Exercised services: annotations and tags, `@service.peer.name=payments`.
- Errors of the run itself (a file that cannot be loaded, global setup, the end of a worker) become the errored case
  `(run)` of the file that they name. An interrupted test, or `--max-failures` reached, makes the run incomplete.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any, BinaryIO

from ingest.errors import Refused
from ingest.formats.batches import batches, numbered
from ingest.formats.json_reader import decode, plain, read_document
from ingest.formats.json_values import error_parts, whole_ms
from ingest.formats.notes import Notes
from ingest.formats.playwright_shape import Annotation, Config, Error, Report, Result, Spec, Suite, Test
from ingest.formats.properties import identity_of, links_of, services_in_tags, services_of
from ingest.formats.sink import ReportSink
from ingest.formats.values import moment
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome, RunIdentity, RunState

SEPARATOR = " › "
RUN_CASE = "(run)"
NO_NAME = "(no name)"

_OUTPUT_TAIL = 4_000
_EXPECT = re.compile(r"\bexpect(?:\.\w+)?\(|^AssertionError\b")
_STOPPED = "Testing stopped early after "
_NOT_RUN = frozenset({"skipped", "interrupted"})


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one Playwright report.

    Raises:
        Refused: `json-syntax`, `json-truncated`, `json-depth`, `json-encoding`, `schema` (with the JSON path),
            `too-large` or `empty-file`.
    """
    report = decode(read_document(stream, limits), Report)
    notes = Notes()
    cases = _Cases(report, limits, notes)
    sink.identity(cases.identity())
    for batch in batches(cases.attempts()):
        sink.attempts(batch)
    cases.compare()
    notes.tell(sink)


class _Cases:
    """Tests of one report -> attempts."""

    def __init__(self, report: Report, limits: Limits, notes: Notes) -> None:
        self._report = report
        self._config = report.config or Config()
        self._limits = limits
        self._notes = notes
        self._folder = _test_folder(self._config)
        self._tests = [
            (titles, spec, test, repeat)
            for titles, spec in _specs(report.suites, (), limits)
            for test, repeat in _with_repeats(spec.tests)
        ]
        names = {test.project_name or "" for _, _, test, _ in self._tests}
        configured = self._config.projects
        is_alone = len(names) == 1 and (self._config.shard is None or (configured is not None and len(configured) == 1))
        self._project = names.pop() if is_alone else ""
        self._is_alone = is_alone
        self._counts = {"expected": 0, "unexpected": 0, "flaky": 0, "skipped": 0}

    def identity(self) -> RunIdentity:
        """What the report says of its run: keys of `properties.py` in the metadata, then Playwright's own."""
        metadata = plain(self._config.metadata)
        metadata = metadata if isinstance(metadata, dict) else {}
        stated, unreadable = identity_of((key, value) for key, value in metadata.items() if isinstance(value, str))
        for key in unreadable:
            self._notes.add("a property of the run cannot be read", key)
        known = stated.over(_ci_identity(metadata)).over(self._times())
        shard = self._config.shard
        is_stopped = any((error.message or "").startswith(_STOPPED) for error in self._report.errors or ())
        is_stopped |= any(
            result.status == "interrupted" for _, _, test, _ in self._tests for result in test.results or ()
        )
        return known.over(
            RunIdentity(
                shard_index=(shard.current if shard else 0) or None,
                shard_total=(shard.total if shard else 0) or None,
                variant=(("project", self._project),) if self._project else None,
                state=RunState.INCOMPLETE if is_stopped else None,
            )
        )

    def attempts(self) -> Iterator[CaseAttempt]:
        """Attempts in the order of the report; errors of the run come last."""
        for titles, spec, test, repeat in self._tests:
            yield from self._test(titles, spec, test, repeat)
        yield from self._run_errors()

    def compare(self) -> None:
        """Note where the totals that the report states are others."""
        stats = self._report.stats
        for key, count in self._counts.items():
            stated = plain(getattr(stats, key)) if stats else None
            if isinstance(stated, int) and stated != count:
                self._notes.add(f"the report states {stated:,} {key} tests and holds {count:,}")

    def _times(self) -> RunIdentity:
        stats = self._report.stats
        start = moment(stats.start_time or "") if stats else None
        if stats is None or start is None:
            return RunIdentity()
        duration = whole_ms(stats.duration, self._notes)
        end = None if duration is None else start.ms + duration
        return RunIdentity(start_ms=start.ms, start_is_zoneless=start.is_zoneless, end_ms=end)

    def _test(self, titles: tuple[str, ...], spec: Spec, test: Test, repeat: int) -> Iterator[CaseAttempt]:
        results = test.results or []
        ran = [result for result in results if result.status not in _NOT_RUN]
        self._counts[_summed_up(test, results, ran)] += 1
        name = SEPARATOR.join((*titles[1:], spec.title))
        if not name.strip():
            self._notes.add("a test has no name")
            name = NO_NAME
        name = f"{name} (repeat {repeat})" if repeat > 1 else name
        declared = services_of((one.type, one.description or "") for one in _annotations(test, results))
        services = tuple(dict.fromkeys((*declared, *services_in_tags(spec.tags or ()))))
        own = CaseAttempt(
            self._classname(titles[0] or spec.file, test.project_name or ""),
            name,
            Outcome.SKIPPED,
            file=self._path(spec.file or titles[0]),
            services=services[: self._limits.services_per_case],
        )
        if ran:
            yield from numbered(self._ran(own, test, result) for result in ran)
        else:
            yield self._never_ran(own, test, results)

    def _ran(self, own: CaseAttempt, test: Test, result: Result) -> CaseAttempt:
        expected = test.expected_status or "passed"
        outcome, failure = Outcome.PASSED, None
        if result.status != expected:
            outcome, failure = self._failure(result, expected)
        started = moment(result.start_time or "")
        return own._replace(
            outcome=outcome,
            duration_ms=whole_ms(result.duration, self._notes),
            started_ms=None if started is None else started.ms,
            failure=failure,
            links=self._links(test, result),
        )

    def _failure(self, result: Result, expected: str) -> tuple[Outcome, Failure]:
        """How a try ended that did not end as expected."""
        errors = [result.error] if result.error else []
        errors += (result.errors or [])[len(errors) :]
        first = errors[0] if errors else Error()
        raw = first.message or first.value or ""
        kind, message = error_parts(raw)
        text = "\n\n".join(one.stack or one.message or one.value or "" for one in errors)
        if result.status == "passed":
            return Outcome.FAILED, Failure("", f"passed, but was expected to be {expected}", text)
        if not text:
            text = (_lines(plain(result.stderr)) or _lines(plain(result.stdout)))[-_OUTPUT_TAIL:]
        is_assertion = result.status == "failed" and (
            not raw or _EXPECT.search(f"{kind}: {message}" if kind else message)
        )
        return Outcome.FAILED if is_assertion else Outcome.ERRORED, Failure(kind, message or result.status or "", text)

    def _never_ran(self, own: CaseAttempt, test: Test, results: list[Result]) -> CaseAttempt:
        """A test that was skipped, not reached or interrupted; its reason is an annotation's."""
        reason = next(
            (one.description or "" for one in _annotations(test, results) if one.type in ("skip", "fixme", "fail")), ""
        )
        if not reason and any(result.status == "interrupted" for result in results):
            reason = "interrupted"
        elif not reason and test.expected_status != "skipped":
            reason = "did not run"
        return own._replace(failure=Failure("", reason, "") if reason else None)

    def _links(self, test: Test, result: Result) -> tuple[Link, ...]:
        links = [Link("attachment", one.path) for one in result.attachments or () if one.path]
        for one in _annotations(test, [result]):
            if (one.description or "").startswith(("http://", "https://")):
                links.append(Link("url", one.description or ""))
            else:
                links.extend(links_of([(one.type, one.description or "")]))
        return tuple(dict.fromkeys(links))[: self._limits.links_per_attempt]

    def _run_errors(self) -> Iterator[CaseAttempt]:
        """One errored case for each file that errors of the run name, and one for those that name none."""
        by_file: dict[str, list[Error]] = {}
        for error in self._report.errors or ():
            if self._stopped_early(error):
                continue
            file = error.location.file if error.location else ""
            by_file.setdefault(self._relative(file), []).append(error)
        for file, errors in by_file.items():
            kind, message = error_parts(errors[0].message or errors[0].value or "")
            text = "\n\n".join(one.stack or one.message or one.value or "" for one in errors)
            failure = Failure(kind, message.partition("\n")[0], text)
            yield CaseAttempt(file or "playwright", RUN_CASE, Outcome.ERRORED, failure=failure, file=self._path(file))

    def _stopped_early(self, error: Error) -> bool:
        """Whether an error only says that `--max-failures` was reached: the failures themselves are in the report."""
        is_stop = (error.message or "").startswith(_STOPPED)
        if is_stop:
            self._notes.add("the run was stopped early, at the number of failures that it allows")
        return is_stop

    def _classname(self, file: str, project: str) -> str:
        return f"[{project}]{SEPARATOR}{file}" if project and not self._is_alone else file

    def _relative(self, file: str) -> str:
        """A file that an error names, relative to the test folder; only its name where it lies elsewhere."""
        root = (self._config.root_dir or "").rstrip("/")
        file = file.replace("\\", "/")
        if root and file.startswith(root + "/"):
            return file[len(root) + 1 :]
        return file.rpartition("/")[2]

    def _path(self, file: str) -> str | None:
        """A file relative to the folder of the configuration."""
        return f"{self._folder}{file}" if file and not file.startswith("..") else file or None


def _specs(suites: list[Suite], titles: tuple[str, ...], limits: Limits) -> Iterator[tuple[tuple[str, ...], Spec]]:
    """Specs in the order of the report, with the titles of file and `describe` blocks around them."""
    if len(titles) > limits.depth:
        raise Refused("json-depth", f"suites are nested deeper than {limits.depth:,}; raise limits.depth to read it")
    for suite in suites:
        around = (*titles, suite.title if titles else suite.title or suite.file)
        for spec in suite.specs or ():
            yield around, spec
        yield from _specs(suite.suites or [], around, limits)


def _with_repeats(tests: list[Test]) -> Iterator[tuple[Test, int]]:
    """Tests of one spec, each with its number among those of its project: above 1 with `--repeat-each` only."""
    numbers: Counter[str] = Counter()
    for test in tests:
        numbers[test.project_name or ""] += 1
        yield test, numbers[test.project_name or ""]


def _test_folder(config: Config) -> str:
    """The test folder relative to that of the configuration file, with a slash at its end; empty where unknown.

    >>> _test_folder(Config(config_file="/ci/shop/playwright.config.ts", root_dir="/ci/shop/e2e"))
    'e2e/'
    """
    top = (config.config_file or "").replace("\\", "/").rpartition("/")[0] + "/"
    root = (config.root_dir or "").replace("\\", "/") + "/"
    return root[len(top) :] if len(top) > 1 and root.startswith(top) else ""


def _annotations(test: Test, results: list[Result]) -> list[Annotation]:
    found = list(test.annotations or ())
    for result in results:
        found.extend(result.annotations or ())
    return found


def _summed_up(test: Test, results: list[Result], ran: list[Result]) -> str:
    """How Playwright sums up the tries of a test.

    Source: `TestCase.outcome()` of Playwright 1.65, which the reporter counts by.
    """
    if not ran:
        return "skipped"
    expected = test.expected_status or "passed"
    as_expected = sum(result.status == expected for result in results)
    if as_expected == len(ran):
        return "expected"
    return "flaky" if as_expected else "unexpected"


def _ci_identity(metadata: dict[str, Any]) -> RunIdentity:
    """What Playwright itself takes from the CI server and from git."""
    ci, commit = metadata.get("ci"), metadata.get("gitCommit")

    def text(holder: object, key: str) -> str | None:
        value = holder.get(key) if isinstance(holder, dict) else None
        return value if isinstance(value, str) and value else None

    return RunIdentity(
        branch=text(ci, "branch") or text(commit, "branch"),
        revision=text(ci, "commitHash") or text(commit, "hash"),
        url=text(ci, "buildHref"),
    )


def _lines(output: Any) -> str:
    """Text of the pieces that a test wrote."""
    if not isinstance(output, list):
        return ""
    return "".join(str(piece.get("text") or "") for piece in output if isinstance(piece, dict))
