"""Do I have to act, and where? The incidents that are red now, worst first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from analysis.causes import NO_CAUSE, Cause
from analysis.hypotheses import Hypothesis, Onset
from ingest.model import Change, Link, Scope, TestCase, Verdict
from store.connect import Connection
from tui.answers.health import Health, answer_health
from tui.answers.query import Query, Window

if TYPE_CHECKING:
    from tui.answers.rankings import Rankings

REAL = (Verdict.REGRESSION, Verdict.UNRECORDED, Verdict.TEST)
"""Verdicts under which somebody has to change something; an open outage is counted by itself."""
NEW, QUARANTINED, RESOLVED = "new", "quarantined", "resolved"


@dataclass(frozen=True, slots=True)
class Radius:
    """How far a failure reaches."""

    tests: int
    services: int
    teams: int


@dataclass(frozen=True, slots=True)
class ThreeOwners:
    """Three different answers to "whose is it?"; empty where nobody is known."""

    test: tuple[str, ...] = ()
    test_source: str = ""
    """Where the owner of the test comes from, such as `CODEOWNERS tests/checkout/`."""
    environment: tuple[str, ...] = ()
    suspect: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class DoneBefore:
    """Something that a person did."""

    at_ms: int
    actor: str
    words: str
    """Such as `claimed it until fixed`."""


@dataclass(frozen=True, slots=True)
class IncidentRow:
    """Failures triaged together."""

    incident_id: str
    """Stable, such as `i-3fa9c2d1`."""
    verdict: Verdict
    probability: float
    """Of the verdict; 1 where people said it."""
    title: str
    """What happens, in one clean line, from the deciding line of the failure."""
    scope: Scope
    """Of the lead test."""
    lead: TestCase
    tests: tuple[tuple[TestCase, Scope], ...]
    """All that are red in it, the lead first."""
    age: str
    since_ms: int
    """Start of the first bad run."""
    radius: Radius
    owners: ThreeOwners
    hypotheses: tuple[Hypothesis, ...]
    """Sorted by probability; the first change among them is the top suspect."""
    onset: Onset
    between: tuple[Change, ...]
    """Changes between last good and first bad, oldest first."""
    message: str
    """The failure of the lead's newest red run: first line."""
    text: str
    links: tuple[Link, ...]
    red_runs: int
    """Red runs of the lead within its current streak."""
    act_probability: float
    """P(someone must act): regression, open outage, unrecorded change or defect of the test."""
    state: str = NEW
    """`new`, or what people did: `acknowledged by ada`, `quarantined until 2026-12-03`."""
    criticality: float = 1.0
    cluster: str = ""
    """Stable id of the lead's cluster; empty without a signature."""
    cause: Cause = NO_CAUSE
    """What kind of cause the lead's failure speaks of."""
    last_red_ms: int = 0
    """Start of the lead's newest red run."""
    version: int = 0
    """Id of the last triage event on it or its tests; what is done next is done on top of it."""
    deeds: tuple[DoneBefore, ...] = ()
    """What people did with it and its tests, newest first."""
    services: tuple[str, ...] = ()
    """Those that its tests exercise, by name; so are the next two."""
    teams: tuple[str, ...] = ()
    """Owners of its tests."""
    flows: tuple[str, ...] = ()
    """Journeys that its tests belong to."""
    called_by: str = ""
    """Who called its lead what the verdict says; empty: it is the model's."""
    model: tuple[Verdict, float] | None = None
    """Verdict and probability by the model where somebody called it something."""
    reason: str = ""
    """Why the model decided nothing; empty where it did."""

    @property
    def suspect(self) -> Hypothesis | None:
        """The most probable recorded change."""
        return next((h for h in self.hypotheses if h.kind == "change"), None)


@dataclass(frozen=True, slots=True)
class SessionNow:
    """A session on call that goes on."""

    name: str
    actor: str
    since_ms: int
    handled: int
    """Incidents and tests with which anybody did something in it."""


@dataclass(frozen=True, slots=True)
class TriageAnswer:
    """The Triage screen: what is red now, and what was looked at."""

    window: Window | None
    """None in an empty store."""
    incidents: tuple[IncidentRow, ...]
    """By P(someone must act) x blast radius x criticality, largest first."""
    health: Health
    counts: dict[str, int]
    """Verdict -> incidents; `real` sums those that someone must act on, `quarantined` and `resolved` are in neither."""
    session: SessionNow | None = None
    """The session on call that goes on."""
    is_old: bool = False
    """More was written since it was worked out; shown until a newer one is there."""


def answer_triage(connection: Connection, query: Query) -> TriageAnswer:
    """Incidents that are red now under the filters of `query`; as kept by the last writer where that still holds."""
    from tui.answers.kept import load_kept

    return load_kept(connection, query) or lay_over(connection, query, work_out_triage(connection, query))


def lay_over(connection: Connection, query: Query, answer: TriageAnswer) -> TriageAnswer:
    """An answer from facts alone with what people did: states, their verdicts, what is set aside counted apart."""
    from store.read.triage import has_session, last_event

    if answer.window is None or last_event(connection) == (0, 0):
        return answer
    from tui.answers.handled import handled_rows

    incidents = handled_rows(connection, query, answer.window, answer.incidents)
    session = None
    if query.at is None and has_session(connection):
        from tui.answers.sessions import session_now  # the first paint waits for what is imported here

        session = session_now(connection, query)
    return replace(answer, incidents=incidents, counts=count_verdicts(incidents), session=session)


def work_out_triage(connection: Connection, query: Query, rankings: Rankings | None = None) -> TriageAnswer:
    """The same from the facts alone, whatever people did.

    Args:
        rankings: says afterwards what was ranked.
    """
    from tui.answers.basis import load_basis
    from tui.answers.incidents import list_incidents

    health = answer_health(connection, query)
    basis = load_basis(connection, query)
    if basis is None:
        return TriageAnswer(None, (), health, {})
    if rankings is not None:
        basis.rankings = rankings
    incidents = list_incidents(basis)
    return TriageAnswer(basis.window, incidents, health, count_verdicts(incidents))


def count_verdicts(incidents: Iterable[IncidentRow]) -> dict[str, int]:
    """Incidents by verdict; apart those in quarantine, and those that somebody resolved and that are red still."""
    apart = (QUARANTINED, RESOLVED)
    kinds = (next((word for word in apart if row.state.startswith(word)), str(row.verdict)) for row in incidents)
    counts = Counter(kinds)
    counts["real"] = sum(counts[verdict] for verdict in REAL)
    return dict(counts)


def weight(row: IncidentRow) -> float:
    """P(someone must act) x blast radius x criticality."""
    radius = row.radius
    return row.act_probability * (radius.tests + radius.services + radius.teams) * row.criticality


def by_weight(rows: Iterable[IncidentRow]) -> tuple[IncidentRow, ...]:
    """Incidents in the order of the list, what weighs most first."""
    return tuple(sorted(rows, key=lambda row: (-weight(row), row.since_ms, row.incident_id)))
