"""`crywolf gate --json`: may the runs pass, and what in them is red."""

from __future__ import annotations

from tui.answers.gate import GateAnswer, GatedRun, GateRow
from tui.exports.shapes import Json, called_json, case_json, run_json


def gate_document(answer: GateAnswer) -> Json:
    """`passes`, and one row a run with its red tests."""
    return {"passes": answer.passes, "runs": [_run(one) for one in answer.runs]}


def _run(one: GatedRun) -> Json:
    return {
        "run": run_json(one.run),
        "gating": len(one.gating),
        "doubts": list(one.doubts),
        "red": [*map(_red, one.rows)],
    }


def _red(row: GateRow) -> Json:
    return {
        **case_json(row.case, row.scope),
        "result": row.result.name.lower(),
        "verdict": row.verdict.value,
        "called": called_json(row.called),
        "model": {"verdict": row.model.value},
        "age": row.age,
        "gates": row.gates,
        "why": row.why,
        "state": row.state,
        "message": row.message,
    }
