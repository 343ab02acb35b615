"""Who broke it: every recorded change against an outage, an unrecorded change and a flake, in one joint model.

`rank_suspects` is the only thing others call; how it scores may change, what it takes and gives does not.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from analysis import calibration as weights
from analysis.beta_function import Floats
from analysis.candidates import (
    HOUR_MS,
    Candidate,
    Streak,
    end_ms,
    find_candidates,
    find_streak,
)
from analysis.errors import AnalysisError
from analysis.explanation import OWN_FILE, Case, Scored, explain
from analysis.exposure import (
    EVERYTHING,
    Scopes,
    levels_of_commit,
    name_of,
    reachable,
    with_scope,
)
from analysis.joint import (
    Odds,
    Stage,
    break_score,
    explain_away,
    outage_score,
    trigger_odds,
)
from analysis.likelihood import count_witnesses, few_witnesses, observe, severity_shares
from analysis.outages import columns_of
from analysis.records import Hypothesis, SuspectQuestion
from analysis.same_code import is_covered
from analysis.texts import changed_file_named, files_in, named_services, texts_of
from analysis.weighing import LastWeighed, observed, odds_of, services_of, shared_of
from ingest.model import Change, ChangeKind, ChangeTarget

Ints = npt.NDArray[np.int64]

_PLACES = "places"
"""Name of what is worked out once a history: the place of each test case."""


@dataclass(frozen=True, slots=True)
class _Mentions:
    """What the trigger's texts name, and how that speaks for each scope."""

    services: frozenset[str]
    files: frozenset[str]
    by_scope: dict[str, float]
    """Log odds of a cause in each service scope."""


def rank_suspects(question: SuspectQuestion, last: LastWeighed | None = None) -> tuple[Hypothesis, ...]:
    """Competing explanations of the trigger's last failures, most probable first; their probabilities sum to 1.

    One hypothesis a candidate change, and one each for an outage, an unrecorded change and a flake. Ties are broken by
    kind, then by the change's recorded time (newest first) and id. Empty where the trigger never failed in the history.

    Args:
        last: from the question before, and for the next one; what is said does not depend on it.

    Raises:
        AnalysisError: if the trigger is not among the history's test cases.

    Source: docs/how-it-decides.md, Suspects.
    """
    last = LastWeighed() if last is None else last
    trigger = _place_of(question)
    streak = _streak(question, trigger)
    if streak is None:
        return ()
    tests, seen = observed(question, streak, last)
    candidates = find_candidates(question, streak)
    odds = odds_of(question, seen, streak, candidates, last)
    shared = shared_of(question, tests, streak, candidates, odds, last)
    own = levels_of_commit(tests, _own_file(question)) if _may_have_broken_itself(question, streak) else None
    scopes = shared.scopes if own is None else with_scope(shared.scopes, OWN_FILE, own)
    stages = explain_away(shared, trigger, own)
    mentions = _mentions(question, scopes, candidates)
    scored = _score(question, streak, candidates, scopes, odds, stages, mentions, trigger)
    few = few_witnesses(count_witnesses(seen, streak.first_bad, trigger))
    scored = [replace(one, weight=one.weight + few) if one.kind == "environment" else one for one in scored]
    probabilities = _softmax(scored)
    results = trigger_odds(odds, trigger)
    case = Case(question, trigger, streak, seen, scopes, odds, stages, mentions.services, mentions.files, results)
    found = [explain(case, s, p) for s, p in zip(scored, probabilities, strict=True)]
    return tuple(sorted(found, key=_order))


def _order(found: Hypothesis) -> tuple[float, str, int, str]:
    at = 0 if found.change is None else -found.change.at_ms
    return -found.probability, found.kind, at, "" if found.change is None else found.change.change_id


def _place_of(question: SuspectQuestion) -> int:
    known = question.history.known
    if _PLACES not in known:
        known[_PLACES] = {column.case.test_id: t for t, column in reversed(list(enumerate(question.history.tests)))}
    place: int | None = known[_PLACES].get(question.test_id)
    if place is None:
        raise AnalysisError(f"test case {question.test_id} is not in the history of {question.history.scope}")
    return place


