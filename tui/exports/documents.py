"""Answers as the JSON documents that other tools rely on: keys may be added, none is renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.day_sums import DayCounts
from analysis.recency import HALF_LIFE_RUNS
from analysis.records import DurationShift
from store.read.changes import SeenIncident
from tui.answers.changes import ChangeRow, ChangesAnswer
from tui.answers.failures import FailureRow, FailuresAnswer
from tui.answers.flakes import FlakeRow, FlakesAnswer
from tui.answers.query import DAY_MS
from tui.answers.rejected import RefusedRow
from tui.answers.runs import RunRow, RunsAnswer
from tui.answers.suspects import SuspectsAnswer
from tui.answers.test_detail import ChangePointRow, SegmentRow, StreamStrip
from tui.answers.timeline import TestTimeline
from tui.exports.clusters_document import cause_json
from tui.exports.shapes import (
    Json,
    called_json,
    case_json,
    change_json,
    counts_json,
    hypothesis_json,
    interval_json,
    links_json,
    model_json,
    onset_json,
    owners_json,
    recent_json,
    run_json,
    run_or_null,
    scope_json,
    window_json,
)
from tui.times import iso, iso_or_none

if TYPE_CHECKING:
    from store.read.ledger import RefusedFile
    from tui.answers.retrying import Retried


def flakes_document(answer: FlakesAnswer) -> Json:
    """`crywolf flakes --json`."""
    lost, prior = answer.lost, answer.prior
    return {
        "window": window_json(answer.window),
        "tests": [flake_json(row) for row in answer.rows],
        "lost": lost
        and {
            "attempts_seconds": lost.attempts_s,
            "red_builds": lost.red_builds,
            "red_builds_of": lost.of_builds,
            "red_builds_seconds": lost.red_builds_s,
        },
        "prior": prior and {"a": round(prior.beta.a, 6), "b": round(prior.beta.b, 6), "tests": prior.tests},
    }


def flake_json(row: FlakeRow) -> Json:
    """One test case in one stream; the kinds of evidence are null where they could not be observed."""
    retry, same = row.retry_pass, row.same_code
    return {
        **case_json(row.case, row.scope),
        "owner": row.owners[0] if row.owners else None,
        "owners": list(row.owners),
        "runs": row.runs,
        "masked_runs": row.masked_runs,
        "failed_runs": row.failed_runs,
        "flaky_runs": row.flaky_runs,
        "flake_rate": interval_json(row.flake_rate),
        "flip_rate": row.flip_rate,
        "evidence": {
            "retry_pass": retry[0] if retry else None,
            "retry_pass_runs": retry[1] if retry else None,
            "same_code": same[0] if same else None,
            "same_code_runs": same[1] if same else None,
            "flips": row.flips,
            "flips_of": row.flips_of,
            "retry_pass_rate": interval_json(row.retry_pass_rate),
            "same_code_rate": interval_json(row.same_code_rate),
        },
        "verdict": row.verdict.value,
        "age": row.age,
        "lost_seconds": row.lost_seconds,
        "recent": {
            "half_life_runs": HALF_LIFE_RUNS,
            "flip_rate": recent_json(row.recent_flips),
            "entropy": recent_json(row.recent_entropy),
        },
        "trend": {"state": row.trend or None, "since": iso_or_none(row.trend_since_ms)},
        "segment": row.segment
        and {
            "since": iso_or_none(row.segment.start.started_ms),
            "failure_rate": interval_json(row.segment.failure_rate),
        },
        **({"summed_runs": row.summed_runs} if row.summed_runs else {}),
    }


def failures_document(answer: FailuresAnswer) -> Json:
    """`crywolf failures --json`."""
    return {"window": window_json(answer.window), "failures": [_failure_json(row) for row in answer.rows]}


def _failure_json(row: FailureRow) -> Json:
    return {
        **case_json(row.case, row.scope),
        "run": run_json(row.run),
        "result": row.result.name.lower(),
        "verdict": row.verdict.value,
        "verdict_probability": row.probability,
        "called": called_json(row.called),
        "model": model_json(row.model),
        "age": row.age,
        "incident": row.incident_id,
        "state": row.state,
        "signature": row.signature,
        "cluster": row.cluster or None,
        "cause": cause_json(row.cause),
        "owners": owners_json(row.owners),
        "message": row.message,
        "links": links_json(row.links),
    }


def suspects_document(answer: SuspectsAnswer) -> Json:
    """`crywolf suspects --json`."""
    return {
        **case_json(answer.case, answer.scope),
        "verdict": answer.verdict.value,
        "verdict_probability": answer.probability,
        "reason": answer.reason or None,
        "called": called_json(answer.called),
        "model": model_json(answer.model),
        "age": answer.age,
        "owners": owners_json(answer.owners),
        "onset": onset_json(answer.onset),
        "other_scopes": [
            {"scope": scope_json(scope), "verdict": verdict.value, "age": age}
            for scope, verdict, age in answer.other_scopes
        ],
        "before_merge": answer.before_merge and {"red": answer.before_merge[0], "runs": answer.before_merge[1]},
        "hypotheses": [hypothesis_json(h) for h in answer.hypotheses],
        "between": [change_json(change) for change in answer.between],
    }


def timeline_document(answer: TestTimeline) -> Json:
    """`crywolf timeline --json`."""
    return {
        "test": answer.case.identity,
        "test_id": answer.case.test_id,
        "former_names": [case.identity for case in answer.former],
        "window": window_json(answer.window),
        "streams": [_stream_json(strip) for strip in answer.streams],
    }


def _stream_json(strip: StreamStrip) -> Json:
    return {
        "scope": scope_json(strip.scope),
        "segments": [_segment_json(strip, segment) for segment in strip.segments],
        "change_points": [_change_point_json(strip, point) for point in strip.change_points],
        "results": [
            {
                "run_id": run.run_id,
                "attempt": run.attempt,
                "start": iso(run.started_ms),
                "result": None if result is None else result.name.lower(),
                "masked": masked,
                "duration_ms": duration,
            }
            for run, result, masked, duration in zip(
                strip.runs, strip.results, strip.masked, strip.durations_ms, strict=True
            )
        ],
        "outages": [
            {
                "service": outage.service or None,
                "first": run_json(outage.start),
                "last": run_or_null(outage.end),
                "failed": outage.failed.k,
                "executed": outage.failed.n,
                "tests": len(outage.tests),
            }
            for outage in strip.outages
        ],
        "durations": {
            "segments": [
                {
                    "start": iso(strip.runs[one.start].started_ms),
                    "end": iso(strip.runs[one.end - 1].started_ms),
                    "median_ms": one.median_ms,
                    "spread_ms": round(one.spread_ms, 1),
                }
                for one in strip.duration_segments
            ],
            "shifts": [_shift_json(strip, shift) for shift in strip.duration_shifts],
        },
        **({"days": [_day_json(day) for day in strip.days]} if strip.days else {}),
    }


def _shift_json(strip: StreamStrip, shift: DurationShift) -> Json:
    """`at` is the start of the first run that took as long as `after_ms`; the ratio's `k` of `n` runs lie after."""
    return {
        "at": iso(strip.runs[shift.at].started_ms),
        "before_ms": shift.before_ms,
        "after_ms": shift.after_ms,
        "ratio": interval_json(shift.ratio),
    }


