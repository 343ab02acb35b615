"""What broke it: competing hypotheses for a red test case or an incident."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from analysis.ledger import Said
from analysis.records import ABSENT, Hypothesis, Onset
from ingest.model import PRE_MERGE_BRANCH, Change, Result, Scope, TestCase, Verdict
from store.connect import Connection
from store.read import tests
from store.read.regrouping import current_idents
from store.read.rows import StreamRow, TestInfo
from tui.answers.basis import Basis, load_basis
from tui.answers.histories import load_history
from tui.answers.judging import WITHOUT_ONSET, Judged, judge_last_failure, judge_red
from tui.answers.naming import find_test
from tui.answers.query import DAY_MS, Query
from tui.answers.triage import ThreeOwners
from tui.errors import NoMatch

_NOBODY = ThreeOwners()
_INCIDENT = re.compile(r"i-[0-9a-f]{8,16}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SuspectsAnswer:
    """The hypotheses for one test case in one stream; their probabilities sum to 1."""

    case: TestCase
    scope: Scope
    verdict: Verdict
    probability: float
    """Of the verdict."""
    age: str
    onset: Onset
    other_scopes: tuple[tuple[Scope, Verdict, str], ...]
    """Other streams of the case: (scope, verdict, age)."""
    hypotheses: tuple[Hypothesis, ...]
    between: tuple[Change, ...]
    """Changes between last good and first bad, oldest first."""
    before_merge: tuple[int, int] | None = None
    """Red and all pre-merge runs since the first bad run, in its environment or in none; no term weighs them."""
    owners: ThreeOwners = _NOBODY
    """Of the test, its environment and what is suspected: of a defect of the test, the test's."""
    reason: str = ""
    """Why the model cannot tell: `not enough data (2 runs)`; empty where it can."""
    called: Said | None = None
    """What people call it, which is the verdict then."""
    model: tuple[Verdict, float] = (Verdict.PASSING, 1.0)
    """Verdict and probability by the model, whatever people call it."""


def answer_suspects(connection: Connection, query: Query, what: str) -> SuspectsAnswer:
    """Hypotheses for a test case (any unambiguous part of its identity) or incident id.

    Raises:
        tui.errors.NoMatch: nothing, or more than one thing, matches; holds the nearest names.
    """
    basis = load_basis(connection, query)
    if basis is None:
        raise NoMatch("test", what)
    if _INCIDENT.fullmatch(what):
        from tui.answers.handled import handled_rows
        from tui.answers.incidents import list_incidents  # imports this module

        ident = current_idents(connection, [what.lower()])[what.lower()]
        rows = handled_rows(connection, query, basis.window, list_incidents(basis))
        row = next((row for row in rows if row.incident_id == ident), None)
        if row is None:
            raise NoMatch("incident", what)
        return _with_before_merge(basis, find_test(connection, row.lead.identity), row.scope)
    return _with_before_merge(basis, find_test(connection, what))


def _with_before_merge(basis: Basis, info: TestInfo, scope: Scope | None = None) -> SuspectsAnswer:
    """The answer of `suspects_of`, with what merge requests' runs saw since the failure began."""
    answer = suspects_of(basis, info, scope)
    if answer.onset.first_bad is None:
        return answer
    present = set(tests.list_streams_of(basis.connection, info.test_row))
    red = ran = 0
    for stream in basis.streams:
        where = stream.scope
        is_beside = where.branch == PRE_MERGE_BRANCH and where.environment in ("", answer.scope.environment)
        if is_beside and stream.stream_id in present:
            since_ms, until_ms = answer.onset.first_bad.started_ms, basis.window.until_ms
            results = load_history(basis, stream, since_ms, until_ms, [info.test_row]).history.results
            red += int(np.isin(results, (Result.FAILED, Result.ERRORED)).sum())
            ran += int(((results != ABSENT) & (results != Result.SKIPPED)).sum())
    return replace(answer, before_merge=(red, ran) if ran else None)


def suspects_of(basis: Basis, info: TestInfo, scope: Scope | None = None) -> SuspectsAnswer:
    """Hypotheses for one case in the stream where it is red now; where none is, in the one it last ran in.

    Args:
        scope: of the stream meant, where it is red in several; the newest by default.
    """
    from tui.answers.incidents import owners_of  # imports this module

    judged = judge_red(basis, frozenset((info.test_row,)))
    if not judged:
        chosen = _newest(basis, info, judge_last_failure)
        if chosen is None:
            return _passing(basis, info)
    else:
        chosen = min(
            judged.values(), key=lambda one: (one.stream.scope != scope, -one.run.started_ms, one.stream.scope)
        )
    onset = chosen.judgement.onset
    return SuspectsAnswer(
        info.case,
        chosen.stream.scope,
        chosen.verdict,
        chosen.judgement.probability if chosen.called is None else 1.0,
        chosen.judgement.age,
        onset,
        _others(basis, info, chosen.stream.scope, judged),
        chosen.judgement.hypotheses or WITHOUT_ONSET,
        changes_between(basis, onset, chosen.stream.scope.environment),
        owners=owners_of(basis, chosen),
        reason=chosen.judgement.reason,
        called=chosen.called,
        model=(chosen.judgement.verdict, chosen.judgement.probability),
    )


def _newest(basis: Basis, info: TestInfo, judge: Callable[[Basis, StreamRow, int], Judged | None]) -> Judged | None:
    """The newest judgement of a case over the baseline streams it ran in."""
    present = set(tests.list_streams_of(basis.connection, info.test_row))
    streams = [row for row in basis.baseline if row.stream_id in present]
    found = [one for one in (judge(basis, row, info.test_row) for row in streams) if one is not None]
    return min(found, key=lambda one: (-one.run.started_ms, one.stream.scope), default=None)


def changes_between(basis: Basis, onset: Onset, environment: str) -> tuple[Change, ...]:
    """Changes of an environment and of the tests recorded from the last good to the first bad run, oldest first."""
    if onset.first_bad is None:
        return ()
    since_ms = onset.last_good.started_ms if onset.last_good else onset.first_bad.started_ms - DAY_MS
    until_ms = onset.first_bad.ended_ms or onset.first_bad.started_ms
    return tuple(
        change
        for change in basis.feed.changes
        if since_ms <= change.at_ms <= until_ms and change.environment in ("", environment)
    )


def _others(
    basis: Basis, info: TestInfo, chosen: Scope, judged: dict[tuple[int, int], Judged]
) -> tuple[tuple[Scope, Verdict, str], ...]:
    present = set(tests.list_streams_of(basis.connection, info.test_row))
    others = []
    for stream in basis.baseline:
        if stream.stream_id not in present or stream.scope == chosen:
            continue
        one = judged.get((stream.stream_id, info.test_row))
        verdict = Verdict.PASSING if one is None else one.verdict
        others.append((stream.scope, verdict, "" if one is None else one.judgement.age))
    return tuple(sorted(others))


def _passing(basis: Basis, info: TestInfo) -> SuspectsAnswer:
    """The answer for a case that is not red anywhere."""
    present = set(tests.list_streams_of(basis.connection, info.test_row))
    streams = [row for row in (*basis.baseline, *basis.streams) if row.stream_id in present]
    if not streams:
        raise NoMatch("test", info.case.identity)
    scope = streams[0].scope
    others = _others(basis, info, scope, {})
    return SuspectsAnswer(info.case, scope, Verdict.PASSING, 1.0, "", Onset(None, None), others, (), ())