def _streak(question: SuspectQuestion, trigger: int) -> Streak | None:
    seen = observe(columns_of(question.history, slice(trigger, trigger + 1)), None)
    column = question.history.results[:, trigger]
    red = (column == 1) | (column == 2)
    failed, ran = (np.diff(sums[:, 0]) > 0 for sums in (seen.failed, seen.ran))
    return find_streak(failed, red, ran)


def _may_have_broken_itself(question: SuspectQuestion, streak: Streak) -> bool:
    """Whether a change of the trigger's own file may have come in of which no commit tells."""
    return _has_services(question) and bool(new_revisions(question, streak))


def _own_file(question: SuspectQuestion) -> Change:
    """A change of the trigger's own file that no commit tells of."""
    case = question.history.tests[_place_of(question)].case
    file = case.file or case.classname.replace("/", ".").rsplit(".", 1)[-1]
    return Change(OWN_FILE, ChangeKind.COMMIT, 0, target=ChangeTarget.TEST, files=(file,))


def _has_services(question: SuspectQuestion) -> bool:
    """Whether the trigger exercises services; else its repository holds what it tests as well as the test."""
    return bool(question.history.tests[_place_of(question)].exercised)


def _mentions(question: SuspectQuestion, scopes: Scopes, candidates: tuple[Candidate, ...]) -> _Mentions:
    texts = texts_of(question.samples)
    services = sorted({*scopes.names[1:], *question.graph.calls, *question.graph.owners})
    named = named_services(texts, services)
    by_scope: dict[str, float] = {}
    for scope in scopes.names[1:]:
        if not named:
            by_scope[scope] = 0.0
        elif scope in named:
            by_scope[scope] = float(np.log(weights.NAMES_SERVICE))
        elif any(scope in reachable(question.graph, name) for name in named):
            by_scope[scope] = float(np.log(weights.NAMES_CALLER))
        else:
            by_scope[scope] = float(np.log(weights.NAMES_ANOTHER))
    return _Mentions(named, files_in(texts) if candidates else frozenset(), by_scope)


def _score(
    question: SuspectQuestion,
    streak: Streak,
    candidates: tuple[Candidate, ...],
    scopes: Scopes,
    odds: Odds,
    stages: tuple[Stage, ...],
    mentions: _Mentions,
    trigger: int,
) -> list[Scored]:
    """Log weights of all hypotheses, each summed over the stages."""
    broken = _summed([stage.cost + break_score(stage, odds, scopes, trigger) for stage in stages])
    outage = _summed([stage.cost + outage_score(stage, odds, scopes, trigger) for stage in stages])
    quiet = float(np.logaddexp.reduce([stage.cost for stage in stages]))
    flake_text = float(np.log(weights.FLAKE_NAMES if mentions.services else weights.FLAKE_NAMES_NONE))
    scored = _one_a_group([_score_change(c, scopes, odds, broken, mentions) for c in candidates], scopes, odds, broken)
    scored.append(_score_unrecorded(question, streak, scopes, odds, broken, stages, mentions, trigger))
    scored += _score_test(question, streak, scopes, odds, broken, mentions)
    scored.append(_score_outage(question, streak, scopes, odds, outage, mentions))
    scored.append(Scored("flake", quiet + flake_text, flake_text))
    return scored


def _score_change(candidate: Candidate, scopes: Scopes, odds: Odds, broken: Floats, mentions: _Mentions) -> Scored:
    scope = scopes.place[candidate.scope]
    text = mentions.by_scope.get(candidate.change.service, 0.0) if candidate.change.service else 0.0
    if mentions.files and changed_file_named(candidate.change, mentions.files) is not None:
        text += float(np.log(weights.FILE_IN_STACK))
    weight = candidate.log_prior + _over_windows(candidate, scope, odds, broken) + text
    return Scored("change", weight, text, candidate, candidate.change.service or None)


def _one_a_group(scored: list[Scored], scopes: Scopes, odds: Odds, broken: Floats) -> list[Scored]:
    """Changes that are one become one hypothesis: one of its services is broken, or all of them are.

    Its face is the change that explains most by itself.
    """
    groups: dict[str, list[Scored]] = {}
    for one in scored:
        assert one.candidate is not None
        first = one.candidate.group[0] if one.candidate.group else one.candidate.change
        groups.setdefault(first.change_id, []).append(one)
    return [group[0] if len(group) == 1 else _joined(group, scopes, odds, broken) for group in groups.values()]


