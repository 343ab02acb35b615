"""What is red, and is it real? One row a red test case and stream."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.causes import NO_CAUSE, Cause
from analysis.handling import Stretch
from analysis.ledger import Said
from ingest.model import Failure, Link, Result, RunRef, Scope, TestCase, Verdict
from store.connect import Connection
from store.read.results import load_links
from tui.answers.basis import Basis, load_basis
from tui.answers.causes import cause_of
from tui.answers.clusters import load_clusters
from tui.answers.handled import handled_rows, test_states
from tui.answers.incidents import list_incidents, owners_of
from tui.answers.judging import Judged, judge_red, only_asked_for
from tui.answers.query import Query, Window
from tui.answers.triage import NEW, IncidentRow, ThreeOwners


@dataclass(frozen=True, slots=True)
class FailureRow:
    """A test case whose last complete baseline run in a stream is red, or that was red in the window (`all_runs`)."""

    case: TestCase
    scope: Scope
    run: RunRef
    result: Result
    verdict: Verdict
    age: str
    incident_id: str | None
    signature: str
    owners: ThreeOwners
    message: str
    links: tuple[Link, ...]
    cluster: str = ""
    """Stable id of the cluster of its signature; empty without a signature."""
    cause: Cause = NO_CAUSE
    """What kind of cause it speaks of."""
    state: str = NEW
    """What people did with the test, else with its incident: `acknowledged by ada`, `quarantined until 2026-12-03`."""
    probability: float | None = None
    """Of the verdict; None where it is undecided, 1 where people said it."""
    called: Said | None = None
    """What people call it, which is the verdict then."""
    model: tuple[Verdict, float] = (Verdict.UNDECIDED, 0.0)
    """Verdict and probability by the model, whatever people call it."""


@dataclass(frozen=True, slots=True)
class FailuresAnswer:
    """Red rows, ordered by incident, then identity, then scope."""

    window: Window | None
    rows: tuple[FailureRow, ...]


def answer_failures(connection: Connection, query: Query) -> FailuresAnswer:
    """Everything that is red now under the filters of `query`."""
    basis = load_basis(connection, query)
    if basis is None:
        return FailuresAnswer(None, ())
    judged = judge_red(basis)
    incidents = handled_rows(connection, query, basis.window, list_incidents(basis, judged))
    incident_of = {(case.test_id, scope): row for row in incidents for case, scope in row.tests}
    asked = list(only_asked_for(basis, judged).values())
    states = test_states(connection, query, basis.window, [_stretch(one) for one in asked])
    rows = [_row(basis, one, incident_of, states.get(one.case.test_id, NEW)) for one in asked]
    rows.sort(key=lambda row: (row.incident_id or "", row.case.identity, row.scope))
    return FailuresAnswer(basis.window, tuple(rows))


def _stretch(one: Judged) -> tuple[str, Stretch]:
    first = one.judgement.onset.first_bad or one.run
    return one.case.test_id, Stretch(first.started_ms, one.run.started_ms)


def _row(basis: Basis, one: Judged, incident_of: dict[tuple[str, Scope], IncidentRow], own_state: str) -> FailureRow:
    incident = incident_of.get((one.case.test_id, one.stream.scope))
    links = load_links(basis.connection, one.attempt) if one.attempt is not None else ()
    if one.run.url:
        links = (*links, Link("url", one.run.url))
    return FailureRow(
        one.case,
        one.stream.scope,
        one.run,
        Result(one.result),
        one.verdict,
        one.judgement.age,
        incident.incident_id if incident else None,
        one.signature,
        owners_of(basis, one),
        one.message,
        links,
        load_clusters(basis).id_of(one.signature),
        cause_of(basis.query.settings, one.title, Failure(one.kind, one.message, one.text)),
        own_state if own_state != NEW or incident is None else incident.state,
        one.probability,
        one.called,
        (one.judgement.verdict, one.judgement.probability),
    )
