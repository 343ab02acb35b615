"""Why a hypothesis is believed: its additive terms, each with a sentence that a person can check."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from analysis import calibration as weights
from analysis.beta_function import Floats
from analysis.candidates import MINUTE_MS, Candidate, Streak, end_ms
from analysis.change_risk import content_of, habits_of, log_factor
from analysis.events import what_is_shared
from analysis.exposure import EVERYTHING, Scopes
from analysis.joint import Odds, Stage, gains
from analysis.likelihood import Observations, count_witnesses, few_witnesses, severity_shares
from analysis.records import Evidence, Hypothesis, SuspectQuestion
from analysis.texts import changed_file_named
from ingest.model import ChangeTarget, RunRef

Bools = npt.NDArray[np.bool_]

OWN_FILE = "the test's own file"
"""Scope of what only a defect of the test would break."""
_TOUCHES = np.isin(
    np.arange(len(weights.EXPOSURES)), (weights.DECLARED, weights.DOUBTFUL, weights.REACHABLE, weights.TOGETHER)
)
"""[l] how test cases stand to a service that they are said to touch."""
_TOO_FEW = -0.5
"""Log weight below which it is told that few other test cases can tell an outage."""
_NOTABLE = 0.2
"""Log odds from which on it is told what people confirmed of a kind or a size."""
_NEWLY = 0.5
"""Log odds above which a test case that failed is said to fail newly."""


@dataclass(frozen=True, slots=True)
class Case:
    """Everything that was weighed, for telling about it."""

    question: SuspectQuestion
    trigger: int
    streak: Streak
    seen: Observations
    scopes: Scopes
    odds: Odds
    stages: tuple[Stage, ...]
    named: frozenset[str]
    files: frozenset[str]
    own: Floats
    """[k, w] log odds of the trigger's own results."""
    since: dict[int, tuple[Bools, Bools, Bools]] = field(default_factory=dict)
    """What happened in a window, by its row."""


@dataclass(frozen=True, slots=True)
class Scored:
    """The log weight of one hypothesis."""

    kind: str
    weight: float
    text: float
    """Log odds from the failure's text."""
    candidate: Candidate | None = None
    scope: str | None = None
    begin: int | None = None
    """Of an outage or an unrecorded change: the run with which it most probably began."""


@dataclass(frozen=True, slots=True)
class _Fit:
    """The window, severity and breadth under which a change explains most."""

    window: int
    log_weight: float
    severity: int
    breadth: int
    stage: Stage


def explain(case: Case, scored: Scored, probability: float) -> Hypothesis:
    """A hypothesis with its evidence."""
    if scored.candidate is not None:
        return _explain_change(case, scored.candidate, scored.text, probability)
    if scored.kind == "flake":
        return Hypothesis(scored.kind, probability, _flake_evidence(case, scored.text))
    if scored.scope == OWN_FILE:
        return Hypothesis(scored.kind, probability, _unrecorded_evidence(case, scored), target=ChangeTarget.TEST.value)
    tell = _outage_evidence if scored.kind == "environment" else _unrecorded_evidence
    return Hypothesis(scored.kind, probability, tell(case, scored), service=scored.scope or None)


def _explain_change(case: Case, candidate: Candidate, text: float, probability: float) -> Hypothesis:
    change = candidate.change
    scope = case.scopes.place[candidate.scope]
    fit = _best_fit(case, candidate, scope)
    terms = [
        _prior_term(candidate, case),
        _path_term(case, candidate, scope),
        _onset_term(case, candidate, fit),
        *_breadth_terms(case, candidate, scope, fit),
        *_text_terms(case, candidate, text),
    ]
    if candidate.rolled_back_at is not None:
        terms.append(_rollback_term(case, candidate))
    if candidate.group:
        terms.append(_group_term(candidate))
    ordered = sorted(terms, key=lambda e: (-abs(e.log_odds), e.term))
    target = change.target.value
    return Hypothesis("change", probability, tuple(ordered), change, target, change.service or None)


def _best_fit(case: Case, candidate: Candidate, scope: int) -> _Fit:
    rows = [case.odds.place[begin, stop] for begin, stop, _ in candidate.windows]
    own = (case.own[:, rows] + severity_shares()[:, None]).T[:, :, None]
    log_breadths = np.log(weights.BREADTHS)
    best: tuple[float, _Fit] | None = None
    for stage in case.stages:
        over = log_breadths + weights.BREADTH_TEMPER * stage.breadth[:, scope, rows].transpose(1, 0, 2) + own
        flat = over.reshape(len(rows), -1)
        each = zip(rows, candidate.windows, flat.argmax(axis=1).tolist(), flat.max(axis=1).tolist(), strict=True)
        for row, (_, _, log_weight), place, most in each:
            score = stage.cost + log_weight + most
            if best is None or score > best[0] + 1e-12:
                severity, breadth = divmod(place, len(log_breadths))
                best = (score, _Fit(row, log_weight, severity, breadth, stage))
    assert best is not None  # a candidate has at least one window
    return best[1]


