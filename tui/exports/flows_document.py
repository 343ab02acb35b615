"""Health of the journeys, as JSON: keys may be added, none is renamed."""

from __future__ import annotations

from tui.answers.flows import FlowsAnswer
from tui.exports.shapes import Json, case_json, window_json
from tui.times import iso, iso_or_none


def flows_document(answer: FlowsAnswer) -> Json:
    """`crywolf flows --json`; `days` are UTC days with a result."""
    return {
        "window": window_json(answer.window),
        "flows": [
            {
                "flow": row.name,
                "state": row.state.value,
                "criticality": row.criticality,
                "owners": list(row.owners),
                "tests": row.tests,
                "since": iso_or_none(row.since_ms),
                "red": [
                    {
                        **case_json(one.case, one.scope),
                        "verdict": one.verdict.value,
                        "since": iso(one.since_ms),
                        "title": one.title,
                    }
                    for one in row.red
                ],
                "days": [
                    {
                        "day": iso(day.day * 86_400_000)[:10],
                        "executed": day.executed,
                        "failed": day.failed,
                        "flaky": day.flaky,
                    }
                    for day in row.days
                    if day is not None
                ],
            }
            for row in answer.flows
        ],
    }