def _joined(group: list[Scored], scopes: Scopes, odds: Odds, broken: Floats) -> Scored:
    candidates = [one.candidate for one in group if one.candidate is not None]
    scope = scopes.place[name_of(services_of(candidates[0]))]
    text = max(one.text for one in group)
    whole = max(c.log_prior for c in candidates) + _over_windows(candidates[0], scope, odds, broken) + text
    face = max(group, key=lambda one: one.weight)
    weight = float(np.logaddexp.reduce([whole, *(one.weight for one in group)]))
    return replace(face, weight=weight)


def _over_windows(candidate: Candidate, scope: int, odds: Odds, broken: Floats) -> float:
    """Log weight of a breakage of a scope over the windows of a candidate."""
    rows = [odds.place[begin, stop] for begin, stop, _ in candidate.windows]
    return float(np.logaddexp.reduce(broken[scope, rows] + np.array([weight for _, _, weight in candidate.windows])))


def _score_unrecorded(
    question: SuspectQuestion,
    streak: Streak,
    scopes: Scopes,
    odds: Odds,
    broken: Floats,
    stages: tuple[Stage, ...],
    mentions: _Mentions,
    trigger: int,
) -> Scored:
    """A step in any service at any gap between runs; the service is the most probable one."""
    environment = question.history.scope.environment
    rows = np.flatnonzero((odds.windows.stop == len(question.history.runs)) & (odds.windows.begin <= streak.last_bad))
    services = [s for s, name in enumerate(scopes.names) if name and s < _first_commit(scopes)]
    if not services:
        return _score_revision(question, streak, odds, broken, stages, trigger)
    texts = np.array([mentions.by_scope[scopes.names[s]] for s in services])
    covered = [is_covered(question.feed, scopes.names[s], environment) for s in services]
    prior = np.log(weights.UNRECORDED_PRIOR) + np.where(covered, 0.0, np.log(weights.UNCOVERED_FACTOR))
    each = broken[np.ix_(np.array(services), rows)] + (texts + prior)[:, None]
    best, row = (int(i) for i in np.unravel_index(int(each.argmax()), each.shape))
    weight, begin = float(np.logaddexp.reduce(each, axis=None)), int(odds.windows.begin[rows[row]])
    return Scored("unrecorded", weight, float(texts[best]), None, scopes.names[services[best]], begin)


def _score_revision(
    question: SuspectQuestion, streak: Streak, odds: Odds, broken: Floats, stages: tuple[Stage, ...], trigger: int
) -> Scored:
    """Where no service is known, what the tests' own repository brought: a step with another revision of it.

    It broke a share of all tests or, as most commits that break any, this one and nothing else to speak of. Where the
    revision is the same, what lies outside of the repository may have changed.
    """
    total = len(question.history.runs)
    rows = np.flatnonzero((odds.windows.stop == total) & (odds.windows.begin <= streak.last_bad))
    new = np.isin(odds.windows.begin[rows], new_revisions(question, streak, counts_unknown=True))
    quiet = float(np.logaddexp.reduce([stage.cost for stage in stages]))
    alone = quiet + np.logaddexp.reduce(trigger_odds(odds, trigger)[:, rows] + severity_shares()[:, None], axis=0)
    together = broken[0, rows] + np.log(np.where(new, weights.CHANGE_PRIOR, weights.UNRECORDED_PRIOR))
    each = np.where(new, np.logaddexp(together, alone + np.log(weights.REVISION_PRIOR)), together)
    begin = int(odds.windows.begin[rows[int(each.argmax())]])
    return Scored("unrecorded", float(np.logaddexp.reduce(each)), 0.0, None, EVERYTHING, begin)


