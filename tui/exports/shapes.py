"""Records as JSON: the pieces that several documents share. Unknown is null, times are ISO-8601 in UTC."""

from __future__ import annotations

from dataclasses import asdict

from analysis.ledger import Said
from analysis.records import Hypothesis, Interval, Onset, Recent
from ingest.model import Change, Counts, Link, RunRef, Scope, TestCase, Verdict
from tui.answers.query import DAY_MS, Window
from tui.answers.triage import ThreeOwners
from tui.times import iso, iso_or_none

Json = dict[str, object]
_RATE_DIGITS = 6


def scope_json(scope: Scope) -> Json:
    """A stream."""
    return {
        "pipeline": scope.pipeline,
        "environment": scope.environment or None,
        "branch": scope.branch or None,
        "variant": scope.variant or None,
    }


def case_json(case: TestCase, scope: Scope) -> Json:
    """A test case in a stream: what every row about one begins with."""
    return {"test": case.identity, "test_id": case.test_id, "scope": scope_json(scope)}


def window_json(window: Window | None) -> Json | None:
    """The window that was looked at; null in an empty store.

    Where results of it were pruned: before when, and the first and last day of which the sums are counted.
    """
    if window is None:
        return None
    shown: Json = {"since": iso(window.since_ms), "until": iso(window.until_ms), "now": iso(window.now_ms)}
    if window.pruned_ms is not None:
        shown["pruned_before"] = iso(window.pruned_ms)
        shown["summed_days"] = window.summed_days and [iso(day * DAY_MS) for day in window.summed_days]
    return shown


def interval_json(rate: Interval | None) -> Json | None:
    """A rate with its 95 % interval and k of n; null where there is not enough data."""
    if rate is None:
        return None
    return {
        "estimate": round(rate.estimate, _RATE_DIGITS),
        "low": round(rate.low, _RATE_DIGITS),
        "high": round(rate.high, _RATE_DIGITS),
        "k": rate.k,
        "n": rate.n,
    }


def recent_json(share: Recent | None) -> Json | None:
    """A share that forgets, with its 95 % interval and the weights it rests on; null where there is not enough data."""
    if share is None:
        return None
    numbers = {"estimate": share.estimate, "low": share.low, "high": share.high, "k": share.k, "n": share.n}
    return {name: round(number, _RATE_DIGITS) for name, number in numbers.items()}


def run_json(run: RunRef) -> Json:
    """A run in full."""
    return {
        "pipeline": run.pipeline,
        "run_id": run.run_id,
        "attempt": run.attempt,
        "environment": run.environment or None,
        "branch": run.branch or None,
        "revision": run.revision,
        "trigger": run.trigger.value if run.trigger else None,
        "state": run.state.value,
        "start": iso(run.started_ms),
        "end": iso_or_none(run.ended_ms),
        "url": run.url,
    }


def run_or_null(run: RunRef | None) -> Json | None:
    """A run, or null where history does not reach."""
    return None if run is None else run_json(run)


def onset_json(onset: Onset) -> Json:
    """Since when: the last good and the first bad run."""
    return {"last_good": run_or_null(onset.last_good), "first_bad": run_or_null(onset.first_bad)}


def counts_json(counts: Counts) -> Json:
    """Merged results by outcome."""
    return asdict(counts)


def change_json(change: Change) -> Json:
    """A change as `crywolf changes` lists it, without what followed it."""
    return {
        "change_id": change.change_id,
        "kind": change.kind.value,
        "target": change.target.value,
        "service": change.service or None,
        "environment": change.environment or None,
        "at": iso(change.at_ms),
        "started": iso_or_none(change.started_ms),
        "finished": iso_or_none(change.finished_ms),
        "status": change.status.value,
        "version": change.to_version,
        "from_version": change.from_version,
        "title": change.title,
        "author": change.author or None,
        "url": change.url or None,
        "content": change.content.value,
        "commits": [commit.sha for commit in change.commits],
    }


def hypothesis_json(hypothesis: Hypothesis) -> Json:
    """One competing explanation with its evidence; `change` is null for those that are no change."""
    change = hypothesis.change
    return {
        "kind": hypothesis.kind,
        "change_id": change.change_id if change else None,
        "target": hypothesis.target or (change.target.value if change else None),
        "service": hypothesis.service or (change.service if change else None) or None,
        "probability": hypothesis.probability,
        "evidence": [{"term": e.term, "log_odds": e.log_odds, "text": e.text} for e in hypothesis.evidence],
        "change": change_json(change) if change else None,
    }


def owners_json(owners: ThreeOwners) -> Json:
    """Three different answers to "whose is it?"."""
    return {
        "test": list(owners.test),
        "test_source": owners.test_source or None,
        "environment": list(owners.environment),
        "suspect": list(owners.suspect),
    }


def called_json(said: Said | None) -> Json | None:
    """What a person called it, who and when; null where the verdict is the model's."""
    return {"verdict": said.verdict.value, "by": said.actor, "at": iso(said.at_ms)} if said else None


def model_json(model: tuple[Verdict, float]) -> Json:
    """What the model says, whatever people call it; an undecided verdict has no probability."""
    verdict, chance = model
    return {"verdict": verdict.value, "probability": None if verdict is Verdict.UNDECIDED else chance}


def links_json(links: tuple[Link, ...]) -> list[Json]:
    """What belongs to an attempt and lives elsewhere."""
    return [{"kind": link.kind, "url": link.url} for link in links]
