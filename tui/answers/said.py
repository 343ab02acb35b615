"""What people said of failures, brought to the test cases and streams that it is about.

`confirm` says that a change was the cause: a regression, or a defect of the test where the change is one of the tests.
`reclassify` and `resolve` say a verdict; a `resolve` without one says nothing of the cause. `quarantine` says flaky.
What is said of an incident holds for its members while it was red, what is said of a test for what was red just then.
"""

from __future__ import annotations

from collections.abc import Iterable

from analysis.ledger import Said
from ingest.model import ChangeTarget, Verdict
from store.read.tests import find_identities
from store.read.triage import TriageCall, list_calls, load_places
from tui.answers.basis import Basis

_FOREVER = 2**62
Key = tuple[int, int]
"""(stream row, test row)."""


def load_said(basis: Basis) -> dict[Key, tuple[Said, ...]]:
    """Every word by stream and test case, in the order in which it was said; with `--at` those said by then."""
    calls = list_calls(basis.connection, _FOREVER if basis.query.at is None else basis.window.now_ms)
    if not calls:
        return {}
    places = load_places(basis.connection, [call.subject for call in calls if call.subject_kind == "incident"])
    targets = {change.change_id: change.target for change in basis.feed.changes}
    found: dict[Key, list[Said]] = {}
    for call in calls:
        verdict = _verdict(call, targets)
        if verdict is None:
            continue
        if call.subject_kind == "incident":
            place = places.get(call.subject)
            keys, span = (place.members, (place.onset_ms, place.last_red_ms)) if place else ((), (0, 0))
        else:
            keys, span = tuple(_streams_of(basis, call.subject)), (call.at_ms, call.at_ms)
        for key in keys:
            found.setdefault(key, []).append(Said(*span, verdict, call.actor, call.at_ms))
    return {key: tuple(words) for key, words in found.items()}


def _verdict(call: TriageCall, targets: dict[str, ChangeTarget]) -> Verdict | None:
    if call.action == "quarantine":
        return Verdict.FLAKY
    if call.action == "confirm":
        return Verdict.TEST if targets.get(call.new_value) is ChangeTarget.TEST else Verdict.REGRESSION
    return next((verdict for verdict in Verdict if verdict.value == call.new_value), None)


def _streams_of(basis: Basis, subject: str) -> Iterable[Key]:
    """Every stream in scope with the one test case that a subject names."""
    rows = find_identities(basis.connection, subject, 2)
    return ((stream.stream_id, rows[0]) for stream in basis.streams) if len(rows) == 1 else ()