def _score_test(
    question: SuspectQuestion, streak: Streak, scopes: Scopes, odds: Odds, broken: Floats, mentions: _Mentions
) -> list[Scored]:
    """A defect of the trigger's own file that came with another revision of the tests, of which no commit is known."""
    rows = [odds.place[gap, len(question.history.runs)] for gap in new_revisions(question, streak)]
    if not rows or not _has_services(question):
        return []
    text = float(np.log(weights.FLAKE_NAMES if mentions.services else weights.FLAKE_NAMES_NONE))
    each = broken[scopes.place[OWN_FILE], rows] + np.log(weights.UNRECORDED_PRIOR) + text
    begin = int(odds.windows.begin[rows[int(each.argmax())]])
    return [Scored("unrecorded", float(np.logaddexp.reduce(each)), text, None, OWN_FILE, begin)]


def new_revisions(question: SuspectQuestion, streak: Streak, *, counts_unknown: bool = False) -> list[int]:
    """Rows of the last hours' runs that first ran another revision of the tests, without a known commit to them.

    Args:
        counts_unknown: with those of which it is not known that they ran the same one.
    """
    runs = question.history.runs
    since_ms = runs[streak.first_bad].started_ms - weights.UNRECORDED_HOURS * HOUR_MS
    commits = [c.at_ms for c in question.feed.changes if c.target is ChangeTarget.TEST]
    found = []
    for row in range(1, streak.last_bad + 1):
        before, run = runs[row - 1], runs[row]
        is_new = before.revision != run.revision if before.revision and run.revision else counts_unknown
        is_known = any(before.started_ms <= at <= end_ms(run) for at in commits)
        if is_new and not is_known and run.started_ms >= since_ms:
            found.append(row)
    return found


def _score_outage(
    question: SuspectQuestion, streak: Streak, scopes: Scopes, odds: Odds, outage: Floats, mentions: _Mentions
) -> Scored:
    """An outage of everything or of one service, begun at any of the last hours' runs and still going on."""
    services = [s for s, name in enumerate(scopes.names) if name and s < _first_commit(scopes)]
    begins = odds.windows.begin[odds.outage_rows]
    if len(begins) == 0:
        return Scored("environment", float(np.log(weights.OUTAGE_PRIOR)) - 5.0, 0.0)
    starts = np.array([run.started_ms for run in question.history.runs], dtype=np.int64)
    hours = np.maximum(starts[streak.last_bad] - starts[begins], 0) / HOUR_MS
    prior = np.log(weights.OUTAGE_PRIOR * _share_of_gap(starts, begins)) - hours / weights.OUTAGE_LASTS_HOURS
    texts = np.array([0.0, *(mentions.by_scope[scopes.names[s]] for s in services)])
    share = np.full(len(texts), np.log((1 - weights.OUTAGE_EVERYWHERE) / max(len(services), 1)))
    share[0] = np.log(weights.OUTAGE_EVERYWHERE)
    each = outage[[0, *services]] + prior[None, :] + (texts + share)[:, None]
    best, row = (int(i) for i in np.unravel_index(int(each.argmax()), each.shape))
    scope = scopes.names[services[best - 1]] if best else EVERYTHING
    weight = float(np.logaddexp.reduce(each, axis=None))
    return Scored("environment", weight, float(texts[best]), None, scope or None, int(begins[row]))


def _share_of_gap(starts: Ints, begins: Ints) -> Floats:
    """[o] hours before each run in which an outage may have begun that went on until it, each weighed by its chance."""
    gaps = (starts[begins] - starts[np.maximum(begins - 1, 0)]) / HOUR_MS
    return np.asarray(-weights.OUTAGE_LASTS_HOURS * np.expm1(-np.maximum(gaps, 0.1) / weights.OUTAGE_LASTS_HOURS))


def _first_commit(scopes: Scopes) -> int:
    """Place of the first scope that is a commit to the tests."""
    return scopes.services + 1


def _summed(values: list[Floats]) -> Floats:
    return np.asarray(np.logaddexp.reduce(np.stack(values), axis=0))


def _softmax(scored: list[Scored]) -> list[float]:
    """Calibrated probabilities; they sum to 1."""
    logits = np.array([s.weight / weights.TEMPERATURE + weights.BIAS[s.kind] for s in scored])
    shares = np.exp(logits - logits.max())
    return [float(p) for p in shares / shares.sum()]