def _prior_term(candidate: Candidate, case: Case) -> Evidence:
    change = candidate.change
    size = "" if change.lines is None else f", {change.lines} lines"
    said = f"a {content_of(change).value} change{size}, before anything is known"
    record = case.question.records.get(change.service)
    if record is not None and record.k:
        said += f"; {record.k} of {record.n} earlier changes of {change.service} broke something"
    for word, habit in habits_of(case.question.habits, change):
        if abs(log_factor(habit)) >= _NOTABLE:
            said += f"; {habit.k} of the confirmed culprits were {word} (expected: {habit.expected:.1f})"
    return Evidence("prior", candidate.log_prior, said)


def _path_term(case: Case, candidate: Candidate, scope: int) -> Evidence:
    level = int(case.scopes.levels[scope, case.trigger])
    odds = float(np.log(case.scopes.exposures[level]))
    if candidate.change.target is ChangeTarget.TEST:
        said = {weights.DECLARED: "it touches the test's own file", weights.UNRELATED: "it touches other tests' files"}
        return Evidence("path", odds, said.get(level, "it touches files beside the test"))
    name = candidate.change.service or "the whole environment"
    said = {
        weights.DECLARED: f"the test touches {name}",
        weights.DOUBTFUL: f"the test declares {name}, but nothing that it declares calls it",
        weights.TOGETHER: f"the test failed before when {name} did, though it does not declare it",
        weights.REACHABLE: f"the test reaches {name} through other services",
        weights.BETWEEN: f"the test does not declare {name}, but services that it declares lead through it",
        weights.BESIDE: f"the test may reach {name}, but does not declare it",
        weights.FAR: f"the test declares nothing that calls {name}",
        weights.UNRELATED: f"the test is not known to touch {name}",
    }
    return Evidence("path", odds, said[level])


def _onset_term(case: Case, candidate: Candidate, fit: _Fit) -> Evidence:
    own = float(case.own[fit.severity, fit.window])
    odds = own + fit.log_weight + float(severity_shares()[fit.severity])
    first = case.question.history.runs[case.streak.first_bad]
    span_ms = first.started_ms - candidate.change.at_ms
    minutes = abs(span_ms) // MINUTE_MS  # whole ones, as ages are shown everywhere
    if span_ms >= 0:
        return Evidence("onset", odds, f"first red {_span(minutes)} after it")
    if end_ms(first) >= candidate.change.at_ms:
        return Evidence("onset", odds, "recorded while the first red run was under way")
    return Evidence("onset", odds, f"recorded {_span(minutes)} after the first red run began")


def _span(minutes: int) -> str:
    """Minutes as a person says them."""
    if minutes < 60:
        return f"{minutes} min"
    hours, rest = divmod(minutes, 60)
    return f"{minutes // 1440} d" if hours >= 24 else f"{hours} h {rest:02d}" if rest else f"{hours} h"


def _breadth_terms(case: Case, candidate: Candidate, scope: int, fit: _Fit) -> list[Evidence]:
    """What the other test cases say: those that newly fail for it, those that still pass against it."""
    name = candidate.change.service or ("the same files" if candidate.scope != "" else "this environment")
    levels = case.scopes.levels[scope]
    each = gains(case.odds, case.scopes.felt(scope), fit.window, fit.severity, fit.breadth, fit.stage.null)
    each[case.trigger] = 0.0
    touching = _TOUCHES[levels]
    ran, newly, always = _since(case, fit)
    for_it, against = float(each[each > 0].sum()), float(each[each < 0].sum())
    breadth = float(np.log(weights.BREADTHS[fit.breadth] / len(weights.BREADTHS)))
    failing = np.count_nonzero(newly & touching)
    said = _counted(newly, ran, touching, name, "newly fail")
    if failing > 1 and bool(always[newly & touching].all()):
        said += f"; all {failing} fail in every run since"
    terms = [Evidence("breadth", weights.BREADTH_TEMPER * for_it + breadth, said)]
    passing = np.count_nonzero(ran & touching & ~newly)
    if passing and against < 0:
        said = f"{passing} tests that touch {name} still pass"
        terms.append(Evidence("passing", weights.BREADTH_TEMPER * against, said))
    return terms


