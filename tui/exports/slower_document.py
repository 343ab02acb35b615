"""Tests that became slower or faster, as JSON: keys may be added, none is renamed."""

from __future__ import annotations

from tui.answers.slower import SlowerAnswer
from tui.exports.shapes import Json, case_json, interval_json, run_json, window_json


def slower_document(answer: SlowerAnswer) -> Json:
    """`crywolf slower --json`; `ratio` is after to before, `k` of its `n` runs lie after."""
    return {
        "window": window_json(answer.window),
        "tests": [
            {
                **case_json(row.case, row.scope),
                "owners": list(row.owners),
                "since": run_json(row.run),
                "before_ms": row.shift.before_ms,
                "after_ms": row.shift.after_ms,
                "ratio": interval_json(row.shift.ratio),
            }
            for row in answer.rows
        ],
    }
