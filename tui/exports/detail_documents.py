"""One run and one service as JSON documents: keys may be added, none is renamed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tui.answers.query import DAY_MS
from tui.exports.documents import change_row_json, run_row_json
from tui.exports.shapes import (
    Json,
    case_json,
    change_json,
    counts_json,
    interval_json,
    links_json,
    run_or_null,
    scope_json,
    window_json,
)
from tui.times import iso

if TYPE_CHECKING:
    from collections.abc import Sequence

    from store.read.run_parts import PartFact
    from tui.answers.run_detail import RunDetail, RunFailure
    from tui.answers.service_detail import ServiceDetail
    from tui.answers.tests import TestRow


def runs_detail_document(details: Sequence[RunDetail]) -> Json:
    """`crywolf run RUN --json`."""
    return {"runs": [_run_json(one) for one in details]}


def _run_json(detail: RunDetail) -> Json:
    return {
        **run_row_json(detail.row),
        "doubts": list(detail.doubts),
        "previous": run_or_null(detail.previous),
        "changes": [change_json(change) for change in detail.changes],
        "files": [_part_json(part) for part in detail.parts],
        "failures": [_failure_json(one) for one in detail.failures],
        "failures_cut": detail.is_cut,
    }


def _part_json(part: PartFact) -> Json:
    index, total = part.shard
    return {
        "path": part.path,
        "format": part.format,
        "scope": scope_json(part.scope),
        "job": part.job or None,
        "job_url": part.job_url or None,
        "shard": {"index": index, "total": total},
        "counts": counts_json(part.counts),
        "warnings": list(part.warnings),
    }


def _failure_json(one: RunFailure) -> Json:
    """`red_before` is null where the run before has no result of it."""
    return {
        **case_json(one.case, one.scope),
        "result": one.result.name.lower(),
        "red_before": one.was_red,
        "attempts": one.attempts,
        "duration_ms": one.attempt.duration_ms,
        "type": one.attempt.type,
        "message": one.attempt.message,
        "signature": one.attempt.signature or None,
        "links": links_json(one.attempt.links),
    }


def service_document(detail: ServiceDetail) -> Json:
    """`crywolf service NAME --json`."""
    row = detail.row
    return {
        "window": window_json(detail.window),
        "service": row.name,
        "owner": row.owner,
        "in_catalog": row.in_catalog,
        "tests_exercising": row.tests,
        "red_now": row.red_now,
        "flaky": row.flaky,
        "depends_on": list(row.depends_on),
        "used_by": list(row.used_by),
        "days": [
            {"start": iso(day.day * DAY_MS), "executed": day.executed, "failed": day.failed, "flaky": day.flaky}
            for day in row.days
            if day is not None
        ],
        "changes": [change_row_json(one) for one in detail.changes],
        "tests": [_test_json(one) for one in detail.tests],
        "tests_total": detail.total_tests,
    }


def _test_json(row: TestRow) -> Json:
    return {
        **case_json(row.case, row.scope),
        "owners": list(row.owners),
        "red_now": row.is_red_now,
        "runs": row.runs,
        "failed_runs": row.failed_runs,
        "flaky_runs": row.flaky_runs,
        "flake_rate": interval_json(row.flake_rate),
    }
