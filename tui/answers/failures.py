"""What is red, and is it real? One row a red test case and stream."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.causes import NO_CAUSE, Cause
from ingest.model import Failure, Link, Result, RunRef, Scope, TestCase, Verdict
from store.connect import Connection
from store.read.results import load_links
from tui.answers.basis import Basis, load_basis
from tui.answers.causes import cause_of
from tui.answers.clusters import load_clusters
from tui.answers.incidents import list_incidents, owners_of
from tui.answers.judging import Judged, judge_red, only_asked_for
from tui.answers.query import Query, Window
from tui.answers.triage import ThreeOwners


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
    incident_of = {
        (case.test_id, scope): row.incident_id for row in list_incidents(basis, judged) for case, scope in row.tests
    }
    rows = [_row(basis, one, incident_of) for one in only_asked_for(basis, judged).values()]
    rows.sort(key=lambda row: (row.incident_id or "", row.case.identity, row.scope))
    return FailuresAnswer(basis.window, tuple(rows))


def _row(basis: Basis, one: Judged, incident_of: dict[tuple[str, Scope], str]) -> FailureRow:
    links = load_links(basis.connection, one.attempt) if one.attempt is not None else ()
    if one.run.url:
        links = (*links, Link("url", one.run.url))
    return FailureRow(
        one.case,
        one.stream.scope,
        one.run,
        Result(one.result),
        one.judgement.verdict,
        one.judgement.age,
        incident_of.get((one.case.test_id, one.stream.scope)),
        one.signature,
        owners_of(basis, one),
        one.message,
        links,
        load_clusters(basis).id_of(one.signature),
        cause_of(basis.query.settings, one.title, Failure(one.kind, one.message, one.text)),
    )