def _counted(failed: Bools, ran: Bools, inside: Bools, name: str, fail: str) -> str:
    """How many test cases fail, of those that touch something and of the others; all of them where it has no name."""
    bad, total, others_bad, others = (
        np.count_nonzero(which & of) for of in (inside, ~inside) for which in (failed, ran)
    )
    if not total:
        return f"no test is known to touch {name}; {others_bad} of {others} {fail}"
    said = f"{bad} of {total} {f'tests that touch {name}' if name else 'tests'} {fail}"
    return f"{said}, {others_bad} of {others} others" if others else said


def _since(case: Case, fit: _Fit) -> tuple[Bools, Bools, Bools]:
    """[m] each: ran in a window; newly failed in it; failed in every run of it."""
    if fit.window not in case.since:
        case.since[fit.window] = _happened(case, fit)
    return case.since[fit.window]


def _happened(case: Case, fit: _Fit) -> tuple[Bools, Bools, Bools]:
    begin, stop = int(case.odds.windows.begin[fit.window]), int(case.odds.windows.stop[fit.window])
    ran = case.seen.ran[stop] - case.seen.ran[begin]
    failed = case.seen.failed[stop] - case.seen.failed[begin]
    newly = (failed > 0) & (case.odds.broken[:, fit.window].max(axis=0) > _NEWLY)[case.odds.kind]
    return ran > 0, newly, (failed == ran) & (ran > 0)


def _text_terms(case: Case, candidate: Candidate, text: float) -> list[Evidence]:
    change = candidate.change
    path = changed_file_named(change, case.files) if case.files else None
    terms = []
    in_stack = 0.0
    if path is not None:
        in_stack = float(np.log(weights.FILE_IN_STACK))
        terms.append(Evidence("file", in_stack, f"the stack names {path.rsplit('/', 1)[-1]}, which it changed"))
    rest = text - in_stack
    if abs(rest) > 1e-9 and case.named:
        named = ", ".join(sorted(case.named)[:3])
        says = f"the message names {change.service if change.service in case.named else named}"
        if 0 < rest < np.log(weights.NAMES_SERVICE) - 1e-9:
            says += f", which calls {change.service}"
        elif rest < 0:
            says += f", not {change.service}"
        terms.append(Evidence("text", rest, says))
    return terms


def _rollback_term(case: Case, candidate: Candidate) -> Evidence:
    """Its odds are part of the onset's, since the windows end with the rollback."""
    runs, back = case.question.history.runs, candidate.rolled_back_at or 0
    after = [i for i, run in enumerate(runs) if run.started_ms >= back]
    if not after:
        return Evidence("rollback", 0.0, "rolled back; no run since")
    ran = case.seen.ran[-1, case.trigger] - case.seen.ran[after[0], case.trigger]
    failed = case.seen.failed[-1, case.trigger] - case.seen.failed[after[0], case.trigger]
    if ran == 0:
        return Evidence("rollback", 0.0, "rolled back; the test has not run since")
    if failed == 0:
        return Evidence("rollback", 0.0, f"the failures stopped with its rollback ({int(ran)} runs since)")
    return Evidence("rollback", 0.0, f"rolled back, but {int(failed)} of {int(ran)} runs since failed")


def _group_term(candidate: Candidate) -> Evidence:
    """That one change reached several services; which odds it has is in the probability."""
    group = candidate.group
    names = sorted({change.service for change in group} - {candidate.change.service})
    some = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    minutes = round((max(c.at_ms for c in group) - min(c.at_ms for c in group)) / MINUTE_MS)
    return Evidence("group", 0.0, f"{what_is_shared(group)} reached {some} too, within {max(minutes, 1)} min")


def _flake_evidence(case: Case, text: float) -> tuple[Evidence, ...]:
    first, n = case.streak.first_bad, case.seen.total
    t = case.trigger
    ran, failed = int(case.seen.ran[first, t]), int(case.seen.failed[first, t])
    again = int(case.seen.failed_again[n, t] - case.seen.failed_again[first, t])
    retried = int(case.seen.retried[n, t] - case.seen.retried[first, t])
    said = f"failed in {failed} of {ran} runs before" if ran else "no earlier run is known"
    terms = [Evidence("rate", 0.0, said)]
    if retried:
        terms.append(Evidence("retry", 0.0, f"passed on a retry in {retried - again} of {retried} failing runs"))
    background = max(case.stages[-1].backgrounds, key=lambda b: b.score, default=None)
    if background is not None and background.failing:
        name = case.scopes.names[background.scope] or "everything"
        terms.append(
            Evidence("background", case.stages[-1].cost, f"{background.failing} other tests fail, as if {name} broke")
        )
    if abs(text) > 1e-9:
        terms.append(Evidence("text", text, _names(case)))
    return tuple(terms)


