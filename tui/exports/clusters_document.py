"""Clusters and causes as JSON: keys may be added, none is renamed."""

from __future__ import annotations

from analysis.causes import UNKNOWN, Cause
from tui.answers.clusters import ClusterRow, ClustersAnswer
from tui.answers.query import DAY_MS
from tui.exports.shapes import Json, window_json
from tui.times import iso


def clusters_document(answer: ClustersAnswer) -> Json:
    """`crywolf clusters --json`."""
    return {"window": window_json(answer.window), "clusters": [_row_json(row) for row in answer.rows]}


def cause_json(cause: Cause) -> Json | None:
    """A kind of cause, the words that decided it and the file of the rule; null where no rule fits."""
    if cause.category == UNKNOWN:
        return None
    return {"category": cause.category, "text": cause.text, "rules": cause.origin or None}


def _row_json(row: ClusterRow) -> Json:
    """`first_day` and `last_day` are UTC days of the window with a failure."""
    return {
        "cluster": row.cluster,
        "title": row.title,
        "signatures": list(row.signatures),
        "failures": row.failures,
        "tests": row.radius.tests,
        "services": row.radius.services,
        "teams": row.radius.teams,
        "streams": row.streams,
        "first_day": iso(row.first_day * DAY_MS),
        "last_day": iso(row.last_day * DAY_MS),
        "cause": cause_json(row.cause),
    }
