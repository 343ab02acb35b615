"""Reads the JSON report of mochawesome, also several merged into one by mochawesome-merge, and of Cypress.

Rules:

- Class name: the path of the test file where it is known and the titles of the suites around the case, joined by
  ` > `. Name: the title of the case. mochawesome names the file on suites, not on the root suite.
- `pending` (left out by its author) and `skipped` (never reached, because a hook failed) are skipped.
- A failed hook is an errored attempt named after suite and hook, see `mocha`.
- Retries are not in the report: a case is one attempt.
- `context` (from `addContext`): titled values that name services or links; web addresses; files that were attached.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, BinaryIO, NamedTuple

import msgspec

from ingest.checkout import checkout_paths
from ingest.formats.batches import batches
from ingest.formats.javascript import text_pairs
from ingest.formats.json_reader import decode, plain, read_document
from ingest.formats.json_values import whole_ms
from ingest.formats.mocha import Stats, failure_of, hook_name, identity_of_stats
from ingest.formats.notes import Notes
from ingest.formats.properties import links_of, services_of
from ingest.formats.sink import ReportSink
from ingest.limits import Limits
from ingest.model import CaseAttempt, Failure, Link, Outcome

_NOTHING = msgspec.Raw(b"")
_ATTACHED = re.compile(r"(?!data:)[^\n]{1,500}\.(?:png|jpe?g|gif|webp|svg|mp4|webm|zip|log|txt|json|html?|har)", re.I)


class _Test(msgspec.Struct, gc=False, rename="camel"):
    """A case or a hook."""

    title: str | None = None
    state: str | None = None
    is_pass: bool | None = msgspec.field(default=None, name="pass")
    fail: bool | None = None
    pending: bool | None = None
    skipped: bool | None = None
    is_hook: bool | None = None
    duration: msgspec.Raw = _NOTHING
    err: msgspec.Raw = _NOTHING
    context: msgspec.Raw = _NOTHING


class _Suite(msgspec.Struct, rename="camel"):
    """A suite with what is inside it."""

    title: str | None = None
    file: str | None = None
    full_file: str | None = None
    tests: list[_Test] | None = None
    before_hooks: list[_Test] | None = None
    after_hooks: list[_Test] | None = None
    suites: list[_Suite] | None = None


class _Report(msgspec.Struct):
    """The document."""

    stats: Stats
    results: list[_Suite | None]


class _Place(NamedTuple):
    """A suite and where it lies."""

    suite: _Suite
    titles: tuple[str, ...]
    file: str
    """As written."""


def read(stream: BinaryIO, limits: Limits, sink: ReportSink) -> None:
    """Hand over the attempts, identity and warnings of one document.

    Raises:
        Refused: `json-syntax`, `json-truncated`, `json-depth`, `json-encoding`, `schema` (with the JSON path),
            `too-large` or `empty-file`.
    """
    report = decode(read_document(stream, limits), _Report)
    notes = Notes()
    sink.identity(identity_of_stats(report.stats))
    places = list(_places(report))
    paths = checkout_paths({place.file for place in places})
    for batch in batches(_attempts(places, paths, limits, notes)):
        sink.attempts(batch)
    cases = sum(len(place.suite.tests or ()) for place in places)
    stated = plain(report.stats.tests_registered)
    if isinstance(stated, int) and stated != cases:
        notes.add(f"the report states {stated:,} tests and holds {cases:,}")
    notes.tell(sink)


def _places(report: _Report) -> Iterator[_Place]:
    """All suites, outer before inner, in the order of the document."""
    waiting = [_Place(suite, (), "") for suite in reversed(report.results) if suite is not None]
    while waiting:
        suite, titles, outer = waiting.pop()
        if suite.title:
            titles = (*titles, suite.title)
        file = _file_of(suite) or outer
        yield _Place(suite, titles, file)
        waiting.extend(_Place(inner, titles, file) for inner in reversed(suite.suites or ()))


def _file_of(suite: _Suite) -> str:
    """The path below the folder that the tool ran in, which mochawesome writes with a slash before it."""
    file, whole = suite.file or "", suite.full_file or ""
    return file.lstrip("/\\") if file != whole else file


def _attempts(places: list[_Place], paths: dict[str, str], limits: Limits, notes: Notes) -> Iterator[CaseAttempt]:
    for suite, titles, file in places:
        path = paths[file] or None
        classname = " > ".join((path, *titles) if path else titles)
        for test in (*(suite.before_hooks or ()), *(suite.tests or ()), *(suite.after_hooks or ())):
            outcome = _outcome(test, notes)
            if test.is_hook and outcome is not Outcome.FAILED:
                continue
            services, links = _declared(plain(test.context), limits)
            yield CaseAttempt(
                classname,
                hook_name((test.title or "").strip()) or "(no name)",
                Outcome.ERRORED if test.is_hook else outcome,
                whole_ms(test.duration, notes),
                None,
                _failure(test) if outcome in (Outcome.FAILED, Outcome.ERRORED) else None,
                path,
                0,
                services,
                links,
            )


def _outcome(test: _Test, notes: Notes) -> Outcome:
    if test.fail or test.state == "failed":
        return Outcome.FAILED
    if test.pending or test.skipped or test.state in ("pending", "skipped"):
        return Outcome.SKIPPED
    if test.is_pass or test.state == "passed":
        return Outcome.PASSED
    if not test.is_hook:
        notes.add("a test without a state counts as errored", test.title or "")
    return Outcome.ERRORED


def _failure(test: _Test) -> Failure:
    """The error, with the difference between expected and actual value after its stack."""
    error = plain(test.err)
    known = failure_of(error, "estack")
    difference = error.get("diff") if isinstance(error, dict) else None
    return known._replace(text=f"{known.text}\n\n{difference}") if isinstance(difference, str) and difference else known


def _declared(context: Any, limits: Limits) -> tuple[tuple[str, ...], tuple[Link, ...]]:
    """Services and links in a test's context: JSON inside a string, one item or a list of them."""
    if isinstance(context, str):
        decoded = plain(msgspec.Raw(context.encode()))
        context = context if decoded is None else decoded
    if context is None:
        return (), ()
    pairs: list[tuple[str, str]] = []
    links: list[Link] = []
    for item in context if isinstance(context, list) else [context]:
        named = text_pairs({str(item.get("title")): item.get("value")} if isinstance(item, dict) else {"": item})
        pairs += named
        links += [link for _, text in named if (link := _link(text)) is not None]
    links += links_of(pairs)
    return services_of(pairs)[: limits.services_per_case], tuple(dict.fromkeys(links))[: limits.links_per_attempt]


def _link(text: str) -> Link | None:
    """A web address or the name of a file; None for any other text, pictures inside the report among them."""
    if text.startswith(("http://", "https://")) and len(text) <= 2_000:
        return Link("url", text)
    return Link("attachment", text) if _ATTACHED.fullmatch(text) else None