def _day_json(day: DayCounts) -> Json:
    """A day whose results were pruned."""
    start = iso(day.day * DAY_MS)
    return {"start": start, "executed": day.executed, "failed": day.failed, "flaky": day.flaky, "retried": day.retried}


def _segment_json(strip: StreamStrip, segment: SegmentRow) -> Json:
    """`start` and `end` are the starts of its first and last run."""
    return {
        "start": iso(strip.runs[segment.start].started_ms),
        "end": iso(strip.runs[segment.end - 1].started_ms),
        "failure_rate": interval_json(segment.rate),
        "runs": segment.end - segment.start,
    }


def _change_point_json(strip: StreamStrip, point: ChangePointRow) -> Json:
    """`at` is the start of the first run after it."""
    return {"at": iso(strip.runs[point.at].started_ms), "low": iso(point.low_ms), "high": iso(point.high_ms)}


def runs_document(answer: RunsAnswer) -> Json:
    """`crywolf runs --json`."""
    return {"window": window_json(answer.window), "runs": [run_row_json(row) for row in answer.rows]}


def run_row_json(row: RunRow) -> Json:
    """A run with its counts."""
    return {
        **run_json(row.run),
        "counts": counts_json(row.counts),
        "parts": row.parts,
        "shards_expected": row.shards_expected,
        "start_estimated": row.is_start_estimated,
    }


def changes_document(answer: ChangesAnswer) -> Json:
    """`crywolf changes --json`."""
    return {
        "window": window_json(answer.window),
        "last_green_nightly": run_json(answer.green) if answer.green else None,
        "changes": [change_row_json(row) for row in answer.rows],
        "monitor_incidents": [_seen_incident_json(note) for note in answer.notes],
    }


def _seen_incident_json(note: SeenIncident) -> Json:
    return {
        "note_id": note.note_id,
        "incident": note.incident or None,
        "state": note.state,
        "at": iso(note.at_ms),
        "environment": note.environment or None,
        "service": note.service or None,
        "title": note.title,
        "url": note.url or None,
    }


def change_row_json(row: ChangeRow) -> Json:
    """A change with what followed it."""
    return {
        **change_json(row.change),
        "owner": row.owner,
        "failures_after": row.failures_after,
        "exercising_after": row.exercising_after,
        "suspicion": None if row.suspicion is None else round(row.suspicion, 4),
        "incident": row.incident or None,
    }


def rejected_document(rows: tuple[RefusedRow, ...]) -> Json:
    """`crywolf rejected --json`; when files were seen is no fact about them and is left out."""
    ordered = sorted(rows, key=lambda row: (row.path, row.line or 0, row.reason))
    return {
        "rejected": [
            {
                "path": row.path,
                "line": row.line,
                "reason": row.reason,
                "size_bytes": row.size_bytes,
                "column": row.column,
                "format": row.format,
                "digest": row.digest or None,
            }
            for row in ordered
        ]
    }


def refused_json(row: RefusedRow | RefusedFile) -> Json:
    """One refused file with all that the ledger has of it, as `crywolf rejected WHICH --json` shows it."""
    return {
        "path": row.path,
        "line": row.line,
        "column": row.column,
        "reason": row.reason,
        "size_bytes": row.size_bytes,
        "format": row.format,
        "digest": row.digest or None,
        "first_seen": iso(row.first_seen_ms),
        "last_seen": iso(row.last_seen_ms),
        "attempts": row.attempts,
        "version": row.version or None,
        "excerpt": row.excerpt.splitlines(),
    }


def retried_document(done: tuple[Retried, ...]) -> Json:
    """`crywolf rejected --retry --json`; `status` is null where the file could not be read again."""
    return {
        "retried": [
            {
                "path": one.path,
                "before": one.before,
                "status": one.outcome.status.value if one.outcome else None,
                "reason": one.outcome.reason if one.outcome else one.missing,
                "line": one.outcome.line if one.outcome else None,
                "changed": one.is_changed,
                "counts": counts_json(one.outcome.counts) if one.outcome else None,
            }
            for one in sorted(done, key=lambda one: (one.path, one.before))
        ]
    }
