"""What we stopped testing, as JSON: keys may be added, none is renamed."""

from __future__ import annotations

from tui.answers.silent import SilentAnswer
from tui.exports.shapes import Json, case_json, run_json, scope_json, window_json
from tui.times import iso


def silent_document(answer: SilentAnswer) -> Json:
    """`crywolf silent --json`; `missed` are runs without it, or that skipped it, since `since`."""
    return {
        "window": window_json(answer.window),
        "looked_at": {"since": iso(answer.since_ms) if answer.window else None, "tests": answer.tests},
        "tests": [
            {
                "kind": row.kind.value,
                **case_json(row.case, row.scope),
                "owners": list(row.owners),
                "since": iso(row.since_ms),
                "last_run": run_json(row.last_run) if row.last_run else None,
                "missed": row.missed,
                "reason": row.reason,
                "runs_in": list(row.runs_in),
                "flows": list(row.flows),
                "criticality": row.criticality,
            }
            for row in answer.rows
        ],
        "subsets": [{"scope": scope_json(one.scope), "tests": one.tests, "of": one.of} for one in answer.subsets],
    }