def _unrecorded_evidence(case: Case, scored: Scored) -> tuple[Evidence, ...]:
    prior = float(np.log(weights.UNRECORDED_PRIOR))
    if scored.scope is None or scored.begin is None:
        return (Evidence("prior", prior, "no service is known that could have changed"),)
    place, row = case.scopes.place[scored.scope], case.odds.place[scored.begin, case.seen.total]
    stage = case.stages[0]
    both = weights.BREADTH_TEMPER * stage.breadth[:, place, row].max(axis=1) + severity_shares()
    own_odds = case.own[:, row]
    severity = int((both + own_odds).argmax())
    breadth, own = float(both[severity]), float(own_odds[severity])
    said = f"a change of {scored.scope} that nobody recorded"
    if scored.scope in (OWN_FILE, EVERYTHING):
        said = _revision_words(case.question.history.runs, scored.begin)
    terms = [Evidence("prior", prior, said)]
    terms += _scope_terms(case, place, scored.scope, scored.begin, own, breadth)
    return (*terms, *_scope_text(case, scored))


def _revision_words(runs: tuple[RunRef, ...], begin: int) -> str:
    """What may have changed in the repository with a run; its revision is new, the same, or not known."""
    if not begin:
        return "it began with the first run that is known; what changed before that cannot be told"
    before, revision = runs[begin - 1].revision, runs[begin].revision
    if before and revision and before != revision:
        return f"the tests ran revision {revision[:12]} for the first time, and no commit of it is known"
    if before and revision:
        return f"the tests ran revision {revision[:12]} as before; what lies outside of it may have changed"
    return "no revision is known of the runs; anything may have changed"


def _outage_evidence(case: Case, scored: Scored) -> tuple[Evidence, ...]:
    name = scored.scope or "the whole environment"
    prior = Evidence("prior", float(np.log(weights.OUTAGE_PRIOR)), f"an outage of {name} that goes on")
    if scored.begin is None:
        return (prior,)
    place = case.scopes.place[scored.scope or ""]
    row = int(np.flatnonzero(case.odds.windows.begin[case.odds.outage_rows] == scored.begin)[0])
    of_trigger = case.odds.outage[:, row, case.odds.kind[case.trigger]]
    over = of_trigger + weights.OUTAGE_TEMPER * case.stages[0].outage[place, row]
    rate = int(over.argmax())
    own = float(of_trigger[rate])
    breadth = weights.OUTAGE_TEMPER * float(case.stages[0].outage[place, row, rate])
    terms = _scope_terms(case, place, name, scored.begin, own, breadth)
    return (prior, *terms, *_few_terms(case), *_elsewhere_terms(case, scored.begin), *_scope_text(case, scored))


def _few_terms(case: Case) -> list[Evidence]:
    """That so few other test cases ran that they can hardly tell an outage."""
    number = count_witnesses(case.seen, case.streak.first_bad, case.trigger)
    few = few_witnesses(number)
    others = "1 other test" if number == 1 else f"{number} other tests"
    said = f"only {others} ran since: too few to tell an outage from a breakage"
    return [Evidence("witnesses", few, said)] if few < _TOO_FEW else []


def _elsewhere_terms(case: Case, begin: int) -> list[Evidence]:
    """What other pipelines saw at the time; its odds are part of the breadth's."""
    own = len(case.question.history.tests)
    ran, failed = ((sums[-1] - sums[begin])[own:] for sums in (case.seen.ran, case.seen.failed))
    if not ran.any():
        return []
    passed = int(((ran > 0) & (failed == 0)).sum())
    return [Evidence("elsewhere", 0.0, f"{passed} of {int((ran > 0).sum())} tests of other pipelines passed meanwhile")]


def _scope_terms(case: Case, place: int, name: str, begin: int, own: float, breadth: float) -> list[Evidence]:
    """What fails from run `begin` on, within a scope and outside of it."""
    n = case.seen.total
    ran = (case.seen.ran[n] - case.seen.ran[begin]) > 0
    failed = (case.seen.failed[n] - case.seen.failed[begin]) > 0
    inside = case.scopes.levels[place] == weights.DECLARED
    said = _counted(failed, ran, inside, name if place else "", "fail")
    bad = int(case.seen.failed[n, case.trigger] - case.seen.failed[begin, case.trigger])
    total = int(case.seen.ran[n, case.trigger] - case.seen.ran[begin, case.trigger])
    return [
        Evidence("onset", own, f"the test fails in {bad} of {total} runs since"),
        Evidence("breadth", breadth, said),
    ]


def _scope_text(case: Case, scored: Scored) -> list[Evidence]:
    return [Evidence("text", scored.text, _names(case))] if abs(scored.text) > 1e-9 else []


def _names(case: Case) -> str:
    return f"the message names {', '.join(sorted(case.named)[:3])}" if case.named else "the message names no service"
