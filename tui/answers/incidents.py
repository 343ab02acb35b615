"""Red test cases grouped into incidents, worst first."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.clusters import group_incidents, one_group
from analysis.records import IncidentGroup, RedTest
from ingest.model import Failure, Link, Verdict
from store.read.results import load_links
from tui.answers.basis import Basis
from tui.answers.causes import cause_of
from tui.answers.clusters import Clusters, load_clusters
from tui.answers.judging import Judged, judge_red, only_asked_for
from tui.answers.owner_book import team_of
from tui.answers.suspects import changes_between
from tui.answers.triage import IncidentRow, Radius, ThreeOwners, by_weight

WORTH_SHOWING = 0.2
"""Probability from which a suspect speaks for grouping."""
SUSPECTS_GROUPED = 2
UNDECIDED_NEW, UNDECIDED_LONG = 0.3, 0.02
"""P(someone must act now) where the cause cannot be told: what has been red for weeks waits behind what is new."""


def list_incidents(basis: Basis, judged: dict[tuple[int, int], Judged] | None = None) -> tuple[IncidentRow, ...]:
    """Incidents that are red now from the facts alone, by P(someone must act) x blast radius x criticality.

    With a filter those that hold a test case that passes it, whole: an incident is one and the same to everybody.

    Args:
        judged: from `judge_red`, of all that is red.
    """
    if judged is None:
        judged = judge_red(basis)
    asked = {(one.case.test_id, one.stream.scope) for one in only_asked_for(basis, judged).values()}
    by_key = {(one.case.test_id, one.stream.scope): one for one in judged.values()}
    clusters = load_clusters(basis, {one.signature for one in judged.values()})
    groups = group_incidents([_red_test(one, clusters) for one in judged.values() if one.judgement.onset.first_bad])
    rows = [
        _row(basis, group, by_key[group.lead.case.test_id, group.lead.scope])
        for group in groups
        if any((member.case.test_id, member.scope) in asked for member in group.members)
    ]
    return by_weight(rows)


def describe(basis: Basis, chosen: Sequence[Judged]) -> IncidentRow:
    """Red tests that are one incident because people say so."""
    red = {(one.case.test_id, one.stream.scope): one for one in chosen}
    clusters = load_clusters(basis, {one.signature for one in chosen})
    group = one_group([_red_test(one, clusters) for one in chosen])
    return _row(basis, group, red[group.lead.case.test_id, group.lead.scope])


def owners_of(basis: Basis, one: Judged) -> ThreeOwners:
    """Owners of a red test, of its environment or job, and of the most suspected service."""
    book = basis.owners
    suspect = next((h for h in one.judgement.hypotheses if h.kind == "change" or h.target == "test"), None)
    suspected: tuple[str, ...] = ()
    if suspect is not None and suspect.probability >= WORTH_SHOWING:
        service = suspect.service or (suspect.change.service if suspect.change else None)
        suspected = one.owners if suspect.target == "test" else book.of_service(service)
    return ThreeOwners(one.owners, book.of_test(one.case).source, book.of_environment(one.stream.scope), suspected)


def _red_test(one: Judged, clusters: Clusters) -> RedTest:
    onset = one.judgement.onset
    assert onset.first_bad is not None
    top = one.judgement.hypotheses[0] if one.judgement.hypotheses else None
    changes = [h for h in one.judgement.hypotheses if h.kind == "change" and h.probability >= WORTH_SHOWING]
    return RedTest(
        one.case,
        one.stream.scope,
        onset.first_bad,
        onset.last_good,
        clusters.id_of(one.signature),
        tuple(h.change.change_id for h in changes[:SUSPECTS_GROUPED] if h.change),
        one.services,
        tuple(sorted({team_of(owner) for owner in one.owners})),
        top is not None and top.kind == "environment",
    )


def _row(basis: Basis, group: IncidentGroup, lead: Judged) -> IncidentRow:
    judgement = lead.judgement
    onset = judgement.onset
    assert onset.first_bad is not None
    links = load_links(basis.connection, lead.attempt) if lead.attempt is not None else ()
    if lead.run.url:
        links = (*links, Link("url", lead.run.url))
    members = group.members
    flows = [flow for member in members for flow in basis.query.settings.flows_of(member.case.identity)]
    services = tuple(sorted({service for member in members for service in member.services}))
    teams = tuple(sorted({team for member in members for team in member.teams}))
    return IncidentRow(
        group.incident_id,
        judgement.verdict,
        judgement.probability,
        _title(lead),
        lead.stream.scope,
        lead.case,
        tuple((member.case, member.scope) for member in group.members),
        judgement.age,
        onset.first_bad.started_ms,
        Radius(group.radius.tests, len(services), len(teams)),
        owners_of(basis, lead),
        judgement.hypotheses,
        onset,
        changes_between(basis, onset, lead.stream.scope.environment),
        lead.message,
        lead.text,
        links,
        lead.red_runs,
        _act_probability(lead),
        criticality=max((flow.criticality for flow in flows), default=1.0),
        cluster=load_clusters(basis).id_of(lead.signature),
        cause=cause_of(basis.query.settings, lead.title, Failure(lead.kind, lead.message, lead.text)),
        last_red_ms=lead.run.started_ms,
        services=services,
        teams=teams,
        flows=tuple(sorted({flow.name for flow in flows})),
        reason=judgement.reason,
    )


def _title(lead: Judged) -> str:
    if lead.title:
        return lead.title
    first = next((line.strip() for line in lead.message.splitlines() if line.strip()), "")
    return first or lead.case.name


def _act_probability(lead: Judged) -> float:
    """P(someone must act): everything but a flake; less where nothing can be told, little of what stands for long."""
    if lead.judgement.verdict is Verdict.UNDECIDED or not lead.judgement.hypotheses:
        return UNDECIDED_LONG if lead.judgement.age == "long-standing" else UNDECIDED_NEW
    return 1.0 - sum(h.probability for h in lead.judgement.hypotheses if h.kind == "flake")
