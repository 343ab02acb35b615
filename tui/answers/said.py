"""What people said of failures, brought to the test cases and streams that it is about.

`confirm` says that a change was the cause: a regression, or a defect of the test where the change is one of the tests.
`reclassify` and `resolve` say a verdict; a `resolve` without one says nothing of the cause. `quarantine` says flaky.
What is said of an incident holds for its members while it was red, what is said of a test for what was red just then.

Of what is red now the last `reclassify` or `confirm` of its red stretch is the headline wherever a verdict is shown,
and the model's stands beside it. A quarantine sets aside and is no such word.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from analysis.ledger import Said
from ingest.model import ChangeTarget, Scope, Verdict
from store.connect import Connection
from store.read.changes import load_targets
from store.read.streams import list_streams
from store.read.tests import find_identities, load_tests
from store.read.triage import TriageCall, list_calls, load_places
from tui.answers.query import Query, Window

_EVER = 2**62
_OF_NOW = ("confirm", "reclassify")
Key = tuple[int, int]
"""(stream row, test row)."""


def load_said(connection: Connection, query: Query, window: Window) -> dict[Key, tuple[Said, ...]]:
    """Every word by stream and test case, in the order in which it was said; with `--at` those said by then."""
    return _bring(connection, list_calls(connection, _EVER if query.at is None else window.now_ms))


def load_called(connection: Connection, query: Query, window: Window) -> dict[Key, tuple[Said, ...]]:
    """The same of what may be the headline of something red now."""
    calls = list_calls(connection, _EVER if query.at is None else window.now_ms)
    return _bring(connection, [call for call in calls if call.action in _OF_NOW])


def called_by_case(connection: Connection, query: Query, window: Window) -> dict[tuple[str, Scope], tuple[Said, ...]]:
    """The same by `test_id` and stream."""
    called = load_called(connection, query, window)
    cases = load_tests(connection, {test for _, test in called})
    scopes = {row.stream_id: row.scope for row in list_streams(connection)} if called else {}
    return {(cases[test].case.test_id, scopes[stream]): words for (stream, test), words in called.items()}


def last_word(words: Iterable[Said], since_ms: int) -> Said | None:
    """The last word on a stretch that is red since a moment; None where nobody said anything of it."""
    of_now = [word for word in words if word.since_ms <= word.at_ms and word.until_ms >= since_ms]
    return of_now[-1] if of_now else None


def _bring(connection: Connection, calls: Sequence[TriageCall]) -> dict[Key, tuple[Said, ...]]:
    if not calls:
        return {}
    places = load_places(connection, [call.subject for call in calls if call.subject_kind == "incident"])
    streams = [row.stream_id for row in list_streams(connection)]
    targets = load_targets(connection, [call.new_value for call in calls if call.action == "confirm"])
    found: dict[Key, list[Said]] = {}
    for call in calls:
        verdict = _verdict(call, targets)
        if verdict is None:
            continue
        if call.subject_kind == "incident":
            place = places.get(call.subject)
            keys, span = (place.members, (place.onset_ms, place.last_red_ms)) if place else ((), (0, 0))
        else:
            keys, span = tuple(_places_of(connection, streams, call.subject)), (call.at_ms, call.at_ms)
        for key in keys:
            found.setdefault(key, []).append(Said(*span, verdict, call.actor, call.at_ms))
    return {key: tuple(words) for key, words in found.items()}


def _verdict(call: TriageCall, targets: dict[str, ChangeTarget]) -> Verdict | None:
    if call.action == "quarantine":
        return Verdict.FLAKY
    if call.action == "confirm":
        return Verdict.TEST if targets.get(call.new_value) is ChangeTarget.TEST else Verdict.REGRESSION
    return next((verdict for verdict in Verdict if verdict.value == call.new_value), None)


def _places_of(connection: Connection, streams: Sequence[int], subject: str) -> Iterable[Key]:
    """Every stream with the one test case that a subject names."""
    rows = find_identities(connection, subject, 2)
    return ((stream, rows[0]) for stream in streams) if len(rows) == 1 else ()
